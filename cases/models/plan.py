"""What a borrower can afford, the plan that was agreed, its instalments, and the payments that met them."""

from datetime import date, datetime
from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, FSMModelMixin, transition

from cases.models.account import whole_units_only

LONGEST_MONTHS = 360  # of any plan; the law or the firm sets less


def _amount(label: object = None, **more: object) -> models.DecimalField:
    return models.DecimalField(label, max_digits=18, decimal_places=2, **more)  # type: ignore[arg-type]


class Affordability(models.Model):
    """What somebody has, needs and owes in a month, as he told it. Never changed: new figures are a new form.

    incomes, expenditures: {kind: amount as text} of `cases.plans.affordability`. A quick form (`is_quick`) holds only
    what is left. `share`: per cent of the surplus that an instalment may take; `allowed`: that instalment, a month.
    """

    case = models.ForeignKey("cases.Case", db_index=False, on_delete=models.PROTECT, related_name="affordability")
    person = models.ForeignKey("cases.Person", on_delete=models.PROTECT, related_name="+")
    is_quick = models.BooleanField(_("short form"), default=False)
    household = models.PositiveSmallIntegerField(_("persons in the household"), default=1)
    incomes = models.JSONField(_("income"), default=dict, blank=True)
    expenditures = models.JSONField(_("expenditure"), default=dict, blank=True)
    debts = _amount(_("payments on other debts"), default=0)
    currency = models.CharField(_("currency"), max_length=3)
    surplus = _amount(_("left over in a month"))
    share = models.PositiveSmallIntegerField(_("share of it for an instalment, per cent"))
    allowed = _amount(_("instalment that it allows, a month"))
    taken_at = models.DateTimeField(_("taken"))
    taken_by = models.ForeignKey(
        "staff.User", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name = _("income and expenditure form")
        verbose_name_plural = _("income and expenditure forms")
        constraints = [
            models.UniqueConstraint(name="affordability_id_and_person_are_a_key", fields=["id", "person"]),
            models.CheckConstraint(name="affordability_share_is_a_part", condition=Q(share__gte=1) & Q(share__lte=100)),
            models.CheckConstraint(name="affordability_allows_no_less_than_nothing", condition=Q(allowed__gte=0)),
            models.CheckConstraint(
                name="affordability_allows_no_more_than_the_surplus",
                condition=Q(allowed=0) | Q(allowed__lte=F("surplus")),
            ),
            models.CheckConstraint(
                name="affordability_counts_at_least_one_person", condition=Q(household__gte=1) & Q(household__lte=30)
            ),
            models.CheckConstraint(
                name="affordability_has_whole_units_where_currency_has", condition=whole_units_only("allowed")
            ),
        ]
        indexes = [models.Index(name="affordability_of_a_case", fields=["case", "-taken_at", "-id"])]

    def __str__(self) -> str:
        return f"{self.surplus} {self.currency}"


class AffordabilityEvidence(models.Model):
    """A file that shows what a form says: a payslip, a statement of account."""

    class Kind(models.TextChoices):
        PAYSLIP = "payslip", _("payslip")
        STATEMENT = "statement", _("statement of account")
        BENEFIT = "benefit", _("notice of benefit or pension")
        RENT = "rent", _("lease or rent receipt")
        MEDICAL = "medical", _("medical certificate or bill")
        OTHER = "other", _("other")

    form = models.ForeignKey(Affordability, on_delete=models.PROTECT, related_name="evidence")
    person = models.ForeignKey("cases.Person", on_delete=models.PROTECT, related_name="+")
    document = models.OneToOneField("cases.Document", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices, default=Kind.OTHER)

    class Meta:
        verbose_name = _("evidence of income or expenditure")
        verbose_name_plural = _("evidence of income and expenditure")

    def __str__(self) -> str:
        return str(self.get_kind_display())


class Plan(FSMModelMixin, models.Model):
    """An agreement to pay in parts or later. While it performs, collection stops everywhere.

    `covers`: what was owed when it was drafted. `total`: what its instalments add up to, the down payment (number 0)
    included. `remainder`: what stays owed when all are paid (reduced payments). covers + interest = total + remainder.
    `terms`: what was agreed beside the figures; see `cases.plans.terms`.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        APPROVED = "approved", _("approved")
        PERFORMING = "performing", _("performing")
        MISSED = "missed", _("instalment missed")
        BROKEN = "broken", _("broken")
        COMPLETED = "completed", _("completed")
        CANCELLED = "cancelled", _("cancelled")

    class Kind(models.TextChoices):
        INSTALMENT = "instalment", _("instalments")
        EXTENSION = "extension", _("extension")
        DEFERRAL = "deferral", _("deferral")
        REDUCED = "reduced", _("reduced payments")
        PERSONALISED = "personalised", _("personalised instalments")
        HARDSHIP = "hardship", _("hardship plan")

    class Cycle(models.TextChoices):
        MONTHLY = "monthly", _("every month")
        FORTNIGHTLY = "fortnightly", _("every two weeks")
        WEEKLY = "weekly", _("every week")

    class Signing(models.TextChoices):
        PAPER = "paper", _("on paper")
        ELECTRONIC = "electronic", _("electronic signature")
        PORTAL = "portal", _("on the web page")
        RECORDED_CALL = "recorded_call", _("by word of mouth, recorded")

    case = models.ForeignKey("cases.Case", on_delete=models.PROTECT, related_name="plans")
    person = models.ForeignKey("cases.Person", on_delete=models.PROTECT, related_name="plans")
    creditor = models.ForeignKey("cases.Creditor", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(_("kind"), max_length=14, choices=Kind.choices, default=Kind.INSTALMENT)
    status = FSMField(_("status"), max_length=12, choices=Status.choices, default=Status.DRAFT, protected=True)
    total = _amount(_("total"))
    currency = models.CharField(_("currency"), max_length=3)
    months = models.PositiveSmallIntegerField(_("months"))
    first_due_on = models.DateField(_("first instalment"))
    cycle = models.CharField(_("how often"), max_length=12, choices=Cycle.choices, default=Cycle.MONTHLY)
    covers = _amount(_("owed when agreed"), default=0)
    down_payment = _amount(_("down payment"), default=0)
    rate = models.DecimalField(_("interest, per cent a year"), max_digits=7, decimal_places=4, default=0)
    interest = _amount(_("interest of the plan"), default=0)
    remainder = _amount(_("still owed afterwards"), default=0)
    terms = models.JSONField(default=dict, blank=True)
    affordability = models.ForeignKey(
        Affordability, null=True, blank=True, on_delete=models.PROTECT, related_name="plans"
    )
    replaces = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="replaced_by", verbose_name=_("replaces")
    )
    drafted_at = models.DateTimeField()
    drafted_by = models.ForeignKey("staff.User", null=True, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField(null=True, blank=True)
    approved_by = models.ForeignKey("staff.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    sign_until = models.DateField(_("to be signed by"), null=True, blank=True)
    signed_at = models.DateTimeField(_("signed"), null=True, blank=True)
    signed_how = models.CharField(_("how it was signed"), max_length=14, choices=Signing.choices, blank=True)
    signed_by = models.CharField(_("signed by"), max_length=100, blank=True)
    signed_evidence = models.CharField(_("what shows it"), max_length=200, blank=True)
    missed_on = models.DateField(_("missed since"), null=True, blank=True)
    reinstated_at = models.DateTimeField(_("reinstated"), null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("plan")
        verbose_name_plural = _("plans")
        constraints = [
            models.CheckConstraint(
                name="plan_status_is_known",
                condition=Q(
                    status__in=["draft", "approved", "performing", "missed", "broken", "completed", "cancelled"]
                ),
            ),
            models.UniqueConstraint(name="plan_id_and_person_are_a_key", fields=["id", "person"]),
            models.CheckConstraint(name="plan_total_is_positive", condition=Q(total__gt=0)),
            models.CheckConstraint(name="plan_has_whole_units_where_currency_has", condition=whole_units_only("total")),
            models.CheckConstraint(
                name="plan_lasts_a_month_at_least_and_thirty_years_at_most",
                condition=Q(months__gte=1, months__lte=LONGEST_MONTHS),
            ),
            models.CheckConstraint(
                name="plan_personalised_lasts_at_most_five_years",
                condition=~Q(kind="personalised") | Q(months__lte=60),
            ),
            models.CheckConstraint(
                name="plan_amounts_are_not_negative",
                condition=Q(covers__gte=0, down_payment__gte=0, interest__gte=0, remainder__gte=0, rate__gte=0),
            ),
            models.UniqueConstraint(
                name="plan_runs_once_per_case", fields=["case"], condition=Q(status__in=["performing", "missed"])
            ),
            models.UniqueConstraint(
                name="plan_awaits_signature_once_per_case", fields=["case"], condition=Q(status="approved")
            ),
            models.UniqueConstraint(name="plan_is_drafted_once_per_case", fields=["case"], condition=Q(status="draft")),
            models.CheckConstraint(
                name="plan_is_approved_by_somebody_else",
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("drafted_by")),
            ),
            models.CheckConstraint(
                name="plan_signed_says_how_and_by_whom",
                condition=Q(signed_at__isnull=True, signed_how="", signed_by="")
                | (Q(signed_at__isnull=False) & ~Q(signed_how="") & ~Q(signed_by="")),
            ),
            models.CheckConstraint(
                name="plan_runs_only_when_signed",
                condition=Q(status__in=["draft", "approved", "cancelled"]) | Q(signed_at__isnull=False),
            ),
            models.CheckConstraint(
                name="plan_missed_says_since_when", condition=~Q(status="missed") | Q(missed_on__isnull=False)
            ),
        ]
        indexes = [
            models.Index(
                name="plans_running", fields=["creditor", "person"], condition=Q(status__in=["performing", "missed"])
            )
        ]

    def __str__(self) -> str:
        return f"{self.total} {self.currency} / {self.months}"

    @property
    def is_running(self) -> bool:
        return self.status in (self.Status.PERFORMING, self.Status.MISSED)

    @transition(field=status, source=Status.DRAFT, target=Status.APPROVED)
    def approve(self, *, by, at: datetime) -> None:
        """It may be signed: a second person agreed, or it is within what needs none (by is None)."""
        self.approved_by = by
        self.approved_at = at

    @transition(field=status, source=[Status.APPROVED, Status.MISSED], target=Status.PERFORMING)
    def perform(self) -> None:
        """Signed and being paid; a missed instalment was made good."""
        self.missed_on = None

    @transition(field=status, source=Status.PERFORMING, target=Status.MISSED)
    def miss(self, *, since: date) -> None:
        """An instalment was not paid in time."""
        self.missed_on = since

    @transition(field=status, source=Status.MISSED, target=Status.BROKEN)
    def break_(self, *, at: datetime) -> None:
        """A missed instalment was not made good within grace."""
        self.ended_at = at

    @transition(field=status, source=[Status.PERFORMING, Status.MISSED], target=Status.COMPLETED)
    def complete(self, *, at: datetime) -> None:
        """Every instalment is paid."""
        self.ended_at = at
        self.missed_on = None

    @transition(
        field=status, source=[Status.DRAFT, Status.APPROVED, Status.PERFORMING, Status.MISSED], target=Status.CANCELLED
    )
    def cancel(self, *, at: datetime) -> None:
        """Given up by agreement or replaced."""
        self.ended_at = at

    @transition(field=status, source=Status.BROKEN, target=Status.PERFORMING)
    def reinstate(self, *, at: datetime) -> None:
        """What had broken it was paid within the days that were told up front."""
        self.reinstated_at = at
        self.ended_at = self.missed_on = None

    @transition(field=status, source=Status.COMPLETED, target=Status.PERFORMING)
    def reopen(self) -> None:
        """A payment that had completed it was reversed."""
        self.ended_at = None


class PlanInstalment(models.Model):
    """One dated amount of a plan; number 0 is the down payment.

    `nominal_on`: its date before it moved off a day on which nobody works. `flagged_on`: put before a person, late.
    """

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="instalments")
    person = models.ForeignKey("cases.Person", on_delete=models.PROTECT, related_name="+")
    number = models.PositiveSmallIntegerField()
    due_on = models.DateField(_("due"))
    nominal_on = models.DateField(null=True, blank=True)
    amount = _amount(_("amount"))
    interest = _amount(_("interest in it"), default=0)
    paid_amount = _amount(_("paid"), default=0)
    paid_on = models.DateField(_("paid in full on"), null=True, blank=True)
    flagged_on = models.DateField(null=True, blank=True)
    currency = models.CharField(max_length=3)

    class Meta:
        verbose_name = _("instalment")
        verbose_name_plural = _("instalments")
        constraints = [
            models.UniqueConstraint(name="plan_instalment_number_is_unique", fields=["plan", "number"]),
            models.UniqueConstraint(name="plan_instalment_id_and_person_are_a_key", fields=["id", "person"]),
            models.CheckConstraint(name="plan_instalment_is_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="plan_instalment_is_paid_at_most_once",
                condition=Q(paid_amount__gte=0, paid_amount__lte=F("amount")),
            ),
            models.CheckConstraint(
                name="instalment_has_whole_units_where_currency_has", condition=whole_units_only("amount")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number}: {self.amount} {self.due_on}"

    @property
    def left(self) -> Decimal:
        """What of it is not paid."""
        return self.amount - self.paid_amount


class PlanPayment(models.Model):
    """How much of a payment met an instalment."""

    instalment = models.ForeignKey(PlanInstalment, on_delete=models.PROTECT, related_name="payments")
    payment = models.ForeignKey("cases.Payment", on_delete=models.PROTECT, related_name="instalments")
    person = models.ForeignKey("cases.Person", on_delete=models.PROTECT, related_name="+")
    amount = _amount()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="payment_meets_an_instalment_once", fields=["instalment", "payment"]),
            models.CheckConstraint(name="plan_payment_is_positive", condition=Q(amount__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.amount}"
