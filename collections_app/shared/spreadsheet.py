"""Lists as CSV that a spreadsheet opens as text and never as a formula."""

import csv
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from django.http import StreamingHttpResponse

# What makes a spreadsheet calculate or split a cell; full-width forms are folded to these by some of them.
DANGEROUS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")


def safe(value: Any) -> str:
    """Return a cell: numbers and dates as they are, a text that could be a formula behind an apostrophe.

    Leading blanks of every kind are looked past, and full-width forms (＝ ＋ － ＠) count like plain ones.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int | Decimal):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    text = str(value).replace("\x00", "")
    plain = unicodedata.normalize("NFKC", text)
    starts = plain.lstrip(" \u00a0\u200b\u2060\ufeff")
    if plain.startswith(DANGEROUS) or starts.startswith(DANGEROUS):
        return f"'{text}"
    return text


class _Echo:
    def write(self, text: str) -> str:
        return text


def lines(heading: Iterable[Any], rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    """Return the lines of a CSV file, every cell made safe, every cell in quotes."""
    writer = csv.writer(_Echo(), quoting=csv.QUOTE_ALL)
    yield "\ufeff"  # spreadsheets take the file for UTF-8 by it
    yield writer.writerow([safe(cell) for cell in heading])
    for row in rows:
        yield writer.writerow([safe(cell) for cell in row])


def download(name: str, heading: Iterable[Any], rows: Iterable[Iterable[Any]]) -> StreamingHttpResponse:
    """Return the rows as a file to save, sent as they are read. name: plain ASCII without its ending."""
    response = StreamingHttpResponse(lines(heading, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response["X-Content-Type-Options"] = "nosniff"
    return response
