"""What a closed call leaves behind: on the number, the case, the promise, the next action and the plan."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from cases import activity, addresses, callbacks, consents, instructions, lifecycle, promises
from cases.models import ContactPoint, Instruction, Promise
from cases.models.case import NextAction, Status
from cases.promise_parts import Part
from collections_app.shared.actor import Actor
from compliance import audit
from contacts.models import ContactAttempt, PlannedContact

Outcome = ContactAttempt.Outcome
REACHED: Final = (Outcome.CONVERSATION, Outcome.MET)
BY: Final = {
    "debtor": Promise.By.BORROWER, "joint_debtor": Promise.By.JOINT_DEBTOR, "guarantor": Promise.By.GUARANTOR,
}  # fmt: skip
NEXT_TRY: Final = timedelta(days=1)  # where the collector says nothing else


@dataclass(frozen=True, slots=True)
class PromiseTerms:
    """What was promised in the call, as one amount and day or in parts. currency: empty means the case's own."""

    amount: Decimal | None = None
    due_on: date | None = None
    parts: tuple[Part, ...] = ()
    method: str = Promise.Method.TRANSFER
    currency: str = ""
    replace: bool = False


@dataclass(frozen=True, slots=True)
class CallbackTerms:
    """When the person is to be called, by whom, and what happens if nobody does. owner_id: None is the team."""

    starts_at: datetime
    ends_at: datetime
    owner_id: int | None
    fallback_to: str
    fallback_at: datetime


@dataclass(frozen=True, slots=True)
class NextStep:
    """What happens next on the case, and when."""

    action: str
    due_at: datetime
    note: str = ""


def follow(
    attempt: ContactAttempt,
    outcome: str,
    *,
    promise: PromiseTerms | None,
    note: str,
    next_step: NextStep | None,
    callback: CallbackTerms | None = None,
    actor: Actor,
    at: datetime,
) -> None:
    """Let a closed call have its effects on number, case, promise and plan."""
    heard(attempt, outcome, actor=actor, at=at)
    case = attempt.case
    if case is None:
        return
    right_party = outcome in REACHED and attempt.party == "debtor"
    activity.note_contact(case_id=case.pk, at=attempt.started_at or at, right_party=right_party)
    if note.strip():
        activity.add_note(case=case, text=note, actor=actor, at=at)
    case = lifecycle.start(case_id=case.pk, actor=actor, at=at)
    callbacks.called(case_id=case.pk, actor=actor, at=at)
    if promise is not None:
        promises.make(
            case_id=case.pk,
            amount=promise.amount,
            currency=promise.currency or case.currency,
            due_on=promise.due_on,
            parts=promise.parts,
            method=promise.method,
            promised_by=BY.get(attempt.party, Promise.By.THIRD_PARTY),
            promiser_id=attempt.contacted_id if attempt.party != "debtor" else None,
            attempt_id=attempt.pk,
            replace=promise.replace,
            actor=actor,
            at=at,
        )
    if callback is not None and not case.is_resolved:
        _agree(attempt, callback, case_id=case.pk, actor=actor, at=at)
    elif next_step is not None:
        _set_next(case.pk, next_step, actor=actor, at=at)
    elif promise is None and case.status == Status.WORKING:
        _set_next(case.pk, NextStep(NextAction.CALL, at + NEXT_TRY), actor=actor, at=at)
    _finish_tasks(attempt, case_id=case.pk, at=at, actor=actor)


def _agree(attempt: ContactAttempt, terms: CallbackTerms, *, case_id: int, actor: Actor, at: datetime) -> None:
    callbacks.agree(
        case_id=case_id,
        starts_at=terms.starts_at,
        ends_at=terms.ends_at,
        owner_id=terms.owner_id,
        fallback_to=terms.fallback_to,
        fallback_at=terms.fallback_at,
        attempt_id=attempt.pk,
        actor=actor,
        at=at,
    )


def heard(attempt: ContactAttempt, outcome: str, *, actor: Actor, at: datetime) -> None:
    """Keep what a call says of number and person, whoever made it and however late it is known."""
    if attempt.contact_point_id is not None:
        _mark(attempt, outcome, actor=actor, at=at)
    if outcome == Outcome.THIRD_PARTY_REFUSED:
        _refused(attempt, actor=actor, at=at)
    if outcome in REACHED and attempt.party == "debtor" and attempt.case_id is not None:
        # A consent given since is not used up by a conversation that is only reported now.
        spoke_at = attempt.at if attempt.origin == ContactAttempt.Origin.REPORTED else at
        consents.spend(person_id=attempt.person_id, attempt_id=attempt.pk, conversation=True, actor=actor, at=spoke_at)


def _set_next(case_id: int, step: NextStep, *, actor: Actor, at: datetime) -> None:
    lifecycle.set_next_action(
        case_id=case_id, action=step.action, due_at=step.due_at, note=step.note, actor=actor, at=at
    )


def _mark(attempt: ContactAttempt, outcome: str, *, actor: Actor, at: datetime) -> None:
    """Keep what the call says about the number itself."""
    point_id, address_id = attempt.contact_point_id, attempt.address_id
    if point_id is None:
        return
    if outcome == Outcome.WRONG_NUMBER and address_id is not None:
        _told(attempt, Instruction.Kind.WRONG_PARTY, contact_point_id=point_id, actor=actor, at=at)
    elif outcome == Outcome.NOT_IN_SERVICE:
        addresses.mark(contact_point_id=point_id, state=ContactPoint.State.BAD, actor=actor, at=at)
    elif outcome in REACHED:
        point = ContactPoint.objects.select_related("address").get(pk=point_id)
        if point.state == ContactPoint.State.UNVERIFIED and point.address.suppressed_at is None:
            addresses.mark(contact_point_id=point_id, state=ContactPoint.State.VERIFIED, actor=actor, at=at)


def _refused(attempt: ContactAttempt, *, actor: Actor, at: datetime) -> None:
    """Never ask this third person again; where a stranger answered the debtor's number, never call it again."""
    if attempt.party != "debtor":
        _told(attempt, Instruction.Kind.THIRD_PARTY_REFUSED, contact_point_id=None, actor=actor, at=at)
    elif attempt.contact_point_id is not None:
        _told(
            attempt,
            Instruction.Kind.OPT_OUT,
            contact_point_id=attempt.contact_point_id,
            channel="phone",
            actor=actor,
            at=at,
        )


def _told(
    attempt: ContactAttempt, kind: str, *, contact_point_id: int | None, channel: str = "", actor: Actor, at: datetime
) -> None:
    """Record what was said in the call. The call's transaction holds the locks, so it is in force with its commit."""
    instructions.give(
        person_id=attempt.contacted_id,
        kind=kind,
        channel=channel,
        contact_point_id=contact_point_id,
        evidence=f"{attempt.ref}",
        actor=actor,
        at=at,
    )


def _finish_tasks(attempt: ContactAttempt, *, case_id: int, actor: Actor, at: datetime) -> None:
    """Close the call tasks that a strategy had planned for this case up to now."""
    tasks = PlannedContact.objects.select_for_update(of=("self",), no_key=True).filter(
        case_id=case_id,
        channel=attempt.channel,
        automated=False,
        status__in=[PlannedContact.Status.PLANNED, PlannedContact.Status.WITHHELD],
        planned_for__lte=at,
    )
    for task in tasks.order_by("pk"):
        task.finish(at=at)
        task.save(update_fields=["status", "finished_at", "lease_until", "reason_code"])
        audit.record("planned.done", subject=task, actor=actor, at=at, person_id=task.person_id, attempt=attempt.pk)
