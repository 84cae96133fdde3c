"""The HTTP side: the interfaces of providers, the orders of faults, and the page that shows what arrived."""

import hashlib
import hmac
import json
import re
import socket
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from . import aliyun, ari, chat, page, postmark, twilio
from .faults import KINDS, Fault, Faults
from .pbx import Pbx
from .receipts import Receipts
from .store import Message, Store

NUMBER = re.compile(r"\+[1-9]\d{6,14}")
MOST_BYTES = 64 * 1024


class Carrier(ThreadingHTTPServer):
    """The HTTP server with what its requests need."""

    daemon_threads = True
    request_queue_size = 256
    allow_reuse_address = True

    def __init__(
        self, address: tuple[str, int], *, store: Store, faults: Faults, receipts: Receipts, token: str
    ) -> None:
        """Listen on the address (port 0: any free one)."""
        self.store, self.faults, self.receipts, self.token = store, faults, receipts, token
        receipts.token = receipts.token or token
        self.nonces: set[str] = set()
        self.chat_tokens = chat.Tokens()
        self.chat_files: dict[str, bytes] = {}
        self.pbx = Pbx(store)
        super().__init__(address, Handler)

    def server_close(self) -> None:
        """Stop the telephone system as well."""
        self.pbx.end()
        super().server_close()

    def server_bind(self) -> None:
        """Bind without the reverse look-up of the host name that http.server makes."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = self.server_address[0], self.server_address[1]  # type: ignore[assignment]


class Handler(BaseHTTPRequestHandler):
    """One connection, kept open between requests."""

    server: Carrier
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self) -> None:
        """Show the page, the lists and the figures."""
        where = urlsplit(self.path)
        if ari.is_mine(where.path):
            ari.serve(self)
            return
        query = {name: values[0] for name, values in parse_qs(where.query).items()}
        if where.path in chat.PATHS:
            self._take_chat(chat.Request(where.path, query, self.headers, b""))
            return
        match where.path:
            case "/":
                self._page(query)
            case "/health":
                self._answer(200, {"status": "ok"})
            case "/messages.json":
                limit = min(int(query["limit"]) if query.get("limit", "").isdigit() else 200, 10_000)
                found = self.server.store.latest(channel=query.get("channel", ""), to=query.get("to", ""), limit=limit)
                self._answer(200, {"messages": [vars(each) for each in found]})
            case "/stats":
                self._answer(200, self.server.store.figures() | {"receipts_waiting": self.server.receipts.waiting()})
            case "/faults":
                self._answer(200, {"faults": self.server.faults.listed(), "suffixes": self.server.faults.suffixes})
            case "/sms/messages" | "/email/messages":
                self._look_up(where.path.split("/")[1], query.get("key", ""))
            case _:
                self._answer(404, {"error": "not_found"})

    def do_POST(self) -> None:
        """Take a message, a reply or an order of faults."""
        body = self._body()
        if body is None:
            return
        where = urlsplit(self.path).path
        if ari.is_mine(where):
            ari.serve(self, body)
            return
        if account := twilio.PATH.fullmatch(where):
            self._take_twilio(account.group(1), body)
            return
        if where in chat.PATHS:
            query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
            self._take_chat(chat.Request(where, query, self.headers, body))
            return
        match where:
            case "/sms/messages":
                self._take_sms(body)
            case "/aliyun/":
                self._take_aliyun(body)
            case "/postmark/email":
                self._take_postmark(body)
            case "/replies":
                self._reply(body)
            case "/faults":
                self._order_fault(body)
            case _:
                self._answer(404, {"error": "not_found"})

    def do_DELETE(self) -> None:
        """Take the faults away, forget all messages, or end a leg of a call."""
        if ari.is_mine(self.path):
            ari.serve(self)
            return
        match urlsplit(self.path).path:
            case "/faults":
                self.server.faults.clear()
                self.server.faults.suffixes = False
                self._answer(200, {"faults": []})
            case "/messages":
                self.server.store.clear()
                self._answer(200, {})
            case _:
                self._answer(404, {"error": "not_found"})

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing per request; /stats counts."""

    def _take_sms(self, body: bytes) -> None:
        store = self.server.store
        store.count("sms.posts")
        if not self._signed_in():
            return
        try:
            asked = json.loads(body)
            to, text = str(asked["to"]), str(asked["text"])
        except (ValueError, KeyError, TypeError):
            self._answer(400, {"error": "bad_request", "message": "JSON with to and text is wanted"})
            return
        if not NUMBER.fullmatch(to):
            self._answer(422, {"error": "invalid_number", "message": "to must be in the form +8613800000000"})
            return
        faults = self.server.faults.draw("sms", to)
        if self._fails_before(faults):
            return
        key = self.headers.get("Idempotency-Key", "")
        body_hash = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
        message = Message(
            id=f"sms_{uuid.uuid4().hex}",
            channel="sms",
            to=to,
            sender=str(asked.get("sender", "")),
            text=text,
            key=key,
            reference=str(asked.get("reference", "")),
            body_hash=body_hash,
        )
        kept = store.accept(message, idempotent="no_idempotency" not in faults)
        if kept.body_hash != body_hash:
            self._answer(422, {"error": "key_reused", "message": "this key was used with another body"})
            return
        if kept is message:
            if "receipt_before_answer" in faults:
                self.server.receipts.send_now(kept)
            else:
                self.server.receipts.plan(kept, faults)
        self._answer_accepted(_shown(kept), replayed=kept is not message, faults=faults)

    def _take_twilio(self, account: str, body: bytes) -> None:
        self.server.store.count("sms.posts")
        if not twilio.signed_in(self.headers.get("Authorization", ""), account, self.server.token):
            self.server.store.count("refused.token")
            self._answer(401, twilio.refusal(401, 20003, "Authenticate"))
            return
        found = twilio.read(body)
        if not isinstance(found, Message):
            self._answer(found[0], twilio.refusal(*found))
            return
        faults = self.server.faults.draw("sms", found.to)
        if self._breaks(faults):
            return
        if refused := twilio.refused_by(faults):
            wait = {"Retry-After": str(faults["rate_limited"].retry_after_s)} if refused[0] == 429 else {}
            self._answer(refused[0], twilio.refusal(*refused), headers=wait)
            return
        self._accept(found, faults, twilio.shown(found, account))

    def _take_aliyun(self, body: bytes) -> None:
        server = self.server
        asked = aliyun.asked_for(self.command, urlsplit(self.path).query, self.headers, body)
        wrong = aliyun.unsigned(self.command, dict(asked), self.headers, body, token=server.token, nonces=server.nonces)
        if wrong is not None:
            server.store.count("refused.token")
            self._answer(wrong[0], aliyun.said(wrong[1]))
            return
        if asked.get("Action") == "QuerySendDetails":
            self._answer(200, aliyun.details(server.store, asked))
            return
        server.store.count("sms.posts")
        found = aliyun.read(asked) if asked.get("Action") == "SendSms" else "InvalidAction.NotFound"
        if not isinstance(found, Message):
            self._answer(200 if found.startswith("isv.") else 404, aliyun.said(found))
            return
        faults = server.faults.draw("sms", found.to)
        if self._breaks(faults):
            return
        if refused := aliyun.refused_by(faults):
            self._answer(refused[0], aliyun.said(refused[1]))
            return
        self._accept(found, faults, aliyun.said("OK", BizId=found.id), status=200)

    def _take_postmark(self, body: bytes) -> None:
        self.server.store.count("email.posts")
        given = self.headers.get("X-Postmark-Server-Token", "")
        if not hmac.compare_digest(given.encode(), self.server.token.encode()):
            self._answer(401, {"ErrorCode": 10, "Message": "Bad or missing Server API token."})
            return
        found = postmark.read(body)
        if found is None:
            self._answer(422, {"ErrorCode": 402, "Message": "Invalid JSON"})
            return
        faults = self.server.faults.draw("email", found.to)
        if self._breaks(faults):
            return
        if "rate_limited" in faults:
            wait = str(faults["rate_limited"].retry_after_s)
            self._answer(429, {"ErrorCode": 429, "Message": "Too many requests"}, headers={"Retry-After": wait})
            return
        if refused := postmark.refused_by(faults):
            self._answer(refused[0], {"ErrorCode": refused[1], "Message": refused[2].format(to=found.to)})
            return
        self._accept(found, faults, postmark.shown(found), status=200)

    def _take_chat(self, request: chat.Request) -> None:
        server, store = self.server, self.server.store
        if request.path in (chat.WECHAT_TOKEN, chat.WECOM_TOKEN):
            store.count("chat.tokens")
            self._answer(200, chat.token_answer(request, server.chat_tokens, token=server.token))
            return
        if request.path == chat.WEBHOOK and chat.unsigned(request, token=server.token):
            store.count("refused.token")
            self._answer(401, {"error": "unauthorized"})
            return
        if request.path in chat.MEDIA:
            self._give_file(request)
            return
        if not request.body:
            found = store.find("chat", request.query.get("key", ""))
            self._answer(200, {"messages": [_shown(each) for each in found]})
            return
        store.count("chat.posts")
        if request.path != chat.WEBHOOK and (code := server.chat_tokens.wrong(request.query.get("access_token", ""))):
            store.count("refused.token")
            self._answer(200, {"errcode": code, "errmsg": "access_token expired"})
            return
        faults = server.faults.draw("chat", chat.recipient(request))
        if self._breaks(faults):
            return
        if refused := chat.refused(request, faults):
            wait = {"Retry-After": str(faults["rate_limited"].retry_after_s)} if "rate_limited" in faults else {}
            self._answer(refused[0], refused[1], headers=wait)
            return
        message = chat.message_of(request)
        kept = chat.duplicate_of(message, store) or store.accept(message, idempotent=True)
        if request.path == chat.WEBHOOK and kept.body_hash != message.body_hash:
            self._answer(422, {"error": "key_reused"})
            return
        if kept is message and kept.via == "wechat":
            server.receipts.plan(kept, faults)
        self._answer_accepted(chat.shown(request, kept, store), faults=faults, status=200)

    def _give_file(self, request: chat.Request) -> None:
        """Hand out a file that a person has sent to the account."""
        server = self.server
        server.store.count("chat.files")
        if code := server.chat_tokens.wrong(request.query.get("access_token", "")):
            self._answer(200, {"errcode": code, "errmsg": "access_token expired"})
        elif (content := server.chat_files.get(request.query.get("media_id", ""))) is None:
            self._answer(200, {"errcode": 40007, "errmsg": "invalid media_id"})
        else:
            if "delay" in (faults := server.faults.draw("chat", "")):
                time.sleep(faults["delay"].delay_s)
            self._raw(200, content, "image/jpeg")

    def _accept(self, message: Message, faults: dict[str, Fault], shown: dict[str, Any], *, status: int = 201) -> None:
        """Keep a message of an interface that knows no keys, plan its receipts, answer."""
        self.server.store.accept(message, idempotent=False)
        if "receipt_before_answer" in faults:
            self.server.receipts.send_now(message)
        else:
            self.server.receipts.plan(message, faults)
        self._answer_accepted(shown, faults=faults, status=status)

    def _breaks(self, faults: dict[str, Fault]) -> bool:
        """Do what every carrier may do before it has read a message: cut the line, send elsewhere, be slow."""
        for kind in faults:
            self.server.store.count(f"faults.{kind}")
        if "cut" in faults:
            self._cut()
        elif "redirect" in faults:
            self._answer(307, {}, headers={"Location": f"http://127.0.0.1:{self.server.server_port}/elsewhere"})
        elif "credentials" in faults:
            self._answer(401, {"error": "unauthorized"})
        else:
            if "delay" in faults:
                time.sleep(faults["delay"].delay_s)
            return False
        return True

    def _fails_before(self, faults: dict[str, Fault]) -> bool:
        if self._breaks(faults):
            return True
        if "rate_limited" in faults:
            retry_after = str(faults["rate_limited"].retry_after_s)
            self._answer(429, {"error": "rate_limited"}, headers={"Retry-After": retry_after})
        elif "error" in faults:
            self._answer(500, {"error": "internal"})
        elif "refused" in faults:
            self._answer(422, {"error": "invalid_number", "message": "this number cannot be reached"})
        elif "no_funds" in faults:
            self._answer(402, {"error": "insufficient_funds"})
        elif "opted_out" in faults:
            self._answer(422, {"error": "opted_out"})
        else:
            return False
        return True

    def _answer_accepted(
        self, shown: dict[str, Any], *, replayed: bool = False, faults: dict[str, Fault], status: int = 201
    ) -> None:
        if "error_after_accept" in faults:
            self._answer(500, {"error": "internal"})
        elif "timeout_after_accept" in faults:
            time.sleep(faults["timeout_after_accept"].delay_s)
            self._cut()
        elif "wrong_json" in faults:
            self._raw(status, b'{"id": "sms_', "application/json")
        elif "slow_body" in faults:
            self._trickle(json.dumps(shown).encode(), faults["slow_body"].delay_s)
        else:
            headers = {"Idempotent-Replayed": "true"} if replayed else {}
            self._answer(200 if replayed else status, shown, headers=headers)

    def _look_up(self, channel: str, key: str) -> None:
        if not self._signed_in():
            return
        if any(each["kind"] == "no_idempotency" for each in self.server.faults.listed()):
            self._answer(501, {"error": "not_supported"})
            return
        if not key:
            self._answer(400, {"error": "bad_request", "message": "key is wanted"})
            return
        self._answer(200, {"messages": [_shown(each) for each in self.server.store.find(channel, key)]})

    def _reply(self, body: bytes) -> None:
        try:
            asked = json.loads(body)
            event = self.server.receipts.reply(
                sender=str(asked["from"]), to=str(asked.get("to", "")), text=str(asked["text"])
            )
        except (ValueError, KeyError, TypeError):
            self._answer(400, {"error": "bad_request", "message": "JSON with from and text is wanted"})
            return
        self._answer(202, event)

    def _order_fault(self, body: bytes) -> None:
        try:
            asked = json.loads(body)
            if "suffixes" in asked:
                self.server.faults.suffixes = bool(asked.pop("suffixes"))
            if asked:
                self.server.faults.order(Fault(**asked))
        except (ValueError, TypeError) as error:
            self._answer(400, {"error": "bad_request", "message": str(error), "kinds": list(KINDS)})
            return
        self._answer(200, {"faults": self.server.faults.listed(), "suffixes": self.server.faults.suffixes})

    def _page(self, query: dict[str, str]) -> None:
        html = page.render(
            self.server.store.latest(channel=query.get("channel", ""), to=query.get("to", "")),
            figures=self.server.store.figures(),
            faults=self.server.faults.listed(),
            channel=query.get("channel", ""),
        )
        self._raw(200, html.encode(), "text/html; charset=utf-8")

    def _signed_in(self) -> bool:
        given = self.headers.get("Authorization", "")
        if hmac.compare_digest(given.encode(), f"Bearer {self.server.token}".encode()):
            return True
        self.server.store.count("refused.token")
        self._answer(401, {"error": "unauthorized"})
        return False

    def _body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > MOST_BYTES:
            self.close_connection = True
            self._answer(413, {"error": "too_large"})
            return None
        return self.rfile.read(int(length))

    def _answer(self, status: int, value: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        self._raw(status, json.dumps(value, ensure_ascii=False).encode(), "application/json", headers)

    def _raw(self, status: int, body: bytes, kind: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _trickle(self, body: bytes, seconds: float) -> None:
        self.send_response(201)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        for byte in body:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            time.sleep(seconds / len(body))

    def _cut(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


def _shown(message: Message) -> dict[str, Any]:
    return {
        "id": message.id,
        "key": message.key,
        "reference": message.reference,
        "to": message.to,
        "status": message.status,
        "accepted_at": message.at,
    }
