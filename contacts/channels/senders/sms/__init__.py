"""SMS by the provider that the settings choose: generic HTTP, Twilio-compatible or Aliyun-compatible."""

from collections.abc import Callable
from typing import Final

from contacts.channels import providers
from contacts.channels.senders.base import NotConfigured, Sender
from contacts.channels.senders.sms.aliyun import AliyunSms
from contacts.channels.senders.sms.generic import GenericSms
from contacts.channels.senders.sms.twilio import TwilioSms

_BY_PROVIDER: Final[dict[str, Callable[[], Sender]]] = {
    providers.GENERIC: GenericSms,
    providers.TWILIO: TwilioSms,
    providers.ALIYUN: AliyunSms,
}


def sms_sender() -> Sender:
    """Return the sender of the provider in use. Raises NotConfigured."""
    chosen = providers.sms_provider()
    if not chosen:
        raise NotConfigured("sms")
    return _BY_PROVIDER[chosen]()
