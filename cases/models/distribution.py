"""Who works which cases: dated rules of a book, runs that share cases out, their moves, and the load of people."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from collections_app.shared import refs


class DistributionRules(models.Model):
    """How a creditor's cases are shared out, as a document (`cases.distribution.rules`). The version in force at an
    instant is the one with the latest `in_force_from` not after it. A change is a new version; none is ever edited.
    """

    creditor = models.ForeignKey(
        "cases.Creditor", db_index=False, on_delete=models.PROTECT, related_name="distribution_rules"
    )
    in_force_from = models.DateTimeField(_("in force from"))
    document = models.JSONField(_("rules"))
    reason = models.CharField(_("reason"), max_length=300)
    set_by = models.ForeignKey(
        "staff.User", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="+"
    )
    recorded_at = models.DateTimeField(_("recorded"))

    class Meta:
        verbose_name = _("version of the rules of allocation")
        verbose_name_plural = _("versions of the rules of allocation")
        constraints = [models.CheckConstraint(name="distribution_rules_say_why", condition=~Q(reason=""))]
        indexes = [models.Index(name="distribution_rules_in_force", fields=["creditor", "-in_force_from", "-id"])]

    def __str__(self) -> str:
        return f"{self.creditor_id} {self.in_force_from}"


class DistributionRun(models.Model):
    """One sharing out of the cases of a creditor (and of one team): asked for, previewed, applied, undone.

    `ground` is the hash of what a preview stands on: rules, people, the day, the run applied before. `inputs` is the
    hash of everything that was read. `counts` and `people` are what the page shows (`cases.distribution.previewing`).
    """

    creditor = models.ForeignKey(
        "cases.Creditor", db_index=False, on_delete=models.PROTECT, related_name="distribution_runs"
    )
    team = models.ForeignKey(
        "staff.Team", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="+"
    )
    rules = models.ForeignKey(
        DistributionRules, null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="runs"
    )
    day = models.DateField(_("for the day"))
    is_automatic = models.BooleanField(_("by itself"), default=False)
    asked_by = models.ForeignKey(
        "staff.User", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="+"
    )
    asked_at = models.DateTimeField(_("asked for"))
    previewed_at = models.DateTimeField(_("previewed"), null=True, blank=True)
    applied_by = models.ForeignKey(
        "staff.User", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="+"
    )
    applied_at = models.DateTimeField(_("applied"), null=True, blank=True)
    undone_by = models.ForeignKey(
        "staff.User", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="+"
    )
    undone_at = models.DateTimeField(_("undone"), null=True, blank=True)
    ground = models.CharField(max_length=64, blank=True)
    inputs = models.CharField(max_length=64, blank=True)
    counts = models.JSONField(default=dict, blank=True)
    people = models.JSONField(default=list, blank=True)

    class Meta:
        verbose_name = _("allocation of cases")
        verbose_name_plural = _("allocations of cases")
        constraints = [
            models.CheckConstraint(
                name="distribution_run_is_applied_only_after_its_preview",
                condition=Q(applied_at__isnull=True) | Q(previewed_at__isnull=False),
            ),
            models.CheckConstraint(
                name="distribution_run_is_undone_only_after_it_was_applied",
                condition=Q(undone_at__isnull=True) | Q(applied_at__isnull=False, undone_at__gte=F("applied_at")),
            ),
        ]
        indexes = [
            models.Index(name="distribution_runs_of_a_book", fields=["creditor", "-id"]),
            models.Index(
                name="distribution_runs_applied", fields=["creditor", "-applied_at"],
                condition=Q(applied_at__isnull=False),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.ref

    @property
    def ref(self) -> str:
        return refs.encode("AL", self.pk)


class DistributionMove(models.Model):
    """One case that a run moves, or leaves with its team because nobody may take it (`to_owner` none)."""

    class Outcome(models.TextChoices):
        PLANNED = "planned", _("planned")
        APPLIED = "applied", pgettext_lazy("a case", "moved")
        BUSY = "busy", _("not moved: somebody was working on it")
        CHANGED = "changed", _("not moved: it had changed hands since the preview")
        RESOLVED = "resolved", _("not moved: it was resolved")
        GONE = "gone", _("not moved: the collector takes no cases any more")
        UNDONE = "undone", _("moved back")
        KEPT_BUSY = "kept_busy", _("not moved back: somebody was working on it")
        KEPT_MOVED = "kept_moved", _("not moved back: it changed hands since")
        KEPT_RESOLVED = "kept_resolved", _("not moved back: it was resolved")
        KEPT_GONE = "kept_gone", _("not moved back: its former collector is no longer there")

    run = models.ForeignKey(DistributionRun, db_index=False, on_delete=models.CASCADE, related_name="moves")
    case = models.ForeignKey("cases.Case", db_index=False, on_delete=models.CASCADE, related_name="+")
    from_team = models.ForeignKey("staff.Team", null=True, db_index=False, on_delete=models.PROTECT, related_name="+")
    from_owner = models.ForeignKey("staff.User", null=True, db_index=False, on_delete=models.PROTECT, related_name="+")
    from_since = models.DateTimeField(null=True)
    to_team = models.ForeignKey("staff.Team", null=True, db_index=False, on_delete=models.PROTECT, related_name="+")
    to_owner = models.ForeignKey("staff.User", null=True, db_index=False, on_delete=models.PROTECT, related_name="+")
    left = models.CharField(max_length=20)
    chosen = models.CharField(max_length=80)
    outcome = models.CharField(_("outcome"), max_length=14, choices=Outcome.choices, default=Outcome.PLANNED)

    class Meta:
        verbose_name = _("move of an allocation")
        verbose_name_plural = _("moves of an allocation")
        constraints = [
            models.UniqueConstraint(name="distribution_move_is_once_a_run", fields=["run", "case"]),
            models.CheckConstraint(name="distribution_move_says_why", condition=~Q(left="") & ~Q(chosen="")),
        ]
        indexes = [models.Index(name="distribution_moves_of_a_case", fields=["case", "-id"])]

    def __str__(self) -> str:
        return f"{self.case_id}: {self.from_owner_id} → {self.to_owner_id}"


class ConflictOfInterest(models.Model):
    """A member of staff who must never work a person's case: himself, a relative, a business of his."""

    user = models.ForeignKey("staff.User", on_delete=models.CASCADE, related_name="+")
    person = models.ForeignKey("cases.Person", on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(_("reason"), max_length=200)
    recorded_at = models.DateTimeField(_("recorded"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("conflict of interest")
        verbose_name_plural = _("conflicts of interest")
        constraints = [
            models.UniqueConstraint(
                name="conflict_of_interest_stands_once", fields=["user", "person"], condition=Q(ended_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.person_id}"


class Workload(models.Model):
    """What one collector held of a creditor's book on a day: so that nobody gets only the hard ones."""

    creditor = models.ForeignKey("cases.Creditor", db_index=False, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey("staff.User", on_delete=models.CASCADE, related_name="+")
    on = models.DateField(_("day"))
    cases = models.PositiveIntegerField(_("cases"))
    balance = models.DecimalField(_("balance"), max_digits=20, decimal_places=2)
    buckets = models.JSONField(_("cases by bucket"), default=dict)
    late = models.PositiveIntegerField(_("more than 90 days past due"))
    vulnerable = models.PositiveIntegerField(_("of vulnerable people"))
    hardship = models.PositiveIntegerField(_("in hardship"))

    class Meta:
        verbose_name = _("load of a collector")
        verbose_name_plural = _("loads of collectors")
        constraints = [
            models.UniqueConstraint(name="workload_is_once_a_day", fields=["creditor", "on", "user"]),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.on}: {self.cases}"
