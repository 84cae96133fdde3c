"""What is owed: creditors, products, accounts, their history and their ledger.

The history (`AccountState`) and the ledger only grow. Days past due and buckets are never stored as truth: they are
functions of the state in force on a date (`cases.ageing`), because a stored, indexed DPD makes every night expensive
and every back-dated correction wrong.
"""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Creditor(models.Model):
    class Kind(models.TextChoices):
        BANK = "bank", _("bank")
        BANK_CBA_MEMBER = "bank_cba_member", _("bank, member of the China Banking Association")
        CONSUMER_FINANCE = "consumer_finance_company", _("consumer finance company")
        MICROLOAN = "microloan_company", _("micro-loan company")
        AUTHORISED_INSTITUTION = "authorised_institution", _("institution authorised in Hong Kong")
        CLASS_LICENSEE = "class_licensee", _("lender under the class licence of Singapore")
        LENDING_COMPANY = "lending_company", _("lending or financing company of the Philippines")
        FINANCIAL_SERVICES = "financial_services_provider", _("financial services provider of Indonesia")
        MONEY_LENDER = "money_lender", _("registered money lender of Japan")
        FINANCE_COMPANY = "finance_company", _("finance company of Vietnam")
        OTHER = "unspecified", _("other")

    class ActingAs(models.TextChoices):
        CREDITOR = "creditor", _("the creditor itself")
        AGENCY = "agency", _("agency for the creditor")
        DEBT_BUYER = "debt_buyer", _("buyer of the claim")

    class Books(models.TextChoices):
        """Whose figures are the balance: a tape's, which our entries explain, or ours, where a tape is a remark."""

        SOURCE = "source", _("the creditor's system")
        OURS = "ours", _("this system")

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=200)
    kind = models.CharField(_("kind"), max_length=30, choices=Kind.choices, default=Kind.OTHER)
    acting_as = models.CharField(_("we act as"), max_length=12, choices=ActingAs.choices, default=ActingAs.CREDITOR)
    time_zone = models.CharField(_("time zone"), max_length=64)
    currency = models.CharField(_("currency"), max_length=3)
    books = models.CharField(_("balance by the books of"), max_length=8, choices=Books.choices, default=Books.SOURCE)
    freshness_days = models.PositiveSmallIntegerField(_("balances may be this many days old"), default=3)
    team = models.ForeignKey("staff.Team", null=True, blank=True, on_delete=models.PROTECT, related_name="creditors")
    phone = models.CharField(_("service telephone"), max_length=40, blank=True)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("creditor")
        verbose_name_plural = _("creditors")
        constraints = [
            models.CheckConstraint(
                name="creditor_currency_is_three_capitals", condition=Q(currency__regex=r"^[A-Z]{3}$")
            ),
            models.CheckConstraint(
                name="creditor_currency_has_at_most_two_decimals",
                condition=~Q(currency__in=["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"]),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Product(models.Model):
    class Kind(models.TextChoices):
        CREDIT_CARD = "credit_card", _("credit card")
        PERSONAL_LOAN = "personal_loan", _("personal loan")
        ONLINE_CONSUMER_LOAN = "online_consumer_loan", _("online consumer loan")
        CONSUMER_LOAN = "consumer_loan", _("consumer loan")
        MORTGAGE = "mortgage", _("mortgage")
        CAR_LOAN = "car_loan", _("car loan")
        GUARANTEED_LOAN = "guaranteed_loan", _("guaranteed loan")
        MICROFINANCE = "microfinance_loan", _("microfinance loan")
        ONLINE_LOAN = "online_loan", _("online loan between private persons")
        CASH_LOAN = "cash_loan", _("small cash loan")
        STUDENT_LOAN = "student_loan", _("student loan")
        BUSINESS_LOAN = "business_loan", _("business loan")
        CONSUMER_DEBT = "consumer_debt", _("other consumer debt")

    creditor = models.ForeignKey(Creditor, on_delete=models.PROTECT, related_name="products")
    code = models.SlugField(_("code"), max_length=40)
    name = models.CharField(_("name"), max_length=200)
    kind = models.CharField(_("kind"), max_length=30, choices=Kind.choices)
    grace_days = models.PositiveSmallIntegerField(_("grace, days"), default=0)
    tolerance = models.DecimalField(_("tolerance"), max_digits=18, decimal_places=2, default=0)
    promise_grace_days = models.PositiveSmallIntegerField(_("grace of a promise, days"), default=1)
    promise_tolerance = models.DecimalField(_("tolerance of a promise"), max_digits=18, decimal_places=2, default=0)
    promise_max_days = models.PositiveSmallIntegerField(_("a promise reaches at most, days"), default=31)
    promise_moves = models.PositiveSmallIntegerField(_("a promise may be moved, times"), default=2)
    promise_move_days = models.PositiveSmallIntegerField(_("a promise may be moved by at most, days"), default=14)
    waterfall = ArrayField(
        models.CharField(max_length=20), verbose_name=_("payment goes to, in this order"), default=list, blank=True
    )

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        constraints = [
            models.UniqueConstraint(name="product_code_is_unique_per_creditor", fields=["creditor", "code"]),
            models.CheckConstraint(name="product_tolerance_is_not_negative", condition=Q(tolerance__gte=0)),
            models.CheckConstraint(
                name="product_promise_tolerance_is_not_negative", condition=Q(promise_tolerance__gte=0)
            ),
        ]

    def __str__(self) -> str:
        return self.name


WHOLE_UNIT_CURRENCIES = ["JPY", "KRW", "VND"]


def whole_units_only(field: str) -> Q:
    """Return the condition that this amount has no fraction where the currency has none (JPY, KRW, VND)."""
    whole = models.Func(F(field), function="trunc", output_field=models.DecimalField())
    return ~Q(currency__in=WHOLE_UNIT_CURRENCIES) | Q(**{field: whole})


def _days_before(day: str, days) -> models.ExpressionWrapper:
    return models.ExpressionWrapper(F(day) - days, output_field=models.DateField())


class Account(models.Model):
    """One debt: a card, a loan. `balance` equals the sum of its ledger entries, always."""

    class Status(models.TextChoices):
        OPEN = "open", _("open")
        WRITTEN_OFF = "written_off", _("written off")
        CLOSED = "closed", _("closed")

    creditor = models.ForeignKey(Creditor, db_index=False, on_delete=models.PROTECT, related_name="accounts")
    # Tied by the key over two columns (migration 0024): one check instead of three.
    person = models.ForeignKey(
        "cases.Person", db_index=False, db_constraint=False, on_delete=models.PROTECT, related_name="accounts"
    )
    borrower = models.ForeignKey(
        "cases.Borrower", db_constraint=False, on_delete=models.PROTECT, related_name="accounts"
    )
    product = models.ForeignKey(Product, db_index=False, on_delete=models.PROTECT, related_name="accounts")
    number_sealed = models.BinaryField()
    number_hash = models.BinaryField()
    number_last4 = models.CharField(_("number ends in"), max_length=4)
    currency = models.CharField(_("currency"), max_length=3)
    credit_limit = models.DecimalField(_("credit limit"), max_digits=18, decimal_places=2, null=True, blank=True)
    balance = models.DecimalField(_("balance"), max_digits=18, decimal_places=2, default=0)
    opened_on = models.DateField(_("opened"), null=True, blank=True)
    status = models.CharField(_("status"), max_length=12, choices=Status.choices, default=Status.OPEN)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        constraints = [
            models.UniqueConstraint(name="account_number_is_unique_per_creditor", fields=["creditor", "number_hash"]),
            models.UniqueConstraint(name="account_id_and_person_are_a_key", fields=["id", "person"]),
            models.CheckConstraint(
                name="account_currency_is_three_capitals", condition=Q(currency__regex=r"^[A-Z]{3}$")
            ),
            models.CheckConstraint(
                name="account_has_whole_units_where_currency_has", condition=whole_units_only("balance")
            ),
        ]
        indexes = [
            models.Index(name="accounts_of_a_person", fields=["person", "creditor"]),
            models.Index(name="accounts_by_their_last_four", fields=["number_last4"]),
        ]

    def __str__(self) -> str:
        return f"…{self.number_last4}"


class AccountState(models.Model):
    """What the source said about an account on a date. Append-only; the row in force on a date is the one with the
    latest `effective_on` not after it, and among those the one recorded last."""

    class Stated(models.TextChoices):
        DUE_DATE = "due_date", _("oldest unpaid due date")
        DAYS = "days", _("days past due")
        MONTHS = "months", _("months past due")

    # Tied by the key over two columns (migration 0024): one check instead of three.
    account = models.ForeignKey(
        Account, db_index=False, db_constraint=False, on_delete=models.PROTECT, related_name="states"
    )
    person = models.ForeignKey(
        "cases.Person", db_index=False, db_constraint=False, on_delete=models.PROTECT, related_name="+"
    )
    creditor = models.ForeignKey(Creditor, db_index=False, on_delete=models.PROTECT, related_name="+")
    effective_on = models.DateField()
    recorded_at = models.DateTimeField()
    stated = models.CharField(max_length=10, choices=Stated.choices)
    oldest_unpaid_due_on = models.DateField(null=True, blank=True)
    days_past_due = models.IntegerField(null=True, blank=True)
    months_past_due = models.SmallIntegerField(null=True, blank=True)
    balance = models.DecimalField(max_digits=18, decimal_places=2)
    amount_past_due = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    paid_in_period = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3)
    batch = models.ForeignKey(
        "cases.ImportBatch", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="states"
    )
    cause = models.CharField(max_length=20, default="tape")
    # 30 × (months − 1) + 1 is the first day of that month's bucket: M2 begins at day 31.
    past_due_since = models.GeneratedField(
        expression=models.Case(
            models.When(stated="due_date", then=F("oldest_unpaid_due_on")),
            models.When(stated="days", days_past_due__gt=0, then=_days_before("effective_on", F("days_past_due"))),
            models.When(
                stated="months",
                months_past_due__gt=0,
                then=_days_before("effective_on", F("months_past_due") * 30 - 29),
            ),
        ),
        output_field=models.DateField(null=True),
        db_persist=True,
    )

    class Meta:
        verbose_name = _("account state")
        verbose_name_plural = _("account states")
        constraints = [
            models.CheckConstraint(
                name="account_state_states_exactly_one_measure",
                condition=Q(stated="due_date", days_past_due__isnull=True, months_past_due__isnull=True)
                | Q(
                    stated="days",
                    days_past_due__isnull=False,
                    months_past_due__isnull=True,
                    oldest_unpaid_due_on__isnull=True,
                )
                | Q(
                    stated="months",
                    months_past_due__isnull=False,
                    days_past_due__isnull=True,
                    oldest_unpaid_due_on__isnull=True,
                ),
            ),
            models.CheckConstraint(
                name="account_state_days_are_not_negative",
                condition=Q(days_past_due__isnull=True) | Q(days_past_due__gte=0),
            ),
        ]
        indexes = [
            models.Index(
                name="account_states_in_force", fields=["account", "-effective_on", "-id"], include=["past_due_since"]
            ),
            models.Index(name="account_states_of_a_batch", fields=["batch"]),
            # What the night asks of the history of a book: who was ever past due, and what begins to hold on a day.
            models.Index(
                name="account_states_past_due",
                fields=["creditor", "person", "past_due_since"],
                include=["account"],
                condition=Q(past_due_since__isnull=False),
            ),
            BrinIndex(name="account_states_by_their_day", fields=["effective_on"], autosummarize=True),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.effective_on}"


class LedgerEntry(models.Model):
    """One movement of money on one account. Append-only: a correction is a new entry that names the one it reverses.

    What is owed lies in charges, told apart by component and due date. A payment or a waiver meets one or more of them,
    a line for each; `part_of` is the first of those lines, and every later line that divides the same money anew
    (`reallocation`, which sums to zero) names it too.
    """

    class Kind(models.TextChoices):
        PRINCIPAL = "principal", _("principal")
        INTEREST = "interest", _("interest")
        PENALTY = "penalty", _("penalty interest")
        FEE = "fee", _("fee")
        COST = "cost", _("cost")
        PAYMENT = "payment", _("payment")
        REVERSAL = "reversal", _("reversal")
        WAIVER = "waiver", _("waiver")
        WRITE_OFF = "write_off", _("write-off")
        ADJUSTMENT = "adjustment", _("adjustment")
        REALLOCATION = "reallocation", _("divided anew")

    class Component(models.TextChoices):
        PRINCIPAL = "principal", _("principal")
        INTEREST = "interest", _("interest")
        PENALTY = "penalty", _("penalty interest")
        FEE = "fee", _("fee")
        COST = "cost", _("cost")
        UNSPLIT = "unsplit", _("not split by the source")
        CREDIT = "credit", _("paid too much")

    # Tied by the key over two columns (migration 0024): one check instead of three.
    account = models.ForeignKey(
        Account, db_index=False, db_constraint=False, on_delete=models.PROTECT, related_name="entries"
    )
    person = models.ForeignKey(
        "cases.Person", db_index=False, db_constraint=False, on_delete=models.PROTECT, related_name="+"
    )
    creditor = models.ForeignKey(Creditor, db_index=False, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    component = models.CharField(_("component"), max_length=12, choices=Component.choices, default=Component.UNSPLIT)
    due_on = models.DateField(_("due"), null=True, blank=True)
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3)
    effective_on = models.DateField(_("effective"))
    recorded_at = models.DateTimeField(_("recorded"))
    source = models.CharField(_("source"), max_length=20)
    reference = models.CharField(_("reference"), max_length=80, blank=True)
    payment = models.ForeignKey(
        "cases.Payment", null=True, blank=True, on_delete=models.PROTECT, related_name="entries"
    )
    batch = models.ForeignKey(
        "cases.ImportBatch", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="+"
    )
    reverses = models.OneToOneField("self", null=True, blank=True, on_delete=models.PROTECT, related_name="reversed_by")
    part_of = models.ForeignKey(
        "self", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="parts"
    )
    # Of the first line of a waiver: the only components it may meet; null where it may meet any.
    only = ArrayField(models.CharField(max_length=12), null=True, blank=True)

    class Meta:
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger entries")
        constraints = [
            models.CheckConstraint(name="ledger_entry_is_not_zero", condition=~Q(amount=0)),
            models.CheckConstraint(
                name="ledger_payment_lowers_the_balance", condition=~Q(kind="payment") | Q(amount__lt=0)
            ),
            models.CheckConstraint(
                name="ledger_reversal_names_what_it_reverses",
                condition=~Q(kind="reversal") | Q(reverses__isnull=False),
            ),
            models.CheckConstraint(
                name="ledger_has_whole_units_where_currency_has", condition=whole_units_only("amount")
            ),
            models.CheckConstraint(
                name="ledger_component_is_known",
                condition=Q(component__in=["principal", "interest", "penalty", "fee", "cost", "unsplit", "credit"]),
            ),
            models.CheckConstraint(
                name="ledger_reallocation_names_what_it_divides",
                condition=~Q(kind="reallocation") | Q(part_of__isnull=False),
            ),
            models.CheckConstraint(
                name="ledger_credit_has_no_due_date", condition=~Q(component="credit") | Q(due_on__isnull=True)
            ),
        ]
        indexes = [models.Index(name="ledger_of_an_account", fields=["account", "effective_on", "id"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount} {self.currency}"


class BucketTransition(models.Model):
    """A move of an account between buckets of the default scheme. Derived from the states; can be rebuilt."""

    # Tied by the key over two columns (migration 0024): one check instead of three.
    account = models.ForeignKey(
        Account, db_index=False, db_constraint=False, on_delete=models.PROTECT, related_name="transitions"
    )
    person = models.ForeignKey(
        "cases.Person", db_index=False, db_constraint=False, on_delete=models.PROTECT, related_name="+"
    )
    creditor = models.ForeignKey(Creditor, db_index=False, on_delete=models.PROTECT, related_name="+")
    business_date = models.DateField()
    from_bucket = models.CharField(max_length=4, blank=True)
    to_bucket = models.CharField(max_length=4)
    balance = models.DecimalField(max_digits=18, decimal_places=2)
    currency = models.CharField(max_length=3)

    class Meta:
        verbose_name = _("bucket transition")
        verbose_name_plural = _("bucket transitions")
        constraints = [
            models.UniqueConstraint(name="account_moves_bucket_once_a_day", fields=["account", "business_date"]),
            models.CheckConstraint(
                name="bucket_transition_changes_the_bucket", condition=~Q(from_bucket=F("to_bucket"))
            ),
        ]
        indexes = [models.Index(name="bucket_transitions_of_a_day", fields=["creditor", "business_date"])]

    def __str__(self) -> str:
        return f"{self.from_bucket}→{self.to_bucket}"


class PortfolioFigure(models.Model):
    """How many accounts and how much money stood in a bucket at the close of a day. Derived; can be rebuilt."""

    creditor = models.ForeignKey(Creditor, db_index=False, on_delete=models.PROTECT, related_name="figures")
    business_date = models.DateField()
    bucket = models.CharField(max_length=4)
    currency = models.CharField(max_length=3)
    accounts = models.PositiveIntegerField()
    balance = models.DecimalField(max_digits=20, decimal_places=2)

    class Meta:
        verbose_name = _("portfolio figure")
        verbose_name_plural = _("portfolio figures")
        constraints = [
            models.UniqueConstraint(
                name="portfolio_figure_is_unique", fields=["creditor", "business_date", "bucket", "currency"]
            )
        ]

    def __str__(self) -> str:
        return f"{self.business_date} {self.bucket}"
