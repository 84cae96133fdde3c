"""The accounts of the demo book: real figures of six months, read from the compressed file beside this module."""

import csv
import lzma
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

FILE: Final = Path(__file__).with_name("book.csv.xz")
MONTHS: Final = tuple(date(2005, *end) for end in ((4, 30), (5, 31), (6, 30), (7, 31), (8, 31), (9, 30)))
LAST: Final = MONTHS[-1]


@dataclass(frozen=True, slots=True)
class Account:
    """One card over six months. days_past_due: on the last day, None where nothing was past due."""

    number: str
    credit_limit: str
    status: tuple[str, ...]
    balance: tuple[str, ...]
    paid: tuple[str, ...]
    days_past_due: int | None


def accounts(scale: float = 1.0) -> Iterator[Account]:
    """Yield the accounts; scale 0.1 the first tenth, 2 every account twice (the second time under another number).

    Raises ValueError for a scale that is not positive.
    """
    if scale <= 0:
        raise ValueError("a book has a positive scale")
    with lzma.open(FILE, "rt", encoding="ascii", newline="") as file:
        rows = [_account(row) for row in csv.reader(file) if row[0] != "number"]
    for count in range(round(len(rows) * scale)):
        copy, place = divmod(count, len(rows))
        one = rows[place]
        yield (
            one
            if copy == 0
            else Account(
                f"{one.number}-{copy + 1}", one.credit_limit, one.status, one.balance, one.paid, one.days_past_due
            )
        )


def _account(row: list[str]) -> Account:
    return Account(
        number=row[0],
        credit_limit=row[1],
        status=tuple(row[2:8]),
        balance=tuple(row[8:14]),
        paid=tuple(row[14:20]),
        days_past_due=int(row[20]) if row[20] else None,
    )
