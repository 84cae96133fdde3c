"""Processor seconds: of this process and of a PostgreSQL on the same machine, which tell a slow host from slow work."""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from django.db import connection

from collections_app.management.measures import sql

PROC: Final = Path("/proc")
TICKS: Final = os.sysconf("SC_CLK_TCK")  # a second
PARENT, USED, USED_BY_THE_ENDED = 1, slice(11, 13), slice(13, 15)  # of the fields after the name of the process


@dataclass(frozen=True, slots=True)
class Used:
    """Processor seconds of our process, and of PostgreSQL with all its processes; None where these cannot be read."""

    ours: float
    database: float | None

    @property
    def both(self) -> float | None:
        """The sum of both."""
        return None if self.database is None else self.ours + self.database

    def since(self, before: Self) -> "Used":
        """Return what was used since an earlier reading."""
        ours = self.ours - before.ours
        if self.database is None or before.database is None:
            return Used(ours, None)
        return Used(ours, self.database - before.database)


NOTHING: Final = Used(0.0, None)


def used() -> Used:
    """Return what was used until now."""
    return Used(time.process_time(), _of_the_database())


def _of_the_database() -> float | None:
    """Return the seconds of the server and its processes, those that have ended among them; None: it is not here."""
    with connection.cursor() as cursor:
        cursor.execute(sql.BACKEND)
        pid, is_here = cursor.fetchone()
    try:
        if not is_here or (PROC / str(pid) / "comm").read_text().strip() != "postgres":
            return None
        server = _fields(pid)[PARENT]
        fields = _fields(server)
        ticks = [*fields[USED], *fields[USED_BY_THE_ENDED]]
        for child in (PROC / server / "task" / server / "children").read_text().split():
            ticks += _fields(child)[USED]
    except OSError:
        return None
    return sum(map(int, ticks)) / TICKS


def _fields(pid: int | str) -> list[str]:
    """Return the fields of a process after its name, which may hold blanks."""
    return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
