"""A version tried on the whole live book on a simulated clock: what was tried on what, and every number of it."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Rehearsal(models.Model):
    """One rehearsal of one version. What it found is never changed once it is done."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    version = models.ForeignKey("contacts.StrategyVersion", on_delete=models.PROTECT, related_name="rehearsals")
    status = models.CharField(_("status"), max_length=8, choices=Status.choices, default=Status.WAITING)
    days = models.PositiveSmallIntegerField(_("days"))
    sample = models.DecimalField(_("part of the book"), max_digits=5, decimal_places=4, default=1)
    with_answers = models.BooleanField(_("people are taken to be reached"), default=True)
    first_day = models.DateField(_("first day"), null=True, blank=True)
    content_hash = models.CharField(max_length=64)  # of the strategy as it was rehearsed
    rows_hash = models.CharField(max_length=64, blank=True, editable=False)  # of its rows, by the database itself
    inputs_hash = models.CharField(max_length=64, blank=True)  # strategy, packs, templates and firm policies together
    full_hash = models.CharField(max_length=64, blank=True)  # inputs and snapshot
    inputs = models.JSONField(default=dict, blank=True)
    snapshot_at = models.DateTimeField(_("book as of"), null=True, blank=True)
    results = models.JSONField(default=dict, blank=True)
    progress = models.JSONField(default=dict, blank=True)
    requested_by = models.ForeignKey("staff.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(_("asked"))
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    seconds = models.DecimalField(_("seconds"), max_digits=9, decimal_places=3, default=0)
    error = models.CharField(_("error"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("rehearsal")
        verbose_name_plural = _("rehearsals")
        constraints = [
            models.CheckConstraint(
                name="rehearsal_status_is_known", condition=Q(status__in=["waiting", "running", "done", "failed"])
            ),
            models.CheckConstraint(
                name="rehearsal_done_has_its_hashes",
                condition=~Q(status="done") | (~Q(inputs_hash="") & ~Q(full_hash="") & Q(finished_at__isnull=False)),
            ),
            models.CheckConstraint(name="rehearsal_days_are_few", condition=Q(days__range=(1, 60))),
        ]
        indexes = [models.Index(name="rehearsals_of_a_version", fields=["version", "-id"])]

    def __str__(self) -> str:
        return f"{self.version_id} {self.days} d"


class RehearsalCell(models.Model):
    """One number of a rehearsal: contacts of a step on a day, by what would become of them; with the first cases."""

    class Side(models.TextChoices):
        DRAFT = "draft", _("this version")
        CURRENT = "current", _("the version in force")
        SHARE_1 = "share-1", _("this version for 1 of 100 persons")
        SHARE_10 = "share-10", _("this version for 10 of 100 persons")

    rehearsal = models.ForeignKey(Rehearsal, db_index=False, on_delete=models.PROTECT, related_name="cells")
    side = models.CharField(max_length=8, choices=Side.choices, default=Side.DRAFT)
    day = models.DateField()
    creditor = models.ForeignKey("cases.Creditor", db_index=False, on_delete=models.PROTECT, related_name="+")
    segment_key = models.CharField(max_length=40)
    step_key = models.CharField(max_length=40)
    kind = models.CharField(max_length=12)
    channel = models.CharField(max_length=14)
    team = models.ForeignKey(
        "staff.Team", null=True, blank=True, db_index=False, on_delete=models.PROTECT, related_name="+"
    )
    # sent (or put before a person: tasks), withheld, obstacle; with the rule or obstacle that says why not
    outcome = models.CharField(max_length=10)
    reason = models.CharField(max_length=80, blank=True)
    count = models.PositiveIntegerField()
    minutes = models.PositiveIntegerField(default=0)
    cost = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    cases = models.JSONField(default=list, blank=True)  # keys of the first ones

    class Meta:
        verbose_name = _("number of a rehearsal")
        verbose_name_plural = _("numbers of rehearsals")
        indexes = [models.Index(name="cells_of_a_rehearsal", fields=["rehearsal", "side", "day", "step_key"])]

    def __str__(self) -> str:
        return f"{self.day} {self.step_key} {self.count}"
