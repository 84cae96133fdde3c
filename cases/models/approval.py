"""Who may give away how much, what waits for a signature, and who signed.

A limit is a row; an approval is a question put to somebody else; a signature is a row that is never changed. The
database itself refuses a signature by whoever asked, a second one by the same person, and an approval that lacks one.
"""

from datetime import datetime
from typing import Final

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, FSMModelMixin, transition

from cases.models.account import LedgerEntry, whole_units_only
from collections_app.shared import refs
from collections_app.staff.roles import Role


class AuthorityLimit(models.Model):
    """Up to what amount and percent a role may grant something, over `days` and for one person together.

    signatures: of this role, besides whoever asks. 0: one of this role grants it alone; anybody else needs one of them.
    creditor, product, component, max_amount, max_percent: empty is any. A limit is ended and written anew, not edited.
    """

    creditor = models.ForeignKey(
        "cases.Creditor", verbose_name=_("creditor"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    product = models.ForeignKey(
        "cases.Product", verbose_name=_("product"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    kind = models.CharField(_("what"), max_length=30)
    component = models.CharField(_("component"), max_length=12, choices=LedgerEntry.Component.choices, blank=True)
    role = models.CharField(_("role"), max_length=20, choices=Role.choices)
    currency = models.CharField(_("currency"), max_length=3)
    max_amount = models.DecimalField(_("up to"), max_digits=18, decimal_places=2, null=True, blank=True)
    max_percent = models.DecimalField(_("up to, percent"), max_digits=5, decimal_places=2, null=True, blank=True)
    signatures = models.PositiveSmallIntegerField(_("signatures"), default=1)
    days = models.PositiveSmallIntegerField(_("counted over, days"), default=30)
    in_force_from = models.DateTimeField(_("in force from"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    set_by = models.ForeignKey(
        "staff.User", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name = _("authority limit")
        verbose_name_plural = _("authority limits")
        constraints = [
            models.CheckConstraint(name="authority_role_is_known", condition=Q(role__in=Role.values)),
            models.CheckConstraint(name="authority_amount_is_not_negative", condition=Q(max_amount__gte=0)),
            models.CheckConstraint(
                name="authority_percent_is_between_0_and_100", condition=Q(max_percent__gte=0, max_percent__lte=100)
            ),
            models.CheckConstraint(name="authority_asks_two_signatures_at_most", condition=Q(signatures__lte=2)),
            models.CheckConstraint(
                name="authority_ends_after_it_begins",
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("in_force_from")),
            ),
        ]
        indexes = [models.Index(name="authority_of_a_kind", fields=["kind", "currency"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.role} {self.max_amount} {self.currency}"


LATE_ENTRY: Final = "late-entry"


class Approval(FSMModelMixin, models.Model):
    """One thing that somebody may not do alone, put to others. Append, decide, never edit."""

    class Status(models.TextChoices):
        PENDING = "pending", _("waiting")
        APPROVED = "approved", _("approved")
        REFUSED = "refused", _("refused")
        WITHDRAWN = "withdrawn", _("withdrawn")
        STALE = "stale", _("out of date")
        LAPSED = "lapsed", _("came to nothing")

    kind = models.CharField(_("what"), max_length=30)
    subject_label = models.CharField(max_length=60)
    subject_id = models.BigIntegerField()
    creditor = models.ForeignKey(
        "cases.Creditor", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="+"
    )
    person = models.ForeignKey(
        "cases.Person", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="approvals"
    )
    case = models.ForeignKey("cases.Case", null=True, blank=True, on_delete=models.PROTECT, related_name="approvals")
    status = FSMField(_("status"), max_length=10, choices=Status.choices, default=Status.PENDING, protected=True)
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=2, null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    percent = models.DecimalField(_("percent"), max_digits=7, decimal_places=2, null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=500)
    role = models.CharField(_("who may sign"), max_length=20, choices=Role.choices)
    signatures = models.PositiveSmallIntegerField(_("signatures needed"))
    fingerprint = models.CharField(max_length=64)
    asked_at = models.DateTimeField(_("asked"))
    asked_by = models.ForeignKey(
        "staff.User", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="+"
    )
    asked_label = models.CharField(_("asked by"), max_length=120)
    ended_at = models.DateTimeField(_("decided"), null=True, blank=True)
    ended_reason = models.CharField(_("because"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("approval")
        verbose_name_plural = _("approvals")
        constraints = [
            models.CheckConstraint(
                name="approval_status_is_known",
                condition=Q(status__in=["pending", "approved", "refused", "withdrawn", "stale", "lapsed"]),
            ),
            models.UniqueConstraint(
                name="approval_of_a_subject_waits_once",
                fields=["kind", "subject_label", "subject_id"],
                condition=Q(status="pending"),
            ),
            models.CheckConstraint(name="approval_says_why", condition=~Q(reason="")),
            models.CheckConstraint(
                name="approval_amount_has_a_currency", condition=Q(amount__isnull=True) | ~Q(currency="")
            ),
            models.CheckConstraint(
                name="approval_has_whole_units_where_currency_has", condition=whole_units_only("amount")
            ),
            models.CheckConstraint(name="approval_role_is_known", condition=Q(role__in=Role.values)),
            models.CheckConstraint(
                name="approval_ended_says_when",
                condition=Q(status="pending", ended_at__isnull=True)
                | (~Q(status="pending") & Q(ended_at__isnull=False)),
            ),
        ]
        indexes = [
            models.Index(name="approvals_waiting", fields=["creditor", "asked_at"], condition=Q(status="pending")),
            models.Index(name="approvals_of_a_person", fields=["person", "asked_at"]),
            models.Index(name="approvals_of_a_subject", fields=["subject_label", "subject_id"]),
        ]

    def __str__(self) -> str:
        return self.ref

    @property
    def ref(self) -> str:
        return refs.encode("V", self.pk)

    @property
    def why(self) -> str:
        """The reason in the reader's language, where the product gave it itself (`late-entry:28`); else as written."""
        name, _colon, days = self.reason.partition(":")
        if name == LATE_ENTRY and days.isdecimal():
            return str(_("Recorded %(days)s days after it counts; the days past due change.")) % {"days": days}
        return self.reason

    @transition(field=status, source=Status.PENDING, target=Status.APPROVED)
    def approve(self, *, at: datetime) -> None:
        """Whoever had to sign has signed, or it lay within the asker's own authority."""
        self.ended_at = at

    @transition(field=status, source=Status.PENDING, target=Status.REFUSED)
    def refuse(self, *, at: datetime, reason: str) -> None:
        """Somebody who may sign says no."""
        self.ended_at, self.ended_reason = at, reason

    @transition(field=status, source=Status.PENDING, target=Status.WITHDRAWN)
    def withdraw(self, *, at: datetime, reason: str) -> None:
        """Whoever asked takes it back."""
        self.ended_at, self.ended_reason = at, reason

    @transition(field=status, source=Status.PENDING, target=Status.STALE)
    def outdate(self, *, at: datetime) -> None:
        """What was asked about is no longer what it was."""
        self.ended_at = at

    @transition(field=status, source=Status.APPROVED, target=Status.LAPSED)
    def lapse(self, *, at: datetime, reason: str) -> None:
        """What was approved is undone or came to nothing; it no longer counts as granted."""
        self.ended_at, self.ended_reason = at, reason


class ApprovalPart(models.Model):
    """How much of one component of one account an approval gives away. Limits are judged over these. Append-only."""

    approval = models.ForeignKey(Approval, on_delete=models.PROTECT, related_name="parts")
    person = models.ForeignKey("cases.Person", db_index=False, on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey("cases.Account", on_delete=models.PROTECT, related_name="+")
    component = models.CharField(_("component"), max_length=12, choices=LedgerEntry.Component.choices)
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=2)
    owed = models.DecimalField(_("owed"), max_digits=18, decimal_places=2)
    currency = models.CharField(max_length=3)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="approval_part_is_unique_per_account_and_component", fields=["approval", "account", "component"]
            ),
            models.CheckConstraint(name="approval_part_is_positive", condition=Q(amount__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.component} {self.amount} {self.currency}"


class ApprovalSignature(models.Model):
    """One person's yes or no. Append-only."""

    approval = models.ForeignKey(Approval, on_delete=models.PROTECT, related_name="signed")
    signed_by = models.ForeignKey("staff.User", on_delete=models.PROTECT, related_name="+")
    signed_at = models.DateTimeField(_("signed"))
    role = models.CharField(_("as"), max_length=20, choices=Role.choices)
    is_approving = models.BooleanField(_("approves"))
    reason = models.CharField(_("because"), max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="approval_is_signed_once_by_a_person", fields=["approval", "signed_by"]),
            models.CheckConstraint(
                name="approval_signature_that_refuses_says_why", condition=Q(is_approving=True) | ~Q(reason="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.signed_by_id} {self.is_approving}"
