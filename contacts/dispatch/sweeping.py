"""Finding out (the sweep): what became of rows whose worker never came back, of messages whose answer never came."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from cases import locks
from collections_app.shared import sealed
from collections_app.shared.actor import Actor
from compliance import audit
from contacts.channels import catalogue, receipts
from contacts.channels.senders.base import NotConfigured, Receipt, Temporary
from contacts.dispatch import carriers
from contacts.dispatch.claims import Claim, back_off, claim_lapsed, mine
from contacts.dispatch.clearing import DISPATCH, keep_place, set_aside
from contacts.dispatch.handover import doubt, finish, record_sent
from contacts.dispatch.wanted import NEWER, Obstacle
from contacts.models import ContactAttempt, PlannedContact

log = logging.getLogger(__name__)
ASKED_FOR: Final = timedelta(minutes=30)  # after the permit; a provider that cannot say by then leaves it to a person
UNSETTLED: Final = ("cleared", "uncertain")


class NothingToSettle(Exception):
    """The attempt is not (or no longer) uncertain."""


def sweep(*, now: Callable[[], datetime], limit: int = 200) -> dict[str, int]:
    """Settle lapsed claims and take in receipts that came too early. Safe to run anywhere, at any time, in parallel."""
    tally = {"put_back": 0, "sent": 0, "uncertain": 0, "asked_again": 0, "closed": 0, "errors": 0}
    for claim in claim_lapsed(limit=limit):
        try:
            tally[_settle_lapsed(claim, now=now)] += 1
        except Exception:
            log.exception("sweep failed for a row", extra={"planned": claim.planned_id})
            tally["errors"] += 1
    tally["receipts"] = receipts.apply_late(at=now())
    if newer := _set_newer_aside(at=now(), limit=limit):
        tally["newer"] = newer
    return tally


def _set_newer_aside(*, at: datetime, limit: int) -> int:
    """Say why rows wait that a newer release planned in a channel unknown here; they keep their place for it."""
    unknown = PlannedContact.objects.filter(
        status__in=[PlannedContact.Status.PLANNED, PlannedContact.Status.WITHHELD], automated=True, try_again_at__lte=at
    ).exclude(channel__in=list(catalogue.CHANNELS))
    with transaction.atomic():
        rows = unknown.exclude(reason_code=NEWER).order_by("pk")
        found = list(rows.select_for_update(skip_locked=True, no_key=True)[:limit])
        for planned in found:
            keep_place(planned, NEWER, at=at)
    return len(found)


def _settle_lapsed(claim: Claim, *, now: Callable[[], datetime]) -> str:
    unsettled = ContactAttempt.objects.filter(planned_id=claim.planned_id, status="cleared").first()
    if unsettled is None:
        return _without_attempt(claim, now=now)
    said = ask(unsettled)
    with transaction.atomic(durable=True):
        locks.lock(person_ids=[unsettled.person_id, unsettled.contacted_id], address_ids=_addresses(unsettled))
        planned = mine(claim)
        attempts = ContactAttempt.objects.select_for_update(of=("self",), no_key=True)
        attempt = attempts.filter(pk=unsettled.pk, status="cleared").first()
        if planned is None or attempt is None:
            return "closed"
        at = now()
        if isinstance(said, Receipt):
            record_sent(attempt, planned, said, began_at=attempt.at, at=at)
            return "sent"
        if said == "nothing":
            attempt.cancel(reason_code="never-began")
            attempt.save(update_fields=["status", "reason_code"])
            audit.record("attempt.cancelled", subject=attempt, actor=DISPATCH, at=at, person_id=attempt.person_id)
            set_aside(planned, Obstacle("interrupted", at + _pause(planned)), at=at)
            return "put_back"
        over = attempt.valid_until is None or at >= attempt.valid_until + ASKED_FOR
        if said == "cannot-say" and not over:
            return "asked_again"  # the lease was renewed by taking the row over
        doubt(attempt, planned, at=at)
        return "uncertain"


def _without_attempt(claim: Claim, *, now: Callable[[], datetime]) -> str:
    """The worker died before it had decided: nothing can have left, and the row is tried again."""
    with transaction.atomic(durable=True):
        planned = mine(claim)
        if planned is None:
            return "closed"
        at = now()
        if ContactAttempt.objects.filter(planned=planned, status__in=["sent", "delivered", "uncertain"]).exists():
            finish(planned, at=at)
            return "closed"
        set_aside(planned, Obstacle("interrupted", at + _pause(planned)), at=at)
        return "put_back"


def _pause(planned: PlannedContact) -> timedelta:
    """Return nothing at first, so that one crash costs no time; more for a row at which workers keep dying."""
    return timedelta(0) if planned.tries <= 3 else back_off(planned.tries - 2)


def ask(attempt: ContactAttempt) -> Receipt | str:
    """Return what the carrier has under the key: a receipt, "nothing", "cannot-say" for now, or "cannot-be-asked"."""
    if attempt.channel not in catalogue.CHANNELS:
        return "cannot-say"  # a newer release can
    if not carriers.can_look_up(attempt.channel):
        return "cannot-be-asked"
    key = attempt.planned.key if attempt.planned is not None else attempt.key
    to = sealed.unseal(attempt.address.value_sealed) if attempt.address is not None else ""
    try:
        return carriers.sender_of(attempt.channel).look_up(key, to=to, since=attempt.at) or "nothing"
    except Temporary:
        return "cannot-say"
    except NotConfigured:
        return "cannot-be-asked"


def settle_uncertain(*, attempt_id: int, sent: bool, actor: Actor, at: datetime, note: str = "") -> ContactAttempt:
    """Record what a person found out about a message whose fate was unknown. It is never sent again by this.

    Raises NothingToSettle when it is not uncertain (a receipt may have settled it meanwhile).
    """
    known = ContactAttempt.objects.get(pk=attempt_id)
    with transaction.atomic():
        locks.lock(person_ids=[known.person_id, known.contacted_id], address_ids=_addresses(known))
        attempts = ContactAttempt.objects.select_for_update(of=("self",), no_key=True)
        attempt = attempts.filter(pk=attempt_id, status="uncertain").first()
        if attempt is None:
            raise NothingToSettle(str(attempt_id))
        if sent:
            attempt.send(began_at=attempt.at, at=max(at, attempt.at), provider=attempt.provider,
                         provider_ref=attempt.provider_ref)  # fmt: skip
        else:
            attempt.cancel(reason_code="not-sent-after-all")
        attempt.save(update_fields=["status", "started_at", "ended_at", "outcome", "reason_code"])
        audit.record("attempt.settled", subject=attempt, actor=actor, at=at, person_id=attempt.person_id, sent=sent,
                     note=note[:200])  # fmt: skip
    return attempt


def _addresses(attempt: ContactAttempt) -> list[int]:
    return [attempt.address_id] if attempt.address_id else []
