"""SMS through an HTTP provider: POST {url}/messages with Idempotency-Key; GET {url}/messages?key= says what it has.

A status that proves the message was not taken (429, 401, 4xx) is an error; anything after which it may have been
taken (no answer, 5xx, an answer that cannot be read) is Unknown, and the caller asks by key.
"""

import json
import time
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import requests
from django.conf import settings

from contacts.channels.senders.base import Message, NotConfigured, Permanent, Receipt, Sender, Temporary, Unknown

MOST_ANSWER = 64 * 1024  # bytes
KEY_REUSED = frozenset({"key_reused", "idempotency_key_reused"})
BAD_NUMBERS = frozenset({"invalid_number", "unknown_subscriber", "unreachable_number"})


class SmsSender(Sender):
    """The SMS provider named in the settings."""

    channel: ClassVar[str] = "sms"
    provider: ClassVar[str] = "sms-http"
    can_look_up = True

    def __init__(self) -> None:
        """Read where the provider is. Raises NotConfigured."""
        if not settings.SMS_PROVIDER_URL:
            raise NotConfigured(self.channel)
        self.url = settings.SMS_PROVIDER_URL.rstrip("/") + "/messages"
        self.timeout = settings.PROVIDER_TIMEOUT_S
        self.session = requests.Session()
        self.session.trust_env = False  # no proxy and no password file decides where messages go
        self.session.headers["Authorization"] = f"Bearer {settings.SMS_PROVIDER_TOKEN}"

    def _hand_over(self, message: Message, to: str) -> Receipt:
        body = {"to": to, "text": message.text, "reference": message.reference, "sender": message.sender_name}
        try:
            answer = self.session.post(
                self.url,
                json=body,
                headers={"Idempotency-Key": str(message.key)},
                timeout=(min(3, self.timeout), self.timeout),
                allow_redirects=False,
                stream=True,
            )
            status, read = answer.status_code, _read(answer, until=time.monotonic() + self.timeout)
        except requests.ConnectTimeout as error:
            raise Temporary("provider-unreachable") from error
        except requests.ConnectionError as error:
            if _never_connected(error):
                raise Temporary("provider-unreachable") from error
            raise Unknown(type(error).__name__) from error
        except Exception as error:  # a line cut in the answer has many names; none says that nothing left
            raise Unknown(type(error).__name__) from error
        if status in (200, 201, 202):
            said = _decoded(read)
            if not said.get("id"):
                raise Unknown("unreadable answer")
            return Receipt(self.provider, str(said["id"])[:120])
        if status == 429:
            raise Temporary("provider-busy", retry_after=_seconds(answer.headers.get("Retry-After")))
        if status in (401, 403, 404):
            raise Temporary("provider-refused")
        error_code = str(_decoded(read).get("error", ""))
        if status == 409 or error_code in KEY_REUSED:  # something left under this key already
            raise Unknown(error_code)
        if 400 <= status < 500:
            bad = error_code in BAD_NUMBERS
            raise Permanent("address-unknown" if bad else "provider-refused", address_is_bad=bad)
        raise Unknown(f"status {status}")

    def look_up(self, key: UUID, *, to: str = "", since: datetime | None = None) -> Receipt | None:
        """Return what the provider took under this key. Raises Temporary when it cannot say."""
        try:
            answer = self.session.get(
                self.url, params={"key": str(key)}, timeout=(min(3, self.timeout), self.timeout), allow_redirects=False
            )
            found = answer.json().get("messages") if answer.status_code == 200 else None
        except (requests.RequestException, ValueError, AttributeError) as error:
            raise Temporary("provider-unreachable") from error
        if not isinstance(found, list):
            raise Temporary("no-look-up")
        return Receipt(self.provider, str(found[0]["id"])[:120]) if found else None


def _read(answer: requests.Response, *, until: float) -> bytes:
    """Return the body, as long as it comes in time: a piece has the timeout of the socket, the whole has this one."""
    pieces: list[bytes] = []
    while sum(map(len, pieces)) < MOST_ANSWER and (piece := answer.raw.read1(4096)):
        pieces.append(piece)
        if time.monotonic() > until:
            answer.close()
            raise Unknown("the answer did not end")
    return b"".join(pieces)


def _never_connected(error: requests.ConnectionError) -> bool:
    """Whether the connection itself failed, so that no byte of the message was sent."""
    from urllib3.exceptions import MaxRetryError, NewConnectionError

    cause = error.args[0] if error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)


def _decoded(read: bytes) -> dict[str, Any]:
    try:
        said = json.loads(read)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _seconds(text: str | None) -> float | None:
    try:
        return min(3600.0, max(1.0, float(text))) if text else None
    except ValueError:
        return None
