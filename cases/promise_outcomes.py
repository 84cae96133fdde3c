"""What becomes of a promise: what counts towards it, when it is kept, kept in part or broken, and all of it backwards.

A part is judged when its grace has ended at the creditor's midnight, by the money that counts from a day in time. Money
of which we hear later, but that was in time, makes a broken promise kept; money that goes back opens it again where
there is still time, and breaks it where there is none.
"""

import logging
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

from django.db import DatabaseError, transaction
from django.db.models import DateField, ExpressionWrapper, F, QuerySet

from cases import events, lifecycle, promise_parts
from cases.models import Case, Creditor, Payment, Promise, PromisePayment
from cases.models.case import NextAction, Status
from cases.priority.rules import rules
from cases.promise_parts import Paid, Part, Standing
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from compliance import audit

log = logging.getLogger(__name__)
OPEN: Final = Promise.Status.OPEN
KEPT: Final = Promise.Status.KEPT
MISSED: Final = (Promise.Status.BROKEN, Promise.Status.PARTLY_KEPT)
A_TICK: Final = 200


def end_of_grace(due_on: date, grace_days: int, time_zone: str) -> datetime:
    """Return the instant at which an unpaid part is missed: the end of its last day of grace at the creditor's."""
    return datetime.combine(due_on + timedelta(days=grace_days + 1), time.min, ZoneInfo(time_zone))


def parts_of(promise: Promise) -> tuple[Part, ...]:
    """Return the parts of a promise, the earliest first."""
    rows = promise.parts.order_by("number").values_list("due_on", "amount")
    return tuple(Part(due_on, amount) for due_on, amount in rows) or (Part(promise.due_on, promise.amount),)


def next_part(promise: Promise) -> Part:
    """Return the first part that is not wholly paid, with what is still open of it; the last one when all are."""
    parts = parts_of(promise)
    for part, paid in zip(parts, promise_parts.covered(parts, promise.paid_amount), strict=True):
        if paid < part.amount:
            return Part(part.due_on, part.amount - paid)
    return parts[-1]


def standing_of(promise: Promise, *, on: date) -> Standing:
    """Return where a promise stands on a business date by what counts towards it; reversed payments do not."""
    counted = PromisePayment.objects.filter(promise=promise).exclude(payment__status=Payment.Status.REVERSED)
    paid = [Paid(value_on, amount) for value_on, amount in counted.values_list("payment__value_on", "amount")]
    return promise_parts.standing(
        parts_of(promise), paid, grace_days=promise.grace_days, tolerance=promise.tolerance, on=on
    )


def _keep_count(promise: Promise, found: Standing) -> None:
    promise.paid_amount, promise.next_due_on = found.paid, found.next_due or promise.due_on
    promise.save(update_fields=["paid_amount", "next_due_on"])


def credit(case: Case, payment: Payment, *, actor: Actor, at: datetime) -> Promise | None:
    """Count a payment towards the promise of a locked case that it is in time for, and settle it when it is fulfilled.

    That is the open one; without one the latest that was missed, for which this payment is late news.
    """
    promise = _meant(case, payment)
    if promise is None:
        return None
    PromisePayment.objects.get_or_create(
        promise=promise, payment=payment, defaults={"person_id": promise.person_id, "amount": payment.amount}
    )
    found = standing_of(promise, on=clock.business_day(at, case.creditor.time_zone))
    _keep_count(promise, found)
    if found.missed is None and found.next_due is None:
        _settle(promise, KEPT, actor=actor, at=at)
    elif promise.status == OPEN:
        _wait(case, promise)
    elif found.missed is not None:
        _settle(promise, Promise.Status.PARTLY_KEPT, actor=actor, at=at)
    elif not _is_open_elsewhere(promise):
        _reopen(promise, actor=actor, at=at, why="paid in time")
        _put_to_waiting(case, promise, actor=actor, at=at)
    return promise


def _meant(case: Case, payment: Payment) -> Promise | None:
    mine = Promise.objects.filter(case=case).select_for_update(of=("self",), no_key=True)
    for promise in (
        mine.filter(status=OPEN).first(),
        mine.filter(status__in=MISSED).order_by("-made_at", "-pk").first(),
    ):
        if promise is not None:
            first = clock.business_day(promise.made_at, case.creditor.time_zone)
            in_time = first <= payment.value_on <= promise.due_on + timedelta(days=promise.grace_days)
            return promise if in_time else None
    return None


def _wait(case: Case, promise: Promise) -> None:
    """Let the case wait for the part that is next."""
    if case.next_action == NextAction.WAIT_PROMISE:
        case.next_action_at = end_of_grace(promise.next_due_on, promise.grace_days, case.creditor.time_zone)
        case.save(update_fields=["next_action_at"])


def _is_open_elsewhere(promise: Promise) -> bool:
    return Promise.objects.filter(case_id=promise.case_id, status=OPEN).exclude(pk=promise.pk).exists()


def _settle(promise: Promise, status: str, *, actor: Actor, at: datetime, why: str = "") -> None:
    """Give a promise this end, unless it has it already."""
    if promise.status == status:
        return
    before = promise.status
    if status == KEPT:
        promise.keep(at=at)
    elif status == Promise.Status.PARTLY_KEPT:
        promise.keep_partly(at=at)
    else:
        promise.break_(at=at)
    promise.save(update_fields=["status", "settled_at"])
    details = {"why": why} if why else {"before": before} if before != OPEN else {}
    audit.record(
        f"promise.{status}", subject=promise, actor=actor, at=at, person_id=promise.person_id,
        paid=promise.paid_amount, **details,
    )  # fmt: skip
    if status == Promise.Status.BROKEN:
        _raise_case(promise)
    if status != KEPT and before != Promise.Status.PARTLY_KEPT:
        announce = partial(events.promise_broken.send, sender=Promise, case_id=promise.case_id, at=at)
        transaction.on_commit(announce, robust=True)


def _raise_case(promise: Promise) -> None:
    """Lift the case of the first broken promise above its like; every night computes the score anew."""
    others = Promise.objects.filter(case_id=promise.case_id, status=Promise.Status.BROKEN).exclude(pk=promise.pk)
    if not others.exists():
        Case.objects.filter(pk=promise.case_id).update(score=F("score") + rules().points["broken_promise"])


def _end_of(found: Standing) -> str:
    """Return how a promise ends of which a part was missed."""
    return Promise.Status.PARTLY_KEPT if found.paid > 0 else Promise.Status.BROKEN


@transaction.atomic
def settle_overdue(*, promise_id: int, business_date: date, actor: Actor, at: datetime) -> Promise | None:
    """Decide one open promise of which a part's grace has ended before the business date; the case returns to work.

    Returns None when there is nothing to decide (settled meanwhile, or still in time). Safe to repeat.
    """
    case_id = Promise.objects.values_list("case_id", flat=True).get(pk=promise_id)
    case = lifecycle.locked(case_id)
    promise = Promise.objects.select_for_update(of=("self",), no_key=True).get(pk=promise_id)
    if promise.status != OPEN or promise.next_due_on + timedelta(days=promise.grace_days) >= business_date:
        return None
    found = standing_of(promise, on=business_date)
    _keep_count(promise, found)
    if found.missed is None and found.next_due is not None:
        return None
    if found.missed is not None and case.is_resolved:
        _take_back(promise, actor=actor, at=at, why="arrears_cleared")
        return promise
    _settle(promise, KEPT if found.missed is None else _end_of(found), actor=actor, at=at)
    if not case.is_resolved:
        lifecycle.return_to_work(case, action=NextAction.CALL, due_at=at, actor=actor, at=at, why=promise.status)
    return promise


def overdue(creditor_id: int, *, business_date: date) -> QuerySet[Promise]:
    """Return the open promises of a creditor of which a part's grace ended before the business date, oldest first."""
    ended = ExpressionWrapper(F("next_due_on") + F("grace_days"), output_field=DateField())
    return (
        Promise.objects.filter(creditor_id=creditor_id, status=OPEN, next_due_on__lt=business_date)
        .annotate(last_day=ended)
        .filter(last_day__lt=business_date)
        .order_by("next_due_on", "pk")
    )


def break_overdue(*, creditor_id: int, business_date: date, actor: Actor, at: datetime) -> int:
    """Decide every open promise whose grace has ended; returns how many. Each in its own transaction."""
    ids = list(overdue(creditor_id, business_date=business_date).values_list("pk", flat=True))
    settled = (settle_overdue(promise_id=pk, business_date=business_date, actor=actor, at=at) for pk in ids)
    return sum(promise is not None for promise in settled)


def settle_ended(*, actor: Actor, at: datetime, most: int = A_TICK) -> int:
    """Decide the promises whose grace is over at this minute, at each creditor's own midnight; returns how many.

    At most so many. One whose person is locked by somebody else is left for the next minute.
    """
    waiting = Creditor.objects.filter(pk__in=Promise.objects.filter(status=OPEN).values("creditor_id"))
    settled = 0
    for creditor_id, time_zone in waiting.order_by("pk").values_list("pk", "time_zone"):
        today = clock.business_day(at, time_zone)
        ids = overdue(creditor_id, business_date=today).values_list("pk", flat=True)[: most - settled]
        for pk in list(ids):
            try:
                settled += settle_overdue(promise_id=pk, business_date=today, actor=actor, at=at) is not None
            except DatabaseError as error:
                log.warning("promise not settled", extra={"promise": pk, "error": type(error).__name__})
        if settled >= most:
            break
    return settled


def uncredit(payment: Payment, *, actor: Actor, at: datetime) -> list[Promise]:
    """Take a reversed payment out of the promises it counted for: a kept one is open again in time, else broken."""
    touched = []
    links = PromisePayment.objects.filter(payment=payment).values_list("promise_id", flat=True)
    mine = Promise.objects.filter(pk__in=list(links)).select_for_update(of=("self",), no_key=True)
    for promise in mine.select_related("creditor").order_by("pk"):
        found = standing_of(promise, on=clock.business_day(at, promise.creditor.time_zone))
        _keep_count(promise, found)
        if promise.status in (KEPT, *MISSED) and (found.missed or found.next_due):
            if found.missed is None and not _is_open_elsewhere(promise):
                _reopen(promise, actor=actor, at=at, why="payment reversed")
            else:
                _settle(promise, _end_of(found), actor=actor, at=at, why="payment reversed")
        touched.append(promise)
    return touched


def _reopen(promise: Promise, *, actor: Actor, at: datetime, why: str) -> None:
    promise.reopen()
    promise.save(update_fields=["status", "settled_at"])
    audit.record("promise.reopened", subject=promise, actor=actor, at=at, person_id=promise.person_id, why=why)


def resume(payment: Payment, *, actor: Actor, at: datetime) -> None:
    """Let the case wait again for a promise that a reversed payment left open. Call when the case is up to date.

    A promise of a case that has ended is taken back: nobody would wait for it.
    """
    for promise in Promise.objects.filter(payments__payment=payment, status=OPEN).order_by("pk"):
        case = Case.objects.select_for_update(of=("self",), no_key=True).get(pk=promise.case_id)
        if case.is_resolved:
            _take_back(promise, actor=actor, at=at, why="case ended")
        else:
            _put_to_waiting(case, promise, actor=actor, at=at)


def _take_back(promise: Promise, *, actor: Actor, at: datetime, why: str) -> None:
    promise.cancel(at=at)
    promise.save(update_fields=["status", "settled_at"])
    audit.record("promise.cancelled", subject=promise, actor=actor, at=at, person_id=promise.person_id, why=why)


def _put_to_waiting(case: Case, promise: Promise, *, actor: Actor, at: datetime) -> None:
    if case.status in (Status.NEW, Status.WORKING):
        until = end_of_grace(promise.next_due_on, promise.grace_days, case.creditor.time_zone)
        lifecycle.await_promise(case, due_at=until, actor=actor, at=at, keeps_review=True)
