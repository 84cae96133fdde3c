"""The close of day of one creditor as a row, with its steps; and the minute ticks that were seen."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class NightRun(models.Model):
    class Status(models.TextChoices):
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    creditor = models.ForeignKey("cases.Creditor", on_delete=models.PROTECT, related_name="nights")
    business_date = models.DateField(_("business date"))
    status = models.CharField(_("status"), max_length=8, choices=Status.choices, default=Status.RUNNING)
    started_at = models.DateTimeField(_("started"))
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    error = models.CharField(_("error"), max_length=300, blank=True)
    warnings = models.JSONField(default=list, blank=True)
    # The book as it was when the run began: ageing and figures read no account state with a higher key.
    newest_state = models.BigIntegerField(default=0)
    # Whoever works on the run holds it until then, by the database's clock; `claim` fences off whoever held it before.
    lease_until = models.DateTimeField(null=True, blank=True)
    claim = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("close of day")
        verbose_name_plural = _("closes of day")
        constraints = [
            models.UniqueConstraint(name="night_runs_once_per_creditor_and_date", fields=["creditor", "business_date"]),
            models.CheckConstraint(
                name="night_finished_says_when",
                condition=Q(status="running", finished_at__isnull=True)
                | (~Q(status="running") & Q(finished_at__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.creditor_id} {self.business_date}"


class NightStep(models.Model):
    """One step of a run. `cursor` is the last person of the last chunk that was committed."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        SKIPPED = "skipped", _("left out")

    run = models.ForeignKey(NightRun, on_delete=models.PROTECT, related_name="steps")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(_("step"), max_length=20)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.WAITING)
    rows = models.PositiveIntegerField(_("rows"), default=0)
    cursor = models.BigIntegerField(default=0)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    seconds = models.DecimalField(_("seconds"), max_digits=9, decimal_places=3, default=0)
    details = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = _("step of a close of day")
        verbose_name_plural = _("steps of a close of day")
        constraints = [
            models.UniqueConstraint(name="night_step_is_unique_per_run", fields=["run", "name"]),
        ]

    def __str__(self) -> str:
        return self.name


class Tick(models.Model):
    """A minute that was ticked. Two schedulers cannot take the same minute; a missing one shows."""

    minute = models.DateTimeField(primary_key=True)
    taken_at = models.DateTimeField()

    class Meta:
        verbose_name = _("tick")
        verbose_name_plural = _("ticks")

    def __str__(self) -> str:
        return f"{self.minute:%H:%M}"
