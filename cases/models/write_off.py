"""What the books give up while the claim stays, and property taken in place of money."""

from datetime import date, datetime

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, FSMModelMixin, transition

from cases.models.account import whole_units_only
from collections_app.shared import refs


class WriteOff(FSMModelMixin, models.Model):
    """An account written off in the creditor's books. The claim, its balance and its clocks stay as they are."""

    class Status(models.TextChoices):
        ASKED = "asked", _("waits for approval")
        DONE = "done", _("written off")
        REFUSED = "refused", _("refused")
        WITHDRAWN = "withdrawn", _("withdrawn")
        REVERSED = "reversed", _("taken back into the books")

    case = models.ForeignKey("cases.Case", null=True, blank=True, on_delete=models.PROTECT, related_name="write_offs")
    account = models.ForeignKey("cases.Account", on_delete=models.PROTECT, related_name="write_offs")
    person = models.ForeignKey("cases.Person", db_index=False, on_delete=models.PROTECT, related_name="+")
    creditor = models.ForeignKey("cases.Creditor", db_index=False, on_delete=models.PROTECT, related_name="+")
    status = FSMField(_("status"), max_length=10, choices=Status.choices, default=Status.ASKED, protected=True)
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3)
    reason = models.CharField(_("reason"), max_length=500)
    asked_at = models.DateTimeField(_("asked"))
    asked_by = models.ForeignKey(
        "staff.User", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="+"
    )
    written_off_on = models.DateField(_("written off"), null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    ended_on = models.DateField(null=True, blank=True)
    ended_reason = models.CharField(_("because"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("write-off")
        verbose_name_plural = _("write-offs")
        constraints = [
            models.CheckConstraint(
                name="write_off_status_is_known",
                condition=Q(status__in=["asked", "done", "refused", "withdrawn", "reversed"]),
            ),
            models.CheckConstraint(name="write_off_is_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(name="write_off_says_why", condition=~Q(reason="")),
            models.CheckConstraint(
                name="write_off_has_whole_units_where_currency_has", condition=whole_units_only("amount")
            ),
            models.UniqueConstraint(
                name="write_off_of_an_account_stands_once",
                fields=["account"],
                condition=Q(status__in=["asked", "done"]),
            ),
            models.CheckConstraint(
                name="write_off_done_says_when",
                condition=~Q(status__in=["done", "reversed"]) | Q(written_off_on__isnull=False, done_at__isnull=False),
            ),
        ]
        indexes = [models.Index(name="write_offs_of_a_creditor", fields=["creditor", "-asked_at", "-id"])]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"

    @property
    def ref(self) -> str:
        return refs.encode("O", self.pk)

    @transition(field=status, source=Status.ASKED, target=Status.DONE)
    def do(self, *, at: datetime, on: date) -> None:
        """The books no longer carry it; the claim stays."""
        self.done_at, self.written_off_on = at, on

    @transition(field=status, source=Status.ASKED, target=Status.REFUSED)
    def refuse(self, *, at: datetime, reason: str) -> None:
        """Somebody who had to sign said no, or it was out of date."""
        self.ended_at, self.ended_reason = at, reason

    @transition(field=status, source=Status.ASKED, target=Status.WITHDRAWN)
    def withdraw(self, *, at: datetime, reason: str) -> None:
        """Whoever asked takes it back."""
        self.ended_at, self.ended_reason = at, reason

    @transition(field=status, source=Status.DONE, target=Status.REVERSED)
    def reverse(self, *, at: datetime, on: date, reason: str) -> None:
        """The books carry it again."""
        self.ended_at, self.ended_on, self.ended_reason = at, on, reason


class AssetForDebt(FSMModelMixin, models.Model):
    """Property given in place of money: what it is, who valued it, how much of the debt it pays."""

    class Status(models.TextChoices):
        ASKED = "asked", _("waits for approval")
        TAKEN = "taken", _("taken")
        REFUSED = "refused", _("refused")
        WITHDRAWN = "withdrawn", _("withdrawn")
        REVERSED = "reversed", _("given back")

    class Kind(models.TextChoices):
        HOME = "home", _("house or flat")
        LAND = "land", _("land")
        VEHICLE = "vehicle", _("vehicle")
        MACHINERY = "machinery", _("machinery")
        GOODS = "goods", _("goods")
        RECEIVABLE = "receivable", _("claim against somebody else")
        SHARES = "shares", _("shares")
        OTHER = "other", _("other")

    case = models.ForeignKey("cases.Case", on_delete=models.PROTECT, related_name="assets_taken")
    account = models.ForeignKey("cases.Account", on_delete=models.PROTECT, related_name="assets_taken")
    person = models.ForeignKey("cases.Person", db_index=False, on_delete=models.PROTECT, related_name="+")
    creditor = models.ForeignKey("cases.Creditor", db_index=False, on_delete=models.PROTECT, related_name="+")
    status = FSMField(_("status"), max_length=10, choices=Status.choices, default=Status.ASKED, protected=True)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    description = models.CharField(_("description"), max_length=500)
    owner = models.CharField(_("belongs to"), max_length=120)
    valuation = models.DecimalField(_("valued at"), max_digits=18, decimal_places=2)
    valued_by = models.CharField(_("valued by"), max_length=120)
    valued_on = models.DateField(_("valued on"))
    evidence = models.CharField(_("valuation report"), max_length=200)
    amount = models.DecimalField(_("pays of the debt"), max_digits=18, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3)
    reason = models.CharField(_("reason"), max_length=500)
    asked_at = models.DateTimeField(_("asked"))
    asked_by = models.ForeignKey(
        "staff.User", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="+"
    )
    payment = models.OneToOneField(
        "cases.Payment", null=True, blank=True, on_delete=models.PROTECT, related_name="asset"
    )
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    ended_reason = models.CharField(_("because"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("asset for debt")
        verbose_name_plural = _("assets for debt")
        constraints = [
            models.CheckConstraint(
                name="asset_status_is_known",
                condition=Q(status__in=["asked", "taken", "refused", "withdrawn", "reversed"]),
            ),
            models.CheckConstraint(
                name="asset_pays_at_most_what_it_is_worth", condition=Q(amount__gt=0, amount__lte=F("valuation"))
            ),
            models.CheckConstraint(
                name="asset_says_what_it_is_and_who_valued_it",
                condition=~Q(description="") & ~Q(valued_by="") & ~Q(evidence="") & ~Q(reason=""),
            ),
            models.CheckConstraint(
                name="asset_has_whole_units_where_currency_has", condition=whole_units_only("amount")
            ),
            models.CheckConstraint(
                name="asset_taken_is_a_payment",
                condition=~Q(status__in=["taken", "reversed"]) | Q(payment__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.description[:60]

    @property
    def ref(self) -> str:
        return refs.encode("Z", self.pk)

    @transition(field=status, source=Status.ASKED, target=Status.TAKEN)
    def take(self, *, payment) -> None:
        """It was approved and is on the ledger as a payment."""
        self.payment = payment

    @transition(field=status, source=Status.ASKED, target=Status.REFUSED)
    def refuse(self, *, at: datetime, reason: str) -> None:
        """Somebody who had to sign said no, or it was out of date."""
        self.ended_at, self.ended_reason = at, reason

    @transition(field=status, source=Status.ASKED, target=Status.WITHDRAWN)
    def withdraw(self, *, at: datetime, reason: str) -> None:
        """Whoever asked takes it back."""
        self.ended_at, self.ended_reason = at, reason

    @transition(field=status, source=Status.TAKEN, target=Status.REVERSED)
    def reverse(self, *, at: datetime, reason: str) -> None:
        """It went back to its owner."""
        self.ended_at, self.ended_reason = at, reason
