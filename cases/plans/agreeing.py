"""A plan is agreed, signed and performed, given up, or refused: a move each, with the case that goes along."""

from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db import transaction
from django_fsm import can_proceed

from cases import approvals, lifecycle, promises
from cases.models import Case, Plan, PlanInstalment, Settlement
from cases.models.case import NextAction, Status
from cases.plans import terms
from cases.plans.refusals import PlanRefused
from cases.plans.schedule import working_day
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from compliance import audit

KIND: Final = "plan"


def locked(plan_id: int) -> tuple[Plan, Case]:
    """Return a plan and its case, the person locked first. Call inside a transaction."""
    case = lifecycle.locked(Plan.objects.values_list("case_id", flat=True).get(pk=plan_id))
    return Plan.objects.select_for_update(of=("self",), no_key=True).get(pk=plan_id), case


def _require(plan: Plan, move: Any) -> None:
    if not can_proceed(move):
        raise PlanRefused("not-possible", status=plan.get_status_display())


def next_due(plan: Plan) -> PlanInstalment | None:
    """Return the first instalment that is not paid."""
    lines = plan.instalments.order_by("number")
    return next((line for line in lines if line.left > 0), None)


def morning_of(day: date, time_zone: str) -> datetime:
    """Return when a day begins at the creditor's."""
    return datetime.combine(day, time.min, ZoneInfo(time_zone))


def refuse_beside_a_settlement(case: Case) -> None:
    """Refuse a plan where a settlement is being paid: one agreement at a time. Raises PlanRefused."""
    if Settlement.objects.filter(case=case, status=Settlement.Status.ACCEPTED).exists():
        raise PlanRefused("settlement")


def agree(plan: Plan, case: Case, *, by_id: int | None, actor: Actor, at: datetime) -> None:
    """Let a locked draft be signed; the case waits for the signature, an open promise gives way."""
    if case.is_resolved or case.balance < plan.covers:
        raise PlanRefused("stale")
    refuse_beside_a_settlement(case)
    _require(plan, plan.approve)
    plan.approve(by=None, at=at)
    plan.approved_by_id = by_id
    plan.save(update_fields=["status", "approved_at", "approved_by"])
    audit.record("plan.approved", subject=plan, actor=actor, at=at, person_id=plan.person_id, by_rule=by_id is None)
    for promise_id in case.promises.filter(status="open").values_list("pk", flat=True):
        promises.cancel(promise_id=promise_id, actor=actor, at=at, why="plan")
        case.refresh_from_db()
    until = plan.sign_until or clock.business_day(at, case.creditor.time_zone)
    wait(case, until=until + timedelta(days=1), actor=actor, at=at)


def wait(case: Case, *, until: date, actor: Actor, at: datetime) -> None:
    """Let a locked case wait for its plan until the beginning of a day at the creditor's."""
    lifecycle.await_plan(case, due_at=morning_of(until, case.creditor.time_zone), actor=actor, at=at)


@transaction.atomic
def sign(
    *,
    plan_id: int,
    how: str,
    by: str,
    evidence: str = "",
    signed_at: datetime | None = None,
    actor: Actor,
    at: datetime,
) -> Plan:
    """Record that the borrower signed; from now on the plan is performed and collection stops. Raises PlanRefused.

    by: who signed. evidence: what shows it (needed for a recorded call: which recording).
    """
    plan, case = locked(plan_id)
    if plan.status != Plan.Status.APPROVED:
        raise PlanRefused("not-possible", status=plan.get_status_display())
    moment = signed_at or at
    today = clock.business_day(at, case.creditor.time_zone)
    if how not in Plan.Signing.values or not by.strip():
        raise PlanRefused("who-signed")
    if moment > at:
        raise PlanRefused("signed-future")
    if how == Plan.Signing.RECORDED_CALL and not evidence.strip():
        raise PlanRefused("evidence")
    if plan.sign_until is not None and clock.business_day(moment, case.creditor.time_zone) > plan.sign_until:
        raise PlanRefused("sign-late", until=plan.sign_until)
    if plan.first_due_on < today:
        raise PlanRefused("first-over", due_on=plan.first_due_on)
    if case.is_resolved or case.balance < plan.covers:
        raise PlanRefused("stale")
    if plan.replaces_id is not None:
        old = Plan.objects.select_for_update(of=("self",), no_key=True).get(pk=plan.replaces_id)
        if old.is_running:
            _cancel(old, why="renegotiated", actor=actor, at=at)
    plan.signed_at, plan.signed_how = moment, how
    plan.signed_by, plan.signed_evidence = by.strip()[:100], evidence.strip()[:200]
    plan.perform()
    plan.save(update_fields=["status", "signed_at", "signed_how", "signed_by", "signed_evidence", "missed_on"])
    _move_down_payment(plan, case, today)
    audit.record(
        "plan.signed",
        subject=plan,
        actor=actor,
        at=at,
        person_id=plan.person_id,
        how=how,
        by=plan.signed_by,
        evidence=plan.signed_evidence,
        signed_at=moment,
    )
    audit.record("plan.started", subject=plan, actor=actor, at=at, person_id=plan.person_id)
    wait_for_next(plan, case, actor=actor, at=at)
    return plan


def _move_down_payment(plan: Plan, case: Case, today: date) -> None:
    """A down payment is due when the agreement is signed, not before."""
    due, _tentative = working_day(today, terms.calendar_of(case.creditor))
    plan.instalments.filter(number=0, due_on__lt=due).update(due_on=min(due, plan.first_due_on))


def wait_for_next(plan: Plan, case: Case, *, actor: Actor, at: datetime) -> None:
    """Let a locked case wait until grace of the next instalment is over."""
    coming = next_due(plan)
    day = coming.due_on if coming is not None else clock.business_day(at, case.creditor.time_zone)
    wait(case, until=day + timedelta(days=int(plan.terms.get("grace_days", 0)) + 1), actor=actor, at=at)


@transaction.atomic
def cancel(*, plan_id: int, why: str, actor: Actor, at: datetime) -> Plan:
    """Give a plan up before its end; the case returns to work. Raises PlanRefused."""
    plan, case = locked(plan_id)
    if not why.strip():
        raise PlanRefused("why")
    _require(plan, plan.cancel)
    drop(plan, case, why=why.strip()[:200], actor=actor, at=at)
    return plan


def drop(plan: Plan, case: Case, *, why: str, actor: Actor, at: datetime) -> None:
    """Cancel a plan of a locked case, and what is asked about it."""
    approvals.close(subject=plan, reason=why, actor=actor, at=at)
    had_begun = plan.status != Plan.Status.DRAFT
    _cancel(plan, why=why, actor=actor, at=at)
    if had_begun and case.status == Status.ON_PLAN and not is_standing(case):
        lifecycle.return_to_work(case, action=NextAction.CALL, due_at=at, actor=actor, at=at, why="plan-cancelled")


def turn_down(plan: Plan, *, why: str, actor: Actor, at: datetime) -> None:
    """End a draft that a second person refused."""
    audit.record("plan.refused", subject=plan, actor=actor, at=at, person_id=plan.person_id, why=why)
    _cancel(plan, why=why or "refused", actor=actor, at=at)


def _cancel(plan: Plan, *, why: str, actor: Actor, at: datetime) -> None:
    plan.cancel(at=at)
    if plan.signed_at is None:
        plan.replaces = None  # what was never signed replaced nothing: the other may still be renegotiated, once
    plan.save(update_fields=["status", "ended_at", "replaces"])
    audit.record("plan.cancelled", subject=plan, actor=actor, at=at, person_id=plan.person_id, why=why)


def is_standing(case: Case) -> bool:
    """Whether a plan of the case waits for its signature or is being performed."""
    return Plan.objects.filter(case=case, status__in=["approved", "performing", "missed"]).exists()
