"""Reference rates as dated, cited data, one TOML file each: per cent a year from a date on, to the next entry.

A day before the first entry or after `through` is never guessed: asking raises MissingFact.
"""

from __future__ import annotations

import tomllib
from bisect import bisect_right
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from itertools import pairwise
from pathlib import Path

from compliance.facts import MissingFact

FOLDER = Path(__file__).parent


class RateError(ValueError):
    """A file of rates is wrong; the message names it and the entry."""


@dataclass(frozen=True, slots=True)
class Series:
    """A rate over time: the days on which it changed, what it was from then on, and the last day that is known."""

    name: str
    source: str
    begins: tuple[date, ...]
    rates: tuple[Decimal, ...]
    through: date

    def on(self, day: date) -> Decimal:
        """Return the rate of a day, per cent a year. Raises MissingFact."""
        place = bisect_right(self.begins, day) - 1
        if place < 0 or day > self.through:
            raise MissingFact(f"rate {self.name} {day.isoformat()}")
        return self.rates[place]


@cache
def get(name: str) -> Series:
    """Return a series by the name of its file. Raises MissingFact when there is none, RateError when it is wrong."""
    path = FOLDER / f"{name}.toml"
    if not path.is_file():
        raise MissingFact(f"rate {name}")
    return read(path)


def read(path: Path) -> Series:
    """Return the series of a file. Raises RateError."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RateError(f"{path.name}: {error}") from None
    through, source = data.get("through"), data.get("source")
    if type(through) is not date or not source:
        raise RateError(f"{path.name}: through (the last day known) and source are needed")
    begins, rates = [], []
    for number, entry in enumerate(data.get("rate", []), 1):
        if type(entry.get("from")) is not date or not isinstance(entry.get("percent"), str):
            raise RateError(f"{path.name}: rate {number}: from (a date) and percent (text) are needed")
        begins.append(entry["from"])
        rates.append(Decimal(entry["percent"]))
    if not begins or any(earlier >= later for earlier, later in pairwise(begins)) or through < begins[-1]:
        raise RateError(f"{path.name}: rates are in the order of their dates, and through is not before the last")
    return Series(path.stem, str(source), tuple(begins), tuple(rates), through)
