"""The one agreed spelling of a number or address before it is sealed and hashed.

Whoever searches or matches by a hash must pass the text through here first, with the same kind.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Final, NamedTuple

import phonenumbers
from phonenumbers import timezone
from stdnum.cn import ric
from stdnum.exceptions import ValidationError

from collections_app.shared import sealed

from .refusals import CellRefused

ACCOUNT: Final = "account"
DOCUMENT: Final = "document"
PHONE: Final = "phone"
EMAIL: Final = "email"
POSTAL: Final = "postal"

NORTH_AMERICA: Final = 1  # country code
_MODERN: Final = {"Asia/Calcutta": "Asia/Kolkata", "Asia/Saigon": "Asia/Ho_Chi_Minh"}  # names that zones go by today

_EMAIL: Final = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)
CHAT_IDS: Final = {
    "wechat": re.compile(r"[A-Za-z0-9_-]{20,40}"),
    "wecom": re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}"),
    "webhook": re.compile(r"[\w.@+-]{1,120}"),
}
_INTERNATIONAL: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_BLANKS: Final = re.compile(r"\s+")
_CHINESE_ID: Final = re.compile(r"[0-9]{17}[0-9X]")


class Phone(NamedTuple):
    """A number as it is dialled, the region of its country code, and the zone of its area code if that is one."""

    number: str
    region: str
    zone: str


class _Plan(NamedTuple):
    """What a country's numbers look like: its code, how many digits follow it, and what may be dialled before them."""

    code: int
    lengths: frozenset[int]
    prefix: re.Pattern[str]


class Sealed(NamedTuple):
    """A text as three columns keep it."""

    box: bytes
    hash: bytes
    last4: str


def seal(kind: str, text: str) -> Sealed:
    """Return the canonical text sealed, hashed under its kind, and its last four."""
    return Sealed(sealed.seal(text), sealed.digest(kind, text), sealed.last4(text))


def _is_simple(text: str) -> bool:
    """Return whether the text is made of plain letters and digits only: nothing to normalise, no blanks."""
    return text.isascii() and text.isalnum()


def account_number(text: str) -> str:
    """Return an account, card or contract number without blanks, full-width made plain. Zeros in front stay."""
    plain = (text if _is_simple(text) else _BLANKS.sub("", unicodedata.normalize("NFKC", text))).upper()
    if not plain or len(plain) > 64:
        raise CellRefused("bad_account_number", limit=64)
    return plain


def phone(text: str, region: str) -> Phone:
    """Return the number in E.164, the region of its country code, and its zone. region: where national forms are read.

    Raises CellRefused bad_phone for a text that no numbering plan could dial, masked_number for one with stars.
    """
    if "*" in text or "＊" in text or "xxx" in text.lower():
        raise CellRefused("masked_number")
    number = _plainly_international(text)
    if number is None:
        try:
            number = phonenumbers.parse(text, region or None)
        except phonenumbers.NumberParseException:
            raise CellRefused("bad_phone") from None
        # a length that only a neighbour could dial (local, without the area code) is no number for us
        if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
            raise CellRefused("bad_phone")
        number.extension = None
    return Phone(
        phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164),
        phonenumbers.region_code_for_country_code(number.country_code or 0),
        _zone_of(number),
    )


def _plainly_international(text: str) -> phonenumbers.PhoneNumber | None:
    """Return the number of a text of a plus sign and digits that can be read in one way only, and be dialled.

    None where `phonenumbers.parse` might leave digits out, or the length is not one of the country's; its reading is
    the same, four times slower.
    """
    if not _INTERNATIONAL.fullmatch(text):
        return None
    for digits in (1, 2, 3):
        if plan := _plan(text[1 : 1 + digits]):
            national = text[1 + digits :]
            if len(national) not in plan.lengths or national[0] == "0" or plan.prefix.match(national):
                return None
            return phonenumbers.PhoneNumber(country_code=plan.code, national_number=int(national))
    return None


@lru_cache(maxsize=2048)
def _plan(code: str) -> _Plan | None:
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(code), ())
    about = phonenumbers.PhoneMetadata.metadata_for_region(regions[0], None) if regions else None
    if about is None or about.general_desc is None:
        return None
    lengths = frozenset(about.general_desc.possible_length) - frozenset(about.general_desc.possible_length_local_only)
    return _Plan(int(code), lengths, re.compile(about.national_prefix_for_parsing or "(?!)"))


def _zone_of(number: phonenumbers.PhoneNumber) -> str:
    """Return the IANA zone of an area code where it has just one, else nothing.

    Area codes say where a landline stands; of mobiles only those of the North American plan (+1), which belong to areas
    as landlines do. Source: the dated numbering plans that come with the library `phonenumbers`.
    """
    if number.country_code == NORTH_AMERICA:
        zones = timezone.time_zones_for_number(number)
    elif phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.FIXED_LINE:
        zones = timezone.time_zones_for_geographical_number(number)
    else:
        return ""
    return _MODERN.get(zones[0], zones[0]) if len(zones) == 1 and zones[0] != timezone.UNKNOWN_TIMEZONE else ""


def email(text: str) -> str:
    """Return the e-mail address in small letters. Raises CellRefused bad_email."""
    plain = (text if text.isascii() else unicodedata.normalize("NFKC", text)).strip()
    if len(plain) > 254 or ".." in plain or not _EMAIL.fullmatch(plain):
        raise CellRefused("bad_email")
    return plain.lower()


def chat(text: str) -> str:
    """Return the account at a messaging provider as `provider:id`. Raises CellRefused bad_chat_account."""
    provider, _colon, name = text.strip().partition(":")
    provider, name = provider.strip().lower(), name.strip()
    name = name.lower() if provider == "wecom" else name  # user ids of an enterprise do not heed capitals
    pattern = CHAT_IDS.get(provider)
    if pattern is None or not pattern.fullmatch(name):
        raise CellRefused("bad_chat_account")
    return f"{provider}:{name}"


def postal(text: str) -> str:
    """Return a postal address with single blanks; what is hashed ignores case (see `postal_key`)."""
    return " ".join(text.split())


def postal_key(text: str) -> str:
    """Return the spelling by which two postal addresses are the same."""
    plain = postal(text)
    return plain.lower() if plain.isascii() else unicodedata.normalize("NFKC", plain).casefold()


def document(text: str) -> tuple[str, str]:
    """Return an identity document number and its kind: cn_id (checked by GB 11643) or other.

    Raises CellRefused masked_number, bad_document, or bad_chinese_id for 18 characters whose check character or date of
    birth is wrong.
    """
    plain = (text if _is_simple(text) else _BLANKS.sub("", unicodedata.normalize("NFKC", text))).upper()
    if "*" in plain:
        raise CellRefused("masked_number")
    if not 4 <= len(plain) <= 40 or not plain.isascii():
        raise CellRefused("bad_document")
    if not _CHINESE_ID.fullmatch(plain):
        return plain, "other"
    try:
        ric.get_birth_date(plain)
        sound = ric.calc_check_digit(plain) == plain[17]
    except ValidationError:
        sound = False
    if not sound:  # the place is not looked up: counties are renamed and merged, their numbers stay with people
        raise CellRefused("bad_chinese_id")
    return plain, "cn_id"
