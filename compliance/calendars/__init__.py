"""Public holidays, working weekends and business days: from pinned libraries and dated, cited corrections.

One TOML file a calendar says which library and place the days come from, the first and the last year for which they are
known, and why; `[[override]]` corrects single days. A year beyond `through` is never guessed, and a day that the
library only estimates (a moon not yet sighted) is not known: asking raises MissingFact, and the gate refuses.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.metadata import version as library_version
from pathlib import Path
from typing import Any, Final

from compliance.facts import MissingFact

FOLDER = Path(__file__).parent
LIBRARIES: Final = ("chinesecalendar", "holidays")
_KEYS: Final = frozenset(
    {"library", "place", "subdivision", "categories", "from", "through", "source", "known", "weekend", "override"}
)
_KINDS: Final = ("off", "worked", "ordinary")
_WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class CalendarError(ValueError):
    """A calendar file is wrong, or its library does not know what it promises; the message names file and key."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """Days off (those in lieu included) and weekend days that are worked, for the years that are known."""

    name: str
    years: frozenset[int]
    off: frozenset[date]
    worked: frozenset[date]
    source: str = ""
    weekend: frozenset[int] = frozenset({5, 6})

    def _known(self, day: date) -> None:
        if day.year not in self.years:
            raise MissingFact(f"calendar {self.name} {day.year}")

    @property
    def ends(self) -> date:
        """The last day that is known."""
        return date(max(self.years), 12, 31)

    def is_holiday(self, day: date) -> bool:
        """Whether the day is a public holiday or a day off in its place. Raises MissingFact."""
        self._known(day)
        return day in self.off

    def is_holiday_or_sunday(self, day: date) -> bool:
        """Whether the day is a public holiday or a Sunday. Raises MissingFact."""
        return self.is_holiday(day) or day.weekday() == 6

    def is_nonworking(self, day: date) -> bool:
        """Whether nobody works: a holiday, or a weekend day that is not made up. Raises MissingFact."""
        self._known(day)
        return day in self.off or (day.weekday() in self.weekend and day not in self.worked)

    def add_business_days(self, start: date, count: int) -> date:
        """Return the count-th business day after the start, which is not counted itself. Raises MissingFact."""
        day = start
        while count:
            day += timedelta(days=1)
            if not self.is_nonworking(day):
                count -= 1
        return day


def _span(entry: Mapping[str, Any], where: str) -> list[date]:
    value = entry.get("day")
    first, last = value if isinstance(value, list) and len(value) == 2 else (value, value)
    if type(first) is not date or type(last) is not date or last < first:
        raise CalendarError(f"{where}: day: {value!r} is not a day or a [first, last] pair")
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _from_holidays(data: Mapping[str, Any], years: range, where: str) -> tuple[set[date], set[date]]:
    """Return days off and weekend days worked, by the library `holidays`."""
    import holidays  # 80 ms that only a process pays which asks for a day

    try:
        table = holidays.country_holidays(
            str(data.get("place")),
            subdiv=data.get("subdivision"),
            years=years,
            categories=tuple(data.get("categories", ("public",))),
            language="en_US",
        )
    except (NotImplementedError, ValueError) as error:
        raise CalendarError(f"{where}: place: {error}") from None
    named = {day: name for day, name in table.items() if day.year in years}
    settled = {day for entry in data.get("override", []) for day in _span(entry, where)}
    estimated = [day for day, name in named.items() if "estimated" in name.lower() and day not in settled]
    if estimated:
        raise CalendarError(f"{where}: through: {min(estimated)} is only estimated")
    worked = {day for day in getattr(table, "weekend_workdays", ()) if day.year in years}
    return set(named) - worked, worked


def _from_chinesecalendar(years: range, where: str) -> tuple[set[date], set[date]]:
    """Return days off and weekend days worked in mainland China, by the library `chinesecalendar`."""
    from chinese_calendar import constants

    known = {day.year for day in constants.holidays}
    if missing := set(years) - known:
        raise CalendarError(f"{where}: the library does not know {min(missing)}")
    return (
        {day for day in constants.holidays if day.year in years},
        {day for day in constants.workdays if day.year in years},
    )


def _corrected(
    days: tuple[set[date], set[date]], entries: Iterable[Mapping[str, Any]], years: range, where: str
) -> tuple[set[date], set[date]]:
    off, worked = days
    for number, entry in enumerate(entries, 1):
        spot = f"{where}: override {number}"
        if set(entry) != {"day", "is", "source"} or entry["is"] not in _KINDS or not entry["source"]:
            raise CalendarError(f"{spot}: day, is ({', '.join(_KINDS)}) and source are needed, and nothing else")
        for day in _span(entry, spot):
            if day.year not in years:
                raise CalendarError(f"{spot}: {day} is not between from and through")
            off.discard(day)
            worked.discard(day)
            if entry["is"] != "ordinary":
                (off if entry["is"] == "off" else worked).add(day)
    return off, worked


def read(path: Path) -> Calendar:
    """Return the calendar of a file. Raises CalendarError."""
    where = path.name
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CalendarError(f"{where}: {error}") from None
    if unknown := set(data) - _KEYS:
        raise CalendarError(f"{where}: {', '.join(sorted(unknown))}: no such key")
    first, last = data.get("from"), data.get("through")
    if type(first) is not int or type(last) is not int or last < first:
        raise CalendarError(f"{where}: from and through are the first and the last year that are known")
    for key in ("source", "known"):
        if not data.get(key):
            raise CalendarError(f"{where}: {key}: missing")
    weekend = data.get("weekend", ["Sat", "Sun"])
    if set(weekend) - set(_WEEKDAYS):
        raise CalendarError(f"{where}: weekend: Mon ... Sun")
    years = range(first, last + 1)
    match data.get("library"):
        case "holidays":
            days = _from_holidays(data, years, where)
        case "chinesecalendar":
            days = _from_chinesecalendar(years, where)
        case other:
            raise CalendarError(f"{where}: library: {other!r} is none of {', '.join(LIBRARIES)}")
    off, worked = _corrected(days, data.get("override", []), years, where)
    return Calendar(
        name=path.stem,
        years=frozenset(years),
        off=frozenset(off),
        worked=frozenset(worked),
        source=str(data["source"]),
        weekend=frozenset(_WEEKDAYS.index(day) for day in weekend),
    )


@cache
def get(name: str) -> Calendar:
    """Return a calendar by the name of its file, read once per process.

    Raises MissingFact when there is none, CalendarError when it is wrong.
    """
    path = FOLDER / f"{name}.toml"
    if not path.is_file():
        raise MissingFact(f"calendar {name}")
    return read(path)


def names() -> tuple[str, ...]:
    """Return the names of all calendars."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def ends(name: str) -> date:
    """Return the last day that a calendar knows. Raises MissingFact when there is no such calendar."""
    return get(name).ends


def ending(by: date) -> list[tuple[str, date]]:
    """Return the calendars whose last known day is not later than this one, with that day, the soonest first."""
    return sorted(((name, ends(name)) for name in names() if ends(name) <= by), key=lambda pair: (pair[1], pair[0]))


@cache
def version() -> str:
    """Return a short hash of all calendar files and the libraries' versions, stored with every decision."""
    digest = hashlib.sha256()
    for library in LIBRARIES:
        digest.update(f"{library} {library_version(library)}\n".encode())
    for path in sorted(FOLDER.glob("*.toml")):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
