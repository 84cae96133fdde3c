"""Messaging accounts: how their addresses are written, which providers are set up, and how each speaks. Data only.

An address is `provider:id`: `wechat:` and an open id of the official account, `wecom:` and a user id of the enterprise,
`webhook:` and whatever the system behind the webhook calls its reader.
"""

import json
import re
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from cases.imports import canonical as spelling
from cases.imports.refusals import CellRefused
from contacts.channels import providers

WECHAT, WECOM, WEBHOOK = "wechat", "wecom", "webhook"
PROVIDERS: Final = (WECHAT, WECOM, WEBHOOK)
NAME: Final = "chat"  # the channel as a whole
# As attempts, receipts, paces and holds keep it: each provider for itself.
NAMES: Final = {WECHAT: "chat-wechat", WECOM: "chat-wecom", WEBHOOK: "chat-webhook"}
MOST_THING: Final = 20  # characters of a value named thing… in a template of WeChat
_PLACE: Final = re.compile(r"\{\{([a-z_]+[0-9]*)\.DATA\}\}")


class BadAccount(ValueError):
    """The text is no messaging account."""


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody's account at a provider."""

    provider: str
    id: str

    def __str__(self) -> str:
        return f"{self.provider}:{self.id}"


def parse(text: str) -> Account:
    """Return the account that `provider:id` means. Raises BadAccount."""
    try:
        provider, _colon, name = spelling.chat(text).partition(":")
    except CellRefused as error:
        raise BadAccount(text[:20]) from error
    return Account(provider, name)


def canonical(text: str) -> str:
    """Return the one form in which an account is kept and compared. Raises BadAccount."""
    return str(parse(text))


def connected() -> tuple[str, ...]:
    """Return the providers that are set up."""
    needed = {
        WECHAT: settings.WECHAT_APP_ID and settings.WECHAT_APP_SECRET,
        WECOM: settings.WECOM_CORP_ID and settings.WECOM_SECRET,
        WEBHOOK: settings.CHAT_WEBHOOK_URL and settings.CHAT_WEBHOOK_SECRET,
    }
    return tuple(name for name in PROVIDERS if needed[name])


def check() -> None:
    """Refuse a start with settings that no message could leave by. Raises ImproperlyConfigured."""
    for first, second in (
        ("WECHAT_APP_ID", "WECHAT_APP_SECRET"),
        ("WECOM_CORP_ID", "WECOM_SECRET"),
        ("CHAT_WEBHOOK_URL", "CHAT_WEBHOOK_SECRET"),
    ):
        if bool(getattr(settings, first)) != bool(getattr(settings, second)):
            raise ImproperlyConfigured(f"{first} and {second} belong together: set both or neither.")
    found = connected()
    if WECHAT in found:
        providers.refuse_open("WECHAT_URL", settings.WECHAT_URL)
        registered()
    if WECOM in found:
        providers.refuse_open("WECOM_URL", settings.WECOM_URL)
        if not str(settings.WECOM_AGENT_ID).isdigit():
            raise ImproperlyConfigured("WECOM_AGENT_ID must be the number of the application.")
    if WEBHOOK in found:
        providers.refuse_open("CHAT_WEBHOOK_URL", settings.CHAT_WEBHOOK_URL)


def registered() -> list[providers.Registered]:
    """Return the templates registered at WeChat: WECHAT_TEMPLATES = {"id": "…{{thing1.DATA}}…"}.

    Raises ImproperlyConfigured.
    """
    where = "WECHAT_TEMPLATES"
    try:
        given = json.loads(settings.WECHAT_TEMPLATES or "{}")
    except ValueError as error:
        raise ImproperlyConfigured(f"{where} is no JSON: {error}") from error
    if not isinstance(given, dict) or not given:
        raise ImproperlyConfigured(f"{where} names no registered template.")
    found = []
    for code, text in given.items():
        if not isinstance(text, str) or not text.strip():
            raise ImproperlyConfigured(f"{where}: {code} must be the registered text.")
        names = _PLACE.findall(text)
        if len(set(names)) != len(names):
            raise ImproperlyConfigured(f"{where}: {code} uses a value twice.")
        if "}}{{" in text:
            raise ImproperlyConfigured(f"{where}: {code} has two values side by side, which nobody can tell apart.")
        pieces = _PLACE.split(text)
        pattern = "".join(re.escape(each) if at % 2 == 0 else f"(?P<{each}>.+?)" for at, each in enumerate(pieces))
        found.append(providers.Registered(code, re.compile(pattern, re.DOTALL)))
    return found
