"""Statements that PostgreSQL plans once per connection: for the few that every contact asks, where planning costs most.

A prepared statement lives as long as its connection. Behind a pooler that hands out another connection for each
transaction (`DISABLE_SERVER_SIDE_CURSORS`, as Django calls it) the same text is sent plainly.
"""

import hashlib
from collections.abc import Sequence
from typing import Any, Final
from weakref import WeakKeyDictionary

from django.db import connections

ASK: Final = "SELECT 1 FROM pg_prepared_statements WHERE name = %s"
_known: "WeakKeyDictionary[Any, set[str]]" = WeakKeyDictionary()


class Prepared:
    """A constant statement with numbered parameters ($1, $2 ...) and their types: Prepared("SELECT $1", ["bigint"])."""

    def __init__(self, text: str, types: Sequence[str]) -> None:
        self.name = f"kept_{hashlib.sha256(text.encode()).hexdigest()[:16]}"
        marks = ", ".join(["%s"] * len(types))
        self._prepare = f"PREPARE {self.name} ({', '.join(types)}) AS {text}"
        self._execute = f"EXECUTE {self.name} ({marks})"
        self._plain = text.replace("%", "%%")
        for number in range(len(types), 0, -1):
            self._plain = self._plain.replace(f"${number}", f"(%({number})s::{types[number - 1]})")

    def rows(self, values: Sequence[Any], *, using: str = "default") -> list[tuple[Any, ...]]:
        """Run it with these values and return its rows; none for a statement that returns none."""
        connection = connections[using]
        connection.ensure_connection()
        with connection.cursor() as cursor:
            if connection.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS"):
                cursor.execute(self._plain, {str(number): value for number, value in enumerate(values, 1)})
            else:
                self._be_known(connection)
                cursor.execute(self._execute, values)
            return list(cursor.fetchall()) if cursor.description else []

    def _be_known(self, connection: Any) -> None:
        known = _known.setdefault(connection.connection, set())
        if self.name not in known:
            with connection.wrap_database_errors, connection.connection.cursor() as cursor:
                # The session is asked, not only our memory of it: preparing twice would end the transaction.
                cursor.execute(ASK, [self.name])
                if cursor.fetchone() is None:
                    cursor.execute(self._prepare)
            known.add(self.name)  # it stays until the connection ends, also when this transaction is rolled back
