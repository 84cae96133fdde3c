"""Rows of a tape into the staging tables of this connection, by COPY, a few thousand at a time."""

import io
import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from itertools import batched
from operator import itemgetter
from typing import Any, Final

from . import reader, sql
from .refusals import RowRefusal

CHUNK: Final = 4_000  # rows
_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})

type Progress = Callable[[int, int], object]


def stage(cursor: Any, tape: reader.Tape, *, progress: Progress | None = None) -> None:
    """Read the whole tape into `import_staging` and `import_refused`, which are made anew.

    progress: called with rows read and bytes read after every chunk. Raises FileRefused where the file breaks off.
    """
    cursor.execute(sql.STAGING)
    slots = tape.used_slots()
    copy_rows = sql.COPY_STAGED.format(columns=", ".join(reader.STAGED[slot] for slot in slots))
    rows, refused = io.StringIO(), io.StringIO()
    waiting = 0
    used = itemgetter(*slots)
    for row in tape:
        if row.staged is not None:
            rows.write("\t".join([_AS_TEXT[type(value)](value) for value in used(row.staged)]) + "\n")
        for refusal in row.refusals:
            refused.write(_refusal(refusal, remark=False))
        for remark in row.remarks:
            refused.write(_refusal(remark, remark=True))
        waiting += 1
        if waiting == CHUNK:
            _flush(cursor, copy_rows, rows)
            _flush(cursor, sql.COPY_REFUSED, refused)
            waiting = 0
            if progress:
                progress(tape.rows, tape.bytes_read)
    _flush(cursor, copy_rows, rows)
    _flush(cursor, sql.COPY_REFUSED, refused)
    if progress:
        progress(tape.rows, tape.layout.size)
    cursor.execute(sql.ANALYZE)


def add_texts(cursor: Any, tape: reader.Tape) -> None:
    """Put the sealed text of the refused rows beside their reasons, a few thousand at a time."""
    cursor.execute(sql.LINES_WITHOUT_TEXT)
    lines = {line for (line,) in cursor.fetchall()}
    if lines:
        for part in batched(tape.text_of(lines), CHUNK):
            cursor.execute(sql.ADD_TEXT, {"lines": [line for line, _raw in part], "raws": [raw for _line, raw in part]})


def drop(cursor: Any) -> None:
    """Remove the staging tables of this connection."""
    cursor.execute(sql.DROP_STAGING)


def _flush(cursor: Any, command: str, buffer: io.StringIO) -> None:
    if buffer.tell():
        buffer.seek(0)
        cursor.copy_expert(command, buffer)
        buffer.seek(0)
        buffer.truncate()


def _escaped(value: str) -> str:
    """Return a text as COPY's text format wants it."""
    return value if value.isprintable() and "\\" not in value else value.translate(_ESCAPES)


# How COPY's text format wants a value of each type that a row may hold.
_AS_TEXT: Final[dict[type, Callable[[Any], str]]] = {
    type(None): lambda _value: "\\N",
    str: _escaped,
    bytes: lambda value: "\\\\x" + value.hex(),
    int: str,
    bool: str,
    Decimal: str,
    date: str,
}


def _refusal(refusal: RowRefusal, *, remark: bool) -> str:
    cells = (refusal.line, refusal.column, refusal.code, json.dumps(refusal.values, ensure_ascii=False))
    return "\t".join(_AS_TEXT[type(cell)](cell) for cell in cells) + f"\t{'t' if remark else 'f'}\n"
