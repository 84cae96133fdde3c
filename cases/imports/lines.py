"""Lines that are known again: of a tape that comes every day, nine in ten say what they said the day before.

A line is known by a keyed digest of its cells, of everything that decides how they are read, and of the code that reads
them. A known line is not read again, sealed and compared, if the account state that it made is still the newest one and
the balance still adds up; only its amounts are, for the control totals. Whatever else a line sets (people, places,
limits) makes the database forget it when somebody else changes that. So the outcome is that of reading every line.

Tapes that carry wishes or guarantors are read in full: what people asked is set again by every tape.
"""

import hashlib
import io
import json
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from django.db import transaction

from cases import statistics
from cases.imports import formats, reader, sql, sql_lines
from cases.models import Creditor
from collections_app.shared import sealed

CHUNK: Final = 20_000  # lines
_SET_AGAIN: Final = frozenset((*formats.FLAGS, "guarantor_name", "guarantor_document", "guarantor_mobile"))


class Unsettled(Exception):
    """The short cut does not hold for this file: read it in full."""


class Lines:
    """The numbers of the settled lines, a byte each."""

    def __init__(self) -> None:
        self._marks = bytearray()
        self._rest = b""

    def write(self, data: bytes) -> int:
        """Take in lines of text with a number each, as COPY gives them."""
        *whole, self._rest = (self._rest + data).split(b"\n")
        for text in whole:
            number = int(text)
            if number >= len(self._marks):
                self._marks.extend(bytes(number + 65_536 - len(self._marks)))
            self._marks[number] = 1
        return len(data)

    def __bool__(self) -> bool:
        return bool(self._marks)

    def __contains__(self, line: object) -> bool:
        return isinstance(line, int) and line < len(self._marks) and self._marks[line] == 1


class KnownLines:
    """What one load of a tape does with lines that are known: finds them, and proves that they add up."""

    def __init__(self, cursor: Any, tape: reader.Tape, creditor: Creditor) -> None:
        self.cursor, self.tape = cursor, tape
        self.values = {"creditor": creditor.pk, "as_of": tape.as_of}
        self.newest_batch = self._value(sql_lines.NEWEST_BATCH)
        tape.digest_of = digester(tape, creditor)

    def settle(self) -> None:
        """Let the tape pass over the lines that say what the book says."""
        if not self._value(sql_lines.ANY_KNOWN):
            return
        with transaction.atomic():
            self.cursor.execute(sql.TIMEOUTS)
            statistics.take(sql_lines.ANALYSE)
            self.cursor.execute(sql_lines.LINES)
            self._copy()
            self.cursor.execute(sql_lines.SETTLE, self.values)
            settled = Lines()
            self.cursor.copy_expert(sql_lines.COPY_SETTLED, settled)
        self.tape.settled = settled

    def prove(self) -> None:
        """Raise Unsettled where a line was passed over that should not have been.

        Called under the creditor's lock, when the other rows have found their accounts.
        """
        if not self.tape.settled_rows:
            return
        self.cursor.execute(sql_lines.SETTLED)
        rows, balance = self.cursor.fetchone()
        if (rows, balance) != (self.tape.settled_rows, self.tape.settled_totals.get("balance", Decimal(0))):
            raise Unsettled("the amounts of the lines differ from the book")
        if self._value(sql_lines.NEWEST_BATCH) != self.newest_batch:
            raise Unsettled("another tape came in between")
        if self._value(sql_lines.NAMED_TWICE):
            raise Unsettled("an account is named twice")

    def _copy(self) -> None:
        digest_of, lines = self.tape.digest_of, []
        assert digest_of is not None
        for line, cells in self.tape.whole_rows():
            lines.append(f"{line}\t{digest_of(cells)}\n")
            if len(lines) == CHUNK:
                self._flush(lines)
        self._flush(lines)

    def _flush(self, lines: list[str]) -> None:
        if lines:
            self.cursor.copy_expert(sql_lines.COPY_LINES, io.BytesIO("".join(lines).encode()))
            lines.clear()

    def _value(self, statement: str) -> Any:
        self.cursor.execute(statement, self.values)
        return self.cursor.fetchone()[0]


def may_know(tape: reader.Tape) -> bool:
    """Whether lines of such a tape may be passed over. A sheet is small, and reading it twice takes long."""
    return tape.layout.kind != "sheet" and not (tape.mapping.fields & _SET_AGAIN)


def digester(tape: reader.Tape, creditor: Creditor) -> Callable[[list[str]], str]:
    """Return the function that makes a line's digest: 32 hexadecimal digits that tell nothing without the key."""
    mapping = tape.mapping
    decides = {
        "code": _code(),
        "creditor": creditor.pk,
        "as_of": tape.as_of.isoformat() if "as_of" in mapping.fields else "",
        "mapping": mapping.as_spec(),
        "headings": list(tape.layout.headings),
        "kind": tape.layout.kind,
        "currency": tape.currency,
        "region": tape.region,
        "defaults": [mapping.language, mapping.jurisdiction, mapping.time_zone, mapping.product],
        "products": sorted(creditor.products.values_list("code", "pk")),
    }
    key = sealed.digest("tape line", json.dumps(decides, sort_keys=True, default=str))
    blake2b = hashlib.blake2b

    def digest_of(cells: list[str]) -> str:
        return blake2b("\0".join(cells).encode("utf-8", "surrogatepass"), digest_size=16, key=key).hexdigest()

    return digest_of


@lru_cache(maxsize=1)
def _code() -> str:
    digest = hashlib.sha256(version("phonenumbers").encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
