"""Calls and visits, made by people: asked for before the dial, cleared or refused, and closed with what happened.

`open_call` decides and reserves; `log_call` closes. A call that nobody logs stays open, counts, and is seen in a list.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases import activity, locks
from cases.models import Case, ContactPoint
from cases.refusal import Refused
from collections_app.shared.actor import Actor
from compliance import audit, gate
from compliance.facts import Override
from compliance.gate import Permit, Refusal
from contacts import breaks, call_results, facts, late_reports
from contacts.call_results import REACHED, CallbackTerms, NextStep, PromiseTerms
from contacts.channels import catalogue
from contacts.models import ContactAttempt
from contacts.reserving import reserve

Outcome = ContactAttempt.Outcome
BY_PEOPLE: Final = ("phone", "visit")
STATED: Final = frozenset({
    "staff_count", "recorded", "id_shown", "badge", "enters", "entry_consent", "first_visit", "recording_announced",
})  # fmt: skip
CALL_OUTCOMES: Final = (
    Outcome.NO_ANSWER,
    Outcome.BUSY,
    Outcome.NOT_IN_SERVICE,
    Outcome.VOICEMAIL_MESSAGE,
    Outcome.VOICEMAIL_NO_MESSAGE,
    Outcome.ANSWERED_DROPPED,
    Outcome.CONVERSATION,
    Outcome.WRONG_NUMBER,
    Outcome.THIRD_PARTY_REFUSED,
    Outcome.OFFERS_TO_PAY,
)
VISIT_OUTCOMES: Final = (Outcome.MET, Outcome.NOT_MET, Outcome.WRONG_NUMBER, Outcome.THIRD_PARTY_REFUSED)
__all__ = [
    "CallRefused",
    "CallbackTerms",
    "LogRefused",
    "NextStep",
    "PromiseTerms",
    "begin",
    "cancel",
    "log_call",
    "open_call",
    "report_past_call",
    "unlogged",
]
OPEN: Final = ("cleared", "in_progress")


class CallRefused(Refused):
    """The contact may not be made. `decision` is the stored refusal of the gate where it was the gate that refused."""

    SENTENCES = {
        "gate": _("Not permitted now: %(rule)s."),
        "unknown": _("No decision could be made, so this is not permitted now."),
        "resolved": _("This case is cured or closed."),
        "stopped": _("All contact of this kind is stopped by order."),
        "channel": _("This is not a call or a visit."),
        "point": _("This number or address does not belong to the person, or does not fit."),
        "already-open": _("You have not yet recorded how your last call ended."),
        "no-reason": _("Say why."),
        "on-break": _("You are on a break. End it on “My day”, then call."),
    }

    def __init__(self, code: str, *, decision: Refusal | None = None, **values: Any) -> None:
        super().__init__(code, **values)
        self.decision = decision


class LogRefused(Refused):
    SENTENCES = {
        "not-open": _("This call has been closed already."),
        "not-yours": _("This call belongs to somebody else."),
        "outcome": _("“%(outcome)s” is not how a call can end."),
        "promise-needs-conversation": _("A promise is made in a conversation with the borrower."),
        "over": _("The permit for this call is over; open it again."),
        "in-the-future": _("This is in the future."),
        "too-long-ago": _("This was too long ago to be added here."),
    }


def open_call(
    *,
    case_id: int,
    contact_point_id: int,
    purpose: str = "collection",
    channel: str = "phone",
    contacted_id: int | None = None,
    party: str = "debtor",
    override: Override | None = None,
    stated: Mapping[str, Any] | None = None,
    actor: Actor,
    at: datetime,
) -> ContactAttempt:
    """Ask for a call (or visit) now; return the cleared attempt, which reserves it for a few minutes.

    contacted_id, party: whom to reach, if not the debtor. override: a supervisor's recorded reason to go on past a
    soft rule; that somebody may give one is checked by the caller. stated: facts about how it is done, one of STATED
    each (staff_count, recorded, ...), which the gate judges and keeps. Raises CallRefused; what the gate refused is
    kept.
    """
    if set(stated or {}) - STATED:
        raise ValueError(f"only {', '.join(sorted(STATED))} may be stated")
    if channel not in BY_PEOPLE:
        raise CallRefused("channel")
    if actor.kind == "user" and actor.id is not None and breaks.is_on_break(actor.id):
        raise CallRefused("on-break")
    with transaction.atomic():
        answer = _ask(
            case_id=case_id,
            contact_point_id=contact_point_id,
            purpose=purpose,
            channel=channel,
            contacted_id=contacted_id,
            party=party,
            override=override,
            stated=stated or {},
            actor=actor,
            at=at,
        )
    if isinstance(answer, Refusal):  # raised outside, so that the refusal is kept
        raise CallRefused("gate", decision=answer, rule=", ".join(answer.failing))
    return answer


def _ask(
    *,
    case_id: int,
    contact_point_id: int,
    purpose: str,
    channel: str,
    contacted_id: int | None,
    party: str,
    override: Override | None,
    stated: Mapping[str, Any],
    actor: Actor,
    at: datetime,
) -> ContactAttempt | Refusal:
    locked = locks.lock_for_contact(case_id=case_id, contact_point_id=contact_point_id, contacted_id=contacted_id)
    if locked is None:
        raise CallRefused("point")
    file = facts.of_case(case_id, at=at, contacted_id=contacted_id, party=party)
    point = file.point_row(contact_point_id)
    if file.is_resolved:
        raise CallRefused("resolved")
    if file.is_stopped(channel):
        raise CallRefused("stopped")
    if point is None or point.kind not in catalogue.info(channel).point_kinds:
        raise CallRefused("point")
    if actor.kind == "user" and file.has_open(made_by_id=actor.id, contact_point_id=contact_point_id):
        raise CallRefused("already-open")
    question = file.question(
        channel=channel,
        contact_point_id=contact_point_id,
        purpose=purpose,
        content_class=channel,
        automated=actor.kind != "user",  # a machine that asks is no person who decides at the moment itself
        staff_id=actor.id if actor.kind == "user" else None,
        override=override,
    )
    question = replace(question, **stated)
    try:
        decision = gate.decide(
            question,
            file.facts(contact_point_id),
            actor=actor,
            at=at,
            entrance="screen" if actor.kind == "user" else "api",
            creditor_id=file.creditor_id,
            case_id=case_id,
        )
    except gate.GateUnavailable as error:
        raise CallRefused("unknown") from error
    attempt = reserve(
        question,
        decision,
        file=file,
        address_id=point.address_id,
        made_by_id=actor.id if actor.kind == "user" else None,
        at=at,
    )
    name = "attempt.cleared" if isinstance(decision, Permit) else "attempt.withheld"
    audit.record(name, subject=attempt, actor=actor, at=at, person_id=file.person_id, channel=channel)
    return decision if isinstance(decision, Refusal) else attempt


@transaction.atomic
def begin(*, attempt_id: int, actor: Actor, at: datetime) -> ContactAttempt:
    """Record that the call rings or the visitors stand at the door. Raises LogRefused when the permit is over."""
    attempt = _locked(attempt_id, actor=actor)
    if attempt.status != ContactAttempt.Status.CLEARED:
        raise LogRefused("not-open")
    begins, ends = attempt.valid_from, attempt.valid_until
    if begins is None or ends is None or not begins <= at < ends:
        raise LogRefused("over")
    attempt.begin(at=at)
    attempt.save(update_fields=["status", "started_at"])
    audit.record("attempt.started", subject=attempt, actor=actor, at=at, person_id=attempt.person_id)
    return attempt


@transaction.atomic
def cancel(*, attempt_id: int, actor: Actor, at: datetime) -> ContactAttempt:
    """Give a reservation back: the call was not made. Raises LogRefused once it has begun."""
    attempt = _locked(attempt_id, actor=actor)
    if attempt.status != ContactAttempt.Status.CLEARED:
        raise LogRefused("not-open")
    attempt.cancel(reason_code="call-not-made")
    attempt.save(update_fields=["status", "reason_code"])
    audit.record("attempt.cancelled", subject=attempt, actor=actor, at=at, person_id=attempt.person_id)
    return attempt


@transaction.atomic
def log_call(
    *,
    attempt_id: int,
    outcome: str,
    promise: PromiseTerms | None = None,
    note: str = "",
    next_step: NextStep | None = None,
    callback: CallbackTerms | None = None,
    actor: Actor,
    at: datetime,
) -> ContactAttempt:
    """Close a call with what happened: outcome, promise, note and next action, all or nothing.

    A wrong number is silenced for everybody, a dead one marked. Raises LogRefused, promises.PromiseRefused,
    CaseRefused.
    """
    attempt = _locked(attempt_id, actor=actor)
    if attempt.status not in OPEN:
        raise LogRefused("not-open")
    _check_outcome(attempt.channel, outcome)
    if promise is not None and (outcome not in REACHED or attempt.party not in ("debtor", "joint_debtor", "guarantor")):
        raise LogRefused("promise-needs-conversation")
    attempt.started_at = attempt.started_at or attempt.at
    attempt.complete(at=max(at, attempt.started_at), outcome=outcome)
    attempt.save(update_fields=["status", "started_at", "ended_at", "outcome"])
    audit.record("attempt.completed", subject=attempt, actor=actor, at=at, person_id=attempt.person_id, outcome=outcome)
    call_results.follow(
        attempt, outcome, promise=promise, note=note, next_step=next_step, callback=callback, actor=actor, at=at
    )
    return attempt


def report_past_call(
    *,
    case_id: int,
    happened_at: datetime,
    outcome: str,
    channel: str = "phone",
    direction: str = ContactAttempt.Direction.OUTBOUND,
    contact_point_id: int | None = None,
    contacted_id: int | None = None,
    party: str = "debtor",
    purpose: str = "collection",
    note: str = "",
    actor: Actor,
    at: datetime,
) -> ContactAttempt:
    """Add a call that was made outside the system. It counts; where it would have been refused it is flagged.

    The decision is computed as of its own instant: from what was known then, by the packs in force then. Contacts made
    since, which it would have forbidden, are flagged too. contacted_id, party: who was reached, if not the debtor.
    Raises LogRefused.
    """
    if happened_at > at:
        raise LogRefused("in-the-future")
    if at - happened_at > timedelta(days=366):
        raise LogRefused("too-long-ago")
    if channel not in BY_PEOPLE:
        raise CallRefused("channel")
    _check_outcome(channel, outcome)
    with transaction.atomic():
        person_id = Case.objects.values_list("person_id", flat=True).get(pk=case_id)
        points = ContactPoint.objects.filter(pk__in=[contact_point_id]).values_list("address_id", flat=True)
        locks.lock(person_ids=[person_id, contacted_id or person_id], address_ids=points)
        file = facts.of_case(case_id, at=happened_at, contacted_id=contacted_id, party=party, live=False)
        point = file.point(contact_point_id)
        if contact_point_id is not None and point is None:
            raise CallRefused("point")
        outbound = direction == ContactAttempt.Direction.OUTBOUND
        decision = None
        if outbound:
            decision = gate.decide(
                file.question(
                    channel=channel,
                    contact_point_id=contact_point_id,
                    purpose=purpose,
                    content_class=channel,
                    staff_id=actor.id if actor.kind == "user" else None,
                ),
                file.facts(contact_point_id),
                actor=actor,
                at=happened_at,
                entrance="report",
                creditor_id=file.creditor_id,
                case_id=case_id,
            )
        flagged = decision.failing[0][:60] if isinstance(decision, Refusal) and decision.failing else ""
        attempt = ContactAttempt.objects.create(
            person_id=person_id,
            contacted_id=file.contacted_id,
            creditor_id=file.creditor_id,
            case_id=case_id,
            contact_point=point,
            address_id=point.address_id if point else None,
            decision_id=decision.decision_id if decision else None,
            party=party,
            origin=ContactAttempt.Origin.REPORTED,
            direction=direction,
            channel=channel,
            purpose=purpose,
            content_class=channel,
            debts=list(file.debts),
            status=ContactAttempt.Status.RECORDED,
            outcome=outcome,
            at=happened_at,
            started_at=happened_at,
            recorded_at=at,
            made_by_id=actor.id if actor.kind == "user" else None,
            flagged_rule=flagged,
        )
        name = "attempt.flagged" if flagged else "attempt.recorded"
        audit.record(name, subject=attempt, actor=actor, at=at, person_id=person_id, outcome=outcome, rule=flagged)
        right_party = outcome in REACHED and party == "debtor"
        call_results.heard(attempt, outcome, actor=actor, at=at)
        activity.note_contact(case_id=case_id, at=happened_at, right_party=right_party)
        if note.strip():
            activity.add_note(case=file.case, text=note, actor=actor, at=at)
        late_reports.judge_again(attempt, actor=actor, at=at)
    return attempt


def unlogged(*, at: datetime) -> Any:
    """Return calls and visits whose permit is over and of which nobody has said how they ended, oldest first."""
    rows = ContactAttempt.objects.filter(channel__in=BY_PEOPLE, status__in=OPEN, valid_until__lt=at)
    return rows.order_by("valid_until", "pk")


def _locked(attempt_id: int, *, actor: Actor) -> ContactAttempt:
    known = ContactAttempt.objects.get(pk=attempt_id)
    if known.channel not in BY_PEOPLE or known.origin != ContactAttempt.Origin.OURS:
        raise LogRefused("not-open")
    if actor.kind == "user" and known.made_by_id not in (None, actor.id):
        raise LogRefused("not-yours")
    addresses = [known.address_id] if known.address_id else []
    locks.lock(person_ids=[known.person_id, known.contacted_id], address_ids=addresses)
    return ContactAttempt.objects.select_for_update(of=("self",), no_key=True).get(pk=attempt_id)


def _check_outcome(channel: str, outcome: str) -> None:
    if outcome not in (CALL_OUTCOMES if channel == "phone" else VISIT_OUTCOMES):
        raise LogRefused("outcome", outcome=outcome)
