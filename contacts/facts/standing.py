"""What stands about a person whatever the way of contact: consents, holds, promises, plans, and who else is liable."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, time
from typing import Any, Final

from cases.models import Consent, Hold, PartyRole, Plan, Promise
from collections_app.shared import clock
from compliance.facts import Record
from contacts.facts.details import record_with
from contacts.facts.rows import ConsentRow, Found, HoldRow

Seen = Callable[..., datetime]  # reads an instant (and when it was recorded) as the question does

HOLD_RECORDS: Final = {
    Hold.Kind.DISPUTE: "dispute_open",
    Hold.Kind.COMPLAINT: "complaint_open",
    Hold.Kind.BANKRUPTCY: "bankrupt",
    Hold.Kind.DECEASED: "deceased",
    Hold.Kind.REPRESENTED: "attorney_represented",
    Hold.Kind.BREATHING_SPACE: "breathing_space",
    Hold.Kind.CRISIS: "crisis_moratorium",
    Hold.Kind.CAPACITY: "capacity_limited",
    Hold.Kind.ADVISER: "debt_adviser_engaged",
    Hold.Kind.DEFERRAL: "deferral_agreed",
    Hold.Kind.OCCASION: "sensitive_occasion",
    Hold.Kind.MINOR: "minor",
    Hold.Kind.VULNERABLE: "vulnerability_hold",
    Hold.Kind.HARDSHIP: "hardship_hold",
}  # every other kind is a hold of the firm's own
# Where no text of law makes these hold, the firm that placed one means it all the same.
HELD_ANYWAY: Final = (
    Hold.Kind.COMPLAINT, Hold.Kind.BREATHING_SPACE, Hold.Kind.CRISIS, Hold.Kind.CAPACITY, Hold.Kind.DEFERRAL,
)  # fmt: skip

ROLE_RECORDS: Final = {
    PartyRole.Role.JOINT_DEBTOR: "joint_debt",
    PartyRole.Role.GUARANTOR: "guarantee",
    PartyRole.Role.COUNTER_GUARANTOR: "guarantee",
}


def standing_records(found: Found, seen: Seen) -> Iterator[Record]:
    """Yield what stands about the persons of a case: consents, holds, promises, plans, who else is liable."""
    case = found.case
    for person_id in sorted({case.person_id, case.contacted_id}):
        for given in found.consents:
            if given.person_id == person_id and given.creditor_id in (None, case.creditor_id):
                yield _consent(given, seen)
        for hold in found.holds:
            if hold.person_id == person_id and hold.creditor_id in (None, case.creditor_id):
                yield from _hold(hold, seen, case.creditor_time_zone)
    for promise in found.promises:
        yield Record(kind="promise_made", at=seen(promise.made_at), id=promise.pk, until=promise.due_on)
        if promise.status == Promise.Status.BROKEN and promise.settled_at is not None:
            yield Record(kind="promise_broken", at=seen(promise.settled_at), id=promise.pk)
    for plan in found.plans:
        yield Record(
            kind="plan_performing",
            at=seen(plan.approved_at or plan.drafted_at),
            id=plan.pk,
            first_due=plan.first_due_on,
            months=plan.months,
        )
        if plan.status == Plan.Status.BROKEN and plan.ended_at is not None:
            yield Record(kind="plan_broken", at=seen(plan.ended_at), id=plan.pk)
    for role in found.roles:
        yield Record(
            kind=ROLE_RECORDS[PartyRole.Role(role.role)],
            at=seen(role.since),
            id=role.pk,
            party="joint_debtor" if role.role == PartyRole.Role.JOINT_DEBTOR else "guarantor",
            person_id=role.person_id,
            debts=(role.account_id,) if role.account_id else (),
        )
    for period in found.limitations:
        yield Record(kind="debt_time_barred", at=period.over_at, id=period.pk, debts=(period.account_id,))


def _consent(given: ConsentRow, seen: Seen) -> Record:
    # One to more calls is read by its rule, which still leaves out the calls that it covered.
    spent_at = None if given.kind == Consent.Kind.MORE_CALLS else given.spent_at
    ends = [end for end in (given.withdrawn_at, given.expires_at, spent_at) if end is not None]
    return record_with(
        given.kind,
        at=seen(given.given_at, given.recorded_at),
        id=given.pk,
        person_id=given.person_id,
        debts=(given.account_id,) if given.account_id else (),
        channel=given.channel or None,
        contact_point_id=given.contact_point_id,
        form=given.form,
        evidence=given.evidence or None,
        place=given.details.get("place"),
        withdrawn_at=min(ends) if ends else None,
        details=details_of(given),
    )


def _hold(hold: HoldRow, seen: Seen, creditor_time_zone: str) -> Iterator[Record]:
    stands = Record(
        kind=HOLD_RECORDS.get(Hold.Kind(hold.kind), "hold"),
        at=seen(hold.starts_at, hold.recorded_at),
        id=hold.pk,
        person_id=hold.person_id,
        debts=(hold.account_id,) if hold.account_id else (),
        until=hold.ends_on,
        form="written" if hold.kind == Hold.Kind.DISPUTE else None,
    )
    yield stands
    if hold.kind in HELD_ANYWAY:
        yield replace(stands, kind="hold")
    if hold.treatment_ended_on is not None:
        ended = datetime.combine(hold.treatment_ended_on, time(12), clock.zone(creditor_time_zone))
        yield Record(kind="crisis_treatment_ended", at=seen(ended), id=hold.pk)


def details_of(given: ConsentRow) -> dict[str, Any]:
    """Return what a consent covers; one given in a contact that was itself not permitted is worth nothing."""
    return {**given.details, "valid": False} if given.context == Consent.Context.NOT_PERMITTED else given.details
