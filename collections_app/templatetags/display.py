"""How amounts, instants, durations and states look on every page; one place, so that they look alike everywhere."""

import json
import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from django import template
from django.core.serializers.json import DjangoJSONEncoder
from django.forms import (
    BoundField,
    CheckboxInput,
    CheckboxSelectMultiple,
    ClearableFileInput,
    RadioSelect,
    Select,
)
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, ngettext

from collections_app.shared import listing
from collections_app.shared.money import Hidden, Money, UnknownCurrency, exponent

register = template.Library()

MINUS: Final = "\u2212"
NARROW_SPACE: Final = "\u202f"
SPRITE: Final = "collections_app/vendor/tabler-icons/icons.svg"

# Chinese names of currencies; other languages show the ISO code, which is never ambiguous.
_ZH_UNITS: Final = {
    "AUD": "澳元",
    "CAD": "加元",
    "CNY": "元",
    "EUR": "欧元",
    "GBP": "英镑",
    "HKD": "港元",
    "INR": "印度卢比",
    "JPY": "日元",
    "SGD": "新加坡元",
    "TWD": "新台币",
    "USD": "美元",
}

# What a colour means, and the icon that says the same without colour.
TONES: Final = {
    "ok": "circle-check",
    "soon": "alert-triangle",
    "stop": "ban",
    "act": "arrow-right",
    "past": "history",
    "plain": "point",
}


def _is_chinese() -> bool:
    return (get_language() or "").startswith("zh")


# Pictures


@register.simple_tag
def icon(name: str, label: str = "", css: str = "") -> SafeString:
    """Return a picture from the sprite; without a label it is hidden from screen readers."""
    href = f"{static(SPRITE)}#{name}"
    classes = f"icon {css}".strip()
    if label:
        return format_html(
            '<svg class="{}" role="img" aria-label="{}"><use href="{}"></use></svg>',
            classes,
            label,
            href,
        )
    return format_html(
        '<svg class="{}" aria-hidden="true" focusable="false"><use href="{}"></use></svg>',
        classes,
        href,
    )


@register.simple_tag
def pill(tone: str, text: Any, picture: str = "") -> SafeString:
    """Return a state as colour, picture and word.

    tone: ok (permitted now), soon (near a limit, or not yet), stop (refused, overdue), act, past, plain.
    """
    tone = tone if tone in TONES else "plain"
    return format_html(
        '<span class="pill pill-{}">{}<span>{}</span></span>',
        tone,
        icon(picture or TONES[tone]),
        text,
    )


@register.filter
def tone_icon(tone: str) -> str:
    """Return the icon that stands for a tone."""
    return TONES.get(tone, TONES["plain"])


# Amounts


def _parts(amount: Any, currency: str) -> tuple[Decimal, str] | None:
    if isinstance(amount, Money):
        return amount.amount, amount.currency
    if amount is None or amount == "":
        return None
    return Decimal(str(amount)), currency


def _places(currency: str) -> int:
    try:
        return exponent(currency) if currency else 2
    except UnknownCurrency:
        return 2


def _digits(amount: Decimal, places: int) -> str:
    rounded = abs(amount).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    text = f"{rounded:,.{places}f}"  # one way in every language: Django's zh grouping is by four, which no bank prints
    return f"{MINUS}{text}" if amount < 0 and rounded else text


@register.filter
def digits(amount: Any, currency: str = "") -> str:
    """Return an amount without its currency, for a column whose heading names it: 8,420.00."""
    if isinstance(amount, Hidden):
        return str(amount)
    parts = _parts(amount, currency)
    return "–" if parts is None else _digits(parts[0], _places(parts[1]))


@register.simple_tag
def money(amount: Any, currency: str = "") -> SafeString:
    """Return an exact amount with its currency: CNY 8,420.00, in Chinese 8,420.00 元."""
    if isinstance(amount, Hidden):
        return format_html('<span class="num">{}</span>', amount)
    parts = _parts(amount, currency)
    if parts is None:
        return format_html('<span class="num">{}</span>', "–")
    value, code = parts
    figures = _digits(value, _places(code))
    if _is_chinese():
        return format_html(
            '<span class="num" title="{}">{}{}{}</span>',
            code,
            figures,
            NARROW_SPACE,
            unit(code),
        )
    return format_html('<span class="num">{}\u00a0{}</span>', code, figures)


@register.filter
def unit(currency: str) -> str:
    """Return the currency as people write it in the language of the page: CNY, or 元."""
    return _ZH_UNITS.get(currency, currency) if _is_chinese() else currency


@register.simple_tag
def money_short(amount: Any, currency: str = "") -> SafeString:
    """Return a total in short form, the exact amount on hover: CNY 8.4 M, in Chinese 842.0 万元.

    Below 10,000 (Chinese) or 100,000 (other languages) the amount is whole units.
    """
    if isinstance(amount, Hidden):
        return format_html('<span class="num">{}</span>', amount)
    parts = _parts(amount, currency)
    if parts is None:
        return format_html('<span class="num">{}</span>', "–")
    value, code = parts
    steps = (
        ((Decimal(10) ** 8, "亿"), (Decimal(10) ** 4, "万"))
        if _is_chinese()
        else (
            (Decimal(10) ** 9, "bn"),
            (Decimal(10) ** 6, "M"),
            (Decimal(10) ** 5, "k"),
        )
    )
    text, suffix = _digits(value, 0), ""
    for size, name in steps:
        if abs(value) >= size:
            divisor = Decimal(1000) if name == "k" else size
            text, suffix = _digits(value / divisor, 1), name
            break
    exact_amount = f"{code} {_digits(value, _places(code))}".strip()
    if _is_chinese():
        return format_html(
            '<span class="num" title="{}">{} {}{}</span>',
            exact_amount,
            text,
            suffix,
            unit(code),
        )
    return format_html('<span class="num" title="{}">{} {} {}</span>', exact_amount, code, text, suffix)


@register.filter
def is_number(value: Any) -> bool:
    """Return whether a cell holds a number, which stands on the right."""
    return isinstance(value, int | Decimal | Money)


@register.filter
def count(value: Any) -> str:
    """Return a whole number with its thousands grouped."""
    return "–" if value is None or value == "" else _digits(Decimal(int(value)), 0)


@register.filter
def at_most(value: int, most: int) -> str:
    """Return a whole number, and beyond the most that was counted only that there are more: "1,000+"."""
    return count(value) if value <= most else f"{count(most)}+"


@register.simple_tag
def share(part: int, whole: int) -> SafeString:
    """Return part ÷ whole as a percentage with both numbers on hover; fewer than 20 cases show as "3 of 7"."""
    if not whole:
        return format_html("<span>{}</span>", "–")
    both = gettext("%(part)s of %(whole)s") % {
        "part": count(part),
        "whole": count(whole),
    }
    if whole < 20:
        return format_html('<span class="num">{}</span>', both)
    return format_html(
        '<span class="num" title="{}">{}{}</span>',
        both,
        _digits(Decimal(part) * 100 / whole, 1),
        "%",
    )


# Days past due


@register.filter
def bucket_level(bucket: Any) -> int:
    """Return the step of the sequential scale, 0 to 7, for a bucket label (M3) or for days past due (74)."""
    if isinstance(bucket, str):
        found = re.search(r"\d+", bucket)
        return min(int(found.group()), 7) if found else 0
    days = int(bucket or 0)
    return 0 if days <= 0 else min((days - 1) // 30 + 1, 7)


@register.simple_tag
def dpd(days: int | None, bucket: str = "") -> SafeString:
    """Return the chip of a case's age: days past due and bucket on the one scale that charts and rows share."""
    if days is None:
        return format_html('<span class="text-secondary">{}</span>', "–")
    level = bucket_level(bucket or days)
    label = bucket or f"M{level}{'+' if level == 7 else ''}"
    title = ngettext("%(n)s day past due", "%(n)s days past due", days) % {"n": days}
    return format_html(
        '<span class="dpd dpd-{}" title="{}"><b>{}</b> <span class="num">{}</span></span>',
        level,
        title,
        label,
        days,
    )


@register.filter
def listed(words: Any) -> str:
    """Return words one after the other, joined as the reader's language joins them."""
    return listing.listed(words)


@register.simple_tag
def list_comma() -> str:
    """Return what stands between the parts of a list, for a list whose parts are more than words."""
    return listing.listed(["", ""])


@register.filter
def as_json(value: Any) -> str:
    """Return data as JSON for an attribute, which the template escapes; fragments carry no script tags."""
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False, separators=(",", ":"))


# Forms


@register.inclusion_tag("_components/field.html")
def field(bound: BoundField, css: str = "", prefix: str = "") -> dict[str, Any]:
    """Return a form field with its label, hint and errors, in the look of the page."""
    widget = bound.field.widget
    is_group = isinstance(widget, (RadioSelect, CheckboxSelectMultiple))
    is_check = isinstance(widget, CheckboxInput)
    if is_group or is_check:
        look = "form-check-input"
    elif isinstance(widget, Select):
        look = "form-select"
    else:
        look = "form-control"
    if bound.errors:
        look += " is-invalid"
    classes = f"{widget.attrs.get('class', '')} {look}".strip()
    return {
        "field": bound,
        "control": bound.as_widget(attrs={"class": classes}),
        "is_group": is_group,
        "is_check": is_check,
        "is_file": isinstance(widget, ClearableFileInput),
        "css": css,
        "prefix": prefix,
    }
