"""A letter as a page to print: PDF, A4, Chinese and Latin type embedded, the reference as text, bar code and QR code.

Equal letters give equal bytes, so that the hash of a letter proves what left. Source of the address window and the
folding marks: DIN 5008 form B, which fits a DL envelope with a window.
"""

import lzma
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from babel.dates import format_date
from django.utils.translation import gettext_lazy as _
from reportlab.graphics import renderPDF
from reportlab.graphics.barcode import code128, qr
from reportlab.graphics.shapes import Drawing
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from cases.refusal import Refused

FONT: Final = "Letters"
_FILE: Final = Path(__file__).with_name("fonts") / "NotoSansSC-Letters.ttf.xz"
WIDTH, HEIGHT = A4
LEFT: Final = 25 * mm
RIGHT: Final = WIDTH - 20 * mm
TOP: Final = HEIGHT - 27 * mm
BOTTOM: Final = 30 * mm
FIRST_BODY: Final = HEIGHT - 105 * mm  # below the address window and the block of references
SIZE: Final = 10.5  # points
LINE: Final = 16.5  # points; Chinese wants room
MOST_PAGES: Final = 20
WIDEST_BAR: Final = 52 * mm
SECOND: Final = 18 * mm  # where the second column of a table begins
NEVER_FIRST: Final = frozenset("，。、；：？！）》」』”’】％…,.;:?!)]}%")  # never begins a line
PAGE_OF: Final = {"zh": "第{}页，共{}页", "en": "Page {} of {}"}


class LetterRefused(Refused):
    SENTENCES = {
        "no-glyph": _("The letter cannot be printed: the type has no “%(letter)s”."),
        "too-long": _("The letter has more than %(limit)s pages."),
        "no-address": _("The letter has no address."),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What is printed. to: the address, line by line. code: what the bar code says; the reference where it is empty.
    seal: a picture (PNG) put over the closing, if used. table: rows printed in columns between `body` and `after`, the
    first one the heading; the first two columns begin at the left, the others end at the right.
    """

    sender: str
    sender_lines: tuple[str, ...] = ()
    to: tuple[str, ...]
    on: date
    reference: str
    subject: str
    body: str
    language: str = "en"
    key: str = ""
    code: str = ""
    seal: bytes | None = None
    table: tuple[tuple[str, ...], ...] = ()
    after: str = ""


type Row = str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Printed:
    """The letter as a file."""

    content: bytes
    pages: int


def code_of(reference: str, key: UUID) -> str:
    """Return what the bar code of a letter says: the reference of the case, and what tells its letters apart."""
    return f"{reference}-{key.hex[:8]}".upper()


def compose(letter: Letter) -> Printed:
    """Return the letter as PDF. Raises LetterRefused, naming a character that the type lacks."""
    letter = replace(
        letter,
        sender=_one_line(letter.sender),
        sender_lines=tuple(map(_one_line, letter.sender_lines)),
        to=tuple(line for line in map(_one_line, letter.to) if line),
        subject=_one_line(letter.subject),
        reference=_one_line(letter.reference),
    )
    if not letter.to:
        raise LetterRefused("no-address")
    cells = (cell for row in letter.table for cell in row)
    said = (
        letter.sender,
        *letter.sender_lines,
        *letter.to,
        letter.subject,
        letter.body,
        letter.after,
        letter.reference,
    )
    for text in (*said, *cells):
        _refuse_what_has_no_shape(text)
    lines: list[Row] = list(_wrapped(letter.body.strip("\n"), RIGHT - LEFT))
    if letter.table:
        lines += ["", *letter.table, ""]
    if letter.after:
        lines += _wrapped(letter.after.strip("\n"), RIGHT - LEFT)
    pages = _paginated(lines, letter.seal is not None)
    if len(pages) > MOST_PAGES:
        raise LetterRefused("too-long", limit=MOST_PAGES)
    into = BytesIO()
    canvas = Canvas(into, pagesize=A4, invariant=1, pageCompression=1)
    canvas.setTitle(letter.reference)
    canvas.setAuthor(letter.sender)
    for number, page in enumerate(pages, start=1):
        top = _head(canvas, letter) if number == 1 else TOP
        after = _body(canvas, page, top)
        if number == len(pages):
            _close(canvas, letter, after)
        _foot(canvas, letter, number, len(pages))
        canvas.showPage()
    canvas.save()
    return Printed(into.getvalue(), len(pages))


@cache
def _register() -> frozenset[int]:
    """Load the type once per process; return the code points that it has."""
    font = TTFont(FONT, BytesIO(lzma.decompress(_FILE.read_bytes())))
    pdfmetrics.registerFont(font)
    return frozenset(font.face.charToGlyph)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _refuse_what_has_no_shape(text: str) -> None:
    known = _register()
    for letter in text:
        if ord(letter) not in known and letter not in "\n\t":
            raise LetterRefused("no-glyph", letter=letter)


def _width(text: str, size: float = SIZE) -> float:
    return float(pdfmetrics.stringWidth(text, FONT, size))


def _wrapped(text: str, room: float) -> Iterator[str]:
    """Yield the lines of a text: Latin breaks at blanks, Chinese anywhere but before what never begins a line."""
    for paragraph in text.replace("\t", "    ").split("\n"):
        line = ""
        for piece in _pieces(paragraph):
            if _width((line + piece).rstrip()) <= room or (line and piece in NEVER_FIRST):
                line += piece
                continue
            if line:
                yield line.rstrip()
                line = ""
            piece = piece.lstrip()
            while _width(piece) > room:  # a word wider than the page is cut where the page ends
                cut = next(n for n in range(len(piece), 0, -1) if _width(piece[:n]) <= room)
                yield piece[:cut]
                piece = piece[cut:]
            line = piece
        yield line.rstrip()


def _pieces(paragraph: str) -> Iterator[str]:
    """Yield what may stand alone at the end of a line: a Latin word with the blank after it, or one wide character."""
    word = ""
    for letter in paragraph:
        if ord(letter) < 0x2E80:
            word += letter
            if letter == " ":
                yield word
                word = ""
            continue
        if word:
            yield word
            word = ""
        yield letter
    if word:
        yield word


def _paginated(lines: list[Row], has_seal: bool) -> list[list[Row]]:
    """Return the lines of each page; the closing has room on the last."""
    closing = (45 if has_seal else 20) * mm
    pages: list[list[Row]] = []
    rest = lines
    while True:
        top = TOP if pages else FIRST_BODY
        fits = int((top - BOTTOM) // LINE)
        if len(rest) * LINE + closing <= top - BOTTOM:
            return [*pages, rest]
        pages.append(rest[:fits])
        rest = rest[fits:]


def _head(canvas: Canvas, letter: Letter) -> float:
    """Draw sender, address window, references and subject; return where the text begins."""
    canvas.setFont(FONT, 13)
    canvas.drawString(LEFT, TOP, letter.sender)
    canvas.setFont(FONT, 8)
    for number, line in enumerate(letter.sender_lines[:4]):
        canvas.drawRightString(RIGHT, TOP - number * 11, line)
    canvas.setFont(FONT, SIZE)
    at = HEIGHT - 54 * mm
    for address in letter.to:
        for line in _wrapped(address, 85 * mm):
            canvas.drawString(LEFT, at, line)
            at -= LINE * 0.9
    _codes(canvas, letter)
    zone = "zh_Hans_CN" if letter.language.startswith("zh") else "en"
    canvas.setFont(FONT, SIZE)
    canvas.drawRightString(RIGHT, HEIGHT - 88 * mm, format_date(letter.on, format="long", locale=zone))
    canvas.setFont(FONT, 12)
    canvas.drawString(LEFT, HEIGHT - 96 * mm, next(_wrapped(letter.subject or letter.reference, RIGHT - LEFT)))
    return FIRST_BODY


def _codes(canvas: Canvas, letter: Letter) -> None:
    """Draw the code as text, as Code 128 and as a QR code, beside the address window."""
    right, top, says = RIGHT, HEIGHT - 46 * mm, letter.code or letter.reference
    code: Any = qr.QrCodeWidget(says, barLevel="M")
    x0, y0, x1, y1 = code.getBounds()
    side = 20 * mm
    drawing = Drawing(side, side, transform=[side / (x1 - x0), 0, 0, side / (y1 - y0), 0, 0])
    drawing.add(code)
    renderPDF.draw(drawing, canvas, right - side, top - side)
    bar: Any = code128.Code128(says, barHeight=8 * mm, barWidth=0.33 * mm, humanReadable=False)
    if bar.width > WIDEST_BAR:  # a long code in narrower bars, so that it stays out of the address window
        bar = code128.Code128(says, barHeight=8 * mm, barWidth=0.2 * mm, humanReadable=False)
    bar.drawOn(canvas, right - side - bar.width, top - 12 * mm)
    canvas.setFont(FONT, 8)
    canvas.drawRightString(right, top - side - 9, says)


def _body(canvas: Canvas, lines: list[Row], top: float) -> float:
    canvas.setFont(FONT, SIZE)
    at = top
    for line in lines:
        if isinstance(line, str):
            canvas.drawString(LEFT, at, line)
        else:
            _columns(canvas, line, at)
        at -= LINE
    return at


def _columns(canvas: Canvas, cells: tuple[str, ...], at: float) -> None:
    """Draw one row of a table over a thin line."""
    first, *others = cells
    canvas.drawString(LEFT, at, first)
    if others:
        canvas.drawString(LEFT + SECOND, at, others[0])
    figures = others[1:]
    room = (RIGHT - LEFT - SECOND) / (len(figures) + 1)
    for number, cell in enumerate(figures):
        canvas.drawRightString(RIGHT - room * (len(figures) - 1 - number), at, cell)
    canvas.setLineWidth(0.2)
    canvas.line(LEFT, at - 4, RIGHT, at - 4)


def _close(canvas: Canvas, letter: Letter, at: float) -> None:
    """Draw who writes, with the seal over the name where one is used."""
    at -= 8 * mm
    canvas.setFont(FONT, SIZE)
    canvas.drawRightString(RIGHT, at, letter.sender)
    if letter.seal is not None:
        side = 38 * mm
        canvas.drawImage(
            ImageReader(BytesIO(letter.seal)), RIGHT - side, at - side / 2, side, side, mask="auto",
            preserveAspectRatio=True,
        )  # fmt: skip


def _foot(canvas: Canvas, letter: Letter, number: int, of: int) -> None:
    canvas.setFont(FONT, 7)
    words = PAGE_OF["zh" if letter.language.startswith("zh") else "en"]
    canvas.drawString(LEFT, 15 * mm, " · ".join(part for part in (letter.reference, letter.key) if part))
    canvas.drawRightString(RIGHT, 15 * mm, words.format(number, of))
    canvas.setLineWidth(0.3)
    for fold in (105 * mm, 210 * mm):
        canvas.line(4 * mm, HEIGHT - fold, 8 * mm, HEIGHT - fold)
