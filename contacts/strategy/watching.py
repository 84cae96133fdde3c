"""After publishing: what was predicted beside what happens, guardrails, alarms; and the stop that needs no click.

Predicted is what the approved rehearsal found for that day: for a canary, of the very persons of its share. A day is
compared once it is over. How far it may be off:

    5 % of what was predicted for each day since the book was rehearsed, at most 50 % (payments, new tapes)
    + 1
    + three standard deviations of drawing a share from the book, where only the whole book was rehearsed: the
      prediction is scaled then

Outside of that somebody looks: an alarm, once per version and day.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import ceil, floor, sqrt
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Sum

from collections_app.shared import clock
from collections_app.shared.actor import Actor
from collections_app.staff.models import User
from compliance import audit
from contacts.models import Rehearsal, RehearsalCell, Rollout, StrategyAlarm, StrategyVersion
from contacts.strategy import guardrails, rollout, sql_watch

Status = StrategyVersion.Status
WATCH: Final = Actor.system("watch of strategies")
DRIFT_A_DAY: Final = 0.05
MOST_DRIFT: Final = 0.5
PREDICTION: Final = "prediction"
JUDGED_FOR: Final = timedelta(days=30)  # guardrails of a version for everybody are read so long after it was published


@dataclass(frozen=True, slots=True)
class Compared:
    """One step on one day: what was predicted for the share, the interval, and what happened."""

    day: date
    step_key: str
    channel: str
    predicted: int
    low: int
    high: int
    sent: int
    predicted_refused: int
    refused: int
    waiting: int

    @property
    def is_outside(self) -> bool:
        """Whether so many were sent that the prediction does not explain it."""
        return not self.low <= self.sent <= self.high


def compare(version: StrategyVersion, *, first: date, last: date) -> list[Compared]:
    """Return every step that was predicted or happened on these days, of those that were rehearsed."""
    if version.rehearsal is None:
        return []
    sides = {share: _predicted(version, first, last, side) for share, side in _sides(version.rehearsal).items()}
    days = {day for day, _, _ in sides[100]}
    with connection.cursor() as cursor:
        cursor.execute(sql_watch.ACTUAL, {"version": version.pk, "first": first, "last": last})
        actual = {(day, key, channel): counts for day, key, channel, *counts in cursor.fetchall() if day in days}
    known_on = (version.rehearsal.snapshot_at or version.rehearsal.requested_at).date()
    turns = list(version.rollouts.order_by("at", "pk"))
    rows = []
    for where in sorted({*sides[100], *actual}):
        day = where[0]
        sent, refused, waiting = actual.get(where, (0, 0, 0))
        share = share_on(turns, day, version)
        full_sent, full_refused = sides.get(share, sides[100]).get(where, (0, 0))
        if share in sides:
            share = 100  # all of what was rehearsed for these persons
        low, high = interval(full_sent, share=share, days=(day - known_on).days)
        rows.append(
            Compared(
                *where,
                predicted=round(full_sent * share / 100),
                low=low,
                high=high,
                sent=sent,
                predicted_refused=round(full_refused * share / 100),
                refused=refused,
                waiting=waiting,
            )
        )
    return rows


def interval(predicted: int, *, share: int, days: int) -> tuple[int, int]:
    """Return the least and the most that so many of the whole book explain, for a share of a hundred persons."""
    part = share / 100
    mean = predicted * part
    drift = min(MOST_DRIFT, DRIFT_A_DAY * max(0, days)) * mean
    width = 3 * sqrt(predicted * part * (1 - part)) + drift + 1
    return max(0, floor(mean - width)), ceil(mean + width)


def share_on(turns: Iterable[Rollout], day: date, version: StrategyVersion) -> int:
    """Return the share that a version had when the night prepared a day: what stood when the day before was over."""
    share = 0
    for turn in turns:
        if turn.at.date() < day:
            share = 0 if turn.what in ("stopped", "rolled_back") else turn.share
    return share or version.share


def _sides(rehearsal: Rehearsal) -> dict[int, str]:
    """Return, by share, the side that says what the version does for it; 100: for everybody."""
    shares = {int(share): f"share-{share}" for share in rehearsal.results.get("shares", ())}
    return shares | {100: str(RehearsalCell.Side.DRAFT)}


def _predicted(
    version: StrategyVersion, first: date, last: date, side: str
) -> dict[tuple[date, str, str], tuple[int, int]]:
    cells = RehearsalCell.objects.filter(rehearsal=version.rehearsal, side=side, day__range=(first, last))
    found: dict[tuple[date, str, str], tuple[int, int]] = {}
    for day, key, channel, outcome, count in (
        cells.order_by()
        .values("day", "step_key", "channel", "outcome")
        .annotate(total=Sum("count"))
        .values_list("day", "step_key", "channel", "outcome", "total")
    ):
        sent, refused = found.get((day, key, channel), (0, 0))
        found[day, key, channel] = (sent + count, refused) if outcome in ("sent", "task") else (sent, refused + count)
    return found


def first_day(version: StrategyVersion) -> date | None:
    """Return the first day that a version planned for: that of the night after it was published, or its own later."""
    if version.published_at is None:
        return None
    after = version.published_at.date() + timedelta(days=1)
    return max(after, version.starts_on) if version.starts_on is not None else after


def watch(*, at: datetime, actor: Actor = WATCH) -> list[StrategyAlarm]:
    """Read the guardrails and compare the days that are over, of every version in force; return the new alarms."""
    alarms: list[StrategyAlarm] = []
    versions = StrategyVersion.objects.filter(status=Status.PUBLISHED).select_related("strategy", "rehearsal")
    for version in versions.order_by("pk"):
        if version.share < 100 or (version.published_at is not None and at - version.published_at < JUDGED_FOR):
            alarms += _guard(version, actor=actor, at=at)
        alarms += _judge(version, actor=actor, at=at)
    return alarms


def _guard(version: StrategyVersion, *, actor: Actor, at: datetime) -> list[StrategyAlarm]:
    alarms = []
    for reading in guardrails.read(version, at=at):
        if not reading.is_breached:
            continue
        details = {
            "events": reading.own.events,
            "of": reading.own.of,
            "limit": str(reading.limit),
            "why": reading.breach,
            "control": [reading.control.events, reading.control.of] if reading.control is not None else None,
        }
        stops = version.share < 100
        alarm = _raise(version, at.date(), f"guardrail:{reading.code}", details, stops=stops, actor=actor, at=at)
        alarms += [alarm] if alarm is not None else []
    return alarms


def _judge(version: StrategyVersion, *, actor: Actor, at: datetime) -> list[StrategyAlarm]:
    day = _day_over(version, at)
    begun = first_day(version)
    if version.rehearsal is None or begun is None or day < begun:
        return []
    if version.alarms.filter(day=day, code=PREDICTION).exists():
        return []
    outside = [row for row in compare(version, first=day, last=day) if row.is_outside]
    if not outside:
        return []
    details: dict[str, Any] = {
        "rows": [
            {"step": row.step_key, "channel": row.channel, "low": row.low, "high": row.high, "sent": row.sent}
            for row in outside[:20]
        ]
    }
    alarm = _raise(version, day, PREDICTION, details, stops=False, actor=actor, at=at)
    return [alarm] if alarm is not None else []


def _day_over(version: StrategyVersion, at: datetime) -> date:
    zones = version.creditors.values_list("time_zone", flat=True)
    today = min((clock.business_day(at, zone) for zone in zones), default=at.date())
    return today - timedelta(days=1)


@transaction.atomic
def _raise(
    version: StrategyVersion,
    day: date,
    code: str,
    details: dict[str, Any],
    *,
    stops: bool,
    actor: Actor,
    at: datetime,
) -> StrategyAlarm | None:
    alarm, is_new = StrategyAlarm.objects.get_or_create(
        version=version, day=day, code=code, defaults={"details": details, "raised_at": at, "stopped_it": stops}
    )
    if is_new:
        audit.record("strategy.alarm_raised", subject=version, actor=actor, at=at, code=code, **details)
    if stops and StrategyVersion.objects.filter(pk=version.pk, status=Status.PUBLISHED).exists():
        rollout.stop(version_id=version.pk, reason=f"{code} {details['events']}/{details['of']}", actor=actor, at=at)
    return alarm if is_new else None


@transaction.atomic
def look_at(*, alarm_id: int, by: User, at: datetime) -> StrategyAlarm:
    """Note that somebody has looked at an alarm."""
    alarm = StrategyAlarm.objects.select_for_update(of=("self",), no_key=True).get(pk=alarm_id)
    if alarm.seen_at is None:
        alarm.seen_by, alarm.seen_at = by, at
        alarm.save(update_fields=["seen_by", "seen_at"])
        audit.record(
            "strategy.alarm_seen", subject=alarm.version, actor=Actor.of(by), at=at, code=alarm.code, day=alarm.day
        )
    return alarm
