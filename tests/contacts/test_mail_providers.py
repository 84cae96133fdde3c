"""Mailgun, SendGrid and Brevo over real sockets: what is asked of them, what their answers mean, what they report."""

import base64
import hashlib
import hmac
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client

from cases.models import Instruction
from contacts.channels.senders.base import AccountRefused, Permanent, Temporary, Unknown
from contacts.channels.senders.email_anymail import AnymailSender
from contacts.dispatch import carriers
from contacts.models import ContactAttempt
from tests.contacts.conftest import TEN
from tests.contacts.test_receipts_formats import sent_by, status_of
from tests.contacts.test_senders import message, permit_for

pytestmark = pytest.mark.django_db
SECRET, SIGNING = "desk:a-long-password", "signing-key"
KEY = ec.generate_private_key(ec.SECP256R1())
PUBLIC = base64.b64encode(
    KEY.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
).decode()
PROVIDERS: dict[str, dict[str, Any]] = {
    "mailgun": {"options": {"api_key": "k", "sender_domain": "example.com"}, "path": "/v3/",
                "hooks": {"webhook_signing_key": SIGNING}},
    "sendgrid": {"options": {"api_key": "k"}, "path": "/v3/", "hooks": {"tracking_webhook_verification_key": PUBLIC}},
    "brevo": {"options": {"api_key": "k"}, "path": "/v3/", "hooks": {}},
}  # fmt: skip


class End(BaseHTTPRequestHandler):
    """Takes a mail as any of the three would, and keeps what was posted."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.taken.append((self.path, dict(self.headers), body))  # type: ignore[attr-defined]
        status = self.server.status  # type: ignore[attr-defined]
        said = b'{"id": "<m1@example.com>", "message": "Queued. Thank you.", "messageId": "<m1@example.com>"}'
        said = said if status < 300 else b'{"message": "no"}'
        self.send_response(status)
        self.send_header("Content-Length", str(len(said)))
        self.send_header("X-Message-Id", "m1")
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def end() -> Any:
    server = ThreadingHTTPServer(("127.0.0.1", 0), End)
    server.taken, server.status = [], 200  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(params=list(PROVIDERS))
def kind(request: pytest.FixtureRequest, end: Any, settings: Any) -> str:
    """Set one of the three up, both ways."""
    name = str(request.param)
    one = PROVIDERS[name]
    url = f"http://127.0.0.1:{end.server_port}{one['path']}"
    settings.EMAIL_PROVIDER = "anymail"
    settings.EMAIL_ANYMAIL = json.dumps({"backend": name, "webhook_secret": SECRET, "webhook_options": one["hooks"]})
    settings.MAILERS = {
        "default": {
            "BACKEND": f"anymail.backends.{name}.EmailBackend",
            "OPTIONS": {**one["options"], "api_url": url, "requests_timeout": 2},
        }
    }
    carriers.forget()
    return name


def send() -> Any:
    return AnymailSender().send(message(), to="wang@example.com", permit=permit_for("email"), at=TEN)


def test_a_mail_leaves_with_its_words_its_key_and_its_way_out(kind, end):
    receipt = send()
    ((path, headers, body),) = end.taken
    text = body.decode()
    assert path.startswith("/v3/")
    assert receipt.provider == "anymail"
    assert receipt.ref
    assert "wang" in text
    assert "key" in text  # our key comes back with the events
    assert "Authorization" in headers or "Api-Key" in {name.title() for name in headers}


@pytest.mark.parametrize(
    ("status", "known"), [(401, AccountRefused), (429, Temporary), (400, Permanent), (500, Unknown), (502, Unknown)]
)
def test_what_they_answer_is_told_apart(kind, end, status, known):
    end.status = status
    with pytest.raises(known):
        send()
    assert len(end.taken) == 1  # never tried twice


# -- events ------------------------------------------------------------------------------------------------------------


def event_of(kind: str, attempt: ContactAttempt, what: str, *, forged: bool = False) -> tuple[bytes, dict[str, str]]:
    """Return an event as the provider posts it; forged: with a signature that is not its own."""
    stamp, key = str(int(time.time())), str(attempt.key)
    basic = {"Authorization": "Basic " + base64.b64encode(SECRET.encode()).decode()}
    if kind == "mailgun":
        token = hashlib.sha256(f"{attempt.pk}{what}".encode()).hexdigest()[:50]
        secret = b"guessed" if forged else SIGNING.encode()
        signature = hmac.new(secret, f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
        said: dict[str, Any] = {
            "hard": {"event": "failed", "severity": "permanent", "reason": "bounce",
                     "delivery-status": {"code": 550, "message": "no such user"}},
            "soft": {"event": "failed", "severity": "temporary", "reason": "generic", "delivery-status": {"code": 452}},
            "complaint": {"event": "complained"},
            "delivered": {"event": "delivered"},
        }[what]  # fmt: skip
        data = said | {"id": f"e-{what}", "timestamp": float(stamp), "recipient": "wang@example.com",
                       "message": {"headers": {"message-id": attempt.provider_ref}},
                       "user-variables": {"key": key}}  # fmt: skip
        block = {"timestamp": stamp, "token": token, "signature": signature}
        return json.dumps({"signature": block, "event-data": data}).encode(), basic
    if kind == "sendgrid":
        said = {
            "hard": {"event": "bounce", "type": "bounce", "status": "5.1.1"},
            "soft": {"event": "deferred", "response": "452"},
            "complaint": {"event": "spamreport"},
            "delivered": {"event": "delivered"},
        }[what]
        body = json.dumps([said | {"email": "wang@example.com", "timestamp": int(stamp), "sg_event_id": f"e-{what}",
                                   "smtp-id": attempt.provider_ref, "anymail_id": attempt.provider_ref,
                                   "key": key}]).encode()  # fmt: skip
        signer = ec.generate_private_key(ec.SECP256R1()) if forged else KEY
        signature = base64.b64encode(signer.sign(stamp.encode() + body, ec.ECDSA(hashes.SHA256()))).decode()
        return body, basic | {
            "X-Twilio-Email-Event-Webhook-Signature": signature,
            "X-Twilio-Email-Event-Webhook-Timestamp": stamp,
        }
    word = {"hard": "hard_bounce", "soft": "soft_bounce", "complaint": "spam", "delivered": "delivered"}[what]
    said = {"event": word, "email": "wang@example.com", "id": 1, "ts_epoch": int(stamp) * 1000}
    said |= {"message-id": attempt.provider_ref, "X-Mailin-custom": json.dumps({"key": key})}
    body = json.dumps(said).encode()
    wrong = {"Authorization": "Basic " + base64.b64encode(b"desk:guessed").decode()}
    return body, wrong if forged else basic


def post(kind: str, attempt: ContactAttempt, what: str, **more: Any) -> int:
    body, headers = event_of(kind, attempt, what, **more)
    client = Client(headers={**headers, "Host": "localhost"})
    return client.post("/api/v1/webhooks/email", body, content_type="application/json", secure=True).status_code


@pytest.mark.parametrize(
    ("what", "ends", "bad", "silent"),
    [
        ("delivered", "delivered", False, 0),
        ("hard", "failed", True, 0),
        ("soft", "sent", False, 0),
        ("complaint", "sent", False, 1),
    ],
)
def test_what_they_report_moves_the_mail_marks_the_address_or_silences_it(kind, what, ends, bad, silent):
    attempt = sent_by("anymail")
    assert [post(kind, attempt, what) for _ in range(2)] == [204, 204]
    assert status_of(attempt) == ends
    attempt.contact_point.refresh_from_db()
    assert (attempt.contact_point.state == "bad") is bad
    given = Instruction.objects.filter(contact_point=attempt.contact_point, kind="opt_out")
    assert given.count() == silent


def test_a_forged_event_is_refused_and_moves_nothing(kind):
    attempt = sent_by("anymail")
    assert post(kind, attempt, "hard", forged=True) == 401
    assert post(kind, attempt, "complaint", forged=True) == 401
    assert status_of(attempt) == "sent"
    assert attempt.contact_point.state != "bad"
    assert not Instruction.objects.exists()


def test_a_mailbox_that_only_shut_us_out_today_is_no_bad_address(end, settings):
    settings.EMAIL_PROVIDER = "anymail"
    hooks = PROVIDERS["sendgrid"]["hooks"]
    settings.EMAIL_ANYMAIL = json.dumps({"backend": "sendgrid", "webhook_secret": SECRET, "webhook_options": hooks})
    attempt = sent_by("anymail")
    body = json.dumps([{"event": "bounce", "type": "blocked", "status": "5.7.1", "email": "wang@example.com",
                        "timestamp": int(time.time()), "sg_event_id": "e", "anymail_id": attempt.provider_ref,
                        "key": str(attempt.key)}]).encode()  # fmt: skip
    stamp = str(int(time.time()))
    signature = base64.b64encode(KEY.sign(stamp.encode() + body, ec.ECDSA(hashes.SHA256()))).decode()
    headers = {
        "Authorization": "Basic " + base64.b64encode(SECRET.encode()).decode(),
        "X-Twilio-Email-Event-Webhook-Signature": signature,
        "X-Twilio-Email-Event-Webhook-Timestamp": stamp,
        "Host": "localhost",
    }
    answer = Client(headers=headers).post("/api/v1/webhooks/email", body, content_type="application/json", secure=True)
    assert (answer.status_code, status_of(attempt)) == (204, "failed")
    attempt.contact_point.refresh_from_db()
    assert attempt.contact_point.state != "bad"
