"""What carriers tell us: delivery receipts and replies. Signed, taken once each, in whatever order they come.

A receipt is kept first and applied then: one that comes before the answer to our own request waits for it.
"""

import hashlib
import hmac
import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q

from cases import addresses
from cases.models import ContactPoint
from cases.models.instruction import Source
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from compliance import audit
from contacts import inbound, way_out
from contacts.models import ContactAttempt, DeliveryReceipt

log = logging.getLogger(__name__)
CARRIER: Final = Actor.system("carrier")
HEADER: Final = "X-Carrier-Signature"
TOLERANCE: Final = timedelta(minutes=5)
MOST_BYTES: Final = 64 * 1024
PROVIDERS: Final = {"sms": "sms-http", "email": "smtp"}  # the channel that a receipt names -> its adapter
DELIVERED: Final = frozenset({"delivered"})
FAILED: Final = frozenset({"failed", "undelivered", "expired", "rejected"})
NOBODY_THERE: Final = frozenset({"absent_subscriber", "unknown_subscriber", "invalid_number", "no_such_mailbox"})
COMPLAINT: Final = "complaint"
# How a recorded notice ended that nobody heard, in the words of attempts: limits count it as the call that it was.
CALLED: Final = {
    "busy": "line-busy", "no_answer": "nobody-answered", "not_in_service": "number-not-in-service",
}  # fmt: skip
_SIGNATURE: Final = re.compile(r"t=(\d{1,12}),v1=([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Report:
    """What a provider says of a message, in our words.

    status: delivered, failed, complaint (the person complained or asked the provider for silence), or any other word,
    which only proves that it left. nobody: nobody is reached at that number or address. key: ours, where it came along.
    """

    provider: str
    event_id: str
    ref: str
    status: str
    key: Any = None
    code: str = ""
    nobody: bool = False
    occurred_at: datetime | None = None
    segments: Any = None


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


def verify(body: bytes, headers: Mapping[str, str], real_at: datetime, *, most: int = MOST_BYTES) -> None:
    """Check who sent it and when: "t=<unix>,v1=<hex HMAC-SHA256 of t.body>". Raises BadSignature."""
    given = {name.lower(): value for name, value in headers.items()}.get(HEADER.lower(), "")
    found = _SIGNATURE.fullmatch(given)
    if not settings.WEBHOOK_SECRET or found is None or len(body) > most:
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
    code = _text(event, "code")
    return keep(
        Report(
            provider=provider,
            event_id=event_id,
            ref=ref,
            key=event.get("key"),
            status=status,
            code=code,
            nobody=code in NOBODY_THERE,
            occurred_at=_instant(event.get("at")),
            segments=event.get("segments"),
        ),
        at=at,
    )


def keep(report: Report, *, at: datetime) -> str:
    """Keep a report and apply it; return "receipt", or "repeated" for one that was kept before."""
    status = report.status.replace("\0", "")
    try:
        with transaction.atomic():
            receipt = DeliveryReceipt.objects.create(
                provider=report.provider,
                event_id=named(report.event_id),
                message_ref=report.ref[:120].replace("\0", ""),
                key=_key(report.key),
                status=f"{status[:13]}:nobody" if report.nobody else status[:20],
                code=report.code[:60].replace("\0", ""),
                segments=_number(report.segments),
                occurred_at=report.occurred_at,
                received_at=at,
            )
    except IntegrityError:
        return "repeated"
    apply(receipt, at=at)
    return "receipt"


def _take_reply(event: dict[str, Any], *, at: datetime) -> str:
    event_id, sender = _text(event, "event_id"), _text(event, "from")
    if not event_id or not sender or not isinstance(event.get("text"), str):
        raise BadReceipt("event_id, from and text are wanted")
    provider = PROVIDERS.get(str(event.get("channel", "sms")), PROVIDERS["sms"])
    return take_reply(provider=provider, event_id=event_id, sender=sender, text=event["text"], channel="sms", at=at)


def take_reply(*, provider: str, event_id: str, sender: str, text: str, channel: str, at: datetime) -> str:
    """Take what a person wrote to us; return "reply", or "repeated".

    The event is kept last: a crash before that lets the carrier bring it again. Raises BadReceipt without a sender.
    """
    if not sender.strip("+"):
        raise BadReceipt("nobody wrote it")
    event_id = named(event_id)
    if DeliveryReceipt.objects.filter(provider=provider, event_id=event_id).exists():
        return "repeated"
    words = text[:2000].replace("\0", "")
    inbound.take_reply(sender=sender[:120], text=words, event_id=event_id, channel=channel, source=provider, at=at)
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
        _act(receipt, attempt, at=at)
    return applied


def apply_waiting(attempt: ContactAttempt, *, key: UUID, at: datetime) -> None:
    """Apply the receipts that came before the answer to our request. Call with the attempt locked."""
    named = Q(provider=attempt.provider, message_ref=attempt.provider_ref) & ~Q(message_ref="")
    waiting = DeliveryReceipt.objects.filter(named | Q(key=key), applied=False)
    for receipt in waiting.order_by("occurred_at", "pk"):
        if _apply(receipt, attempt, at=at):
            _act(receipt, attempt, at=at, locked=True)


def apply_late(*, at: datetime, limit: int = 500) -> int:
    """Apply receipts that are still waiting; those that nobody knows after a week are given up."""
    waiting = DeliveryReceipt.objects.filter(applied=False, received_at__gte=at - timedelta(days=7))
    return sum(apply(receipt, at=at) for receipt in list(waiting.order_by("pk")[:limit]))


def _attempt_of(receipt: DeliveryReceipt) -> ContactAttempt | None:
    """Return the locked attempt of a receipt; None where it is not known, or somebody is at it this moment."""
    by_name = Q(provider=receipt.provider, provider_ref=receipt.message_ref) if receipt.message_ref else Q(pk__in=[])
    # One that failed is meant only where the carrier names its message: by our key it may mean the next try.
    named = by_name
    if receipt.key is not None:
        named |= (Q(planned__key=receipt.key) | Q(key=receipt.key)) & ~Q(status="failed")
    pk = (
        ContactAttempt.objects.filter(named, origin="ours")
        .exclude(status__in=["withheld", "cancelled"])
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
        if attempt.channel == "voice_notice" and receipt.code in CALLED:
            attempt.outcome, attempt.reason_code = receipt.code, CALLED[receipt.code]
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


def _act(receipt: DeliveryReceipt, attempt: ContactAttempt, *, at: datetime, locked: bool = False) -> None:
    """Act on what a report says of the person: a number that nobody has is marked, a complaint is a wish for silence.

    locked: a hand-over holds the locks of this person only, so that nobody else's may be taken now; what is asked for
    an address binds for everybody who has it anyway.
    """
    status, _, nobody = receipt.status.partition(":")
    if status == COMPLAINT and attempt.address_id is not None:
        said = f"{receipt.provider}: {receipt.code or COMPLAINT}"
        only = {attempt.person_id, attempt.contacted_id} if locked else None
        way_out.stop(attempt, source=Source.OTHER, evidence=said, actor=CARRIER, at=at, only=only)
    # A mailbox may be refused after the server in front of it has taken the mail.
    bounced = attempt.channel == "email" and attempt.status == ContactAttempt.Status.DELIVERED
    said_so = nobody and (bounced or attempt.status == ContactAttempt.Status.FAILED)
    if said_so and attempt.contact_point_id is not None:
        addresses.mark(contact_point_id=attempt.contact_point_id, state=ContactPoint.State.BAD, actor=CARRIER, at=at)


def _text(event: dict[str, Any], name: str) -> str:
    value = event.get(name)
    return value[:120].replace("\0", "") if isinstance(value, str) else ""


def named(event_id: str) -> str:
    """Return a provider's name of an event, as long as it may be; a longer one by its hash."""
    plain = event_id.replace("\0", "")
    return plain if len(plain) <= 120 else hashlib.sha256(plain.encode()).hexdigest()


def _number(value: Any) -> int | None:
    """Return a small count, or None."""
    text = str(value or "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else None


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
