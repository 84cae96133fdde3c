"""That the rules were proved: each run of a drill, a replay or a check of the packs, with its figures."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class CheckRun(models.Model):
    """One run of a proof. Append only; written by compliance.check_runs.record.

    `figures`: names to numbers or short texts, as the check reports them: {"attempts": 612, "leaked": 0}.
    """

    name = models.CharField(_("name"), max_length=40)
    ran_at = models.DateTimeField(_("when"))
    ok = models.BooleanField(_("held"))
    figures = models.JSONField(_("figures"), default=dict)
    actor_kind = models.CharField(max_length=10)
    actor_id = models.BigIntegerField(null=True, blank=True)
    actor_label = models.CharField(_("run by"), max_length=150)
    recorded_at = models.DateTimeField(db_default=Now())

    objects: ClassVar[models.Manager["CheckRun"]] = models.Manager()

    class Meta:
        verbose_name = _("run of a check")
        verbose_name_plural = _("runs of checks")
        constraints = (models.CheckConstraint(name="check_run_has_a_name", condition=~Q(name="")),)
        indexes = (models.Index(fields=["name", "-ran_at"], name="latest_runs_of_a_check"),)

    def __str__(self) -> str:
        return f"{self.name} {self.ran_at:%Y-%m-%d %H:%M}"
