"""A plan is drafted: within law and firm, with what somebody can afford; and what of it needs a second person."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db import transaction
from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext_lazy as _

from cases import approvals, authority, lifecycle
from cases.models import Affordability, Case, Plan, PlanInstalment
from cases.plans import affordability, agreeing, schedule, taking, terms
from cases.plans.refusals import PlanRefused
from cases.plans.schedule import Schedule, ScheduleRefused, Wanted
from cases.plans.terms import Terms
from collections_app.shared import clock
from collections_app.shared.actor import USER, Actor
from collections_app.shared.money import InexactAmount, Money
from collections_app.staff.models import User
from collections_app.staff.roles import Role
from compliance import audit

Kind = Plan.Kind
LATER: Final = (Kind.EXTENSION, Kind.DEFERRAL)
# Why a plan needs a second person; each is a sentence for the page and for the approval.
REASONS: Final[Mapping[str, LazyText | str]] = {
    "above": _("the instalment is more than the form allows"),
    "no-form": _("nobody has asked what can be afforded"),
    "hardship": _("a hardship plan"),
    "personalised": _("personalised instalments"),
    "rest": _("a rest stays owed afterwards"),
    "again": _("renegotiated"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What is asked for. Amounts are in the currency of the case; covers: how much of the balance (None: all of it)."""

    kind: str = Kind.INSTALMENT
    first_on: date
    count: int | None = None
    instalment: Decimal | None = None
    cycle: str = schedule.MONTHLY
    down_payment: Decimal = Decimal(0)
    covers: Decimal | None = None
    rate: Decimal = Decimal(0)
    fees_run: bool = False
    reason: str = ""
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Previewed:
    """The schedule, what the form allows (None: no form), and why a second person has to agree (empty: nobody)."""

    schedule: Schedule
    terms: Terms
    allowed: Money | None = None
    reasons: tuple[str, ...] = field(default=())

    @property
    def sentences(self) -> list[str]:
        return [str(REASONS[reason]) for reason in self.reasons]


def preview(case: Case, draft: Draft, *, at: datetime, form: Affordability | None, again: bool = False) -> Previewed:
    """Return what a draft comes to; nothing is stored. Raises PlanRefused, ScheduleRefused."""
    if case.is_resolved:
        raise PlanRefused("resolved", status=case.get_status_display())
    owed = _owed(case, draft)
    today = clock.business_day(at, case.creditor.time_zone)
    bounds = terms.of_creditor(case.creditor_id, at=at)
    _check_dates(draft, today, bounds)
    if draft.kind == Kind.PERSONALISED and not terms.is_mainland_card(case):
        raise PlanRefused("not-here")
    wanted = Wanted(
        kind=draft.kind,
        owed=owed,
        agreed_on=today,
        first_on=draft.first_on,
        count=draft.count,
        instalment=_money(draft.instalment, case) if draft.instalment is not None else None,
        down_payment=_money(draft.down_payment, case),
        cycle=draft.cycle,
        rate=draft.rate,
        calendar=terms.calendar_of(case.creditor),
    )
    _check_length(case, wanted, _shortest_months(wanted), bounds, at=at)  # before a thousand lines are worked out
    try:
        planned = schedule.preview(wanted)
    except ScheduleRefused as refused:
        if refused.code in ("number", "never-ends") and wanted.count is None:
            refused.values |= _longest(case, wanted, bounds.months, at=at)
        raise
    _check_length(case, wanted, planned.months, bounds, at=at)
    allowed = Money(form.allowed, form.currency) if form is not None and form.currency == case.currency else None
    return Previewed(planned, bounds, allowed, _reasons(draft, planned, allowed, again=again))


def _owed(case: Case, draft: Draft) -> Money:
    if draft.currency and draft.currency != case.currency:
        raise PlanRefused("currency", currency=case.currency)
    if case.balance <= 0:
        raise PlanRefused("nothing-owed")
    covers = case.balance if draft.covers is None else draft.covers
    owed = _money(covers, case)
    if owed.amount <= 0:
        raise PlanRefused("not-positive")
    if owed.amount > case.balance:
        raise PlanRefused("covers", covers=owed, owed=Money(case.balance, case.currency))
    return owed


def _money(amount: Decimal, case: Case) -> Money:
    try:
        return Money(amount, case.currency)
    except InexactAmount:
        raise PlanRefused("inexact", currency=case.currency) from None


def _check_dates(draft: Draft, today: date, bounds: Terms) -> None:
    if draft.first_on < today:
        raise PlanRefused("past", first_on=draft.first_on)
    latest = today + timedelta(days=bounds.deferred if draft.kind in LATER else bounds.first)
    if draft.first_on > latest:
        raise PlanRefused("too-far", latest=latest)


def _shortest_months(wanted: Wanted) -> int:
    """Return how long it lasts at least, by the number of instalments alone."""
    count = wanted.count or 1
    if wanted.kind == schedule.ONE_PAYMENT or not 1 <= count <= schedule.MOST:
        return 1
    last = schedule.nominal(wanted.first_on, wanted.cycle, count - 1)
    needs_all = wanted.instalment is None
    return schedule.months_between(wanted.agreed_on, last) if needs_all else 1


def _check_length(case: Case, wanted: Wanted, months: int, bounds: Terms, *, at: datetime) -> None:
    forbidden = terms.barred(case, months=months, at=at)
    if forbidden is not None:
        does = _longest(case, wanted, bounds.months, at=at)
        raise PlanRefused("law", months=months, limit=forbidden.limit or "–", rule=forbidden.rule, **does)
    if months > bounds.months:
        does = _longest(case, wanted, bounds.months, at=at)
        raise PlanRefused("too-long", months=months, limit=bounds.months, **does)


def _longest(case: Case, wanted: Wanted, months: int, *, at: datetime) -> dict[str, Any]:
    """Return the longest plan within so many months, and the law, that passes: count, each at least, last_on; or {}."""
    forbidden = terms.barred(case, months=months, at=at)
    if forbidden is not None:
        if not forbidden.limit or forbidden.limit >= months:
            return {}
        months = forbidden.limit
    count = schedule.most_within(wanted, months)
    if not count:
        return {}
    try:
        planned = schedule.preview(replace(wanted, count=count, instalment=None))
    except ScheduleRefused:
        return {}
    if planned.months > months or terms.barred(case, months=planned.months, at=at) is not None:
        return {}
    return {"count": count, "each": planned.regular, "last_on": planned.last.due_on}


def _reasons(draft: Draft, planned: Schedule, allowed: Money | None, *, again: bool) -> tuple[str, ...]:
    found = []
    if draft.kind != Kind.EXTENSION:
        if allowed is None:
            found.append("no-form")
        elif not affordability.is_within(planned.regular, draft.cycle, allowed=allowed):
            found.append("above")
    elif allowed is None:
        found.append("no-form")
    if draft.kind == Kind.HARDSHIP:
        found.append("hardship")
    if draft.kind == Kind.PERSONALISED:
        found.append("personalised")
    if planned.remainder:
        found.append("rest")
    if again:
        found.append("again")
    return tuple(found)


@transaction.atomic
def draft(
    *,
    case_id: int,
    wanted: Draft,
    form_id: int | None = None,
    left: Decimal | None = None,
    replaces_id: int | None = None,
    version: int | None = None,
    actor: Actor,
    at: datetime,
) -> Plan:
    """Make a plan and put it before whoever must agree; approved at once where nobody has to. Raises PlanRefused.

    form_id: the form it rests on (default: the latest that counts). left: what is left in a month after essentials,
    which makes a short form. replaces_id: the running plan that this one renegotiates, which is possible once. A draft
    that stands is replaced.
    """
    case = lifecycle.locked(case_id)
    lifecycle.check_version(case, version)
    old = _replaced(case, replaces_id)
    if case.is_resolved:
        raise PlanRefused("resolved", status=case.get_status_display())
    agreeing.refuse_beside_a_settlement(case)
    if wanted.kind == Kind.HARDSHIP and not wanted.reason.strip():
        raise PlanRefused("no-reason")
    form = _form(case, form_id, left, actor=actor, at=at)
    previewed = preview(case, wanted, at=at, form=form, again=old is not None)
    for standing in Plan.objects.filter(case=case, status=Plan.Status.DRAFT):
        agreeing.drop(standing, case, why="replaced", actor=actor, at=at)
    plan = _create(case, wanted, previewed, form, old, actor=actor, at=at)
    reasons = previewed.reasons
    if not reasons:
        agreeing.agree(plan, case, by_id=None, actor=actor, at=at)
        return plan
    ask(plan, reasons, reason=wanted.reason, actor=actor, at=at)
    plan.refresh_from_db()
    return plan


def _replaced(case: Case, replaces_id: int | None) -> Plan | None:
    running = Plan.objects.filter(case=case, status__in=["performing", "missed"]).first()
    if Plan.objects.filter(case=case, status=Plan.Status.APPROVED).exists():
        raise PlanRefused("waits")
    if replaces_id is None:
        if running is not None:
            raise PlanRefused("runs")
        return None
    if running is None or running.pk != replaces_id:
        raise PlanRefused("not-running")
    if running.replaces_id is not None:
        raise PlanRefused("once")
    return running


def _form(case: Case, form_id: int | None, left: Decimal | None, *, actor: Actor, at: datetime) -> Affordability | None:
    if left is not None:
        return taking.take_short(case=case, left=left, actor=actor, at=at)
    standing = taking.latest(case, at=at)
    if form_id is None or (standing is not None and standing.pk == form_id):
        return standing
    raise PlanRefused("form")


def _create(
    case: Case,
    wanted: Draft,
    previewed: Previewed,
    form: Affordability | None,
    old: Plan | None,
    *,
    actor: Actor,
    at: datetime,
) -> Plan:
    planned, bounds = previewed.schedule, previewed.terms
    today = clock.business_day(at, case.creditor.time_zone)
    plan = Plan.objects.create(
        case=case,
        person_id=case.person_id,
        creditor_id=case.creditor_id,
        kind=wanted.kind,
        total=planned.total.amount,
        currency=case.currency,
        months=planned.months,
        first_due_on=planned.first.due_on,
        cycle=wanted.cycle,
        covers=planned.owed.amount,
        down_payment=wanted.down_payment,
        rate=wanted.rate,
        interest=planned.interest.amount,
        remainder=planned.remainder.amount,
        terms={
            "agreed_on": today.isoformat(),
            "grace_days": bounds.grace,
            "break_days": bounds.breaks,
            "reinstate_days": bounds.reinstate,
            "fees_run": wanted.fees_run,
            "reason": wanted.reason.strip()[:300],
            "balance": str(case.balance),
            "reasons": list(previewed.reasons),
            "tentative_from": next((line.due_on.isoformat() for line in planned.lines if line.tentative), ""),
        },
        affordability=form,
        replaces=old,
        sign_until=min(today + timedelta(days=bounds.sign), planned.first.due_on),
        drafted_at=at,
        drafted_by_id=actor.id if actor.kind == USER else None,
    )
    PlanInstalment.objects.bulk_create(
        PlanInstalment(
            plan=plan,
            person_id=case.person_id,
            number=line.number,
            due_on=line.due_on,
            nominal_on=line.nominal_on,
            amount=line.amount.amount,
            interest=line.interest.amount,
            currency=case.currency,
        )
        for line in planned.lines
    )
    audit.record(
        "plan.drafted",
        subject=plan,
        actor=actor,
        at=at,
        person_id=case.person_id,
        kind=plan.kind,
        total=plan.total,
        currency=plan.currency,
        instalments=planned.count,
        reasons=list(previewed.reasons),
        **({"replaces": old.pk} if old is not None else {}),
    )
    return plan


def ask(plan: Plan, reasons: tuple[str, ...], *, reason: str, actor: Actor, at: datetime) -> None:
    """Put a draft before a supervisor, with why it needs one."""
    role = Role.COLLECTOR
    if actor.kind == USER and actor.id is not None:
        role = Role(User.objects.values_list("role", flat=True).get(pk=actor.id))
    need = authority.needed(agreeing.KIND, plan.total, plan.currency, asker=role, person_id=plan.person_id, at=at)
    need = replace(need, signatures=max(1, need.signatures))  # why it is asked at all is a reason for a second person
    why = "; ".join(str(REASONS[name]) for name in reasons)
    audit.record("plan.approval_asked", subject=plan, actor=actor, at=at, person_id=plan.person_id, why=list(reasons))
    approvals.ask(
        kind=agreeing.KIND,
        subject=plan,
        amount=plan.total,
        currency=plan.currency,
        percent=None,
        reason=f"{why}. {reason}".strip(" ."),
        signatures=need.signatures,
        role=need.role,
        actor=actor,
        at=at,
    )


def same_again(plan: Plan) -> dict[str, Any]:
    """Return what a form of a plan begins with when it is drafted anew."""
    lines = list(plan.instalments.order_by("number"))
    regular = [line for line in lines if line.number]
    return {
        "kind": plan.kind,
        "instalment": regular[0].amount if regular else None,
        "count": len(regular),
        "cycle": plan.cycle,
        "rate": plan.rate,
    }
