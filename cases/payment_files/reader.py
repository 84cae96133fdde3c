"""A file about money becomes rows, each read strictly: what is not plainly an amount or a date refuses its row."""

import json
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Final

from cases.imports import canonical, detect, values
from cases.imports import formats as tapes
from cases.imports.reader import layout_of, records
from cases.imports.refusals import CellRefused, FileRefused, RowRefusal
from collections_app.shared import money, sealed

from . import formats

_TOTAL_WORDS: Final = frozenset("合计 总计 小计 合計 總計 total totals sum subtotal grandtotal".split())  # noqa: SIM905
_HIDDEN: Final = 80  # characters of a reference


@dataclass(slots=True)
class Row:
    """One row of the file. amount: positive in a file of payments; in one of the bank negative for money that went."""

    line: int
    amount: Decimal = Decimal(0)
    currency: str = ""
    value_on: date | None = None
    reference: str = ""
    account: str = ""
    payer: str = ""
    payer_name: str = ""
    method: str = ""
    remittance: str = ""
    is_nothing: bool = False
    refusals: list[RowRefusal] = field(default_factory=list)
    remarks: list[RowRefusal] = field(default_factory=list)

    @property
    def account_hash(self) -> bytes | None:
        """Return the hash under which the account is kept, if the row names one."""
        return sealed.digest("account", self.account) if self.account else None


class MoneyFile:
    """One file read through one mapping. Iterating yields every row once; afterwards `rows` and `total` are complete.

    today: the last day that may be meant. currency: of the creditor, where neither column nor mapping names one.
    `total` is of the amounts that could be read, of refused rows too.
    """

    def __init__(
        self,
        path: Path,
        mapping: formats.Mapping,
        *,
        today: date,
        currency: str,
        layout: detect.Layout | None = None,
    ):
        self.path, self.mapping, self.today = path, mapping, today
        self.layout = layout or layout_of(path, mapping)
        self.currency = mapping.currency or currency
        self.rows = self.bytes_read = 0
        self.total = Decimal(0)
        self._seen: dict[bytes, int] = {}
        self._references: dict[str, int] = {}
        self._columns = self._find_columns()
        self._heading_of = {one.name: heading for _place, heading, one, _parse in self._columns}

    def _find_columns(self) -> list[tuple[int, str, formats.Field, Callable[[str], Any]]]:
        places: dict[str, list[int]] = {}
        for place, heading in enumerate(self.layout.headings):
            places.setdefault(tapes.plain_heading(heading), []).append(place)
        found = []
        for heading, name in self.mapping.columns:
            at = places.get(tapes.plain_heading(heading), [])
            if not at:
                raise FileRefused("column_is_missing", line=self.layout.header_line, column=heading)
            if len(at) > 1:
                raise FileRefused("column_is_there_twice", line=self.layout.header_line, column=heading)
            one = formats.FIELDS[name]
            found.append((at[0], self.layout.headings[at[0]], one, self._parser(one)))
        return sorted(found, key=lambda column: column[0])

    def _parser(self, one: formats.Field) -> Callable[[str], Any]:
        parsers: dict[str, Callable[[str], Any]] = {
            "account": canonical.account_number,
            "amount": partial(values.amount, mark=self.mapping.decimal_mark),
            "date": partial(values.day, form=self.mapping.date_format),
            "currency": values.currency,
            "reference": _reference,
            "name": values.text_up_to(200),
            "remittance": values.text_up_to(200),
            "payer": partial(_word, words=formats.PAYER_WORDS, code="unknown_payer"),
            "method": partial(_word, words=formats.METHOD_WORDS, code="unknown_method"),
        }
        return parsers[one.kind]

    def text_of(self, lines: Container[int]) -> Iterator[tuple[int, bytes]]:
        """Yield the sealed text of these lines, by reading the file once more: few rows are refused."""
        for line, cells in records(self.path, self.layout):
            if cells is not None and line in lines:
                yield line, sealed.seal(json.dumps(cells, ensure_ascii=False))

    def _told(self, bytes_read: int) -> None:
        self.bytes_read = bytes_read

    def __iter__(self) -> Iterator[Row]:
        width = len(self.layout.headings)
        for line, cells in records(self.path, self.layout, told=self._told):
            if cells is None:
                self.rows += 1
                yield Row(line, refusals=[RowRefusal(line, "", "bad_quoting")])
                continue
            if not any(cell and not cell.isspace() for cell in cells):
                continue
            self.rows += 1
            if len(cells) != width and (len(cells) < width or any(cells[width:])):
                if self.layout.kind == "sheet" and len(cells) < width:
                    cells = cells + [""] * (width - len(cells))
                else:
                    refusal = RowRefusal(line, "", "wrong_width", {"found": len(cells), "expected": width})
                    yield Row(line, refusals=[_total_line(line, cells) or refusal])
                    continue
            yield self._row(line, cells)

    def _row(self, line: int, cells: list[str]) -> Row:
        row = Row(line)
        found: dict[str, Any] = {}
        for place, heading, one, parse in self._columns:
            try:
                text = values.clean(cells[place])
                if not text:
                    if one.name in ("amount", "value_on"):
                        raise CellRefused("value_is_missing")
                    continue
                found[one.name] = parse(text)
            except CellRefused as refused:
                (row.remarks if one.extra else row.refusals).append(
                    RowRefusal(line, heading, refused.code, refused.values)
                )
        self._fill(row, found)
        if row.refusals and (total := _total_line(line, cells)):
            row.refusals = [total]
        return row

    def _fill(self, row: Row, found: dict[str, Any]) -> None:
        row.account, row.value_on = found.get("account_number", ""), found.get("value_on")
        for name in ("reference", "payer", "payer_name", "method", "remittance"):
            setattr(row, name, found.get(name, ""))
        row.currency = found.get("currency") or self.currency
        row.amount = found.get("amount", found.get("credit", Decimal(0)) - abs(found.get("debit", Decimal(0))))
        self.total += row.amount
        if not row.refusals:
            self._check(row)
        if not row.refusals and not row.is_nothing:
            self._refer(row)

    def _check(self, row: Row) -> None:
        def refuse(name: str, code: str, **about: Any) -> None:
            row.refusals.append(RowRefusal(row.line, self._heading_of.get(name, ""), code, about))

        if row.amount == 0:
            if self.mapping.per_period:
                row.is_nothing = True
            else:
                refuse("amount", "nothing_paid")
        elif row.amount < 0 and self.mapping.kind == formats.PAYMENTS:
            refuse("amount", "payment_is_negative", text=str(row.amount))
        if money.exponent(row.currency) == 0 and row.amount % 1:
            refuse("amount", "fraction_of_a_whole_unit", currency=row.currency)
        if row.value_on is not None and row.value_on > self.today:
            refuse("value_on", "day_is_in_the_future", day=row.value_on.isoformat(), today=self.today.isoformat())

    def _refer(self, row: Row) -> None:
        """Give the row the reference under which it is known: its own, or one made from all that it says."""
        if row.reference:
            first = self._references.setdefault(row.reference, row.line)
            if first != row.line and self.mapping.kind == formats.PAYMENTS:
                heading = self._heading_of.get("reference", "")
                row.refusals.append(RowRefusal(row.line, heading, "duplicate_reference", {"first_line": first}))
        if self.mapping.kind == formats.PAYMENTS and not row.reference:
            row.reference = f"#{self.key_of(row).hex()[:32]}"

    def key_of(self, row: Row) -> bytes:
        """Return what tells this row from every other: all that it says, and the how-manieth of its like it is.

        A file that states what each account paid in a period has one payment an account and day.
        """
        if self.mapping.per_period:
            return sealed.digest("payment-row", f"{row.account}\x1f{row.value_on}")
        said = "\x1f".join(
            (
                str(row.value_on), f"{row.amount:.2f}", row.currency, row.account, row.reference, row.payer_name,
                row.remittance,
            )
        )  # fmt: skip
        alike = sealed.digest("payment-row", said)
        self._seen[alike] = self._seen.get(alike, 0) + 1
        return sealed.digest("payment-row", f"{said}\x1f{self._seen[alike]}")


def _reference(text: str) -> str:
    plain = " ".join(values.plain(text).split())
    if len(plain) > _HIDDEN:
        raise CellRefused("too_long", limit=_HIDDEN)
    return plain


def _word(text: str, *, words: dict[str, Any], code: str) -> str:
    plain = " ".join(values.plain(text).casefold().split())
    if plain not in words:
        raise CellRefused(code, text=text[:40])
    return str(words[plain].value)


def _total_line(line: int, cells: list[str]) -> RowRefusal | None:
    first = next((cell for cell in cells if cell.strip()), "")
    word = tapes.plain_heading(first)
    return RowRefusal(line, "", "total_line", {"text": first[:40]}) if word in _TOTAL_WORDS else None
