"""Delivery receipts and replies, posted back to the product and signed so that it can tell who sent them.

Header: `X-Carrier-Signature: t=<unix seconds>,v1=<hex>`, HMAC-SHA256 over "<t>.<body>" with the shared secret.
"""

import hashlib
import heapq
import hmac
import itertools
import json
import threading
import time
import urllib.error
import urllib.request
import uuid
from typing import Any

from . import aliyun, postmark, tencent, twilio
from .faults import Fault
from .store import Message, Store

TRIES = 6  # a receipt that is not taken is posted again after 1, 2, 4, 8, 16 seconds
WORKERS = 4


def signature(secret: str, body: bytes, at: int) -> str:
    """Return the header that proves the body was sent by the holder of the secret at this second."""
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


class Receipts:
    """Posts what happened to messages, later and again where it is not taken."""

    def __init__(self, store: Store, *, url: str, secret: str, delay_s: float = 0.5, token: str = "") -> None:
        """Post to `url` (nothing is posted when it is empty), each step `delay_s` seconds after the one before.

        secret: signs our own receipts. token: signs those of the Twilio interface. `others` are the addresses, by
        interface, for messages that name none themselves; `mail_secret` is the user:password of mail events.
        """
        self.store, self.url, self.secret, self.delay_s, self.token = store, url, secret, delay_s, token
        self.others: dict[str, str] = {}
        self.mail_secret = ""
        self.tencent = tencent.Door()
        self._due: list[tuple[float, int, dict[str, Any], Message | None, int]] = []
        self._numbers = itertools.count()
        self._condition = threading.Condition()
        self._ended = False
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(WORKERS)]
        for thread in self._threads:
            thread.start()

    def plan(self, message: Message, faults: dict[str, Fault]) -> None:
        """Plan the receipts of an accepted message."""
        if "no_receipt" in faults:
            return
        steps = ["sent", "failed" if "undelivered" in faults else "delivered"]
        if "receipts_out_of_order" in faults:
            steps.reverse()
        copies = 2 if "duplicate_receipts" in faults else 1
        for number, status in enumerate(steps, start=1):
            event = self._event(message, status)
            for _ in range(copies):
                self._add(time.time() + number * self.delay_s, event, message)

    def send_now(self, message: Message) -> None:
        """Post both receipts at once and wait for them: the fault 'receipt before the answer'."""
        for status in ("sent", "delivered"):
            self._post(self._event(message, status), message)

    def reply(self, *, sender: str, to: str, text: str) -> dict[str, Any]:
        """Post a message of a borrower to the product, as STOP words come in; return what was posted."""
        event = {
            "event_id": f"evt_{uuid.uuid4().hex}",
            "type": "reply",
            "from": sender,
            "to": to,
            "text": text,
            "at": _iso(time.time()),
        }
        self._add(time.time(), event, None)
        return event

    def waiting(self) -> int:
        """Return how many posts are still to come."""
        with self._condition:
            return len(self._due)

    def end(self) -> None:
        """Stop the threads; what is still to come is dropped."""
        with self._condition:
            self._ended = True
            self._condition.notify_all()

    def _event(self, message: Message, status: str) -> dict[str, Any]:
        return {
            "event_id": f"evt_{uuid.uuid4().hex}",
            "type": "receipt",
            "channel": message.channel,
            "id": message.id,
            "key": message.key,
            "reference": message.reference,
            "status": status,
            "code": "absent_subscriber" if status == "failed" else "",
            "at": _iso(time.time()),
        }

    def _add(self, at: float, event: dict[str, Any], message: Message | None, tries: int = 0) -> None:
        with self._condition:
            heapq.heappush(self._due, (at, next(self._numbers), event, message, tries))
            self._condition.notify()

    def _work(self) -> None:
        while True:
            with self._condition:
                while not self._ended and (not self._due or self._due[0][0] > time.time()):
                    self._condition.wait(self._due[0][0] - time.time() if self._due else None)
                if self._ended:
                    return
                _, _, event, message, tries = heapq.heappop(self._due)
            if not self._post(event, message) and tries + 1 < TRIES:
                self._add(time.time() + 2**tries, event, message, tries + 1)

    def _post(self, event: dict[str, Any], message: Message | None) -> bool:
        if message is not None and event["status"] not in message.events:
            self.store.note(message, event["status"])
        url, body, headers = self._written(event, message)
        if not url:
            return True
        request = urllib.request.Request(url, data=body, headers=headers, method="POST")  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  (an address given at start)
                answer.read()
        except urllib.error.HTTPError as error:
            self.store.count(f"receipts.refused_{error.code}")
            error.close()
            # 4xx will not get better by itself, except for conflicts and limits.
            return error.code < 500 and error.code not in (404, 409, 425, 429)
        except OSError:
            self.store.count("receipts.unreachable")
            return False
        self.store.count("receipts.taken")
        return True

    def _written(self, event: dict[str, Any], message: Message | None) -> tuple[str, bytes, dict[str, str]]:
        """Return address, body and headers of an event, in the words of the interface by which its message came."""
        via = message.via if message is not None else ""
        if message is not None and via == "twilio":
            return twilio.receipt(message, event["status"], token=self.token)
        if message is not None and via == "aliyun":
            if event["status"] == "sent":  # it reports only how a message ended
                return "", b"", {}
            return self.others.get(via, ""), *aliyun.receipt(message, event["status"])
        if message is not None and via == "postmark":
            what = "hard" if event["status"] == "failed" else "delivered"
            return self.others.get(via, ""), *postmark.happened(message, what, secret=self.mail_secret)
        if message is not None and via in tencent.VIA:
            if event["status"] == "sent" or not self.others.get(via):
                return "", b"", {}
            return tencent.finished(message, event, self.others[via], self.tencent)
        body = json.dumps(event, ensure_ascii=False).encode()
        stamp = signature(self.secret, body, int(time.time()))
        return self.url, body, {"Content-Type": "application/json", "X-Carrier-Signature": stamp}


def _iso(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds * 1000) % 1000:03d}Z"
