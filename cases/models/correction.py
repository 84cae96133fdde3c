"""An event of money that became known late and changes what was said before, put before a supervisor."""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, FSMModelMixin, transition

from cases.models.account import LedgerEntry
from collections_app.shared import refs


class Correction(FSMModelMixin, models.Model):
    """What a late event changed: balances, days past due, buckets, and the contacts that should not have been made.

    diff: the difference as it was worked out when the event was recorded; it can be worked out again at any time, from
    the entries and states known before and at `recorded_at`. contacts: how many should not have been made.
    """

    class Status(models.TextChoices):
        OPEN = "open", _("to be approved")
        APPROVED = "approved", _("approved")
        REFUSED = "refused", _("refused")

    account = models.ForeignKey("cases.Account", db_index=False, on_delete=models.PROTECT, related_name="corrections")
    person = models.ForeignKey("cases.Person", db_index=False, on_delete=models.PROTECT, related_name="+")
    creditor = models.ForeignKey("cases.Creditor", db_index=False, on_delete=models.PROTECT, related_name="+")
    case = models.ForeignKey("cases.Case", null=True, blank=True, on_delete=models.PROTECT, related_name="corrections")
    status = FSMField(_("status"), max_length=10, choices=Status.choices, default=Status.OPEN, protected=True)
    kind = models.CharField(_("kind"), max_length=12, choices=LedgerEntry.Kind.choices)
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3)
    reference = models.CharField(_("reference"), max_length=80, blank=True)
    effective_on = models.DateField(_("effective"))
    recorded_at = models.DateTimeField(_("recorded"))
    recorded_by = models.CharField(_("recorded by"), max_length=120)
    diff = models.JSONField(default=dict)
    contacts = models.PositiveIntegerField(_("contacts that should not have been made"), null=True, blank=True)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    decided_by = models.CharField(_("decided by"), max_length=120, blank=True)
    decided_reason = models.CharField(_("because"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("correction")
        verbose_name_plural = _("corrections")
        constraints = [
            models.CheckConstraint(
                name="correction_status_is_known", condition=Q(status__in=["open", "approved", "refused"])
            ),
            models.CheckConstraint(
                name="correction_decided_says_when",
                condition=Q(status="open", decided_at__isnull=True) | (~Q(status="open") & Q(decided_at__isnull=False)),
            ),
        ]
        indexes = [
            models.Index(name="corrections_of_an_account", fields=["account", "recorded_at"]),
            models.Index(name="corrections_open", fields=["creditor", "recorded_at"], condition=Q(status="open")),
        ]

    def __str__(self) -> str:
        return self.ref

    @property
    def ref(self) -> str:
        return refs.encode("J", self.pk)

    @transition(field=status, source=Status.OPEN, target=Status.APPROVED)
    def approve(self, *, at: datetime, by: str) -> None:
        """A supervisor has seen the difference and lets it stand."""
        self.decided_at, self.decided_by = at, by

    @transition(field=status, source=Status.OPEN, target=Status.REFUSED)
    def refuse(self, *, at: datetime, by: str, reason: str) -> None:
        """The event should not count from that date; whoever recorded it takes it back and records it anew."""
        self.decided_at, self.decided_by, self.decided_reason = at, by, reason


class Rate(models.Model):
    """How many percent a year a product bears from a date on. Rates are added, not edited: the one before ends there.

    component: interest on the principal, or penalty interest on the part of it that is past due. grace_days: after the
    due date, for which no penalty accrues.
    """

    class DayCount(models.TextChoices):
        ACT_365 = "act/365", _("days / 365")
        ACT_360 = "act/360", _("days / 360")
        THIRTY_360 = "30/360", _("months of 30 days / 360")

    product = models.ForeignKey("cases.Product", db_index=False, on_delete=models.PROTECT, related_name="rates")
    component = models.CharField(
        _("component"), max_length=12, choices=[("interest", _("interest")), ("penalty", _("penalty interest"))]
    )
    percent = models.DecimalField(_("percent a year"), max_digits=7, decimal_places=4)
    from_on = models.DateField(_("from"))
    day_count = models.CharField(
        _("days are counted"), max_length=8, choices=DayCount.choices, default=DayCount.ACT_365
    )
    grace_days = models.PositiveSmallIntegerField(_("grace, days"), default=0)

    class Meta:
        verbose_name = _("rate")
        verbose_name_plural = _("rates")
        constraints = [
            models.UniqueConstraint(name="rate_begins_once_a_day", fields=["product", "component", "from_on"]),
            models.CheckConstraint(name="rate_is_not_negative", condition=Q(percent__gte=0)),
            models.CheckConstraint(
                name="rate_is_of_interest_or_penalty", condition=Q(component__in=["interest", "penalty"])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.component} {self.percent} %"
