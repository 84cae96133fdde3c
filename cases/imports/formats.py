"""What a tape may hold and how its columns are named: the catalogue of fields, their headings, and mappings as data."""

import re
import tomllib
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .refusals import FileRefused
from .values import DATE_FORMATS

MEASURES: Final = ("oldest_unpaid_due_date", "days_past_due", "months_past_due", "repay_status")
# What people asked, and why they are left alone: a file sets these and never lifts them.
FLAGS: Final = (
    "do_not_call", "do_not_text", "do_not_email", "cease_contact", "attorney", "disputed", "complaint", "debt_adviser",
    "vulnerable", "deceased", "bankrupt", "hardship", "breathing_space", "minor", "fraud",
)  # fmt: skip
# What a tape may say of which the balance is made; the rest of the balance is not split.
COMPONENTS: Final = ("principal_owed", "interest_owed", "penalty_owed", "fee_owed")
AMOUNTS: Final = ("balance", "credit_limit", "amount_past_due", "paid_in_month", "last_payment_amount", *COMPONENTS)


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that a tape may state.

    kind: how its text is read. personal: a cell that cannot be read is left out with a remark, the debt still loads;
    every other bad cell refuses its row. Its headings are in headings.toml.
    """

    name: str
    label: str | Promise
    kind: str
    personal: bool = False


CATALOGUE: Final = (
    Field("account_number", _("account number"), "account"),
    Field("as_of", _("balances as of"), "date"),
    Field("oldest_unpaid_due_date", _("oldest unpaid due date"), "date"),
    Field("days_past_due", _("days past due"), "count"),
    Field("months_past_due", _("months past due"), "months"),
    Field("repay_status", _("repayment status"), "repay_status"),
    Field("balance", _("balance"), "amount"),
    Field("principal_owed", _("of it principal"), "amount"),
    Field("interest_owed", _("of it interest"), "amount"),
    Field("penalty_owed", _("of it penalty interest"), "amount"),
    Field("fee_owed", _("of it fees"), "amount"),
    Field("amount_past_due", _("amount past due"), "amount"),
    Field("credit_limit", _("credit limit"), "amount"),
    Field("paid_in_month", _("paid in the month"), "amount"),
    Field("last_payment_amount", _("last payment"), "amount"),
    Field("currency", _("currency"), "currency"),
    Field("product", _("product"), "code"),
    Field("opened_on", _("opened"), "date"),
    Field("borrower_ref", _("creditor's reference of the borrower"), "reference"),
    Field("name", _("name"), "name", personal=True),
    Field("document_number", _("identity document"), "document", personal=True),
    Field("mobile", _("mobile"), "phone", personal=True),
    Field("home_phone", _("home telephone"), "phone", personal=True),
    Field("work_phone", _("work telephone"), "phone", personal=True),
    Field("email", _("e-mail"), "email", personal=True),
    Field("address", _("postal address"), "postal", personal=True),
    Field("language", _("language"), "language", personal=True),
    Field("time_zone", _("time zone"), "time_zone", personal=True),
    Field("jurisdiction", _("jurisdiction"), "jurisdiction", personal=True),
    Field("birth_date", _("date of birth"), "date", personal=True),
    Field("guarantor_name", _("guarantor"), "name", personal=True),
    Field("guarantor_document", _("guarantor's document"), "document", personal=True),
    Field("guarantor_mobile", _("guarantor's mobile"), "phone", personal=True),
    Field("do_not_call", _("do not call"), "flag", personal=True),
    Field("do_not_text", _("do not text"), "flag", personal=True),
    Field("do_not_email", _("do not e-mail"), "flag", personal=True),
    Field("cease_contact", _("asked to stop all contact"), "flag", personal=True),
    Field("attorney", _("a lawyer acts"), "flag", personal=True),
    Field("disputed", _("disputed"), "flag", personal=True),
    Field("complaint", _("complaint open"), "flag", personal=True),
    Field("debt_adviser", _("a debt adviser is engaged"), "flag", personal=True),
    Field("vulnerable", _("needs special care"), "flag", personal=True),
    Field("deceased", _("deceased"), "flag", personal=True),
    Field("bankrupt", _("bankrupt"), "flag", personal=True),
    Field("hardship", _("in hardship"), "flag", personal=True),
    Field("breathing_space", _("breathing space"), "flag", personal=True),
    Field("minor", _("minor"), "flag", personal=True),
    Field("fraud", _("suspected fraud or stolen identity"), "flag", personal=True),
)

FIELDS: Final = {one.name: one for one in CATALOGUE}


def is_of_people(one: Field) -> bool:
    """Return whether a field says something of people rather than of the account."""
    return one.personal or one.name == "borrower_ref"


_UNITS: Final = re.compile(r"\(.*?\)|\[.*?\]")
_FILLING: Final = re.compile(r"[\s_\-.:/*#'\"]+")
_DECORATION: Final = re.compile(
    r"^(?:borrowers?|customers?|debtors?|clients?|cardholders?|holders?|primary|本人|客户|借款人|持卡人|主借人|当前|的)+"
)


def plain_heading(heading: str) -> str:
    """Return a heading without case, blanks, underscores, stars and units in brackets, for comparison only."""
    text = unicodedata.normalize("NFKC", heading).casefold()
    return _FILLING.sub("", _UNITS.sub("", text)) or _FILLING.sub("", text)


def headings() -> dict[str, dict[str, list[str]]]:
    """Return the headings that are known: field -> exact, likely -> headings."""
    return tomllib.loads(Path(__file__).with_name("headings.toml").read_text(encoding="utf-8"))


def _names() -> dict[str, tuple[str, float]]:
    table = headings()
    names: dict[str, tuple[str, float]] = {}
    for grade, of in ((1.0, "exact"), (0.8, "likely")):
        for name, known in table.items():
            for heading in known.get(of, ()):
                names.setdefault(plain_heading(heading), (name, grade))
    return names


NAMES: Final = _names()


def recognise(heading: str) -> tuple[str | None, float]:
    """Return the field that a heading names and how sure that is: 1 agreed name, 0.8 usual one, 0 nothing known."""
    plain = plain_heading(heading)
    if plain in NAMES:
        return NAMES[plain]
    bare = _DECORATION.sub("", plain)
    if bare != plain and bare in NAMES:
        name, grade = NAMES[bare]
        return name, round(grade * 0.9, 2)
    return None, 0.0


@dataclass(frozen=True, slots=True)
class Mapping:
    """How one kind of file is read. None in encoding, delimiter, header_line: found out from each file.

    columns: (heading, field) pairs; other columns of the file are passed over. currency, region, language,
    jurisdiction, time_zone, product: what holds where the file has no such column or an empty cell ("" = unknown).
    """

    name: str
    columns: tuple[tuple[str, str], ...]
    encoding: str | None = None
    delimiter: str | None = None
    header_line: int | None = None
    date_format: str = "YYYY-MM-DD"
    decimal_mark: str = "."
    currency: str = ""
    region: str = ""
    language: str = ""
    jurisdiction: str = ""
    time_zone: str = ""
    product: str = ""
    version: int = 1
    origin: dict[str, Any] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        fields = [name for _heading, name in self.columns]
        for name in fields:
            if name not in FIELDS:
                raise FileRefused("mapping_names_no_field", field=name)
            if fields.count(name) > 1:
                raise FileRefused("mapping_names_field_twice", field=name)
        for needed in ("account_number", "balance"):
            if needed not in fields:
                raise FileRefused("mapping_lacks_field", field=needed)
        measures = [name for name in fields if name in MEASURES]
        if len(measures) != 1:
            raise FileRefused("mapping_needs_one_measure", found=", ".join(measures))
        if self.date_format not in DATE_FORMATS or self.decimal_mark not in (".", ","):
            raise FileRefused("mapping_has_bad_format", form=self.date_format, mark=self.decimal_mark)

    @property
    def measure(self) -> str:
        """Return the one field by which this tape states how late an account is."""
        return next(name for _heading, name in self.columns if name in MEASURES)

    @property
    def fields(self) -> frozenset[str]:
        """Return the names of the fields that the tape holds."""
        return frozenset(name for _heading, name in self.columns)

    def as_spec(self) -> dict[str, Any]:
        """Return the mapping as JSON types, as an ImportMapping keeps it."""
        return {
            "columns": [{"heading": heading, "field": name} for heading, name in self.columns],
            **{key: getattr(self, key) for key in _SPEC_KEYS if getattr(self, key) not in ("", None)},
        }


_SPEC_KEYS: Final = (
    "encoding", "delimiter", "header_line", "date_format", "decimal_mark", "currency", "region", "language",
    "jurisdiction", "time_zone", "product",
)  # fmt: skip


def from_spec(name: str, spec: dict[str, Any], *, version: int = 1) -> Mapping:
    """Return the mapping that a JSON object describes. Raises FileRefused mapping_* for one that could not work."""
    try:
        columns = tuple((str(one["heading"]), str(one["field"])) for one in spec["columns"] if one.get("field"))
    except (KeyError, TypeError) as broken:
        raise FileRefused("mapping_is_broken", name=name) from broken
    return Mapping(name=name, columns=columns, version=version, **{key: spec[key] for key in _SPEC_KEYS if key in spec})


BUILT_IN: Final = {
    "card-monthly": Mapping(
        name="card-monthly",
        columns=(
            ("account_id", "account_number"), ("as_of", "as_of"), ("credit_limit", "credit_limit"),
            ("repay_status", "repay_status"), ("statement_balance", "balance"), ("paid_in_month", "paid_in_month"),
        ),
    ),
    "card-arrears": Mapping(
        name="card-arrears",
        columns=(
            ("account_id", "account_number"), ("as_of", "as_of"), ("oldest_unpaid_due_date", "oldest_unpaid_due_date"),
            ("statement_balance", "balance"), ("credit_limit", "credit_limit"),
            ("last_payment_amount", "last_payment_amount"),
        ),
    ),
}  # fmt: skip

REGION_OF_CURRENCY: Final = {
    "CNY": "CN", "USD": "US", "GBP": "GB", "AUD": "AU", "INR": "IN", "TWD": "TW", "HKD": "HK", "CAD": "CA", "SGD": "SG",
    "JPY": "JP", "NZD": "NZ", "MYR": "MY", "PHP": "PH", "IDR": "ID", "MXN": "MX", "BRL": "BR", "ZAR": "ZA",
}  # fmt: skip
