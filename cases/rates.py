"""What a debt bears a year: rates of its product by date, and caps of law as data (allocation_data/caps.toml)."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, Final

from cases.allocation import ANY, AllocationDataError

CAPS: Final = Path(__file__).with_name("allocation_data") / "caps.toml"
KEYS: Final = frozenset({"jurisdiction", "product", "percent", "from", "until", "source", "confirmed"})


@dataclass(frozen=True, slots=True)
class RateOn:
    """A rate from a date on: percent a year of the principal (interest) or of its part past due (penalty)."""

    component: str
    percent: Decimal
    from_on: date
    day_count: str = "act/365"
    grace_days: int = 0


@dataclass(frozen=True, slots=True)
class Cap:
    """The most a debt may bear a year, interest and penalty interest together, while it is in force."""

    jurisdiction: str
    product: str
    percent: Decimal
    from_on: date
    until: date | None
    source: str
    is_confirmed: bool

    def holds(self, jurisdiction: str, product: str, on: date) -> bool:
        """Return whether it binds a debt of this kind under this law on a day."""
        place = self.jurisdiction in (ANY, jurisdiction, jurisdiction.partition("-")[0])
        time = self.from_on <= on and (self.until is None or on <= self.until)
        return place and time and self.product in (ANY, product)


def in_force(rates: Iterable[RateOn], component: str, on: date) -> RateOn | None:
    """Return the rate of a component on a day: the one that began last."""
    begun = [rate for rate in rates if rate.component == component and rate.from_on <= on]
    return max(begun, key=lambda rate: rate.from_on, default=None)


def capped(rates: Sequence[RateOn], caps: Sequence[Cap], on: date) -> dict[str, tuple[Decimal, RateOn]]:
    """Return percent and rate by component on a day. Interest takes its place under the lowest cap before penalty."""
    room = min((cap.percent for cap in caps), default=None)
    found: dict[str, tuple[Decimal, RateOn]] = {}
    for component in ("interest", "penalty"):
        rate = in_force(rates, component, on)
        if rate is None:
            continue
        percent = rate.percent if room is None else min(rate.percent, room)
        room = None if room is None else room - percent
        found[component] = (percent, rate)
    return found


def share_of_year(day: date, following: date, day_count: str) -> Fraction:
    """Return what part of a year lies between a day and a later one. Shares of neighbouring spans add up exactly.

    30/360: every month has thirty days, the 31st counts as the 30th. Source: ISDA 2006 definitions, 4.16(g) (30E/360).
    """
    if day_count == "30/360":
        months = (following.year - day.year) * 12 + following.month - day.month
        return Fraction(months * 30 + min(following.day, 30) - min(day.day, 30), 360)
    return Fraction((following - day).days, 360 if day_count == "act/360" else 365)


@cache
def caps() -> tuple[Cap, ...]:
    """Return what the program's own file says."""
    return read(CAPS)


def read(path: Path) -> tuple[Cap, ...]:
    """Read caps. Raises AllocationDataError naming file, row and key."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as broken:
        raise AllocationDataError(f"{path.name}: {broken}") from broken
    return tuple(_cap(raw, f"{path.name}, row {number}") for number, raw in enumerate(data.get("cap", ()), 1))


def _cap(raw: Mapping[str, Any], where: str) -> Cap:
    for key in sorted(set(raw) - KEYS):
        raise AllocationDataError(f"{where}: key {key!r} is not known")
    for key, kind in (("jurisdiction", str), ("product", str), ("source", str), ("from", date), ("confirmed", bool)):
        if not isinstance(raw.get(key), kind):
            raise AllocationDataError(f"{where}: key {key!r} is missing or of the wrong kind")
    try:
        percent = Decimal(raw["percent"]) if isinstance(raw.get("percent"), str) else Decimal(-1)
    except InvalidOperation:
        percent = Decimal(-1)
    if not percent.is_finite() or percent < 0:
        raise AllocationDataError(f"{where}: key 'percent' must be a percentage as a text")
    return Cap(
        raw["jurisdiction"], raw["product"], percent, raw["from"], raw.get("until"), raw["source"], raw["confirmed"]
    )
