"""The senders in use: one per channel and thread, made when first needed."""

import threading
from collections.abc import Callable
from typing import Final

from cases.models import Address
from collections_app.shared import sealed
from contacts.channels.senders.base import NotConfigured, Sender
from contacts.channels.senders.chat import ChatSender
from contacts.channels.senders.email import email_sender
from contacts.channels.senders.letter import LetterSender
from contacts.channels.senders.sms import sms_sender
from contacts.channels.senders.voice.notice import NoticeSender

_BY_CHANNEL: Final[dict[str, Callable[[], Sender]]] = {
    "sms": sms_sender,
    "email": email_sender,
    "letter": LetterSender,
    "chat": ChatSender,
    "voice_notice": NoticeSender,
}
_made = threading.local()


def sender_of(channel: str) -> Sender:
    """Return the sender of a channel. Raises NotConfigured where there is none, or its carrier is not set up."""
    senders: dict[str, Sender] = _made.__dict__.setdefault("senders", {})
    if channel not in senders:
        if channel not in _BY_CHANNEL:
            raise NotConfigured(channel)
        senders[channel] = _BY_CHANNEL[channel]()
    return senders[channel]


def is_connected(channel: str) -> bool:
    """Whether messages of this channel can leave at all."""
    try:
        sender_of(channel)
    except NotConfigured:
        return False
    return True


def provider_of(channel: str) -> str:
    """Return the name of the provider in use, as attempts keep it; nothing where none is set up."""
    try:
        return sender_of(channel).provider
    except NotConfigured:
        return ""


def provider_to(channel: str, address_id: int | None) -> str:
    """Return the name of the provider that takes messages of a channel to this address; nothing where there is none."""
    try:
        sender = sender_of(channel)
    except NotConfigured:
        return ""
    if not sender.has_several or address_id is None:
        return sender.provider
    return sender.provider_for(sealed.unseal(Address.objects.get(pk=address_id).value_sealed))


def can_look_up(channel: str) -> bool:
    """Whether the provider in use can be asked, by our key, what it has."""
    try:
        return sender_of(channel).can_look_up
    except NotConfigured:
        return False


def forget() -> None:
    """Make every sender anew when next needed, as after a change of settings."""
    _made.__dict__.pop("senders", None)
