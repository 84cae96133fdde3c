"""The text of one cell becomes a value, strictly: what is not plainly the thing is refused with a code, never guessed.

ASCII digits are taken, and full-width ones (`１２３`), which Chinese and Japanese sheets hold, after being made plain;
digits of other scripts are refused, because nobody here could check them.
"""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Final

from collections_app.shared import clock, money

from .refusals import CellRefused

_FULL_WIDTH: Final = str.maketrans(
    "０１２３４５６７８９．，－＋（）／：％＄￥　−–",
    "0123456789.,-+()/:%$¥ --",
)
BLANKS: Final = " \t\r\n\u00a0\u3000\ufeff\u200b"
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SYMBOLS: Final = re.compile(r"^([-+(]?)\s*(?:NT\$|US\$|HK\$|A\$|[¥$£€₹元])\s*")
_SCIENTIFIC: Final = re.compile(r"[+-]?[0-9][0-9.,]*[eE][+-]?[0-9]+")
_PLAIN: Final = {
    ".": re.compile(
        r"(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{2,3})*,[0-9]{3}|[0-9]{1,3}(?:[ '\u00a0\u202f][0-9]{3})+)(?:\.[0-9]+)?"
    ),
    ",": re.compile(r"(?:[0-9]+|[0-9]{1,3}(?:[. '\u00a0\u202f][0-9]{3})+)(?:,[0-9]+)?"),
}
_GROUPING: Final = {".": re.compile(r"[, '\u00a0\u202f]"), ",": re.compile(r"[. '\u00a0\u202f]")}
_FAST: Final = re.compile(r"-?[0-9]{1,16}(?:\.[0-9]{1,2})?")
_EXACT: Final = re.compile(r"-?[0-9]{1,16}\.[0-9]{2}")
_MAX: Final = Decimal("9999999999999999.99")

DATE_FORMATS: Final = ("YYYY-MM-DD", "DD/MM/YYYY", "MM/DD/YYYY", "YYYYMMDD", "DD-MMM-YYYY")
_TIME: Final = r"(?:[T ]\s*[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?"
_ISO: Final = re.compile(
    r"([0-9]{4})(?:-([0-9]{1,2})-|/([0-9]{1,2})/|\.([0-9]{1,2})\.|年([0-9]{1,2})月)([0-9]{1,2})日?" + _TIME, re.ASCII
)
_COMPACT: Final = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_SHORT: Final = re.compile(r"([0-9]{1,2})([/.-])([0-9]{1,2})\2([0-9]{2}|[0-9]{4})" + _TIME, re.ASCII)
_NAMED: Final = re.compile(r"([0-9]{1,2})[ -]([A-Za-z]{3})[a-z]*\.?[ -]([0-9]{4})")
_MONTHS: Final = {
    name: number
    for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)  # noqa: SIM905
}
_COUNT: Final = re.compile(r"[0-9]{1,5}")
_BUCKET: Final = re.compile(r"[Mm]?([0-9]{1,3})\+?期?")

CURRENCY_NAMES: Final = {
    "人民币": "CNY", "人民币元": "CNY", "RMB": "CNY", "CNH": "CNY", "元": "CNY",
    "港币": "HKD", "港元": "HKD", "新台币": "TWD", "新臺幣": "TWD", "台币": "TWD", "NTD": "TWD", "NT$": "TWD",
    "美元": "USD", "美金": "USD", "US$": "USD", "英镑": "GBP", "欧元": "EUR", "日元": "JPY", "日圆": "JPY",
    "澳元": "AUD", "加元": "CAD", "印度卢比": "INR", "新加坡元": "SGD",
}  # fmt: skip
LANGUAGE_NAMES: Final = {
    "en": "en", "english": "en", "英文": "en", "英语": "en", "zh": "zh-hans", "zh-cn": "zh-hans", "zh-hans": "zh-hans",
    "chinese": "zh-hans", "中文": "zh-hans", "汉语": "zh-hans", "普通话": "zh-hans", "简体中文": "zh-hans",
    "zh-hant": "zh-hant", "zh-tw": "zh-hant", "zh-hk": "zh-hant", "繁體中文": "zh-hant", "繁体中文": "zh-hant",
}  # fmt: skip
COUNTRY_NAMES: Final = {
    "china": "CN", "中国": "CN", "中国大陆": "CN", "united states": "US", "usa": "US", "美国": "US", "uk": "GB",
    "united kingdom": "GB", "great britain": "GB", "英国": "GB", "australia": "AU", "澳大利亚": "AU", "india": "IN",
    "印度": "IN", "canada": "CA", "加拿大": "CA", "taiwan": "TW", "台湾": "TW", "臺灣": "TW",
    "hong kong": "HK", "香港": "HK",
}  # fmt: skip
_JURISDICTION: Final = re.compile(r"[A-Z]{2}(?:-[A-Z0-9]{1,3}){0,2}")

type Parse = Callable[[str], object]


def clean(cell: str) -> str:
    """Return the cell without blanks around it, and without the marks by which Excel keeps digits as text (="0012").

    Raises CellRefused control_character for a NUL or another character that no text holds.
    """
    text = cell.strip(BLANKS)
    if text.startswith('="') and text.endswith('"') and len(text) > 2:
        text = text[2:-1].strip(BLANKS)
    if not text.isprintable() and _CONTROL.search(text):
        raise CellRefused("control_character")
    return text


def plain(text: str) -> str:
    """Return the text with full-width digits and signs made plain, without blanks around it."""
    return text.translate(_FULL_WIDTH).strip(BLANKS)


def text_up_to(limit: int) -> Parse:
    """Return a parser that takes any text of at most so many characters."""

    def parse(text: str) -> str:
        if len(text) > limit:
            raise CellRefused("too_long", limit=limit)
        return " ".join(text.split())

    return parse


def amount(text: str, mark: str) -> Decimal:
    """Return an exact amount. mark: "." or ",", the decimal mark of the file; the other one may group thousands.

    A minus in front or behind, or parentheses, mean a negative amount. Refused: scientific notation, groups that are
    not groups of three (or of two, as in India), more than two decimals, more than numeric(18,2) holds.
    """
    if mark == ".":
        if _EXACT.fullmatch(text):
            return Decimal(text)
        if _FAST.fullmatch(text):
            return _within(Decimal(text))
    plain = text.translate(_FULL_WIDTH).strip()
    if _SCIENTIFIC.fullmatch(plain):
        raise CellRefused("scientific_notation", text=text[:40])
    plain = _SYMBOLS.sub(r"\1", plain)
    negative = False
    if plain.startswith("(") and plain.endswith(")"):
        negative, plain = True, plain[1:-1].strip()
    elif plain.startswith(("-", "+")):
        negative, plain = plain[0] == "-", plain[1:].strip()
    elif plain.endswith("-"):
        negative, plain = True, plain[:-1].strip()
    if not _PLAIN[mark].fullmatch(plain):
        raise CellRefused("bad_amount", text=text[:40], mark=mark)
    number = Decimal(_GROUPING[mark].sub("", plain).replace(",", "."))
    return _within(-number if negative else number)


def _within(number: Decimal) -> Decimal:
    if abs(number) > _MAX:
        raise CellRefused("amount_too_large")
    exact = number.quantize(Decimal("0.01"))
    if exact != number:
        raise CellRefused("too_many_decimals", text=str(number)[:40])
    return exact


@lru_cache(maxsize=8192)
def day(text: str, form: str) -> date:
    """Return the date. form: one of DATE_FORMATS; year-month-day with - / . or 年月日 is understood under each of them.

    Raises CellRefused no_such_date for 31/02, two_digit_year, date_out_of_range (1900 to 2100), bad_date for the rest.
    """
    plain = text.translate(_FULL_WIDTH).strip()
    if found := _ISO.fullmatch(plain):
        year, *months, last = found.groups()
        return _real(text, int(year), int(next(month for month in months if month)), int(last))
    if form == "YYYYMMDD" and (found := _COMPACT.fullmatch(plain)):
        return _real(text, *(int(part) for part in found.groups()))
    if form == "DD-MMM-YYYY" and (found := _NAMED.fullmatch(plain)) and found[2].lower() in _MONTHS:
        return _real(text, int(found[3]), _MONTHS[found[2].lower()], int(found[1]))
    if form in ("DD/MM/YYYY", "MM/DD/YYYY") and (found := _SHORT.fullmatch(plain)):
        first, second, year = int(found[1]), int(found[3]), found[4]
        if len(year) == 2:
            raise CellRefused("two_digit_year", text=text[:40])
        month, last_part = (second, first) if form == "DD/MM/YYYY" else (first, second)
        return _real(text, int(year), month, last_part)
    raise CellRefused("bad_date", text=text[:40], form=form)


def _real(text: str, year: int, month: int, number: int) -> date:
    try:
        found = date(year, month, number)
    except ValueError:
        raise CellRefused("no_such_date", text=text[:40]) from None
    if not 1900 <= year <= 2100:
        raise CellRefused("date_out_of_range", text=text[:40])
    return found


def count(text: str) -> int:
    """Return a whole number of days, not negative."""
    plain = text.translate(_FULL_WIDTH).strip()
    if plain.endswith(".0"):
        plain = plain[:-2]
    if plain.startswith("-"):
        raise CellRefused("negative_count", text=text[:40])
    if not _COUNT.fullmatch(plain):
        raise CellRefused("bad_count", text=text[:40])
    return int(plain)


def months(text: str) -> int:
    """Return months past due: 0, 3, M3, M7+, 3期."""
    found = _BUCKET.fullmatch(text.translate(_FULL_WIDTH).strip().removesuffix(".0"))
    if not found:
        raise CellRefused("bad_count", text=text[:40])
    return int(found[1])


_NO: Final = frozenset(
    {"", "0", "0.0", "0.00", "n", "no", "none", "false", "f", "-", "--", "n/a", "na", "nil", "active", "alive",
     "0000-00-00", "否", "无", "無", "没有", "非", "正常", "生存"}
)  # fmt: skip


def flag(text: str) -> bool:
    """Return whether a cell says yes. Only a plain no is one: a date of death, a court's number, "Y", "是" all say yes.

    In doubt somebody is left alone: a stop that nobody could read would else be passed over.
    """
    return text.translate(_FULL_WIDTH).strip().casefold() not in _NO


def repay_status(text: str) -> int:
    """Return months past due from a card's repayment status: -2 unused, -1 paid up, 0 minimum paid, 1.. late."""
    plain = text.translate(_FULL_WIDTH).strip()
    if plain in ("-2", "-1", "0"):
        return 0
    if not _COUNT.fullmatch(plain) or int(plain) > 999:
        raise CellRefused("bad_repay_status", text=text[:40])
    return int(plain)


@lru_cache(maxsize=512)
def currency(text: str) -> str:
    """Return the ISO code of a code or usual name (人民币). Refused: unknown ones, those of three decimal places."""
    plain = text.translate(_FULL_WIDTH).strip()
    code = CURRENCY_NAMES.get(plain) or CURRENCY_NAMES.get(plain.upper()) or plain.upper()
    try:
        money.exponent(code)
    except money.UnsupportedCurrency:
        raise CellRefused("unsupported_currency", text=text[:40]) from None
    except money.UnknownCurrency:
        raise CellRefused("unknown_currency", text=text[:40]) from None
    return code


@lru_cache(maxsize=512)
def language(text: str) -> str:
    """Return the language code in which a person is written to."""
    code = LANGUAGE_NAMES.get(text.strip().lower())
    if code is None:
        raise CellRefused("unknown_language", text=text[:40])
    return code


@lru_cache(maxsize=2048)
def time_zone(text: str) -> str:
    """Return the IANA name of a time zone; any other text is refused."""
    if len(text) <= 64 and "/" in text:
        try:
            return clock.zone(text).key
        except clock.UnknownTimeZone:
            pass
    raise CellRefused("unknown_time_zone", text=text[:40])


@lru_cache(maxsize=2048)
def jurisdiction(text: str) -> str:
    """Return the code of a country, its part or a city in it (US, US-NY, US-NY-NYC), from a code or a usual name."""
    plain = text.strip()
    code = COUNTRY_NAMES.get(plain.lower()) or plain.upper()
    if not _JURISDICTION.fullmatch(code):
        raise CellRefused("unknown_jurisdiction", text=text[:40])
    return code
