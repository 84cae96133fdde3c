"""What happened: every contact with a person, made by us, received from him, or reported by others."""

import uuid
from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, FSMModelMixin, transition

from collections_app.shared import refs
from contacts.models.template import Channel, Purpose

# What the gate never forgets of a person, however long ago it was; everything else falls out of the longest window.
NOTICES = ["validation_notice", "verification", "collection_notice", "agency_notice"]
OWING = ["debtor", "joint_debtor", "guarantor"]
SAID_ONCE = [
    "opt_out_confirmation", "opt_out_confirmation_with_demand", "efforts_terminated", "notify_remedy",
    "threaten_suit", "statutory_notice",
]  # fmt: skip


class ContactAttempt(FSMModelMixin, models.Model):
    """One contact. For `ours`, reaching `cleared` is the reservation: it needs its own permitting decision, which the
    database compares with it when the transaction commits. `person` is the debtor, `contacted` whoever is reached: the
    same person, or a guarantor or other party.
    """

    class Status(models.TextChoices):
        CLEARED = "cleared", _("cleared")
        SENT = "sent", _("sent")
        DELIVERED = "delivered", _("delivered")
        FAILED = "failed", _("failed")
        UNCERTAIN = "uncertain", _("uncertain")
        WITHHELD = "withheld", _("withheld")
        CANCELLED = "cancelled", _("cancelled")
        IN_PROGRESS = "in_progress", _("in progress")
        COMPLETED = "completed", _("completed")
        RECORDED = "recorded", _("recorded")

    class Direction(models.TextChoices):
        OUTBOUND = "outbound", _("outbound")
        INBOUND = "inbound", _("inbound")

    class Origin(models.TextChoices):
        OURS = "ours", _("made by us")
        INBOUND = "inbound", _("received")
        REPORTED = "reported", _("reported by others")

    class Outcome(models.TextChoices):
        NONE = "", "—"
        NO_ANSWER = "no_answer", _("no answer")
        BUSY = "busy", _("busy")
        NOT_IN_SERVICE = "not_in_service", _("not in service")
        VOICEMAIL_MESSAGE = "voicemail_message", _("voicemail, message left")
        VOICEMAIL_NO_MESSAGE = "voicemail_no_message", _("voicemail, no message")
        ANSWERED_DROPPED = "answered_dropped", _("answered, then dropped")
        CONVERSATION = "conversation", _("spoke with the borrower")
        WRONG_NUMBER = "wrong_number", _("wrong number")
        THIRD_PARTY_REFUSED = "third_party_refused", _("third person refused")
        OFFERS_TO_PAY = "offers_to_pay", _("third person offers to pay")
        SENT = "sent", _("sent")
        DELIVERED = "delivered", _("delivered")
        RETURNED = "returned_undeliverable", _("returned")
        RECEIVED = "received", _("received")
        MET = "met", _("met")
        NOT_MET = "not_met", _("not met")

    person = models.ForeignKey("cases.Person", db_index=False, on_delete=models.PROTECT, related_name="attempts")
    contacted = models.ForeignKey("cases.Person", db_index=False, on_delete=models.PROTECT, related_name="+")
    creditor = models.ForeignKey("cases.Creditor", db_index=False, on_delete=models.PROTECT, related_name="+")
    case = models.ForeignKey(
        "cases.Case", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="attempts"
    )
    contact_point = models.ForeignKey(
        "cases.ContactPoint", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="attempts"
    )
    address = models.ForeignKey(
        "cases.Address", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="attempts"
    )
    planned = models.ForeignKey(
        "contacts.PlannedContact", null=True, blank=True, on_delete=models.PROTECT, related_name="attempts"
    )
    claim = models.PositiveIntegerField(null=True, blank=True)
    decision = models.OneToOneField(
        "compliance.Decision", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    origin = models.CharField(_("origin"), max_length=8, choices=Origin.choices, default=Origin.OURS)
    direction = models.CharField(_("direction"), max_length=8, choices=Direction.choices, default=Direction.OUTBOUND)
    channel = models.CharField(_("channel"), max_length=14, choices=Channel.choices)
    party = models.CharField(_("who"), max_length=20, default="debtor")
    purpose = models.CharField(_("purpose"), max_length=24, choices=Purpose.choices, default=Purpose.COLLECTION)
    content_class = models.CharField(_("content"), max_length=24, default="reminder")
    automated = models.BooleanField(_("automatic"), default=False)
    debts = ArrayField(models.BigIntegerField(), verbose_name=_("accounts concerned"), default=list)
    status = FSMField(_("status"), max_length=12, choices=Status.choices, default=Status.CLEARED, protected=True)
    outcome = models.CharField(_("outcome"), max_length=24, choices=Outcome.choices, blank=True)
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    at = models.DateTimeField(_("when"))
    valid_from = models.DateTimeField(_("permit begins"), null=True, blank=True)
    valid_until = models.DateTimeField(_("permit ends"), null=True, blank=True)
    started_at = models.DateTimeField(_("began"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    recorded_at = models.DateTimeField()
    made_by = models.ForeignKey(
        "staff.User", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="+"
    )
    template_version = models.ForeignKey(
        "contacts.TemplateVersion", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="+"
    )
    content_sealed = models.BinaryField(null=True)
    content_sha256 = models.CharField(max_length=64, blank=True)
    segments = models.PositiveSmallIntegerField(_("parts"), null=True, blank=True)  # of an SMS, as it was handed over
    provider = models.CharField(max_length=30, blank=True)
    provider_ref = models.CharField(max_length=120, blank=True)
    reason_code = models.CharField(_("why"), max_length=60, blank=True)
    is_permanent_failure = models.BooleanField(default=False)
    flagged_rule = models.CharField(_("would have been refused by"), max_length=60, blank=True)

    class Meta:
        verbose_name = _("contact attempt")
        verbose_name_plural = _("contact attempts")
        constraints = [
            models.CheckConstraint(
                name="attempt_status_is_known",
                condition=Q(
                    status__in=[
                        "cleared",
                        "sent",
                        "delivered",
                        "failed",
                        "uncertain",
                        "withheld",
                        "cancelled",
                        "in_progress",
                        "completed",
                        "recorded",
                    ]
                ),
            ),
            models.CheckConstraint(
                name="attempt_direction_agrees_with_origin",
                condition=Q(origin="ours", direction="outbound")
                | Q(origin="inbound", direction="inbound")
                | Q(origin="reported"),
            ),
            models.CheckConstraint(
                name="attempt_recorded_is_never_ours",
                condition=(Q(status="recorded") & ~Q(origin="ours")) | (~Q(status="recorded") & Q(origin="ours")),
            ),
            models.CheckConstraint(
                name="attempt_ours_has_a_decision", condition=~Q(origin="ours") | Q(decision__isnull=False)
            ),
            models.CheckConstraint(
                name="attempt_withheld_or_failed_says_why",
                condition=~Q(status__in=["withheld", "failed"]) | ~Q(reason_code=""),
            ),
            models.CheckConstraint(
                name="attempt_ends_after_it_began",
                condition=Q(ended_at__isnull=True) | Q(started_at__isnull=True) | Q(ended_at__gte=F("started_at")),
            ),
            models.UniqueConstraint(
                name="attempt_lives_once_per_planned_contact",
                fields=["planned"],
                condition=Q(planned__isnull=False, status__in=["cleared", "sent", "delivered", "uncertain"]),
            ),
        ]
        indexes = [
            models.Index(name="attempts_of_a_person", fields=["person", "-at"]),
            models.Index(name="attempts_of_an_address", fields=["address", "-at"]),
            models.Index(name="attempts_of_a_case", fields=["case", "-at"]),
            models.Index(
                name="attempts_unsettled", fields=["valid_until"], condition=Q(status__in=["cleared", "in_progress"])
            ),
            models.Index(name="attempts_uncertain", fields=["id"], condition=Q(status="uncertain")),
            models.Index(
                name="attempts_by_provider_ref", fields=["provider", "provider_ref"], condition=~Q(provider_ref="")
            ),
            models.Index(name="attempts_of_a_day", fields=["creditor", "at"]),
            models.Index(name="attempts_of_a_maker", fields=["made_by", "-at"], condition=Q(made_by__isnull=False)),
            # What the gate reads of a long history (`contacts.facts.sql`, with the same conditions).
            models.Index(
                name="attempts_with_another_person",
                fields=["contacted", "-at"],
                condition=~Q(contacted=F("person")),
            ),
            models.Index(
                name="attempts_never_forgotten",
                fields=["contacted", "-at"],
                condition=Q(content_class__in=NOTICES) | ~Q(party__in=OWING) | Q(purpose__in=SAID_ONCE),
            ),
            models.Index(
                name="attempts_that_were_talks",
                fields=["contacted", "-at"],
                condition=Q(outcome__in=["conversation", "met"]),
            ),
            models.Index(name="attempts_inbound", fields=["address", "-at"], condition=Q(direction="inbound")),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.status}"

    @property
    def ref(self) -> str:
        return refs.encode("A", self.pk)

    @transition(field=status, source=[Status.CLEARED, Status.UNCERTAIN], target=Status.SENT)
    def send(self, *, began_at: datetime, at: datetime, provider: str, provider_ref: str) -> None:
        """The provider has taken it; the hand-over began at `began_at` and ended at `at`."""
        self.started_at = self.started_at or began_at
        self.ended_at = at
        self.outcome = self.Outcome.SENT
        self.provider = provider
        self.provider_ref = provider_ref
        self.reason_code = ""

    @transition(field=status, source=[Status.SENT, Status.UNCERTAIN], target=Status.DELIVERED)
    def deliver(self) -> None:
        """A receipt says that it arrived."""
        self.outcome = self.Outcome.DELIVERED
        self.reason_code = ""

    @transition(
        field=status, source=[Status.CLEARED, Status.SENT, Status.UNCERTAIN, Status.IN_PROGRESS], target=Status.FAILED
    )
    def fail(self, *, reason_code: str, permanent: bool) -> None:
        """It did not reach anybody."""
        self.reason_code = reason_code
        self.is_permanent_failure = permanent

    @transition(field=status, source=Status.CLEARED, target=Status.UNCERTAIN)
    def doubt(self, *, reason_code: str) -> None:
        """Nobody knows whether it left: it counts against the limits and a person decides."""
        self.reason_code = reason_code

    @transition(field=status, source=Status.CLEARED, target=Status.WITHHELD)
    def withhold(self, *, reason_code: str) -> None:
        """Permitted a moment ago, no longer permitted at hand-over."""
        self.reason_code = reason_code

    @transition(field=status, source=[Status.CLEARED, Status.UNCERTAIN], target=Status.CANCELLED)
    def cancel(self, *, reason_code: str) -> None:
        """Somebody knows that nothing began; the reservation is released."""
        self.reason_code = reason_code

    @transition(field=status, source=Status.CLEARED, target=Status.IN_PROGRESS)
    def begin(self, *, at: datetime) -> None:
        """The call or visit has begun."""
        self.started_at = at

    @transition(field=status, source=[Status.CLEARED, Status.IN_PROGRESS], target=Status.COMPLETED)
    def complete(self, *, at: datetime, outcome: str) -> None:
        """The call or visit is over and its outcome is known."""
        self.started_at = self.started_at or at
        self.ended_at = at
        self.outcome = outcome

    @transition(field=status, source=Status.COMPLETED, target=Status.IN_PROGRESS)
    def take_outcome_back(self) -> None:
        """Its outcome was undone within seconds. The call took place, and its outcome is said again."""
        self.ended_at = None
        self.outcome = ""


class DeliveryReceipt(models.Model):
    """What a provider told us about a message, once per provider event; late and doubled ones do no harm."""

    attempt = models.ForeignKey(ContactAttempt, null=True, on_delete=models.PROTECT, related_name="receipts")
    provider = models.CharField(max_length=30)
    event_id = models.CharField(max_length=120)
    message_ref = models.CharField(max_length=120)
    key = models.UUIDField(null=True)
    status = models.CharField(max_length=20)
    code = models.CharField(max_length=60, blank=True)  # why, in the provider's words
    segments = models.PositiveSmallIntegerField(null=True)  # of an SMS, as the provider counted them
    occurred_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField()
    applied = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("delivery receipt")
        verbose_name_plural = _("delivery receipts")
        constraints = [models.UniqueConstraint(name="receipt_event_is_taken_once", fields=["provider", "event_id"])]
        indexes = [
            models.Index(name="receipts_not_applied", fields=["provider", "message_ref"], condition=Q(applied=False))
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.status}"
