"""A Postmark-compatible interface: POST /postmark/email, and bounces and complaints posted back.

Keys are not known here: the same mail posted twice is two mails.
"""

import base64
import json
import time
import uuid
from typing import Any

from .faults import Fault
from .store import Message

# fault -> (status, code, words)
REFUSALS = {
    "error": (500, 500, "Internal Server Error"),
    "refused": (422, 300, "Invalid 'To' address: '{to}'."),
    "opted_out": (422, 406, "Found inactive addresses: {to}. Inactive recipients are ones with a complaint."),
    "no_funds": (422, 405, "Not allowed to send"),
}


def refused_by(faults: dict[str, Fault]) -> tuple[int, int, str] | None:
    """Return the answer that an ordered fault asks for, or None."""
    return next((REFUSALS[kind] for kind in REFUSALS if kind in faults), None)


def read(body: bytes) -> Message | None:
    """Return the mail that a request asks for, or None where it is none."""
    try:
        asked = json.loads(body)
        headers = {each["Name"]: each["Value"] for each in asked.get("Headers", [])}
        return Message(
            id=str(uuid.uuid4()),
            channel="email",
            to=str(asked["To"]),
            sender=str(asked["From"]),
            subject=str(asked.get("Subject", "")),
            text=str(asked.get("TextBody", "")),
            key=str((asked.get("Metadata") or {}).get("key", "")),
            reference=headers.get("X-Reference", ""),
            html=str(asked.get("HtmlBody", "")),
            headers=headers,
            via="postmark",
        )
    except (ValueError, KeyError, TypeError):
        return None


def shown(message: Message) -> dict[str, Any]:
    """Return a mail as the interface shows it."""
    return {"To": message.to, "SubmittedAt": _iso(message.at), "MessageID": message.id, "ErrorCode": 0, "Message": "OK"}


def happened(message: Message, what: str, *, secret: str) -> tuple[bytes, dict[str, str]]:
    """Return body and headers of an event: "delivered", "hard", "soft" or "complaint". secret: user:password."""
    event: dict[str, Any] = {
        "MessageID": message.id,
        "Recipient": message.to,
        "ServerID": 1,
        "MessageStream": "outbound",
        "Metadata": {"key": message.key},
    }
    if what == "delivered":
        event |= {"RecordType": "Delivery", "DeliveredAt": _iso(time.time()), "Details": "250 ok"}
    else:
        kind, code = {"hard": ("HardBounce", 1), "soft": ("SoftBounce", 4096)}.get(what, ("SpamComplaint", 512))
        event |= {
            "RecordType": "SpamComplaint" if what == "complaint" else "Bounce",
            "ID": uuid.uuid4().int % 10**9,
            "Type": kind,
            "TypeCode": code,
            "Email": message.to,
            "BouncedAt": _iso(time.time()),
            "Description": what,
            "Inactive": what == "hard",
        }
    authorization = "Basic " + base64.b64encode(secret.encode()).decode()
    return json.dumps(event).encode(), {"Content-Type": "application/json", "Authorization": authorization}


def _iso(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
