"""Monthly histories of the accounts of a book, from the states that were recorded: what to learn from, what to judge.

A month's state is the last one in force at its end. Learned is: of the accounts that were late at the end of a month,
which were late no more at the end of the next. The newest such month is kept for measuring, and of it only persons
that nothing was learned from.
"""

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from cases.models import AccountState, Creditor
from cases.priority.model import features, sql
from cases.priority.model.features import Array, Histories
from cases.priority.model.training import NotEnough

MOST_PERSONS: Final = 100_000  # learned from; a larger book is sampled by a stable number of the person
TEST_OF_HUNDRED: Final = 30
LEAST_MONTHS: Final = 3


@dataclass(frozen=True, slots=True)
class Rows:
    """Late accounts at the ends of months. accounts, persons: keys; ends: the month's index; came_right: the label."""

    found: Histories
    accounts: NDArray[np.int64]
    persons: NDArray[np.int64]
    ends: NDArray[np.int64]
    came_right: NDArray[np.bool_]
    groups: dict[str, NDArray[np.str_]]

    def __getitem__(self, rows: Any) -> "Rows":
        groups = {name: group[rows] for name, group in self.groups.items()}
        return Rows(
            self.found[rows], self.accounts[rows], self.persons[rows], self.ends[rows], self.came_right[rows], groups
        )

    def __len__(self) -> int:
        return len(self.accounts)


def month_ends(creditor: Creditor, *, upto: date) -> list[date]:
    """Return the ends of the months of which anything is known, to the last one that is over, oldest first."""
    known = AccountState.objects.filter(creditor=creditor, effective_on__lte=upto).order_by("effective_on")
    first = known.values_list("effective_on", flat=True).first()
    ends: list[date] = []
    if first is None:
        return ends
    day = _month_end(first)
    while day <= upto:
        ends.append(day)
        day = _month_end(day + timedelta(days=1))
    return ends


def _month_end(day: date) -> date:
    following = (day.replace(day=28) + timedelta(days=4)).replace(day=1)
    return following - timedelta(days=1)


def learned_from(creditor: Creditor, *, upto: date) -> tuple[Rows, Rows]:
    """Return what to learn from and what to measure on. Raises NotEnough."""
    ends = month_ends(creditor, upto=upto)
    if len(ends) < LEAST_MONTHS:
        raise NotEnough(f"{len(ends)} months are known of {creditor.name}; at least {LEAST_MONTHS} are needed.")
    rows = _late_accounts(creditor, ends)
    kept_back = rows.persons_number < TEST_OF_HUNDRED
    newest = rows.rows.ends == len(ends) - 2
    return rows.rows[~newest & ~kept_back], rows.rows[newest & kept_back]


@dataclass(frozen=True, slots=True)
class _Numbered:
    rows: Rows
    persons_number: NDArray[np.int64]


def _late_accounts(creditor: Creditor, ends: list[date]) -> _Numbered:
    accounts, persons, grid, limit, groups = _grid(creditor, ends, cases=None)
    late, balance, paid = grid
    parts = []
    for end in range(1, len(ends) - 1):
        chosen = np.flatnonzero(late[:, end] > 0)
        parts.append(
            Rows(
                found=_window(late[chosen], balance[chosen], paid[chosen], limit[chosen], end),
                accounts=accounts[chosen],
                persons=persons[chosen],
                ends=np.full(len(chosen), end),
                came_right=late[chosen, end + 1] == 0,
                groups={name: group[chosen] for name, group in groups.items()},
            )
        )
    rows = _joined(parts)
    return _Numbered(rows, np.array([_number(person) for person in rows.persons], dtype=np.int64))


def now(creditor: Creditor, *, upto: date, cases: list[int]) -> tuple[Histories, NDArray[np.int64], Array]:
    """Return the histories of the accounts of these cases to the newest day, the case of each, and its balance."""
    ends = [*month_ends(creditor, upto=upto), upto]
    ends = sorted(set(ends))[-features.MONTHS :]
    _accounts, of_case, (late, balance, paid), limit, _groups = _grid(creditor, ends, cases=cases)
    return _window(late, balance, paid, limit, len(ends) - 1), of_case, balance[:, -1]


def _window(late: Array, balance: Array, paid: Array, limit: Array, end: int) -> Histories:
    first = max(0, end - features.MONTHS + 1)

    def cut(grid: Array) -> Array:
        window = grid[:, first : end + 1]
        missing = features.MONTHS - window.shape[1]
        return np.pad(window, ((0, 0), (missing, 0))) if missing else window

    late, balance, paid = cut(late), cut(balance), cut(paid)
    owed_before = np.pad(balance[:, :-1], ((0, 0), (1, 0)))
    revolving = ((late == 0) & (balance > 0) & (paid > 0) & (paid < owed_before)).astype(float)
    return Histories(late, balance, paid, limit, revolving)


def _grid(creditor: Creditor, ends: list[date], *, cases: list[int] | None) -> Any:
    """Return keys, persons (or cases), three grids of accounts × months, limits and groups."""
    with connection.cursor() as cursor:
        cursor.execute(
            sql.MONTHS_OF_CASES if cases is not None else sql.MONTHS_OF_THE_BOOK,
            {"creditor": creditor.pk, "ends": ends, "cases": cases, "most": MOST_PERSONS},
        )
        rows = cursor.fetchall()
    number = len(rows) // max(1, len(ends))
    shape = (number, len(ends))
    columns = list(zip(*rows, strict=True)) if rows else [()] * 9

    def grid(column: int) -> Array:
        return np.array(columns[column], dtype=float).reshape(shape)

    keys = np.array(columns[0], dtype=np.int64).reshape(shape)[:, 0] if rows else np.empty(0, dtype=np.int64)
    whom = np.array(columns[1], dtype=np.int64).reshape(shape)[:, 0] if rows else np.empty(0, dtype=np.int64)
    limit = grid(5)[:, 0] if rows else np.empty(0)
    groups = {
        name: np.array(columns[column], dtype=str).reshape(shape)[:, 0] if rows else np.empty(0, dtype=str)
        for name, column in (("language", 6), ("place", 7), ("vulnerability", 8))
    }
    return keys, whom, (grid(2), grid(3), grid(4)), limit, groups


def _joined(parts: list[Rows]) -> Rows:
    def together(arrays: list[Any]) -> Any:
        return np.concatenate(arrays)

    found = Histories(
        *(together([getattr(part.found, name) for part in parts]) for name in Histories.__dataclass_fields__)
    )
    return Rows(
        found,
        together([part.accounts for part in parts]),
        together([part.persons for part in parts]),
        together([part.ends for part in parts]),
        together([part.came_right for part in parts]),
        {name: together([part.groups[name] for part in parts]) for name in parts[0].groups},
    )


def _number(person_id: int) -> int:
    """Return a stable number from 0 to 99 that a person has for the split of learning and measuring."""
    return int(hashlib.sha256(f"model:{person_id}".encode()).hexdigest()[:8], 16) % 100
