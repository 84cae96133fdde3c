"""What kind of file this is: text in which encoding, separated by what, with its headings on which line.

Every look is bounded: a gigabyte of zeros, an endless line or a picture is refused after the first 64 KB.
"""

import codecs
import csv
import io
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from charset_normalizer import from_bytes

from . import formats
from .refusals import FileRefused, MappingUnclear

SAMPLE: Final = 65_536  # bytes
MAX_LINE: Final = 1_000_000  # characters
MAX_BYTES: Final = 2 * 1024**3
MAX_SHEET_BYTES: Final = 50 * 1024**2
HEADER_WITHIN: Final = 30  # lines
DELIMITERS: Final = (",", ";", "\t", "|")

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"), (b"\xff\xfe\x00\x00", ""), (b"\x00\x00\xfe\xff", ""),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
_MAGIC: Final = (
    (b"%PDF", "PDF"), (b"\x89PNG", "PNG"), (b"\xff\xd8\xff", "JPEG"), (b"GIF8", "GIF"), (b"\x1f\x8b", "gzip"),
    (b"\xfd7zXZ", "xz"), (b"7z\xbc\xaf", "7-Zip"), (b"Rar!", "RAR"), (b"\x7fELF", "ELF"), (b"MZ", "EXE"),
    (b"{\\rtf", "RTF"),
    (b"\xd0\xcf\x11\xe0", "XLS (Excel 97-2003)"), (b"SQLite format 3", "SQLite"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is laid out. kind: text or sheet. header_line counts from 1; lines before it are titles or blank."""

    kind: str
    encoding: str
    delimiter: str
    header_line: int
    headings: tuple[str, ...]
    size: int


def check_size(path: Path) -> tuple[int, bytes]:
    """Return the size of the file and its first bytes. Raises FileRefused for one that cannot be a tape."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(SAMPLE)
    except IsADirectoryError:
        raise FileRefused("file_is_a_folder") from None
    except OSError as trouble:
        raise FileRefused("file_cannot_be_opened", reason=trouble.strerror or "") from None
    if size == 0 or not head.strip():
        raise FileRefused("file_is_empty")
    if size > MAX_BYTES:
        raise FileRefused("file_is_too_large", limit=MAX_BYTES // 1024**2)
    return size, head


def is_sheet(head: bytes) -> bool:
    """Return whether the first bytes are those of an Office Open XML file (a ZIP archive)."""
    return head.startswith(b"PK\x03\x04")


def encoding_of(path: Path, head: bytes) -> str:
    """Return the encoding in which the whole file reads without an error.

    Tried in order: a byte order mark, zero bytes of UTF-16, UTF-8, then GB18030, Big5 and Windows-1252 by how likely
    the text is. Raises FileRefused for what is no text, MappingUnclear where two encodings read equally well.
    """
    for magic, name in _MAGIC:
        if head.startswith(magic):
            raise FileRefused("file_is_no_table", kind=name)
    for bom, name in _BOMS:
        if head.startswith(bom):
            if not name:
                raise FileRefused("encoding_unknown")
            return _checked(path, name)
    zeros = head.count(0)
    if zeros > len(head) // 20:
        for name, offset in (("utf-16-le", 1), ("utf-16-be", 0)):
            share = head[offset::2].count(0) / max(1, len(head) // 2)
            if share > 0.3 and head[1 - offset :: 2].count(0) < len(head) // 100:
                return _checked(path, name)
        raise FileRefused("file_is_binary")
    if _reads(path, "utf-8"):
        controls = sum(head.count(code) for code in range(32) if code not in (0, 9, 10, 12, 13, 26))
        if controls > len(head) // 50:
            raise FileRefused("file_is_binary")
        return "utf-8"
    return _of_old_text(path, head)


def _checked(path: Path, name: str) -> str:
    if not _reads(path, name):
        raise FileRefused("encoding_broken", encoding=name)
    return name


def _reads(path: Path, name: str) -> bool:
    decoder = codecs.getincrementaldecoder(name)("strict")
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _of_old_text(path: Path, head: bytes) -> str:
    sample = head if len(head) < SAMPLE else head[: head.rfind(b"\n") + 1 or len(head)]
    scores = {name: _likelihood(sample, name) for name in ("gb18030", "big5", "cp1252")}
    fitting = sorted(
        ((score, name) for name, score in scores.items() if score > 0 and _reads(path, name)), reverse=True
    )
    if not fitting or fitting[0][0] < 0.6:
        raise FileRefused("encoding_unknown")
    if len(fitting) > 1 and fitting[0][0] - fitting[1][0] < 0.1:
        vote = from_bytes(sample, cp_isolation=[name for _score, name in fitting]).best()
        if vote is None or vote.encoding not in (fitting[0][1], fitting[1][1]):
            raise MappingUnclear("which_encoding", choices=", ".join(name for _score, name in fitting))
        return vote.encoding
    return fitting[0][1]


def _likelihood(sample: bytes, name: str) -> float:
    """Return how much the foreign letters of the sample look like text of everyday: 0 (not at all) to about 1.5."""
    try:
        text = codecs.getincrementaldecoder(name)("strict").decode(sample)
    except UnicodeDecodeError:
        return 0.0
    foreign = [letter for letter in text if letter > "\x7f"]
    if not foreign:
        return 0.0
    if name == "cp1252":
        alone = sum(
            1
            for a, b, c in zip(" " + text, text, text[1:] + " ", strict=False)
            if b > "\x7f" and a < "\x80" and c < "\x80"
        )
        letters = sum(letter.isalpha() or letter in "€£«»°’“”–" for letter in foreign)
        return alone / len(foreign) * letters / len(foreign)
    known = sum(_everyday(letter, name) for letter in foreign) / len(foreign)
    cells = text[:SAMPLE].replace("\t", ",").replace(";", ",").replace("|", ",").splitlines()[:HEADER_WITHIN]
    headings = sum(formats.recognise(cell)[1] > 0 for line in cells for cell in line.split(",") if not cell.isascii())
    return known + min(headings, 5) * 0.1


def _everyday(letter: str, name: str) -> bool:
    """Return whether the character is among the commonest of its set: level 1 of GB 2312 or of Big5, or punctuation."""
    try:
        code = letter.encode("gb2312" if name == "gb18030" else "big5")
    except UnicodeEncodeError:
        return False
    if name == "gb18030":
        return 0xB0 <= code[0] <= 0xD7 or code[0] in (0xA1, 0xA3)
    return len(code) == 2 and 0xA1 <= code[0] <= 0xC6


def table_of(
    sample: str, delimiter: str | None = None, header_line: int | None = None
) -> tuple[str, int, tuple[str, ...]]:
    """Return separator, line of the headings (from 1) and the headings, from the first lines of the text.

    Raises FileRefused no_heading_line, MappingUnclear which_delimiter.
    """
    lines = sample.splitlines() if len(sample) < SAMPLE else sample.splitlines()[:-1]
    if not any(line.strip() for line in lines):
        raise FileRefused("file_is_empty")
    if delimiter is None:
        delimiter = _delimiter_of(lines)
    rows: list[tuple[int, list[str]]] = []
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
    before = 0
    try:
        for cells in reader:
            rows.append((before + 1, [cell.strip(" \t\u00a0\u3000\ufeff") for cell in cells]))
            before = reader.line_num
            if len(rows) > 200:
                break
    except csv.Error:
        pass
    return delimiter, *heading_line(rows, header_line)


def heading_line(rows: list[tuple[int, list[str]]], header_line: int | None = None) -> tuple[int, tuple[str, ...]]:
    """Return the line of the headings and the headings, among the first rows (line, cells) of a table."""
    if header_line is not None:
        for line, cells in rows:
            if line == header_line:
                return line, _trimmed(cells)
        raise FileRefused("no_heading_line")
    best: tuple[float, int, tuple[str, ...]] | None = None
    widths = Counter(len(cells) for _line, cells in rows if any(cells))
    usual = widths.most_common(1)[0][0] if widths else 0
    for line, cells in [row for row in rows if any(row[1])][:HEADER_WITHIN]:
        headings = _trimmed(cells)
        known = sum(formats.recognise(cell)[1] for cell in headings)
        words = sum(1 for cell in headings if cell and not _is_figure(cell))
        if words < max(1, (len(headings) + 1) // 2) or (known == 0 and len(cells) != usual):
            continue
        score = known + (0.5 if len(cells) == usual else 0) + (0.2 if words == len(headings) else 0)
        if best is None or score > best[0] + 0.99:
            best = (score, line, headings)
    if best is None:
        raise FileRefused("no_heading_line")
    return best[1], best[2]


def _trimmed(cells: list[str]) -> tuple[str, ...]:
    headings = list(cells)
    while headings and not headings[-1]:
        headings.pop()
    return tuple(headings)


def _is_figure(cell: str) -> bool:
    return sum(letter.isdigit() for letter in cell) * 2 > len(cell)


def _delimiter_of(lines: list[str]) -> str:
    used = [line for line in lines if line.strip()][:100]
    scores: dict[str, float] = {}
    for one in DELIMITERS:
        try:
            rows = [row for row in csv.reader(used, delimiter=one) if row]
        except csv.Error:
            continue
        width, times = Counter(map(len, rows)).most_common(1)[0]
        if width > 1:
            known = max(sum(formats.recognise(cell)[1] for cell in row) for row in rows[:HEADER_WITHIN])
            scores[one] = known * 10 + times / len(rows) * 5 + min(width, 10) * 0.1
    if not scores:
        return ","
    ranked = sorted(scores, key=lambda one: scores[one], reverse=True)
    if len(ranked) > 1 and scores[ranked[0]] - scores[ranked[1]] < 0.05:
        raise MappingUnclear("which_delimiter", choices=" ".join(repr(one) for one in ranked[:2]))
    return ranked[0]


def layout_of_text(
    path: Path, *, encoding: str | None = None, delimiter: str | None = None, header_line: int | None = None
) -> Layout:
    """Return how a text file is laid out; what is given is believed, the rest found out."""
    size, head = check_size(path)
    if encoding:
        try:
            codecs.lookup(encoding)
        except LookupError:
            raise FileRefused("encoding_is_no_name", encoding=encoding) from None
    name = _checked(path, encoding) if encoding else encoding_of(path, head)
    with path.open(encoding=name, newline="") as file:
        sample = file.read(SAMPLE)
    if len(sample) == SAMPLE and "\n" not in sample and "\r" not in sample:
        raise FileRefused("line_is_too_long", line=1, limit=MAX_LINE)
    separator, line, headings = table_of(sample, delimiter, header_line)
    return Layout("text", name, separator, line, headings, size)
