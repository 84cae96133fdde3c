"""How the configured providers speak, read from the settings and checked at the start. Data only; nothing is sent here.

Every mistake is one sentence that names the setting and the place in it.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

GENERIC, TWILIO, ALIYUN = "generic", "twilio", "aliyun"
SMS_PROVIDERS: Final = (GENERIC, TWILIO, ALIYUN)
NAMES: Final = {GENERIC: "sms-http", TWILIO: "sms-twilio", ALIYUN: "sms-aliyun"}  # as attempts and receipts keep it
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
PLACES: Final = frozenset({"to", "to_digits", "text", "key", "reference", "sender"})
_PLACE: Final = re.compile(r"\{([^{}]*)\}")
_VARIABLE: Final = re.compile(r"\$\{([A-Za-z][A-Za-z0-9_]{0,30})\}")


@dataclass(frozen=True, slots=True)
class LookUp:
    """How a provider is asked what it has under a key.

    items, id: where the list and the name of a message stand in the answer. absence_proves: whether an empty answer
    proves that nothing was taken; where it does not, the fate of a message stays with a person.
    """

    path: str
    key_parameter: str = "key"
    items: str = "messages"
    id: str = "id"
    absence_proves: bool = False


@dataclass(frozen=True, slots=True)
class HttpShape:
    """The interface of a generic HTTP provider of SMS. The defaults are those of the local carrier.

    auth: bearer, basic (user is auth_name), header or query (auth_name is its name); the secret is SMS_PROVIDER_TOKEN.
    encoding: json, form or query. fields: name -> text with {to}, {to_digits}, {text}, {key}, {reference}, {sender}.
    id, status, error: dotted places in the answer. accepted: the words of `status` that mean taken; empty: any 2xx.
    bad_number, busy, refuses_us, opted_out, already: error codes and what they mean; any other refuses this message.
    """

    path: str = "/messages"
    method: str = "POST"
    encoding: str = "json"
    auth: str = "bearer"
    auth_name: str = ""
    fields: Mapping[str, str] = field(
        default_factory=lambda: {"to": "{to}", "text": "{text}", "reference": "{reference}", "sender": "{sender}"}
    )
    idempotency_header: str = "Idempotency-Key"
    id: str = "id"
    status: str = ""
    accepted: tuple[str, ...] = ()
    error: str = "error"
    bad_number: tuple[str, ...] = ("invalid_number", "unknown_subscriber", "unreachable_number")
    busy: tuple[str, ...] = ("rate_limited", "busy")
    refuses_us: tuple[str, ...] = ("unauthorized", "insufficient_funds")
    opted_out: tuple[str, ...] = ("opted_out",)
    already: tuple[str, ...] = ("key_reused", "idempotency_key_reused")
    look_up: LookUp | None = field(default_factory=lambda: LookUp("/messages", absence_proves=True))


@dataclass(frozen=True, slots=True)
class Registered:
    """A template that a Chinese provider has registered: what leaves is this text with the values filled in.

    Our text is not sent; it is taken apart. Only a text that the registered one gives back letter by letter can leave,
    so that what we keep as sent is what the person reads.
    """

    code: str
    pattern: re.Pattern[str]

    def values_in(self, text: str) -> dict[str, str] | None:
        """Return the values that make this template the text, or None where it never becomes it."""
        found = self.pattern.fullmatch(text)
        return None if found is None else found.groupdict()


def sms_provider() -> str:
    """Return the provider of SMS in use: one of SMS_PROVIDERS, or nothing where none is set up."""
    chosen = settings.SMS_PROVIDER
    if chosen not in SMS_PROVIDERS:
        raise ImproperlyConfigured(f"SMS_PROVIDER must be one of {', '.join(SMS_PROVIDERS)}, not {chosen!r}.")
    needed = {GENERIC: "SMS_PROVIDER_URL", TWILIO: "TWILIO_ACCOUNT_SID", ALIYUN: "ALIYUN_ACCESS_KEY_ID"}[chosen]
    return chosen if getattr(settings, needed) else ""


def check() -> None:
    """Refuse a start with settings that no message could leave by. Raises ImproperlyConfigured."""
    chosen = sms_provider()
    rates()
    if chosen == GENERIC:
        refuse_open("SMS_PROVIDER_URL", settings.SMS_PROVIDER_URL)
        http_shape()
    elif chosen == TWILIO:
        refuse_open("TWILIO_URL", settings.TWILIO_URL)
        _all_set(TWILIO, "TWILIO_AUTH_TOKEN")
        if bool(settings.TWILIO_FROM) == bool(settings.TWILIO_MESSAGING_SERVICE_SID):
            raise ImproperlyConfigured("Set either TWILIO_FROM or TWILIO_MESSAGING_SERVICE_SID, not both.")
    elif chosen == ALIYUN:
        refuse_open("ALIYUN_SMS_URL", settings.ALIYUN_SMS_URL)
        _all_set(ALIYUN, "ALIYUN_ACCESS_KEY_SECRET", "ALIYUN_SMS_SIGN_NAME", "ALIYUN_SMS_TEMPLATES")
        if settings.ALIYUN_SIGNATURE not in ("v1", "v3"):
            raise ImproperlyConfigured("ALIYUN_SIGNATURE must be v1 or v3.")
        registered_templates()
    if settings.EMAIL_PROVIDER not in ("smtp", "anymail"):
        raise ImproperlyConfigured("EMAIL_PROVIDER must be smtp or anymail.")
    if settings.PUBLIC_URL:
        refuse_open("PUBLIC_URL", settings.PUBLIC_URL)


def in_use() -> dict[str, str]:
    """Return the providers that are set up, by the name that attempts keep, and the channel of each."""
    found = {}
    if chosen := sms_provider():
        found[NAMES[chosen]] = "sms"
    if settings.MAILERS:
        found["anymail" if settings.EMAIL_PROVIDER == "anymail" else "smtp"] = "email"
    for setting, name in (("WECHAT_APP_ID", "chat-wechat"), ("WECOM_CORP_ID", "chat-wecom"),
                          ("CHAT_WEBHOOK_URL", "chat-webhook")):  # fmt: skip
        if getattr(settings, setting):
            found[name] = "chat"
    return found


def rates() -> dict[str, float]:
    """Return how many messages a second each channel's provider allows; a channel that is not named has no limit."""
    found: dict[str, float] = {}
    for part in settings.PROVIDER_RATES:
        channel, sign, number = part.partition("=")
        try:
            rate = float(number)
        except ValueError:
            rate = 0
        if not sign or not 0 < rate <= 10_000:
            raise ImproperlyConfigured(f"PROVIDER_RATES: {part!r} is not channel=messages a second, as in sms=20.")
        found[channel.strip()] = rate
    return found


def http_shape() -> HttpShape:
    """Return the generic provider, SMS_PROVIDER_HTTP over the defaults. Raises ImproperlyConfigured."""
    given = _object("SMS_PROVIDER_HTTP", settings.SMS_PROVIDER_HTTP or "{}")
    shape = _fill(HttpShape, given, where="SMS_PROVIDER_HTTP")
    for name, known in (("method", ("POST", "GET", "PUT")), ("encoding", ("json", "form", "query")),
                        ("auth", ("bearer", "basic", "header", "query", "none"))):  # fmt: skip
        if getattr(shape, name) not in known:
            raise ImproperlyConfigured(f"SMS_PROVIDER_HTTP: {name} must be one of {', '.join(known)}.")
    if shape.method == "GET" and shape.encoding != "query":
        raise ImproperlyConfigured("SMS_PROVIDER_HTTP: a GET has no body, so encoding must be query.")
    if shape.auth in ("basic", "header", "query") and not shape.auth_name:
        raise ImproperlyConfigured(f"SMS_PROVIDER_HTTP: auth {shape.auth} needs auth_name.")
    if bool(shape.status) != bool(shape.accepted):
        raise ImproperlyConfigured("SMS_PROVIDER_HTTP: status and accepted belong together.")
    if not shape.id:
        raise ImproperlyConfigured("SMS_PROVIDER_HTTP: id must say where the provider's name of a message stands.")
    used: set[str] = set()
    for name, written in shape.fields.items():
        unknown = set(_PLACE.findall(written)) - PLACES
        if unknown:
            places = ", ".join(sorted(PLACES))
            raise ImproperlyConfigured(f"SMS_PROVIDER_HTTP: fields.{name} has {sorted(unknown)}; known are {places}.")
        used |= set(_PLACE.findall(written))
    if "text" not in used or not used & {"to", "to_digits"}:
        raise ImproperlyConfigured("SMS_PROVIDER_HTTP: fields must hold {text}, and {to} or {to_digits}.")
    return shape


def fill(text: str, values: Mapping[str, str]) -> str:
    """Return a field with its places filled; a value is never read again."""
    return _PLACE.sub(lambda place: values[place.group(1)], text)


def registered_templates() -> list[Registered]:
    """Return the templates registered at Aliyun: ALIYUN_SMS_TEMPLATES = {"SMS_1": "…${amount}…"}."""
    where = "ALIYUN_SMS_TEMPLATES"
    found = []
    for code, text in _object(where, settings.ALIYUN_SMS_TEMPLATES or "{}").items():
        if not isinstance(text, str) or not text.strip():
            raise ImproperlyConfigured(f"{where}: {code} must be the registered text.")
        names = _VARIABLE.findall(text)
        if len(set(names)) != len(names):
            raise ImproperlyConfigured(f"{where}: {code} uses a variable twice.")
        if re.search(r"\}\$\{", text):
            raise ImproperlyConfigured(f"{where}: {code} has two variables side by side, which nobody can tell apart.")
        pieces = _VARIABLE.split(text)
        pattern = "".join(re.escape(each) if at % 2 == 0 else f"(?P<{each}>.+?)" for at, each in enumerate(pieces))
        found.append(Registered(code, re.compile(pattern, re.DOTALL)))
    if not found:
        raise ImproperlyConfigured(f"{where} names no registered template.")
    return found


def _all_set(provider: str, *names: str) -> None:
    missing = [name for name in names if not getattr(settings, name)]
    if missing:
        raise ImproperlyConfigured(f"SMS_PROVIDER={provider} needs {', '.join(missing)}.")


def refuse_open(name: str, url: str) -> None:
    """Refuse an address over which words and secrets would travel in the open."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise ImproperlyConfigured(f"{name} must begin with https:// (http:// only to this machine).")
    if not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ImproperlyConfigured(f"{name} must be a plain address, without a password, a query or a fragment.")


def _object(name: str, text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is no JSON: {error}") from error
    if not isinstance(value, dict):
        raise ImproperlyConfigured(f"{name} must be a JSON object.")
    return value


def _fill(kind: Any, given: Mapping[str, Any], *, where: str) -> Any:
    """Return the dataclass with what was given over its defaults; a name or a type that does not fit is refused."""
    known = kind.__dataclass_fields__
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise ImproperlyConfigured(f"{where}: there is no {', '.join(unknown)}; known are {', '.join(known)}.")
    values: dict[str, Any] = {}
    for name, value in given.items():
        wanted = str(known[name].type)
        if "LookUp" in wanted:
            fits = value is None or isinstance(value, dict)
            value = _fill(LookUp, value, where=f"{where}.{name}") if isinstance(value, dict) else None
        elif "tuple" in wanted:
            fits = isinstance(value, list) and all(isinstance(each, str | int) for each in value)
            value = tuple(str(each) for each in value) if fits else ()
        elif "Mapping" in wanted:
            fits = isinstance(value, dict) and bool(value) and all(isinstance(each, str) for each in value.values())
        else:
            fits = isinstance(value, bool if "bool" in wanted else str)
        if not fits:
            raise ImproperlyConfigured(f"{where}: {name} is of the wrong kind; wanted {wanted.rpartition('.')[2]}.")
        values[name] = value
    if kind is LookUp and "path" not in values:
        raise ImproperlyConfigured(f"{where}: path is missing.")
    return kind(**values)
