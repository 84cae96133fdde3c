"""Money that arrived, and where it went."""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, FSMModelMixin, transition

from cases.models.account import whole_units_only


class Payment(FSMModelMixin, models.Model):
    class Status(models.TextChoices):
        RECEIVED = "received", _("received")
        ALLOCATED = "allocated", _("allocated")
        UNALLOCATED = "unallocated", _("not allocated")
        REVERSED = "reversed", _("reversed")

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
    payer = models.CharField(_("paid by"), max_length=20, default="borrower")
    batch = models.ForeignKey(
        "cases.ImportBatch", null=True, blank=True, on_delete=models.PROTECT, related_name="payments"
    )
    recorded_at = models.DateTimeField()
    recorded_by = models.CharField(max_length=120)
    unallocated_reason = models.CharField(_("why not allocated"), max_length=40, blank=True)
    reversed_at = models.DateTimeField(null=True, blank=True)
    reversed_reason = models.CharField(max_length=200, blank=True)

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
        ]
        indexes = [
            models.Index(name="payments_of_a_person", fields=["person", "-received_at"]),
            models.Index(name="payments_unallocated", fields=["creditor", "id"], condition=Q(status="unallocated")),
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
    def reverse(self, *, at: datetime, reason: str) -> None:
        """The money went back."""
        self.reversed_at = at
        self.reversed_reason = reason


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
