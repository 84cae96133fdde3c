"""SMS through an HTTP provider whose interface is data: `providers.HttpShape`, given as SMS_PROVIDER_HTTP.

A status or code that proves the message was not taken is an error; anything after which it may have been taken (no
answer, 5xx, an answer that cannot be read) is Unknown, and the caller asks by key where the provider can be asked.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

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


class GenericSms(Sender):
    """The provider at SMS_PROVIDER_URL."""

    channel: ClassVar[str] = "sms"
    provider: ClassVar[str] = providers.NAMES[providers.GENERIC]

    def __init__(self) -> None:
        """Read where the provider is and how it speaks. Raises NotConfigured."""
        if not settings.SMS_PROVIDER_URL:
            raise NotConfigured(self.channel)
        self.url = settings.SMS_PROVIDER_URL.rstrip("/")
        self.shape = providers.http_shape()
        self.can_look_up = self.shape.look_up is not None
        self.wire = Wire(timeout=settings.PROVIDER_TIMEOUT_S, keep_alive=self.can_look_up)
        self.signed_in = _signed_in(self.shape, settings.SMS_PROVIDER_TOKEN)

    def _hand_over(self, message: Message, to: str) -> Receipt:
        shape = self.shape
        values = {
            "to": to,
            "to_digits": to.lstrip("+"),
            "text": message.text,
            "key": str(message.key),
            "reference": message.reference,
            "sender": message.sender_name,
        }
        body = {name: providers.fill(text, values) for name, text in shape.fields.items()}
        request: dict[str, Any] = {name: dict(value) for name, value in self.signed_in.items() if name != "auth"}
        if "auth" in self.signed_in:
            request["auth"] = self.signed_in["auth"]
        if shape.idempotency_header:
            request.setdefault("headers", {})[shape.idempotency_header] = str(message.key)
        if shape.encoding == "query":
            request.setdefault("params", {}).update(body)
        else:
            request["json" if shape.encoding == "json" else "data"] = body
        return self._said(self.wire.call(shape.method, self.url + shape.path, **request))

    def _said(self, answer: Answer) -> Receipt:
        shape, said = self.shape, answer.said
        code = _at(said, shape.error) if shape.error else ""
        if shape.status and answer.status < 300 and said:
            word = _at(said, shape.status)
            if word not in shape.accepted:  # many providers answer 200 and refuse inside
                self._refuse(code or word, answer)
                raise Permanent("provider-refused") if word else Unknown("unreadable answer")
        if not 200 <= answer.status < 300:
            self._refuse(code, answer)
            refuse_by_status(answer)
            raise Permanent("provider-refused")
        ref = _at(said, shape.id)
        if not ref:
            raise Unknown("unreadable answer")
        return Receipt(self.provider, ref[:120])

    def _refuse(self, code: str, answer: Answer) -> None:
        """Raise what an error code means; return where it is not in the lists."""
        shape = self.shape
        if answer.status >= 500 or not code:
            return
        if code in shape.already:  # something left under this key before
            raise Unknown(code)
        if code in shape.bad_number:
            raise Permanent("address-unknown", address_is_bad=True)
        if code in shape.opted_out:
            raise Permanent("opted-out-at-provider", opted_out=True)
        if code in shape.busy:
            raise Temporary("provider-busy", retry_after=answer.retry_after)
        if code in shape.refuses_us:
            raise AccountRefused("provider-refuses-us")

    def look_up(self, key: UUID, *, to: str = "", since: datetime | None = None) -> Receipt | None:
        """Return what the provider took under this key. Raises Temporary when it cannot say."""
        asked = self.shape.look_up
        if asked is None:
            raise Temporary("no-look-up")
        request = {name: dict(value) if name != "auth" else value for name, value in self.signed_in.items()}
        request["params"] = {**request.get("params", {}), asked.key_parameter: str(key)}
        found = _found(self.wire.ask("GET", self.url + asked.path, **request).said, asked.items)
        if not isinstance(found, list):
            raise Temporary("no-look-up")
        if not found:
            if asked.absence_proves:
                return None
            raise Temporary("no-look-up")
        ref = _at(found[0], asked.id) if isinstance(found[0], dict) else ""
        if not ref:
            raise Temporary("no-look-up")
        return Receipt(self.provider, ref[:120])


def _signed_in(shape: providers.HttpShape, secret: str) -> dict[str, Any]:
    """Return what every request carries so that the provider knows us."""
    if shape.auth == "bearer":
        return {"headers": {"Authorization": f"Bearer {secret}"}}
    if shape.auth == "basic":
        return {"auth": (shape.auth_name, secret)}
    if shape.auth == "header":
        return {"headers": {shape.auth_name: secret}}
    return {"params": {shape.auth_name: secret}} if shape.auth == "query" else {}


def _found(said: Mapping[str, Any], place: str) -> Any:
    value: Any = said
    for name in place.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _at(said: Mapping[str, Any], place: str) -> str:
    """Return the text or number at a dotted place, else nothing."""
    value = _found(said, place)
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
