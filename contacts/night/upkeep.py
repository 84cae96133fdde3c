"""What lets the night's statements be planned well: statistics of tables that have grown, and look-ups by index."""

from collections.abc import Iterator
from contextlib import contextmanager

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


def analyse() -> list[str]:
    """Take statistics of the tables that have grown by a third since they were last taken; return their names."""
    return statistics.take(sql.ANALYSE)
