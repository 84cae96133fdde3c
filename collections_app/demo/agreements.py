"""What a desk has going in the demo: plans, settlements, and cases shared out, made by the product's own verbs.

After the first close of day, because there is no case before it. The same book gives the same agreements; twice makes
nothing twice. A case of which a verb says no is passed over, and the next one is taken.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db import transaction

from cases import approvals
from cases.distribution import applying, previewing, workload
from cases.models import Approval, Case, Creditor, DistributionRun, Plan, Settlement
from cases.models.case import Status
from cases.plans import agreeing, drafting
from cases.refusal import Refused
from cases.settlements import offering
from collections_app.demo.organisation import ACTOR
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from collections_app.staff.models import User

PLANS: Final = 7  # of a creditor
SETTLEMENTS: Final = 4
MOST: Final = 2_000  # cases that are looked at
EVERY: Final = 7  # so many cases lie between two that are chosen
# Creditor, who asks, who signs.
DESKS: Final = (("lantern-bank", "li.na", "zhou.min"), ("thames-card-uk", "anna.cole", "raj.mehta"))


@dataclass(frozen=True, slots=True)
class _Desk:
    """One creditor's desk: who asks, who signs, and the day."""

    creditor: Creditor
    asks: Actor
    signs: Actor
    today: date
    at: datetime


def make(*, at: datetime) -> dict[str, int]:
    """Make what is missing; return how many plans, settlements and allocations there are."""
    for code, asks, signs in DESKS:
        creditor = Creditor.objects.filter(code=code).first()
        if creditor is None or not Case.objects.unresolved().filter(creditor=creditor).exists():
            continue
        people = {user.username: Actor.of(user) for user in User.objects.filter(username__in=[asks, signs])}
        today = clock.business_day(at, creditor.time_zone)
        desk = _Desk(creditor, people[asks], people[signs], today, at)
        if not Plan.objects.filter(case__creditor=creditor).exists():
            _some(desk, PLANS, _plan)
        if not Settlement.objects.filter(creditor=creditor).exists():
            _some(desk, SETTLEMENTS, _settlement)
        if not DistributionRun.objects.filter(creditor=creditor).exists():
            _share_out(desk)
    return {
        "plans": Plan.objects.count(),
        "settlements": Settlement.objects.count(),
        "allocations": DistributionRun.objects.count(),
    }


def _some(desk: _Desk, count: int, make_one: Callable[[_Desk, int, Case], None]) -> None:
    """Make so many on open cases of middling debts on which nothing was agreed, spread over the book."""
    free = Case.objects.filter(
        creditor=desk.creditor, status__in=[Status.NEW, Status.WORKING], balance__range=(8_000, 120_000), plans=None
    ).filter(settlements=None)
    made = 0
    for case in list(free.select_related("creditor", "person").order_by("pk")[:MOST:EVERY]):
        if made == count:
            return
        try:
            with transaction.atomic():
                make_one(desk, made, case)
        except Refused:
            continue
        made += 1


def _decide(desk: _Desk, subject: Any, number: int) -> None:
    """Have every second one signed that waits for a second person."""
    waiting = Approval.objects.filter(subject_label=subject._meta.label_lower, subject_id=subject.pk, status="pending")
    approval = waiting.first()
    if approval is not None and number % 2 == 0:
        approvals.decide(approval_id=approval.pk, approve=True, actor=desk.signs, at=desk.at)
    subject.refresh_from_db()


def _plan(desk: _Desk, number: int, case: Case) -> None:
    """Draft a plan of half a year to a year; of those that are agreed two of three are signed by the borrower."""
    months = (6, 12, 9)[number % 3]
    is_hardship = number % 4 == 3
    plan = drafting.draft(
        case_id=case.pk,
        wanted=drafting.Draft(
            kind=Plan.Kind.HARDSHIP if is_hardship else Plan.Kind.INSTALMENT,
            first_on=desk.today + timedelta(days=7 + number),
            count=months,
            reason="Lost work in the summer; begins again next month." if is_hardship else "Pays from wages.",
            currency=case.currency,
        ),
        left=(case.balance / months).quantize(Decimal(1)) * 2,
        actor=desk.asks,
        at=desk.at,
    )
    _decide(desk, plan, number)
    if plan.status == Plan.Status.APPROVED and number % 3 != 2:
        who = str(case.person)[:100]
        agreeing.sign(plan_id=plan.pk, how="electronic", by=who, evidence="demo", actor=desk.asks, at=desk.at)


def _settlement(desk: _Desk, number: int, case: Case) -> None:
    """Offer to give up a part of what is owed; some are within the collector's authority, some wait, some are taken."""
    settlement = offering.make(
        case_id=case.pk,
        wanted=offering.Wanted(
            percent=Decimal((5, 15, 8)[number % 3]),
            parts=(1, 3)[number % 2],
            first_due_on=desk.today + timedelta(days=10),
            expires_on=desk.today + timedelta(days=9),
            reason="Offers a sum that the family lends.",
        ),
        actor=desk.asks,
        at=desk.at,
    )
    _decide(desk, settlement, number)
    if settlement.status == Settlement.Status.OFFERED and number % 2 == 0:
        offering.accept(
            settlement_id=settlement.pk, how=Settlement.How.CALL, evidence="demo", actor=desk.asks, at=desk.at
        )


def _share_out(desk: _Desk) -> None:
    """Share the book out among its collectors, and write down what everybody holds."""
    try:
        run = previewing.ask(creditor=desk.creditor, team=desk.creditor.team, day=None, actor=ACTOR, at=desk.at)
        run = previewing.preview(run_id=run.pk, actor=ACTOR, at=desk.at)
        applying.apply(run_id=run.pk, actor=ACTOR, at=desk.at)
    except Refused:
        return
    workload.keep(creditor_id=desk.creditor.pk, on=desk.today)
