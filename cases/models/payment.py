"""Money that arrived, where it went, and what of it goes back."""

from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, FSMModelMixin, transition

from cases.models.account import whole_units_only


class Payment(FSMModelMixin, models.Model):
    """Money that arrived once. Which accounts it went to, and what it met there, stands in its ledger lines; `account`
    is the first of them.
    """

    class Status(models.TextChoices):
        RECEIVED = "received", _("received")
        ALLOCATED = "allocated", _("allocated")
        UNALLOCATED = "unallocated", _("not allocated")
        REVERSED = "reversed", _("reversed")

    class Payer(models.TextChoices):
        BORROWER = "borrower", _("the borrower")
        GUARANTOR = "guarantor", _("a guarantor")
        THIRD_PARTY = "third_party", _("a third party")

    class Method(models.TextChoices):
        TRANSFER = "transfer", _("bank transfer")
        CARD = "card", _("debit card")
        DEBIT = "debit", _("direct debit")
        APP = "app", _("app or web")
        BRANCH = "branch", _("at a branch")
        CASH = "cash", _("cash")
        OTHER = "other", _("other")

    class Division(models.TextChoices):
        """How a payment was divided over several accounts."""

        ONE = "", _("one account")
        OLDEST = "oldest", _("oldest debt first")
        PAST_DUE = "past_due", _("what is past due first")
        PROPORTIONAL = "proportional", _("in proportion to the balances")
        INSTRUCTED = "instructed", _("as the payer said")

    class Undone(models.TextChoices):
        BOUNCED = "bounced", _("returned by the bank")
        CHARGEBACK = "chargeback", _("charged back by the payer")
        DUPLICATE = "duplicate", _("recorded twice")
        WRONG_ACCOUNT = "wrong_account", _("belongs to another account")
        MISTYPED = "mistyped", _("recorded wrongly")
        ROLLED_BACK = "rolled_back", _("its file was rolled back")
        OTHER = "other", _("other")

    creditor = models.ForeignKey("cases.Creditor", db_index=False, on_delete=models.PROTECT, related_name="payments")
    person = models.ForeignKey(
        "cases.Person", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="payments"
    )
    account = models.ForeignKey(
        "cases.Account", null=True, blank=True, on_delete=models.PROTECT, related_name="payments"
    )
    status = FSMField(_("status"), max_length=12, choices=Status.choices, default=Status.RECEIVED, protected=True)
    source = models.CharField(_("source"), max_length=40)
    external_ref = models.CharField(_("reference"), max_length=80)
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3)
    received_at = models.DateTimeField(_("received"))
    value_on = models.DateField(_("counts from"))
    account_hint = models.BinaryField(null=True)
    account_hint_last4 = models.CharField(max_length=4, blank=True)
    payer = models.CharField(_("paid by"), max_length=20, choices=Payer.choices, default=Payer.BORROWER)
    payer_name = models.CharField(_("name of the payer"), max_length=200, blank=True)
    method = models.CharField(_("how"), max_length=10, choices=Method.choices, blank=True)
    remittance = models.CharField(_("what the payer wrote"), max_length=200, blank=True)
    division = models.CharField(_("divided"), max_length=12, choices=Division.choices, blank=True)
    batch = models.ForeignKey(
        "cases.ImportBatch", null=True, blank=True, on_delete=models.PROTECT, related_name="payments"
    )
    recorded_at = models.DateTimeField()
    recorded_by = models.CharField(max_length=120)
    unallocated_reason = models.CharField(_("why not allocated"), max_length=40, blank=True)
    reversed_at = models.DateTimeField(null=True, blank=True)
    reversed_kind = models.CharField(_("why reversed"), max_length=14, choices=Undone.choices, blank=True)
    reversed_reason = models.CharField(max_length=200, blank=True)
    reversed_by = models.CharField(max_length=120, blank=True)

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        constraints = [
            models.CheckConstraint(
                name="payment_status_is_known",
                condition=Q(status__in=["received", "allocated", "unallocated", "reversed"]),
            ),
            models.UniqueConstraint(
                name="payment_reference_is_unique_per_creditor_and_source",
                fields=["creditor", "source", "external_ref"],
            ),
            models.CheckConstraint(name="payment_amount_is_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="payment_has_whole_units_where_currency_has", condition=whole_units_only("amount")
            ),
            models.CheckConstraint(
                name="payment_allocated_has_an_account",
                condition=~Q(status="allocated") | Q(account__isnull=False, person__isnull=False),
            ),
            models.CheckConstraint(
                name="payment_unallocated_says_why",
                condition=~Q(status="unallocated") | ~Q(unallocated_reason=""),
            ),
            models.CheckConstraint(
                name="payment_reversed_says_when_and_why",
                condition=(Q(status="reversed", reversed_at__isnull=False) & ~Q(reversed_reason=""))
                | (~Q(status="reversed") & Q(reversed_at__isnull=True)),
            ),
            models.CheckConstraint(
                name="payment_payer_is_known", condition=Q(payer__in=["borrower", "guarantor", "third_party"])
            ),
            models.CheckConstraint(
                name="payment_of_a_third_party_names_it", condition=~Q(payer="third_party") | ~Q(payer_name="")
            ),
        ]
        indexes = [
            models.Index(name="payments_of_a_person", fields=["person", "-received_at"]),
            models.Index(name="payments_unallocated", fields=["creditor", "id"], condition=Q(status="unallocated")),
            models.Index(name="payments_of_a_day", fields=["creditor", "value_on", "id"]),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency} {self.external_ref}"

    @transition(field=status, source=[Status.RECEIVED, Status.UNALLOCATED], target=Status.ALLOCATED)
    def allocate(self, *, account) -> None:
        """Its account is known and its entries are posted."""
        self.account = account
        self.person_id = account.person_id
        self.unallocated_reason = ""

    @transition(field=status, source=Status.RECEIVED, target=Status.UNALLOCATED)
    def set_aside(self, *, reason: str) -> None:
        """Nobody knows yet where it belongs; it waits for a person."""
        self.unallocated_reason = reason

    @transition(field=status, source=[Status.ALLOCATED, Status.UNALLOCATED], target=Status.REVERSED)
    def reverse(self, *, at: datetime, reason: str, kind: str = "other", by: str = "") -> None:
        """The money went back, or never came."""
        self.reversed_at = at
        self.reversed_kind = kind
        self.reversed_reason = reason
        self.reversed_by = by


class PromisePayment(models.Model):
    """How much of a payment counts towards a promise."""

    promise = models.ForeignKey("cases.Promise", on_delete=models.PROTECT, related_name="payments")
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="promises")
    person = models.ForeignKey("cases.Person", on_delete=models.PROTECT, related_name="+")
    amount = models.DecimalField(max_digits=18, decimal_places=2)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="payment_counts_once_per_promise", fields=["promise", "payment"]),
            models.CheckConstraint(name="promise_payment_is_positive", condition=Q(amount__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.amount}"


class Refund(models.Model):
    """What was paid too much and goes back to whoever paid it: marked by one person, sent by another."""

    payment = models.ForeignKey(Payment, null=True, on_delete=models.PROTECT, related_name="refunds")
    account = models.ForeignKey("cases.Account", on_delete=models.PROTECT, related_name="refunds")
    person = models.ForeignKey("cases.Person", on_delete=models.PROTECT, related_name="+")
    creditor = models.ForeignKey("cases.Creditor", on_delete=models.PROTECT, related_name="+")
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3)
    payee = models.CharField(_("goes to"), max_length=200)
    marked_at = models.DateTimeField(_("marked"))
    marked_by = models.ForeignKey("staff.User", db_index=False, on_delete=models.PROTECT, related_name="+")
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    sent_by = models.ForeignKey(
        "staff.User", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="+"
    )
    reference = models.CharField(_("reference of the transfer"), max_length=80, blank=True)
    dropped_at = models.DateTimeField(_("given up"), null=True, blank=True)

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        constraints = [
            models.CheckConstraint(name="refund_is_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="refund_has_whole_units_where_currency_has", condition=whole_units_only("amount")
            ),
            models.CheckConstraint(
                name="refund_is_sent_by_somebody_else",
                condition=Q(sent_at__isnull=True, sent_by__isnull=True)
                | (Q(sent_at__isnull=False, sent_by__isnull=False) & ~Q(sent_by=F("marked_by")) & ~Q(reference="")),
            ),
            models.CheckConstraint(
                name="refund_is_sent_or_given_up", condition=Q(sent_at__isnull=True) | Q(dropped_at__isnull=True)
            ),
            models.UniqueConstraint(
                name="refund_waits_once_per_account",
                fields=["account"],
                condition=Q(sent_at__isnull=True, dropped_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"
