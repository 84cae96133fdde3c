"""Which accounts can be in another bucket than at the close before, so that a night ages these and leaves the others.

A close remembers how far it has seen (`Seen`): its day, and a number up to which every account state was there. The
next one ages the accounts of which a state came in since, of which one begins to hold, or that grow into another bucket
by the calendar. Without one to rely on (the first close, other buckets, a person left out, checks that failed) all are
aged. The checks of every night go over the whole book either way.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, Self

from django.db import connection

from cases import ageing, sql_ageing
from cases.closing import Close, Span

MOST: Final = 250_000  # accounts; where more can have moved, all are aged
_BUCKETS: Final = f"{ageing.DEFAULT.name}:{','.join(map(str, ageing.DEFAULT.starts))}"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a close has aged: its day, and the number up to which all account states of the book were there."""

    day: date
    state: int

    def as_json(self) -> dict[str, Any]:
        """Return it as it is kept with a run."""
        return {"day": self.day.isoformat(), "state": self.state, "buckets": _BUCKETS}

    @classmethod
    def of_json(cls, kept: Mapping[str, Any] | None) -> Self | None:
        """Return what was kept; None where nothing was, or where days past due were cut into other buckets."""
        if not kept or kept.get("buckets") != _BUCKETS:
            return None
        return cls(date.fromisoformat(kept["day"]), int(kept["state"]))


def seen_now(day: date, newest_state: int, before: Seen | None) -> Seen | None:
    """Return what a close that begins now can rely on afterwards; ask right after the newest state was read.

    While somebody else is writing account states, an earlier one than the newest may still come in: then as far as the
    close before had seen.
    """
    with connection.cursor() as cursor:
        cursor.execute(sql_ageing.OTHERS_WRITE)
        if not cursor.fetchone()[0]:
            return Seen(day, newest_state)
    return Seen(day, before.state) if before is not None else None


class Turning:
    """The accounts of a book that can have moved since a close before, by person."""

    def __init__(self, rows: Iterable[tuple[int, int]]) -> None:
        self.persons, self.accounts = array("q"), array("q")
        for person, account in rows:
            self.persons.append(person)
            self.accounts.append(account)

    def of(self, span: Span) -> list[int]:
        """Return those of the persons of a span."""
        found = self.accounts[bisect_right(self.persons, span.after) : bisect_right(self.persons, span.upto)]
        return found.tolist()


def since(close: Close, seen: Seen | None) -> Turning | None:
    """Return the accounts that can have moved since as far as was seen; None where any can, or very many."""
    if seen is None or seen.day > close.business_date:
        return None
    days = [seen.day + timedelta(days=number + 1) for number in range((close.business_date - seen.day).days)]
    values = close.values(
        from_date=seen.day,
        from_state=seen.state,
        turning=[day - timedelta(days=start) for day in days for start in ageing.DEFAULT.starts],
        most=MOST + 1,
    )
    with connection.cursor() as cursor:
        cursor.execute(sql_ageing.TO_AGE, values)
        return Turning(cursor) if cursor.rowcount <= MOST else None
