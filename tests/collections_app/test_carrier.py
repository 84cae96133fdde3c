"""The local carrier, over real sockets, as the product meets it."""

import hashlib
import hmac
import json
import os
import smtplib
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import requests
from django.conf import settings

from collections_app.carrier import smtp
from collections_app.carrier.faults import KINDS, Faults
from collections_app.carrier.receipts import Receipts, signature
from collections_app.carrier.store import Store
from collections_app.carrier.web import Carrier

TOKEN, SECRET = "token-of-the-test", "secret-of-the-test"


class Callback:
    """Takes receipts as the product would; `status` is what it answers."""

    def __init__(self) -> None:
        self.taken: list[tuple[float, str, dict[str, Any], bytes]] = []
        self.status: list[int] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                header = self.headers["X-Carrier-Signature"]
                outer.taken.append((time.monotonic(), header, json.loads(body), body))
                self.send_response(outer.status.pop(0) if outer.status else 204)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/receipts"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def events(self, number: int) -> list[dict[str, Any]]:
        until = time.monotonic() + 5
        while len(self.taken) < number and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(0.05)  # one too many would show
        return [event for _, _, event, _ in self.taken]


class Running:
    """A carrier in threads of this process."""

    def __init__(self) -> None:
        self.callback = Callback()
        self.store, self.faults = Store(), Faults()
        self.receipts = Receipts(self.store, url=self.callback.url, secret=SECRET, delay_s=0.02)
        self.web = Carrier(("127.0.0.1", 0), store=self.store, faults=self.faults, receipts=self.receipts, token=TOKEN)
        self.url = f"http://127.0.0.1:{self.web.server_port}"
        threading.Thread(target=self.web.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def post(
        self, key: str = "k1", *, to: str = "+12025550100", text: str = "hello", **kwargs: Any
    ) -> requests.Response:
        kwargs.setdefault("headers", {"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": key})
        return requests.post(f"{self.url}/sms/messages", json={"to": to, "text": text}, timeout=5, **kwargs)

    def order(self, **fault: Any) -> None:
        assert requests.post(f"{self.url}/faults", json=fault, timeout=5).status_code == 200

    def get(self, path: str) -> dict[str, Any]:
        return requests.get(self.url + path, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=5).json()

    def close(self) -> None:
        self.web.shutdown()
        self.receipts.end()
        self.web.server_close()
        self.callback.server.shutdown()
        self.callback.server.server_close()


@pytest.fixture
def carrier() -> Iterator[Running]:
    running = Running()
    yield running
    running.close()


def test_a_message_is_accepted_once_and_can_be_asked_about(carrier: Running):
    answer = carrier.post("k1", text="Pay 还款")
    assert answer.status_code == 201
    assert carrier.get("/sms/messages?key=k1")["messages"][0]["id"] == answer.json()["id"]
    assert carrier.get("/sms/messages?key=other") == {"messages": []}
    assert carrier.get("/messages.json?channel=sms")["messages"][0]["text"] == "Pay 还款"


def test_the_same_key_and_body_get_the_same_answer_and_send_once(carrier: Running):
    first, second = carrier.post("k1"), carrier.post("k1")
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]
    assert second.headers["Idempotent-Replayed"] == "true"
    assert carrier.get("/stats")["messages"] == {"sms": 1}


def test_the_same_key_with_another_body_is_refused(carrier: Running):
    carrier.post("k1")
    answer = carrier.post("k1", text="something else")
    assert (answer.status_code, answer.json()["error"]) == (422, "key_reused")
    assert carrier.get("/stats")["messages"] == {"sms": 1}


def test_twenty_requests_at_once_with_one_key_send_once(carrier: Running):
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: carrier.post("k1"), range(20)))
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert carrier.get("/stats")["most_per_key"] == 1


def test_without_idempotency_the_figures_show_the_double(carrier: Running):
    carrier.order(kind="no_idempotency")
    carrier.post("k1")
    carrier.post("k1")
    stats = carrier.get("/stats")
    assert (stats["most_per_key"], stats["keys_used_twice"]) == (2, 1)
    assert carrier.get("/sms/messages?key=k1") == {"error": "not_supported"}


@pytest.mark.parametrize(
    ("kwargs", "status"),
    [
        ({"headers": {}}, 401),
        ({"headers": {"Authorization": "Bearer wrong"}}, 401),
        ({"to": "0900"}, 422),
        ({"to": "+1202555010a"}, 422),
        ({"text": "x" * 70_000}, 413),
    ],
)
def test_what_a_provider_would_refuse_is_refused(carrier: Running, kwargs: dict[str, Any], status: int):
    assert carrier.post("k1", **kwargs).status_code == status
    assert carrier.get("/stats")["messages"] == {}


def test_receipts_come_in_order_and_signed(carrier: Running):
    carrier.post("k1")
    assert [event["status"] for event in carrier.callback.events(2)] == ["sent", "delivered"]
    _, header, event, body = carrier.callback.taken[0]
    at = int(header.split(",")[0].removeprefix("t="))
    expected = hmac.new(SECRET.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    assert header == f"t={at},v1={expected}" == signature(SECRET, body, at)
    assert (event["key"], event["type"]) == ("k1", "receipt")


def test_a_receipt_that_is_not_taken_comes_again(carrier: Running):
    carrier.callback.status = [503]
    carrier.post("k1")
    events = carrier.callback.events(3)
    assert sorted(event["status"] for event in events) == ["delivered", "sent", "sent"]
    assert len({event["event_id"] for event in events if event["status"] == "sent"}) == 1


@pytest.mark.parametrize(
    ("kind", "statuses"),
    [
        ("undelivered", ["sent", "failed"]),
        ("duplicate_receipts", ["sent", "sent", "delivered", "delivered"]),
        ("receipts_out_of_order", ["delivered", "sent"]),
        ("no_receipt", []),
    ],
)
def test_a_receipt_fault_happens_on_demand(carrier: Running, kind: str, statuses: list[str]):
    carrier.receipts.delay_s = 0.25  # far enough apart that none passes another on a busy machine
    carrier.order(kind=kind, times=1)
    assert carrier.post("k1").status_code == 201
    assert [event["status"] for event in carrier.callback.events(len(statuses))] == statuses
    assert carrier.get("/faults")["faults"] == []


def test_receipts_can_come_before_the_answer(carrier: Running):
    carrier.order(kind="receipt_before_answer", times=1)
    carrier.post("k1")
    answered = time.monotonic()
    assert [at < answered for at, *_ in carrier.callback.taken] == [True, True]


def _accepted(carrier: Running) -> bool:
    return carrier.get("/stats")["messages"] == {"sms": 1}


def test_a_limit_says_when_to_come_back_and_accepts_nothing(carrier: Running):
    carrier.order(kind="rate_limited", times=1, retry_after_s=7)
    answer = carrier.post("k1")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    assert not _accepted(carrier)
    assert carrier.post("k1").status_code == 201


@pytest.mark.parametrize(
    ("kind", "status", "accepted"), [("error", 500, False), ("error_after_accept", 500, True), ("refused", 422, False)]
)
def test_an_error_tells_nothing_about_acceptance(carrier: Running, kind: str, status: int, accepted: bool):
    carrier.order(kind=kind, times=1)
    assert carrier.post("k1").status_code == status
    assert _accepted(carrier) is accepted


def test_no_answer_may_hide_an_accepted_message(carrier: Running):
    carrier.order(kind="timeout_after_accept", times=1, delay_s=0.1)
    with pytest.raises(requests.ConnectionError):
        carrier.post("k1")
    assert _accepted(carrier)


def test_a_cut_line_accepts_nothing(carrier: Running):
    carrier.order(kind="cut", times=1)
    with pytest.raises(requests.ConnectionError):
        carrier.post("k1")
    assert not _accepted(carrier)


def test_an_answer_may_be_no_json_or_slow(carrier: Running):
    carrier.order(kind="wrong_json", times=1)
    with pytest.raises(requests.JSONDecodeError):
        carrier.post("k1").json()
    carrier.order(kind="slow_body", times=1, delay_s=0.3)
    begun = time.monotonic()
    assert carrier.post("k2").json()["key"] == "k2"
    assert time.monotonic() - begun >= 0.3


def test_number_endings_order_faults_only_when_switched_on(carrier: Running):
    assert carrier.post("k1", to="+12025559500").status_code == 201
    carrier.order(suffixes=True)
    assert carrier.post("k2", to="+12025559500").status_code == 500


@pytest.mark.parametrize("order", [{"kind": "no such"}, {"kind": "error", "share": 2}, {"what": 1}])
def test_an_unknown_fault_is_refused_with_the_list(carrier: Running, order: dict[str, Any]):
    answer = requests.post(f"{carrier.url}/faults", json=order, timeout=5)
    assert answer.status_code == 400
    assert answer.json()["kinds"] == list(KINDS)


def test_a_reply_of_a_borrower_is_posted_signed(carrier: Running):
    requests.post(f"{carrier.url}/replies", json={"from": "+12025550100", "text": "STOP"}, timeout=5)
    event = carrier.callback.events(1)[0]
    assert (event["type"], event["from"], event["text"]) == ("reply", "+12025550100", "STOP")


def test_the_page_shows_what_arrived_as_text(carrier: Running):
    carrier.post("k1", text="<script>alert(1)</script>")
    page = requests.get(carrier.url, timeout=5).text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>" not in page


def test_three_hundred_messages_a_second_are_taken(carrier: Running):
    carrier.receipts.url = ""
    number = 600

    def send(part: int) -> None:
        with requests.Session() as session:
            for each in range(number // 4):
                headers = {"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": f"{part}-{each}"}
                body = {"to": "+12025550100", "text": "hello"}
                assert (
                    session.post(f"{carrier.url}/sms/messages", json=body, headers=headers, timeout=5).status_code
                    == 201
                )

    begun = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(send, range(4)))
    # The limit leaves room for a busy machine that also runs the clients; alone the carrier takes well over 300.
    assert number / (time.monotonic() - begun) > 150
    assert carrier.get("/stats")["keys"] == number


@pytest.fixture
def mail(carrier: Running) -> Iterator[Callable[[str], None]]:
    from collections_app.embedded.valkey import free_port

    port = free_port()
    server = smtp.start(carrier.store, carrier.faults, host="127.0.0.1", port=port)

    def send(key: str) -> None:
        message = EmailMessage()
        message["Subject"], message["From"], message["To"] = "Payment 还款提醒", "a@example.com", "b@example.com"
        message["Message-ID"] = f"<{key}>"
        message.set_content("You owe 10.00 元")
        with smtplib.SMTP("127.0.0.1", port, timeout=5) as client:
            client.send_message(message)

    yield send
    server.stop()


def test_a_mail_arrives_with_its_words_and_key(carrier: Running, mail: Callable[[str], None]):
    mail("k1@product")
    found = carrier.get("/messages.json?channel=email")["messages"][0]
    assert (found["subject"], found["text"].strip()) == ("Payment 还款提醒", "You owe 10.00 元")
    assert (found["key"], found["to"]) == ("k1@product", "b@example.com")
    assert carrier.get("/email/messages?key=k1@product")["messages"][0]["id"] == found["id"]


def test_the_same_mail_twice_is_two_mails_and_shows(carrier: Running, mail: Callable[[str], None]):
    mail("k1@product")
    mail("k1@product")
    assert carrier.get("/stats")["most_per_key"] == 2


@pytest.mark.parametrize(
    ("kind", "code", "kept"), [("error", 451, 0), ("refused", 550, 0), ("error_after_accept", 451, 1)]
)
def test_a_mail_server_refuses_for_now_for_good_or_after_taking(
    carrier: Running, mail: Callable[[str], None], kind: str, code: int, kept: int
):
    carrier.order(kind=kind, times=1, channel="email")
    with pytest.raises(smtplib.SMTPDataError) as refusal:
        mail("k1@product")
    assert refusal.value.smtp_code == code
    assert len(carrier.get("/messages.json?channel=email")["messages"]) == kept


def test_it_runs_as_a_process_and_remembers_after_a_kill(tmp_path: Any):
    def start() -> tuple[subprocess.Popen[str], str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "collections_app.carrier", "--http-port", "0", "--smtp-port", "0", "--folder",
            tmp_path],
            cwd=settings.BASE_DIR, env={**os.environ, "CARRIER_TOKEN": TOKEN}, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        return process, json.loads(process.stdout.readline())["http"]

    headers = {"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": "k1"}
    body = {"to": "+12025550100", "text": "hello"}
    first, url = start()
    sent = requests.post(f"{url}/sms/messages", json=body, headers=headers, timeout=5).json()
    first.kill()
    first.communicate()
    second, url = start()
    again = requests.post(f"{url}/sms/messages", json=body, headers=headers, timeout=5)
    assert (again.status_code, again.json()["id"]) == (200, sent["id"])
    second.terminate()
    assert second.wait(5) == 0
    second.communicate()
