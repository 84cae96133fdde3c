"""Messaging accounts: WeChat (official account), enterprise WeChat and a plain webhook, each in its own words.

The carrier's token is app secret, enterprise secret and webhook secret at once. Tokens of access end on request.
"""

import hashlib
import hmac
import json
import re
import secrets
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message as Headers
from typing import Any

from .faults import Fault, Faults
from .store import Message, Store

APP_ID, CORP_ID = "wx0000000000000001", "ww0000000000000001"
WECHAT_TOKEN, WECHAT_SEND = "/wechat/cgi-bin/stable_token", "/wechat/cgi-bin/message/template/send"
WECOM_TOKEN, WECOM_SEND = "/wecom/cgi-bin/gettoken", "/wecom/cgi-bin/message/send"
WEBHOOK = "/chat/messages"
MEDIA = frozenset({"/wechat/cgi-bin/media/get", "/wecom/cgi-bin/media/get"})
PATHS = frozenset({WECHAT_TOKEN, WECHAT_SEND, WECOM_TOKEN, WECOM_SEND, WEBHOOK, *MEDIA})
SIGNATURE = re.compile(r"t=(\d+),v1=([0-9a-f]{64})")
NEVER_SEEN, UNFOLLOWED = "o0000000000000000000nobody", "o0000000000000000unfollowed"
# fault -> errcode of WeChat, of enterprise WeChat, (status, error) of the webhook
REFUSALS: dict[str, tuple[int, int, tuple[int, str]]] = {
    "rate_limited": (45009, 45009, (429, "rate_limited")),
    "refused": (40003, 81013, (422, "unknown_account")),
    "opted_out": (43101, 60111, (422, "opted_out")),
    "no_funds": (48001, 60020, (402, "insufficient_funds")),
}


@dataclass
class Tokens:
    """Tokens of access: the same one for whoever asks while it is valid. fetched: how often a new one was made."""

    text: str = ""
    fetched: int = 0
    refuse_next: list[int] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self) -> str:
        """Return the token in force."""
        with self.lock:
            if not self.text:
                self.text, self.fetched = secrets.token_hex(16), self.fetched + 1
            return self.text

    def expire(self) -> None:
        """End the token in force."""
        with self.lock:
            self.text = ""

    def wrong(self, given: str) -> int:
        """Return the code with which a token is refused, or 0."""
        with self.lock:
            if self.refuse_next:
                return self.refuse_next.pop(0)
            return 0 if given and given == self.text else 42001


@dataclass(frozen=True)
class Request:
    """What was asked."""

    path: str
    query: Mapping[str, str]
    headers: "Headers[str, str]"
    body: bytes

    @property
    def said(self) -> dict[str, Any]:
        """The body as a JSON object; empty where it is none."""
        try:
            value = json.loads(self.body)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}


def token_answer(request: Request, tokens: Tokens, *, token: str) -> dict[str, Any]:
    """Return the answer to somebody who asks for a token."""
    if request.path == WECHAT_TOKEN:
        given, good = request.said, {"grant_type": "client_credential", "appid": APP_ID, "secret": token}
        wrong = 40125
    else:
        given, good, wrong = dict(request.query), {"corpid": CORP_ID, "corpsecret": token}, 40001
    if any(given.get(name) != value for name, value in good.items()):
        return {"errcode": wrong, "errmsg": "invalid credential"}
    extra = {"errcode": 0, "errmsg": "ok"} if request.path == WECOM_TOKEN else {}
    return {**extra, "access_token": tokens.get(), "expires_in": 7200}


def unsigned(request: Request, *, token: str) -> bool:
    """Whether a request to the webhook lacks a fresh signature of its body (of its key, where it has no body)."""
    found = SIGNATURE.fullmatch(request.headers.get("X-Signature", ""))
    if found is None or abs(time.time() - int(found.group(1))) > 300:
        return True
    signed = request.body or request.query.get("key", "").encode()
    good = hmac.new(token.encode(), found.group(1).encode() + b"." + signed, hashlib.sha256).hexdigest()
    return not hmac.compare_digest(good, found.group(2))


def recipient(request: Request) -> str:
    """Return to whom a message goes."""
    return str(request.said.get("to" if request.path == WEBHOOK else "touser") or "")


def refused(request: Request, faults: dict[str, Fault]) -> tuple[int, dict[str, Any]] | None:
    """Return status and body of the answer that an ordered fault or a bad request asks for, or None."""
    at = 0 if request.path == WECHAT_SEND else 1
    for kind, codes in REFUSALS.items():
        if kind in faults and request.path == WEBHOOK:
            return codes[2][0], {"error": codes[2][1]}
        if kind in faults:
            return 200, {"errcode": codes[at], "errmsg": kind}
    if "error" in faults:
        return 500, {"error": "internal"}
    said = request.said
    if request.path == WECHAT_SEND:
        if said.get("touser") in (NEVER_SEEN, UNFOLLOWED):
            return 200, {"errcode": 40003 if said["touser"] == NEVER_SEEN else 43004, "errmsg": "invalid openid"}
        values = said.get("data")
        if not isinstance(values, dict) or not all(
            isinstance(each, dict) and each.get("value") for each in values.values()
        ):
            return 200, {"errcode": 47003, "errmsg": "argument invalid"}
        if not said.get("template_id"):
            return 200, {"errcode": 40037, "errmsg": "invalid template_id"}
    return None


def message_of(request: Request) -> Message:
    """Return the message that a request asks for."""
    said = request.said
    if request.path == WECHAT_SEND:
        text, key = (
            f"{said['template_id']} {json.dumps(said['data'], ensure_ascii=False)}",
            said.get("client_msg_id", ""),
        )
        name = str(uuid.uuid4().int % 10**18)
    elif request.path == WECOM_SEND:
        text, key, name = str(said.get("text", {}).get("content", "")), "", uuid.uuid4().hex
    else:
        text, key, name = (
            str(said.get("text", "")),
            request.headers.get("Idempotency-Key", ""),
            f"chat_{uuid.uuid4().hex}",
        )
    body_hash = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
    return Message(id=name, channel="chat", to=recipient(request), sender="", text=text, key=key, body_hash=body_hash,
                   reference=str(said.get("reference", "")), via=request.path.split("/")[1])  # fmt: skip


def shown(request: Request, message: Message, store: Store) -> dict[str, Any]:
    """Return the answer to a message that was taken."""
    if request.path == WEBHOOK:
        return {"id": message.id, "key": message.key}
    if request.path == WECHAT_SEND:
        return {"errcode": 0, "errmsg": "ok", "msgid": int(message.id)}
    return {"errcode": 0, "errmsg": "ok", "invaliduser": "", "msgid": message.id}


def duplicate_of(message: Message, store: Store) -> Message | None:
    """Return an equal message of enterprise WeChat that its duplicate check holds this one back for."""
    if message.via != "wecom":
        return None
    same = (each for each in store.latest(channel="chat", to=message.to) if each.body_hash == message.body_hash)
    return next(same, None)


def is_known(faults: Faults, kind: str) -> bool:
    """Whether a fault of this kind is in force for good."""
    return any(each["kind"] == kind for each in faults.listed())
