"""Half-open ranges of dates, instants and times of day: the start belongs to them, the end does not."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta


class EmptyRange(ValueError):
    """The range ends before, or where, it starts."""


@dataclass(frozen=True, slots=True)
class DateRange:
    """Dates from `start` up to, not including, `end`; without an end it goes on."""

    start: date
    end: date | None = None

    def __post_init__(self) -> None:
        if self.end is not None and self.end <= self.start:
            raise EmptyRange(f"{self.start} to {self.end} holds no day")

    def __contains__(self, day: date) -> bool:
        return self.start <= day and (self.end is None or day < self.end)

    def overlaps(self, other: "DateRange") -> bool:
        """Return whether the two share a day."""
        return (other.end is None or self.start < other.end) and (self.end is None or other.start < self.end)

    def days(self) -> Iterator[date]:
        """Yield every day in order. Raises EmptyRange when the range has no end."""
        if self.end is None:
            raise EmptyRange("a range without an end cannot be counted through")
        for number in range((self.end - self.start).days):
            yield self.start + timedelta(days=number)

    @classmethod
    def last_days(cls, count: int, *, before: date) -> "DateRange":
        """Return the `count` days that end the day before `before`."""
        return cls(before - timedelta(days=count), before)


@dataclass(frozen=True, slots=True)
class InstantRange:
    """Instants from `start` up to, not including, `end`; both aware; without an end it goes on."""

    start: datetime
    end: datetime | None = None

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or (self.end is not None and self.end.tzinfo is None):
            raise ValueError("instants have a time zone")
        if self.end is not None and self.end <= self.start:
            raise EmptyRange(f"{self.start} to {self.end} holds no instant")

    def __contains__(self, at: datetime) -> bool:
        return self.start <= at and (self.end is None or at < self.end)

    def overlaps(self, other: "InstantRange") -> bool:
        """Return whether the two share an instant."""
        return (other.end is None or self.start < other.end) and (self.end is None or other.start < self.end)


@dataclass(frozen=True, slots=True)
class TimeRange:
    """Times of one day, `opens` belongs to it, `closes` does not; may pass midnight (22:00 to 06:00).

    Equal ends would mean either nothing or the whole day, so they are refused; the whole day is `ALL_DAY`.
    """

    opens: time
    closes: time | None = None

    def __post_init__(self) -> None:
        if self.opens == self.closes:
            raise EmptyRange(f"{self.opens} to {self.closes} holds no time")

    def __contains__(self, moment: time) -> bool:
        if self.closes is None:
            return self.opens <= moment
        if self.opens < self.closes:
            return self.opens <= moment < self.closes
        return self.opens <= moment or moment < self.closes


ALL_DAY = TimeRange(time(0, 0))
