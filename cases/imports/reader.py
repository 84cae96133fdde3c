"""A tape becomes rows ready to stage: one pass, flat memory, numbers of people and accounts sealed on the way."""

import hashlib
import json
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import closing
from datetime import date
from decimal import Decimal
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

from collections_app.shared import money, sealed

from . import canonical, detect, formats, sheet, text_file, values
from .refusals import CellRefused, FileRefused, RowRefusal
from .sheet_child import DIGITS_LOST

# Names of the staged columns, in order; `sql.STAGING` declares the same ones with their types.
STAGED: Final = (
    "line", "number_sealed", "number_hash", "number_last4",
    "balance", "amount_past_due", "credit_limit", "paid_in_month", "last_payment_amount",
    *formats.COMPONENTS, "due_on", "days", "months", "currency", "product", "opened_on",
    "borrower_ref", "name", "document_sealed", "document_hash", "document_last4", "document_kind", "birth_on",
    "language", "jurisdiction", "time_zone",
    "mobile_sealed", "mobile_hash", "mobile_last4", "mobile_region", "mobile_zone",
    "home_phone_sealed", "home_phone_hash", "home_phone_last4", "home_phone_region", "home_phone_zone",
    "work_phone_sealed", "work_phone_hash", "work_phone_last4", "work_phone_region", "work_phone_zone",
    "email_sealed", "email_hash", "email_last4", "address_sealed", "address_hash", "address_last4",
    "guarantor_name", "guarantor_document_sealed", "guarantor_document_hash", "guarantor_document_last4",
    "guarantor_document_kind", "guarantor_mobile_sealed", "guarantor_mobile_hash", "guarantor_mobile_last4",
    "guarantor_mobile_region", "guarantor_mobile_zone", *formats.FLAGS, "digest", "people", "people_known",
)  # fmt: skip
SLOT: Final = {name: number for number, name in enumerate(STAGED)}
_PEOPLE_KNOWN: Final = SLOT["people_known"]

_FIRST_SLOT: Final = {
    "account_number": "number_sealed", "balance": "balance", "amount_past_due": "amount_past_due",
    "credit_limit": "credit_limit", "paid_in_month": "paid_in_month", "last_payment_amount": "last_payment_amount",
    "oldest_unpaid_due_date": "due_on", "days_past_due": "days", "months_past_due": "months",
    "repay_status": "months", "time_zone": "time_zone",
    "currency": "currency", "product": "product", "opened_on": "opened_on", "borrower_ref": "borrower_ref",
    "name": "name", "document_number": "document_sealed", "birth_date": "birth_on", "language": "language",
    "jurisdiction": "jurisdiction", "mobile": "mobile_sealed", "home_phone": "home_phone_sealed",
    "work_phone": "work_phone_sealed", "email": "email_sealed", "address": "address_sealed",
    "guarantor_name": "guarantor_name", "guarantor_document": "guarantor_document_sealed",
    "guarantor_mobile": "guarantor_mobile_sealed", **{name: name for name in (*formats.FLAGS, *formats.COMPONENTS)},
}  # fmt: skip
_WIDTHS: Final = {"account": 3, "document": 4, "phone": 5, "email": 3, "postal": 3}
_NEEDED: Final = frozenset({"account_number", "balance", "days_past_due", "months_past_due", "repay_status"})
_NEVER_NEGATIVE: Final = frozenset(formats.AMOUNTS) - {"balance"}
_TOTAL_WORDS: Final = frozenset("合计 总计 小计 合計 總計 total totals sum subtotal grandtotal".split())  # noqa: SIM905


class SaysHow(Protocol):
    """What a mapping says of the file itself; None: to be found out."""

    @property
    def encoding(self) -> str | None: ...
    @property
    def delimiter(self) -> str | None: ...
    @property
    def header_line(self) -> int | None: ...


class Settled(text_file.Passed, Protocol):
    """Lines that are not read, counted when they are passed over."""

    @property
    def passed(self) -> int: ...


class Row(NamedTuple):
    """One row of the file. staged: its values in the order of STAGED, None when it is refused."""

    line: int
    staged: list[Any] | None
    refusals: list[RowRefusal]
    remarks: list[RowRefusal]


def records(
    path: Path, layout: detect.Layout, *, told: Callable[[int], None] | None = None
) -> Iterator[tuple[int, list[str] | None]]:
    """Yield (line, cells) of every record after the headings; cells is None where the quotation marks do not match.

    told: called now and then with the number of bytes read.
    """
    return ((line, cells) for line, cells, _lines in _records(path, layout, told=told))


def _records(
    path: Path,
    layout: detect.Layout,
    *,
    told: Callable[[int], None] | None = None,
    passed: text_file.Passed | None = None,
) -> Iterator[tuple[int, list[str] | None, list[bytes]]]:
    if layout.kind == "sheet":
        return ((line, cells, []) for line, cells in sheet.rows(path) if line > layout.header_line)
    return text_file.records(path, layout, told=told, passed=passed)


def layout_of(path: Path, mapping: "SaysHow | None" = None) -> detect.Layout:
    """Return how the file is laid out, believing what the mapping says. Raises FileRefused, MappingUnclear."""
    size, head = detect.check_size(path)
    header = mapping.header_line if mapping else None
    if not detect.is_sheet(head):
        return detect.layout_of_text(
            path,
            encoding=mapping.encoding if mapping else None,
            delimiter=mapping.delimiter if mapping else None,
            header_line=header,
        )
    if size > detect.MAX_SHEET_BYTES:
        raise FileRefused("file_is_too_large", limit=detect.MAX_SHEET_BYTES // 1024**2)
    first: list[tuple[int, list[str]]] = []
    with closing(sheet.rows(path)) as reading:
        for line, cells in islice(reading, 200):
            first.append((line, [cell.strip(" \t\u00a0\u3000") for cell in cells]))
    if not any(any(cells) for _line, cells in first):
        raise FileRefused("file_is_empty")
    line, headings = detect.heading_line(first, header)
    return detect.Layout("sheet", "xlsx", "", line, headings, size)


def sha256(path: Path) -> str:
    """Return the SHA-256 of the file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Tape:
    """One file read through one mapping. Iterating yields every row once; afterwards `rows` and `totals` are complete.

    as_of: the day for which the balances hold; a row that states another is refused. currency: of the creditor, where
    neither column nor mapping names one. Amounts in `totals` are those that could be read, of refused rows too.
    """

    def __init__(
        self, path: Path, mapping: formats.Mapping, *, as_of: date, currency: str, layout: detect.Layout | None = None
    ):
        self.path, self.mapping, self.as_of = path, mapping, as_of
        self.layout = layout or layout_of(path, mapping)
        self.currency = mapping.currency or currency
        self.region = mapping.region or formats.REGION_OF_CURRENCY.get(self.currency, "")
        self.bytes_read = self._rows_read = 0
        self.totals: dict[str, Decimal] = {name: Decimal(0) for name in formats.AMOUNTS if name in mapping.fields}
        self.digest_of: Callable[[bytes], bytes] | None = None  # set: every row that is staged says its digest
        self.people_of: Callable[[list[str]], bytes] | None = None  # the same of what the row says of people
        self.settled: Settled | None = None  # lines that say what the book says: they are not read
        self.people_known: Container[int] = ()  # lines that say nothing new of people: of those only the rest is read
        self.settled_totals = dict.fromkeys(self.totals, Decimal(0))
        self._columns = self._find_columns()
        self._of_accounts = [column for column in self._columns if not formats.is_of_people(column[2])]

    @property
    def settled_rows(self) -> int:
        """Return how many rows were passed over so far."""
        return self.settled.passed if self.settled is not None else 0

    @property
    def rows(self) -> int:
        """Return how many rows there were so far."""
        return self._rows_read + self.settled_rows

    def settle(self, totals: Mapping[str, Decimal]) -> None:
        """Take in what the amounts of the rows that were passed over add up to."""
        for name, total in totals.items():
            self.settled_totals[name] += total
            self.totals[name] += total

    def _find_columns(self) -> list[tuple[int, str, formats.Field, int, Callable[[str], Any]]]:
        places: dict[str, list[int]] = {}
        for place, heading in enumerate(self.layout.headings):
            places.setdefault(formats.plain_heading(heading), []).append(place)
        found = []
        for heading, name in self.mapping.columns:
            at = places.get(formats.plain_heading(heading), [])
            if not at:
                raise FileRefused("column_is_missing", line=self.layout.header_line, column=heading)
            if len(at) > 1:
                raise FileRefused("column_is_there_twice", line=self.layout.header_line, column=heading)
            slot = SLOT.get(_FIRST_SLOT.get(name, ""), -1)
            found.append(
                (at[0], self.layout.headings[at[0]], formats.FIELDS[name], slot, self._parser(formats.FIELDS[name]))
            )
        # the jurisdiction first: national telephone numbers are read by it
        return sorted(found, key=lambda column: (column[2].name != "jurisdiction", column[0]))

    def text_of(self, lines: Container[int]) -> Iterator[tuple[int, bytes]]:
        """Yield the sealed text of these lines, by reading the file once more: few rows are refused."""
        for line, cells in records(self.path, self.layout):
            if cells is not None and line in lines:
                yield line, sealed.seal(json.dumps(cells, ensure_ascii=False))

    def places_of_people(self) -> list[int]:
        """Return where a row says whose account it is and how they are reached; nothing where no column does."""
        of_people = [column[0] for column in self._columns if formats.is_of_people(column[2])]
        whose = [column[0] for column in self._columns if column[2].name == "account_number"]
        return whose + sorted(of_people) if of_people else []

    def used_slots(self) -> list[int]:
        """Return the places in a staged row that this tape can fill, in order."""
        used = {SLOT["line"], SLOT["currency"]} | ({SLOT["digest"]} if self.digest_of else set())
        used |= {SLOT["people"], SLOT["people_known"]} if self.people_of else set()
        for _place, _heading, field, slot, _parse in self._columns:
            if slot >= 0:
                used.update(range(slot, slot + _WIDTHS.get(field.kind, 1)))
        return sorted(used)

    def _told(self, bytes_read: int) -> None:
        self.bytes_read = bytes_read

    def _parser(self, field: formats.Field) -> Callable[[str], Any]:
        parsers: dict[str, Callable[[str], Any]] = {
            "account": lambda text: canonical.seal(canonical.ACCOUNT, canonical.account_number(text)),
            "amount": partial(self._amount, field.name),
            "date": partial(values.day, form=self.mapping.date_format),
            "count": values.count,
            "months": values.months,
            "repay_status": values.repay_status,
            "currency": values.currency,
            "code": values.text_up_to(40),
            "reference": values.text_up_to(80),
            "name": values.text_up_to(200),
            "document": self._document,
            "phone": self._phone,
            "email": lambda text: canonical.seal(canonical.EMAIL, canonical.email(text)),
            "postal": self._postal,
            "language": values.language,
            "time_zone": values.time_zone,
            "jurisdiction": values.jurisdiction,
            "flag": values.flag,
        }
        return parsers[field.kind]

    def _amount(self, name: str, text: str) -> Decimal:
        amount = values.amount(text, self.mapping.decimal_mark)
        self.totals[name] += amount
        if amount < 0 and name in _NEVER_NEGATIVE:
            raise CellRefused("negative_amount", text=text[:40])
        return amount

    def _phone(self, text: str) -> tuple[Any, ...]:
        number, region, zone = canonical.phone(text, self._region)
        return (*canonical.seal(canonical.PHONE, number), region, zone)

    @staticmethod
    def _document(text: str) -> tuple[Any, ...]:
        number, kind = canonical.document(text)
        return (*canonical.seal(canonical.DOCUMENT, number), kind)

    @staticmethod
    def _postal(text: str) -> tuple[Any, ...]:
        if len(text) > 500:
            raise CellRefused("too_long", limit=500)
        plain = canonical.postal(text)
        return sealed.seal(plain), sealed.digest(canonical.POSTAL, canonical.postal_key(plain)), ""

    def __iter__(self) -> Iterator[Row]:
        width = len(self.layout.headings)
        for line, cells, lines in _records(self.path, self.layout, told=self._told, passed=self.settled):
            if cells is None:
                self._rows_read += 1
                yield Row(line, None, [RowRefusal(line, "", "bad_quoting")], [])
                continue
            if not any(cell and not cell.isspace() for cell in cells):
                continue
            self._rows_read += 1
            if len(cells) != width and (len(cells) < width or any(cells[width:])):
                if self.layout.kind == "sheet" and len(cells) < width:
                    cells = cells + [""] * (width - len(cells))
                else:
                    refusal = RowRefusal(line, "", "wrong_width", {"found": len(cells), "expected": width})
                    yield Row(line, None, [self._total_line(line, cells) or refusal], [])
                    continue
            yield self._row(line, cells, lines)

    def _row(self, line: int, cells: list[str], lines: list[bytes]) -> Row:
        staged: list[Any] = [None] * len(STAGED)
        staged[0] = line
        staged[_PEOPLE_KNOWN] = people_known = line in self.people_known
        self._region = self.region
        refusals: list[RowRefusal] = []
        remarks: list[RowRefusal] = []
        whole = "".join(cells)
        is_simple = whole.isprintable() and '="' not in whole  # nothing that `clean` looks for beside blanks
        for place, heading, field, slot, parse in self._of_accounts if people_known else self._columns:
            try:
                text = cells[place].strip(values.BLANKS) if is_simple else values.clean(cells[place])
                if not text:
                    if field.name in _NEEDED:
                        raise CellRefused("value_is_missing")
                    continue
                if text == DIGITS_LOST:
                    raise CellRefused("digits_lost")
                value = parse(text)
                if slot < 0:
                    if value != self.as_of:
                        raise CellRefused("as_of_differs", stated=value.isoformat(), expected=self.as_of.isoformat())
                elif isinstance(value, tuple):
                    staged[slot : slot + len(value)] = value
                else:
                    staged[slot] = value
                    if field.name == "jurisdiction":
                        self._region = value[:2]
            except CellRefused as refused:
                (remarks if field.personal else refusals).append(
                    RowRefusal(line, heading, refused.code, refused.values)
                )
        if staged[SLOT["currency"]] is None:
            staged[SLOT["currency"]] = self.currency
        if not refusals and staged[SLOT["currency"]] in money.ZERO_EXPONENT_CURRENCIES:
            refusals.extend(self._fractions(line, staged))
        if refusals:
            total = self._total_line(line, cells)
            return Row(line, None, [total] if total else refusals, [])
        if self.digest_of and not remarks:
            staged[SLOT["digest"]] = self.digest_of(b"".join(lines)).hex()
            if self.people_of:
                staged[SLOT["people"]] = self.people_of(cells).hex()
        return Row(line, staged, [], remarks)

    def _fractions(self, line: int, staged: list[Any]) -> Iterator[RowRefusal]:
        for _place, heading, field, slot, _parse in self._columns:
            if field.kind == "amount" and staged[slot] is not None and staged[slot] % 1:
                yield RowRefusal(line, heading, "fraction_of_a_whole_unit", {"currency": staged[SLOT["currency"]]})

    @staticmethod
    def _total_line(line: int, cells: list[str]) -> RowRefusal | None:
        first = next((cell for cell in cells if cell.strip()), "")
        word = formats.plain_heading(first)
        return RowRefusal(line, "", "total_line", {"text": first[:40]}) if word in _TOTAL_WORDS else None
