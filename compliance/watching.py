"""What an officer watches of the gate: refusals by rule and day, soft rules set aside, errors, packs to review."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db.models import Count, F, Func
from django.db.models.functions import TruncDate

from compliance import calendars, lists
from compliance.engine import ENGINE_ERROR
from compliance.models import AuditEvent, Decision
from compliance.models.decision import DecisionQuerySet
from compliance.releases import in_force
from compliance.shelf import UNSIGNED

DAYS: Final = 30
RULES: Final = 15
ENDS_WITHIN: Final = timedelta(days=120)


@dataclass(frozen=True, slots=True)
class DayCount:
    """How many contacts were refused on one day."""

    day: date
    number: int


@dataclass(frozen=True, slots=True)
class RuleDays:
    """How many contacts one rule refused, day by day, the oldest first."""

    rule: str
    total: int
    days: tuple[DayCount, ...]


@dataclass(frozen=True, slots=True)
class Refusals:
    """The refusals of the last days: of each day, and of each rule. One that two rules refused counts for both."""

    days: tuple[DayCount, ...]
    rules: tuple[RuleDays, ...]
    others: int  # rules beyond those shown
    total: int


def refusals(rows: DecisionQuerySet, *, at: datetime, zone: ZoneInfo) -> Refusals:
    """Return what was refused on the last DAYS calendar days of this zone, among these decisions."""
    last = at.astimezone(zone).date()
    first = last - timedelta(days=DAYS - 1)
    since = datetime.combine(first, datetime.min.time(), tzinfo=zone)
    found = rows.refused().order_by().filter(at__gte=since, at__lte=at).annotate(day=TruncDate("at", tzinfo=zone))
    by_day = dict(found.values_list("day").annotate(number=Count("pk")).values_list("day", "number"))
    by_rule: dict[str, dict[date, int]] = {}
    rule = Func(F("failing"), function="unnest")
    counted = found.annotate(rule=rule).values("rule", "day").annotate(number=Count("pk"))
    for name, day, number in counted.values_list("rule", "day", "number"):
        by_rule.setdefault(str(name), {})[day] = int(number)
    span = [first + timedelta(days=number) for number in range(DAYS)]
    rules = sorted(
        (
            RuleDays(name, sum(days.values()), tuple(DayCount(day, days.get(day, 0)) for day in span))
            for name, days in by_rule.items()
        ),
        key=lambda one: (-one.total, one.rule),
    )
    return Refusals(
        days=tuple(DayCount(day, int(by_day.get(day, 0))) for day in span),
        rules=tuple(rules[:RULES]),
        others=max(len(rules) - RULES, 0),
        total=sum(int(number) for number in by_day.values()),
    )


def overrides(user: Any, *, since: datetime, limit: int) -> list[tuple[AuditEvent, Decision]]:
    """Return the soft rules set aside since then within the user's reach, latest first, each with its decision."""
    told = AuditEvent.objects.filter(
        name="gate.soft_rule_overridden", at__gte=since, subject_label=Decision._meta.label_lower
    ).order_by("-at", "-pk")
    within = lists.within_reach(user).filter(pk__in=told.values("subject_id"))
    known = {row.pk: row for row in within}
    return [(event, known[event.subject_id]) for event in told[: limit * 5] if event.subject_id in known][:limit]


def errors(user: Any, *, since: datetime) -> DecisionQuerySet:
    """Return the refusals within reach that a failure of the engine caused since then."""
    return lists.within_reach(user).refused().filter(at__gte=since, failing__contains=[ENGINE_ERROR])


@dataclass(frozen=True, slots=True)
class ToReview:
    """A pack that no lawyer has signed, or with rules that rest on weak sources."""

    pack: str
    name: dict[str, str]
    enabled: bool
    is_signed: bool
    rules: int
    weak: int


def packs_to_review(at: datetime) -> list[ToReview]:
    """Return the packs of this instant that somebody has to look at, those in use first. Raises PackError."""
    found = []
    for pack in in_force.at(at).packs:
        weak = sum(rule.needs_review for rule in pack.rules)
        unsigned = sum(rule.reviewer == UNSIGNED for rule in pack.rules)
        if weak or unsigned:
            found.append(ToReview(pack.id, dict(pack.name), pack.enabled, not unsigned, len(pack.rules), weak))
    return sorted(found, key=lambda one: (not one.enabled, -one.weak, one.pack))


def calendars_ending(at: datetime) -> list[tuple[str, date]]:
    """Return the calendars that end within ENDS_WITHIN, with their last known day, the soonest first."""
    return calendars.ending((at + ENDS_WITHIN).date())
