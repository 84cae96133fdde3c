"""Statistics for the planner of queries: taken when a table has grown, so that a book just loaded is planned well.

Autovacuum does the same, but only minutes later, and the night runs at once. Without the privilege (before
PostgreSQL 17) nothing happens, except that such a night is slower.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

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
    with connection.cursor() as cursor:
        cursor.execute(sql.GROWN_TABLES, {"tables": list(sql.ANALYSE)})
        grown = [row[0] for row in cursor.fetchall()]
        for table in grown:
            cursor.execute(sql.ANALYSE[table])
    return grown
