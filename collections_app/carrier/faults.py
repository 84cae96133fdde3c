"""Faults on demand: what real providers do on a bad day.

A fault is ordered by POST /faults, or, with `suffixes` switched on, by the last four digits of the number written to.
"""

import random
import threading
from dataclasses import asdict, dataclass
from typing import Any

# fault -> (suffix of the number that orders it, what happens)
KINDS: dict[str, tuple[str, str]] = {
    "delay": ("9001", "the answer takes delay_s seconds; the message is accepted"),
    "rate_limited": ("9429", "429 with Retry-After; not accepted"),
    "error": ("9500", "500; not accepted"),
    "error_after_accept": ("9501", "500, although the message was accepted"),
    "timeout_after_accept": ("9504", "accepted, silent for delay_s seconds, then the line is cut"),
    "cut": ("9502", "the line is cut before anything is read as accepted"),
    "slow_body": ("9503", "the answer trickles in over delay_s seconds"),
    "wrong_json": ("9505", "accepted, but the answer is no JSON"),
    "refused": ("9422", "422: the number is refused for good"),
    "redirect": ("9307", "307 to another address; not accepted"),
    "credentials": ("9401", "401, as for a wrong password; not accepted"),
    "no_funds": ("9402", "the account is refused, for its balance or a setting; not accepted"),
    "opted_out": ("9610", "refused: this person asked the carrier for silence"),
    "undelivered": ("9601", "accepted, then a receipt says that delivery failed"),
    "duplicate_receipts": ("9602", "every receipt comes twice"),
    "receipts_out_of_order": ("9603", "the receipt 'delivered' comes before 'sent'"),
    "receipt_before_answer": ("9604", "the receipts come before the answer to the request"),
    "no_receipt": ("9605", "accepted, and never heard of again"),
    "no_idempotency": ("", "keys are ignored: the same key sends again, and cannot be asked about"),
}


@dataclass
class Fault:
    """One ordered fault.

    times: how often it happens (None: until removed). share: part of the requests that it hits. delay_s: seconds for
    the kinds that take time. channel: sms, email, or both when empty. to: the ending of the numbers that it hits.
    """

    kind: str
    times: int | None = None
    share: float = 1.0
    delay_s: float = 2.0
    retry_after_s: int = 2
    channel: str = ""
    to: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown fault {self.kind!r}; known: {', '.join(KINDS)}")
        if not 0 < self.share <= 1:
            raise ValueError("share is a part of 1")


class Faults:
    """The faults in force, safe for several threads."""

    def __init__(self, *, suffixes: bool = False, seed: int = 1) -> None:
        """Switch the number endings on or off; `seed` makes `share` repeatable."""
        self._lock = threading.Lock()
        self._ordered: list[Fault] = []
        self._random = random.Random(seed)  # noqa: S311  (which requests fail, not a secret)
        self.suffixes = suffixes

    def order(self, fault: Fault) -> None:
        """Put a fault in force."""
        with self._lock:
            self._ordered.append(fault)

    def clear(self) -> None:
        """Take all faults away."""
        with self._lock:
            self._ordered.clear()

    def listed(self) -> list[dict[str, Any]]:
        """Return the faults in force."""
        with self._lock:
            return [asdict(each) for each in self._ordered]

    def draw(self, channel: str, to: str) -> dict[str, Fault]:
        """Return the faults that hit this message, by kind, and use up one time of each."""
        hit: dict[str, Fault] = {}
        with self._lock:
            for fault in list(self._ordered):
                if fault.channel not in ("", channel) or not to.endswith(fault.to):
                    continue
                if fault.share < 1 and self._random.random() >= fault.share:
                    continue
                hit[fault.kind] = fault
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self._ordered.remove(fault)
        if self.suffixes:
            digits = "".join(letter for letter in to.partition("@")[0] if letter.isdigit())
            for kind, (suffix, _) in KINDS.items():
                if suffix and digits.endswith(suffix):
                    hit.setdefault(kind, Fault(kind))
        return hit
