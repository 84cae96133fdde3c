"""What people write to us. What they ask for is in force before anybody reads it, for everybody who has the number;
what is not understood is put before a person.

A number may belong to several persons: the words bind for each of them, and nothing is decided from who is likelier. A
stranger's "stop" counts as much: a number that nobody here has is silenced before a file can bring it.
"""

from datetime import datetime

from contacts.inbound import recognise
from contacts.inbound.acting import INBOUND
from contacts.inbound.receiving import Incoming, Taken, finish_what_was_left, take
from contacts.models import ContactAttempt

__all__ = ["INBOUND", "Incoming", "Taken", "finish_what_was_left", "means_stop", "take", "take_reply"]


def means_stop(text: str) -> bool:
    """Whether the words ask us not to write any more. When in doubt, they do."""
    return any(found.intent in ("stop", "stop_all") for found in recognise.recognise(text))


def take_reply(
    *, sender: str, text: str, event_id: str, at: datetime, channel: str = "sms", source: str = "carrier"
) -> list[ContactAttempt]:
    """Take a message that a carrier brings. sender: as the carrier writes it. Returns what was recorded."""
    incoming = Incoming(source=source, event_id=event_id, channel=channel, sender=sender, text=text)
    return list(take(incoming, at=at).attempts)
