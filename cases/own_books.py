"""Accounts whose balance is kept here: since when they are past due follows from their charges, on every date.

The states that say it are the same rows that a tape writes (`AccountState`), so everything that reads an age reads one
thing. They are written whenever the ledger moves, and by the night for what becomes past due by itself.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from cases import arrears
from cases.allocation import CREDIT
from cases.models import Account, AccountState, Creditor, LedgerEntry
from collections_app.shared import clock

CAUSE: Final = "ledger"
Position = tuple[date | None, Decimal]


def follow(account: Account, *, since: date, at: datetime) -> None:
    """Say anew since when an account of our own books is past due, from a date to today. Other accounts: nothing."""
    if account.creditor.books == Creditor.Books.OURS:
        restate(account, since=since, upto=clock.business_day(at, account.creditor.time_zone), at=at)


def restate(account: Account, *, since: date, upto: date, at: datetime) -> int:
    """Write the states that follow from the charges where they say otherwise than now; return how many.

    A due date is past due from the day after it. upto: the last date that is looked at.
    """
    entries = list(LedgerEntry.objects.filter(account_id=account.pk).order_by("effective_on", "pk"))
    states = list(AccountState.objects.filter(account_id=account.pk).order_by("effective_on", "pk"))
    days = {entry.effective_on for entry in entries} | {state.effective_on for state in states} | {since, upto}
    days |= {entry.due_on + timedelta(days=1) for entry in entries if entry.due_on is not None}
    written = 0
    stated: Position = (None, arrears.ZERO)
    for day in sorted(days):
        if day > upto:
            break
        for state in states:
            if state.effective_on == day:
                stated = (state.past_due_since, state.amount_past_due or arrears.ZERO)
        if day < since:
            continue
        now = position(entries, on=day)
        if now != stated:
            balance = sum((entry.amount for entry in entries if entry.effective_on <= day), arrears.ZERO)
            arrears.restate(account, past_due_since=now[0], amount=now[1], on=day, at=at, cause=CAUSE, balance=balance)
            stated = now
            written += 1
    return written


def position(entries: list[LedgerEntry], *, on: date) -> Position:
    """Return the oldest due date past and unpaid on a date, and how much is past due, with what was due at once."""
    owed: dict[tuple[str, date | None], Decimal] = {}
    for entry in entries:
        if entry.effective_on <= on and entry.component != CREDIT:
            key = (entry.component, entry.due_on)
            owed[key] = owed.get(key, arrears.ZERO) + entry.amount
    late = {key: amount for key, amount in owed.items() if amount > 0 and key[1] is not None and key[1] < on}
    if not late:
        return None, arrears.ZERO
    at_once = sum((amount for key, amount in owed.items() if amount > 0 and key[1] is None), arrears.ZERO)
    return min(due_on for _component, due_on in late if due_on), sum(late.values(), arrears.ZERO) + at_once
