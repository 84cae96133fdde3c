"""A number as a link that dials: `tel:`, or the address of a softphone from the settings.

The link exists only where the number itself is shown, and that is after the call was cleared.
"""

import re
from typing import Final
from urllib.parse import quote

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

DEFAULT: Final = "tel:{number}"
SCHEMES: Final = frozenset({"tel", "sip", "sips", "callto", "https", "zoiper", "linphone", "im", "msteams"})
PLACES: Final = frozenset({"number", "digits", "reference"})
_PLACE: Final = re.compile(r"\{([^{}]*)\}")
_NUMBER: Final = re.compile(r"\+?[0-9]{2,15}")


def shape() -> str:
    """Return the link with its places, CALL_LINK. Raises ImproperlyConfigured where it could not dial."""
    text = settings.CALL_LINK or DEFAULT
    scheme, colon, _rest = text.partition(":")
    if not colon or scheme.lower() not in SCHEMES:
        raise ImproperlyConfigured(f"CALL_LINK must begin with one of {', '.join(sorted(SCHEMES))}.")
    places = set(_PLACE.findall(text))
    if places - PLACES or not places & {"number", "digits"}:
        raise ImproperlyConfigured("CALL_LINK must hold {number} or {digits}, and may hold {reference}.")
    return text


def link(number: str, reference: str = "") -> str:
    """Return the link that dials a number, or nothing for what is no number. A value is never read again."""
    dialled = re.sub(r"[\s().\-–]", "", number)
    if not _NUMBER.fullmatch(dialled):
        return ""
    plain = dialled if shape().startswith(("tel:", "sip:", "sips:", "callto:")) else quote(dialled, safe="")
    values = {"number": plain, "digits": dialled.lstrip("+"), "reference": quote(reference, safe="")}
    return _PLACE.sub(lambda place: values[place.group(1)], shape())
