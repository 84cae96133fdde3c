"""The parts of a promise: what covers them, and what has become of them. Pure.

Money meets the earliest part first. A part is met when what was paid in its time, with what was paid for those before
it, covers it within the promise's tolerance.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

ZERO: Final = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Part:
    """So much by that day; business dates are the creditor's."""

    due_on: date
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Paid:
    """Money that came: the day from which it counts, and how much."""

    value_on: date
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a promise stands on a day.

    next_due: the day of the first part that is not met, None when all are. missed: the first part whose grace ended
    unmet, None while there is none.
    """

    next_due: date | None
    missed: Part | None
    paid: Decimal


def in_order(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Return the parts by day; those of one day together."""
    days: dict[date, Decimal] = {}
    for part in parts:
        days[part.due_on] = days.get(part.due_on, ZERO) + part.amount
    return tuple(Part(day, days[day]) for day in sorted(days))


def total(parts: Iterable[Part]) -> Decimal:
    """Return the sum of the parts."""
    return sum((part.amount for part in parts), ZERO)


def standing(
    parts: Sequence[Part], payments: Sequence[Paid], *, grace_days: int, tolerance: Decimal, on: date
) -> Standing:
    """Return where a promise stands on a business date, from what counts towards it."""
    paid = sum((each.amount for each in payments), ZERO)
    due, needed = ZERO, None
    missed = None
    for part in parts:
        due += part.amount
        last_day = part.due_on + timedelta(days=grace_days)
        in_time = sum((each.amount for each in payments if each.value_on <= last_day), ZERO)
        if paid < due - tolerance and needed is None:
            needed = part.due_on
        if in_time < due - tolerance and last_day < on and missed is None:
            missed = part
    return Standing(needed, missed, paid)


def covered(parts: Sequence[Part], paid: Decimal) -> list[Decimal]:
    """Return how much of each part is paid: the earliest first."""
    found = []
    for part in parts:
        used = min(part.amount, max(ZERO, paid))
        found.append(used)
        paid -= used
    return found
