"""What a person asks for: stop, not this number, not at these times. In force once its row is committed."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases import locks
from cases.models import Address, Consent, ContactPoint, Instruction, InstructionWithdrawal
from cases.refusal import Refused
from collections_app.shared.actor import Actor
from compliance import audit


class InstructionRefused(Refused):
    SENTENCES = {
        "kind": _("There is no such instruction."),
        "withdrawn": _("This has been withdrawn already."),
        "no-reason": _("Say why."),
        "window": _("Give a beginning and an end, such as 12:00 and 13:30."),
    }


def give(
    *,
    person_id: int,
    kind: str,
    creditor_id: int | None = None,
    account_id: int | None = None,
    channel: str = "",
    contact_point_id: int | None = None,
    place: str = "",
    form: str = Instruction.Form.ORAL,
    words: str = "",
    details: dict[str, Any] | None = None,
    received_at: datetime | None = None,
    expires_at: datetime | None = None,
    actor: Actor,
    at: datetime,
) -> Instruction:
    """Record what a person asked and put it in force: the row first, then the lock, then the confirmation.

    No hand-over begins after the row is committed; when this returns, none that began before is still under way.
    """
    if kind not in Instruction.Kind.values:
        raise InstructionRefused("kind")
    details = details or {}
    if kind == Instruction.Kind.INCONVENIENT_WINDOW and not (details.get("start") and details.get("end")):
        raise InstructionRefused("window")
    address_id = None
    if contact_point_id is not None:
        address_id = ContactPoint.objects.values_list("address_id", flat=True).get(pk=contact_point_id)
    with transaction.atomic():
        instruction = Instruction.objects.create(
            person_id=person_id,
            creditor_id=creditor_id,
            account_id=account_id,
            contact_point_id=contact_point_id,
            address_id=address_id,
            kind=kind,
            channel=channel,
            place=place,
            form=form,
            words=words[:500],
            details=details,
            received_at=received_at or at,
            expires_at=expires_at,
            recorded_at=at,
            recorded_by_id=actor.id if actor.kind == "user" else None,
        )
        audit.record(
            "instruction.received",
            subject=instruction,
            actor=actor,
            at=at,
            person_id=person_id,
            kind=kind,
            channel=channel,
        )
    with transaction.atomic():
        locks.lock(person_ids=[person_id], address_ids=[address_id] if address_id else [])
        instruction.confirmed_at = at
        instruction.save(update_fields=["confirmed_at"])
        audit.record("instruction.confirmed", subject=instruction, actor=actor, at=at, person_id=person_id)
    return instruction


@transaction.atomic
def withdraw(*, instruction_id: int, reason: str, actor: Actor, at: datetime) -> InstructionWithdrawal:
    """Take an instruction back: the person changed his mind, or it was keyed by mistake. Raises InstructionRefused."""
    if not reason.strip():
        raise InstructionRefused("no-reason")
    person_id = Instruction.objects.values_list("person_id", flat=True).get(pk=instruction_id)
    locks.lock(person_ids=[person_id])
    if InstructionWithdrawal.objects.filter(instruction_id=instruction_id).exists():
        raise InstructionRefused("withdrawn")
    withdrawal = InstructionWithdrawal.objects.create(
        instruction_id=instruction_id,
        person_id=person_id,
        reason=reason[:300],
        withdrawn_at=at,
        withdrawn_by_id=actor.id if actor.kind == "user" else None,
    )
    instruction = withdrawal.instruction
    audit.record("instruction.withdrawn", subject=instruction, actor=actor, at=at, person_id=person_id, reason=reason)
    return withdrawal


@transaction.atomic
def consent(
    *,
    person_id: int,
    kind: str,
    creditor_id: int | None = None,
    contact_point_id: int | None = None,
    channel: str = "",
    form: str = Instruction.Form.ORAL,
    evidence: str = "",
    details: dict[str, Any] | None = None,
    expires_at: datetime | None = None,
    actor: Actor,
    at: datetime,
) -> Consent:
    """Record what a person agreed to."""
    locks.lock(person_ids=[person_id])
    given = Consent.objects.create(
        person_id=person_id,
        creditor_id=creditor_id,
        contact_point_id=contact_point_id,
        kind=kind,
        channel=channel,
        form=form,
        evidence=evidence,
        details=details or {},
        given_at=at,
        expires_at=expires_at,
        recorded_at=at,
        recorded_by_id=actor.id if actor.kind == "user" else None,
    )
    audit.record("consent.given", subject=given, actor=actor, at=at, person_id=person_id, kind=kind)
    return given


def suppress(*, address_id: int, reason: str, actor: Actor, at: datetime) -> Address:
    """Silence a number or address for everybody who has it (it belongs to a stranger, or is dead).

    Waits for a hand-over to that number which is under way; every later decision sees it.
    """
    with transaction.atomic():
        changed = Address.objects.filter(pk=address_id, suppressed_at__isnull=True).update(
            suppressed_at=at, suppressed_reason=reason[:40]
        )
        address = Address.objects.get(pk=address_id)
        if changed:
            audit.record("contact_point.suppressed", subject=address, actor=actor, at=at, reason=reason)
    return address


@transaction.atomic
def mark_point(*, contact_point_id: int, state: str, actor: Actor, at: datetime) -> ContactPoint:
    """Record whether a contact point reaches its person: verified, bad, stranger or removed."""
    person_id = ContactPoint.objects.values_list("person_id", flat=True).get(pk=contact_point_id)
    locks.lock(person_ids=[person_id])
    point = ContactPoint.objects.select_for_update(of=("self",), no_key=True).get(pk=contact_point_id)
    point.state = state
    names = {"verified": "contact_point.verified", "unverified": "contact_point.restored"}
    if state == ContactPoint.State.VERIFIED:
        point.verified_at = at
    point.save(update_fields=["state", "verified_at"])
    name = names.get(state, "contact_point.marked_bad")
    audit.record(name, subject=point, actor=actor, at=at, person_id=person_id, state=state)
    return point
