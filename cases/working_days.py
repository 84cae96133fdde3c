"""Is a day a public holiday where somebody lives, its name, and when banks work again: for hints on screens.

The gate asks `compliance.calendars`, which refuses years that are not known for certain; a hint may rest on what a
library computes for years to come, because nothing is refused by it.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, Final

from compliance import calendars
from compliance.calendars import CalendarError
from compliance.facts import MissingFact

_CALENDARS: Final = {"US": "US-FED", "GB": "GB-EW", "AU": "AU-NATIONAL"}
_WEEKEND: Final = (5, 6)
_LONGEST: Final = 30


@dataclass(frozen=True, slots=True)
class Holiday:
    """A day off: its name in the reader's language, and the first working day after it."""

    day: date
    name: str
    next_working: date


def holiday(day: date, *, place: str, language: str = "en") -> Holiday | None:
    """Return the public holiday that a day is in a place ("CN", "US-NY"), or None. language: of the name."""
    name = _name(day, place, language)
    if not name:
        return None
    later = (day + timedelta(days=count) for count in range(1, _LONGEST))
    return Holiday(day, name, next((one for one in later if is_working(one, place=place)), day + timedelta(days=1)))


def is_working(day: date, *, place: str) -> bool:
    """Whether people work on a day in a place, as far as is known; elsewhere on every day from Monday to Friday."""
    country = place[:2]
    try:
        return not calendars.get(_CALENDARS.get(country, country)).is_nonworking(day)
    except (CalendarError, MissingFact):
        table = _table(country, place[3:], day.year, "en_US")
        worked = table is not None and day in getattr(table, "weekend_workdays", ())
        off = table is not None and day in table and not worked
        return not off and (day.weekday() not in _WEEKEND or worked)


def _name(day: date, place: str, language: str) -> str:
    chinese = language.lower().startswith("zh")
    if place[:2] == "CN":
        from chinese_calendar import constants

        known = constants.holidays.get(day)
        if known is not None:
            return str(constants.Holiday(known).chinese if chinese else known)
        if any(one.year == day.year for one in constants.holidays):
            return ""
    table = _table(place[:2], place[3:], day.year, "zh_CN" if chinese else "en_US")
    return str(table.get(day) or "") if table is not None else ""


@lru_cache(maxsize=64)
def _table(country: str, part: str, year: int, language: str) -> Any:
    """Return the holidays of a year, or None for a place that the library does not know."""
    import holidays  # 80 ms that only a process pays which asks for a day

    kind = getattr(holidays, country, None)
    if not country or kind is None:
        return None
    known = language if language in getattr(kind, "supported_languages", ()) else None
    part = part if part in getattr(kind, "subdivisions", ()) else ""
    return holidays.country_holidays(country, subdiv=part or None, years=[year], language=known)
