"""Promises to pay: made, moved, taken back. Dates are the creditor's business dates; what becomes of one:
`cases.promise_outcomes`.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from django.db import transaction
from django.db.models import Min
from django.utils.translation import gettext_lazy as _

from cases import lifecycle, promise_parts
from cases.models import Case, Hold, Product, Promise, PromisePart
from cases.models.case import NextAction
from cases.promise_outcomes import (
    break_overdue,
    credit,
    end_of_grace,
    overdue,
    parts_of,
    resume,
    settle_ended,
    settle_overdue,
    standing_of,
    uncredit,
)
from cases.promise_parts import Part
from cases.refusal import Refused
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from collections_app.shared.money import InexactAmount, Money
from compliance import audit

__all__ = [
    "Part",
    "PromiseRefused",
    "break_overdue",
    "cancel",
    "credit",
    "end_of_grace",
    "forbidding_hold",
    "make",
    "overdue",
    "parts_of",
    "resume",
    "settle_ended",
    "settle_overdue",
    "standing_of",
    "terms_of",
    "uncredit",
]
OPEN: Final = Promise.Status.OPEN
MOST_PARTS: Final = 6
# Nobody takes a promise of somebody who cannot give one, or whose debts others deal with.
FORBIDDING: Final = (
    Hold.Kind.BANKRUPTCY, Hold.Kind.DECEASED, Hold.Kind.REPRESENTED, Hold.Kind.BREATHING_SPACE, Hold.Kind.FRAUD,
    Hold.Kind.CRISIS, Hold.Kind.CAPACITY, Hold.Kind.MINOR,
)  # fmt: skip
# The terms of a case with several products are the strictest of each.
_TERMS: Final = (
    "promise_grace_days", "promise_tolerance", "promise_max_days", "promise_moves", "promise_move_days",
)  # fmt: skip


class PromiseRefused(Refused):
    SENTENCES = {
        "not-positive": _("The amount of a promise must be more than zero."),
        "too-much": _("%(amount)s is more than the %(owed)s that is owed."),
        "inexact": _("%(currency)s has no such fraction."),
        "currency": _("This case is in %(currency)s."),
        "past": _("%(due_on)s is in the past."),
        "too-late": _("A promise can be for %(latest)s at the latest."),
        "too-many": _("A promise has at most %(most)s parts; more of them are a plan."),
        "no-part": _("Say how much is promised, and by which day."),
        "already-open": _("There is an open promise for %(due_on)s already."),
        "moved-too-often": _("This promise was moved %(times)s times already; it cannot be moved again."),
        "moved-too-far": _("First promised for %(first)s: it can be moved to %(latest)s at the latest."),
        "resolved": _("This case is %(status)s; no promise can be recorded."),
        "held": _("Nothing can be agreed while there is a hold: %(hold)s."),
        "on-plan": _("This case is on a plan; its instalments are what is agreed."),
    }


@transaction.atomic
def make(
    *,
    case_id: int,
    amount: Decimal | None = None,
    currency: str,
    due_on: date | None = None,
    parts: Sequence[Part] = (),
    method: str = Promise.Method.TRANSFER,
    promised_by: str = Promise.By.BORROWER,
    promiser_id: int | None = None,
    actor: Actor,
    at: datetime,
    attempt_id: int | None = None,
    replace: bool = False,
) -> Promise:
    """Record that somebody promises this amount by this date, or these parts; the case waits for it.

    due_on, parts: business dates at the creditor. promised_by, promiser_id: who promises, where it is not the borrower.
    replace: take the place of an open promise instead of being refused; one that asks for more time or gives less moves
    it, which the product limits. Raises PromiseRefused.
    """
    case = lifecycle.locked(case_id)
    if case.is_resolved:
        raise PromiseRefused("resolved", status=case.get_status_display())
    if case.status == "on_plan":
        raise PromiseRefused("on-plan")
    if (hold := forbidding_hold(case)) is not None:
        raise PromiseRefused("held", hold=hold.get_kind_display())
    if currency != case.currency:
        raise PromiseRefused("currency", currency=case.currency)
    terms = terms_of(case)
    if not parts and amount is not None and due_on is not None:
        parts = (Part(due_on, amount),)
    agreed = _checked(case, parts, terms, today=clock.business_day(at, case.creditor.time_zone))
    standing = Promise.objects.filter(case=case, status=OPEN).first()
    moves = False
    if standing is not None:
        if not replace:
            raise PromiseRefused("already-open", due_on=standing.due_on)
        moves = _moves(standing, agreed, terms)
        _cancel(standing, actor=actor, at=at, why="moved" if moves else "replaced")
    promise = Promise.objects.create(
        case=case,
        person_id=case.person_id,
        creditor=case.creditor,
        amount=promise_parts.total(agreed),
        currency=currency,
        due_on=agreed[-1].due_on,
        next_due_on=agreed[0].due_on,
        first_due_on=standing.first_due_on if standing is not None else agreed[-1].due_on,
        grace_days=terms.promise_grace_days,
        tolerance=terms.promise_tolerance,
        method=method,
        promised_by=promised_by,
        promiser_id=promiser_id,
        replaces=standing,
        moved_times=standing.moved_times + moves if standing is not None else 0,
        made_at=at,
        made_with_id=actor.id if actor.kind == "user" else None,
        attempt_id=attempt_id,
    )
    PromisePart.objects.bulk_create(
        PromisePart(promise=promise, person_id=case.person_id, number=number, due_on=part.due_on, amount=part.amount,
                    currency=currency)
        for number, part in enumerate(agreed, start=1)
    )  # fmt: skip
    audit.record(
        "promise.moved" if moves else "promise.made",
        subject=promise,
        actor=actor,
        at=at,
        person_id=case.person_id,
        amount=promise.amount,
        currency=currency,
        due_on=promise.due_on,
        **({"parts": len(agreed)} if len(agreed) > 1 else {}),
        **({"from": standing.due_on, "times": promise.moved_times} if moves and standing is not None else {}),
    )
    until = end_of_grace(agreed[0].due_on, terms.promise_grace_days, case.creditor.time_zone)
    lifecycle.await_promise(case, due_at=until, actor=actor, at=at)
    return promise


def forbidding_hold(case: Case) -> Hold | None:
    """Return the hold because of which nothing is agreed with this person now, or None."""
    holds = Hold.objects.filter(person_id=case.person_id, released_at__isnull=True, kind__in=FORBIDDING)
    mine = holds.filter(creditor_id=case.creditor_id) | holds.filter(creditor_id__isnull=True)
    return mine.order_by("pk").first()


def _checked(case: Case, parts: Sequence[Part], terms: Product, *, today: date) -> tuple[Part, ...]:
    """Return the parts by day, each of them possible. Raises PromiseRefused."""
    if not parts:
        raise PromiseRefused("no-part")
    for part in parts:
        try:
            Money(part.amount, case.currency)
        except InexactAmount:
            raise PromiseRefused("inexact", currency=case.currency) from None
        if part.amount <= 0:
            raise PromiseRefused("not-positive")
        if part.due_on < today:
            raise PromiseRefused("past", due_on=part.due_on)
    agreed = promise_parts.in_order(parts)
    amount, owed = promise_parts.total(agreed), case.balance
    if amount > owed:
        raise PromiseRefused("too-much", amount=amount, owed=owed)
    if len(agreed) > MOST_PARTS:
        raise PromiseRefused("too-many", most=MOST_PARTS)
    latest = today + timedelta(days=terms.promise_max_days)
    if agreed[-1].due_on > latest:
        raise PromiseRefused("too-late", latest=latest)
    return agreed


def _moves(standing: Promise, agreed: Sequence[Part], terms: Product) -> bool:
    """Whether these parts give more time or less money than the promise they replace. Raises PromiseRefused."""
    rest = standing.amount - standing.paid_amount
    later = agreed[-1].due_on > standing.due_on or agreed[0].due_on > standing.next_due_on
    if not later and promise_parts.total(agreed) >= rest:
        return False
    if standing.moved_times >= terms.promise_moves:
        raise PromiseRefused("moved-too-often", times=standing.moved_times)
    latest = standing.first_due_on + timedelta(days=terms.promise_move_days)
    if agreed[-1].due_on > latest:
        raise PromiseRefused("moved-too-far", first=standing.first_due_on, latest=latest)
    return True


def terms_of(case: Case) -> Product:
    """Return the strictest terms among the products of the case, as an unsaved product: the least of each."""
    products = Product.objects.filter(accounts__person_id=case.person_id, accounts__creditor_id=case.creditor_id)
    least = products.aggregate(**{name: Min(name) for name in _TERMS})
    return Product(**{name: value for name, value in least.items() if value is not None})


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
