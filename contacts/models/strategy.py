"""Who is treated how: versioned strategies made of segments (whom) and steps (what, when)."""

from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, FSMModelMixin, transition


class Strategy(models.Model):
    code = models.SlugField(_("code"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=120)
    reasoning = models.TextField(_("why it is so"), blank=True)

    class Meta:
        verbose_name = _("strategy")
        verbose_name_plural = _("strategies")

    def __str__(self) -> str:
        return self.name


class StrategyVersion(FSMModelMixin, models.Model):
    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        REHEARSED = "rehearsed", _("rehearsed")
        APPROVED = "approved", _("approved")
        PUBLISHED = "published", _("published")
        STOPPED = "stopped", _("stopped")
        RETIRED = "retired", _("retired")

    strategy = models.ForeignKey(Strategy, on_delete=models.PROTECT, related_name="versions")
    version = models.PositiveSmallIntegerField(_("version"))
    status = FSMField(_("status"), max_length=10, choices=Status.choices, default=Status.DRAFT, protected=True)
    creditors = models.ManyToManyField("cases.Creditor", verbose_name=_("creditors"), related_name="strategies")
    content_hash = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey("staff.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    rehearsed_at = models.DateTimeField(null=True, blank=True)
    approved_at = models.DateTimeField(null=True, blank=True)
    approved_by = models.ForeignKey("staff.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    published_at = models.DateTimeField(null=True, blank=True)
    stopped_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("strategy version")
        verbose_name_plural = _("strategy versions")
        constraints = [
            models.UniqueConstraint(name="strategy_version_is_unique", fields=["strategy", "version"]),
            models.UniqueConstraint(
                name="strategy_has_one_published_version", fields=["strategy"], condition=Q(status="published")
            ),
            models.CheckConstraint(
                name="strategy_version_status_is_known",
                condition=Q(status__in=["draft", "rehearsed", "approved", "published", "stopped", "retired"]),
            ),
            models.CheckConstraint(
                name="strategy_is_approved_by_somebody_else",
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("created_by")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.strategy.code} v{self.version}"

    @transition(field=status, source=Status.DRAFT, target=Status.REHEARSED)
    def rehearse(self, *, at: datetime, content_hash: str) -> None:
        """What it would do to the whole book is known; the hash says of which wording."""
        self.rehearsed_at = at
        self.content_hash = content_hash

    @transition(field=status, source=Status.REHEARSED, target=Status.APPROVED)
    def approve(self, *, at: datetime, by) -> None:
        """A second person agrees to exactly what was rehearsed."""
        self.approved_at = at
        self.approved_by = by

    @transition(field=status, source=[Status.APPROVED, Status.STOPPED], target=Status.PUBLISHED)
    def publish(self, *, at: datetime) -> None:
        """From the next close of day it plans contacts."""
        self.published_at = at
        self.stopped_at = None

    @transition(field=status, source=Status.PUBLISHED, target=Status.STOPPED)
    def stop(self, *, at: datetime) -> None:
        """Nothing more is planned or sent under it."""
        self.stopped_at = at

    @transition(field=status, source=[Status.REHEARSED, Status.APPROVED], target=Status.DRAFT)
    def revise(self) -> None:
        """It is edited again; the rehearsal no longer counts."""
        self.rehearsed_at = None
        self.approved_at = None
        self.approved_by = None
        self.content_hash = ""

    @transition(field=status, source=[Status.PUBLISHED, Status.STOPPED, Status.APPROVED], target=Status.RETIRED)
    def retire(self) -> None:
        """A later version has taken its place."""


class Segment(models.Model):
    """Whom: the first segment whose condition holds takes the case."""

    version = models.ForeignKey(StrategyVersion, on_delete=models.PROTECT, related_name="segments")
    position = models.PositiveSmallIntegerField(_("order"))
    name = models.CharField(_("name"), max_length=120)
    condition = models.JSONField(_("condition"), default=dict, blank=True)

    class Meta:
        verbose_name = _("segment")
        verbose_name_plural = _("segments")
        constraints = [
            models.UniqueConstraint(name="segment_position_is_unique_per_version", fields=["version", "position"])
        ]

    def __str__(self) -> str:
        return self.name


class Step(models.Model):
    """What and when: one step of a segment's path, due when the case reaches its DPD."""

    class Kind(models.TextChoices):
        MESSAGE = "message", _("message")
        CALL = "call", _("call task")
        REVIEW = "review", _("review by a supervisor")

    class CatchUp(models.TextChoices):
        SEND_LATE = "send_late", _("do it late")
        SKIP = "skip", _("leave it out")
        ESCALATE = "escalate", _("put it before a supervisor")

    segment = models.ForeignKey(Segment, on_delete=models.PROTECT, related_name="steps")
    key = models.SlugField(_("key"), max_length=40)
    position = models.PositiveSmallIntegerField(_("order"))
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    from_dpd = models.PositiveSmallIntegerField(_("from DPD"))
    until_dpd = models.PositiveSmallIntegerField(_("until DPD"), null=True, blank=True)
    repeat_every_days = models.PositiveSmallIntegerField(_("again every … days"), null=True, blank=True)
    template = models.ForeignKey(
        "contacts.Template", null=True, blank=True, on_delete=models.PROTECT, related_name="steps"
    )
    condition = models.JSONField(_("condition"), default=dict, blank=True)
    severity = models.PositiveSmallIntegerField(_("severity"), default=1)
    priority = models.SmallIntegerField(_("priority"), default=0)
    catch_up = models.CharField(_("after an outage"), max_length=10, choices=CatchUp.choices, default=CatchUp.SEND_LATE)
    catch_up_days = models.PositiveSmallIntegerField(_("late by at most, days"), default=2)
    spread_minutes = models.PositiveSmallIntegerField(_("spread over, minutes"), null=True, blank=True)

    class Meta:
        verbose_name = _("step")
        verbose_name_plural = _("steps")
        constraints = [
            models.UniqueConstraint(name="step_key_is_unique_per_segment", fields=["segment", "key"]),
            models.CheckConstraint(
                name="step_message_has_a_template", condition=~Q(kind="message") | Q(template__isnull=False)
            ),
            models.CheckConstraint(
                name="step_ends_after_it_begins", condition=Q(until_dpd__isnull=True) | Q(until_dpd__gte=F("from_dpd"))
            ),
            models.CheckConstraint(
                name="step_repeats_at_least_daily",
                condition=Q(repeat_every_days__isnull=True) | Q(repeat_every_days__gte=1),
            ),
        ]

    def __str__(self) -> str:
        return self.key


class Enrolment(models.Model):
    """A case on the path of one segment of one published version. At most one is open per case."""

    version = models.ForeignKey(StrategyVersion, db_index=False, on_delete=models.PROTECT, related_name="enrolments")
    segment = models.ForeignKey(Segment, db_index=False, on_delete=models.PROTECT, related_name="enrolments")
    case = models.ForeignKey("cases.Case", db_index=False, on_delete=models.PROTECT, related_name="enrolments")
    person = models.ForeignKey("cases.Person", db_index=False, on_delete=models.PROTECT, related_name="+")
    creditor = models.ForeignKey("cases.Creditor", db_index=False, on_delete=models.PROTECT, related_name="+")
    entered_on = models.DateField(_("entered"))
    left_on = models.DateField(_("left"), null=True, blank=True)
    left_reason = models.CharField(_("left because"), max_length=40, blank=True)

    class Meta:
        verbose_name = _("enrolment")
        verbose_name_plural = _("enrolments")
        constraints = [
            models.UniqueConstraint(
                name="case_is_enrolled_once_at_a_time", fields=["case"], condition=Q(left_on__isnull=True)
            ),
            models.UniqueConstraint(name="enrolment_id_and_person_are_a_key", fields=["id", "person"]),
            models.CheckConstraint(
                name="enrolment_left_says_why",
                condition=Q(left_on__isnull=True, left_reason="") | (Q(left_on__isnull=False) & ~Q(left_reason="")),
            ),
        ]
        indexes = [
            models.Index(name="enrolments_open_of_a_segment", fields=["segment"], condition=Q(left_on__isnull=True))
        ]

    def __str__(self) -> str:
        return f"{self.case_id} in {self.segment_id}"
