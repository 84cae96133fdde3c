"""Pictures and other files that people send by WeChat and enterprise WeChat: fetched from the provider, in time."""

import threading
from typing import Final

from contacts.channels import chat
from contacts.channels.senders.base import NotConfigured, Permanent, Temporary
from contacts.channels.senders.wechat import WeChat
from contacts.channels.senders.wecom import WeCom

# A provider waits five seconds for our answer to its event: a token and a file, each with its renewal, must fit.
TIMEOUT_S: Final = 1.0
MOST_BYTES: Final = 8 * 1024 * 1024 + 1
_made = threading.local()


def fetch(provider: str, media: str) -> bytes | None:
    """Return a file by its name at the provider; None where it cannot be had now."""
    try:
        return _source(provider).fetch(media)
    except (Temporary, Permanent, NotConfigured):
        return None


def forget() -> None:
    """Make every connection anew when next needed, as after a change of settings."""
    _made.__dict__.clear()


def _source(provider: str) -> WeChat | WeCom:
    if provider not in chat.connected():
        raise NotConfigured(provider)
    sources: dict[str, WeChat | WeCom] = _made.__dict__.setdefault("sources", {})
    if provider not in sources:
        kind = WeChat if provider == chat.WECHAT else WeCom
        sources[provider] = kind(timeout=TIMEOUT_S, most=MOST_BYTES)
    return sources[provider]
