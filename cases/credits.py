"""What was paid too much: it waits as credit, goes to another account of the same person, or back to whoever paid it.

Both are the payment divided anew from the date on which it counts, so that every later balance says what it would have
said. A refund is marked by one person and sent by another.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from cases import arrears, ledger, locks, payment_effects, payments, positions
from cases.models import Account, LedgerEntry, Payment, Refund
from cases.payment_effects import Share
from cases.refusal import Refused
from collections_app.shared import clock
from collections_app.shared.actor import USER, Actor
from collections_app.shared.money import InexactAmount, Money
from compliance import audit

CREDIT: Final = LedgerEntry.Component.CREDIT
ZERO: Final = Decimal("0.00")


class CreditRefused(Refused):
    SENTENCES = {
        "not-possible": _("This payment is not on its accounts any more."),
        "too-much": _("%(amount)s is more than the %(credit)s that was paid too much."),
        "not-positive": _("The amount must be more than zero."),
        "inexact": _("%(currency)s has no such fraction."),
        "other-person": _("Credit moves between accounts of one person at one creditor in one currency."),
        "no-instruction": _("Say who asked for it, and how."),
        "no-payee": _("Say to whom it goes."),
        "waits": _("A refund of this account waits already."),
        "same-person": _("You marked this refund; somebody else sends it."),
        "done": _("This refund is sent or given up."),
        "no-reference": _("Give the reference of the transfer."),
        "person": _("A person does this."),
    }


def of_payment(payment: Payment) -> dict[int, Decimal]:
    """Return by account what of a payment meets nothing and waits as credit."""
    lines = LedgerEntry.objects.filter(payment=payment, component=CREDIT).order_by()
    sums = lines.values_list("account_id").annotate(total=Sum("amount"))
    return {account_id: -total for account_id, total in sums if total < 0}


def marked(payment: Payment) -> Decimal:
    """Return how much of a payment's credit is marked for a refund that has not been sent."""
    waiting = Refund.objects.filter(payment=payment, sent_at__isnull=True, dropped_at__isnull=True)
    return waiting.aggregate(total=Sum("amount"))["total"] or ZERO


def _locked(payment_id: int) -> Payment:
    person_id = Payment.objects.values_list("person_id", flat=True).get(pk=payment_id)
    if person_id is None:
        raise CreditRefused("not-possible")
    locks.lock(person_ids=[person_id])
    payment = Payment.objects.select_for_update(of=("self",), no_key=True).get(pk=payment_id)
    if payment.status != Payment.Status.ALLOCATED:
        raise CreditRefused("not-possible")
    return payment


def _checked(payment: Payment, account_id: int, amount: Decimal, *, but_marked: bool = True) -> Money:
    try:
        money = Money(amount, payment.currency)
    except InexactAmount:
        raise CreditRefused("inexact", currency=payment.currency) from None
    if money.amount <= 0:
        raise CreditRefused("not-positive")
    credit = of_payment(payment).get(account_id, ZERO) - (marked(payment) if but_marked else ZERO)
    if money.amount > credit:
        raise CreditRefused("too-much", amount=money.amount, credit=max(ZERO, credit))
    return money


@transaction.atomic
def move(
    *, payment_id: int, account_id: int, to_id: int, amount: Decimal, instruction: str, actor: Actor, at: datetime
) -> Payment:
    """Put credit of a payment from one account on another of the same person, as he asked. Raises CreditRefused."""
    payment = _locked(payment_id)
    money = _checked(payment, account_id, amount)
    if not instruction.strip():
        raise CreditRefused("no-instruction")
    accounts = payments.accounts_beside(payments.accounts_of(payment)[account_id])
    if to_id not in accounts or to_id == account_id:
        raise CreditRefused("other-person")
    wanted = payments.parts_of(payment)
    wanted[account_id] -= money.amount
    wanted[to_id] = wanted.get(to_id, ZERO) + money.amount
    payment.division = Payment.Division.INSTRUCTED
    payment.save(update_fields=["division"])
    _divide_anew(payment, accounts, wanted, touched=(account_id, to_id), at=at)
    audit.record(
        "payment.credit_moved", subject=payment, actor=actor, at=at, person_id=payment.person_id,
        amount=money.amount, account=account_id, to=to_id, instruction=instruction[:200],
    )  # fmt: skip
    _refresh(payment, at=at)
    return payment


def _divide_anew(
    payment: Payment,
    accounts: Mapping[int, Account],
    wanted: Mapping[int, Decimal],
    *,
    touched: tuple[int, ...],
    at: datetime,
) -> None:
    """Take a payment off the accounts on which its part changes, and post what is wanted there."""
    today = clock.business_day(at, payment.creditor.time_zone)
    mine = [accounts[pk] for pk in touched]
    before = {position.account.pk: position for position in arrears.of_accounts(mine, on=today)}
    heads = payment.entries.filter(kind=LedgerEntry.Kind.PAYMENT, part_of__isnull=True, reversed_by__isnull=True)
    had = payments.parts_of(payment)
    for head in heads.filter(account_id__in=touched).order_by("pk"):
        ledger.reverse(
            entry=head, account=accounts[head.account_id], effective_on=payment.value_on, at=at, source="payment"
        )
    for pk in touched:
        if wanted.get(pk, ZERO) > 0:
            ledger.take(
                accounts[pk], Money(wanted[pk], payment.currency), kind=LedgerEntry.Kind.PAYMENT, payment=payment,
                effective_on=payment.value_on, at=at, source="payment", reference=payment.external_ref,
            )  # fmt: skip
        more = wanted.get(pk, ZERO) - had.get(pk, ZERO)
        if more > 0:
            payment_effects.make_current(Share(accounts[pk], Money(more, payment.currency)), before[pk], at=at)


def _refresh(payment: Payment, *, at: datetime) -> None:
    assert payment.account is not None
    case = positions.open_case(payment.account)
    if case is not None:
        positions.refresh(case, on=_today(payment, at))


def _today(payment: Payment, at: datetime) -> date:
    return clock.business_day(at, payment.creditor.time_zone)


def _user(actor: Actor) -> int:
    if actor.kind != USER or actor.id is None:
        raise CreditRefused("person")
    return actor.id


@transaction.atomic
def mark(*, payment_id: int, account_id: int, amount: Decimal, payee: str, actor: Actor, at: datetime) -> Refund:
    """Mark credit of a payment to go back; somebody else sends it. Raises CreditRefused."""
    user_id, payment = _user(actor), _locked(payment_id)
    money = _checked(payment, account_id, amount)
    if not payee.strip():
        raise CreditRefused("no-payee")
    waiting = Refund.objects.filter(account_id=account_id, sent_at__isnull=True, dropped_at__isnull=True)
    if waiting.exists():
        raise CreditRefused("waits")
    assert payment.person is not None  # it is on an account
    refund = Refund.objects.create(
        payment=payment, account_id=account_id, person=payment.person, creditor=payment.creditor,
        amount=money.amount, currency=money.currency, payee=payee.strip()[:200], marked_at=at, marked_by_id=user_id,
    )  # fmt: skip
    audit.record(
        "refund.marked", subject=refund, actor=actor, at=at, person_id=refund.person_id, amount=money.amount,
        currency=money.currency,
    )  # fmt: skip
    return refund


def _waiting(refund_id: int) -> tuple[Payment, Refund]:
    payment_id = Refund.objects.values_list("payment_id", flat=True).get(pk=refund_id)
    payment = _locked(payment_id)
    refund = Refund.objects.select_for_update(of=("self",), no_key=True).get(pk=refund_id)
    if refund.sent_at is not None or refund.dropped_at is not None:
        raise CreditRefused("done")
    return payment, refund


@transaction.atomic
def send(*, refund_id: int, reference: str, actor: Actor, at: datetime) -> Refund:
    """Record that a refund was sent by somebody who did not mark it; the credit is gone. Raises CreditRefused."""
    user_id, (payment, refund) = _user(actor), _waiting(refund_id)
    if refund.marked_by_id == user_id:
        raise CreditRefused("same-person")
    if not reference.strip():
        raise CreditRefused("no-reference")
    _checked(payment, refund.account_id, refund.amount, but_marked=False)
    wanted = payments.parts_of(payment)
    wanted[refund.account_id] -= refund.amount
    accounts = payments.accounts_of(payment)
    _divide_anew(payment, accounts, wanted, touched=(refund.account_id,), at=at)
    refund.sent_at, refund.sent_by_id, refund.reference = at, user_id, reference.strip()[:80]
    refund.save(update_fields=["sent_at", "sent_by", "reference"])
    audit.record(
        "refund.sent", subject=refund, actor=actor, at=at, person_id=refund.person_id, amount=refund.amount,
        currency=refund.currency, reference=refund.reference,
    )  # fmt: skip
    _refresh(payment, at=at)
    return refund


@transaction.atomic
def give_up(*, refund_id: int, actor: Actor, at: datetime) -> Refund:
    """Give a refund up that was not sent: the credit stays. Raises CreditRefused."""
    _user(actor)
    _payment, refund = _waiting(refund_id)
    refund.dropped_at = at
    refund.save(update_fields=["dropped_at"])
    audit.record("refund.given_up", subject=refund, actor=actor, at=at, person_id=refund.person_id)
    return refund
