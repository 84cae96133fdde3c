"""The lease on a run: one process works on a book at a time, by the database's clock, fenced off by a claim number."""

from datetime import datetime, timedelta
from time import perf_counter
from typing import Any, Final

from django.db import DatabaseError, connection, transaction
from django.utils.translation import gettext_lazy as _

from cases import closing
from cases.refusal import Refused
from contacts.models import NightRun
from contacts.night import sql

LEASE: Final = timedelta(seconds=90)  # longer than any span takes


class NightBusy(Refused):
    SENTENCES = {"busy": _("Another process is closing this book. It holds the run for %(seconds)s s more at most.")}


class NightLost(Exception):
    """Somebody else has taken over the run: stop at once, without a word to the book."""


def take(run: NightRun, lease: timedelta) -> None:
    """Hold the run, under a new claim number. Raises NightBusy where another process holds this book."""
    row = execute(sql.TAKE, {"run": run.pk, "creditor": run.creditor_id, "lease": lease})
    if row is None:
        raise NightBusy("busy", seconds=held_for(run.creditor_id))
    run.claim = row[0]


def held_for(creditor_id: int) -> int:
    """Return for how many seconds more the book of a creditor is held."""
    return max(0, round(execute(sql.HELD_FOR, {"creditor": creditor_id})[0]))


class Holder:
    """The lease of this process on a run."""

    def __init__(self, run: NightRun, lease: timedelta, *, at: datetime) -> None:
        self.at, self.began = at, perf_counter()
        self.values: dict[str, Any] = {"run": run.pk, "claim": run.claim, "lease": lease}

    def instant(self) -> datetime:
        """Return the instant of the run plus the time it has taken since: when a step began or ended."""
        return self.at + timedelta(seconds=perf_counter() - self.began)

    def hold(self) -> None:
        """Renew the lease and lock the run until the transaction ends. Raises NightLost."""
        with connection.cursor() as cursor:
            cursor.execute(sql.HOLD, self.values)
            if cursor.rowcount != 1:
                raise NightLost
        closing.raise_limits()

    def renew(self) -> None:
        """Renew the lease in a transaction of its own. Raises NightLost."""
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql.HOLD, self.values)
            if cursor.rowcount != 1:
                raise NightLost

    def release(self) -> None:
        """Let others have the run at once; does nothing where the connection is gone (the lease then runs out)."""
        try:
            execute(sql.RELEASE, self.values)
        except DatabaseError:
            connection.close()


def execute(statement: str, values: dict[str, Any]) -> Any:
    """Run a statement and return its first row; None where it has none."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchone() if cursor.description else None
