"""The telephone system as it is set up: where it is, how it dials, what it plays. Data only; nothing is dialled here.

Every leg of a call is named after the key of its contact, so that the same leg is never dialled twice: a second try
finds the name taken, and whoever asks later asks by it.
"""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from contacts.channels.providers import refuse_open

NONE, ARI = "none", "ari"
PROVIDERS: Final = (NONE, ARI)
NAME: Final = "voice-ari"  # as attempts, events and receipts keep it
# What of a call has a name at the telephone system: its legs, what is played to them, its bridge, its recording.
DESK, PERSON, NOTICE = "desk", "person", "notice"
ANNOUNCEMENT, SPEECH, BRIDGE, RECORDING = "announce", "say", "bridge", "call"
KINDS: Final = (DESK, PERSON, NOTICE, ANNOUNCEMENT, SPEECH, BRIDGE, RECORDING)
SHORTEST_RING_S, LONGEST_RING_S = 5, 60
_PLACE: Final = re.compile(r"\{([^{}]*)\}")
_NUMBER: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_MEDIA: Final = re.compile(r"(sound|recording|number|digits|characters|tone|tts):\S+")
_APP: Final = re.compile(r"[A-Za-z0-9_.-]{1,40}")


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a call by its name at the telephone system. kind: one of KINDS."""

    kind: str
    key: UUID


def is_on() -> bool:
    """Whether a telephone system is set up."""
    return bool(settings.CTI_PROVIDER != NONE)


def plays_notices() -> bool:
    """Whether it can also say recorded notices."""
    return is_on() and bool(settings.VOICE_NOTICE_MEDIA)


def records() -> bool:
    """Whether calls are recorded, after those who answer have heard that."""
    return is_on() and bool(settings.CALL_ANNOUNCEMENT)


def check() -> None:
    """Refuse a start with a telephone system that could not dial. Raises ImproperlyConfigured."""
    if settings.CTI_PROVIDER not in PROVIDERS:
        raise ImproperlyConfigured(
            f"CTI_PROVIDER must be one of {', '.join(PROVIDERS)}, not {settings.CTI_PROVIDER!r}."
        )
    if not is_on():
        return
    missing = [name for name in ("ARI_URL", "ARI_USER", "ARI_PASSWORD", "CALL_FROM") if not getattr(settings, name)]
    if missing:
        raise ImproperlyConfigured(f"CTI_PROVIDER=ari needs {', '.join(missing)}.")
    refuse_open("ARI_URL", settings.ARI_URL)
    if ":" in settings.ARI_USER:
        raise ImproperlyConfigured("ARI_USER must not hold a colon.")
    if not _APP.fullmatch(settings.ARI_APP):
        raise ImproperlyConfigured("ARI_APP is a name of letters, digits, dot, dash and underscore.")
    if not _NUMBER.fullmatch(settings.CALL_FROM):
        raise ImproperlyConfigured("CALL_FROM must be a number in the form +862112345678.")
    _holds("ARI_DESK", settings.ARI_DESK, {"extension"}, needs={"extension"})
    _holds("ARI_LINE", settings.ARI_LINE, {"number", "digits"}, needs={"number", "digits"})
    if not SHORTEST_RING_S <= settings.ARI_RING_S <= LONGEST_RING_S:
        raise ImproperlyConfigured(f"ARI_RING_S must be between {SHORTEST_RING_S} and {LONGEST_RING_S} seconds.")
    if settings.CALL_ANNOUNCEMENT:
        _holds("CALL_ANNOUNCEMENT", settings.CALL_ANNOUNCEMENT, {"language"}, needs=set())
        _is_media("CALL_ANNOUNCEMENT", settings.CALL_ANNOUNCEMENT)
    if settings.VOICE_NOTICE_MEDIA:
        _holds("VOICE_NOTICE_MEDIA", settings.VOICE_NOTICE_MEDIA, {"text", "language"}, needs={"text"})
        _is_media("VOICE_NOTICE_MEDIA", settings.VOICE_NOTICE_MEDIA)


def desk_endpoint(extension: str) -> str:
    """Return how the telephone on a desk is dialled."""
    return _fill(settings.ARI_DESK, {"extension": extension})


def line_endpoint(number: str) -> str:
    """Return how a number outside is dialled."""
    return _fill(settings.ARI_LINE, {"number": number, "digits": number.lstrip("+")})


def is_number(number: str) -> bool:
    """Whether this is a number that may be put into an endpoint."""
    return _NUMBER.fullmatch(number) is not None


def announcement(language: str) -> str:
    """Return what is played to whoever answers before a recording begins; nothing where nothing is recorded."""
    return _fill(settings.CALL_ANNOUNCEMENT, {"language": _plain_language(language)})


def notice_media(text: str, language: str) -> str:
    """Return what the telephone system plays to say this text."""
    return _fill(settings.VOICE_NOTICE_MEDIA, {"text": quote(text, safe=""), "language": _plain_language(language)})


def name_of(kind: str, key: UUID) -> str:
    """Return the name of a part of a call at the telephone system."""
    return f"{kind}-{key}"


def part_of(name: str) -> Part | None:
    """Return the part of a call that a name means, or None for what is not ours."""
    kind, _, key = name.partition("-")
    if kind not in KINDS:
        return None
    try:
        return Part(kind, UUID(key))
    except ValueError:
        return None


def _plain_language(language: str) -> str:
    return "zh" if language.lower().startswith("zh") else language.partition("-")[0].lower() or "en"


def _fill(text: str, values: dict[str, str]) -> str:
    """Return the text with its places filled; a value is never read again."""
    return _PLACE.sub(lambda place: values[place.group(1)], text)


def _holds(name: str, text: str, known: set[str], *, needs: set[str]) -> None:
    places = set(_PLACE.findall(text))
    if places - known:
        raise ImproperlyConfigured(f"{name} has {sorted(places - known)}; known are {', '.join(sorted(known))}.")
    if needs and not places & needs:
        raise ImproperlyConfigured(f"{name} must hold {' or '.join('{' + each + '}' for each in sorted(needs))}.")


def _is_media(name: str, text: str) -> None:
    if not _MEDIA.fullmatch(text):
        raise ImproperlyConfigured(f"{name} must be a media address of the telephone system, such as sound:notice.")
