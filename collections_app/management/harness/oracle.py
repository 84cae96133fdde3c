"""The replayer: judges every hand-over again from what the carrier saw, with date arithmetic of its own.

It knows the few rules of the trial's book by heart and shares no code, no zone database and no stored outcome with the
product: whole seconds since 1970, and the rule by which New York changes its clocks.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

HOUR: Final = 3600
OPENS, CLOSES = 8, 22  # local hours of the day between which the book's people may be written to
SLACK: Final = timedelta(seconds=45)  # of the trial's clock, between the last look of a sender and the carrier's


@dataclass(frozen=True, slots=True)
class HandOver:
    """What the carrier took: to whom, and when by the clock of the trial."""

    to: str
    at: datetime


def seconds_east(zone: str, at: datetime) -> int:
    """Return how many seconds a zone of the trials is ahead of UTC at an instant. Raises KeyError for another one."""
    if zone == "America/New_York":
        summer = _sunday(at.year, 3, 2) + 7 * HOUR, _sunday(at.year, 11, 1) + 6 * HOUR
        return (-4 if summer[0] <= _since_1970(at) < summer[1] else -5) * HOUR
    return {"Asia/Shanghai": 8 * HOUR, "UTC": 0}[zone]


def local_day_and_hour(zone: str, at: datetime) -> tuple[int, float]:
    """Return the number of the local day since 1970, and the hour of that day with its fraction."""
    day, rest = divmod(_since_1970(at) + seconds_east(zone, at), 86_400)
    return int(day), rest / HOUR


def outside_hours(taken: Iterable[HandOver], *, zone: str) -> int:
    """Return how many were taken at an hour at which nobody may be written to."""
    wrong = 0
    for each in taken:
        early = local_day_and_hour(zone, each.at)[1] < OPENS
        late = local_day_and_hour(zone, each.at - SLACK)[1] >= CLOSES
        wrong += early or late
    return wrong


def over_limit(taken: Iterable[HandOver], *, zone: str, limit: int) -> int:
    """Return for how many persons and local days more were taken than the firm allows itself."""
    counts = Counter((each.to, local_day_and_hour(zone, each.at)[0]) for each in taken)
    return sum(count > limit for count in counts.values())


def mixed_versions(decided: Iterable[tuple[datetime, Sequence[str]]], *, old: str, new: str, begins: datetime) -> int:
    """Return how many decisions name not exactly the version of the exchanged pack that bound at their instant."""
    wrong = 0
    for at, hashes in decided:
        named = {name for name in (old, new) if any(each and name.startswith(each) for each in hashes)}
        wrong += named != {new if at >= begins else old}
    return wrong


def _since_1970(at: datetime) -> float:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()


def _sunday(year: int, month: int, number: int) -> int:
    """Return the seconds at which the n-th Sunday of a month begins in UTC."""
    first = date(year, month, 1).toordinal()
    sunday = first + -first % 7 + 7 * (number - 1)  # the ordinal of a Sunday is a multiple of seven
    return (sunday - date(1970, 1, 1).toordinal()) * 86_400
