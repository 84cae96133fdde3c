"""What people do with a day of the bank: match, explain, take in, state, close. Two people close a day.

Matching by itself comes with every statement (`match`); what it leaves is matched by a person, explained, or taken in
as a payment. A day is stated when nothing is left without a word, and closed by somebody else while it still says the
same.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from cases import matching, payments, reconciliation
from cases.models import BankDay, BankLine, Creditor, Payment
from cases.refusal import Refused
from collections_app.shared import clock
from collections_app.shared.actor import USER, Actor
from compliance import audit

BANK: Final = "bank"
_SURE: Final = 95  # from this weight on a guess is what the payer himself wrote


class BankRefused(Refused):
    SENTENCES = {
        "closed": _("%(day)s is closed."),
        "no-reason": _("Say why."),
        "matched": _("This line has its payment already."),
        "not-alike": _("Money that came is not matched with money that went."),
        "taken": _("This payment has its line of the bank already."),
        "not-money-in": _("Only money that came can become a payment."),
        "unsaid": _("%(count)s differences are not explained yet."),
        "same-person": _("You stated this day; somebody else closes it."),
        "not-stated": _("State the day first."),
        "changed": _("The day has changed since it was stated. State it again."),
        "nothing": _("Neither the bank nor the books know anything of this day."),
        "person": _("A person does this."),
    }


def _user(actor: Actor) -> int:
    if actor.kind != USER or actor.id is None:
        raise BankRefused("person")
    return actor.id


def _locked(line_id: int) -> BankLine:
    line = BankLine.objects.select_for_update(of=("self",), no_key=True).select_related("creditor").get(pk=line_id)
    _be_open(line.creditor_id, line.booked_on, line.currency)
    return line


def _be_open(creditor_id: int, day: date, currency: str) -> None:
    if BankDay.objects.filter(creditor_id=creditor_id, day=day, currency=currency, closed_at__isnull=False).exists():
        raise BankRefused("closed", day=day)


@transaction.atomic
def match(*, creditor: Creditor, first: date, last: date, currency: str, actor: Actor, at: datetime) -> int:
    """Match what plainly belongs together among the lines of these days; return how many lines found their payment."""
    lines = BankLine.objects.filter(
        creditor=creditor, booked_on__gte=first, booked_on__lte=last, currency=currency, payment__isnull=True,
        refund__isnull=True, explanation="",
    )  # fmt: skip
    free = list(lines.select_for_update(of=("self",), no_key=True).order_by("booked_on", "pk"))
    if not free:
        return 0
    reach = reconciliation.SAME_REFERENCE_WITHIN
    moved = reconciliation.movements(creditor, first=first - reach, last=last + reach, currency=currency)
    used = {
        reconciliation.key_of(line)
        for line in BankLine.objects.filter(creditor=creditor, matched_at__isnull=False)
        .filter(booked_on__gte=first - 2 * reach, booked_on__lte=last + 2 * reach)
        .only("payment_id", "refund_id", "is_reversal")
    }
    found = reconciliation.pair(free, [each for each in moved if each.key not in used])
    for line, movement, how in found:
        _link(line, movement, how=how, at=at)
    BankLine.objects.bulk_update(
        [line for line, _movement, _how in found],
        ["payment", "refund", "is_reversal", "matched_by", "matched_at"],
        batch_size=500,
    )
    return len(found)


def _link(line: BankLine, movement: reconciliation.Movement, *, how: str, at: datetime) -> None:
    line.payment, line.refund = movement.payment, movement.refund
    line.is_reversal, line.matched_by, line.matched_at = movement.is_reversal, how, at


@transaction.atomic
def pair(*, line_id: int, key: str, actor: Actor, at: datetime) -> BankLine:
    """Match a line with a movement of the books by hand. Raises BankRefused."""
    user_id, line = _user(actor), _locked(line_id)
    if line.matched_by:
        raise BankRefused("matched")
    reach = timedelta(days=62)
    moved = reconciliation.movements(
        line.creditor, first=line.booked_on - reach, last=line.booked_on + reach, currency=line.currency
    )
    movement = next((each for each in moved if each.key == key), None)
    if movement is None or (movement.amount < 0) != (line.amount < 0):
        raise BankRefused("not-alike")
    _link(line, movement, how=BankLine.Matched.PERSON, at=at)
    line.matched_with_id = user_id
    line.explanation, line.explained_at, line.explained_by = "", None, None
    try:
        with transaction.atomic():
            line.save()
    except IntegrityError:
        raise BankRefused("taken") from None
    audit.record("bank.matched", subject=line, actor=actor, at=at, movement=key, amount=line.amount)
    return line


@transaction.atomic
def part(*, line_id: int, actor: Actor, at: datetime) -> BankLine:
    """Take a match back. Raises BankRefused."""
    _user(actor)
    line = _locked(line_id)
    key = reconciliation.key_of(line)
    line.payment = line.refund = line.matched_with = line.matched_at = None
    line.is_reversal, line.matched_by = False, ""
    line.save()
    audit.record("bank.parted", subject=line, actor=actor, at=at, movement=key)
    return line


@transaction.atomic
def explain(*, line_id: int, text: str, actor: Actor, at: datetime) -> BankLine:
    """Say why a line is not in the books, or why its payment is of another amount. Raises BankRefused."""
    user_id, line = _user(actor), _locked(line_id)
    if not text.strip():
        raise BankRefused("no-reason")
    line.explanation, line.explained_at, line.explained_by_id = text.strip()[:200], at, user_id
    line.save(update_fields=["explanation", "explained_at", "explained_by"])
    audit.record("bank.explained", subject=line, actor=actor, at=at, amount=line.amount)
    return line


@transaction.atomic
def take_in(*, line_id: int, actor: Actor, at: datetime) -> Payment:
    """Record the payment that a line of the bank tells of; it waits for its account unless the payer wrote it.

    Raises BankRefused.
    """
    user_id, line = _user(actor), _locked(line_id)
    if line.matched_by:
        raise BankRefused("matched")
    if line.amount <= 0:
        raise BankRefused("not-money-in")
    noon = datetime.combine(line.booked_on, datetime.min.time(), clock.zone(line.creditor.time_zone))
    recorded = payments.record(
        creditor=line.creditor,
        source=BANK,
        external_ref=line.reference or f"#{bytes(line.key).hex()[:32]}",
        amount=line.amount,
        currency=line.currency,
        received_at=noon,
        value_on=line.booked_on,
        payer_name=line.payer_name,
        remittance=line.remittance,
        method=Payment.Method.TRANSFER,
        actor=actor,
        at=at,
    )
    payment = recorded.payment
    line.payment, line.matched_by, line.matched_at, line.matched_with_id = payment, BankLine.Matched.PERSON, at, user_id
    line.explanation, line.explained_at, line.explained_by = "", None, None
    try:
        with transaction.atomic():
            line.save()
    except IntegrityError:
        raise BankRefused("taken") from None
    audit.record("bank.taken_in", subject=line, actor=actor, at=at, payment=payment.pk, amount=line.amount)
    if payment.status == Payment.Status.UNALLOCATED:
        likely = [guess for guess in matching.guesses(payment) if guess.weight >= _SURE]
        if len(likely) == 1:
            account_id = likely[0].account.pk
            payment = payments.allocate(payment_id=payment.pk, account_id=account_id, actor=actor, at=at)
    return payment


def unsaid(found: reconciliation.Comparison, reasons: Mapping[str, str]) -> int:
    """Return how many differences of a day nobody has explained."""
    return (
        sum(not line.explanation for line in found.only_bank)
        + sum(not both.line.explanation for both in found.differing)
        + sum(not reasons.get(movement.key, "").strip() for movement in found.only_books)
    )


@transaction.atomic
def state(
    *, creditor: Creditor, day: date, currency: str, reasons: Mapping[str, str], actor: Actor, at: datetime
) -> BankDay:
    """Say that a day is compared and every difference explained. Raises BankRefused.

    reasons: key of a movement that the bank does not have -> why.
    """
    user_id = _user(actor)
    _be_open(creditor.pk, day, currency)
    found = reconciliation.compare(creditor, day=day, currency=currency)
    if not found.bank_total and not found.books_total and not (found.matched or found.only_bank or found.only_books):
        raise BankRefused("nothing")
    if count := unsaid(found, reasons):
        raise BankRefused("unsaid", count=count)
    said = {each.key: reasons[each.key].strip()[:200] for each in found.only_books}
    stated, _new = BankDay.objects.update_or_create(
        creditor=creditor, day=day, currency=currency,
        defaults={**_sums(found), "reasons": said, "stated_at": at, "stated_by_id": user_id},
    )  # fmt: skip
    audit.record("bank.day_stated", subject=stated, actor=actor, at=at, day=day, **_sums(found))
    return stated


def _sums(found: reconciliation.Comparison) -> dict[str, Any]:
    return {
        "bank_total": found.bank_total, "books_total": found.books_total, "explained_total": found.accounted,
    }  # fmt: skip


@transaction.atomic
def close(*, creditor: Creditor, day: date, currency: str, actor: Actor, at: datetime) -> BankDay:
    """Close a day that somebody else stated, if it still says the same. Raises BankRefused."""
    user_id = _user(actor)
    days = BankDay.objects.select_for_update(of=("self",), no_key=True)
    stated = days.filter(creditor=creditor, day=day, currency=currency).first()
    if stated is None:
        raise BankRefused("not-stated")
    if stated.closed_at is not None:
        raise BankRefused("closed", day=day)
    if stated.stated_by_id == user_id:
        raise BankRefused("same-person")
    found = reconciliation.compare(creditor, day=day, currency=currency)
    now = (found.bank_total, found.books_total, found.accounted)
    if now != (stated.bank_total, stated.books_total, stated.explained_total) or unsaid(found, stated.reasons):
        raise BankRefused("changed")
    stated.closed_at, stated.closed_by_id = at, user_id
    stated.save(update_fields=["closed_at", "closed_by"])
    audit.record("bank.day_closed", subject=stated, actor=actor, at=at, day=day, **_sums(found))
    return stated
