"""What stands about a person whatever the way of contact: consents, holds, promises, plans, and who else is liable."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, time
from typing import Any, Final

from cases.models import Case, Consent, Hold, PartyRole, Plan, Promise
from collections_app.shared import clock
from compliance.facts import Record
from contacts.facts.details import record_with

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


def standing_records(
    concerned: Mapping[int, set[int]], cases: list[Case], *, at: datetime, live: bool
) -> tuple[dict[int, list[Record]], dict[int, Promise]]:
    """Return per case what stands about its persons (consents, holds, promises, plans, who else is liable), and its
    open promise.
    """
    persons = set().union(*concerned.values()) if concerned else set()

    def seen(instant: datetime, recorded_at: datetime | None = None) -> datetime:
        return min(instant, at) if live and not (recorded_at is not None and instant > recorded_at) else instant

    consents = by(Consent.objects.filter(person_id__in=persons).order_by("pk"), "person_id")
    placed = Hold.objects.filter(person_id__in=persons).order_by("pk")
    holds = by(placed.filter(released_at__isnull=True) if live else placed.exclude(released_at__lte=at), "person_id")
    case_ids = [case.pk for case in cases]
    promises = by(Promise.objects.filter(case_id__in=case_ids, status__in=["open", "broken"]).order_by("pk"), "case_id")
    plans = by(
        Plan.objects.filter(case_id__in=case_ids, status__in=["approved", "performing", "missed", "broken"]).order_by(
            "pk"
        ),
        "case_id",
    )
    roles = by(
        PartyRole.objects.filter(borrower_id__in={case.borrower_id for case in cases}, role__in=list(ROLE_RECORDS))
        .exclude(until__lte=at)
        .order_by("pk"),
        "borrower_id",
    )
    found: dict[int, list[Record]] = {}
    open_promises = {case_id: one for case_id, made in promises.items() for one in made if one.status == "open"}
    for case in cases:
        records = found.setdefault(case.pk, [])
        for person_id in sorted(concerned[case.pk]):
            for given in consents.get(person_id, ()):
                if given.creditor_id in (None, case.creditor_id):
                    ends = [end for end in (given.withdrawn_at, given.expires_at, given.spent_at) if end is not None]
                    records.append(
                        record_with(
                            given.kind,
                            at=seen(given.given_at, given.recorded_at),
                            id=given.pk,
                            person_id=given.person_id,
                            debts=(given.account_id,) if given.account_id else (),
                            channel=given.channel or None,
                            contact_point_id=given.contact_point_id,
                            form=given.form,
                            evidence=given.evidence or None,
                            withdrawn_at=min(ends) if ends else None,
                            details=details_of(given),
                        )
                    )
            for hold in holds.get(person_id, ()):
                if hold.creditor_id in (None, case.creditor_id):
                    kind = HOLD_RECORDS.get(Hold.Kind(hold.kind), "hold")
                    stands = Record(
                        kind=kind,
                        at=seen(hold.starts_at, hold.recorded_at),
                        id=hold.pk,
                        person_id=hold.person_id,
                        debts=(hold.account_id,) if hold.account_id else (),
                        until=hold.ends_on,
                        form="written" if hold.kind == Hold.Kind.DISPUTE else None,
                    )
                    records.append(stands)
                    if hold.kind in HELD_ANYWAY:
                        records.append(replace(stands, kind="hold"))
                    if hold.treatment_ended_on is not None:
                        ended = datetime.combine(hold.treatment_ended_on, time(12), clock.zone(case.creditor.time_zone))
                        records.append(Record(kind="crisis_treatment_ended", at=seen(ended), id=hold.pk))
        for promise in promises.get(case.pk, ()):
            records.append(Record(kind="promise_made", at=seen(promise.made_at), id=promise.pk, until=promise.due_on))
            if promise.status == Promise.Status.BROKEN and promise.settled_at is not None:
                records.append(Record(kind="promise_broken", at=seen(promise.settled_at), id=promise.pk))
        for plan in plans.get(case.pk, ()):
            agreed = plan.approved_at or plan.drafted_at
            records.append(
                Record(
                    kind="plan_performing",
                    at=seen(agreed),
                    id=plan.pk,
                    first_due=plan.first_due_on,
                    months=plan.months,
                )
            )
            if plan.status == Plan.Status.BROKEN and plan.ended_at is not None:
                records.append(Record(kind="plan_broken", at=seen(plan.ended_at), id=plan.pk))
        for role in roles.get(case.borrower_id, ()):
            records.append(
                Record(
                    kind=ROLE_RECORDS[PartyRole.Role(role.role)],
                    at=seen(role.since),
                    id=role.pk,
                    party="joint_debtor" if role.role == PartyRole.Role.JOINT_DEBTOR else "guarantor",
                    person_id=role.person_id,
                    debts=(role.account_id,) if role.account_id else (),
                )
            )
    return found, open_promises


def details_of(given: Consent) -> dict[str, Any]:
    """Return what a consent covers; one given in a contact that was itself not permitted is worth nothing."""
    return {**given.details, "valid": False} if given.context == Consent.Context.NOT_PERMITTED else given.details


def by(rows: Iterable[Any], attribute: str) -> dict[int, list[Any]]:
    """Return the rows grouped by this attribute."""
    grouped: dict[int, list[Any]] = {}
    for row in rows:
        grouped.setdefault(getattr(row, attribute), []).append(row)
    return grouped
