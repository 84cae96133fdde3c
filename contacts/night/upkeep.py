"""What lets the night's statements be planned well: statistics of tables that have grown, and look-ups by index."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock, get_ident

from django.db import connection

from cases import statistics
from contacts.night import sql


@contextmanager
def by_index() -> Iterator[None]:
    """Let the statements of the block, which is inside a transaction, look up by index whatever has one."""
    with connection.cursor() as cursor:
        cursor.execute(sql.BY_INDEX)
    yield  # where an error is raised, the transaction or its savepoint takes the setting back
    with connection.cursor() as cursor:
        cursor.execute(sql.AS_USUAL)


class Statistics:
    """Takes statistics of tables that have grown by a third, in a close that several connections may work on.

    What one connection has taken the others see when its transaction ends, and until then they would plan as if there
    were none: a statement over cases just opened may then take minutes. So whoever has taken any has the others wait
    until he has done his span. They wait here and not for the tables, which would count as a lock that is held long.
    """

    def __init__(self) -> None:
        self._lock, self._by = Lock(), 0

    def take(self) -> list[str]:
        """Take the statistics that are due; return the tables. Call `done` after the transaction."""
        if self._by != get_ident():
            self._lock.acquire()
            self._by = get_ident()
        taken: list[str] = []
        try:
            taken = statistics.take(sql.ANALYSE)
        finally:
            if not taken:
                self.done()
        return taken

    def done(self) -> None:
        """Let the others go on, where they wait for this thread."""
        if self._by == get_ident():
            self._by = 0
            self._lock.release()
