"""The history of an account played from its beginning: which charge each payment meets, on every date. Pure.

The end depends on what happened and on when it counts, never on the order in which it became known. Therefore an event
that is recorded late is no special case: the history is played again, and the ledger gets the differences.

Order of one date: charges, then credit that waits for them, then payments, waivers and write-offs in an order of their
own (`Take.order`) that does not depend on recording either.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final

from cases.allocation import CREDIT, Due, Waterfall, split
from collections_app.shared.money import Money

ZERO: Final = Decimal(0)
Spot = tuple[str, date | None]  # component and due date
# What each take meets: (take, component, due date) -> amount, positive.
Met = Mapping[tuple[int, str, date | None], Decimal]
Choose = Callable[[date, list[Due]], Waterfall]


@dataclass(frozen=True, slots=True)
class Charge:
    """What raises a debt; a negative amount is the source saying that less is owed. gone_on: undone from that date."""

    component: str
    due_on: date | None
    amount: Decimal
    effective_on: date
    gone_on: date | None = None


@dataclass(frozen=True, slots=True)
class Take:
    """What lowers a debt: a payment, a waiver, a write-off. only: the components it may meet, None for any."""

    id: int
    amount: Decimal
    effective_on: date
    order: tuple[Any, ...]
    only: frozenset[str] | None = None
    gone_on: date | None = None


@dataclass(slots=True)
class _Position:
    """What is owed and what met it, while a history is played."""

    currency: str
    choose: Choose
    owed: dict[Spot, Decimal] = field(default_factory=dict)
    met: dict[tuple[int, str, date | None], Decimal] = field(default_factory=dict)

    def dues(self) -> list[Due]:
        left = dict(self.owed)
        for (_take, component, due_on), amount in self.met.items():
            if component != CREDIT:
                left[component, due_on] -= amount
        return [Due(component, due_on, amount) for (component, due_on), amount in left.items() if amount > 0]

    def play(self, on: date, charges: Mapping[Spot, Decimal], takes: list[Take], waiting: list[Take]) -> None:
        """Play one date. waiting: the takes before it, whose credit meets new charges first."""
        for spot, amount in charges.items():
            self.owed[spot] = self.owed.get(spot, ZERO) + amount
        for take in waiting:
            if credit := self.met.pop((take.id, CREDIT, None), ZERO):
                self._divide(take, credit, on)
        for take in takes:
            self._divide(take, take.amount, on)

    def _divide(self, take: Take, amount: Decimal, on: date) -> None:
        dues = self.dues()
        for part in split(Money(amount, self.currency), dues, self.choose(on, dues), on=on, only=take.only):
            key = (take.id, part.component, part.due_on)
            self.met[key] = self.met.get(key, ZERO) + part.amount


def play(
    charges: Iterable[Charge], takes: Iterable[Take], *, currency: str, choose: Choose
) -> Iterator[tuple[date, Met]]:
    """Yield, for every date on which something counts or is undone, in order, what each take meets from that date on.

    choose: returns the waterfall of a date, given what is still owed then. Something undone on a date is played from
    the beginning as though it had never been, and holds its place on the dates before.
    """
    charges, takes = list(charges), sorted(takes, key=lambda take: (take.effective_on, take.order, take.id))
    events: list[Charge | Take] = [*charges, *takes]
    dates = {event.effective_on for event in events}
    gone = {event.gone_on for event in events if event.gone_on is not None}
    lowered = {charge.effective_on for charge in charges if charge.amount < 0}
    position = _Position(currency, choose)
    for on in sorted(dates | gone):
        # After a lowering the charges before it count for less, so the position of the day before is no beginning.
        again = on in gone or any(day <= on for day in lowered)
        if again:
            position = _Position(currency, choose)
        live = _raised([charge for charge in charges if _stands(charge, on)])
        standing = [take for take in takes if _stands(take, on)]
        days = {*live, *(take.effective_on for take in standing)}
        for day in sorted(days if again else days & {on}):
            today = [take for take in standing if take.effective_on == day]
            before = [take for take in standing if take.effective_on < day]
            position.play(day, live.get(day, {}), today, before)
        yield on, dict(position.met)


def _stands(event: Charge | Take, on: date) -> bool:
    return event.effective_on <= on and (event.gone_on is None or event.gone_on > on)


def _raised(charges: list[Charge]) -> dict[date, dict[Spot, Decimal]]:
    """Return what is charged by date and spot, after every lowering took from the newest charges of its spot.

    A lowering beyond all charges of its spot (a credit balance on a tape) takes from the next ones.
    """
    rows: dict[Spot, list[list[Any]]] = {}
    for charge in sorted(charges, key=lambda charge: (charge.effective_on, -charge.amount)):
        of_spot = rows.setdefault((charge.component, charge.due_on), [])
        of_spot.append([charge.effective_on, charge.amount])
    raised: dict[date, dict[Spot, Decimal]] = {}
    for spot, of_spot in rows.items():
        stack: list[list[Any]] = []
        short = ZERO
        for day, amount in of_spot:
            if amount > 0:
                used = min(short, amount)
                short -= used
                stack.append([day, amount - used])
            else:
                short -= amount
                while short and stack:
                    used = min(short, stack[-1][1])
                    short -= used
                    stack[-1][1] -= used
                    if not stack[-1][1]:
                        stack.pop()
        for day, amount in stack:
            if amount:
                at = raised.setdefault(day, {})
                at[spot] = at.get(spot, ZERO) + amount
    return raised
