"""Amounts that are given up, on the ledger and off it again, and what follows for their accounts.

The caller holds the locks of the person. Verbs: `cases.waivers`, `cases.settlements`.
"""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from django.db.models import QuerySet

from cases import arrears, ledger
from cases.models import Account, Case, LedgerEntry, Settlement, Waiver, WriteOff
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from collections_app.shared.money import Money
from compliance import audit

SOURCE: Final = "waiver"
ZERO: Final = Decimal("0.00")


def post(
    *,
    account: Account,
    component: str,
    amount: Decimal,
    owed: Decimal,
    settlement: Settlement,
    case_id: int,
    on: date,
    reason: str,
    actor: Actor,
    at: datetime,
) -> Waiver:
    """Write a waiver that a settlement brings, and put it on the ledger."""
    waiver = Waiver.objects.create(
        case_id=case_id,
        account=account,
        person_id=account.person_id,
        creditor_id=account.creditor_id,
        settlement=settlement,
        component=component,
        amount=amount,
        owed=owed,
        currency=account.currency,
        cause=Waiver.Cause.SETTLEMENT,
        reason=reason[:500],
        asked_at=at,
        asked_by_id=settlement.drafted_by_id,
    )
    put_on_ledger(waiver, account, on=on, actor=actor, at=at)
    return waiver


def take_back(waiver: Waiver, *, reason: str, actor: Actor, at: datetime) -> None:
    """Reverse a granted waiver: what it had lowered is owed again, by component, from today."""
    account = Account.objects.select_related("creditor", "product").get(pk=waiver.account_id)
    today = clock.business_day(at, account.creditor.time_zone)
    entries = LedgerEntry.objects.filter(
        account=account, kind=LedgerEntry.Kind.WAIVER, source=SOURCE, reference=waiver.ref, part_of__isnull=True
    )
    for entry in entries.filter(reversed_by__isnull=True).order_by("pk"):
        ledger.reverse(entry=entry, account=account, effective_on=today, at=at, source=SOURCE)
    waiver.reverse(at=at, reason=reason[:300])
    waiver.save(update_fields=["status", "ended_at", "ended_reason"])
    audit.record(
        "waiver.reversed",
        subject=waiver,
        actor=actor,
        at=at,
        person_id=waiver.person_id,
        amount=waiver.amount,
        component=waiver.component,
        reason=reason,
    )
    arrears.restore(account, on=today, at=at)


def restate(account: Account, *, at: datetime) -> None:
    """State that nothing is past due any more on an account whose arrears were given up."""
    today = clock.business_day(at, account.creditor.time_zone)
    now = arrears.of_account(account, on=today)
    if not now.is_current and now.amount <= account.product.tolerance:
        arrears.restate(account, past_due_since=None, amount=ZERO, on=today, at=at, cause="waiver")


def close_accounts(accounts: Iterable[Account]) -> None:
    """Close the accounts on which nothing is owed any more."""
    ids = [account.pk for account in accounts]
    Account.objects.filter(pk__in=ids, balance=0).update(status=Account.Status.CLOSED)


def reopen_accounts(accounts: Iterable[Account]) -> None:
    """Open accounts again on which something is owed; one that was written off is written off again."""
    ids = [account.pk for account in accounts]
    closed = Account.objects.filter(pk__in=ids, status=Account.Status.CLOSED).exclude(balance=0)
    written_off = WriteOff.objects.filter(account__in=ids, status=WriteOff.Status.DONE).values("account_id")
    closed.filter(pk__in=written_off).update(status=Account.Status.WRITTEN_OFF)
    closed.exclude(pk__in=written_off).update(status=Account.Status.OPEN)


def put_on_ledger(waiver: Waiver, account: Account, *, on: date, actor: Actor, at: datetime) -> None:
    """Lower what is owed by a waiver that may be granted."""
    ledger.take(
        account,
        Money(waiver.amount, waiver.currency),
        kind=LedgerEntry.Kind.WAIVER,
        effective_on=on,
        at=at,
        only=[waiver.component],
        source=SOURCE,
        reference=waiver.ref,
    )
    waiver.grant(at=at, on=on)
    waiver.save(update_fields=["status", "granted_at", "effective_on"])
    audit.record(
        "waiver.granted",
        subject=waiver,
        actor=actor,
        at=at,
        person_id=waiver.person_id,
        account=account.pk,
        component=waiver.component,
        amount=waiver.amount,
        currency=waiver.currency,
        cause=waiver.cause,
    )


def case_accounts(case: Case) -> QuerySet[Account]:
    """Return the accounts of a case on which something may be owed."""
    accounts = Account.objects.filter(person_id=case.person_id, creditor_id=case.creditor_id)
    return accounts.exclude(status=Account.Status.CLOSED).select_related("product", "creditor").order_by("pk")
