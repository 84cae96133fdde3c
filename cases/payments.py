"""Money that arrives: recorded once, put on its account, counted for promises, able to cure; and all of it backwards.

The reference of a payment is unique per creditor and source, so the same payment told twice is one payment. One that
nobody can place is kept, unallocated, until a person places it: money is never refused because we do not know whose
it is.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from cases import arrears, ledger, lifecycle, locks, promises
from cases.imports import canonical
from cases.imports.refusals import CellRefused
from cases.models import Account, Case, Creditor, LedgerEntry, Payment
from cases.models.case import OPEN, NextAction, Status
from cases.refusal import Refused
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from collections_app.shared.money import InexactAmount, Money, UnknownCurrency
from collections_app.shared.sealed import digest, last4
from compliance import audit


class PaymentRefused(Refused):
    SENTENCES = {
        "not-positive": _("The amount of a payment must be more than zero; %(amount)s is not."),
        "currency": _("%(currency)s is not a currency these books keep."),
        "inexact": _("%(currency)s has no such fraction."),
        "future": _("%(value_on)s is in the future."),
        "no-reference": _("A payment needs a reference of its source."),
        "conflict": _("Reference %(reference)s is already a payment of %(amount)s %(currency)s."),
        "wrong-currency": _("The account is in %(currency)s."),
        "not-possible": _("A payment that is %(status)s cannot do this."),
        "no-reason": _("Say why."),
    }


@dataclass(frozen=True, slots=True)
class Recorded:
    """A payment, and whether this call was the one that made it."""

    payment: Payment
    is_new: bool


def record(
    *,
    creditor: Creditor,
    source: str,
    external_ref: str,
    amount: Decimal,
    currency: str,
    received_at: datetime,
    value_on: date | None = None,
    account_number: str = "",
    account_id: int | None = None,
    payer: str = "borrower",
    batch_id: int | None = None,
    actor: Actor,
    at: datetime,
) -> Recorded:
    """Take a payment and do everything that follows from it: ledger, promise, cure.

    value_on: the date from which it counts (default: the business date of `received_at`). account_number: as the source
    writes it. Raises PaymentRefused; a repeated reference with the same content returns the first payment.
    """
    money = _checked(amount, currency)
    account_number = _canonical(account_number)
    if not external_ref.strip():
        raise PaymentRefused("no-reference")
    value_on = value_on or clock.business_day(received_at, creditor.time_zone)
    if value_on > clock.business_day(at, creditor.time_zone):
        raise PaymentRefused("future", value_on=value_on)
    account = _find(creditor, account_number=account_number, account_id=account_id)
    try:
        with transaction.atomic():
            if account is not None:
                locks.lock(person_ids=[account.person_id])
            payment = Payment.objects.create(
                creditor=creditor,
                source=source,
                external_ref=external_ref,
                amount=money.amount,
                currency=money.currency,
                received_at=received_at,
                value_on=value_on,
                account_hint=digest("account", account_number) if account_number else None,
                account_hint_last4=last4(account_number) if account_number else "",
                payer=payer,
                batch_id=batch_id,
                recorded_at=at,
                recorded_by=str(actor),
            )
            audit.record(
                "payment.recorded",
                subject=payment,
                actor=actor,
                at=at,
                person_id=account.person_id if account else None,
                amount=money.amount,
                currency=money.currency,
                source=source,
            )
            if account is None:
                _set_aside(payment, reason="unknown-account", actor=actor, at=at)
            elif account.currency != money.currency:
                _set_aside(payment, reason="wrong-currency", actor=actor, at=at)
            else:
                _allocate(payment, account, actor=actor, at=at)
            return Recorded(payment, is_new=True)
    except IntegrityError as clash:
        if "payment_reference_is_unique" not in str(clash):
            raise
    return Recorded(_same_as_before(creditor, source, external_ref, money, account), is_new=False)


def _checked(amount: Decimal, currency: str) -> Money:
    try:
        money = Money(amount, currency)
    except UnknownCurrency:
        raise PaymentRefused("currency", currency=currency) from None
    except InexactAmount:
        raise PaymentRefused("inexact", currency=currency) from None
    if money.amount <= 0:
        raise PaymentRefused("not-positive", amount=amount)
    return money


def _canonical(account_number: str) -> str:
    """Return the spelling under which account numbers are stored; one that cannot be read is no account of ours."""
    if not account_number:
        return ""
    try:
        return canonical.account_number(account_number)
    except CellRefused:
        return account_number


def _find(creditor: Creditor, *, account_number: str, account_id: int | None) -> Account | None:
    accounts = Account.objects.filter(creditor=creditor)
    if account_id is not None:
        return accounts.filter(pk=account_id).first()
    if account_number:
        return accounts.filter(number_hash=digest("account", account_number)).first()
    return None


def _same_as_before(
    creditor: Creditor, source: str, external_ref: str, money: Money, account: Account | None
) -> Payment:
    payment = Payment.objects.get(creditor=creditor, source=source, external_ref=external_ref)
    is_same = (payment.amount, payment.currency) == (money.amount, money.currency) and (
        account is None or payment.account_id in (None, account.pk)
    )
    if not is_same:
        raise PaymentRefused("conflict", reference=external_ref, amount=payment.amount, currency=payment.currency)
    return payment


def _set_aside(payment: Payment, *, reason: str, actor: Actor, at: datetime) -> None:
    payment.set_aside(reason=reason)
    payment.save(update_fields=["status", "unallocated_reason"])
    audit.record("payment.unallocated", subject=payment, actor=actor, at=at, reason=reason)


@transaction.atomic
def allocate(*, payment_id: int, account_id: int, actor: Actor, at: datetime) -> Payment:
    """Put an unallocated payment on an account of the same creditor and currency. Raises PaymentRefused."""
    account = Account.objects.get(pk=account_id)
    locks.lock(person_ids=[account.person_id])
    payment = Payment.objects.select_for_update(of=("self",), no_key=True).get(pk=payment_id)
    if payment.status != Payment.Status.UNALLOCATED or payment.creditor_id != account.creditor_id:
        raise PaymentRefused("not-possible", status=payment.get_status_display())
    if payment.currency != account.currency:
        raise PaymentRefused("wrong-currency", currency=account.currency)
    _allocate(payment, account, actor=actor, at=at)
    return payment


def _allocate(payment: Payment, account: Account, *, actor: Actor, at: datetime) -> None:
    """Post a payment to an account whose person is locked, and let everything follow."""
    before = arrears.of_account(account, on=clock.business_day(at, account.creditor.time_zone))
    payment.allocate(account=account)
    payment.save(update_fields=["status", "account", "person", "unallocated_reason"])
    ledger.take(
        account,
        Money(payment.amount, payment.currency),
        kind=LedgerEntry.Kind.PAYMENT,
        effective_on=payment.value_on,
        at=at,
        source="payment",
        reference=payment.external_ref,
        payment=payment,
    )
    audit.record(
        "payment.allocated", subject=payment, actor=actor, at=at, person_id=account.person_id, account=account.pk
    )
    _follow(account, before, payment, actor=actor, at=at)


def _follow(account: Account, before: arrears.Arrears, payment: Payment, *, actor: Actor, at: datetime) -> None:
    today = clock.business_day(at, account.creditor.time_zone)
    if not before.is_current:
        left = max(arrears.ZERO, before.amount - payment.amount)
        if left <= account.product.tolerance:
            arrears.restate(account, past_due_since=None, amount=arrears.ZERO, on=today, at=at, cause="payment")
    case = _open_case(account)
    if case is None:
        return
    promises.credit(case, payment, actor=actor, at=at)
    refresh(case, on=today)
    if case.past_due_since is None:
        lifecycle.cure_locked(case, actor=actor, at=at)
    elif case.status == Status.PROMISED and not case.promises.filter(status="open").exists():
        lifecycle.return_to_work(case, action=NextAction.CALL, due_at=at, actor=actor, at=at, why="promise settled")


def _open_case(account: Account) -> Case | None:
    cases = Case.objects.select_for_update(of=("self",), no_key=True)
    return cases.filter(person_id=account.person_id, creditor_id=account.creditor_id, status__in=OPEN).first()


def refresh(case: Case, *, on: date) -> None:
    """Bring balance and age of a locked case up to date from its accounts."""
    accounts = Account.objects.filter(person_id=case.person_id, creditor_id=case.creditor_id).select_related("product")
    positions = arrears.of_accounts(list(accounts), on=on)
    # An account with no more past due than its product forgives makes no case, as at the close of day.
    owing = [position for position in positions if position.amount > position.account.product.tolerance]
    dates = [position.past_due_since for position in owing if position.past_due_since]
    case.past_due_since = min(dates, default=None)
    case.balance = sum((account.balance for account in accounts), arrears.ZERO)
    case.save(update_fields=["past_due_since", "balance"])


@transaction.atomic
def reverse(*, payment_id: int, reason: str, actor: Actor, at: datetime) -> Payment:
    """Undo a payment: its entries by opposite ones, the promise it kept, the cure it brought. Raises PaymentRefused."""
    if not reason.strip():
        raise PaymentRefused("no-reason")
    person_id = Payment.objects.values_list("person_id", flat=True).get(pk=payment_id)
    if person_id is not None:
        locks.lock(person_ids=[person_id])
    payment = Payment.objects.select_for_update(of=("self",), no_key=True).get(pk=payment_id)
    if payment.status not in (Payment.Status.ALLOCATED, Payment.Status.UNALLOCATED):
        raise PaymentRefused("not-possible", status=payment.get_status_display())
    account = payment.account
    payment.reverse(at=at, reason=reason[:200])
    payment.save(update_fields=["status", "reversed_at", "reversed_reason"])
    audit.record("payment.reversed", subject=payment, actor=actor, at=at, person_id=payment.person_id, reason=reason)
    if account is not None:
        _undo(payment, account, actor=actor, at=at)
    return payment


def _undo(payment: Payment, account: Account, *, actor: Actor, at: datetime) -> None:
    today = clock.business_day(at, account.creditor.time_zone)
    heads = payment.entries.filter(kind=LedgerEntry.Kind.PAYMENT, part_of__isnull=True, reversed_by__isnull=True)
    for entry in heads.order_by("pk"):
        ledger.reverse(entry=entry, account=account, effective_on=today, at=at, source="payment")
    _restore_arrears(payment, account, on=today, at=at)
    promises.uncredit(payment, actor=actor, at=at)
    case = _open_case(account)
    if case is None:
        cured = Case.objects.filter(person_id=account.person_id, creditor_id=account.creditor_id, status=Status.CURED)
        case = cured.select_for_update(of=("self",), no_key=True).order_by("-cured_at", "-pk").first()
    if case is None:
        return
    refresh(case, on=today)
    if case.past_due_since is None:
        return
    if case.status == Status.CURED:
        since = case.past_due_since
        lifecycle.reopen_locked(case, past_due_since=since, actor=actor, at=at, why="payment reversed")
    elif case.status == Status.PROMISED and not case.promises.filter(status="open").exists():
        lifecycle.return_to_work(case, action=NextAction.REVIEW, due_at=at, actor=actor, at=at, why="payment reversed")


def _restore_arrears(payment: Payment, account: Account, *, on: date, at: datetime) -> None:
    """Where a payment had made the account current, state again what was past due before it."""
    state = arrears.state_on(account.pk, on)
    if state is None or state.cause != "payment" or state.past_due_since is not None:
        return
    before = (
        account.states.filter(pk__lt=state.pk, effective_on__lte=on, cause__in=["tape", "reversal"])
        .order_by("-effective_on", "-pk")
        .first()
    )
    if before is None or before.past_due_since is None:
        return
    stated = before.amount_past_due if before.amount_past_due is not None else before.balance
    entries = account.entries.filter(kind__in=["payment", "reversal", "waiver"], recorded_at__gt=before.recorded_at)
    moved = sum((entry.amount for entry in entries), arrears.ZERO)
    left = max(arrears.ZERO, stated + moved)
    if left > account.product.tolerance:
        arrears.restate(account, past_due_since=before.past_due_since, amount=left, on=on, at=at, cause="reversal")
