"""What is given up: settlements that end a debt for less, and waivers of a component alone.

Nothing is given up by agreeing: the waivers of a settlement are posted when it is fulfilled, or are taken back when it
fails, by the terms that both sides know beforehand.
"""

from datetime import date, datetime

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, FSMModelMixin, transition

from cases.models.account import LedgerEntry, whole_units_only
from collections_app.shared import refs

MOST_PARTS = 6  # more is a plan


class Settlement(FSMModelMixin, models.Model):
    """An offer to end what is owed for less: `pays` + `waives` + `remains` = `owed` on the day of the offer."""

    class Status(models.TextChoices):
        DRAFTED = "drafted", _("drafted")
        AWAITING = "awaiting_approval", _("waits for approval")
        OFFERED = "offered", _("offered")
        ACCEPTED = "accepted", _("accepted")
        FULFILLED = "fulfilled", _("fulfilled")
        FAILED = "failed", _("failed")
        EXPIRED = "expired", _("expired")
        WITHDRAWN = "withdrawn", _("withdrawn")
        REFUSED = "refused", _("refused")

    class Effect(models.TextChoices):
        FULFILMENT = "fulfilment", _("when everything agreed is paid")
        ACCEPTANCE = "acceptance", _("at once; taken back if it fails")

    class How(models.TextChoices):
        CALL = "call", _("on a call")
        LETTER = "letter", _("in writing")
        PORTAL = "portal", _("on the borrower page")
        VISIT = "visit", _("in person")
        PAYMENT = "payment", _("by paying")

    case = models.ForeignKey("cases.Case", db_index=False, on_delete=models.PROTECT, related_name="settlements")
    person = models.ForeignKey("cases.Person", db_index=False, on_delete=models.PROTECT, related_name="settlements")
    creditor = models.ForeignKey("cases.Creditor", db_index=False, on_delete=models.PROTECT, related_name="+")
    status = FSMField(_("status"), max_length=17, choices=Status.choices, default=Status.DRAFTED, protected=True)
    currency = models.CharField(_("currency"), max_length=3)
    owed = models.DecimalField(_("owed"), max_digits=18, decimal_places=2)
    pays = models.DecimalField(_("the person pays"), max_digits=18, decimal_places=2)
    waives = models.DecimalField(_("we give up"), max_digits=18, decimal_places=2)
    percent = models.DecimalField(_("given up, percent"), max_digits=5, decimal_places=2)
    remains = models.DecimalField(_("remains owed"), max_digits=18, decimal_places=2, default=0)
    paid_amount = models.DecimalField(_("paid"), max_digits=18, decimal_places=2, default=0)
    takes_effect = models.CharField(
        _("what is given up counts"), max_length=10, choices=Effect.choices, default=Effect.FULFILMENT
    )
    grace_days = models.PositiveSmallIntegerField(_("grace, days"), default=3)
    expires_on = models.DateField(_("offer stands until"))
    reason = models.CharField(_("reason"), max_length=500)
    drafted_at = models.DateTimeField(_("drafted"))
    drafted_by = models.ForeignKey(
        "staff.User", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="+"
    )
    offered_at = models.DateTimeField(_("offered"), null=True, blank=True)
    offered_on = models.DateField(null=True, blank=True)
    accepted_at = models.DateTimeField(_("accepted"), null=True, blank=True)
    accepted_how = models.CharField(_("accepted how"), max_length=10, choices=How.choices, blank=True)
    accepted_evidence = models.CharField(_("evidence"), max_length=200, blank=True)
    accepted_by = models.ForeignKey(
        "staff.User", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="+"
    )
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    ended_reason = models.CharField(_("because"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("settlement")
        verbose_name_plural = _("settlements")
        constraints = [
            models.CheckConstraint(
                name="settlement_status_is_known",
                condition=Q(
                    status__in=[
                        "drafted",
                        "awaiting_approval",
                        "offered",
                        "accepted",
                        "fulfilled",
                        "failed",
                        "expired",
                        "withdrawn",
                        "refused",
                    ]
                ),
            ),
            models.UniqueConstraint(name="settlement_id_and_person_are_a_key", fields=["id", "person"]),
            models.UniqueConstraint(
                name="settlement_runs_once_per_case",
                fields=["case"],
                condition=Q(status__in=["drafted", "awaiting_approval", "offered", "accepted"]),
            ),
            models.CheckConstraint(name="settlement_adds_up", condition=Q(owed=F("pays") + F("waives") + F("remains"))),
            models.CheckConstraint(
                name="settlement_amounts_are_possible", condition=Q(pays__gt=0, waives__gt=0, remains__gte=0)
            ),
            models.CheckConstraint(
                name="settlement_percent_is_between_0_and_100", condition=Q(percent__gte=0, percent__lte=100)
            ),
            models.CheckConstraint(
                name="settlement_has_whole_units_where_currency_has", condition=whole_units_only("pays")
            ),
            models.CheckConstraint(
                name="settlement_accepted_says_when_and_how",
                condition=~Q(status__in=["accepted", "fulfilled"])
                | (Q(accepted_at__isnull=False, offered_at__isnull=False) & ~Q(accepted_how="")),
            ),
            models.CheckConstraint(
                name="settlement_ended_says_when",
                condition=Q(status__in=["drafted", "awaiting_approval", "offered", "accepted"], ended_at__isnull=True)
                | Q(status__in=["fulfilled", "failed", "expired", "withdrawn", "refused"], ended_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(name="settlements_of_a_case", fields=["case", "-drafted_at"]),
            models.Index(
                name="settlements_running",
                fields=["creditor", "person"],
                condition=Q(status__in=["offered", "accepted"]),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.pays} {self.currency}"

    @property
    def ref(self) -> str:
        return refs.encode("S", self.pk)

    @property
    def is_full(self) -> bool:
        """Whether nothing stays owed once it is fulfilled."""
        return self.remains == 0

    @transition(field=status, source=Status.DRAFTED, target=Status.AWAITING)
    def submit(self) -> None:
        """It is more than whoever drafted it may offer; others sign first."""

    @transition(field=status, source=[Status.DRAFTED, Status.AWAITING], target=Status.OFFERED)
    def offer(self, *, at: datetime, on: date) -> None:
        """Everybody who had to sign has signed; the person may be told."""
        self.offered_at, self.offered_on = at, on

    @transition(field=status, source=Status.AWAITING, target=Status.REFUSED)
    def refuse(self, *, at: datetime, reason: str) -> None:
        """Somebody who had to sign said no, or it was out of date."""
        self.ended_at, self.ended_reason = at, reason

    @transition(field=status, source=Status.OFFERED, target=Status.ACCEPTED)
    def accept(self, *, at: datetime, how: str, evidence: str) -> None:
        """The person agrees, by word or by paying."""
        self.accepted_at, self.accepted_how, self.accepted_evidence = at, how, evidence

    @transition(field=status, source=Status.ACCEPTED, target=Status.FULFILLED)
    def fulfil(self, *, at: datetime) -> None:
        """Everything agreed is paid; what was to be given up is given up."""
        self.ended_at = at

    @transition(field=status, source=Status.FULFILLED, target=Status.ACCEPTED)
    def unfulfil(self) -> None:
        """A payment that fulfilled it was reversed while there is still time to pay."""
        self.ended_at = None

    @transition(field=status, source=[Status.ACCEPTED, Status.FULFILLED], target=Status.FAILED)
    def fail(self, *, at: datetime, reason: str) -> None:
        """It was not paid in time, or what had fulfilled it was reversed."""
        self.ended_at, self.ended_reason = at, reason

    @transition(field=status, source=Status.OFFERED, target=Status.EXPIRED)
    def expire(self, *, at: datetime) -> None:
        """Nobody accepted it in time."""
        self.ended_at = at

    @transition(
        field=status, source=[Status.DRAFTED, Status.AWAITING, Status.OFFERED, Status.ACCEPTED], target=Status.WITHDRAWN
    )
    def withdraw(self, *, at: datetime, reason: str) -> None:
        """Taken back by us, or turned down by the person."""
        self.ended_at, self.ended_reason = at, reason


class SettlementPart(models.Model):
    """One dated amount that the person pays; a lump sum is a single one."""

    settlement = models.ForeignKey(Settlement, on_delete=models.PROTECT, related_name="parts")
    person = models.ForeignKey("cases.Person", db_index=False, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveSmallIntegerField()
    due_on = models.DateField(_("due"))
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=2)
    currency = models.CharField(max_length=3)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="settlement_part_number_is_unique", fields=["settlement", "number"]),
            models.CheckConstraint(name="settlement_part_is_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="settlement_part_has_whole_units_where_currency_has", condition=whole_units_only("amount")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number}: {self.amount} {self.due_on}"


class SettlementLine(models.Model):
    """What of one component of one account is owed on the day of the offer, and how much of it is given up."""

    settlement = models.ForeignKey(Settlement, on_delete=models.PROTECT, related_name="lines")
    person = models.ForeignKey("cases.Person", db_index=False, on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey("cases.Account", on_delete=models.PROTECT, related_name="+")
    component = models.CharField(_("component"), max_length=12, choices=LedgerEntry.Component.choices)
    owed = models.DecimalField(_("owed"), max_digits=18, decimal_places=2)
    waives = models.DecimalField(_("given up"), max_digits=18, decimal_places=2, default=0)
    currency = models.CharField(max_length=3)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="settlement_line_is_unique_per_account_and_component",
                fields=["settlement", "account", "component"],
            ),
            models.CheckConstraint(
                name="settlement_line_gives_up_no_more_than_is_owed",
                condition=Q(owed__gt=0, waives__gte=0, waives__lte=F("owed")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.component} {self.waives} / {self.owed}"


class SettlementPayment(models.Model):
    """A payment that counts towards a settlement."""

    settlement = models.ForeignKey(Settlement, on_delete=models.PROTECT, related_name="payments")
    payment = models.ForeignKey("cases.Payment", on_delete=models.PROTECT, related_name="settlements")
    person = models.ForeignKey("cases.Person", db_index=False, on_delete=models.PROTECT, related_name="+")
    amount = models.DecimalField(max_digits=18, decimal_places=2)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="payment_counts_once_per_settlement", fields=["settlement", "payment"]),
            models.CheckConstraint(name="settlement_payment_is_positive", condition=Q(amount__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.amount}"


class Waiver(FSMModelMixin, models.Model):
    """An amount of one component of one account that is given up: alone, or by a settlement."""

    class Status(models.TextChoices):
        ASKED = "asked", _("waits for approval")
        GRANTED = "granted", _("given up")
        REFUSED = "refused", _("refused")
        WITHDRAWN = "withdrawn", _("withdrawn")
        REVERSED = "reversed", _("taken back")

    class Cause(models.TextChoices):
        HARDSHIP = "hardship", _("hardship")
        OUR_ERROR = "our_error", _("our mistake")
        COMPLAINT = "complaint", _("outcome of a complaint")
        GOODWILL = "goodwill", _("goodwill")
        LAW = "law", _("may not be charged by law")
        SETTLEMENT = "settlement", _("settlement")

    case = models.ForeignKey("cases.Case", on_delete=models.PROTECT, related_name="waivers")
    account = models.ForeignKey("cases.Account", on_delete=models.PROTECT, related_name="waivers")
    person = models.ForeignKey("cases.Person", db_index=False, on_delete=models.PROTECT, related_name="+")
    creditor = models.ForeignKey("cases.Creditor", db_index=False, on_delete=models.PROTECT, related_name="+")
    settlement = models.ForeignKey(Settlement, null=True, blank=True, on_delete=models.PROTECT, related_name="waivers")
    status = FSMField(_("status"), max_length=10, choices=Status.choices, default=Status.ASKED, protected=True)
    component = models.CharField(_("component"), max_length=12, choices=LedgerEntry.Component.choices)
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=2)
    owed = models.DecimalField(_("owed"), max_digits=18, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3)
    cause = models.CharField(_("cause"), max_length=12, choices=Cause.choices)
    reason = models.CharField(_("reason"), max_length=500)
    asked_at = models.DateTimeField(_("asked"))
    asked_by = models.ForeignKey(
        "staff.User", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="+"
    )
    effective_on = models.DateField(_("counts from"), null=True, blank=True)
    granted_at = models.DateTimeField(_("given up"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    ended_reason = models.CharField(_("because"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("waiver")
        verbose_name_plural = _("waivers")
        constraints = [
            models.CheckConstraint(
                name="waiver_status_is_known",
                condition=Q(status__in=["asked", "granted", "refused", "withdrawn", "reversed"]),
            ),
            models.CheckConstraint(name="waiver_is_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(name="waiver_says_why", condition=~Q(reason="")),
            models.CheckConstraint(
                name="waiver_has_whole_units_where_currency_has", condition=whole_units_only("amount")
            ),
            models.CheckConstraint(
                name="waiver_granted_says_when",
                condition=~Q(status__in=["granted", "reversed"])
                | Q(granted_at__isnull=False, effective_on__isnull=False),
            ),
        ]
        indexes = [models.Index(name="waivers_of_a_creditor", fields=["creditor", "-asked_at", "-id"])]

    def __str__(self) -> str:
        return f"{self.get_component_display()} {self.amount} {self.currency}"

    @property
    def ref(self) -> str:
        return refs.encode("R", self.pk)

    @transition(field=status, source=Status.ASKED, target=Status.GRANTED)
    def grant(self, *, at: datetime, on: date) -> None:
        """It is on the ledger."""
        self.granted_at, self.effective_on = at, on

    @transition(field=status, source=Status.ASKED, target=Status.REFUSED)
    def refuse(self, *, at: datetime, reason: str) -> None:
        """Somebody who had to sign said no, or it was out of date."""
        self.ended_at, self.ended_reason = at, reason

    @transition(field=status, source=Status.ASKED, target=Status.WITHDRAWN)
    def withdraw(self, *, at: datetime, reason: str) -> None:
        """Whoever asked takes it back."""
        self.ended_at, self.ended_reason = at, reason

    @transition(field=status, source=Status.GRANTED, target=Status.REVERSED)
    def reverse(self, *, at: datetime, reason: str) -> None:
        """It is owed again."""
        self.ended_at, self.ended_reason = at, reason
