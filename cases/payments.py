"""Money that arrives: recorded once, put on its accounts, counted for promises, able to cure; and all of it backwards.

The reference of a payment is unique per creditor and source, so the same payment told twice is one payment. One that
nobody can place is kept, unallocated, until a person places it: money is never refused because we do not know whose
it is. A payment over several accounts of one person is one payment; what each got stands in its ledger lines.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import Q, Sum
from django.utils.translation import gettext_lazy as _

from cases import arrears, ledger, locks, payment_effects, promises, splits
from cases.imports import canonical
from cases.imports.refusals import CellRefused
from cases.models import Account, Creditor, LedgerEntry, Payment
from cases.payment_effects import Share
from cases.refusal import Refused
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from collections_app.shared.money import InexactAmount, Money, UnknownCurrency
from collections_app.shared.sealed import digest, last4
from compliance import audit

MANUAL: Final = "manual"
RETURNED: Final = frozenset({Payment.Undone.BOUNCED, Payment.Undone.CHARGEBACK, Payment.Undone.OTHER})


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
        "no-payer-name": _("Say who paid: a third party is named."),
        "no-such-account": _("%(account)s is no account of this creditor, or is named twice."),
        "parts-differ": _("The parts add up to %(parts)s, the payment is %(amount)s."),
        "other-person": _("A payment is divided over accounts of one person at one creditor in one currency."),
        "looks-double": _(
            "%(reference)s is the same amount on the same account and day. Save again if it is another one."
        ),
        "looks-too-much": _("%(amount)s is more than the %(owed)s that is owed in all. Save again if so much came."),
        "no-fee": _("A fee is for a payment that was returned or charged back, and no more than it."),
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
    division: str = Payment.Division.ONE,
    parts: Mapping[int, Decimal] | None = None,
    payer: str = Payment.Payer.BORROWER,
    payer_name: str = "",
    method: str = "",
    remittance: str = "",
    batch_id: int | None = None,
    actor: Actor,
    at: datetime,
) -> Recorded:
    """Take a payment and do everything that follows from it: ledger, promise, cure.

    value_on: the date from which it counts (default: the business date of `received_at`). account_number: as the
    source writes it. division: a rule of `splits` divides it over all accounts of that account's person at the
    creditor. parts: account id to amount, where the payer said it; they add up to the payment. Raises PaymentRefused;
    a repeated reference with the same content returns the first payment.
    """
    money = checked(amount, currency)
    account_number = _canonical(account_number)
    if not external_ref.strip():
        raise PaymentRefused("no-reference")
    if payer == Payment.Payer.THIRD_PARTY and not payer_name.strip():
        raise PaymentRefused("no-payer-name")
    value_on = value_on or clock.business_day(received_at, creditor.time_zone)
    if value_on > clock.business_day(at, creditor.time_zone):
        raise PaymentRefused("future", value_on=value_on)
    if parts is not None:
        account_id, division = _first_of(creditor, money, parts), Payment.Division.INSTRUCTED
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
                division=division if account is not None else "",
                payer=payer,
                payer_name=payer_name[:200],
                method=method,
                remittance=remittance[:200],
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
                allocate_locked(
                    payment, shares_of(account, money, division=division, parts=parts, at=at), actor=actor, at=at
                )
            return Recorded(payment, is_new=True)
    except IntegrityError as clash:
        if "payment_reference_is_unique" not in str(clash):
            raise
    return Recorded(_same_as_before(creditor, source, external_ref, money, account), is_new=False)


def checked(amount: Decimal, currency: str) -> Money:
    """Return an amount that a payment can have. Raises PaymentRefused."""
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


def find_account(creditor: Creditor, number: str) -> Account | None:
    """Return the account of a creditor that has this number, however it is written."""
    return _find(creditor, account_number=_canonical(number), account_id=None)


def _first_of(creditor: Creditor, money: Money, parts: Mapping[int, Decimal]) -> int | None:
    """Return the first account of a payment that its payer divided. Raises PaymentRefused where that cannot be."""
    total = sum((checked(part, money.currency).amount for part in parts.values()), arrears.ZERO)
    if total != money.amount:
        raise PaymentRefused("parts-differ", parts=total, amount=money.amount)
    found = Account.objects.filter(pk__in=list(parts), creditor=creditor, currency=money.currency)
    if found.count() != len(parts) or found.values("person_id").distinct().count() != 1:
        raise PaymentRefused("other-person")
    return next(iter(parts))


def _same_as_before(
    creditor: Creditor, source: str, external_ref: str, money: Money, account: Account | None
) -> Payment:
    payment = Payment.objects.get(creditor=creditor, source=source, external_ref=external_ref)
    is_same = (payment.amount, payment.currency) == (money.amount, money.currency) and (
        account is None or payment.account_id in (None, account.pk) or payment.division != Payment.Division.ONE
    )
    if not is_same:
        raise PaymentRefused("conflict", reference=external_ref, amount=payment.amount, currency=payment.currency)
    return payment


def _set_aside(payment: Payment, *, reason: str, actor: Actor, at: datetime) -> None:
    payment.set_aside(reason=reason)
    payment.save(update_fields=["status", "unallocated_reason"])
    audit.record("payment.unallocated", subject=payment, actor=actor, at=at, reason=reason)


def shares_of(
    account: Account, money: Money, *, division: str, parts: Mapping[int, Decimal] | None = None, at: datetime
) -> list[Share]:
    """Return what each account gets of a payment. The person is locked. They add up to the amount exactly."""
    if not division:
        return [Share(account, money)]
    accounts = accounts_beside(account)
    if parts is not None:
        given = {pk: Money(part, money.currency) for pk, part in parts.items()}
    else:
        positions = arrears.of_accounts(list(accounts.values()), on=clock.business_day(at, account.creditor.time_zone))
        given = splits.divide(
            money,
            [splits.Position(one.account.pk, one.past_due_since, one.amount, one.balance) for one in positions],
            division,
        )
    return [Share(accounts[pk], part) for pk, part in given.items()]


def accounts_beside(account: Account) -> dict[int, Account]:
    """Return the accounts over which a payment to this one can be divided, itself included, by id."""
    beside = Account.objects.filter(
        person_id=account.person_id, creditor_id=account.creditor_id, currency=account.currency
    )
    found = beside.exclude(status=Account.Status.CLOSED) | beside.filter(pk=account.pk)
    return {each.pk: each for each in found.select_related("product", "creditor").order_by("pk")}


@transaction.atomic
def allocate(
    *,
    payment_id: int,
    account_id: int,
    division: str = Payment.Division.ONE,
    parts: Mapping[int, Decimal] | None = None,
    actor: Actor,
    at: datetime,
) -> Payment:
    """Put an unallocated payment on an account of the same creditor and currency. Raises PaymentRefused.

    division, parts: as in `record`.
    """
    account = Account.objects.select_related("product", "creditor").get(pk=account_id)
    locks.lock(person_ids=[account.person_id])
    payment = Payment.objects.select_for_update(of=("self",), no_key=True).get(pk=payment_id)
    if payment.status != Payment.Status.UNALLOCATED or payment.creditor_id != account.creditor_id:
        raise PaymentRefused("not-possible", status=payment.get_status_display())
    if payment.currency != account.currency:
        raise PaymentRefused("wrong-currency", currency=account.currency)
    money = Money(payment.amount, payment.currency)
    if parts is not None:
        _first_of(payment.creditor, money, parts)
        division = Payment.Division.INSTRUCTED
    allocate_locked(payment, shares_of(account, money, division=division, parts=parts, at=at), actor=actor, at=at)
    if division:
        payment.division = division
        payment.save(update_fields=["division"])
    return payment


def allocate_locked(payment: Payment, shares: Sequence[Share], *, actor: Actor, at: datetime) -> None:
    """Post a payment to accounts whose person is locked, and let everything follow."""
    first = shares[0].account
    today = clock.business_day(at, first.creditor.time_zone)
    positions = arrears.of_accounts([share.account for share in shares], on=today)
    before = {position.account.pk: position for position in positions}
    payment.allocate(account=first)
    payment.save(update_fields=["status", "account", "person", "unallocated_reason"])
    for share in shares:
        ledger.take(
            share.account,
            share.amount,
            kind=LedgerEntry.Kind.PAYMENT,
            effective_on=payment.value_on,
            at=at,
            source="payment",
            reference=payment.external_ref,
            payment=payment,
        )
        audit.record("payment.allocated", subject=payment, actor=actor, at=at, person_id=first.person_id,
                     **said_of(share, shares))  # fmt: skip
    payment_effects.follow(payment, shares, before, actor=actor, at=at)


def said_of(share: Share, shares: Sequence[Share]) -> dict[str, Any]:
    """Return what the audit trail says of one account's part."""
    return {"account": share.account.pk} | ({"amount": share.amount.amount} if len(shares) > 1 else {})


@transaction.atomic
def reverse(
    *,
    payment_id: int,
    reason: str,
    kind: str = Payment.Undone.OTHER,
    fee: Decimal | None = None,
    actor: Actor,
    at: datetime,
) -> Payment:
    """Undo a payment: its entries by opposite ones, the promise it kept, the cure it brought. Raises PaymentRefused.

    kind: why, one of Payment.Undone. fee: what the debtor owes for a returned payment, charged to its first account.
    """
    if not reason.strip():
        raise PaymentRefused("no-reason")
    person_id = Payment.objects.values_list("person_id", flat=True).get(pk=payment_id)
    if person_id is not None:
        locks.lock(person_ids=[person_id])
    payment = Payment.objects.select_for_update(of=("self",), no_key=True).get(pk=payment_id)
    if payment.status not in (Payment.Status.ALLOCATED, Payment.Status.UNALLOCATED):
        raise PaymentRefused("not-possible", status=payment.get_status_display())
    charge = _fee(payment, kind, fee)
    payment.reverse(at=at, reason=reason[:200], kind=kind, by=str(actor)[:120])
    payment.save(update_fields=["status", "reversed_at", "reversed_kind", "reversed_reason", "reversed_by"])
    audit.record(
        "payment.reversed", subject=payment, actor=actor, at=at, person_id=payment.person_id, reason=reason, kind=kind
    )
    if payment.account is not None:
        accounts = list(accounts_of(payment).values())
        payment_effects.undo(payment, accounts, actor=actor, at=at)
        promises.resume(payment, actor=actor, at=at)
        if charge is not None:
            today = clock.business_day(at, payment.creditor.time_zone)
            ledger.charge(
                accounts[0], "fee", charge, today, today, at=at, source="payment", reference=payment.external_ref
            )
    return payment


def _fee(payment: Payment, kind: str, fee: Decimal | None) -> Money | None:
    if not fee:
        return None
    if kind not in (Payment.Undone.BOUNCED, Payment.Undone.CHARGEBACK) or fee > payment.amount or not payment.account:
        raise PaymentRefused("no-fee")
    return checked(fee, payment.currency)


def accounts_of(payment: Payment) -> dict[int, Account]:
    """Return the accounts that a payment went to, by id, its first one first."""
    ids = LedgerEntry.objects.filter(payment=payment).order_by().values("account_id").distinct()
    found = Account.objects.filter(pk__in=ids).select_related("product", "creditor").order_by("pk")
    return {each.pk: each for each in sorted(found, key=lambda each: (each.pk != payment.account_id, each.pk))}


def parts_of(payment: Payment) -> dict[int, Decimal]:
    """Return how much of a payment is on each account; they add up to it, less what was refunded."""
    lines = LedgerEntry.objects.filter(payment=payment).order_by()
    sums = lines.values_list("account_id").annotate(total=Sum("amount"))
    return {pk: -total for pk, total in sums if total}


def twins(*, account_id: int, amount: Decimal, value_on: date) -> list[Payment]:
    """Return the payments that look like this one: same account, amount and day, not reversed."""
    alike = Payment.objects.filter(account_id=account_id, amount=amount, value_on=value_on)
    return list(alike.exclude(status=Payment.Status.REVERSED).order_by("pk"))


def receive(*, account: Account, value_on: date, is_another: bool = False, amount: Decimal, **told: Any) -> Recorded:
    """Take a payment that a person enters by hand. Raises PaymentRefused once where it may be a slip: looks-double, or
    looks-too-much where it is more than the person owes this creditor.

    is_another: the person has seen that, and says that it is as typed. told: as `record` takes it.
    """
    known = Payment.objects.filter(creditor=account.creditor, source=MANUAL, external_ref=told["external_ref"])
    if not is_another and not known.exists():
        for twin in twins(account_id=account.pk, amount=amount, value_on=value_on):
            raise PaymentRefused("looks-double", reference=twin.external_ref)
        mine = Account.objects.filter(person_id=account.person_id, creditor_id=account.creditor_id)
        owed = mine.aggregate(owed=Sum("balance", filter=Q(balance__gt=0)))["owed"] or arrears.ZERO
        if amount > owed:
            raise PaymentRefused("looks-too-much", amount=amount, owed=owed)
    return record(
        creditor=account.creditor, source=MANUAL, account_id=account.pk, value_on=value_on, amount=amount, **told
    )
