"""What is past due on an account now: what the source stated, less what was paid since.

A tape that states no amount past due is read as: the whole balance is due. An account whose arrears fall to the
product's tolerance or below is current from that day on; that is a new account state, so that every figure follows.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import F, QuerySet

from cases.models import Account, AccountState, LedgerEntry
from collections_app.shared.asked_often import IsOneOf, asked_often

ZERO = Decimal("0.00")
TAPE = "tape"
CLEARING = ("payment", "waiver")  # causes of states by which nothing is past due any more
MOVING = ("payment", "reversal", "waiver")  # kinds of entries that change what a state says is past due


@dataclass(frozen=True, slots=True)
class Arrears:
    """The position of one account on a date. `past_due_since` is None when nothing is past due."""

    account: Account
    past_due_since: date | None
    amount: Decimal
    balance: Decimal
    as_of: date | None

    @property
    def is_current(self) -> bool:
        return self.past_due_since is None


def state_on(account_id: int, on: date) -> AccountState | None:
    """Return the account state in force on a date: the latest effective one, and among those the one recorded last."""
    states = AccountState.objects.filter(account_id=account_id, effective_on__lte=on)
    return states.order_by("-effective_on", "-pk").first()


def of_account(account: Account, *, on: date) -> Arrears:
    """Return what is past due on the account on a date."""
    return of_accounts([account], on=on)[0]


def of_accounts(accounts: list[Account], *, on: date) -> list[Arrears]:
    """Return what is past due on each of these accounts on a date, in two queries however many there are."""
    ids = [account.pk for account in accounts]
    state_of = {state.account_id: state for state in _in_force(accounts=ids, on=on)}
    moved: dict[int, list[LedgerEntry]] = {}
    for entry in _moved(accounts=ids):
        moved.setdefault(entry.account_id, []).append(entry)
    return [position(account, state_of.get(account.pk), moved.get(account.pk, [])) for account in accounts]


@asked_often
def _in_force(accounts: list[int], on: date) -> QuerySet[AccountState]:
    states = AccountState.objects.filter(IsOneOf(F("account_id"), accounts), effective_on__lte=on)
    return states.order_by("account_id", "-effective_on", "-pk").distinct("account_id")


@asked_often
def _moved(accounts: list[int]) -> QuerySet[LedgerEntry]:
    return LedgerEntry.objects.filter(IsOneOf(F("account_id"), accounts), kind__in=MOVING)


def position(account: Account, state: AccountState | None, moved: list[LedgerEntry]) -> Arrears:
    """Return what is past due by the state in force and the entries of the kinds that move it."""
    if state is None or state.past_due_since is None:
        return Arrears(account, None, ZERO, account.balance, state.effective_on if state else None)
    stated = state.amount_past_due if state.amount_past_due is not None else state.balance
    unknown = sum((entry.amount for entry in moved if not _knows(state, entry)), ZERO)  # negative lowers the arrears
    amount = max(ZERO, stated + unknown)
    return Arrears(account, state.past_due_since, amount, account.balance, state.effective_on)


def _knows(state: AccountState, entry: LedgerEntry) -> bool:
    """Return whether a state already counts this payment, reversal or waiver.

    A tape knows what counted by its date and was recorded before it; a state that followed from a payment or a reversal
    knows that one too.
    """
    recorded = entry.recorded_at < state.recorded_at or (state.cause != TAPE and entry.recorded_at == state.recorded_at)
    return recorded and entry.effective_on <= state.effective_on


def restate(
    account: Account,
    *,
    past_due_since: date | None,
    amount: Decimal,
    on: date,
    at: datetime,
    cause: str,
) -> AccountState:
    """Add the account state that follows from a payment or its reversal."""
    return AccountState.objects.create(
        account=account,
        person_id=account.person_id,
        creditor_id=account.creditor_id,
        effective_on=on,
        recorded_at=at,
        stated=AccountState.Stated.DUE_DATE,
        oldest_unpaid_due_on=past_due_since,
        balance=account.balance,
        amount_past_due=amount,
        currency=account.currency,
        cause=cause,
    )


def restore(account: Account, *, on: date, at: datetime) -> None:
    """State again what was past due, where a payment or a waiver had made the account current and was undone."""
    state = state_on(account.pk, on)
    if state is None or state.cause not in CLEARING or state.past_due_since is not None:
        return
    earlier = account.states.filter(pk__lt=state.pk, effective_on__lte=on, cause__in=[TAPE, "reversal"])
    before = earlier.order_by("-effective_on", "-pk").first()
    if before is None or before.past_due_since is None:
        return
    left = position(account, before, list(account.entries.filter(kind__in=MOVING))).amount
    if left > account.product.tolerance:
        restate(account, past_due_since=before.past_due_since, amount=left, on=on, at=at, cause="reversal")
