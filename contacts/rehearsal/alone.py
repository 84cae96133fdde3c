"""What a version would do for one case in the days to come, on a private copy of its rows; and what if.

The copy is the one of a rehearsal, of one person: the night's own steps and the simulated sending run on it, and the
database refuses to write anywhere else. Changes of "what if" are made on the copy. Days past due count on by the date;
no new tape comes. A payment below what is past due lowers the balance and leaves the days past due as they are.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from cases import closing
from cases.closing import Close, Span
from cases.models import Case, Promise
from cases.models.case import NextAction, Status
from collections_app.shared.once import asked_once
from contacts.models import Enrolment, PlannedContact
from contacts.night.stages import STAGES, Night
from contacts.rehearsal import running, shadow
from contacts.rehearsal.counting import Sent
from contacts.rehearsal.running import REHEARSAL, SendDay
from contacts.rehearsal.shadow import Part

MOST_DAYS: Final = 60


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
    """One day: the segment that the case is on, its status, and the steps that are due."""

    day: date
    segment: str
    status: str
    steps: list[Done] = field(default_factory=list)
    told: str = ""  # what is supposed to have happened on the day before: pays, kept, broken


def ahead(
    case: Case, *, version_id: int, days: int, at: datetime, send_day: SendDay, what_if: WhatIf | None = None
) -> list[Day]:
    """Return the days to come for a case, were this version in force. Nothing is stored, nobody is contacted.

    Closes the calling thread's connection before and after, as every rehearsal does: call it outside a transaction.
    """
    creditor = case.creditor
    first = running.first_close(creditor, at=at)
    newest = closing.newest_state(creditor.pk)
    part = Part(creditors=(creditor.pk,), person=case.person_id)
    span = Span(case.person_id - 1, case.person_id)
    found: list[Day] = []
    with shadow.opened(part, known_on=first), asked_once():
        running.put_in_force(version_id, at=at)
        if what_if is not None and what_if.kind in ("promises", "breaks"):
            _promise(case, what_if, at=at)
        for number in range(min(days, MOST_DAYS)):
            business_date = first + timedelta(days=number)
            instant = max(at, running.closes_at(creditor, business_date))
            close = Close(creditor, business_date, newest, REHEARSAL, instant)
            told = _happens(case, what_if, business_date, close)
            night = Night(close)
            for stage in STAGES:
                if stage.name in ("plans", "holds", "strategies"):
                    stage.work(night, span)
            sent = {one.planned_id: one for one in send_day(close, span)}
            found.append(_day(case, close, sent, told))
    return found


def _day(case: Case, close: Close, sent: dict[int, Sent], told: str) -> Day:
    now = Case.objects.get(pk=case.pk)
    stay = Enrolment.objects.filter(case_id=case.pk, left_on__isnull=True).select_related("segment").first()
    day = Day(close.day, stay.segment.key if stay else "", str(now.status), told=told)
    planned = PlannedContact.objects.filter(case_id=case.pk, business_date=close.day).order_by("planned_for", "pk")
    for row in planned:
        one = sent.get(row.pk)
        if one is not None:
            day.steps.append(Done(row.step_id, row.channel, one.at, one.outcome, one.reason))
        else:
            day.steps.append(Done(row.step_id, row.channel, row.planned_for, "task", row.reason_code))
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


def _happens(case: Case, what_if: WhatIf | None, on: date, close: Close) -> str:
    """Let happen what is supposed to happen on a day; return what it was."""
    if what_if is None or what_if.on != on:
        return ""
    if what_if.kind == "pays":
        _pay(case, what_if.amount, close)
        return "pays"
    own = Promise.objects.filter(case_id=case.pk, status=Promise.Status.OPEN)
    if what_if.kind == "breaks":
        own.update(status=Promise.Status.BROKEN, settled_at=close.at - timedelta(seconds=1))
        Case.objects.filter(pk=case.pk).update(status=Status.WORKING, next_action=NextAction.WAIT_STRATEGY)
        return "broken"
    own.update(status=Promise.Status.KEPT, settled_at=close.at - timedelta(seconds=1))
    Case.objects.filter(pk=case.pk).update(status=Status.WORKING, next_action=NextAction.WAIT_STRATEGY)
    _pay(case, what_if.amount, close)
    return "kept"


def _pay(case: Case, amount: Decimal, close: Close) -> None:
    now = Case.objects.get(pk=case.pk)
    left = max(Decimal(0), now.balance - amount)
    Case.objects.filter(pk=case.pk).update(balance=left)
    if left <= 0:
        Case.objects.filter(pk=case.pk).update(
            status=Status.CURED, past_due_since=None, cured_at=close.at, next_action="", next_action_at=None
        )
