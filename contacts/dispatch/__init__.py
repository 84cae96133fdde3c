"""Messages leave here and nowhere else: claim (T1), decide (T2), hand over (T3), and the sweep for what got lost.

PostgreSQL is the outbox and the truth; whatever calls `run` or `sweep` is a doorbell that may ring twice or never.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from compliance.gate import GateUnavailable
from contacts import stops
from contacts.channels import catalogue
from contacts.dispatch import carriers, pacing
from contacts.dispatch.carriers import is_connected
from contacts.dispatch.claims import Claim, claim_due, mine
from contacts.dispatch.clearing import clear, put_back, set_aside
from contacts.dispatch.handover import hand_over
from contacts.dispatch.sweeping import NothingToSettle, settle_uncertain, sweep
from contacts.dispatch.wanted import Obstacle
from contacts.dispatch.written import run_written, sweep_written
from contacts.faults import fault

log = logging.getLogger(__name__)
AT_ONCE = 8  # rows claimed together: few enough that the last one is handed over well within the lease

__all__ = [
    "NothingToSettle",
    "claim_due",
    "clear",
    "hand_over",
    "is_connected",
    "run",
    "run_written",
    "settle_uncertain",
    "sweep",
    "sweep_written",
]


def run(*, channel: str, limit: int = 50, budget_s: float = 60, now: Callable[[], datetime]) -> dict[str, int]:
    """Send what is due in a channel, at most `limit` rows or for `budget_s` seconds; return how many became what.

    now: reads the clock; asked again for every row, because a decision is for the instant of its hand-over.
    """
    catalogue.info(channel)
    tally: Counter[str] = Counter()
    until = time.monotonic() + budget_s
    left = limit
    while left > 0 and time.monotonic() < until:
        if stops.stops_channel(channel):
            tally["stopped"] += 1
            break
        provider = carriers.provider_of(channel)
        room = pacing.room(provider, channel=channel, most=min(AT_ONCE, left), at=now())
        if room.held:
            tally.setdefault("held", 1)
            break
        if not room.rows:
            time.sleep(min(room.wait_s, 0.5))
            continue
        claims = claim_due(channel=channel, limit=room.rows, at=now())
        if not claims:
            break
        fault("after_claim")
        left -= len(claims)
        for claim in claims:
            if time.monotonic() >= until or not claim.has_time():
                _release(claim, now=now)
                tally["released"] += 1
            elif not room.tries and pacing.is_held(provider):
                put_back(claim, now=now)
                tally["held"] += 1
            else:
                tally[_one(claim, channel=channel, now=now)] += 1
    return dict(tally)


def _one(claim: Claim, *, channel: str, now: Callable[[], datetime]) -> str:
    """Decide about one row and hand it over; whatever goes wrong, nothing is sent that was not decided."""
    try:
        cleared = clear(claim, now=now)
        if cleared is None:
            return "not_sent"
        pacing.take_slot(carriers.provider_to(channel, cleared.address_id), channel=channel)
        return hand_over(cleared, now=now)
    except GateUnavailable:
        log.exception("no decision", extra={"planned": claim.planned_id})
        return "errors"  # the lease ends, and the sweep tries again
    except Exception:
        log.exception("dispatch failed for a row", extra={"planned": claim.planned_id})
        return "errors"


def _release(claim: Claim, *, now: Callable[[], datetime]) -> None:
    with transaction.atomic():
        planned = mine(claim)
        if planned is not None:
            set_aside(planned, Obstacle("interrupted", now()), at=now())
