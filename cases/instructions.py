"""What a person asks for: stop, not this number, not at these times, my lawyer, not me. In force once its row is
committed: every decision from then on sees it. Then the locks are taken, so that a hand-over which was under way has
ended when the instruction is called confirmed.

An instruction is never changed or deleted; it is undone by a withdrawal.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db import transaction

from cases import addresses, instruction_checks, locks, reviewers, vulnerability
from cases.instruction_checks import InstructionRefused
from cases.models import Instruction, InstructionWithdrawal
from cases.models.instruction import MATTERS, Source
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from compliance import audit

Kind = Instruction.Kind
# Days until somebody looks at an open matter again, where nobody says a date.
REVIEW_AFTER: Final[dict[str, int]] = {Kind.DISPUTE: 14, Kind.COMPLAINT: 14, Kind.ADVISER: 30, Kind.OCCASION: 14,
                                       Kind.VULNERABLE: 90}  # fmt: skip

__all__ = ["InstructionRefused", "confirm", "confirm_in_writing", "give", "record", "withdraw"]


def give(**asked: Any) -> Instruction:
    """Record what a person asked and put it in force: `record`, then `confirm`. Takes what `record` takes.

    No hand-over begins after the row is committed; when this returns, none that began before is still under way.
    """
    instruction = record(**asked)
    return confirm(instruction_id=instruction.pk, actor=asked["actor"], at=asked["at"])


@transaction.atomic
def record(
    *,
    person_id: int,
    kind: str,
    creditor_id: int | None = None,
    account_id: int | None = None,
    channel: str = "",
    contact_point_id: int | None = None,
    place: str = "",
    form: str = Instruction.Form.ORAL,
    source: str = Source.CALL,
    evidence: str = "",
    words: str = "",
    details: Mapping[str, Any] | None = None,
    sent_at: datetime | None = None,
    received_at: datetime | None = None,
    expires_at: datetime | None = None,
    review_on: date | None = None,
    team_id: int | None = None,
    confirms_id: int | None = None,
    actor: Actor,
    at: datetime,
) -> Instruction:
    """Write down what a person asked, without waiting for any lock. Raises InstructionRefused.

    creditor_id: None means every creditor here. account_id: one debt. contact_point_id: one number or address, which
    then binds for everybody who has it. place: home or workplace. details: times (start, end, days), and what the kind
    needs besides. team_id: who reviews it, where the kind needs a review.
    """
    received_at = received_at or at
    asked = instruction_checks.Asked(kind, person_id, channel, contact_point_id, account_id, place, dict(details or {}))
    address_id = instruction_checks.check(asked, sent_at=sent_at, received_at=received_at, expires_at=expires_at, at=at)
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
        source=source,
        evidence=evidence[:200],
        words=words[:500],
        details=asked.details,
        sent_at=sent_at,
        received_at=received_at,
        expires_at=expires_at or instruction_checks.lapses_at(asked, form, creditor_id, received_at),
        confirms_id=confirms_id,
        recorded_at=at,
        recorded_by_id=actor.id if actor.kind == "user" else None,
        **_review(asked, creditor_id=creditor_id, review_on=review_on, team_id=team_id, actor=actor, at=at),
    )
    audit.record(
        "instruction.received",
        subject=instruction,
        actor=actor,
        at=at,
        person_id=person_id,
        kind=kind,
        channel=channel,
        source=source,
    )
    return instruction


def _review(
    asked: instruction_checks.Asked,
    *,
    creditor_id: int | None,
    review_on: date | None,
    team_id: int | None,
    actor: Actor,
    at: datetime,
) -> dict[str, Any]:
    if asked.kind not in MATTERS and review_on is None:
        return {}
    today = clock.business_day(at, "UTC")
    if review_on is not None and review_on < today - timedelta(days=1):
        raise InstructionRefused("review-in-the-past", review_on=review_on)
    found = reviewers.find(person_id=asked.person_id, creditor_id=creditor_id, team_id=team_id, actor=actor)
    return {"review_on": review_on or today + timedelta(days=REVIEW_AFTER[asked.kind]), **found}


@transaction.atomic
def confirm(*, instruction_id: int, actor: Actor, at: datetime) -> Instruction:
    """Wait until no hand-over that began before is under way, then say so; do what the kind brings with it.

    Confirming twice does nothing. A number that belongs to a stranger is silenced here for everybody who has it, and
    was silent for the gate since the row was written.
    """
    known = Instruction.objects.values("person_id", "address_id").get(pk=instruction_id)
    locks.lock(person_ids=[known["person_id"]], address_ids=[known["address_id"]])
    instruction = Instruction.objects.select_for_update(of=("self",), no_key=True).get(pk=instruction_id)
    if instruction.confirmed_at is not None:
        return instruction
    if instruction.kind == Kind.WRONG_PARTY and instruction.address_id is not None:
        addresses.belongs_to_a_stranger(
            address_id=instruction.address_id, contact_point_id=instruction.contact_point_id, actor=actor, at=at
        )
    if instruction.kind == Kind.VULNERABLE:
        vulnerability.note(instruction, actor=actor, at=at)
    instruction.confirmed_at = at
    instruction.save(update_fields=["confirmed_at"])
    audit.record("instruction.confirmed", subject=instruction, actor=actor, at=at, person_id=instruction.person_id)
    return instruction


def confirm_in_writing(
    *, instruction_id: int, received_at: datetime, evidence: str = "", actor: Actor, at: datetime
) -> Instruction:
    """Record that a spoken request about calls at work was confirmed in writing; from then on it does not lapse.

    A confirmation later than the law allows for it (7 days in Massachusetts) stands as a new request in writing.
    """
    asked = Instruction.objects.get(pk=instruction_id)
    if asked.kind != Kind.WORKPLACE:
        raise InstructionRefused("not-to-confirm")
    return give(
        person_id=asked.person_id,
        kind=Kind.WORKPLACE_CONFIRMED,
        creditor_id=asked.creditor_id,
        channel=asked.channel,
        place=asked.place,
        form=Instruction.Form.WRITTEN,
        source=Source.LETTER,
        evidence=evidence,
        received_at=received_at,
        confirms_id=asked.pk,
        actor=actor,
        at=at,
    )


@transaction.atomic
def withdraw(*, instruction_id: int, reason: str, actor: Actor, at: datetime) -> InstructionWithdrawal:
    """Take an instruction back: the person changed his mind, or it was keyed by mistake. Raises InstructionRefused."""
    if not reason.strip():
        raise InstructionRefused("no-reason")
    known = Instruction.objects.values("person_id", "address_id").get(pk=instruction_id)
    locks.lock(person_ids=[known["person_id"]], address_ids=[known["address_id"]])
    if InstructionWithdrawal.objects.filter(instruction_id=instruction_id).exists():
        raise InstructionRefused("withdrawn")
    withdrawal = InstructionWithdrawal.objects.create(
        instruction_id=instruction_id,
        person_id=known["person_id"],
        reason=reason[:300],
        withdrawn_at=at,
        withdrawn_by_id=actor.id if actor.kind == "user" else None,
    )
    instruction = withdrawal.instruction
    if instruction.kind == Kind.WRONG_PARTY and instruction.address_id is not None:
        addresses.is_no_stranger(
            address_id=instruction.address_id, contact_point_id=instruction.contact_point_id, actor=actor, at=at
        )
    if instruction.kind == Kind.VULNERABLE:
        vulnerability.clear(instruction, actor=actor, at=at)
    audit.record(
        "instruction.withdrawn",
        subject=instruction,
        actor=actor,
        at=at,
        person_id=known["person_id"],
        reason=reason,
    )
    return withdrawal
