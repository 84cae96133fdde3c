"""Statistics for the planner of queries: taken when a table has grown, so that a book just loaded is planned well.

Autovacuum does the same, but only minutes later, and the next tape or the night comes at once. Without the privilege
(before PostgreSQL 17) nothing happens, except that such a run is slower.
"""

from collections.abc import Mapping
from typing import Final

from django.db import connection

# Those that have grown by a third since statistics were last taken; none where the transaction may not write.
GROWN_TABLES: Final = """
SELECT relname FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname = ANY(%(tables)s)
  AND pg_relation_size(oid) / 8192 > greatest(relpages * 4 / 3, 8)
  AND current_setting('transaction_read_only') = 'off'
ORDER BY relname
"""


def take(statements: Mapping[str, str]) -> list[str]:
    """Run the ANALYZE statements, by table, of the tables that have grown by a third; return those tables."""
    with connection.cursor() as cursor:
        cursor.execute(GROWN_TABLES, {"tables": list(statements)})
        grown = [row[0] for row in cursor.fetchall()]
        for table in grown:
            cursor.execute(statements[table])
    return grown
