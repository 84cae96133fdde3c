"""Calls by a telephone system: one small interface (`cti`), Asterisk behind it (`ari`), notices that are played."""

from contacts.channels import telephony
from contacts.channels.senders.base import NotConfigured
from contacts.channels.senders.voice.ari import Ari
from contacts.channels.senders.voice.cti import Cti


def telephone_system() -> Cti:
    """Return the telephone system in use. Raises NotConfigured."""
    if not telephony.is_on():
        raise NotConfigured("phone")
    return Ari()
