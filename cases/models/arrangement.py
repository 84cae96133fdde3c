"""What a borrower undertakes: promises to pay. Plans: `cases.models.plan`."""

from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, FSMModelMixin, transition

from cases.models.account import whole_units_only


class Promise(FSMModelMixin, models.Model):
    """A promise to pay, in one part or several, kept when each is paid within tolerance and grace.

    amount, due_on: the sum and the last day of its parts. next_due_on: the day of the first part that is not met, while
    it is open; the last day when all are. A promise that was moved is cancelled, and the one that `replaces` it says
    how often it was moved and from which day.
    """

    class Status(models.TextChoices):
        OPEN = "open", _("open")
        KEPT = "kept", _("kept")
        PARTLY_KEPT = "partly_kept", _("partly kept")
        BROKEN = "broken", _("broken")
        CANCELLED = "cancelled", _("cancelled")

    class Method(models.TextChoices):
        TRANSFER = "transfer", _("bank transfer")
        CARD = "card", _("debit card")
        APP = "app", _("app or web")
        BRANCH = "branch", _("at a branch")
        OTHER = "other", _("other")

    class By(models.TextChoices):
        BORROWER = "borrower", _("the borrower")
        JOINT_DEBTOR = "joint_debtor", _("a joint debtor")
        GUARANTOR = "guarantor", _("a guarantor")
        THIRD_PARTY = "third_party", _("somebody else")

    case = models.ForeignKey("cases.Case", db_index=False, on_delete=models.PROTECT, related_name="promises")
    person = models.ForeignKey("cases.Person", on_delete=models.PROTECT, related_name="promises")
    creditor = models.ForeignKey("cases.Creditor", db_index=False, on_delete=models.PROTECT, related_name="+")
    status = FSMField(_("status"), max_length=12, choices=Status.choices, default=Status.OPEN, protected=True)
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3)
    due_on = models.DateField(_("due"))
    next_due_on = models.DateField(_("next due"))
    first_due_on = models.DateField(_("due at first"))
    grace_days = models.PositiveSmallIntegerField(_("grace, days"), default=1)
    tolerance = models.DecimalField(_("tolerance"), max_digits=18, decimal_places=2, default=0)
    method = models.CharField(_("how"), max_length=10, choices=Method.choices, default=Method.TRANSFER)
    promised_by = models.CharField(_("promised by"), max_length=12, choices=By.choices, default=By.BORROWER)
    promiser = models.ForeignKey(
        "cases.Person", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="+"
    )
    paid_amount = models.DecimalField(_("paid"), max_digits=18, decimal_places=2, default=0)
    replaces = models.OneToOneField("self", null=True, blank=True, on_delete=models.PROTECT, related_name="replaced_by")
    moved_times = models.PositiveSmallIntegerField(_("moved, times"), default=0)
    made_at = models.DateTimeField(_("made"))
    made_with = models.ForeignKey(
        "staff.User", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="+"
    )
    attempt_id = models.BigIntegerField(null=True, blank=True)
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)

    class Meta:
        verbose_name = _("promise")
        verbose_name_plural = _("promises")
        constraints = [
            models.CheckConstraint(
                name="promise_status_is_known",
                condition=Q(status__in=["open", "kept", "partly_kept", "broken", "cancelled"]),
            ),
            models.CheckConstraint(name="promise_amount_is_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="promise_has_whole_units_where_currency_has", condition=whole_units_only("amount")
            ),
            models.UniqueConstraint(name="promise_id_and_person_are_a_key", fields=["id", "person"]),
            models.UniqueConstraint(name="promise_is_open_once_per_case", fields=["case"], condition=Q(status="open")),
            models.CheckConstraint(
                name="promise_settled_at_set_only_when_settled",
                condition=Q(status="open", settled_at__isnull=True) | (~Q(status="open") & Q(settled_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="promise_next_part_is_one_of_its_days", condition=Q(next_due_on__lte=F("due_on"))
            ),
            models.CheckConstraint(
                name="promise_moved_says_what_it_replaces",
                condition=Q(moved_times=0) | Q(moved_times__gt=0, replaces__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                name="promises_open_by_next_date", fields=["creditor", "next_due_on"], condition=Q(status="open")
            ),
            models.Index(name="promises_of_a_case", fields=["case", "-made_at"]),
            models.Index(name="promises_by_due_date", fields=["creditor", "due_on", "status"]),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency} {self.due_on}"

    @transition(field=status, source=[Status.OPEN, Status.PARTLY_KEPT, Status.BROKEN], target=Status.KEPT)
    def keep(self, *, at: datetime) -> None:
        """Paid in full within tolerance, in time; also where that is learned only after the time was over."""
        self.settled_at = at

    @transition(field=status, source=[Status.OPEN, Status.KEPT, Status.BROKEN], target=Status.PARTLY_KEPT)
    def keep_partly(self, *, at: datetime) -> None:
        """The time of a part is over and only part of what was promised was paid."""
        self.settled_at = at

    @transition(field=status, source=[Status.OPEN, Status.KEPT, Status.PARTLY_KEPT], target=Status.BROKEN)
    def break_(self, *, at: datetime) -> None:
        """The time is over and nothing was paid, or what was paid has been reversed."""
        self.settled_at = at

    @transition(field=status, source=Status.OPEN, target=Status.CANCELLED)
    def cancel(self, *, at: datetime) -> None:
        """Replaced by another arrangement, or made in error."""
        self.settled_at = at

    @transition(field=status, source=[Status.KEPT, Status.PARTLY_KEPT, Status.BROKEN], target=Status.OPEN)
    def reopen(self) -> None:
        """What kept it was reversed, or a missed part turned out to be paid; there is still time to pay the rest."""
        self.settled_at = None

    @transition(field=status, source=Status.CANCELLED, target=Status.OPEN)
    def restore(self) -> None:
        """The promise that took its place was undone within seconds; it stands again."""
        self.settled_at = None


class PromisePart(models.Model):
    """One date and amount of a promise. Never changed: a promise that moves is another promise."""

    promise = models.ForeignKey(Promise, db_index=False, on_delete=models.PROTECT, related_name="parts")
    person = models.ForeignKey("cases.Person", db_index=False, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveSmallIntegerField()
    due_on = models.DateField(_("due"))
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=2)
    currency = models.CharField(max_length=3)

    class Meta:
        verbose_name = _("part of a promise")
        verbose_name_plural = _("parts of a promise")
        constraints = [
            models.UniqueConstraint(name="promise_part_number_is_unique", fields=["promise", "number"]),
            models.CheckConstraint(name="promise_part_is_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="promise_part_has_whole_units_where_currency_has", condition=whole_units_only("amount")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number}: {self.amount} {self.due_on}"
