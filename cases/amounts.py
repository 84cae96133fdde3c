"""Amounts and days as people type them, read one way by every form; what is not plainly one is refused with a sentence.

Taken: 1250.5, 1,250.50, 1 250.50, ￥500, 500元, 1.5万, NT$ 1,200, 12,34,567.00 and the full-width ５００ of a Chinese
keyboard; 2026-11-22, 2026/11/22, 2026年11月22日, 20261122, their digits full-width too. A comma groups thousands and is
nothing else: "12,50" is refused rather than read as twelve hundred and fifty. Files: `cases.imports.values`.
"""

import re
from datetime import date
from decimal import Decimal
from typing import Final

from django.utils.translation import gettext_lazy as _

from cases.imports import values
from cases.imports.refusals import CellRefused
from cases.refusal import Refused
from collections_app.shared import money

SHOWN: Final = 40  # characters of what was typed that a sentence repeats
WAN: Final = "万萬"
_TYPED: Final = 200
_DOLLARS: Final = frozenset("USD TWD HKD AUD CAD SGD NZD MXN".split())  # noqa: SIM905
_YUAN: Final = frozenset("CNY TWD HKD MOP".split())  # noqa: SIM905
# Signs that say which currencies are meant; the names of `values` and the codes of ISO 4217 come to them.
_MARKS: Final[dict[str, frozenset[str]]] = {
    "¥": frozenset({"CNY", "JPY"}), "$": _DOLLARS, "元": _YUAN, "块": frozenset({"CNY"}), "圆": _YUAN,
    "£": frozenset({"GBP"}), "￡": frozenset({"GBP"}), "€": frozenset({"EUR"}), "₹": frozenset({"INR"}),
    "円": frozenset({"JPY"}), "₩": frozenset({"KRW"}), "₫": frozenset({"VND"}),
    "HK$": frozenset({"HKD"}), "A$": frozenset({"AUD"}), "AU$": frozenset({"AUD"}), "C$": frozenset({"CAD"}),
    "CA$": frozenset({"CAD"}), "S$": frozenset({"SGD"}),
}  # fmt: skip
_NAMES: Final = {**{name: frozenset({code}) for name, code in values.CURRENCY_NAMES.items()}, **_MARKS}
_LONGEST_FIRST: Final = sorted(_NAMES, key=len, reverse=True)
_CODE_BEFORE: Final = re.compile(r"([A-Z]{3})\s*(?=[-+(0-9])")
_CODE_AFTER: Final = re.compile(r"(?<=[0-9)万萬])\s*([A-Z]{3})$")
_SIGNED: Final = re.compile(r"[-+(]")


class AmountRefused(Refused):
    SENTENCES = {
        "unreadable": _("“%(text)s” is not an amount. Write it like 1250.50."),
        "comma": _("“%(text)s”: a comma groups thousands, a point begins the cents. Write it like 1250.50."),
        "negative": _("“%(text)s” is less than zero."),
        "zero": _("The amount must be more than zero."),
        "too-fine": _("“%(text)s” has more than two decimals."),
        "whole-units": _("“%(text)s”: %(currency)s has no decimals."),
        "other-currency": _("“%(text)s” is in %(stated)s; this is in %(currency)s."),
        "too-large": _("This is more than the books can hold."),
        "scientific": _("“%(text)s” is in scientific notation. Write the amount out."),
    }


class DayRefused(Refused):
    SENTENCES = {
        "unreadable": _("“%(text)s” is not a date. Write it like 2026-11-22."),
        "ambiguous": _("“%(text)s” may be %(first)s or %(second)s. Write the one that is meant."),
        "unreadable-time": _("“%(text)s” is not a time. Write it like fri 14:30 or 2026-11-22 14:30."),
        "unreadable-hour": _("“%(text)s” is not a time of day. Write it like 9, 14:30 or 9pm."),
        "no-such-day": _("“%(text)s” is a day that does not exist."),
        "no-leap-day": _("%(year)s has no 29 February."),
        "out-of-range": _("“%(text)s” is outside the years 1900 to 2100."),
        "past": _("%(day)s is in the past."),
        "past-time": _("%(moment)s is in the past."),
        "future": _("%(day)s is in the future."),
    }


_AMOUNT_CODES: Final = {
    "scientific_notation": "scientific", "too_many_decimals": "too-fine", "amount_too_large": "too-large",
}  # fmt: skip
_DAY_CODES: Final = {"no_such_date": "no-such-day", "date_out_of_range": "out-of-range"}


def read(text: str, *, currency: str = "", zero: bool = False) -> Decimal:
    """Return the amount that was typed, exact to the cent and never negative. Raises AmountRefused.

    currency: of what the form is about; an amount that names another one is refused, and so is a fraction where it has
    none ("" = not known here). zero: whether nothing at all is an answer.
    """
    shown = text.strip()[:SHOWN]
    plain = values.plain(text).upper() if len(text) <= _TYPED else text
    stated, bare = _without_currency(plain)
    if stated and currency and currency not in stated:
        raise AmountRefused("other-currency", text=shown, stated=" / ".join(sorted(stated)), currency=currency)
    number = _number(bare, shown)
    if number < 0:
        raise AmountRefused("negative", text=shown)
    if number == 0 and not zero:
        raise AmountRefused("zero")
    if currency and money.exponent(currency) == 0 and number % 1:
        raise AmountRefused("whole-units", text=shown, currency=currency)
    return number


def _number(bare: str, shown: str) -> Decimal:
    ten_thousands = bare[-1:] in WAN and len(bare) > 1
    if ten_thousands:
        bare = bare[:-1].strip()
    try:
        number = values.amount(bare, ".") if not ten_thousands else _ten_thousands(bare)
    except CellRefused as refused:
        code = _AMOUNT_CODES.get(refused.code, "comma" if "," in bare and "E" not in bare else "unreadable")
        raise AmountRefused(code, text=shown) from None
    return number


def _ten_thousands(bare: str) -> Decimal:
    """Return 万 written out: 1.2345万 is 12345, so four decimals more are exact."""
    whole, _point, part = bare.partition(".")
    if part and not (part.isascii() and part.isdigit()):
        raise CellRefused("bad_amount")
    number = values.amount(whole, ".")
    if len(part) > 6:
        raise CellRefused("too_many_decimals")
    fraction = Decimal(part or "0").scaleb(4 - len(part))
    return values.amount(str(number * 10_000 + (fraction if not whole.startswith("-") else -fraction)), ".")


def _without_currency(text: str) -> tuple[frozenset[str], str]:
    """Return the currencies that a typed amount may mean (none: it says nothing), and the rest of it."""
    if found := _CODE_BEFORE.match(text):
        if known := _code(found[1]):
            return known, text[found.end() :].strip()
    elif (found := _CODE_AFTER.search(text)) and (known := _code(found[1])):
        return known, text[: found.start()].strip()
    stated: frozenset[str] = frozenset()
    for name in _LONGEST_FIRST:
        # both sides may say it: ￥500元
        sign = text[:1] if _SIGNED.match(text) else ""
        if text[len(sign) :].lstrip().startswith(name):
            text = sign + text[len(sign) :].lstrip()[len(name) :].strip()
        elif text.endswith(name) and len(text) > len(name):
            text = text[: -len(name)].strip()
        else:
            continue
        stated = stated & _NAMES[name] if stated else _NAMES[name]
    return stated, text


def _code(code: str) -> frozenset[str]:
    if code in values.CURRENCY_NAMES:
        return frozenset({values.CURRENCY_NAMES[code]})
    if code in money.CURRENCIES:
        return frozenset({code})
    try:
        money.exponent(code)
    except money.UnsupportedCurrency:
        return frozenset({code})
    except money.UnknownCurrency:
        pass
    return frozenset()


def read_day(text: str, *, earliest: date | None = None, latest: date | None = None) -> date:
    """Return the day that was typed. earliest, latest: the first and the last that may be meant. Raises DayRefused."""
    shown = text.strip()[:SHOWN]
    plain = values.plain(text[:_TYPED])
    try:
        day = values.day(plain, "YYYYMMDD")
    except CellRefused as refused:
        if refused.code == "no_such_date" and (leap := re.fullmatch(r"([0-9]{4})\D?0?2\D?29\D?", plain)):
            raise DayRefused("no-leap-day", year=leap[1]) from None
        raise DayRefused(_DAY_CODES.get(refused.code, "unreadable"), text=shown) from None
    if earliest is not None and day < earliest:
        raise DayRefused("past", day=day)
    if latest is not None and day > latest:
        raise DayRefused("future", day=day)
    return day
