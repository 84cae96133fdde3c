"""Which treatment works better, found out honestly: registered beforehand, drawn by chance, nobody changes sides."""

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, FSMModelMixin, transition


class Experiment(FSMModelMixin, models.Model):
    """What is compared, by what measure and until when. Once begun, nothing of it can be changed but its end.

    arms: [{"key": "a", "name": "As it is", "share": 50, "holdout": false}, …], shares in per cent, together 100. The
    first one is the champion that every other is compared with; a holdout is treated by nothing that is tried.
    condition: whose cases take part (`contacts.strategy.conditions`). guardrails: {"complaints": 5.0, …}: at most so
    many of a thousand persons. smallest_difference: percentage points, the least difference worth knowing of; it
    tunes where the intervals are narrowest and is therefore chosen beforehand.
    """

    class Status(models.TextChoices):
        REGISTERED = "registered", _("registered")
        RUNNING = "running", _("running")
        ENDED = "ended", _("ended")
        DROPPED = "dropped", _("dropped before it began")

    class Measure(models.TextChoices):
        CURED = "cured", _("cured within the days")
        PAID_ANY = "paid_any", _("paid anything within the days")
        PAID_SHARE = "paid_share", _("share of the balance paid within the days")

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=120)
    question = models.TextField(_("what is to be found out"), blank=True)
    creditors = models.ManyToManyField("cases.Creditor", verbose_name=_("creditors"), related_name="experiments")
    arms = models.JSONField(_("arms"))
    condition = models.JSONField(_("who takes part"), default=dict, blank=True)
    measure = models.CharField(_("measure"), max_length=12, choices=Measure.choices)
    within_days = models.PositiveSmallIntegerField(_("days after entry"), default=30)
    horizon_days = models.PositiveSmallIntegerField(_("takes in persons for, days"), default=90)
    smallest_difference = models.DecimalField(
        _("smallest difference worth knowing, points"), max_digits=4, decimal_places=1, default=2
    )
    guardrails = models.JSONField(_("guardrails"), default=dict, blank=True)
    status = FSMField(_("status"), max_length=10, choices=Status.choices, default=Status.REGISTERED, protected=True)
    registered_at = models.DateTimeField(_("registered"))
    registered_by = models.ForeignKey("staff.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    begun_at = models.DateTimeField(_("begun"), null=True, blank=True)
    begun_by = models.ForeignKey("staff.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    ended_by = models.ForeignKey("staff.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    ended_reason = models.CharField(_("ended because"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("experiment")
        verbose_name_plural = _("experiments")
        constraints = [
            models.CheckConstraint(
                name="experiment_status_is_known", condition=Q(status__in=["registered", "running", "ended", "dropped"])
            ),
            models.CheckConstraint(
                name="experiment_measure_is_known", condition=Q(measure__in=["cured", "paid_any", "paid_share"])
            ),
            models.CheckConstraint(
                name="experiment_lasts_days",
                condition=Q(within_days__range=(1, 366), horizon_days__range=(1, 1098), smallest_difference__gt=0),
            ),
            models.CheckConstraint(
                name="experiment_running_has_begun",
                condition=Q(status__in=["registered", "dropped"], begun_at__isnull=True)
                | Q(status__in=["running", "ended"], begun_at__isnull=False),
            ),
            models.CheckConstraint(
                name="experiment_over_says_when_and_why",
                condition=(Q(status__in=["ended", "dropped"], ended_at__isnull=False) & ~Q(ended_reason=""))
                | Q(status__in=["registered", "running"], ended_at__isnull=True, ended_reason=""),
            ),
            models.CheckConstraint(
                name="experiment_ends_after_it_began",
                condition=Q(begun_at__isnull=True) | Q(ended_at__isnull=True) | Q(ended_at__gte=F("begun_at")),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def champion(self) -> dict[str, Any]:
        """The arm that the others are compared with."""
        return dict(self.arms[0])

    @transition(field=status, source=Status.REGISTERED, target=Status.RUNNING)
    def begin(self, *, at: datetime, by: Any) -> None:
        """From the next night on persons are drawn; what was registered stays as it is."""
        self.begun_at, self.begun_by = at, by

    @transition(field=status, source=Status.RUNNING, target=Status.ENDED)
    def end(self, *, at: datetime, by: Any, reason: str) -> None:
        """Nobody is drawn any more; everybody stays on the side he is on."""
        self.ended_at, self.ended_by, self.ended_reason = at, by, reason

    @transition(field=status, source=Status.REGISTERED, target=Status.DROPPED)
    def drop(self, *, at: datetime, by: Any, reason: str) -> None:
        """It never begins."""
        self.ended_at, self.ended_by, self.ended_reason = at, by, reason


class ArmAssignment(models.Model):
    """The side of an experiment that a person is on, for ever. Only grows.

    number: the person's stable number (0 to 99) from which the arm follows. balance: what was owed on entry.
    """

    experiment = models.ForeignKey(Experiment, db_index=False, on_delete=models.PROTECT, related_name="assignments")
    person = models.ForeignKey("cases.Person", on_delete=models.PROTECT, related_name="arms")
    case = models.ForeignKey("cases.Case", on_delete=models.PROTECT, related_name="arms")
    creditor = models.ForeignKey("cases.Creditor", db_index=False, on_delete=models.PROTECT, related_name="+")
    arm = models.SlugField(max_length=40, db_index=False)
    number = models.PositiveSmallIntegerField()
    balance = models.DecimalField(max_digits=18, decimal_places=2)
    currency = models.CharField(max_length=3)
    entered_on = models.DateField()
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("side of an experiment")
        verbose_name_plural = _("sides of experiments")
        constraints = [
            models.UniqueConstraint(name="person_is_on_one_side_of_an_experiment", fields=["experiment", "person"]),
            models.CheckConstraint(name="arm_number_is_below_a_hundred", condition=Q(number__range=(0, 99))),
        ]
        indexes = [models.Index(name="sides_by_entry", fields=["experiment", "arm", "entered_on"])]

    def __str__(self) -> str:
        return f"{self.person_id} {self.arm}"
