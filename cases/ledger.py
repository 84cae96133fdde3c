"""Money on an account: entries are only added, and the balance moves with them by one UPDATE.

A positive amount raises what is owed (principal, interest, fees), a negative one lowers it (payments, waivers).
"""

from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import F, Sum

from cases.models import Account, LedgerEntry, Payment
from collections_app.shared.money import CurrencyMismatch, Money


def post(
    *,
    account: Account,
    kind: str,
    amount: Money,
    effective_on: date,
    at: datetime,
    source: str,
    reference: str = "",
    component: str = LedgerEntry.Component.UNSPLIT,
    payment: Payment | None = None,
    reverses: LedgerEntry | None = None,
) -> LedgerEntry:
    """Add one entry and move the balance by it. Raises CurrencyMismatch.

    The caller holds the locks of the account's person (`cases.locks`).
    """
    if amount.currency != account.currency:
        raise CurrencyMismatch(f"{amount.currency} on an account in {account.currency}")
    with transaction.atomic():
        entry = LedgerEntry.objects.create(
            account=account,
            person_id=account.person_id,
            creditor_id=account.creditor_id,
            kind=kind,
            component=component,
            amount=amount.amount,
            currency=amount.currency,
            effective_on=effective_on,
            recorded_at=at,
            source=source,
            reference=reference,
            payment=payment,
            reverses=reverses,
        )
        Account.objects.filter(pk=account.pk).update(balance=F("balance") + amount.amount)
        account.balance += amount.amount
    return entry


def reverse(*, entry: LedgerEntry, account: Account, effective_on: date, at: datetime, source: str) -> LedgerEntry:
    """Undo an entry by its opposite. An entry can be reversed once (the database refuses a second time)."""
    return post(
        account=account,
        kind=LedgerEntry.Kind.REVERSAL,
        amount=Money(-entry.amount, entry.currency),
        effective_on=effective_on,
        at=at,
        source=source,
        reference=entry.reference,
        component=entry.component,
        payment=entry.payment,
        reverses=entry,
    )


def balance(account_id: int, *, on: date | None = None) -> Decimal:
    """Return the sum of the entries, all of them or those effective up to and including a date."""
    entries = LedgerEntry.objects.filter(account_id=account_id)
    if on is not None:
        entries = entries.filter(effective_on__lte=on)
    return entries.aggregate(total=Sum("amount"))["total"] or Decimal("0.00")
