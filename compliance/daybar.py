"""A day plan as the picture of a page: segments, hours and marks in per cent of the day, with words for each.

The bar says nothing that the list beneath does not say, so that it can be read without seeing it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _

from compliance import words
from compliance.dayplan import DayPlan, Span

TICKS: Final = (0, 3, 6, 9, 12, 15, 18, 21, 24)
CLOSE: Final = 0.25  # share of the day within which the words of two marks would touch
WIDE: Final = 0.14  # share of the day from which a span has room for its hours


@dataclass(frozen=True, slots=True)
class Segment:
    """A span of the bar."""

    x: str
    middle: str
    width: str
    permitted: bool
    begins: str
    ends: str
    why: str
    has_room: bool


@dataclass(frozen=True, slots=True)
class Mark:
    """A point on the bar: an hour, the instant of the question, or the present."""

    x: str
    label: str
    anchor: str
    is_main: bool = True
    y: int = 11


@dataclass(frozen=True, slots=True)
class Bar:
    """One day, ready to be drawn."""

    day: date
    title: str
    zone: str
    length: str
    segments: tuple[Segment, ...]
    hours: tuple[Mark, ...]
    marks: tuple[Mark, ...]
    summary: str

    @property
    def is_closed(self) -> bool:
        """Whether no contact may begin at any time of the day."""
        return not any(segment.permitted for segment in self.segments)


def draw(plan: DayPlan, titles: Mapping[str, str], *, marks: Sequence[tuple[datetime, str]] = ()) -> Bar:
    """Return the bar of a plan. titles: of the rules, by id. marks: instants on that day with what they are called."""
    zone = ZoneInfo(plan.zone)
    segments = tuple(_segment(plan, span, zone, titles) for span in plan.spans)
    open_hours = [f"{one.begins}–{one.ends}" for one in segments if one.permitted]
    return Bar(
        day=plan.day,
        title=f"{WEEKDAYS[plan.day.weekday()]} {plan.day.isoformat()}",
        zone=plan.zone.replace("_", " "),
        length=_length(plan),
        segments=segments,
        hours=tuple(_hour(plan, hour, zone) for hour in TICKS),
        marks=_marks(plan, marks, zone),
        summary=words.listed(open_hours) if open_hours else _("at no time of this day"),
    )


def titles_of(packs: Sequence[Any], language: str) -> dict[str, str]:
    """Return the titles of the rules of these packs, by id."""
    return {rule.id: rule.title[language] for pack in packs for rule in pack.rules}


def _length(plan: DayPlan) -> str:
    hours = (plan.ends - plan.begins) / timedelta(hours=1)
    return "" if hours == 24 else _("a day of %(hours)s hours: the clocks change") % {"hours": f"{hours:g}"}


def _percent(share: float) -> str:
    return f"{share * 100:.3f}%"


def _clock(at: datetime, plan: DayPlan, zone: ZoneInfo) -> str:
    if at == plan.ends:
        return "24:00"
    there = at.astimezone(zone)
    return f"{there:%H:%M:%S}" if there.second else f"{there:%H:%M}"


def _segment(plan: DayPlan, span: Span, zone: ZoneInfo, titles: Mapping[str, str]) -> Segment:
    begins, ends = plan.share(span.begins), plan.share(span.ends)
    return Segment(
        x=_percent(begins),
        middle=_percent((begins + ends) / 2),
        width=_percent(ends - begins),
        permitted=span.permitted,
        begins=_clock(span.begins, plan, zone),
        ends=_clock(span.ends, plan, zone),
        why=words.listed(dict.fromkeys(titles.get(rule, rule) for rule in span.failing)),
        has_room=ends - begins >= WIDE,
    )


def _hour(plan: DayPlan, hour: int, zone: ZoneInfo) -> Mark:
    if hour == 24:
        return Mark("100%", "24", "end")
    at = datetime.combine(plan.day, time(hour), tzinfo=zone)
    return Mark(_percent(plan.share(at)), str(hour), "start" if hour == 0 else "middle", is_main=hour % 6 == 0)


def _marks(plan: DayPlan, marks: Sequence[tuple[datetime, str]], zone: ZoneInfo) -> tuple[Mark, ...]:
    """Return the marks of the day; one that lies close to the one before it is written a line lower."""
    drawn: list[Mark] = []
    before, lowered = -1.0, True
    for at, label in sorted(one for one in marks if plan.begins <= one[0] < plan.ends):
        share = plan.share(at)
        anchor = "start" if share < 0.12 else "end" if share > 0.88 else "middle"
        lowered = not lowered if share - before < CLOSE else False
        drawn.append(Mark(_percent(share), f"{label} {at.astimezone(zone):%H:%M}", anchor, y=24 if lowered else 11))
        before = share
    return tuple(drawn)
