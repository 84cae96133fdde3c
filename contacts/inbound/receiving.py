"""Taking a message in: kept first, then read, then acted on for everybody who has the number, then put before a person.

Every step may be taken again: an event that comes twice, or whose process died half way, is finished and never doubled.
"""

import hashlib
import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

from django.db import IntegrityError, transaction

from cases import addresses, lifecycle
from cases.imports import canonical
from cases.imports.refusals import CellRefused
from cases.models import Address, Case, ContactPoint
from cases.models.case import RESOLVED, NextAction
from cases.refusal import CaseRefused
from collections_app.shared import sealed
from compliance import audit
from contacts.inbound import acting, attachments, recognise
from contacts.inbound.acting import INBOUND
from contacts.inbound.attachments import Attached
from contacts.inbound.recognise import Found
from contacts.models import ContactAttempt, InboundAction, InboundBinding, InboundMessage

log = logging.getLogger(__name__)
_EVENTS: Final = UUID("6f0f5a0e-5d0b-5d38-9a4c-0f5b8f6f4a11")  # name space of event ids
MOST_TEXT: Final = 100_000  # characters that are kept
LEFT_ALONE: Final = timedelta(seconds=30)  # before somebody else finishes what a process did not
KINDS: Final = {"sms": Address.Kind.PHONE, "phone": Address.Kind.PHONE, "voice_notice": Address.Kind.PHONE,
                "email": Address.Kind.EMAIL, "chat": Address.Kind.CHAT}  # fmt: skip
CHANNELS: Final = tuple(KINDS)
SILENCE: Final = ("stop", "stop_all", "wrong_number")
Kind = InboundMessage.Kind


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message as a source brings it. source, event_id: together its name; the same one is taken once.

    text: the person's own words; whole: everything, where that is more. case_id: the case that the source says it is
    of.
    """

    source: str
    event_id: str
    channel: str
    sender: str
    text: str
    whole: str = ""
    kind: str = Kind.WORDS
    sent_at: datetime | None = None
    files: tuple[Attached, ...] = ()
    case_id: int | None = None
    failed: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of it. is_new: False where the event had been taken before."""

    message: InboundMessage
    is_new: bool
    attempts: tuple[ContactAttempt, ...] = ()


def take(incoming: Incoming, *, at: datetime) -> Taken:
    """Keep a message, put in force what it asks, and record it for everybody who has the number or address.

    Before this returns, what the words ask for is in force; no hand-over begins after its row was committed.
    """
    message, is_new = _keep(incoming, at=at)
    if message.taken_at is not None:
        return Taken(message, is_new=False)
    return Taken(message, is_new=is_new, attempts=finish(message, incoming=incoming, at=at))


def finish(message: InboundMessage, *, incoming: Incoming | None = None, at: datetime) -> tuple[ContactAttempt, ...]:
    """Do whatever follows from a kept message and was not done yet."""
    received = message.received_at
    found = recognise.recognise(message.text) if message.kind == Kind.WORDS else ()
    bindings = _bind(message, incoming.case_id if incoming else None, at=at)
    if not bindings and message.kind == Kind.WORDS and message.address_id is None:
        _silence_unknown(message, found, at=at)
    actions: list[InboundAction] = []
    for binding in bindings:
        actions += act(binding, found, text=message.text, received_at=received, at=at)
    acting.confirm(actions, at=at)
    if incoming is not None:
        attachments.keep(message, incoming.files, at=at)
        _mark_failed(incoming.failed, at=at)
    if message.kind == Kind.WORDS:
        for binding in bindings:
            put_before_a_person(binding, found, at=at)
    message.taken_at = at
    message.save(update_fields=["taken_at"])
    return tuple(binding.attempt for binding in bindings if binding.attempt is not None)


def finish_what_was_left(*, at: datetime, limit: int = 100) -> int:
    """Finish messages whose process died half way. Safe to run anywhere, at any time, in parallel."""
    left = InboundMessage.objects.filter(taken_at__isnull=True, received_at__lt=at - LEFT_ALONE)
    done = 0
    for message in left.order_by("received_at", "pk")[:limit]:
        try:
            finish(message, at=at)
            done += 1
        except Exception:
            log.exception("inbound message not finished", extra={"message": message.pk})
    return done


def act(
    binding: InboundBinding, found: tuple[Found, ...], *, text: str, received_at: datetime, at: datetime
) -> list[InboundAction]:
    """Write for one person what the words bring; once, whoever calls it again."""
    if binding.actions.exists():
        return list(binding.actions.order_by("place"))
    cases, party = _concerned(binding)
    rows: list[InboundAction] = []
    # Silence first: the gravest wish is in force before anything else is written.
    ordered = sorted(found, key=lambda one: (one.intent not in SILENCE, one.begins))
    with transaction.atomic():
        for one in ordered:
            rows += acting.record(
                binding,
                one,
                text=text,
                cases=cases,
                party=party,
                place=len(rows),
                received_at=received_at,
                at=at,
            )
    return rows


def put_before_a_person(binding: InboundBinding, found: tuple[Found, ...], *, at: datetime) -> None:
    """Make looking at the reply the next action of the case; a bare stop leaves it as it is."""
    case = binding.case
    if case is None or case.status in RESOLVED:
        return
    names = [one.intent for one in found]
    if names and set(names) <= {"stop", "stop_calls"}:
        return
    why = ", ".join(name.replace("_", " ") for name in names if name != "stop")
    try:
        lifecycle.set_next_action(
            case_id=case.pk,
            action=NextAction.REVIEW,
            due_at=at,
            note=f"reply: {why}" if why else "reply",
            actor=INBOUND,
            at=at,
        )
    except CaseRefused:  # resolved meanwhile
        return


def bind(
    message: InboundMessage,
    *,
    person_id: int,
    case: Case | None,
    point: ContactPoint | None,
    bound_by_id: int | None = None,
    at: datetime,
) -> InboundBinding:
    """Record a message for one person: the contact with the case that it likely belongs to. Once."""
    with transaction.atomic():
        binding, _made = InboundBinding.objects.select_related("message", "case", "attempt").get_or_create(
            message=message,
            person_id=person_id,
            defaults={"case": case, "contact_point": point, "bound_at": at, "bound_by_id": bound_by_id},
        )
        if binding.attempt_id is None and binding.case is not None and message.kind == Kind.WORDS:
            binding.attempt = _record(binding, binding.case, at=at)
            binding.save(update_fields=["attempt"])
    return binding


def address_of(channel: str, sender: str) -> tuple[str, str]:
    """Return the kind of an address and the spelling under which it is stored; nothing for what cannot be read."""
    kind = KINDS[channel]
    plain = sender.strip()[:254]
    try:
        if kind == Address.Kind.PHONE:
            return str(kind), canonical.phone(plain if plain.startswith("+") else f"+{plain.lstrip('0')}", "ZZ")[0]
        if kind == Address.Kind.EMAIL:
            return str(kind), canonical.email(plain)
        return str(kind), canonical.chat(plain)
    except CellRefused:
        return str(kind), plain if kind == Address.Kind.CHAT else ""


def _keep(incoming: Incoming, *, at: datetime) -> tuple[InboundMessage, bool]:
    kind, written = address_of(incoming.channel, incoming.sender)
    sender = (written or incoming.sender.strip())[:254].replace("\0", "")
    address = Address.objects.filter(kind=kind, value_hash=sealed.digest(kind, sender)).first() if sender else None
    text = _clean(incoming.text)
    whole = _clean(incoming.whole)
    event_id = (
        incoming.event_id if len(incoming.event_id) <= 120 else hashlib.sha256(incoming.event_id.encode()).hexdigest()
    )
    try:
        with transaction.atomic():
            message = InboundMessage.objects.create(
                source=incoming.source[:60],
                event_id=event_id,
                channel=incoming.channel,
                kind=incoming.kind,
                address=address,
                sender_sealed=sealed.seal(sender) if sender else None,
                sender_hash=sealed.digest(kind, sender) if sender else None,
                sender_last4=sealed.last4(sender) if kind == Address.Kind.PHONE else "",
                content_sealed=sealed.seal(text),
                whole_sealed=sealed.seal(whole) if whole and whole != text else None,
                content_sha256=hashlib.sha256(text.encode()).hexdigest(),
                sent_at=min(incoming.sent_at, at) if incoming.sent_at else None,
                received_at=at,
            )
            audit.record("inbound.received", subject=message, actor=INBOUND, at=at, channel=incoming.channel,
                         kind=incoming.kind)  # fmt: skip
        return message, True
    except IntegrityError:
        return InboundMessage.objects.get(source=incoming.source[:60], event_id=event_id), False


def _clean(text: str) -> str:
    """Return a text that can be stored: no NUL, no half of a surrogate pair, no more than is kept."""
    return text[:MOST_TEXT].replace("\0", "").encode("utf-8", "replace").decode()


def _bind(message: InboundMessage, case_id: int | None, *, at: datetime) -> list[InboundBinding]:
    """Bind everybody who has the number or address, and the person of the case that the source names."""
    bindings = []
    if message.address_id is not None:
        points = ContactPoint.objects.filter(address_id=message.address_id).exclude(state=ContactPoint.State.REMOVED)
        seen: set[int] = set()
        for point in points.order_by("person_id", "pk"):
            if point.person_id not in seen:
                seen.add(point.person_id)
                case = _case_of(point, case_id)
                bindings.append(bind(message, person_id=point.person_id, case=case, point=point, at=at))
    if case_id is not None:
        named = Case.objects.get(pk=case_id)
        if all(binding.person_id != named.person_id for binding in bindings):
            bindings.append(bind(message, person_id=named.person_id, case=named, point=None, at=at))
    by_hand = message.bindings.select_related("message", "case", "attempt").order_by("pk")
    return bindings + [one for one in by_hand if all(one.pk != known.pk for known in bindings)]


def _case_of(point: ContactPoint, case_id: int | None) -> Case | None:
    """Return the case that a message likely belongs to: the one we last wrote about, else the latest open, else any."""
    if case_id is not None:
        named = Case.objects.filter(pk=case_id, person_id=point.person_id).first()
        if named is not None:
            return named
    last = _last_about(point)
    if last is not None:
        return last.case
    cases = Case.objects.filter(person_id=point.person_id)
    return cases.unresolved().order_by("-opened_at", "-pk").first() or cases.order_by("-opened_at", "-pk").first()


def _last_about(point: ContactPoint) -> ContactAttempt | None:
    reached = ContactAttempt.objects.filter(
        contacted_id=point.person_id, address_id=point.address_id, case__isnull=False, origin="ours"
    ).exclude(status__in=["withheld", "cancelled"])
    return reached.select_related("case").order_by("-at", "-pk").first()


def _concerned(binding: InboundBinding) -> tuple[list[Case], str]:
    """Return the cases that are held, and who speaks. Where we wrote about one, that one; else all that are open."""
    last = _last_about(binding.contact_point) if binding.contact_point is not None else None
    if last is not None and last.case is not None:
        return [last.case], last.party
    if binding.bound_by_id is not None and binding.case is not None:
        return [binding.case], "debtor"
    open_cases = list(Case.objects.filter(person_id=binding.person_id).unresolved().order_by("pk"))
    return open_cases or ([binding.case] if binding.case is not None else []), "debtor"


def _record(binding: InboundBinding, case: Case, *, at: datetime) -> ContactAttempt | None:
    """Write the inbound contact, once."""
    message = binding.message
    key = uuid5(_EVENTS, f"{message.source}\0{message.event_id}\0{binding.person_id}")
    known = ContactAttempt.objects.filter(key=key).first()
    if known is not None:
        return known
    attempt = ContactAttempt.objects.create(
        person_id=case.person_id,
        contacted_id=binding.person_id,
        creditor_id=case.creditor_id,
        case=case,
        contact_point=binding.contact_point,
        address_id=message.address_id,
        origin=ContactAttempt.Origin.INBOUND,
        direction=ContactAttempt.Direction.INBOUND,
        channel=message.channel,
        content_class="",
        status=ContactAttempt.Status.RECORDED,
        outcome=ContactAttempt.Outcome.RECEIVED,
        key=key,
        at=message.received_at,
        recorded_at=at,
        content_sealed=message.content_sealed,
        content_sha256=message.content_sha256,
    )
    audit.record("attempt.recorded", subject=attempt, actor=INBOUND, at=at, person_id=binding.person_id)
    return attempt


def _silence_unknown(message: InboundMessage, found: tuple[Found, ...], *, at: datetime) -> None:
    """Silence a number that nobody here has, before a file can bring it."""
    kind, written = address_of(message.channel, message.sender)
    if written and any(one.acts and one.intent in SILENCE for one in found):
        addresses.silence_unknown(kind=kind, canonical=written, actor=INBOUND, at=at)


def _mark_failed(failed: tuple[str, ...], *, at: datetime) -> None:
    """Mark the addresses that a mail system says do not exist."""
    for written in failed:
        kind, plain = address_of("email", written)
        points = ContactPoint.objects.filter(
            address__kind=kind,
            address__value_hash=sealed.digest(kind, plain or written),
            state__in=[ContactPoint.State.VERIFIED, ContactPoint.State.UNVERIFIED],
        )
        for point in points:
            addresses.mark(contact_point_id=point.pk, state=ContactPoint.State.BAD, actor=INBOUND, at=at)
