"""Recorded notices: the telephone system dials, and plays what the text becomes there (a prompt, a voice made of it).

That it was dialled is what the answer says; that somebody heard it comes by events, as a receipt does.
"""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from collections_app.shared import clock
from contacts.channels import telephone_line, telephony
from contacts.channels.senders.base import Message, NotConfigured, Receipt, Sender, Temporary
from contacts.channels.senders.voice.ari import Ari
from contacts.models import TelephoneEvent


class NoticeSender(Sender):
    """The telephone system, saying something."""

    channel: ClassVar[str] = "voice_notice"
    provider: ClassVar[str] = telephony.NAME
    can_look_up = True

    def __init__(self) -> None:
        """Read where it is. Raises NotConfigured where there is none, or it has nothing to say a text with."""
        if not telephony.plays_notices():
            raise NotConfigured(self.channel)
        self.cti = Ari()

    def _hand_over(self, message: Message, to: str) -> Receipt:
        if telephone_line.problem(at=clock.now()):  # whoever answered would hear nothing
            raise Temporary("line-closed")
        leg = telephony.name_of(telephony.NOTICE, message.key)
        media = telephony.notice_media(message.text, message.language)
        self.cti.dial_notice(leg, number=to, media=media, language=message.language)
        return Receipt(self.provider, leg)

    def look_up(self, key: UUID, *, to: str = "", since: datetime | None = None) -> Receipt | None:
        """Return the call under this key: one that lives, or of which something was heard.

        Nothing of both proves that nobody was dialled only if somebody has listened without a gap since the hand-over
        began; else it cannot be said (Temporary).
        """
        leg = telephony.name_of(telephony.NOTICE, key)
        if self.cti.state_of(leg) is not None:
            return Receipt(self.provider, leg)
        if TelephoneEvent.objects.filter(provider=self.provider, key=key, name=leg).exists():
            return Receipt(self.provider, leg)
        if since is not None and telephone_line.was_open(since, at=clock.now()):
            return None
        raise Temporary("no-look-up")
