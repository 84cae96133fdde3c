"""Statements that PostgreSQL plans once per connection: for the few that every contact asks, where planning costs most.

A prepared statement lives as long as its connection. Behind a pooler that hands out another connection for each
transaction (`DISABLE_SERVER_SIDE_CURSORS`, as Django calls it) the same text is sent plainly.
"""

import hashlib
from collections.abc import Sequence
from typing import Any, Final
from weakref import WeakKeyDictionary

from django.db import connections

ASK: Final = "SELECT name FROM pg_prepared_statements"
_known: "WeakKeyDictionary[Any, set[str]]" = WeakKeyDictionary()


class Prepared:
    """A constant statement with numbered parameters ($1, $2 ...) and their types: Prepared("SELECT $1", ["bigint"])."""

    def __init__(self, text: str, types: Sequence[str]) -> None:
        self.name = f"kept_{hashlib.sha256(text.encode()).hexdigest()[:16]}"
        marks = ", ".join(["%s"] * len(types))
        self._prepare = f"PREPARE {self.name} {f'({", ".join(types)})' if types else ''} AS {text}"
        self._execute = f"EXECUTE {self.name} ({marks})" if types else f"EXECUTE {self.name}"
        self._plain = text.replace("%", "%%")
        for number in range(len(types), 0, -1):
            self._plain = self._plain.replace(f"${number}", f"(%({number})s::{types[number - 1]})")

    def rows(self, values: Sequence[Any], *, using: str = "default") -> list[tuple[Any, ...]]:
        """Run it with these values and return its rows; none for a statement that returns none."""
        connection = connections[using]
        plain = {str(number): value for number, value in enumerate(values, 1)}
        text, said = self.ready(values, connection) or (self._plain, plain)
        with connection.cursor() as cursor:
            cursor.execute(text, said)
            return list(cursor.fetchall()) if cursor.description else []

    def ready(self, values: Sequence[Any], connection: Any) -> tuple[str, Sequence[Any]] | None:
        """Return how to run it on this connection with these values, where it is prepared, as it is from now on.

        None behind a pooler: there its text is sent.
        """
        connection.ensure_connection()
        if connection.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS"):
            return None
        self._be_known(connection)
        return self._execute, values

    def _be_known(self, connection: Any) -> None:
        known = _known.get(connection.connection)
        if known is not None and self.name in known:
            return
        with connection.wrap_database_errors, connection.connection.cursor() as cursor:
            if known is None:
                # The session is asked, not only our memory of it: preparing twice would end the transaction.
                cursor.execute(ASK)
                known = _known[connection.connection] = {name for (name,) in cursor.fetchall()}
            if self.name not in known:
                cursor.execute(self._prepare)
                known.add(self.name)  # it stays until the connection ends, also when this transaction is rolled back
