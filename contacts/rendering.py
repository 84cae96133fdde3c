"""From a wording and facts to the text that is sent: a closed placeholder grammar, never a template engine.

`{{ name }}` is replaced by the value of that name; nothing else is special: no filters, no loops, no attributes.
Names come from the catalogue in `contacts.variables`. A value is put in as it is and never read again, so a name of a
person that looks like a placeholder stays what it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from babel.core import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_currency
from django.utils.translation import gettext_lazy as _

from cases.refusal import Refused
from contacts.variables import VARIABLES, samples

__all__ = ["VARIABLES", "check_body", "render", "samples", "sms_segments", "tokenise"]

OPENS: Final = "{{"
CLOSES: Final = "}}"
# Characters after rendering.
MOST_TEXT: Final = {"sms": 1_000, "chat": 2_000, "email": 20_000, "letter": 20_000, "voice_notice": 800}
MOST_VALUE: Final = 400  # characters of one value
MOST_BODY: Final = 8_000  # characters of a wording
MOST_NAMES: Final = 200  # placeholders in one wording
MOST_BYTES: Final = 64 * 1024  # of a rendered text, in UTF-8


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
        "hidden-character": _(
            "The text has a character at %(position)s that nobody sees and that hides or turns others."
        ),
        "too-many": _("The text names more than %(limit)s values."),
    }


LETTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyz_")
KEPT_CONTROLS: Final = frozenset("\n\t")
# Letters without width, and those that turn the direction of writing: they hide what a text says from who checks it.
HIDING: Final = frozenset(
    map(
        chr,
        (
            0xAD,
            0x34F,
            0x61C,
            0x180E,
            0xFEFF,
            *range(0x200B, 0x2010),
            *range(0x2028, 0x202F),
            *range(0x2060, 0x2070),
            *range(0xFFF9, 0xFFFC),
            *range(0xE0000, 0xE0080),
        ),
    )
)
# In a value a control is a blank, and what turns or hides the letters around it is left out.
_AS_SHOWN: Final = {
    **dict.fromkeys((*range(32), *range(127, 160), 0x2028, 0x2029), " "),
    **{ord(letter): None for letter in HIDING if letter not in "\u2028\u2029"},
    **dict.fromkeys(range(0xD800, 0xE000)),
}


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
    names = [piece.text for piece in (*tokenise(subject), *tokenise(body)) if piece.is_variable]
    if len(names) > MOST_NAMES:
        raise RenderingRefused("too-many", limit=MOST_NAMES)
    return frozenset(names)


def names_of(*texts: str) -> frozenset[str]:
    """Return the names of the variables in these texts. Raises RenderingRefused."""
    return frozenset(piece.text for text in texts for piece in tokenise(text) if piece.is_variable)


def render(body: str, *, values: Mapping[str, str | None], subject: str = "", channel: str = "sms") -> Text:
    """Return the text with every placeholder replaced. Raises RenderingRefused, naming a missing value."""
    text = Text(_fill(subject, values, one_line=True), _fill(body, values))
    limit = MOST_TEXT.get(channel, MOST_BODY)
    if not text.body.strip():
        raise RenderingRefused("empty")
    if len(text.body) > limit:
        raise RenderingRefused("too-long", length=len(text.body), limit=limit)
    if len(text.subject.encode()) + len(text.body.encode()) >= MOST_BYTES:
        raise RenderingRefused("too-long", length=len(text.body), limit=MOST_BYTES // 4)
    if channel == "email" and not text.subject.strip():
        raise RenderingRefused("no-subject")
    return text


def _fill(body: str, values: Mapping[str, str | None], *, one_line: bool = False) -> str:
    filled: list[str] = []
    for piece in tokenise(body):
        if not piece.is_variable:
            filled.append(piece.text)
            continue
        value = values.get(piece.text)
        if value is None or not value.strip():
            raise RenderingRefused("missing-value", name=piece.text)
        filled.append(value[:MOST_VALUE].translate(_AS_SHOWN))
    text = "".join(filled)
    return " ".join(text.split()) if one_line else text


def _refuse_controls(text: str, *, also: frozenset[str] = frozenset()) -> None:
    for position, letter in enumerate(text, start=1):
        if (ord(letter) < 32 and letter not in KEPT_CONTROLS) or ord(letter) == 127 or letter in also:
            raise RenderingRefused("control-character", position=position)
        if letter in HIDING or 0xD800 <= ord(letter) <= 0xDFFF or 128 <= ord(letter) < 160:
            raise RenderingRefused("hidden-character", position=position)


# -- How values are written ----------------------------------------------------------------------------------------

_LOCALES: Final = {"zh-hans": "zh_Hans_CN", "zh-hant": "zh_Hant_TW", "en": "en"}
_SALUTATIONS: Final = {"zh": "尊敬的{}", "en": "Dear {}"}
_OPT_OUTS: Final = {"zh": "退订回T", "en": "Reply STOP to stop"}


@lru_cache(maxsize=128)
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


def account_mask(last4: str, *, language: str) -> str:
    """Return the last four of an account. No “…” where a text message can do with the small alphabet."""
    return f"…{last4}" if language.startswith("zh") else f"*{last4}"


def opt_out_words(*, language: str) -> str:
    """Return how the reader stops these messages, in his language; `inbound` understands the answer."""
    return _OPT_OUTS["zh" if language.startswith("zh") else "en"]


def unsubscribe_words(*, language: str) -> str:
    """Return how the reader stops e-mails: the way itself is in the header that mail programs show."""
    known = VARIABLES["unsubscribe"]
    return known.sample_zh if language.startswith("zh") else known.sample


def place_of_seal(creditor_name: str, *, language: str) -> str:
    """Return the words over which the seal is put."""
    return f"{creditor_name}（盖章）" if language.startswith("zh") else f"{creditor_name} (seal)"


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


# -- How long a recorded notice is ---------------------------------------------------------------------------------

CHINESE_A_SECOND: Final = 4.0  # syllables, at the pace of an announcement
LATIN_A_SECOND: Final = 14.0  # letters and digits


def spoken_seconds(text: str) -> int:
    """Return about how many seconds it takes to say a text aloud; an estimate, shown while a notice is written."""
    chinese = sum("\u3400" <= letter <= "\u9fff" for letter in text)
    others = sum(letter.isalnum() for letter in text) - chinese
    pauses = sum(letter in ".,;:!?。，；：！？\n" for letter in text)
    seconds = chinese / CHINESE_A_SECOND + others / LATIN_A_SECOND + pauses * 0.3
    return max(1, round(seconds))


def plain(values: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the values as texts, those that are missing as None."""
    return {name: None if value is None else str(value) for name, value in values.items()}
