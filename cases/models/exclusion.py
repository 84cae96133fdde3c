"""The creditor's internal list of persons it makes no new business with: for a purpose, on a basis, until a date.

It is no public list and no court's: it is read by few, every reading is recorded, and whoever stands on it may object.
"""

from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, FSMModelMixin, transition

from collections_app.shared import refs


class ExclusionEntry(FSMModelMixin, models.Model):
    """One person on the list of one creditor."""

    class Status(models.TextChoices):
        PROPOSED = "proposed", _("waits for approval")
        LISTED = "listed", _("on the list")
        REFUSED = "refused", _("refused")
        WITHDRAWN = "withdrawn", _("withdrawn")
        REMOVED = "removed", _("removed")
        EXPIRED = "expired", _("time is over")

    class Purpose(models.TextChoices):
        NEW_CREDIT = "new_credit", _("no new credit")
        HIGHER_LIMIT = "higher_limit", _("no higher limit")
        GUARANTEE = "guarantee", _("not accepted as guarantor")

    class Basis(models.TextChoices):
        CONTRACT = "contract", _("the contract with the person")
        CONSENT = "consent", _("consent of the person")
        RISK_DUTY = "risk_duty", _("legal duty to manage credit risk")
        JUDGMENT = "judgment", _("judgment of a court")

    creditor = models.ForeignKey("cases.Creditor", db_index=False, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey("cases.Person", db_index=False, on_delete=models.PROTECT, related_name="exclusions")
    case = models.ForeignKey("cases.Case", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    status = FSMField(_("status"), max_length=10, choices=Status.choices, default=Status.PROPOSED, protected=True)
    purpose = models.CharField(_("purpose"), max_length=14, choices=Purpose.choices)
    basis = models.CharField(_("basis"), max_length=10, choices=Basis.choices)
    reason = models.CharField(_("reason"), max_length=500)
    evidence = models.CharField(_("evidence"), max_length=200)
    default_ended_on = models.DateField(_("default ended"), null=True, blank=True)
    retain_until = models.DateField(_("kept until"))
    proposed_at = models.DateTimeField(_("proposed"))
    proposed_by = models.ForeignKey(
        "staff.User", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="+"
    )
    listed_at = models.DateTimeField(_("listed"), null=True, blank=True)
    told_on = models.DateField(_("the person was told"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    ended_reason = models.CharField(_("because"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("entry of the exclusion list")
        verbose_name_plural = _("entries of the exclusion list")
        constraints = [
            models.CheckConstraint(
                name="exclusion_status_is_known",
                condition=Q(status__in=["proposed", "listed", "refused", "withdrawn", "removed", "expired"]),
            ),
            models.UniqueConstraint(
                name="exclusion_of_a_person_stands_once_per_purpose",
                fields=["person", "creditor", "purpose"],
                condition=Q(status__in=["proposed", "listed"]),
            ),
            models.UniqueConstraint(name="exclusion_id_and_person_are_a_key", fields=["id", "person"]),
            models.CheckConstraint(
                name="exclusion_says_why_and_what_shows_it", condition=~Q(reason="") & ~Q(evidence="")
            ),
            models.CheckConstraint(
                name="exclusion_ended_says_when",
                condition=Q(status__in=["proposed", "listed"], ended_at__isnull=True)
                | (~Q(status__in=["proposed", "listed"]) & Q(ended_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="exclusion_listed_says_when", condition=~Q(status="listed") | Q(listed_at__isnull=False)
            ),
        ]
        indexes = [
            models.Index(name="exclusions_that_end", fields=["creditor", "retain_until"], condition=Q(status="listed"))
        ]

    def __str__(self) -> str:
        return self.ref

    @property
    def ref(self) -> str:
        return refs.encode("X", self.pk)

    @transition(field=status, source=Status.PROPOSED, target=Status.LISTED)
    def list_(self, *, at: datetime) -> None:
        """Another person agreed."""
        self.listed_at = at

    @transition(field=status, source=Status.PROPOSED, target=Status.REFUSED)
    def refuse(self, *, at: datetime, reason: str) -> None:
        """Another person said no, or it was out of date."""
        self.ended_at, self.ended_reason = at, reason

    @transition(field=status, source=Status.PROPOSED, target=Status.WITHDRAWN)
    def withdraw(self, *, at: datetime, reason: str) -> None:
        """Whoever proposed it takes it back."""
        self.ended_at, self.ended_reason = at, reason

    @transition(field=status, source=Status.LISTED, target=Status.REMOVED)
    def remove(self, *, at: datetime, reason: str) -> None:
        """The reason is gone, or an appeal was right."""
        self.ended_at, self.ended_reason = at, reason

    @transition(field=status, source=Status.LISTED, target=Status.EXPIRED)
    def expire(self, *, at: datetime) -> None:
        """The date until which it may be kept is over."""
        self.ended_at = at


class ExclusionAppeal(models.Model):
    """The person objects; somebody who did not put him on the list decides."""

    class Outcome(models.TextChoices):
        UPHELD = "upheld", _("stays on the list")
        SHORTENED = "shortened", _("stays for less time")
        REMOVED = "removed", _("removed from the list")

    entry = models.ForeignKey(ExclusionEntry, on_delete=models.PROTECT, related_name="appeals")
    person = models.ForeignKey("cases.Person", db_index=False, on_delete=models.PROTECT, related_name="+")
    words = models.CharField(_("in the person's words"), max_length=500)
    opened_at = models.DateTimeField(_("opened"))
    opened_by = models.ForeignKey(
        "staff.User", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="+"
    )
    decide_by = models.DateField(_("to be decided by"))
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome.choices, blank=True)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    decided_by = models.ForeignKey(
        "staff.User", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="+"
    )
    decided_reason = models.CharField(_("because"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("appeal against an entry of the exclusion list")
        verbose_name_plural = _("appeals against entries of the exclusion list")
        constraints = [
            models.UniqueConstraint(
                name="exclusion_appeal_is_open_once", fields=["entry"], condition=Q(decided_at__isnull=True)
            ),
            models.CheckConstraint(
                name="exclusion_appeal_decided_says_how_and_why",
                condition=Q(decided_at__isnull=True, outcome="", decided_reason="")
                | (Q(decided_at__isnull=False) & ~Q(outcome="") & ~Q(decided_reason="")),
            ),
            models.CheckConstraint(name="exclusion_appeal_says_what", condition=~Q(words="")),
            models.CheckConstraint(
                name="exclusion_appeal_is_decided_after_it_opened",
                condition=Q(decided_at__isnull=True) | Q(decided_at__gte=F("opened_at")),
            ),
        ]

    def __str__(self) -> str:
        return self.words[:60]
