"""Calls that a telephone system dials: what was asked of it, what it said, and whether anybody listens to it."""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from contacts.models.attempt import ContactAttempt

BUSY_CAUSES = frozenset({17})  # Q.850
REJECTED = 21  # networks report it as busy as well
NO_ANSWER_CAUSES = frozenset({0, 16, 18, 19, 20, 31, 127})  # it ended, and nobody had taken it up
DEAD_CAUSES = frozenset({1, 22, 28})  # unallocated, changed, not a number
OUTCOMES_OF_DIALLING = {"BUSY": "busy", "NOANSWER": "no_answer", "CANCEL": "no_answer"}


def outcome_of(cause: int | None, dialstatus: str) -> str:
    """Return how a call that nobody took up ended, as an outcome of an attempt; nothing where the network failed.

    A call that was refused counts as not answered: limits count that, and a busy line they often do not.
    """
    if cause in DEAD_CAUSES:
        return str(ContactAttempt.Outcome.NOT_IN_SERVICE)
    if cause in BUSY_CAUSES:
        return str(ContactAttempt.Outcome.BUSY)
    if cause == REJECTED:
        return str(ContactAttempt.Outcome.NO_ANSWER)
    if dialstatus:
        return OUTCOMES_OF_DIALLING.get(dialstatus, "")
    return str(ContactAttempt.Outcome.NO_ANSWER) if cause in NO_ANSWER_CAUSES else ""


class TelephoneCall(models.Model):
    """A call of a person at a desk. The desk is rung first; the person only after a second decision.

    Every instant is written once and never moved, so that events may come in any order and as often as they like.
    `wanted_at` (somebody has taken it on himself to dial the person) and `given_up_at` (nobody ever will) exclude each
    other: whichever is written first holds.
    """

    attempt = models.OneToOneField(ContactAttempt, on_delete=models.PROTECT, related_name="telephone")
    key = models.UUIDField(unique=True, editable=False)
    provider = models.CharField(max_length=30)
    extension = models.CharField(pgettext_lazy("telephone", "extension"), max_length=20)
    records = models.BooleanField(_("is recorded"), default=False)
    requested_at = models.DateTimeField(_("asked for"))
    desk_up_at = models.DateTimeField(_("desk answered"), null=True, blank=True)
    desk_ended_at = models.DateTimeField(null=True, blank=True)
    wanted_at = models.DateTimeField(null=True, blank=True)
    given_up_at = models.DateTimeField(_("given up"), null=True, blank=True)
    dialled_at = models.DateTimeField(_("dialled"), null=True, blank=True)
    rang_at = models.DateTimeField(_("rang"), null=True, blank=True)
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    connected_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    cause = models.PositiveSmallIntegerField(_("cause"), null=True, blank=True)  # Q.850
    dialstatus = models.CharField(max_length=20, blank=True)
    recording = models.CharField(_("recording"), max_length=80, blank=True)
    recorded_at = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(_("what went wrong"), max_length=60, blank=True)

    class Meta:
        verbose_name = _("telephone call")
        verbose_name_plural = _("telephone calls")
        constraints = [
            models.CheckConstraint(
                name="telephone_call_given_up_was_never_wanted",
                condition=Q(given_up_at__isnull=True) | Q(wanted_at__isnull=True),
            ),
            models.CheckConstraint(
                name="telephone_call_dialled_was_wanted",
                condition=Q(dialled_at__isnull=True) | Q(wanted_at__isnull=False),
            ),
            models.CheckConstraint(
                name="telephone_call_recorded_only_where_announced",
                condition=Q(recording="") | Q(records=True),
            ),
        ]
        indexes = [
            models.Index(name="telephone_calls_open", fields=["requested_at"], condition=Q(ended_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.extension} {self.state}"

    @property
    def state(self) -> str:
        """desk (it rings), dialling, ringing, answered, ended."""
        if self.ended_at is not None:
            return "ended"
        if self.answered_at is not None:
            return "answered"
        if self.rang_at is not None:
            return "ringing"
        return "dialling" if self.desk_up_at is not None else "desk"

    @property
    def is_over(self) -> bool:
        return self.ended_at is not None

    @property
    def outcome(self) -> str:
        """How it ended where the telephone system knows: only of a call that was dialled and that nobody took up."""
        if self.ended_at is None or self.answered_at is not None or self.dialled_at is None:
            return ""
        return outcome_of(self.cause, self.dialstatus)


class TelephoneEvent(models.Model):
    """What a telephone system said, once per event. `call` is empty for calls that we do not know: those are listed."""

    provider = models.CharField(max_length=30)
    event_id = models.CharField(max_length=64)
    what = models.CharField(_("what"), max_length=20)
    name = models.CharField(_("leg"), max_length=80, blank=True)
    leg = models.CharField(max_length=10, blank=True)  # the part of the call, `telephony.KINDS`; empty: not ours
    key = models.UUIDField(null=True, blank=True)
    cause = models.PositiveSmallIntegerField(_("cause"), null=True, blank=True)
    dialstatus = models.CharField(max_length=20, blank=True)
    detail = models.CharField(_("in its words"), max_length=40, blank=True)
    occurred_at = models.DateTimeField(_("when"), null=True, blank=True)
    received_at = models.DateTimeField(_("received"))
    applied_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("event of the telephone system")
        verbose_name_plural = _("events of the telephone system")
        constraints = [
            models.UniqueConstraint(name="telephone_event_is_taken_once", fields=["provider", "event_id"]),
        ]
        indexes = [
            models.Index(name="telephone_events_of_a_call", fields=["key"], condition=Q(key__isnull=False)),
            models.Index(name="telephone_events_not_applied", fields=["id"], condition=Q(applied_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.name}"


class TelephoneLine(models.Model):
    """Who listens to a telephone system, since when without a gap, and why nobody does. One row per system."""

    provider = models.CharField(_("provider"), max_length=30, unique=True)
    holder = models.CharField(max_length=60, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)  # by the database's clock
    open_since = models.DateTimeField(_("open since"), null=True, blank=True)
    heard_at = models.DateTimeField(_("last heard"), null=True, blank=True)
    reason_code = models.CharField(_("why"), max_length=60, blank=True)

    class Meta:
        verbose_name = _("line to a telephone system")
        verbose_name_plural = _("lines to telephone systems")

    def __str__(self) -> str:
        return self.provider

    def was_open(self, since: datetime, *, until: datetime) -> bool:
        """Whether somebody listened without a gap from one instant to the other."""
        return (
            self.open_since is not None
            and self.heard_at is not None
            and self.open_since <= since
            and self.heard_at >= until
        )
