"""What the bank says came and went, and the days on which it was compared with the books."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cases.models.account import whole_units_only


class BankLine(models.Model):
    """One line of a bank statement: money that came (positive) or went. Known by its key within the creditor."""

    class Matched(models.TextChoices):
        REFERENCE = "reference", _("same reference")
        AMOUNT = "amount", _("same amount, the only one near that day")
        PAYER = "payer", _("same amount and payer")
        PERSON = "person", _("by a person")

    creditor = models.ForeignKey("cases.Creditor", db_index=False, on_delete=models.PROTECT, related_name="bank_lines")
    batch = models.ForeignKey("cases.ImportBatch", on_delete=models.PROTECT, related_name="bank_lines")
    line = models.PositiveIntegerField(_("line"))
    key = models.BinaryField()
    booked_on = models.DateField(_("booked"))
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3)
    reference = models.CharField(_("reference"), max_length=80, blank=True)
    payer_name = models.CharField(_("name of the payer"), max_length=200, blank=True)
    remittance = models.CharField(_("what the payer wrote"), max_length=200, blank=True)
    payment = models.ForeignKey(
        "cases.Payment", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="bank_lines"
    )
    is_reversal = models.BooleanField(default=False)
    refund = models.ForeignKey(
        "cases.Refund", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="bank_lines"
    )
    matched_by = models.CharField(_("matched"), max_length=10, choices=Matched.choices, blank=True)
    matched_at = models.DateTimeField(null=True, blank=True)
    matched_with = models.ForeignKey(
        "staff.User", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="+"
    )
    explanation = models.CharField(_("why it is not in the books"), max_length=200, blank=True)
    explained_at = models.DateTimeField(null=True, blank=True)
    explained_by = models.ForeignKey(
        "staff.User", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name = _("line of the bank")
        verbose_name_plural = _("lines of the bank")
        constraints = [
            models.UniqueConstraint(name="bank_line_is_known_once", fields=["creditor", "key"]),
            models.CheckConstraint(name="bank_line_is_not_zero", condition=~Q(amount=0)),
            models.CheckConstraint(
                name="bank_line_has_whole_units_where_currency_has", condition=whole_units_only("amount")
            ),
            models.UniqueConstraint(
                name="payment_is_one_line_of_the_bank",
                fields=["payment", "is_reversal"],
                condition=Q(payment__isnull=False),
            ),
            models.UniqueConstraint(
                name="refund_is_one_line_of_the_bank", fields=["refund"], condition=Q(refund__isnull=False)
            ),
            models.CheckConstraint(
                name="bank_line_matched_says_how",
                condition=Q(payment__isnull=True, refund__isnull=True, matched_by="", matched_at__isnull=True)
                | (Q(payment__isnull=False, refund__isnull=True, matched_at__isnull=False) & ~Q(matched_by=""))
                | (Q(payment__isnull=True, refund__isnull=False, matched_at__isnull=False) & ~Q(matched_by="")),
            ),
            models.CheckConstraint(
                name="bank_line_explained_says_by_whom",
                condition=Q(explanation="", explained_at__isnull=True, explained_by__isnull=True)
                | (Q(explained_at__isnull=False, explained_by__isnull=False) & ~Q(explanation="")),
            ),
        ]
        indexes = [models.Index(name="bank_lines_of_a_day", fields=["creditor", "booked_on", "id"])]

    def __str__(self) -> str:
        return f"{self.booked_on} {self.amount} {self.currency}"


class BankDay(models.Model):
    """A day on which books and bank were compared: stated by one person, closed by another. `reasons`: why what still
    differs does, by payment; lines of the bank carry their own.
    """

    creditor = models.ForeignKey("cases.Creditor", db_index=False, on_delete=models.PROTECT, related_name="bank_days")
    day = models.DateField(_("day"))
    currency = models.CharField(_("currency"), max_length=3)
    bank_total = models.DecimalField(_("at the bank"), max_digits=20, decimal_places=2)
    books_total = models.DecimalField(_("in the books"), max_digits=20, decimal_places=2)
    explained_total = models.DecimalField(_("difference that is explained"), max_digits=20, decimal_places=2)
    reasons = models.JSONField(default=dict, blank=True)
    stated_at = models.DateTimeField(_("stated"))
    stated_by = models.ForeignKey("staff.User", db_index=False, on_delete=models.PROTECT, related_name="+")
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    closed_by = models.ForeignKey(
        "staff.User", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name = _("reconciled day")
        verbose_name_plural = _("reconciled days")
        constraints = [
            models.UniqueConstraint(name="bank_day_is_one_per_currency", fields=["creditor", "day", "currency"]),
            models.CheckConstraint(
                name="bank_day_is_closed_by_somebody_else",
                condition=Q(closed_at__isnull=True, closed_by__isnull=True)
                | (Q(closed_at__isnull=False, closed_by__isnull=False) & ~Q(closed_by=F("stated_by"))),
            ),
            models.CheckConstraint(
                name="bank_day_adds_up",
                condition=Q(closed_at__isnull=True) | Q(bank_total=F("books_total") + F("explained_total")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.currency}"
