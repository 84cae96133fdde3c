"""Accounts whose balance is kept here: since when they are past due follows from their charges, on every date.

The states that say it are the same rows that a tape writes (`AccountState`), so everything that reads an age reads one
thing. They are written whenever the ledger moves, and by the night for what becomes past due by itself.
"""

from collections.abc import Sequence
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
    entries = entries_of([account]).get(account.pk, [])
    states = _states_of([account]).get(account.pk, [])
    return len(AccountState.objects.bulk_create(_missing(account, entries, states, since=since, upto=upto, at=at)))


def restate_all(accounts: Sequence[Account], *, since: date, upto: date, at: datetime) -> set[int]:
    """Do the same for many accounts in three statements; return the keys of those that changed."""
    entries, states = entries_of(accounts), _states_of(accounts)
    found: list[AccountState] = []
    for account in accounts:
        lines, known = entries.get(account.pk, []), states.get(account.pk, [])
        found += _missing(account, lines, known, since=since, upto=upto, at=at)
    AccountState.objects.bulk_create(found, batch_size=1000)
    return {state.account_id for state in found}


def entries_of(accounts: Sequence[Account]) -> dict[int, list[LedgerEntry]]:
    """Return the lines of these accounts, in the order in which they count."""
    found: dict[int, list[LedgerEntry]] = {}
    mine = LedgerEntry.objects.filter(account_id__in=[account.pk for account in accounts])
    for entry in mine.order_by("effective_on", "pk"):
        found.setdefault(entry.account_id, []).append(entry)
    return found


def _states_of(accounts: Sequence[Account]) -> dict[int, list[AccountState]]:
    found: dict[int, list[AccountState]] = {}
    mine = AccountState.objects.filter(account_id__in=[account.pk for account in accounts])
    for state in mine.order_by("effective_on", "pk"):
        found.setdefault(state.account_id, []).append(state)
    return found


def _missing(
    account: Account,
    entries: Sequence[LedgerEntry],
    states: Sequence[AccountState],
    *,
    since: date,
    upto: date,
    at: datetime,
) -> list[AccountState]:
    if not any(entry.due_on is not None for entry in entries):
        return []  # nothing here says when anything was due: what the source stated stands
    days = {entry.effective_on for entry in entries} | {state.effective_on for state in states} | {since, upto}
    days |= {entry.due_on + timedelta(days=1) for entry in entries if entry.due_on is not None}
    found: list[AccountState] = []
    before = [state for state in states if state.effective_on < since]
    stated: Position = _stated(before[-1]) if before else (None, arrears.ZERO)
    for day in sorted(day for day in days if since <= day <= upto):
        of_day = [state for state in states if state.effective_on == day]
        if of_day:
            stated = _stated(of_day[-1])
        now = position(entries, on=day)
        if now != stated:
            balance = sum((entry.amount for entry in entries if entry.effective_on <= day), arrears.ZERO)
            found.append(
                AccountState(
                    account=account,
                    person_id=account.person_id,
                    creditor_id=account.creditor_id,
                    effective_on=day,
                    recorded_at=at,
                    stated=AccountState.Stated.DUE_DATE,
                    oldest_unpaid_due_on=now[0],
                    balance=balance,
                    amount_past_due=now[1],
                    currency=account.currency,
                    cause=CAUSE,
                )
            )
            stated = now
    return found


def _stated(state: AccountState) -> Position:
    return (state.past_due_since, state.amount_past_due or arrears.ZERO)


def position(entries: Sequence[LedgerEntry], *, on: date) -> Position:
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
