"""The intent: what a strategy wants done for a case on a date. This is the outbox; the queue is only a doorbell."""

import uuid
from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, FSMModelMixin, transition

from contacts.models.template import Channel, Purpose


class PlannedContact(FSMModelMixin, models.Model):
    """Exists once per (enrolment, step, business date); is sent at most once, under `key`.

    `claim` is the fencing number: whoever claimed with a lower number has lost the row. `lease_until` is set and
    compared with the database's own clock.
    """

    class Status(models.TextChoices):
        PLANNED = "planned", _("planned")
        CLAIMED = "claimed", _("being sent")
        WITHHELD = "withheld", _("withheld")
        DONE = "done", _("done")
        CANCELLED = "cancelled", _("cancelled")

    # Case, stay and person are held together by keys over two columns (`schema.same_person`), and each of them is there
    # because of these: a key for each of the three would check the same again for every contact of a night.
    enrolment = models.ForeignKey(
        "contacts.Enrolment", db_index=False, db_constraint=False, on_delete=models.PROTECT, related_name="planned"
    )
    step = models.ForeignKey("contacts.Step", db_index=False, on_delete=models.PROTECT, related_name="planned")
    business_date = models.DateField(_("for the day"))
    case = models.ForeignKey(
        "cases.Case", db_index=False, db_constraint=False, on_delete=models.PROTECT, related_name="planned"
    )
    person = models.ForeignKey(
        "cases.Person", db_index=False, db_constraint=False, on_delete=models.PROTECT, related_name="planned"
    )
    creditor = models.ForeignKey("cases.Creditor", db_index=False, on_delete=models.PROTECT, related_name="+")
    template = models.ForeignKey(
        "contacts.Template", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="planned"
    )
    channel = models.CharField(_("channel"), max_length=14, choices=Channel.choices)
    purpose = models.CharField(_("purpose"), max_length=24, choices=Purpose.choices, default=Purpose.COLLECTION)
    automated = models.BooleanField(_("automatic"), default=True)
    status = FSMField(_("status"), max_length=10, choices=Status.choices, default=Status.PLANNED, protected=True)
    planned_for = models.DateTimeField(_("planned for"))
    try_again_at = models.DateTimeField(_("next try"))
    expires_at = models.DateTimeField(_("useless after"))
    priority = models.SmallIntegerField(default=0)
    severity = models.PositiveSmallIntegerField(default=1)
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    claim = models.PositiveIntegerField(default=0)
    tries = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    reason_code = models.CharField(_("why"), max_length=60, blank=True)
    decision_id = models.BigIntegerField(null=True, blank=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("planned contact")
        verbose_name_plural = _("planned contacts")
        constraints = [
            models.UniqueConstraint(
                name="planned_contact_is_unique_per_enrolment_step_and_day",
                fields=["enrolment", "step", "business_date"],
            ),
            models.CheckConstraint(
                name="planned_contact_status_is_known",
                condition=Q(status__in=["planned", "claimed", "withheld", "done", "cancelled"]),
            ),
            models.CheckConstraint(
                name="planned_contact_claimed_has_a_lease",
                condition=Q(status="claimed", lease_until__isnull=False)
                | (~Q(status="claimed") & Q(lease_until__isnull=True)),
            ),
            models.CheckConstraint(
                name="planned_contact_withheld_says_why", condition=~Q(status="withheld") | ~Q(reason_code="")
            ),
        ]
        indexes = [
            models.Index(
                F("channel"),
                F("priority").desc(),
                F("try_again_at"),
                F("id"),
                name="planned_contacts_due",
                condition=Q(status__in=["planned", "withheld"], automated=True),
            ),
            models.Index(name="planned_contacts_claimed", fields=["lease_until"], condition=Q(status="claimed")),
            models.Index(name="planned_contacts_of_a_case", fields=["case", "-business_date"]),
            models.Index(name="planned_contacts_of_a_person", fields=["person"]),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.business_date}"

    @transition(field=status, source=[Status.PLANNED, Status.WITHHELD, Status.CLAIMED], target=Status.CLAIMED)
    def take(self, *, lease_until: datetime) -> None:
        """A worker makes it its own (T1); a lapsed claim may be taken over with a higher number."""
        self.claim += 1
        self.lease_until = lease_until

    @transition(field=status, source=[Status.PLANNED, Status.CLAIMED, Status.WITHHELD], target=Status.WITHHELD)
    def withhold(self, *, reason_code: str, try_again_at: datetime) -> None:
        """Not now: refused by the gate, or the provider asked for patience. It is tried again."""
        self.reason_code = reason_code
        self.try_again_at = try_again_at
        self.lease_until = None

    @transition(field=status, source=[Status.PLANNED, Status.CLAIMED, Status.WITHHELD], target=Status.DONE)
    def finish(self, *, at: datetime) -> None:
        """An attempt was made, or its fate waits for a person."""
        self.finished_at = at
        self.lease_until = None
        self.reason_code = ""

    @transition(field=status, source=[Status.PLANNED, Status.CLAIMED, Status.WITHHELD], target=Status.CANCELLED)
    def cancel(self, *, at: datetime, reason_code: str) -> None:
        """No longer wanted, or too late to be of use."""
        self.finished_at = at
        self.lease_until = None
        self.reason_code = reason_code


class StopOrder(models.Model):
    """The stop switch: nothing in scope leaves from the commit of this row until it is lifted."""

    class Scope(models.TextChoices):
        EVERYTHING = "everything", _("everything")
        CREDITOR = "creditor", _("creditor")
        STRATEGY = "strategy", _("strategy")
        CHANNEL = "channel", _("channel")
        TEMPLATE = "template", _("template")

    scope = models.CharField(_("scope"), max_length=12, choices=Scope.choices)
    target = models.CharField(_("which"), max_length=60, blank=True)
    reason = models.CharField(_("reason"), max_length=300)
    ordered_at = models.DateTimeField()
    ordered_by = models.ForeignKey("staff.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    confirmed_at = models.DateTimeField(null=True, blank=True)
    lifted_at = models.DateTimeField(_("lifted"), null=True, blank=True)
    lifted_by = models.ForeignKey("staff.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("stop order")
        verbose_name_plural = _("stop orders")
        constraints = [
            models.CheckConstraint(
                name="stop_order_names_its_target",
                condition=Q(scope="everything", target="") | (~Q(scope="everything") & ~Q(target="")),
            ),
            models.CheckConstraint(name="stop_order_says_why", condition=~Q(reason="")),
        ]
        indexes = [models.Index(name="stop_orders_standing", fields=["scope"], condition=Q(lifted_at__isnull=True))]

    def __str__(self) -> str:
        return f"{self.scope} {self.target}"
