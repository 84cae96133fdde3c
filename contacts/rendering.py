"""From a wording and facts to the text that is sent: a closed placeholder grammar, never a template engine.

`{{ name }}` is replaced by the value of that name; nothing else is special: no filters, no loops, no attributes.
Names come from the list below. A value is put in as it is and never read again, so a name of a person that looks
like a placeholder stays what it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from babel.core import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_currency
from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext_lazy as _

from cases.refusal import Refused

OPENS: Final = "{{"
CLOSES: Final = "}}"
MOST_TEXT: Final = {"sms": 1_000, "chat": 2_000, "email": 20_000, "letter": 20_000}  # characters after rendering
MOST_VALUE: Final = 400  # characters of one value
MOST_BODY: Final = 8_000  # characters of a wording


class RenderingRefused(Refused):
    SENTENCES = {
        "unknown-variable": _("There is no variable “%(name)s”. Known are: %(known)s."),
        "not-closed": _("The text has “{{” without “}}” at character %(position)s."),
        "not-opened": _("The text has “}}” without “{{” at character %(position)s."),
        "not-a-name": _("“%(name)s” is no variable: between the braces stands one name and nothing else."),
        "missing-value": _("There is no value for “%(name)s”."),
        "empty": _("The text is empty."),
        "too-long": _("The text has %(length)s characters; at most %(limit)s are allowed."),
        "no-subject": _("An e-mail needs a subject."),
        "control-character": _("The text has a control character at %(position)s."),
    }


@dataclass(frozen=True, slots=True)
class Variable:
    """One name that a wording may use: what it stands for, and a sample to show while writing."""

    name: str
    label: LazyText | str
    sample: str


_VARIABLES: Final = (
    Variable("borrower_name", _("name of the borrower"), "Wang Fang"),
    Variable("salutation", _("salutation"), "Dear Wang Fang"),
    Variable("creditor_name", _("name of the creditor"), "Example Bank"),
    Variable("creditor_phone", _("service telephone of the creditor"), "+86 95500"),
    Variable("account_mask", _("account, last four"), "…4321"),
    Variable("amount_due", _("amount past due"), "NT$1,234.00"),
    Variable("balance", _("whole balance"), "NT$20,500.00"),
    Variable("due_date", _("oldest unpaid due date"), "1 October 2026"),
    Variable("dpd", _("days past due"), "30"),
    Variable("as_of", _("balances as of"), "21 November 2026"),
    Variable("today", _("date of the message"), "22 November 2026"),
    Variable("reference", _("our reference"), "C-7F3K9X"),
    Variable("promise_amount", _("amount promised"), "NT$500.00"),
    Variable("promise_date", _("date promised"), "25 November 2026"),
    Variable("opt_out", _("how to stop these messages"), "Reply STOP to stop"),
)
VARIABLES: Final[dict[str, Variable]] = {variable.name: variable for variable in _VARIABLES}
LETTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyz_")
KEPT_CONTROLS: Final = frozenset("\n\t")


@dataclass(frozen=True, slots=True)
class Text:
    """A rendered message."""

    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a wording: literal text, or the name of a variable."""

    text: str
    is_variable: bool


def tokenise(body: str) -> list[Piece]:
    """Return the pieces of a wording. One pass from left to right, linear in its length. Raises RenderingRefused."""
    pieces: list[Piece] = []
    position = 0
    while True:
        opens, closes = body.find(OPENS, position), body.find(CLOSES, position)
        if closes != -1 and (opens == -1 or closes < opens):
            raise RenderingRefused("not-opened", position=closes + 1)
        if opens == -1:
            pieces.append(Piece(body[position:], is_variable=False))
            return [piece for piece in pieces if piece.text or piece.is_variable]
        if closes == -1:
            raise RenderingRefused("not-closed", position=opens + 1)
        pieces.append(Piece(body[position:opens], is_variable=False))
        name = body[opens + len(OPENS) : closes].strip(" ")
        if not name or len(name) > 40 or not LETTERS.issuperset(name):
            raise RenderingRefused("not-a-name", name=name[:40])
        if name not in VARIABLES:
            raise RenderingRefused("unknown-variable", name=name, known=", ".join(VARIABLES))
        pieces.append(Piece(name, is_variable=True))
        position = closes + len(CLOSES)


def check_body(body: str, *, subject: str = "", channel: str = "sms") -> frozenset[str]:
    """Return the names that a wording uses. Called when it is saved. Raises RenderingRefused with what is wrong."""
    if not body.strip():
        raise RenderingRefused("empty")
    if len(body) > MOST_BODY:
        raise RenderingRefused("too-long", length=len(body), limit=MOST_BODY)
    if channel == "email" and not subject.strip():
        raise RenderingRefused("no-subject")
    for text in (subject, body):
        _refuse_controls(text)
    _refuse_controls(subject, also=KEPT_CONTROLS)
    return frozenset(piece.text for piece in (*tokenise(subject), *tokenise(body)) if piece.is_variable)


def render(body: str, *, values: Mapping[str, str | None], subject: str = "", channel: str = "sms") -> Text:
    """Return the text with every placeholder replaced. Raises RenderingRefused, naming a missing value."""
    text = Text(_fill(subject, values, one_line=True), _fill(body, values))
    limit = MOST_TEXT.get(channel, MOST_BODY)
    if not text.body.strip():
        raise RenderingRefused("empty")
    if len(text.body) > limit:
        raise RenderingRefused("too-long", length=len(text.body), limit=limit)
    if channel == "email" and not text.subject.strip():
        raise RenderingRefused("no-subject")
    return text


def samples() -> dict[str, str]:
    """Return a value for every variable, to preview a wording with."""
    return {variable.name: variable.sample for variable in _VARIABLES}


def _fill(body: str, values: Mapping[str, str | None], *, one_line: bool = False) -> str:
    filled: list[str] = []
    for piece in tokenise(body):
        if not piece.is_variable:
            filled.append(piece.text)
            continue
        value = values.get(piece.text)
        if value is None or not value.strip():
            raise RenderingRefused("missing-value", name=piece.text)
        short = value[:MOST_VALUE]
        filled.append("".join(" " if ord(letter) < 32 or ord(letter) == 127 else letter for letter in short))
    text = "".join(filled)
    return " ".join(text.split()) if one_line else text


def _refuse_controls(text: str, *, also: frozenset[str] = frozenset()) -> None:
    for position, letter in enumerate(text, start=1):
        if (ord(letter) < 32 and letter not in KEPT_CONTROLS) or ord(letter) == 127 or letter in also:
            raise RenderingRefused("control-character", position=position)


# -- How values are written ----------------------------------------------------------------------------------------

_LOCALES: Final = {"zh-hans": "zh_Hans_CN", "zh-hant": "zh_Hant_TW", "en": "en"}
_SALUTATIONS: Final = {"zh": "尊敬的{}", "en": "Dear {}"}
_OPT_OUTS: Final = {"zh": "退订回T", "en": "Reply STOP to stop"}


def locale_of(language: str) -> Locale:
    """Return the locale in which amounts and dates are written for a reader of this language; English when unknown."""
    code = _LOCALES.get(language.lower(), language.replace("-", "_"))
    try:
        return Locale.parse(code)
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en")


def money(amount: Decimal, currency: str, *, language: str) -> str:
    """Return an amount as a reader of this language writes it."""
    return str(format_currency(amount, currency, locale=locale_of(language)))


def day(on: date, *, language: str) -> str:
    """Return a date as a reader of this language writes it."""
    return str(format_date(on, format="long", locale=locale_of(language)))


def salutation(name: str, *, language: str) -> str:
    """Return how a letter to this person begins."""
    return _SALUTATIONS["zh" if language.startswith("zh") else "en"].format(name)


def opt_out_words(*, language: str) -> str:
    """Return how the reader stops these messages, in his language; `inbound` understands the answer."""
    return _OPT_OUTS["zh" if language.startswith("zh") else "en"]


# -- How long an SMS is --------------------------------------------------------------------------------------------

_GSM: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_TWICE: Final = frozenset("^{}\\[~]|€\f")


def sms_segments(text: str) -> tuple[int, str]:
    """Return how many parts an SMS takes, and its alphabet ("GSM-7" or "UCS-2").

    GSM-7: 160 septets, or 153 per part; UCS-2: 70 code units, or 67 per part. Source: 3GPP TS 23.038 and 23.040.
    """
    if all(letter in _GSM or letter in _GSM_TWICE for letter in text):
        widths, whole, part, alphabet = [2 if letter in _GSM_TWICE else 1 for letter in text], 160, 153, "GSM-7"
    else:
        widths, whole, part, alphabet = [2 if ord(letter) > 0xFFFF else 1 for letter in text], 70, 67, "UCS-2"
    if sum(widths) <= whole:
        return 1, alphabet
    parts, room = 1, part
    for width in widths:  # a letter of two units is never cut between two parts
        if width > room:
            parts, room = parts + 1, part
        room -= width
    return parts, alphabet


def plain(values: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the values as texts, those that are missing as None."""
    return {name: None if value is None else str(value) for name, value in values.items()}
