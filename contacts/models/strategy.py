"""Who is treated how: versioned strategies made of segments (whom) and steps (what, when)."""

from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, FSMModelMixin, transition

from contacts.models.texts import in_language


class Strategy(models.Model):
    code = models.SlugField(_("code"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=120)
    reasoning = models.TextField(_("why it is so"), blank=True)
    # {"zh-hans": {"name": …, "reasoning": …, "named": {"good": …}, "sets": {"south": …}}}
    texts = models.JSONField(_("in other languages"), default=dict, blank=True)

    class Meta:
        verbose_name = _("strategy")
        verbose_name_plural = _("strategies")

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """What it is called, in the reader's language."""
        return in_language(self.texts, "name", self.name)

    @property
    def why(self) -> str:
        """Why it is so, in the reader's language."""
        return in_language(self.texts, "reasoning", self.reasoning)


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
    sets = models.JSONField(_("named sets"), default=dict, blank=True)  # {"name": ["value", …]}
    named = models.JSONField(_("named conditions"), default=dict, blank=True)  # {"name": condition}
    based_on = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="successors")
    # In force before this one and until it begins; what a rollback goes back to. Set when this one is published.
    replaces = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="replaced_by")
    # What was rehearsed and approved; the database lets nothing be approved or published without it.
    rehearsal = models.ForeignKey(
        "contacts.Rehearsal", null=True, blank=True, on_delete=models.PROTECT, related_name="approves"
    )
    # A canary: persons whose stable number (0 to 99) is below this are treated by this version, the others by the
    # version in force before it. 100: everybody, and no other version is in force.
    share = models.PositiveSmallIntegerField(_("of a hundred persons"), default=100)
    starts_on = models.DateField(_("begins on"), null=True, blank=True)  # the first day it plans for; empty: at once
    guardrails = models.JSONField(_("guardrails"), default=dict, blank=True)
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
                name="strategy_has_one_published_version",
                fields=["strategy"],
                condition=Q(status="published", share=100),
            ),
            models.UniqueConstraint(
                name="strategy_has_one_canary", fields=["strategy"], condition=Q(status="published", share__lt=100)
            ),
            models.CheckConstraint(name="strategy_version_share_is_a_percentage", condition=Q(share__range=(1, 100))),
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

    @transition(field=status, source=Status.RETIRED, target=Status.PUBLISHED)
    def reinstate(self, *, at: datetime) -> None:
        """Its successor is taken back; it is in force again, for everybody."""
        self.published_at = at
        self.stopped_at = None
        self.share = 100

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

    class ReEntry(models.TextChoices):
        ALWAYS = "always", _("always")
        NEVER = "never", _("never")
        AFTER = "after", _("after some days")

    version = models.ForeignKey(StrategyVersion, on_delete=models.PROTECT, related_name="segments")
    key = models.SlugField(
        _("key"), max_length=40, default="", db_index=False
    )  # the same in every version: what happened is counted by it
    position = models.PositiveSmallIntegerField(_("order"))
    name = models.CharField(_("name"), max_length=120)
    condition = models.JSONField(_("condition"), default=dict, blank=True)
    stop = models.JSONField(_("stops when"), default=dict, blank=True)  # {}: never before the case ends
    re_entry = models.CharField(_("may come back"), max_length=8, choices=ReEntry.choices, default=ReEntry.ALWAYS)
    re_entry_days = models.PositiveSmallIntegerField(_("after days"), default=0)
    dwell_days = models.PositiveSmallIntegerField(_("stays at least, days"), default=0)
    texts = models.JSONField(_("in other languages"), default=dict, blank=True)  # {"zh-hans": {"name": …}}

    class Meta:
        verbose_name = _("segment")
        verbose_name_plural = _("segments")
        constraints = [
            models.UniqueConstraint(name="segment_position_is_unique_per_version", fields=["version", "position"]),
            models.UniqueConstraint(name="segment_key_is_unique_per_version", fields=["version", "key"]),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """What it is called, in the reader's language."""
        return in_language(self.texts, "name", self.name)


class Step(models.Model):
    """What and when: one step of a segment's path, due by DPD, after another step's outcome, or after an event."""

    class Kind(models.TextChoices):
        MESSAGE = "message", _("message")
        CALL = "call", _("call task")
        VISIT = "visit", _("visit")
        ASSIGN = "assign", _("assignment")
        HOLD = "hold", _("hold")
        REVIEW = "review", _("review by a supervisor")
        LEGAL = "legal", _("referral to legal")
        AGENCY = "agency", _("referral to an agency")
        PLAN_OFFER = "plan_offer", _("offer of a plan")

    class Trigger(models.TextChoices):
        DPD = "dpd", _("days past due")
        AFTER = "after", _("days after a step")
        EVENT = "event", _("days after an event")

    class After(models.TextChoices):
        ANY = "any", _("whatever came of it")
        REACHED = "reached", _("when it reached the person")
        NOT_REACHED = "not_reached", _("when it did not reach the person")

    class Event(models.TextChoices):
        PROMISE_BROKEN = "promise_broken", _("a promise was broken")
        PAYMENT = "payment", _("a payment came")
        REPLY = "reply", _("the person wrote to us")
        LETTER_RETURNED = "letter_returned", _("a letter came back")
        PLAN_MISSED = "plan_missed", _("an instalment was missed")

    class CatchUp(models.TextChoices):
        SEND_LATE = "send_late", _("do it late")
        SKIP = "skip", _("leave it out")
        ESCALATE = "escalate", _("put it before a supervisor")

    segment = models.ForeignKey(Segment, on_delete=models.PROTECT, related_name="steps")
    key = models.SlugField(_("key"), max_length=40)
    name = models.CharField(_("name"), max_length=120, blank=True, default="")  # "": called by what it does
    position = models.PositiveSmallIntegerField(_("order"))
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    trigger = models.CharField(_("due by"), max_length=8, choices=Trigger.choices, default=Trigger.DPD)
    after_key = models.SlugField(_("after the step"), max_length=40, blank=True, db_index=False)
    after_outcome = models.CharField(_("outcome"), max_length=12, choices=After.choices, default=After.ANY)
    event = models.CharField(_("event"), max_length=16, choices=Event.choices, blank=True)
    after_days = models.PositiveSmallIntegerField(_("days after it"), default=0)
    within_days = models.PositiveSmallIntegerField(_("and at most so many later"), default=7)
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
    time_from = models.TimeField(
        _("best from"), null=True, blank=True
    )  # local time of the person; never before the law
    time_until = models.TimeField(_("best until"), null=True, blank=True)
    minutes = models.PositiveSmallIntegerField(_("work, minutes"), null=True, blank=True)
    settings = models.JSONField(_("particulars"), default=dict, blank=True)  # of its kind: team, skill, days, reason …
    counts_as = models.JSONField(_("also done by"), default=list, blank=True)  # keys of steps of earlier versions
    texts = models.JSONField(_("in other languages"), default=dict, blank=True)  # {"zh-hans": {"name": …, "about": …}}

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
                name="step_trigger_says_after_what",
                condition=Q(trigger="dpd", after_key="", event="")
                | (Q(trigger="after", event="") & ~Q(after_key=""))
                | (Q(trigger="event", after_key="") & ~Q(event="")),
            ),
            models.CheckConstraint(
                name="step_repeats_at_least_daily",
                condition=Q(repeat_every_days__isnull=True) | Q(repeat_every_days__gte=1),
            ),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def title(self) -> str:
        """What people call it, in the reader's language; "" where nobody has named it."""
        return in_language(self.texts, "name", self.name)

    @property
    def about(self) -> str:
        """What the author adds for whoever does it, in the reader's language."""
        return in_language(self.texts, "about", str(self.settings.get("about", "")))


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
    # A case that began anew with this version: what was planned before it entered does not count as done.
    is_fresh = models.BooleanField(default=False, db_default=False)

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
            models.Index(name="enrolments_open_of_a_segment", fields=["segment"], condition=Q(left_on__isnull=True)),
            models.Index(name="enrolments_left_of_a_case", fields=["case", "-id"], condition=Q(left_on__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} in {self.segment_id}"


class Move(models.Model):
    """What becomes of the cases that are on a segment of the version in force before, when this one takes its place."""

    class Action(models.TextChoices):
        STAY = "stay", _("finish the old path")
        MOVE = "move", _("go on where they are")
        RESTART = "restart", _("begin anew")
        END = "end", _("leave the strategy")

    version = models.ForeignKey(StrategyVersion, on_delete=models.PROTECT, related_name="moves")
    from_key = models.SlugField(_("from the segment"), max_length=40, db_index=False)
    action = models.CharField(_("what becomes of them"), max_length=8, choices=Action.choices, default=Action.MOVE)

    class Meta:
        verbose_name = _("move of cases in flight")
        verbose_name_plural = _("moves of cases in flight")
        constraints = [models.UniqueConstraint(name="move_is_said_once_per_segment", fields=["version", "from_key"])]

    def __str__(self) -> str:
        return f"{self.from_key}: {self.action}"


class Rollout(models.Model):
    """One turn of a version's share, its stop or its way back: who, when, why. Only grows."""

    version = models.ForeignKey(StrategyVersion, on_delete=models.PROTECT, related_name="rollouts")
    what = models.CharField(max_length=12)  # published, widened, stopped, resumed, rolled_back, reinstated
    share = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    by = models.ForeignKey("staff.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    by_label = models.CharField(max_length=120, blank=True)
    why = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = _("turn of a rollout")
        verbose_name_plural = _("turns of rollouts")
        indexes = [models.Index(name="rollouts_of_a_version", fields=["version", "at"])]

    def __str__(self) -> str:
        return f"{self.what} {self.share}"


class StrategyAlarm(models.Model):
    """Something about a version in force that somebody must look at: a guardrail, or another day than predicted."""

    version = models.ForeignKey(StrategyVersion, on_delete=models.PROTECT, related_name="alarms")
    day = models.DateField()
    code = models.CharField(max_length=40)
    details = models.JSONField(default=dict, blank=True)
    raised_at = models.DateTimeField()
    stopped_it = models.BooleanField(default=False)
    seen_by = models.ForeignKey("staff.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    seen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("alarm of a strategy")
        verbose_name_plural = _("alarms of strategies")
        constraints = [
            models.UniqueConstraint(name="alarm_is_raised_once_a_day", fields=["version", "day", "code"]),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.day}"
