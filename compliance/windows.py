"""Local clock windows: whether an instant is inside, and the first instant that is. Pure, daylight saving included."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
DAY_SECONDS = 86_400
HORIZON_DAYS = 400


def seconds(at: time | str) -> int:
    """Return seconds since local midnight; the text "24:00" is the end of the day."""
    if isinstance(at, str):
        if at == "24:00":
            return DAY_SECONDS
        at = time.fromisoformat(at)
    return at.hour * 3600 + at.minute * 60 + at.second


def clock(total: int) -> str:
    """Return HH:MM, with seconds where they are not nil."""
    hours, rest = divmod(total, 3600)
    minutes, secs = divmod(rest, 60)
    return f"{hours:02}:{minutes:02}" + (f":{secs:02}" if secs else "")


def local(at: datetime, zone: str) -> datetime:
    """Return the instant on the wall clock of the zone. Raises ZoneInfoNotFoundError."""
    return at.astimezone(ZoneInfo(zone))


def second_of_day(moment: datetime) -> int:
    """Return the seconds that a wall clock shows since midnight."""
    return moment.hour * 3600 + moment.minute * 60 + moment.second


def _first_instant_showing(day: date, second: int, zone: ZoneInfo) -> tuple[datetime, ...]:
    """Return the instants at which the wall clock first shows this time or, where it is jumped over, a later one."""
    wall = datetime.combine(day, time()) + timedelta(seconds=second)
    early = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    late = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    if early == late:
        return (early,)
    if early < late:  # the clock shows it twice
        return (early, late)
    # The clock jumps over it: early and late bracket the jump (late before it). Find it to the second.
    low, high = int(late.timestamp()), int(early.timestamp())
    before = late.astimezone(zone).utcoffset()
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, UTC).astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return (datetime.fromtimestamp(high, UTC),)


@lru_cache(maxsize=4096)
def start_of_day(day: date, zone: str) -> datetime:
    """Return the first instant of a local date, as UTC (a clock change may skip midnight)."""
    return _first_instant_showing(day, 0, ZoneInfo(zone))[0]


@lru_cache(maxsize=8192)
def instants_at(day: date, second: int, zone: str) -> tuple[datetime, ...]:
    """Return the instants at which this local time of this date begins (two when the clock is put back over it)."""
    return _first_instant_showing(day, second, ZoneInfo(zone))


def covers(moment: datetime, *, days: tuple[str, ...], start: int, end: int) -> bool:
    """Whether a recurring half-open window of local time holds the moment; end before start runs over midnight.

    days: names of the days on which the window begins; empty: every day.
    """
    second = second_of_day(moment)
    today = not days or WEEKDAYS[moment.weekday()] in days
    if start <= end:
        return today and start <= second < end
    yesterday = not days or WEEKDAYS[moment.weekday() - 1] in days
    return (today and second >= start) or (yesterday and second < end)


def first_inside(
    after: datetime,
    *,
    zones: Iterable[str],
    boundaries: Iterable[int],
    inside: Callable[[datetime], bool],
    horizon_days: int = HORIZON_DAYS,
) -> datetime | None:
    """Return the first instant later than `after` for which `inside` holds, looking where it can begin to hold.

    boundaries: local seconds of the day at which something opens or ends; midnight and every clock change to it are
    added. None when nothing within the horizon holds.
    """
    marks = sorted({0, *boundaries} - {DAY_SECONDS})
    names = tuple(zones)
    begin = after
    for _ in range(horizon_days):
        end = begin + timedelta(days=1)
        candidates: set[datetime] = set()
        for name in names:
            first, last = local(begin, name).date(), local(end, name).date()
            for number in range(first.toordinal(), last.toordinal() + 1):  # three dates where a short day lies between
                for mark in marks:
                    moments = instants_at(date.fromordinal(number), mark, name)
                    candidates.update(at for at in moments if begin < at <= end)
        for at in sorted(candidates):
            if inside(at):
                return at
        begin = end
    return None
