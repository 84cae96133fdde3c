"""Messaging accounts: the provider that an address names takes the message.

The webhook is for any other system: a signed POST under our key, which it promises to heed.
"""

import hashlib
import hmac
import json
from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

from django.conf import settings

from contacts.channels import chat
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
from contacts.channels.senders.http import Answer, Wire, real_now, refuse_by_status
from contacts.channels.senders.wechat import WeChat
from contacts.channels.senders.wecom import WeCom

BAD_ACCOUNT: Final = frozenset({"unknown_account", "unfollowed", "invalid_account"})


class Webhook:
    """The system at CHAT_WEBHOOK_URL."""

    def __init__(self) -> None:
        """Read where it is."""
        self.url = settings.CHAT_WEBHOOK_URL
        self.wire = Wire(timeout=settings.PROVIDER_TIMEOUT_S, keep_alive=False)

    def hand_over(self, message: Message, to: str) -> Receipt:
        """Post it. Raises like `Sender.send`."""
        asked = {
            "to": to,
            "text": message.text,
            "subject": message.subject,
            "language": message.language,
            "reference": message.reference,
            "sender": message.sender_name,
            "key": str(message.key),
        }
        body = json.dumps(asked, ensure_ascii=False).encode()
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": str(message.key),
            "X-Signature": signature(body, settings.CHAT_WEBHOOK_SECRET),
        }
        return self._said(self.wire.call("POST", self.url, data=body, headers=headers))

    def look_up(self, key: UUID) -> Receipt | None:
        """Return what it has under this key. Raises Temporary where it cannot say."""
        headers = {"X-Signature": signature(str(key).encode(), settings.CHAT_WEBHOOK_SECRET)}
        found = self.wire.ask("GET", self.url, params={"key": str(key)}, headers=headers).said.get("messages")
        if not isinstance(found, list):
            raise Temporary("no-look-up")
        for each in found:
            if isinstance(each, dict) and each.get("key") == str(key) and each.get("id"):
                return Receipt(chat.NAMES[chat.WEBHOOK], str(each["id"])[:120])
        return None

    def _said(self, answer: Answer) -> Receipt:
        if 200 <= answer.status < 300:
            ref = answer.said.get("id")
            if not isinstance(ref, str) or not ref:
                raise Unknown("unreadable answer")
            return Receipt(chat.NAMES[chat.WEBHOOK], ref[:120])
        code = str(answer.said.get("error") or "")
        if answer.status < 500:
            if code == "key_reused":  # something left under this key before
                raise Unknown(code)
            if code in BAD_ACCOUNT:
                raise Permanent("address-unknown", address_is_bad=True)
            if code == "opted_out":
                raise Permanent("opted-out-at-provider", opted_out=True)
            if code == "insufficient_funds":
                raise AccountRefused("provider-refuses-us")
        refuse_by_status(answer)
        raise Permanent("provider-refused")


class ChatSender(Sender):
    """All messaging accounts that are set up."""

    channel: ClassVar[str] = "chat"
    provider: ClassVar[str] = chat.NAME
    has_several: ClassVar[bool] = True

    def __init__(self) -> None:
        """Read which providers are set up. Raises NotConfigured where there is none."""
        kinds: dict[str, type[WeChat] | type[WeCom] | type[Webhook]] = {
            chat.WECHAT: WeChat, chat.WECOM: WeCom, chat.WEBHOOK: Webhook,
        }  # fmt: skip
        self.providers = {name: kinds[name]() for name in chat.connected()}
        if not self.providers:
            raise NotConfigured(self.channel)
        self.can_look_up = settings.CHAT_WEBHOOK_LOOK_UP and chat.WEBHOOK in self.providers

    def provider_for(self, to: str) -> str:
        """Return the name of the provider that takes a message to this account."""
        return chat.NAMES.get(to.partition(":")[0], self.provider)

    def _hand_over(self, message: Message, to: str) -> Receipt:
        try:
            account = chat.parse(to)
        except chat.BadAccount as error:
            raise Permanent("address-unknown", address_is_bad=True) from error
        if account.provider not in self.providers:
            raise NotConfigured(account.provider)
        return self.providers[account.provider].hand_over(message, account.id)

    def look_up(self, key: UUID, *, to: str = "", since: datetime | None = None) -> Receipt | None:
        """Return what the provider of this address has under the key. Only the webhook can be asked."""
        found = self.providers.get(to.partition(":")[0])
        if not self.can_look_up or not isinstance(found, Webhook):
            raise Temporary("no-look-up")
        return found.look_up(key)


def signature(body: bytes, secret: str) -> str:
    """Return the header that proves who sent a body and when: HMAC-SHA256 over "timestamp.body"."""
    stamp = str(int(real_now().timestamp()))
    return f"t={stamp},v1={hmac.new(secret.encode(), stamp.encode() + b'.' + body, hashlib.sha256).hexdigest()}"
