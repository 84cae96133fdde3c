"""A Twilio-compatible interface: a form posted to Accounts/{Sid}/Messages.json, answers and receipts in its words.

The account's token is the carrier's token. Keys are not known here: the same message posted twice is two messages.
"""

import base64
import hashlib
import hmac
import re
import uuid
from typing import Any
from urllib.parse import parse_qsl, urlencode

from .faults import Fault
from .store import Message

PATH = re.compile(r"/twilio/2010-04-01/Accounts/([A-Za-z0-9]+)/Messages\.json")
NUMBER = re.compile(r"\+[1-9]\d{6,14}")
# fault -> (status, code, words)
REFUSALS = {
    "rate_limited": (429, 20429, "Too Many Requests"),
    "error": (500, 20500, "Internal Server Error"),
    "refused": (400, 21211, "Invalid 'To' Phone Number"),
    "opted_out": (400, 21610, "Attempt to send to unsubscribed recipient"),
    "no_funds": (403, 20005, "Account not active"),
}
STATUS = {"sent": "sent", "delivered": "delivered", "failed": "undelivered"}


def signed_in(authorization: str, account: str, token: str) -> bool:
    """Whether the basic authorization is that of the account."""
    expected = "Basic " + base64.b64encode(f"{account}:{token}".encode()).decode()
    return hmac.compare_digest(authorization.encode(), expected.encode())


def refusal(status: int, code: int, words: str) -> dict[str, Any]:
    """Return the body of an error."""
    return {"code": code, "message": words, "more_info": f"https://www.twilio.com/docs/errors/{code}", "status": status}


def refused_by(faults: dict[str, Fault]) -> tuple[int, int, str] | None:
    """Return the answer that an ordered fault asks for, or None."""
    return next((REFUSALS[kind] for kind in REFUSALS if kind in faults), None)


def read(body: bytes) -> Message | tuple[int, int, str]:
    """Return the message that a form asks for, or what is wrong with it."""
    form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    if not form.get("Body"):
        return 400, 21602, "Message body is required"
    if not NUMBER.fullmatch(form.get("To", "")):
        return 400, 21211, "Invalid 'To' Phone Number"
    if not form.get("From") and not form.get("MessagingServiceSid"):
        return 400, 21603, "A 'From' phone number is required"
    return Message(
        id=f"SM{uuid.uuid4().hex}",
        channel="sms",
        to=form["To"],
        sender=form.get("From") or form["MessagingServiceSid"],
        text=form["Body"],
        via="twilio",
        callback=form.get("StatusCallback", ""),
    )


def shown(message: Message, account: str) -> dict[str, Any]:
    """Return a message as the interface shows it."""
    return {
        "sid": message.id,
        "account_sid": account,
        "status": "queued",
        "to": message.to,
        "from": message.sender,
        "body": message.text,
        "num_segments": "1",
        "error_code": None,
        "error_message": None,
        "direction": "outbound-api",
    }


def receipt(message: Message, status: str, *, token: str) -> tuple[str, bytes, dict[str, str]]:
    """Return address, body and headers of a status callback."""
    form = {"MessageSid": message.id, "MessageStatus": STATUS[status], "To": message.to, "From": message.sender}
    if status == "failed":
        form["ErrorCode"] = "30005"
    return message.callback, *_signed(message.callback, form, token)


def reply(url: str, *, sender: str, to: str, text: str, token: str) -> tuple[bytes, dict[str, str]]:
    """Return body and headers of a message that a person wrote."""
    form = {"MessageSid": f"SM{uuid.uuid4().hex}", "From": sender, "To": to, "Body": text, "NumMedia": "0"}
    return _signed(url, form, token)


def _signed(url: str, form: dict[str, str], token: str) -> tuple[bytes, dict[str, str]]:
    text = url + "".join(name + form[name] for name in sorted(form))
    signature = base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8", "X-Twilio-Signature": signature}
    return urlencode(form).encode(), headers
