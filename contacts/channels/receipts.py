"""What carriers tell us: delivery receipts and replies. Signed, taken once each, in whatever order they come.

A receipt is kept first and applied then: one that comes before the answer to our own request waits for it.
"""

import hashlib
import hmac
import json
import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q

from cases import addresses
from cases.models import ContactPoint
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from compliance import audit
from contacts import inbound
from contacts.models import ContactAttempt, DeliveryReceipt

log = logging.getLogger(__name__)
CARRIER: Final = Actor.system("carrier")
HEADER: Final = "X-Carrier-Signature"
TOLERANCE: Final = timedelta(minutes=5)
MOST_BYTES: Final = 64 * 1024
PROVIDERS: Final = {"sms": "sms-http", "email": "smtp"}  # the channel that a receipt names -> its adapter
DELIVERED: Final = frozenset({"delivered"})
FAILED: Final = frozenset({"failed", "undelivered", "expired", "rejected"})
NOBODY_THERE: Final = frozenset({"absent_subscriber", "unknown_subscriber", "invalid_number"})
_SIGNATURE: Final = re.compile(r"t=(\d{1,12}),v1=([0-9a-f]{64})")


class BadSignature(Exception):
    """Not signed by the carrier, or too long ago."""


class BadReceipt(Exception):
    """Signed, but not something that can be understood."""


def take(body: bytes, headers: Mapping[str, str], at: datetime, *, real_at: datetime | None = None) -> str:
    """Take one event of the carrier and return what it was: "receipt", "reply", "repeated" or "ignored".

    real_at: the instant by the carrier's clock, where ours is shifted for a demonstration; the signature's age is
    measured against it. Raises BadSignature or BadReceipt; the carrier then sends it again or gives up.
    """
    verify(body, headers, real_at or at - clock.offset())
    try:
        event = json.loads(body)
        kind = event.get("type")
        if not isinstance(kind, str):
            raise BadReceipt("no type")
    except (ValueError, AttributeError) as error:
        raise BadReceipt("no JSON object") from error
    if kind == "receipt":
        return _take_receipt(event, at=at)
    if kind == "reply":
        return _take_reply(event, at=at)
    return "ignored"


def verify(body: bytes, headers: Mapping[str, str], real_at: datetime) -> None:
    """Check who sent it and when: "t=<unix>,v1=<hex HMAC-SHA256 of t.body>". Raises BadSignature."""
    given = {name.lower(): value for name, value in headers.items()}.get(HEADER.lower(), "")
    found = _SIGNATURE.fullmatch(given)
    if not settings.WEBHOOK_SECRET or found is None or len(body) > MOST_BYTES:
        raise BadSignature("not signed")
    stamp = found.group(1)
    expected = hmac.new(settings.WEBHOOK_SECRET.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, found.group(2)):
        raise BadSignature("signed with another secret")
    if abs(real_at.timestamp() - int(stamp)) > TOLERANCE.total_seconds():
        raise BadSignature("too old")


def _take_receipt(event: dict[str, Any], *, at: datetime) -> str:
    provider = PROVIDERS.get(str(event.get("channel", "sms")), "")
    event_id, ref, status = (_text(event, name) for name in ("event_id", "id", "status"))
    if not (provider and event_id and status):
        raise BadReceipt("event_id, channel and status are wanted")
    try:
        with transaction.atomic():
            receipt = DeliveryReceipt.objects.create(
                provider=provider,
                event_id=event_id,
                message_ref=ref,
                key=_key(event.get("key")),
                status=(f"{status}:{code}" if (code := _text(event, "code")) in NOBODY_THERE else status)[:20],
                occurred_at=_instant(event.get("at")),
                received_at=at,
            )
    except IntegrityError:
        return "repeated"
    apply(receipt, at=at)
    return "receipt"


def _take_reply(event: dict[str, Any], *, at: datetime) -> str:
    """Take what a person wrote to us. The event is kept last: a crash before that lets the carrier bring it again."""
    event_id, sender = _text(event, "event_id"), _text(event, "from")
    if not event_id or not sender or not isinstance(event.get("text"), str):
        raise BadReceipt("event_id, from and text are wanted")
    provider = PROVIDERS.get(str(event.get("channel", "sms")), PROVIDERS["sms"])
    if DeliveryReceipt.objects.filter(provider=provider, event_id=event_id).exists():
        return "repeated"
    inbound.take_reply(sender=sender, text=str(event["text"])[:2000].replace("\0", ""), event_id=event_id, at=at)
    DeliveryReceipt.objects.bulk_create(
        [DeliveryReceipt(provider=provider, event_id=event_id, status="reply", received_at=at, applied=True)],
        ignore_conflicts=True,
    )
    return "reply"


def apply(receipt: DeliveryReceipt, *, at: datetime) -> bool:
    """Let a receipt move its attempt, if that is known, free and past the hand-over, else let it wait; return which.

    A bad number is marked afterwards, in a transaction of its own: the locks of persons come before those of attempts.
    """
    with transaction.atomic():
        attempt = _attempt_of(receipt)
        applied = attempt is not None and _apply(receipt, attempt, at=at)
    if applied and attempt is not None:
        _mark_if_bad(receipt, attempt, at=at)
    return applied


def apply_waiting(attempt: ContactAttempt, *, key: UUID, at: datetime) -> None:
    """Apply the receipts that came before the answer to our request. Call with the attempt locked."""
    named = Q(provider=attempt.provider, message_ref=attempt.provider_ref) & ~Q(message_ref="")
    waiting = DeliveryReceipt.objects.filter(named | Q(key=key), applied=False)
    for receipt in waiting.order_by("occurred_at", "pk"):
        if _apply(receipt, attempt, at=at):
            _mark_if_bad(receipt, attempt, at=at)


def apply_late(*, at: datetime, limit: int = 500) -> int:
    """Apply receipts that are still waiting; those that nobody knows after a week are given up."""
    waiting = DeliveryReceipt.objects.filter(applied=False, received_at__gte=at - timedelta(days=7))
    return sum(apply(receipt, at=at) for receipt in list(waiting.order_by("pk")[:limit]))


def _attempt_of(receipt: DeliveryReceipt) -> ContactAttempt | None:
    """Return the locked attempt of a receipt; None where it is not known, or somebody is at it this moment."""
    named = Q(provider=receipt.provider, provider_ref=receipt.message_ref) if receipt.message_ref else Q(pk__in=[])
    if receipt.key is not None:
        named |= Q(planned__key=receipt.key) | Q(key=receipt.key)
    pk = (
        ContactAttempt.objects.filter(named, origin="ours")
        .exclude(status__in=["withheld", "cancelled", "failed"])
        .order_by("-pk")
        .values_list("pk", flat=True)
        .first()
    )
    rows = ContactAttempt.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
    return rows.filter(pk=pk).first() if pk is not None else None


def _apply(receipt: DeliveryReceipt, attempt: ContactAttempt, *, at: datetime) -> bool:
    status, _, code = receipt.status.partition(":")
    unheard = (ContactAttempt.Status.SENT, ContactAttempt.Status.UNCERTAIN)
    if attempt.status == ContactAttempt.Status.CLEARED:
        return False  # the hand-over is not written yet; the receipt waits for it
    name = ""
    if status in DELIVERED and attempt.status in unheard:
        attempt.started_at = attempt.started_at or attempt.at
        attempt.deliver()
        name = "attempt.delivered"
    elif status in FAILED and attempt.status in unheard:
        attempt.fail(reason_code="undelivered", permanent=bool(code))
        name = "attempt.failed"
    elif attempt.status == ContactAttempt.Status.UNCERTAIN:  # any other word of the carrier proves that it left
        attempt.send(began_at=attempt.at, at=max(at, attempt.at), provider=receipt.provider,
                     provider_ref=receipt.message_ref)  # fmt: skip
        name = "attempt.sent"
    if name:
        attempt.provider = attempt.provider or receipt.provider
        attempt.provider_ref = attempt.provider_ref or receipt.message_ref
        attempt.save(update_fields=["status", "started_at", "ended_at", "outcome", "reason_code", "provider",
                                    "provider_ref", "is_permanent_failure"])  # fmt: skip
        audit.record(name, subject=attempt, actor=CARRIER, at=at, person_id=attempt.person_id)
    receipt.attempt, receipt.applied = attempt, True
    receipt.save(update_fields=["attempt", "applied"])
    return True


def _mark_if_bad(receipt: DeliveryReceipt, attempt: ContactAttempt, *, at: datetime) -> None:
    """Mark the number that a carrier says nobody has."""
    said_so = receipt.status.partition(":")[2] and attempt.status == ContactAttempt.Status.FAILED
    if said_so and attempt.contact_point_id is not None:
        addresses.mark(contact_point_id=attempt.contact_point_id, state=ContactPoint.State.BAD, actor=CARRIER, at=at)


def _text(event: dict[str, Any], name: str) -> str:
    value = event.get(name)
    return value[:120].replace("\0", "") if isinstance(value, str) else ""


def _key(value: Any) -> UUID | None:
    try:
        return UUID(str(value).partition("@")[0]) if value else None
    except ValueError:
        return None


def _instant(value: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(value)) if value else None
    except ValueError:
        return None
    return at if at is None or at.tzinfo else at.replace(tzinfo=UTC)
