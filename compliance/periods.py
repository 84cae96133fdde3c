"""Legal periods in dates alone: the corresponding day, the end of a month, a last day that is a holiday, a fresh start.

No facts, no clock. A period of months or years does not count the day of the event; it ends with the corresponding
day, or the last day of a month that has none, at midnight; where that day is a holiday, with the day after the holiday.
"""

from __future__ import annotations

import calendar as month_lengths
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from compliance import calendars
from compliance.facts import Id, MissingFact


def add_months(day: date, months: int) -> date:
    """Return the corresponding day so many months on, or the end of that month where it has none."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, month_lengths.monthrange(year, month + 1)[1]))


def roll_over_holiday(day: date, calendar: str) -> date:
    """Return the day, or the first day after the holiday that it falls on. Raises MissingFact for a year not loaded."""
    table = calendars.get(calendar)
    while table.is_holiday(day):
        day += timedelta(days=1)
    return day


def still_within(day: date, ends: date, calendar: str | None) -> bool:
    """Whether the day is not later than the end, rolled over a holiday where a calendar is named and it matters."""
    return day <= ends or (calendar is not None and day <= roll_over_holiday(ends, calendar))


@dataclass(frozen=True, slots=True)
class Break:
    """What starts a period anew: the day, why (demand, payment, promise, plan, suit, assignment), and its fact."""

    day: date
    ground: str
    id: Id | None = None


@dataclass(frozen=True, slots=True)
class Period:
    """A period: the day it began (not counted), its last day, and what started it anew on the way.

    ends: as the calendar of months and days gives it, before a holiday moves it. calendar: whose holidays move it.
    """

    starts: date
    ends: date
    interrupted_by: tuple[Break, ...] = ()
    calendar: str | None = None
    person_id: Id | None = None

    def holds(self, day: date) -> bool:
        """Whether the day is not later than the last one. Raises MissingFact where a holiday matters and is unknown."""
        return still_within(day, self.ends, self.calendar)

    @property
    def last_day(self) -> tuple[date, bool]:
        """The last day, moved over a holiday, and whether the calendar reaches it; the plain day where it does not."""
        if self.calendar is None:
            return self.ends, True
        try:
            return roll_over_holiday(self.ends, self.calendar), True
        except MissingFact:
            return self.ends, False


def running(
    starts: date,
    breaks: Iterable[Break] = (),
    *,
    months: int,
    outer_months: int | None = None,
    calendar: str | None = None,
) -> Period:
    """Return the period of so many months that each break within it starts anew, but never beyond the outer limit.

    A break after the end does nothing. Raises MissingFact where a holiday decides whether a break came in time and the
    calendar does not reach it.
    """
    ends = add_months(starts, months)
    outer = None if outer_months is None else add_months(starts, outer_months)
    used = []
    for one in sorted(breaks, key=lambda one: one.day):
        if starts < one.day and still_within(one.day, ends, calendar):
            used.append(one)
            ends = add_months(one.day, months)
    if outer is not None:
        ends = min(ends, outer)
    return Period(starts, ends, tuple(used), calendar)
