"""What a version would do for one case in the days to come, on a private copy of its rows; and what if.

The copy is the one of a rehearsal, of one person: the night's own steps and the simulated sending run on it, and the
database refuses to write anywhere else. Days past due count on by the date. No new tape comes, and the one that is
there is taken to stay fresh: the freshness step of the night is not asked.

Changes of "what if" are made on the copy, by the product's own verbs. A payment comes at noon of its day, to the oldest
debt first, and does what a payment does: it lowers the balance and what is past due; it makes an account current whose
arrears fall to the tolerance; it moves the days past due where the books are kept here and it settles the oldest due
date; it keeps promises, counts for plans, and cures. What a creditor's own system would say of the days past due after
a part payment only its next tape tells, so until then they go on.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Final

from cases import arrears, closing, payments
from cases.closing import Close, Span
from cases.models import Account, Case, Payment, Promise
from cases.models.case import NextAction, Status
from collections_app.shared import clock
from collections_app.shared.money import exponent
from collections_app.shared.once import asked_once
from contacts.models import Enrolment, PlannedContact
from contacts.night.stages import STAGES, Night
from contacts.rehearsal import reaching, running, shadow
from contacts.rehearsal.counting import Sent
from contacts.rehearsal.running import REHEARSAL, SendDay
from contacts.rehearsal.shadow import Part
from contacts.strategy import planner

MOST_DAYS: Final = 60
NOON: Final = time(12)


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What is supposed to happen: a payment on a day, or a promise made now for a day, kept or broken."""

    kind: str  # "", pays, promises, breaks
    amount: Decimal = Decimal(0)
    on: date | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """One step on a day: what would become of it, when, and by which rule it would be refused."""

    step_id: int
    channel: str
    at: datetime
    outcome: str  # sent, withheld, obstacle, task
    reason: str = ""


@dataclass(slots=True)
class Day:
    """One day: the segment that the case is on, its status, what is owed and past due, for how many days; and the steps
    that are due.
    """

    day: date
    segment: str
    status: str
    balance: Decimal = Decimal(0)
    past_due: Decimal = Decimal(0)
    dpd: int = 0
    steps: list[Done] = field(default_factory=list)
    told: str = ""  # what is supposed to have happened on the day before: pays, kept, broken


def ahead(
    case: Case,
    *,
    version_id: int,
    days: int,
    at: datetime,
    send_day: SendDay,
    what_if: WhatIf | None = None,
    with_answers: bool = True,
) -> list[Day]:
    """Return the days to come for a case, were this version in force. Nothing is stored, nobody is contacted.

    with_answers: whether he is taken to be reached as often as people were of late (`reaching`).

    Closes the calling thread's connection before and after, as every rehearsal does: call it outside a transaction.
    """
    creditor = case.creditor
    first = running.first_close(creditor, at=at)
    newest = closing.newest_state(creditor.pk)
    pays = what_if is not None and what_if.kind in ("pays", "promises")
    part = Part(creditors=(creditor.pk,), person=case.person_id, pays=pays)
    span = Span(case.person_id - 1, case.person_id)
    found: list[Day] = []
    with shadow.opened(part, known_on=first), asked_once():
        running.put_in_force(version_id, at=at)
        answers = reaching.of_creditors([creditor], at=at) if with_answers else reaching.NOBODY
        if what_if is not None and what_if.kind in ("promises", "breaks"):
            _promise(case, what_if, at=at)
        today = Close(creditor, first - timedelta(days=1), newest, REHEARSAL, at)
        if not planner.is_over(today):  # what is left of the day that the last close prepared
            for _sent in send_day(today, span, until=running.closes_at(creditor, today.day)):
                pass
        for number in range(min(days, MOST_DAYS)):
            business_date = first + timedelta(days=number)
            instant = max(at, running.closes_at(creditor, business_date))
            close = Close(creditor, business_date, newest, REHEARSAL, instant)
            told = _happens(case, what_if, business_date, close, at=at)
            night = Night(close)
            for stage in STAGES:
                if stage.name in ("plans", "holds", "strategies"):
                    stage.work(night, span)
            sent = {one.planned_id: one for one in send_day(close, span, until=running.closes_at(creditor, close.day))}
            found.append(_day(case, close, sent, told))
            answers.answer(close)
    return found


def _day(case: Case, close: Close, sent: dict[int, Sent], told: str) -> Day:
    now = Case.objects.get(pk=case.pk)
    stay = Enrolment.objects.filter(case_id=case.pk, left_on__isnull=True).select_related("segment").first()
    day = Day(close.day, stay.segment.key if stay else "", str(now.status), now.balance, told=told)
    accounts = Account.objects.filter(person_id=now.person_id, creditor_id=now.creditor_id, currency=now.currency)
    late = arrears.of_accounts(list(accounts), on=close.day)
    day.past_due = sum((position.amount for position in late), arrears.ZERO)
    day.dpd = now.dpd_on(close.day)
    planned = PlannedContact.objects.filter(case_id=case.pk, business_date=close.day).order_by("planned_for", "pk")
    for row in planned:
        one = sent.pop(row.pk, None)
        if one is not None:
            day.steps.append(Done(row.step_id, row.channel, one.at, one.outcome, one.reason))
        else:
            day.steps.append(Done(row.step_id, row.channel, row.planned_for, "task", row.reason_code))
    for one in sorted(sent.values(), key=lambda each: (each.at, each.planned_id)):  # of a day before, tried again
        if one.case_id == case.pk:
            day.steps.append(Done(one.step_id, one.channel, one.at, one.outcome, one.reason))
    return day


def _promise(case: Case, what_if: WhatIf, *, at: datetime) -> None:
    if what_if.on is None or Promise.objects.filter(case_id=case.pk, status=Promise.Status.OPEN).exists():
        return
    Promise.objects.create(
        case_id=case.pk,
        person_id=case.person_id,
        creditor_id=case.creditor_id,
        amount=max(what_if.amount, Decimal(1)),
        currency=case.currency,
        due_on=what_if.on,
        next_due_on=what_if.on,
        first_due_on=what_if.on,
        made_at=at,
    )
    Case.objects.filter(pk=case.pk).update(status=Status.PROMISED, next_action=NextAction.WAIT_STRATEGY)


def _happens(case: Case, what_if: WhatIf | None, on: date, close: Close, *, at: datetime) -> str:
    """Let happen what is supposed to happen on a day; return what it was."""
    if what_if is None or what_if.on != on:
        return ""
    if what_if.kind == "pays":
        _pay(case, what_if.amount, on, close, at=at)
        return "pays"
    own = Promise.objects.filter(case_id=case.pk, status=Promise.Status.OPEN)
    if what_if.kind == "breaks":
        own.update(status=Promise.Status.BROKEN, settled_at=close.at - timedelta(seconds=1))
        Case.objects.filter(pk=case.pk).update(status=Status.WORKING, next_action=NextAction.WAIT_STRATEGY)
        return "broken"
    _pay(case, what_if.amount, on, close, at=at)
    own.update(status=Promise.Status.KEPT, settled_at=close.at - timedelta(seconds=1))
    Case.objects.filter(pk=case.pk, status=Status.PROMISED).update(
        status=Status.WORKING, next_action=NextAction.WAIT_STRATEGY
    )
    return "kept"


def _pay(case: Case, amount: Decimal, on: date, close: Close, *, at: datetime) -> None:
    """Take a payment on the copy, at noon of its day or now where that is over; what follows from it follows."""
    noon = datetime.combine(on, NOON, clock.zone(close.creditor.time_zone))
    accounts = Account.objects.filter(person_id=case.person_id, creditor_id=case.creditor_id, currency=case.currency)
    first = accounts.exclude(status=Account.Status.CLOSED).order_by("pk").first()
    if first is None:
        return
    payments.record(
        creditor=close.creditor,
        source="what-if",
        external_ref=f"what-if {on}",
        amount=amount.quantize(Decimal(1).scaleb(-exponent(case.currency))),
        currency=case.currency,
        received_at=noon,
        value_on=on,
        account_id=first.pk,
        division=Payment.Division.OLDEST,
        actor=REHEARSAL,
        at=min(max(noon, at), close.at),
    )
