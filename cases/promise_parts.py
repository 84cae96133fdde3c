"""The parts of a promise: how they are typed, what covers them, and what has become of them. Pure.

"500" with a day beside it is one part. "500 fri, 500 30/11" is two; parts are kept apart by commas, semicolons or new
lines, in full width too. Money meets the earliest part first. A part is met when what was paid in its time, with what
was paid for those before it, covers it within the promise's tolerance.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from cases import amounts, natural_dates
from collections_app.shared.money import Money

ZERO: Final = Decimal("0.00")
_AMOUNT: Final = re.compile(
    r"(\D{0,4}?[0-9][0-9,]*[0-9](?:\.[0-9]*)?|\D{0,4}?[0-9](?:\.[0-9]*)?)(?:\s*[元块圆円万萬£€]+)?"
)
_APART: Final = re.compile(r"[,;\n、]")
_JOINERS: Final = re.compile(r"^(?:on|by|am|@|:|于|在)\s*")


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


def read(text: str, *, today: date, currency: str, due_on: date | None = None) -> tuple[Part, ...]:
    """Return the parts that were typed, the earliest first; two of one day are put together.

    due_on: the day of a part that names none; only a single one may. Raises amounts.AmountRefused and
    amounts.DayRefused.
    """
    found: list[Part] = []
    rest = unicodedata.normalize("NFKC", text).strip(" ,;、\n\r")
    if not rest:
        raise amounts.AmountRefused("unreadable", text="")
    while rest:
        typed, day_text, rest = _first(rest)
        amount = amounts.read(typed, currency=currency)
        if day_text:
            day = natural_dates.read(day_text, today=today)
        elif due_on is not None and not found and not rest:
            day = due_on
        else:
            raise amounts.DayRefused("unreadable", text=typed)
        found.append(Part(day, amount))
    return in_order(found)


def _first(text: str) -> tuple[str, str, str]:
    """Return the first amount, the words of its day, and what follows. A comma within an amount groups thousands."""
    found = _AMOUNT.match(text)
    if found is None:
        raise amounts.AmountRefused("unreadable", text=text[: amounts.SHOWN])
    amount, end = found[0].strip(), found.end()
    rest = text[end:]
    if rest[:1] and not rest[0].isspace() and not _APART.match(rest[0]) and not _starts_a_day(rest):
        # An amount that the pattern cannot end cleanly ("12abc") is refused by the reader of amounts, whole.
        stop = _APART.search(rest)
        return text[: end + (stop.start() if stop else len(rest))], "", rest[stop.end() :].strip() if stop else ""
    stop = _APART.search(rest)
    day = rest[: stop.start()] if stop else rest
    return amount, _JOINERS.sub("", day.strip()), rest[stop.end() :].strip() if stop else ""


def _starts_a_day(text: str) -> bool:
    return "一" <= text[0] <= "鿿" or text[0] in "@:"


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


def equal(money: Money, days: Sequence[date]) -> tuple[Part, ...]:
    """Return one part per day that together are exactly the amount; cents that are left go to the first days."""
    return in_order(Part(day, share.amount) for day, share in zip(days, money.split(len(days)), strict=True))
