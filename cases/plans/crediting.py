"""Payments meet instalments, oldest first, and a plan is made good, completed, reinstated, or open again.

What met what is worked out anew each time from the payments that count, so that the same payments in any order of
telling end in the same instalments, and a reversal leaves what would have been without the payment.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Final

from cases import lifecycle
from cases.models import Case, Payment, Plan, PlanInstalment, PlanPayment
from cases.models.case import NextAction, Status
from cases.plans import agreeing
from cases.plans.schedule import Paid, outstanding, spread
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from collections_app.shared.money import Money
from compliance import audit

RUNNING: Final = (Plan.Status.PERFORMING, Plan.Status.MISSED)


def credit(case: Case, payment: Payment, *, actor: Actor, at: datetime) -> Plan | None:
    """Count a payment towards the plan of a locked case; returns the plan, or None where it meets none.

    A plan that broke still takes payments in the days in which they can bring it back.
    """
    today = clock.business_day(at, case.creditor.time_zone)
    plan = _plan_of(case, today)
    if plan is None or plan.currency != payment.currency or plan.signed_at is None:
        return None
    if payment.value_on < clock.business_day(plan.signed_at, case.creditor.time_zone):
        return None
    _respread(plan, {payment.pk, *_linked(plan)})
    _judge(plan, case, today=today, actor=actor, at=at)
    return plan


def _plan_of(case: Case, today: date) -> Plan | None:
    plans = Plan.objects.filter(case=case).select_for_update(of=("self",), no_key=True)
    running: Plan | None = plans.filter(status__in=RUNNING).first()
    if running is not None:
        return running
    broken: Plan | None = plans.filter(status=Plan.Status.BROKEN, reinstated_at__isnull=True).order_by("-pk").first()
    return broken if broken is not None and today <= reinstatable_until(broken, case) else None


def reinstatable_until(plan: Plan, case: Case) -> date:
    """Return the last day on which paying what is behind brings a broken plan back; one of the past: never."""
    if plan.ended_at is None or plan.reinstated_at is not None:
        return date.min
    broken_on = clock.business_day(plan.ended_at, case.creditor.time_zone)
    return broken_on + timedelta(days=int(plan.terms.get("reinstate_days", 0)))


def _linked(plan: Plan) -> set[int]:
    met = PlanPayment.objects.filter(instalment__plan=plan).exclude(payment__status=Payment.Status.REVERSED)
    return set(met.values_list("payment_id", flat=True))


def _respread(plan: Plan, payment_ids: Iterable[int]) -> None:
    """Write what each of these payments met, and what of each instalment is paid."""
    payments = list(Payment.objects.filter(pk__in=set(payment_ids)).order_by("value_on", "pk"))
    lines = list(plan.instalments.order_by("number"))
    PlanPayment.objects.filter(instalment__plan=plan).delete()
    paid = {line.pk: line.amount - line.amount for line in lines}
    full_on: dict[int, date] = {}
    met = []
    amounts = [Money(line.amount, line.currency) for line in lines]
    for which, place, amount in spread([Money(each.amount, each.currency) for each in payments], amounts):
        line, payment = lines[place], payments[which]
        met.append(PlanPayment(instalment=line, payment=payment, person_id=plan.person_id, amount=amount.amount))
        paid[line.pk] += amount.amount
        if paid[line.pk] >= line.amount:
            full_on[line.pk] = payment.value_on
    PlanPayment.objects.bulk_create(met)
    for line in lines:
        if (line.paid_amount, line.paid_on) != (paid[line.pk], full_on.get(line.pk)):
            line.paid_amount, line.paid_on = paid[line.pk], full_on.get(line.pk)
            line.save(update_fields=["paid_amount", "paid_on"])


def payments_of(plan: Plan) -> list[Payment]:
    """Return the payments that count towards a plan, in the order in which they count."""
    return list(Payment.objects.filter(pk__in=_linked(plan)).order_by("value_on", "pk"))


def settles(plan: Plan, *, on: date) -> Money:
    """Return what settles the whole plan on a day, what would stay owed after it included; interest only until then."""
    paid = [Paid(payment.value_on, Money(payment.amount, payment.currency)) for payment in payments_of(plan)]
    since = date.fromisoformat(plan.terms["agreed_on"]) if "agreed_on" in plan.terms else plan.first_due_on
    return outstanding(Money(plan.covers, plan.currency), rate=plan.rate, since=since, paid=paid, on=on)


def is_behind(lines: Iterable[PlanInstalment], *, on: date, grace: int) -> bool:
    """Whether the grace of an unpaid instalment is over on a day."""
    return any(line.left > 0 and line.due_on + timedelta(days=grace) < on for line in lines)


def _judge(plan: Plan, case: Case, *, today: date, actor: Actor, at: datetime) -> None:
    lines = list(plan.instalments.order_by("number"))
    behind = is_behind(lines, on=today, grace=int(plan.terms.get("grace_days", 0)))
    if all(line.left <= 0 for line in lines) or _is_settled(plan, today):
        _complete(plan, case, actor=actor, at=at)
        return
    if plan.status == Plan.Status.BROKEN:
        if behind:
            return
        plan.reinstate(at=at)
        plan.save(update_fields=["status", "reinstated_at", "ended_at", "missed_on"])
        audit.record("plan.reinstated", subject=plan, actor=actor, at=at, person_id=plan.person_id)
    elif plan.status == Plan.Status.MISSED and not behind:
        plan.perform()
        plan.save(update_fields=["status", "missed_on"])
        audit.record("plan.caught_up", subject=plan, actor=actor, at=at, person_id=plan.person_id)
    if plan.status == Plan.Status.PERFORMING and not case.is_resolved:
        agreeing.wait_for_next(plan, case, actor=actor, at=at)


def _is_settled(plan: Plan, today: date) -> bool:
    return plan.covers > 0 and settles(plan, on=today).amount <= 0


def _complete(plan: Plan, case: Case, *, actor: Actor, at: datetime) -> None:
    if plan.status == Plan.Status.BROKEN:
        plan.reinstate(at=at)
    plan.complete(at=at)
    plan.save(update_fields=["status", "ended_at", "missed_on", "reinstated_at"])
    audit.record("plan.completed", subject=plan, actor=actor, at=at, person_id=plan.person_id)


def conclude(case: Case, *, actor: Actor, at: datetime) -> None:
    """Take a locked case whose plan is over back to work: something is still owed there. Safe to repeat."""
    if case.status == Status.ON_PLAN and not agreeing.is_standing(case):
        lifecycle.return_to_work(case, action=NextAction.REVIEW, due_at=at, actor=actor, at=at, why="plan-completed")


def uncredit(payment: Payment, *, actor: Actor, at: datetime) -> list[Plan]:
    """Take a reversed payment out of the plans it met: a completed one is open again, one that was up to date may be
    behind, which the night judges.
    """
    touched = []
    ids = PlanPayment.objects.filter(payment=payment).values_list("instalment__plan_id", flat=True).distinct()
    plans = Plan.objects.filter(pk__in=list(ids)).select_for_update(of=("self",), no_key=True).order_by("pk")
    for plan in plans.select_related("case"):
        _respread(plan, _linked(plan) - {payment.pk})
        runs = Plan.objects.filter(case_id=plan.case_id, status__in=RUNNING).exclude(pk=plan.pk).exists()
        if plan.status == Plan.Status.COMPLETED and not runs:
            plan.reopen()
            plan.save(update_fields=["status", "ended_at"])
            audit.record(
                "plan.reopened", subject=plan, actor=actor, at=at, person_id=plan.person_id, why="payment reversed"
            )
        touched.append(plan)
    return touched


def resume(case: Case, *, actor: Actor, at: datetime) -> None:
    """Let a locked, open case wait for its running plan again, after what had ended the plan was undone."""
    plan = Plan.objects.filter(case=case, status__in=RUNNING).first()
    if plan is not None and not case.is_resolved and case.status != Status.ON_PLAN:
        agreeing.wait_for_next(plan, case, actor=actor, at=at)
