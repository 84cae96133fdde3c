"""Where it is daytime: a hint for the order in which people are worked, not a permission. The gate decides."""

from datetime import UTC, datetime, time
from functools import cache, lru_cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

LIKELY_HOURS: Final = (time(9), time(19))
QUARTER: Final = 15  # minutes


def zones(at: datetime) -> tuple[str, ...]:
    """Return the time zones, by name, in which a wall clock shows an hour at which people may well be called.

    Worked out from the clock alone and once in a quarter of an hour: clocks differ from UTC by whole quarters, so that
    none opens or closes in between. Nothing is asked of the book, whatever its size.
    """
    at = at.astimezone(UTC)
    return _zones(at.replace(minute=at.minute - at.minute % QUARTER, second=0, microsecond=0))


@lru_cache(maxsize=8)
def _zones(quarter: datetime) -> tuple[str, ...]:
    opens, closes = LIKELY_HOURS
    return tuple(name for name, zone in _known() if opens <= quarter.astimezone(zone).time() < closes)


@cache
def _known() -> tuple[tuple[str, ZoneInfo], ...]:
    return tuple((name, ZoneInfo(name)) for name in sorted(available_timezones()))
