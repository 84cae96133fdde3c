"""What WeChat and enterprise WeChat post to a product: signed, on request encrypted, as XML. Written from the documents
of the providers and not from the product's reader.
"""

import base64
import hashlib
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from .store import Message

VIA = frozenset({"wechat"})  # enterprise WeChat reports no delivery
HEADERS = {"Content-Type": "text/xml"}


@dataclass(frozen=True)
class Door:
    """What was agreed with a product. receiver: app id or id of the enterprise; aes: EncodingAESKey, or nothing."""

    token: str = ""
    receiver: str = ""
    aes: str = ""


def xml(fields: Mapping[str, Any]) -> bytes:
    """Return a flat message."""
    inside = "".join(
        f"<{name}>{value}</{name}>" if isinstance(value, int) else f"<{name}><![CDATA[{value}]]></{name}>"
        for name, value in fields.items()
    )
    return f"<xml>{inside}</xml>".encode()


def sealed(plain: bytes, door: Door) -> str:
    """Return a text as it is hidden: 16 letters, the length, the text, the receiver, filled to 32, AES-256-CBC."""
    key = base64.b64decode(door.aes + "=")
    whole = secrets.token_hex(8).encode() + len(plain).to_bytes(4, "big") + plain + door.receiver.encode()
    filler = padding.PKCS7(256).padder()
    machine = Cipher(algorithms.AES256(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(machine.update(filler.update(whole) + filler.finalize()) + machine.finalize()).decode()


def signed(door: Door, more: str = "", *, at: float | None = None) -> dict[str, str]:
    """Return timestamp, nonce and the signature over them, the token and, where there is one, the hidden text."""
    stamp, nonce = str(int(at if at is not None else time.time())), secrets.token_hex(5)
    parts = sorted(filter(None, [door.token, stamp, nonce, more]))
    said = hashlib.sha1("".join(parts).encode()).hexdigest()  # noqa: S324  (so the providers agreed)
    return {"msg_signature" if more else "signature": said, "timestamp": stamp, "nonce": nonce}


def asked(url: str, door: Door, word: str, *, hidden: bool) -> str:
    """Return the address by which a provider asks whether a door is the product's own."""
    shown = sealed(word.encode(), door) if hidden else word
    query = signed(door, shown if hidden else "") | {"echostr": shown}
    return f"{url}?{urlencode(query, quote_via=quote)}"


def posted(url: str, door: Door, fields: Mapping[str, Any], *, at: float | None = None) -> tuple[str, bytes]:
    """Return address and body of an event."""
    plain = xml(fields)
    if not door.aes:
        return f"{url}?{urlencode(signed(door, at=at) | {'openid': str(fields.get('FromUserName', ''))})}", plain
    text = sealed(plain, door)
    query = signed(door, text, at=at) | {"encrypt_type": "aes"}
    return f"{url}?{urlencode(query)}", xml({"ToUserName": door.receiver, "Encrypt": text})


def finished(message: Message, event: Mapping[str, Any], url: str, door: Door) -> tuple[str, bytes, dict[str, str]]:
    """Return the report about a template message."""
    fields = {
        "ToUserName": "gh_0000000000000001",
        "FromUserName": message.to,
        "CreateTime": int(time.time()),
        "MsgType": "event",
        "Event": "TEMPLATESENDJOBFINISH",
        "MsgID": int(message.id),
        "Status": "success" if event["status"] == "delivered" else "failed:user block",
    }
    return *posted(url, door, fields), HEADERS
