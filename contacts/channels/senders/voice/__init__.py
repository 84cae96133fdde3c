"""Calls by a telephone system: one small interface (`cti`), Asterisk behind it (`ari`), notices that are played."""

from contacts.channels import telephony
from contacts.channels.senders.base import NotConfigured
from contacts.channels.senders.voice.ari import Ari


def telephone_system() -> Ari:
    """Return the telephone system in use. Raises NotConfigured."""
    if not telephony.is_on():
        raise NotConfigured("phone")
    return Ari()
