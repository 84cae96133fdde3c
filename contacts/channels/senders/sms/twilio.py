"""SMS through Twilio or a provider with its interface: a form posted to Accounts/{Sid}/Messages.json.

It keeps no keys and cannot be asked by one. Our key travels in the address of the status callback, so that a receipt
settles a message whose answer was never seen. Codes: https://www.twilio.com/docs/api/errors
"""

from typing import ClassVar, Final
from urllib.parse import quote

from django.conf import settings

from contacts.channels import providers
from contacts.channels.senders.base import (
    AccountRefused,
    Message,
    NotConfigured,
    Permanent,
    Receipt,
    Sender,
    Temporary,
    Unknown,
)
from contacts.channels.senders.http import Answer, Wire, refuse_by_status

BAD_NUMBER: Final = frozenset({"21211", "21214", "21217", "21401", "21421", "21614"})
OPTED_OUT: Final = frozenset({"21610"})
BUSY: Final = frozenset({"20429", "14107", "21611", "30001", "63038"})
# credentials, a suspended account, a sender that is not ours, a region that is not allowed to us
REFUSES_US: Final = frozenset({
    "20003", "20005", "20006", "20008", "21212", "21603", "21606", "21659", "21660", "21661", "21703", "21705",
    "30002", "30022", "30034",
})  # fmt: skip


class TwilioSms(Sender):
    """The account TWILIO_ACCOUNT_SID."""

    channel: ClassVar[str] = "sms"
    provider: ClassVar[str] = providers.NAMES[providers.TWILIO]

    def __init__(self) -> None:
        """Read whose account it is. Raises NotConfigured."""
        sid, secret = settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN
        if not (sid and secret):
            raise NotConfigured(self.channel)
        self.url = f"{settings.TWILIO_URL.rstrip('/')}/2010-04-01/Accounts/{quote(sid, safe='')}/Messages.json"
        self.signed_in = (sid, secret)
        self.wire = Wire(timeout=settings.PROVIDER_TIMEOUT_S, keep_alive=False)

    def _hand_over(self, message: Message, to: str) -> Receipt:
        form = {"To": to, "Body": message.text}
        if settings.TWILIO_MESSAGING_SERVICE_SID:
            form["MessagingServiceSid"] = settings.TWILIO_MESSAGING_SERVICE_SID
        else:
            form["From"] = settings.TWILIO_FROM
        if settings.PUBLIC_URL:
            form["StatusCallback"] = f"{settings.PUBLIC_URL}/api/v1/webhooks/twilio?key={message.key}"
        return self._said(self.wire.call("POST", self.url, data=form, auth=self.signed_in))

    def _said(self, answer: Answer) -> Receipt:
        said = answer.said
        if 200 <= answer.status < 300:
            if said.get("status") in ("failed", "undelivered"):
                self._refuse(str(said.get("error_code") or ""), answer)
                raise Permanent("provider-refused")
            if not isinstance(said.get("sid"), str) or not said["sid"]:
                raise Unknown("unreadable answer")
            return Receipt(self.provider, said["sid"][:120])
        self._refuse(str(said.get("code") or ""), answer)
        refuse_by_status(answer)
        raise Permanent("provider-refused")

    def _refuse(self, code: str, answer: Answer) -> None:
        if answer.status >= 500:
            return
        if code in BAD_NUMBER:
            raise Permanent("address-unknown", address_is_bad=True)
        if code in OPTED_OUT:
            raise Permanent("opted-out-at-provider", opted_out=True)
        if code in BUSY:
            raise Temporary("provider-busy", retry_after=answer.retry_after)
        if code in REFUSES_US:
            raise AccountRefused("provider-refuses-us")
