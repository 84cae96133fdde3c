"""Lines that are known again: of a tape that comes every day, nine in ten say what they said the day before.

A line is known by a keyed digest of its bytes, of everything that decides how they are read, and of the code that reads
them. A known line is not read again, sealed and compared, if the account state that it made is still the newest one and
the balance still adds up; what its amounts are, for the control totals, was kept beside the digest. Whatever else a
line sets (people, places, limits) makes the database forget it when somebody else changes that. So the outcome is that
of reading every line.

Of the lines that are read, those that say of people what the line of the account said are not read as to people.

Tapes that carry wishes or guarantors are read in full: what people asked is set again by every tape.
"""

import hashlib
import io
import json
import sys
from array import array
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from struct import Struct
from typing import Any, Final

from django.db import transaction

from cases import statistics
from cases.imports import formats, reader, sql, sql_lines, text_file
from cases.models import Creditor
from collections_app.shared import sealed

CHUNK: Final = 20_000  # lines
DIGEST: Final = 16  # bytes
# COPY's binary format: two values, each with its length in front, between a signature and an end.
_BEGIN: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END: Final = b"\xff\xff"
_ROW: Final = Struct(f">hIiI{DIGEST}s")
_SETTLED: Final = 1
_CONTINUED: Final = 2  # a line, not the first, of a record of several
_SET_AGAIN: Final = frozenset((*formats.FLAGS, "guarantor_name", "guarantor_document", "guarantor_mobile"))


class Unsettled(Exception):
    """The short cut does not hold for this file: read it in full."""


class Marks:
    """A byte for each line of a file: whether it begins a settled record, or continues one, or is to be read."""

    def __init__(self) -> None:
        self._marks = bytearray()
        self.passed = 0  # settled records that were passed over

    def settle(self, lines: bytes | memoryview) -> None:
        """Mark the lines with these numbers, of four bytes each in network order, as settled."""
        numbers = array("I", bytes(lines))
        if sys.byteorder == "little":
            numbers.byteswap()
        marks = self._room(max(numbers, default=-1))
        for number in numbers:
            marks[number] = _SETTLED

    def __contains__(self, line: object) -> bool:
        return isinstance(line, int) and line < len(self._marks) and self._marks[line] == _SETTLED

    def join(self, line: int, count: int) -> None:
        """Say that the record which begins at this line has so many lines."""
        self._room(line + count - 1)[line + 1 : line + count] = bytes([_CONTINUED]) * (count - 1)

    def pass_over(self, line: int, end: int) -> int:
        """Return the first line from this one on, before `end`, that is read; else `end`. It begins a record."""
        found = self._marks.find(0, line, end)
        if found < 0:
            found = min(max(line, len(self._marks)), end)
        self.passed += self._marks.count(_SETTLED, line, found)
        return found

    def _room(self, last: int) -> bytearray:
        if last >= len(self._marks):
            self._marks.extend(bytes(last + 65_536 - len(self._marks)))
        return self._marks


class KnownLines:
    """What one load of a tape does with lines that are known: finds them, and proves that they add up."""

    def __init__(self, cursor: Any, tape: reader.Tape, creditor: Creditor) -> None:
        self.cursor, self.tape = cursor, tape
        self.values = {"creditor": creditor.pk, "as_of": tape.as_of}
        self.newest_batch = self._value(sql_lines.NEWEST_BATCH)
        tape.digest_of, tape.people_of = digesters(tape, creditor)

    def settle(self) -> None:
        """Let the tape pass over the lines that say what the book says."""
        if not self._value(sql_lines.ANY_KNOWN):
            return
        marks = Marks()
        with transaction.atomic():
            self.cursor.execute(sql.TIMEOUTS)
            statistics.take(sql_lines.ANALYSE)
            self.cursor.execute(sql_lines.LINES)
            self._copy(marks)
            self.cursor.execute(sql_lines.SETTLE, self.values)
            marks.settle(self._value(sql_lines.SETTLED_LINES))
            if self.tape.people_of is not None:
                self._copy_people(marks)
                self.tape.people_known = Marks()
                self.tape.people_known.settle(self._value(sql_lines.PEOPLE_KNOWN))
        marks.passed = 0
        self.tape.settled = marks

    def prove(self) -> None:
        """Take in the totals of the lines that were passed over; raise Unsettled where one should not have been.

        Called under the creditor's lock, when the other rows have found their accounts.
        """
        if not self.tape.settled_rows:
            return
        self.cursor.execute(sql_lines.SETTLED)
        rows, balance = self.cursor.fetchone()
        others: list[tuple[Decimal]] = []
        if names := _others(self.tape):
            self.cursor.execute(sql_lines.SETTLED_AMOUNTS)
            others = self.cursor.fetchall()
        if rows != self.tape.settled_rows or len(others) != len(names):
            raise Unsettled("the lines differ from the book")
        self.tape.settle({"balance": balance} | {name: total for name, (total,) in zip(names, others, strict=True)})
        if self._value(sql_lines.NEWEST_BATCH) != self.newest_batch:
            raise Unsettled("another tape came in between")
        if self._value(sql_lines.NAMED_TWICE):
            raise Unsettled("an account is named twice")

    def prove_people(self) -> None:
        """Raise Unsettled where what was known of people has changed. Called when the persons are locked."""
        if self.tape.people_known and self._value(sql_lines.PEOPLE_CHANGED):
            raise Unsettled("a person was changed in between")

    def remember(self, values: dict[str, Any]) -> None:
        """Keep the digests of the lines that were loaded."""
        names = _others(self.tape)
        amounts = f"ARRAY[{', '.join(f'row.{name}' for name in names)}]" if names else "NULL"
        sql.run(self.cursor, values, sql_lines.REMEMBER.format(amounts=amounts))

    def _copy(self, marks: Marks) -> None:
        digest_of, pack = self.tape.digest_of, _ROW.pack
        assert digest_of is not None
        rows: list[bytes] = []
        for first, records, lines in text_file.raw_records(self.tape.path, self.tape.layout):
            if lines > 1:
                marks.join(first, lines)
            rows += [pack(2, 4, line, DIGEST, digest_of(record)) for line, record in enumerate(records, first)]
            if len(rows) >= CHUNK:
                self._flush(rows)
        self._flush(rows)

    def _copy_people(self, marks: Marks) -> None:
        people_of, pack = self.tape.people_of, _ROW.pack
        assert people_of is not None
        rows: list[bytes] = []
        for line, cells, _lines in text_file.records(self.tape.path, self.tape.layout, passed=marks):
            if cells is not None and len(cells) >= len(self.tape.layout.headings):
                rows.append(pack(2, 4, line, DIGEST, people_of(cells)))
                if len(rows) >= CHUNK:
                    self._flush(rows)
        self._flush(rows)

    def _flush(self, rows: list[bytes]) -> None:
        if rows:
            self.cursor.copy_expert(sql_lines.COPY_LINES, io.BytesIO(b"".join((_BEGIN, *rows, _END))))
            rows.clear()

    def _value(self, statement: str) -> Any:
        self.cursor.execute(statement, self.values)
        return self.cursor.fetchone()[0]


def _others(tape: reader.Tape) -> list[str]:
    """Return the names of the amounts beside the balance, as the database keeps them of a line."""
    return [name for name in tape.totals if name != "balance"]


def may_know(tape: reader.Tape) -> bool:
    """Whether lines of such a tape may be passed over. A sheet is small, and reading it twice takes long."""
    return tape.layout.kind != "sheet" and not (tape.mapping.fields & _SET_AGAIN)


def digesters(
    tape: reader.Tape, creditor: Creditor
) -> tuple[Callable[[bytes], bytes], Callable[[list[str]], bytes] | None]:
    """Return the functions that make the digest of a line, and of what its cells say of people, if they say anything.

    Digests are 16 bytes that tell nothing without the key.
    """
    mapping = tape.mapping
    decides = {
        "code": _code(),
        "creditor": creditor.pk,
        "as_of": tape.as_of.isoformat() if "as_of" in mapping.fields else "",
        "mapping": mapping.as_spec(),
        "headings": list(tape.layout.headings),
        "kind": tape.layout.kind,
        "text": [tape.layout.encoding, tape.layout.delimiter],
        "currency": tape.currency,
        "region": tape.region,
        "defaults": [mapping.language, mapping.jurisdiction, mapping.time_zone, mapping.product],
        "products": sorted(creditor.products.values_list("code", "pk")),
    }
    text = json.dumps(decides, sort_keys=True, default=str)
    keyed = hashlib.blake2b(digest_size=DIGEST, key=sealed.digest("tape line", text))

    def digest_of(record: bytes) -> bytes:
        own = keyed.copy()
        own.update(record)
        return own.digest()

    places = tape.places_of_people()
    if not places:
        return digest_of, None
    keyed_of_people = hashlib.blake2b(digest_size=DIGEST, key=sealed.digest("people of a tape line", text))

    def people_of(cells: list[str]) -> bytes:
        own = keyed_of_people.copy()
        own.update("\0".join([cells[place] for place in places]).encode("utf-8", "surrogatepass"))
        return own.digest()

    return digest_of, people_of


@lru_cache(maxsize=1)
def _code() -> str:
    digest = hashlib.sha256(version("phonenumbers").encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
