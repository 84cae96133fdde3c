"""What the one statement of `contacts.facts` must find, read plainly: every row of the models, chosen in Python."""

from datetime import datetime, timedelta
from typing import Any

from cases.firm_policy import UNSET, Policy
from cases.models import (
    Account,
    Case,
    Consent,
    ContactPoint,
    FirmPolicyVersion,
    Hold,
    Instruction,
    InstructionWithdrawal,
    LocationClaim,
    PartyRole,
    Plan,
    Promise,
)
from contacts.facts.rows import (
    AccountRow,
    AttemptRow,
    CaseRow,
    ClaimRow,
    ConsentRow,
    Found,
    HoldRow,
    InstructionRow,
    LimitationRow,
    PlanRow,
    PointRow,
    PromiseRow,
    RoleRow,
    StopRow,
)
from contacts.models import ContactAttempt, LegalClock, StopOrder

WORK = ("work_phone", "workplace", "work_email")
NOTICES = ("validation_notice", "verification", "collection_notice", "agency_notice")
ONCE = (
    "opt_out_confirmation", "opt_out_confirmation_with_demand", "efforts_terminated", "notify_remedy",
    "threaten_suit", "statutory_notice",
)  # fmt: skip


def found(case_id: int, *, at: datetime, contacted_id: int | None, live: bool, window: timedelta) -> Found:
    """Return everything that the statement should return for this case."""
    case = Case.objects.select_related("creditor", "person").get(pk=case_id)
    who = case.person if contacted_id is None else type(case.person).objects.get(pk=contacted_id)
    both = {case.person_id, who.pk}
    points = list(ContactPoint.objects.filter(person=who).select_related("address").order_by("position", "pk"))
    reached = {point.address_id for point in points}
    creditor = case.creditor

    def ordered(model: Any) -> list[Any]:
        return list(model.objects.order_by("pk"))

    return Found(
        CaseRow(
            case.pk,
            case.person_id,
            who.pk,
            creditor.pk,
            case.borrower_id,
            case.status,
            case.past_due_since,
            creditor.code,
            creditor.kind,
            creditor.acting_as,
            creditor.time_zone,
            who.jurisdiction,
            who.time_zone,
            who.created_at,
        ),
        tuple(
            PointRow(p.pk, p.address_id, p.kind, p.state, p.time_zone, p.created_at, p.address.suppressed_at)
            for p in points
        ),
        tuple(
            AccountRow(a.pk, a.product.kind)
            for a in ordered(Account)
            if a.person_id == case.person_id and a.creditor_id == creditor.pk and a.status == "open"
        ),
        tuple(
            ClaimRow(c.person_id, c.basis, c.time_zone, c.jurisdiction, c.authoritative, c.learned_at)
            for c in sorted(ordered(LocationClaim), key=lambda c: c.pk)
            if c.person_id in both and (c.ended_at is None or (not live and c.ended_at > at))
        ),
        _attempts(case, who, both, points, at=at, live=live, since=at - window),
        tuple(
            _row(InstructionRow, told, withdrawn_at=_withdrawn(told))
            for told in ordered(Instruction)
            if told.person_id in both or told.address_id in reached
        ),
        tuple(_row(ConsentRow, given) for given in ordered(Consent) if given.person_id in both),
        tuple(
            _row(HoldRow, hold)
            for hold in ordered(Hold)
            if hold.person_id in both and (hold.released_at is None or (not live and hold.released_at > at))
        ),
        tuple(
            _row(PromiseRow, promise)
            for promise in ordered(Promise)
            if promise.case_id == case.pk and promise.status in ("open", "broken")
        ),
        tuple(
            _row(PlanRow, plan)
            for plan in ordered(Plan)
            if plan.case_id == case.pk and plan.status in ("approved", "performing", "missed", "broken")
        ),
        tuple(
            _row(RoleRow, party)
            for party in ordered(PartyRole)
            if party.borrower_id == case.borrower_id
            and party.role in ("joint_debtor", "guarantor", "counter_guarantor")
            and (party.until is None or party.until > at)
        ),
        tuple(
            _row(LimitationRow, period)
            for period in ordered(LegalClock)
            if period.case_id == case.pk and period.kind == "limitation" and period.over_at <= at
        ),
        _policy(creditor, at),
        tuple(StopRow(stop.scope, stop.target) for stop in ordered(StopOrder) if stop.lifted_at is None),
    )


def _row(kind: Any, model: Any, **more: Any) -> Any:
    return kind(*(more[name] if name in more else getattr(model, name) for name in kind._fields))


def _withdrawn(told: Instruction) -> datetime | None:
    undone = InstructionWithdrawal.objects.filter(instruction=told).first()
    return undone.withdrawn_at if undone else None


def _policy(creditor: Any, at: datetime) -> Policy:
    versions = [v for v in FirmPolicyVersion.objects.filter(creditor=creditor) if v.in_force_from <= at]
    if not versions:
        return UNSET
    last = max(versions, key=lambda version: (version.in_force_from, version.pk))
    return Policy(last.opens, last.closes, last.document, last.pk)


def _attempts(
    case: Case, who: Any, both: set[int], points: list[ContactPoint], *, at: datetime, live: bool, since: datetime
) -> tuple[AttemptRow, ...]:
    reached = {point.address_id for point in points}
    everything = [
        attempt
        for attempt in ContactAttempt.objects.select_related("contact_point", "creditor").order_by("at", "pk")
        if attempt.status not in ("withheld", "cancelled") and (live or attempt.at <= at)
    ]
    chosen = {
        attempt.pk
        for attempt in everything
        if attempt.at >= since
        and (attempt.person_id in both or attempt.contacted_id in both or attempt.address_id in reached)
    }
    earlier = [attempt for attempt in everything if attempt.at < since and attempt.contacted_id == who.pk]
    chosen |= {
        attempt.pk
        for attempt in earlier
        if attempt.content_class in NOTICES
        or attempt.party not in ("debtor", "joint_debtor", "guarantor")
        or attempt.purpose in ONCE
        or (attempt.status in ("cleared", "in_progress") and attempt.valid_until < since)
    }
    talks = [attempt.pk for attempt in earlier if attempt.outcome in ("conversation", "met")]
    chosen |= {*talks[:1], *talks[-1:]}
    at_work = {point.address_id for point in points if point.kind in WORK}
    for address in reached:
        there = [
            attempt for attempt in everything if attempt.at < since and attempt.address_id == address
        ]  # whoever was reached: the last of a number may have been somebody else
        inbound = [attempt for attempt in there if attempt.direction == "inbound"][-1:]
        last = there[-10:] if address in at_work else there[-3:]
        chosen |= {attempt.pk for attempt in (*inbound, *last) if attempt.contacted_id == who.pk}
    return tuple(
        AttemptRow(
            attempt.pk,
            attempt.at,
            attempt.channel,
            attempt.direction,
            attempt.status,
            attempt.outcome,
            attempt.party,
            attempt.person_id,
            attempt.contacted_id,
            attempt.contact_point_id,
            attempt.address_id,
            attempt.contact_point.kind if attempt.contact_point else None,
            attempt.contact_point.reserved if attempt.contact_point else None,
            attempt.debts,
            attempt.purpose,
            attempt.content_class,
            attempt.automated,
            attempt.creditor.acting_as,
            attempt.made_by_id,
            attempt.case_id,
        )
        for attempt in everything
        if attempt.pk in chosen
    )
