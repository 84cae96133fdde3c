"""Promises to pay: made, kept, partly kept, broken. Dates are the creditor's business dates."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import DateField, ExpressionWrapper, F, Sum
from django.utils.translation import gettext_lazy as _

from cases import arrears, events, lifecycle
from cases.models import Case, Payment, Product, Promise, PromisePayment
from cases.models.case import NextAction
from cases.refusal import Refused
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from collections_app.shared.money import InexactAmount, Money
from compliance import audit

OPEN = Promise.Status.OPEN


class PromiseRefused(Refused):
    SENTENCES = {
        "not-positive": _("The amount of a promise must be more than zero."),
        "too-much": _("%(amount)s is more than the %(owed)s that is owed."),
        "inexact": _("%(currency)s has no such fraction."),
        "currency": _("This case is in %(currency)s."),
        "past": _("%(due_on)s is in the past."),
        "too-late": _("A promise can be for %(latest)s at the latest."),
        "already-open": _("There is an open promise for %(due_on)s already."),
        "resolved": _("This case is %(status)s; no promise can be recorded."),
        "on-plan": _("This case is on a plan; its instalments are what is agreed."),
    }


def end_of_grace(due_on: date, grace_days: int, time_zone: str) -> datetime:
    """Return the instant at which an unpaid promise is broken: the end of its last day of grace at the creditor's."""
    return datetime.combine(due_on + timedelta(days=grace_days + 1), time.min, ZoneInfo(time_zone))


@transaction.atomic
def make(
    *,
    case_id: int,
    amount: Decimal,
    currency: str,
    due_on: date,
    method: str = Promise.Method.TRANSFER,
    actor: Actor,
    at: datetime,
    attempt_id: int | None = None,
    replace: bool = False,
) -> Promise:
    """Record that the borrower promises this amount by this date; the case waits for it.

    due_on: business date at the creditor. replace: cancel an open promise instead of refusing. Raises PromiseRefused.
    """
    case = lifecycle.locked(case_id)
    creditor = case.creditor
    if case.is_resolved:
        raise PromiseRefused("resolved", status=case.get_status_display())
    if case.status == "on_plan":
        raise PromiseRefused("on-plan")
    if currency != case.currency:
        raise PromiseRefused("currency", currency=case.currency)
    try:
        promised = Money(amount, currency)
    except InexactAmount:
        raise PromiseRefused("inexact", currency=currency) from None
    if promised.amount <= 0:
        raise PromiseRefused("not-positive")
    owed = case.balance
    if promised.amount > owed:
        raise PromiseRefused("too-much", amount=promised.amount, owed=owed)
    today = clock.business_day(at, creditor.time_zone)
    if due_on < today:
        raise PromiseRefused("past", due_on=due_on)
    terms = _terms(case)
    latest = today + timedelta(days=terms.promise_max_days)
    if due_on > latest:
        raise PromiseRefused("too-late", latest=latest)
    standing = Promise.objects.filter(case=case, status=OPEN).first()
    if standing is not None:
        if not replace:
            raise PromiseRefused("already-open", due_on=standing.due_on)
        _cancel(standing, actor=actor, at=at, why="replaced")
    promise = Promise.objects.create(
        case=case,
        person_id=case.person_id,
        creditor=creditor,
        amount=promised.amount,
        currency=currency,
        due_on=due_on,
        grace_days=terms.promise_grace_days,
        tolerance=terms.promise_tolerance,
        method=method,
        made_at=at,
        made_with_id=actor.id if actor.kind == "user" else None,
        attempt_id=attempt_id,
    )
    audit.record(
        "promise.made",
        subject=promise,
        actor=actor,
        at=at,
        person_id=case.person_id,
        amount=promised.amount,
        currency=currency,
        due_on=due_on,
    )
    lifecycle.await_promise(
        case, due_at=end_of_grace(due_on, terms.promise_grace_days, creditor.time_zone), actor=actor, at=at
    )
    return promise


def _terms(case: Case) -> Product:
    """Return the strictest terms among the products of the case: least grace, least tolerance, shortest reach."""
    products = Product.objects.filter(accounts__person_id=case.person_id, accounts__creditor_id=case.creditor_id)
    return products.order_by("promise_max_days", "promise_grace_days", "promise_tolerance", "pk").first() or Product()


def _cancel(promise: Promise, *, actor: Actor, at: datetime, why: str) -> None:
    promise.cancel(at=at)
    promise.save(update_fields=["status", "settled_at"])
    audit.record("promise.cancelled", subject=promise, actor=actor, at=at, person_id=promise.person_id, why=why)


@transaction.atomic
def cancel(*, promise_id: int, actor: Actor, at: datetime, why: str) -> Promise:
    """Take an open promise back (made in error, replaced by a plan); the case returns to work."""
    case_id = Promise.objects.values_list("case_id", flat=True).get(pk=promise_id)
    case = lifecycle.locked(case_id)
    promise = Promise.objects.select_for_update(of=("self",), no_key=True).get(pk=promise_id)
    _cancel(promise, actor=actor, at=at, why=why)
    if not case.is_resolved:
        lifecycle.return_to_work(case, action=NextAction.CALL, due_at=at, actor=actor, at=at, why="promise_cancelled")
    return promise


def credit(case: Case, payment: Payment, *, actor: Actor, at: datetime) -> Promise | None:
    """Count a payment towards the open promise of a locked case and settle it when it is fulfilled."""
    promise = Promise.objects.filter(case=case, status=OPEN).select_for_update(of=("self",), no_key=True).first()
    if promise is None or payment.value_on > promise.due_on + timedelta(days=promise.grace_days):
        return None
    if payment.value_on < clock.business_day(promise.made_at, case.creditor.time_zone):
        return None
    PromisePayment.objects.get_or_create(
        promise=promise, payment=payment, defaults={"person_id": promise.person_id, "amount": payment.amount}
    )
    _recount(promise)
    if promise.paid_amount >= promise.amount - promise.tolerance:
        _settle(promise, actor=actor, at=at)
    return promise


def _recount(promise: Promise) -> None:
    counted = PromisePayment.objects.filter(promise=promise).exclude(payment__status=Payment.Status.REVERSED)
    promise.paid_amount = counted.aggregate(total=Sum("amount"))["total"] or arrears.ZERO
    promise.save(update_fields=["paid_amount"])


def _settle(promise: Promise, *, actor: Actor, at: datetime) -> None:
    """Decide an open promise by what was paid: kept within tolerance, else partly kept, else broken."""
    if promise.paid_amount >= promise.amount - promise.tolerance:
        promise.keep(at=at)
        name = "promise.kept"
    elif promise.paid_amount > 0:
        promise.keep_partly(at=at)
        name = "promise.partly_kept"
    else:
        promise.break_(at=at)
        name = "promise.broken"
    promise.save(update_fields=["status", "settled_at"])
    audit.record(name, subject=promise, actor=actor, at=at, person_id=promise.person_id, paid=promise.paid_amount)
    if promise.status != Promise.Status.KEPT:
        announce = partial(events.promise_broken.send, sender=Promise, case_id=promise.case_id, at=at)
        transaction.on_commit(announce, robust=True)


@transaction.atomic
def settle_overdue(*, promise_id: int, business_date: date, actor: Actor, at: datetime) -> Promise | None:
    """Decide one open promise whose grace has ended before the business date; the case returns to work.

    Returns None when there is nothing to decide (settled meanwhile, or still in time). Safe to repeat.
    """
    case_id = Promise.objects.values_list("case_id", flat=True).get(pk=promise_id)
    case = lifecycle.locked(case_id)
    promise = Promise.objects.select_for_update(of=("self",), no_key=True).get(pk=promise_id)
    if promise.status != OPEN or promise.due_on + timedelta(days=promise.grace_days) >= business_date:
        return None
    _recount(promise)
    _settle(promise, actor=actor, at=at)
    if not case.is_resolved:
        lifecycle.return_to_work(case, action=NextAction.CALL, due_at=at, actor=actor, at=at, why=promise.status)
    return promise


def overdue(creditor_id: int, *, business_date: date):
    """Return the open promises of a creditor whose grace ended before the business date, oldest first."""
    ended = ExpressionWrapper(F("due_on") + F("grace_days"), output_field=DateField())
    return (
        Promise.objects.filter(creditor_id=creditor_id, status=OPEN)
        .annotate(last_day=ended)
        .filter(last_day__lt=business_date)
        .order_by("due_on", "pk")
    )


def break_overdue(*, creditor_id: int, business_date: date, actor: Actor, at: datetime) -> int:
    """Decide every open promise whose grace has ended; returns how many. Each in its own transaction."""
    ids = list(overdue(creditor_id, business_date=business_date).values_list("pk", flat=True))
    settled = (settle_overdue(promise_id=pk, business_date=business_date, actor=actor, at=at) for pk in ids)
    return sum(promise is not None for promise in settled)


def uncredit(payment: Payment, *, actor: Actor, at: datetime) -> list[Promise]:
    """Take a reversed payment out of the promises it counted for: a kept one becomes open again or broken."""
    touched = []
    links = PromisePayment.objects.filter(payment=payment).values_list("promise_id", flat=True)
    for promise in (
        Promise.objects.filter(pk__in=list(links)).select_for_update(of=("self",), no_key=True).order_by("pk")
    ):
        _recount(promise)
        still_kept = promise.paid_amount >= promise.amount - promise.tolerance
        if promise.status in (Promise.Status.KEPT, Promise.Status.PARTLY_KEPT) and not still_kept:
            promise.break_(at=at)
            promise.save(update_fields=["status", "settled_at"])
            audit.record(
                "promise.broken",
                subject=promise,
                actor=actor,
                at=at,
                person_id=promise.person_id,
                why="payment reversed",
            )
        touched.append(promise)
    return touched
