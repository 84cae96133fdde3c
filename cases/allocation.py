"""How an amount is divided over what is owed: pure functions, and the orders as data (allocation_data/waterfalls.toml).

A due is what is owed of one component with one due date. A waterfall says which dues an amount meets first. What no due
takes is credit: money of the debtor that waits for the next charge.
"""

import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final

from collections_app.shared.money import Money

DATA: Final = Path(__file__).with_name("allocation_data") / "waterfalls.toml"
UNSPLIT: Final = "unsplit"
CREDIT: Final = "credit"
COMPONENTS: Final = ("principal", "interest", "penalty", "fee", "cost")
TIMINGS: Final = ("past_due", "due", "in_advance")
ORDERS: Final = ("horizontal", "vertical")
FUTURES: Final = ("next", "last", "even")
ANY: Final = "*"


class AllocationDataError(ValueError):
    """The data of waterfalls cannot be used; the message names file, row and key."""


@dataclass(frozen=True, slots=True)
class Due:
    """What is still owed of one component with one due date. due_on None: it was due at once."""

    component: str
    due_on: date | None
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Portion:
    """The part of an amount that meets one due; component `credit` is what met none."""

    component: str
    due_on: date | None
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Step:
    """One place in the order: a component at a time before, on or after its due date."""

    timing: str
    component: str


@dataclass(frozen=True, slots=True)
class Waterfall:
    """An order of dues. horizontal: one due date is finished before the next; vertical: one component is.

    future: what an amount does with dues in advance: meets the next one first, the last one first, or all of them
    evenly, to the cent.
    """

    name: str
    steps: tuple[Step, ...]
    order: str = "horizontal"
    future: str = "next"

    def sorted(self, dues: Iterable[Due], *, on: date) -> list[Due]:
        """Return the dues that an amount may meet, first to be met first; those without a step are left out."""
        places: dict[tuple[str, str], tuple[int, int]] = {}
        group, before = -1, ""
        for place, step in enumerate(self.steps):
            group += step.timing != before
            before = step.timing
            places.setdefault((step.timing, step.component), (group, place))

        def key(due: Due) -> tuple[int, int, int, int]:
            when = timing(due, on)
            group, place = places[when, due.component]
            day = (due.due_on or date.min).toordinal()
            if when == "in_advance" and self.future == "last":
                day = -day
            return (group, 0 if self.order == "horizontal" else place, day, place)

        return sorted((due for due in dues if (timing(due, on), due.component) in places), key=key)


def timing(due: Due, on: date) -> str:
    """Return whether a due is past due, due or in advance on a date; one without a date was due at once."""
    if due.due_on is None or due.due_on < on:
        return "past_due"
    return "due" if due.due_on == on else "in_advance"


def split(
    amount: Money, dues: Iterable[Due], waterfall: Waterfall, *, on: date, only: Collection[str] | None = None
) -> tuple[Portion, ...]:
    """Divide an amount over the dues in the waterfall's order; what is left over is credit. The portions sum to it.

    on: the date from which the amount counts. only: the components it may meet. Raises ValueError below zero.
    """
    if amount.amount < 0:
        raise ValueError("what is divided is not negative")
    left = amount.amount
    portions: list[Portion] = []
    ordered = waterfall.sorted((due for due in _merged(dues) if only is None or due.component in only), on=on)
    if waterfall.future == "even":
        future = [due for due in ordered if timing(due, on) == "in_advance"]
        ordered = [due for due in ordered if timing(due, on) != "in_advance"]
        left = _meet(ordered, left, portions)
        left = _meet_evenly(future, Money(left, amount.currency), portions)
    else:
        left = _meet(ordered, left, portions)
    if left > 0:
        portions.append(Portion(CREDIT, None, left))
    return tuple(portions)


def _meet(dues: Iterable[Due], left: Decimal, portions: list[Portion]) -> Decimal:
    """Meet these dues in this order; return what is left."""
    for due in dues:
        part = min(left, due.amount)
        if part > 0:
            portions.append(Portion(due.component, due.due_on, part))
            left -= part
    return left


def _meet_evenly(dues: Sequence[Due], left: Money, portions: list[Portion]) -> Decimal:
    """Give every due date the same, the odd cents to the last ones; what a date cannot take goes to the others."""
    days: dict[date | None, list[Due]] = {}
    for due in sorted(dues, key=lambda due: due.due_on or date.min):
        days.setdefault(due.due_on, []).append(due)
    owed = {day: sum((due.amount for due in of_day), Decimal(0)) for day, of_day in days.items()}
    rest = left.amount
    while rest > 0 and (room := [day for day, amount in owed.items() if amount > 0]):
        for day, share in zip(room, reversed(Money(rest, left.currency).split(len(room))), strict=True):
            part = min(share.amount, owed[day])
            owed[day] -= part
            rest -= part
    for day, of_day in days.items():
        _meet(of_day, sum((due.amount for due in of_day), Decimal(0)) - owed[day], portions)
    return rest


def _merged(dues: Iterable[Due]) -> list[Due]:
    owed: dict[tuple[str, date | None], Decimal] = {}
    for due in dues:
        owed[due.component, due.due_on] = owed.get((due.component, due.due_on), Decimal(0)) + due.amount
    return [Due(component, due_on, amount) for (component, due_on), amount in owed.items() if amount > 0]


# -- the orders as data ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """Where a waterfall holds. dpd_to None: no end. source: what it stands on."""

    jurisdiction: str
    product: str
    dpd_from: int
    dpd_to: int | None
    waterfall: Waterfall
    source: str

    def is_for(self, jurisdiction: str, product: str) -> bool:
        """Return whether the row speaks of debts of this kind under this law ("CN-31" is under "CN")."""
        country = jurisdiction.partition("-")[0]
        return self.jurisdiction in (ANY, jurisdiction, country) and self.product in (ANY, product)

    def holds_at(self, dpd: int) -> bool:
        """Return whether the row speaks of debts so many days past due."""
        return self.dpd_from <= dpd and (self.dpd_to is None or dpd <= self.dpd_to)


@dataclass(frozen=True, slots=True)
class Book:
    """All waterfalls by name, and the rows that choose among them."""

    waterfalls: Mapping[str, Waterfall]
    rows: tuple[Row, ...]


@cache
def book() -> Book:
    """Return what the program's own file says."""
    return read(DATA)


def read(path: Path) -> Book:
    """Read waterfalls and rows. Raises AllocationDataError naming file, row and key."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as broken:
        raise AllocationDataError(f"{path.name}: {broken}") from broken
    waterfalls: dict[str, Waterfall] = {}
    for number, raw in enumerate(data.get("waterfall", ()), 1):
        where = f"{path.name}, waterfall {number}"
        name = _text(raw, "name", where)
        if name in waterfalls:
            raise AllocationDataError(f"{where}: key 'name': {name!r} is there twice")
        waterfalls[name] = _waterfall(raw, name, where)
    rows = [_row(raw, waterfalls, f"{path.name}, row {number}") for number, raw in enumerate(data.get("row", ()), 1)]
    if not any(row.is_for("", "") and row.holds_at(0) and row.dpd_to is None for row in rows):
        raise AllocationDataError(f"{path.name}: no row holds for every jurisdiction and product from day 0")
    return Book(waterfalls, tuple(rows))


def _waterfall(raw: Mapping[str, Any], name: str, where: str) -> Waterfall:
    order = _one_of(raw.get("order", "horizontal"), ORDERS, "order", where)
    future = _one_of(raw.get("future", "next"), FUTURES, "future", where)
    if "steps" in raw:
        pairs = [str(each).partition(":") for each in raw["steps"]]
        steps = [
            Step(_one_of(at, TIMINGS, "steps", where), _one_of(what, (*COMPONENTS, UNSPLIT), "steps", where))
            for at, _colon, what in pairs
        ]
        return Waterfall(name, tuple(steps), order, future)
    timings = [_one_of(each, TIMINGS, "timings", where) for each in raw.get("timings", TIMINGS)]
    components = [_one_of(each, COMPONENTS, "components", where) for each in raw.get("components", ())]
    if len(set(components)) != len(components):
        raise AllocationDataError(f"{where}: key 'components': one is named twice")
    return Waterfall(name, _steps(timings, components), order, future)


def _steps(timings: Sequence[str], components: Sequence[str]) -> tuple[Step, ...]:
    full = [*components, *(each for each in COMPONENTS if each not in components), UNSPLIT]
    return tuple(Step(at, component) for at in timings for component in full)


def _row(raw: Mapping[str, Any], waterfalls: Mapping[str, Waterfall], where: str) -> Row:
    unknown = set(raw) - {"jurisdiction", "product", "dpd_from", "dpd_to", "waterfall", "source"}
    if unknown:
        raise AllocationDataError(f"{where}: key {sorted(unknown)[0]!r} is not known")
    name = _text(raw, "waterfall", where)
    if name not in waterfalls:
        raise AllocationDataError(f"{where}: key 'waterfall': there is no {name!r}")
    return Row(
        jurisdiction=_text(raw, "jurisdiction", where),
        product=_text(raw, "product", where),
        dpd_from=_days(raw.get("dpd_from", 0), "dpd_from", where),
        dpd_to=_days(raw["dpd_to"], "dpd_to", where) if "dpd_to" in raw else None,
        waterfall=waterfalls[name],
        source=_text(raw, "source", where),
    )


def _text(raw: Mapping[str, Any], key: str, where: str) -> str:
    value = raw.get(key)
    if not isinstance(value, str) or not value.strip():
        raise AllocationDataError(f"{where}: key {key!r} must be a text")
    return value


def _days(value: Any, key: str, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise AllocationDataError(f"{where}: key {key!r} must be a number of days, not {value!r}")
    return value


def _one_of(value: Any, known: Sequence[str], key: str, where: str) -> str:
    if value not in known:
        raise AllocationDataError(f"{where}: key {key!r}: {value!r} is none of {', '.join(known)}")
    return str(value)


# -- choice ------------------------------------------------------------------------------------------------------------


def rows_for(jurisdiction: str, product: str) -> tuple[Row, ...]:
    """Return the rows for debts of a kind under a law, up to and including the first that holds at any age."""
    found = []
    for row in book().rows:
        if row.is_for(jurisdiction, product):
            found.append(row)
            if row.dpd_from == 0 and row.dpd_to is None:
                break
    return tuple(found)


def choose(*, jurisdiction: str, product: str, dpd: int, own: Sequence[str] = ()) -> Waterfall:
    """Return the waterfall of a debt.

    product: its kind. dpd: days past due on the date from which the amount counts. own: the product's own order, the
    names of components or the name of one waterfall. Raises AllocationDataError.
    """
    if own:
        return of_product(tuple(own))
    return next(row for row in rows_for(jurisdiction, product) if row.holds_at(dpd)).waterfall


@cache
def of_product(own: tuple[str, ...]) -> Waterfall:
    """Return the waterfall that a product names itself. Raises AllocationDataError."""
    if len(own) == 1 and own[0] in book().waterfalls:
        return book().waterfalls[own[0]]
    return _waterfall({"components": list(own)}, "own", "the product's own order")
