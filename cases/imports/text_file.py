"""A text file as lines of bytes, many at a time, and as the records that they make.

In the encodings named here neither a line end nor a quotation mark is ever part of another character, so lines are told
apart before they are decoded; text in any other is put into UTF-8 on the way. A line without a quotation mark is a
record by itself; where one with quotation marks ends, `csv` decides.
"""

import codecs
import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol

from . import detect
from .refusals import FileRefused

BLOCK: Final = 1 << 18  # bytes
_QUOTE: Final = b'"'
_LONG: Final = 100_000  # characters; a longer line may hold a cell that is too long, which `csv` finds out
_PLAIN: Final = frozenset(
    {"utf-8", "utf-8-sig", "ascii", "iso8859-1", "cp1252", "gb18030", "gbk", "gb2312", "big5", "big5hkscs", "cp950",
     "shift_jis", "cp932", "euc_jp"}
)  # fmt: skip

type Told = Callable[[int], None]


class Passed(Protocol):
    """Lines that are not read."""

    def pass_over(self, line: int, end: int) -> int:
        """Return the first line from this one on, before `end`, that is read; else `end`."""
        ...


class Text:
    """The physical lines of a file, counted, of bounded length. Iterating gives them decoded, for `csv`.

    lines: the part at hand, with their ends. first: the number of the first of them. at: which of them comes next.
    """

    def __init__(self, file: BinaryIO, encoding: str, *, told: Told | None = None) -> None:
        self.lines: list[bytes] = []
        self.first, self.at = 1, 0
        self.has_quotes = False  # whether any line of the part may hold a quotation mark
        self._file, self._told, self._rest, self._ended = file, told, b"", False
        name = codecs.lookup(encoding).name
        self.encoding = name if name in _PLAIN and name != "utf-8-sig" else "utf-8"
        self._errors = "strict" if name in _PLAIN else "surrogatepass"
        self._blocks = _as_they_are(file, name) if name in _PLAIN else _put_into_utf8(file, encoding)

    def __iter__(self) -> "Text":
        return self

    def __next__(self) -> str:
        if self.at == len(self.lines) and not self._more():
            raise StopIteration
        self.at += 1
        return self.lines[self.at - 1].decode(self.encoding, self._errors)

    def goes_on(self) -> bool:
        """Return whether there is another line; let go of a part that was read to its end. Called between records."""
        if self.at < len(self.lines):
            return True
        self.first += self.at
        self.at, self.lines, self.has_quotes = 0, [], False
        return self._more()

    def _more(self) -> bool:
        """Add the lines of the next block to the part at hand."""
        while not self._ended:
            block = next(self._blocks, b"")
            self._ended = not block
            text = self._rest + block
            # a line may end in \r alone; one at the very end may be half of \r\n
            cut = max(text.rfind(b"\n"), text.rfind(b"\r", 0, len(text) - 1)) + 1 if block else len(text)
            part, self._rest = text[:cut], text[cut:]
            if part:
                lines = part.splitlines(keepends=True)
                if len(part) > detect.MAX_LINE:
                    self._check(lines)
                self.lines = self.lines + lines if self.lines else lines
                self.has_quotes = self.has_quotes or _QUOTE in part
            if len(self._rest) > 4 * detect.MAX_LINE:  # no character takes more than four bytes
                raise FileRefused("line_is_too_long", line=self.first + len(self.lines), limit=detect.MAX_LINE)
            if self._told:
                self._told(self._file.tell())
            if part:
                return True
        return False

    def _check(self, lines: list[bytes]) -> None:
        for number, line in enumerate(lines, self.first + len(self.lines)):
            if len(line) > detect.MAX_LINE and len(line.decode(self.encoding, self._errors)) > detect.MAX_LINE:
                raise FileRefused("line_is_too_long", line=number, limit=detect.MAX_LINE)


class Records:
    """The records of a text file one by one; an unclosed quotation mark spoils one line and not the rest."""

    def __init__(self, text: Text, delimiter: str) -> None:
        self._text, self._delimiter = text, delimiter
        self._reader = self._new_reader()

    def next(self) -> tuple[list[str] | None, list[bytes]]:
        """Return the cells of the record that begins at the line that comes next, and its lines.

        Cells are None where the quotation marks do not match. Call it only when the text goes on.
        """
        text = self._text
        begins = text.at
        line = text.lines[begins]
        if _QUOTE not in line and len(line) < _LONG:
            text.at += 1
            plain = line.rstrip(b"\r\n").decode(text.encoding, text._errors)
            return plain.split(self._delimiter) if plain else [], [line]
        try:
            cells = next(self._reader)
        except csv.Error:
            text.at = begins + 1
            self._reader = self._new_reader()
            return None, [line]
        return cells, text.lines[begins : text.at]

    def _new_reader(self) -> Any:
        return csv.reader(self._text, delimiter=self._delimiter, strict=True)


def records(
    path: Path, layout: detect.Layout, *, told: Told | None = None, passed: Passed | None = None
) -> Iterator[tuple[int, list[str] | None, list[bytes]]]:
    """Yield (line, cells, lines of bytes) of every record after the headings; cells as in `Records.next`.

    told: called now and then with the number of bytes read. passed: lines of records that are left out.
    """
    with path.open("rb") as file:
        text = Text(file, layout.encoding, told=told)
        made = Records(text, layout.delimiter)
        while text.goes_on():
            if passed is not None:
                text.at = passed.pass_over(text.first + text.at, text.first + len(text.lines)) - text.first
                if text.at == len(text.lines):
                    continue
            number = text.first + text.at
            cells, lines = made.next()
            if number > layout.header_line:
                yield number, cells, lines


def raw_records(path: Path, layout: detect.Layout) -> Iterator[tuple[int, list[bytes], int]]:
    """Yield (line, records as bytes, lines of each) of all records after the headings, many at a time where they are
    lines without quotation marks; those whose quotation marks do not match are left out."""
    with path.open("rb") as file:
        text = Text(file, layout.encoding)
        made = Records(text, layout.delimiter)
        while text.goes_on():
            number = text.first + text.at
            if text.has_quotes or number <= layout.header_line:
                cells, lines = made.next()
                if cells is not None and number > layout.header_line:
                    yield number, [b"".join(lines)], len(lines)
            else:
                lines = text.lines[text.at :]
                text.at = len(text.lines)
                yield number, lines, 1


def _as_they_are(file: BinaryIO, encoding: str) -> Iterator[bytes]:
    first = file.read(BLOCK)
    yield first.removeprefix(codecs.BOM_UTF8) if encoding == "utf-8-sig" else first
    while block := file.read(BLOCK):
        yield block


def _put_into_utf8(file: BinaryIO, encoding: str) -> Iterator[bytes]:
    text = io.TextIOWrapper(file, encoding=encoding, newline="")
    try:
        while block := text.read(BLOCK):
            yield block.encode("utf-8", "surrogatepass")
    finally:
        text.detach()
