"""What a file about money may hold, how its columns are named, and mappings as data."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cases.imports import formats as tapes
from cases.imports.refusals import FileRefused
from cases.imports.values import DATE_FORMATS
from cases.models import Payment

PAYMENTS: Final = "payments"
BANK: Final = "bank"


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that such a file may state. kind: how its text is read. extra: a cell that cannot be read is left out
    with a remark and the money is taken all the same; every other bad cell refuses its row.
    """

    name: str
    label: str | Promise
    kind: str
    extra: bool = False


CATALOGUE: Final = (
    Field("account_number", _("account number"), "account"),
    Field("amount", _("amount"), "amount"),
    Field("credit", _("money in"), "amount"),
    Field("debit", _("money out"), "amount"),
    Field("value_on", _("counts from"), "date"),
    Field("reference", _("reference"), "reference"),
    Field("currency", _("currency"), "currency"),
    Field("payer_name", _("name of the payer"), "name", extra=True),
    Field("payer", _("paid by"), "payer", extra=True),
    Field("method", _("how"), "method", extra=True),
    Field("remittance", _("what the payer wrote"), "remittance", extra=True),
)
FIELDS: Final = {one.name: one for one in CATALOGUE}
_NEEDED: Final = {PAYMENTS: ("account_number", "amount", "value_on"), BANK: ("value_on",)}
_NOT_IN: Final = {PAYMENTS: frozenset({"credit", "debit"}), BANK: frozenset({"account_number", "payer", "method"})}


def fields_of(kind: str) -> tuple[Field, ...]:
    """Return the fields that a file of this kind may hold."""
    return tuple(one for one in CATALOGUE if one.name not in _NOT_IN[kind])


def needed(kind: str) -> tuple[str, ...]:
    """Return the fields without which such a file says nothing."""
    return _NEEDED[kind]


def _names() -> dict[str, list[tuple[str, float]]]:
    table = tomllib.loads(Path(__file__).with_name("headings.toml").read_text(encoding="utf-8"))
    shared = tapes.headings()
    table |= {name: shared[name] for name in ("account_number", "currency")}
    names: dict[str, list[tuple[str, float]]] = {}
    for grade, of in ((1.0, "exact"), (0.8, "likely")):
        for name, known in table.items():
            for heading in known.get(of, ()):
                names.setdefault(tapes.plain_heading(heading), []).append((name, grade))
    return names


NAMES: Final = _names()


def recognise(heading: str, kind: str) -> tuple[str | None, float]:
    """Return the field that a heading names in such a file and how sure that is: 1 agreed name, 0.8 usual one."""
    known = NAMES.get(tapes.plain_heading(heading), [])
    return next(((name, grade) for name, grade in known if name not in _NOT_IN[kind]), (None, 0.0))


@dataclass(frozen=True, slots=True)
class Mapping:
    """How one kind of file about money is read. None in encoding, delimiter, header_line: found out from each file.

    kind: payments or bank. source: under which name its references are kept apart from those of other sources.
    per_period: it states what each account paid in a period: zero is passed over (else refused), and there is one
    payment an account and day.
    A file without references gets them from what its rows say, so that the same file twice is still the same payments.
    """

    name: str
    kind: str
    columns: tuple[tuple[str, str], ...]
    encoding: str | None = None
    delimiter: str | None = None
    header_line: int | None = None
    date_format: str = "YYYY-MM-DD"
    decimal_mark: str = "."
    currency: str = ""
    source: str = "file"
    per_period: bool = False
    version: int = 1

    def __post_init__(self) -> None:
        if self.kind not in _NEEDED:
            raise FileRefused("mapping_is_of_no_kind", kind=str(self.kind)[:40])
        names = [name for _heading, name in self.columns]
        for name in names:
            if name not in FIELDS or name in _NOT_IN[self.kind]:
                raise FileRefused("mapping_names_no_field", field=name)
            if names.count(name) > 1:
                raise FileRefused("mapping_names_field_twice", field=name)
        for name in _NEEDED[self.kind]:
            if name not in names:
                raise FileRefused("mapping_lacks_field", field=name)
        if self.kind == BANK and ("amount" in names) == bool({"credit", "debit"} & set(names)):
            raise FileRefused("mapping_lacks_field", field="amount")
        if self.date_format not in DATE_FORMATS or self.decimal_mark not in (".", ","):
            raise FileRefused("mapping_has_bad_format", form=self.date_format, mark=self.decimal_mark)

    @property
    def fields(self) -> frozenset[str]:
        """Return the names of the fields that the file holds."""
        return frozenset(name for _heading, name in self.columns)

    def as_spec(self) -> dict[str, Any]:
        """Return the mapping as JSON types, as an ImportMapping keeps it."""
        return {
            "columns": [{"heading": heading, "field": name} for heading, name in self.columns],
            **{key: getattr(self, key) for key in _SPEC_KEYS if getattr(self, key) not in ("", None, False)},
        }


_SPEC_KEYS: Final = (
    "encoding", "delimiter", "header_line", "date_format", "decimal_mark", "currency", "source", "per_period",
)  # fmt: skip


def from_spec(name: str, kind: str, spec: dict[str, Any], *, version: int = 1) -> Mapping:
    """Return the mapping that a JSON object describes. Raises FileRefused mapping_* for one that could not work."""
    try:
        columns = tuple((str(one["heading"]), str(one["field"])) for one in spec["columns"] if one.get("field"))
    except (KeyError, TypeError) as broken:
        raise FileRefused("mapping_is_broken", name=name) from broken
    known = {key: spec[key] for key in _SPEC_KEYS if key in spec}
    return Mapping(name=name, kind=kind, columns=columns, version=version, **known)


# What a card account paid in a month, of the same files as the tape "card-monthly": one payment a month.
BUILT_IN: Final = {
    "card-monthly": Mapping(
        name="card-monthly",
        kind=PAYMENTS,
        columns=(("account_id", "account_number"), ("as_of", "value_on"), ("paid_in_month", "amount")),
        source="statement",
        per_period=True,
    )
}

PAYER_WORDS: Final = {
    "borrower": Payment.Payer.BORROWER, "customer": Payment.Payer.BORROWER, "self": Payment.Payer.BORROWER,
    "本人": Payment.Payer.BORROWER, "借款人": Payment.Payer.BORROWER, "持卡人": Payment.Payer.BORROWER,
    "guarantor": Payment.Payer.GUARANTOR, "担保人": Payment.Payer.GUARANTOR, "保证人": Payment.Payer.GUARANTOR,
    "擔保人": Payment.Payer.GUARANTOR, "third party": Payment.Payer.THIRD_PARTY,
    "third_party": Payment.Payer.THIRD_PARTY, "other": Payment.Payer.THIRD_PARTY, "他人": Payment.Payer.THIRD_PARTY,
    "第三人": Payment.Payer.THIRD_PARTY, "第三方": Payment.Payer.THIRD_PARTY, "代付": Payment.Payer.THIRD_PARTY,
    "亲属": Payment.Payer.THIRD_PARTY, "家属": Payment.Payer.THIRD_PARTY,
}  # fmt: skip
METHOD_WORDS: Final = {
    "transfer": Payment.Method.TRANSFER, "bank transfer": Payment.Method.TRANSFER, "wire": Payment.Method.TRANSFER,
    "转账": Payment.Method.TRANSFER, "银行转账": Payment.Method.TRANSFER, "汇款": Payment.Method.TRANSFER,
    "card": Payment.Method.CARD, "debit card": Payment.Method.CARD, "刷卡": Payment.Method.CARD,
    "pos": Payment.Method.CARD,
    "direct debit": Payment.Method.DEBIT, "debit": Payment.Method.DEBIT, "代扣": Payment.Method.DEBIT,
    "自动扣款": Payment.Method.DEBIT, "扣款": Payment.Method.DEBIT, "批扣": Payment.Method.DEBIT,
    "app": Payment.Method.APP, "web": Payment.Method.APP, "online": Payment.Method.APP, "微信": Payment.Method.APP,
    "支付宝": Payment.Method.APP, "手机银行": Payment.Method.APP, "网银": Payment.Method.APP,
    "线上": Payment.Method.APP,
    "branch": Payment.Method.BRANCH, "counter": Payment.Method.BRANCH, "柜台": Payment.Method.BRANCH,
    "网点": Payment.Method.BRANCH, "cash": Payment.Method.CASH, "现金": Payment.Method.CASH,
    "other": Payment.Method.OTHER, "其他": Payment.Method.OTHER,
}  # fmt: skip
