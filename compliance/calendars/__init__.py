"""Public holidays, working weekends and business days as dated, cited data, one TOML file each.

A year that is not loaded is never guessed: asking for it raises MissingFact, and the gate refuses.
"""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path

from compliance.facts import MissingFact

FOLDER = Path(__file__).parent


class CalendarError(ValueError):
    """A calendar file is wrong; the message names the file and the key."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """Days off (those in lieu included) and weekend days that are worked, for the years loaded."""

    name: str
    years: frozenset[int]
    off: frozenset[date]
    worked: frozenset[date]

    def _known(self, day: date) -> None:
        if day.year not in self.years:
            raise MissingFact(f"calendar {self.name} {day.year}")

    def is_holiday(self, day: date) -> bool:
        """Whether the day is a public holiday or a day off in its place. Raises MissingFact."""
        self._known(day)
        return day in self.off

    def is_nonworking(self, day: date) -> bool:
        """Whether nobody works: a holiday, or a weekend day that is not made up. Raises MissingFact."""
        self._known(day)
        return day in self.off or (day.weekday() > 4 and day not in self.worked)

    def add_business_days(self, start: date, count: int) -> date:
        """Return the count-th business day after the start, which is not counted itself. Raises MissingFact."""
        day = start
        while count:
            day += timedelta(days=1)
            if not self.is_nonworking(day):
                count -= 1
        return day


def _days(entries: object, path: Path, key: str) -> set[date]:
    days: set[date] = set()
    if not isinstance(entries, list):
        raise CalendarError(f"{path.name}: {key}: expected a list of days or [first, last] pairs")
    for entry in entries:
        first, last = entry if isinstance(entry, list) else (entry, entry)
        if type(first) is not date or type(last) is not date or last < first:
            raise CalendarError(f"{path.name}: {key}: {entry!r} is not a day or a [first, last] pair")
        days.update(first + timedelta(days=n) for n in range((last - first).days + 1))
    return days


@cache
def get(name: str) -> Calendar:
    """Return a calendar by the name of its file.

    Raises MissingFact when there is none, CalendarError when it is wrong.
    """
    path = FOLDER / f"{name}.toml"
    if not path.is_file():
        raise MissingFact(f"calendar {name}")
    with path.open("rb") as stream:
        data = tomllib.load(stream)
    years, off, worked = set(), set(), set()
    for entry in data.get("year", []):
        year = entry.get("year")
        if type(year) is not int or not entry.get("source"):
            raise CalendarError(f"{path.name}: every [[year]] needs year and source")
        if year in years:
            raise CalendarError(f"{path.name}: {year} is there twice")
        years.add(year)
        off |= _days(entry.get("off", []), path, f"{year}.off")
        worked |= _days(entry.get("worked", []), path, f"{year}.worked")
    return Calendar(name, frozenset(years), frozenset(off), frozenset(worked))


@cache
def version() -> str:
    """Return a short hash of all calendar files, stored with every decision."""
    digest = hashlib.sha256()
    for path in sorted(FOLDER.glob("*.toml")):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
