"""An account and a case as they stood on any date, by what was known at any instant.

Two times: `on`, the date that is asked about (what counts by then), and `known_at`, the instant of knowing (what was
recorded by then). Known then: what a collector saw that day. Known now: what we say today about that day.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from cases import ageing, arrears
from cases.models import Account, AccountState, Case, LedgerEntry, Plan, Promise
from collections_app.shared import clock


@dataclass(frozen=True, slots=True)
class AccountThen:
    """The position of an account. components: balance by component, credit negative; nothing past due: dpd 0."""

    account: Account
    on: date
    known_at: datetime
    components: dict[str, Decimal]
    balance: Decimal
    past_due: Decimal
    past_due_since: date | None

    @property
    def dpd(self) -> int:
        return ageing.dpd(self.past_due_since, self.on)

    @property
    def bucket(self) -> str:
        return ageing.DEFAULT.bucket(self.dpd)


class History:
    """All that was ever recorded about one account, read once, asked often."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.entries = list(LedgerEntry.objects.filter(account_id=account.pk).order_by("effective_on", "pk"))
        states = AccountState.objects.filter(account_id=account.pk).order_by("-effective_on", "-pk")
        self.states: Sequence[AccountState] = list(states)

    def on(self, on: date, *, known_at: datetime) -> AccountThen:
        """Return the position on a date as far as it was known at an instant."""
        entries = [entry for entry in self.entries if entry.effective_on <= on and entry.recorded_at <= known_at]
        components: dict[str, Decimal] = {}
        for entry in entries:
            components[entry.component] = components.get(entry.component, arrears.ZERO) + entry.amount
        known = (state for state in self.states if state.effective_on <= on and state.recorded_at <= known_at)
        position = arrears.position(
            self.account, next(known, None), [entry for entry in entries if entry.kind in arrears.MOVING]
        )
        is_late = position.amount > self.account.product.tolerance
        return AccountThen(
            account=self.account,
            on=on,
            known_at=known_at,
            components={component: amount for component, amount in components.items() if amount},
            balance=sum(components.values(), arrears.ZERO),
            past_due=position.amount if is_late else arrears.ZERO,
            past_due_since=position.past_due_since if is_late else None,
        )


@dataclass(frozen=True, slots=True)
class CaseThen:
    """A case and its accounts. status: as far as the record says it. promise, plan: what stood open then."""

    case: Case
    on: date
    known_at: datetime
    accounts: tuple[AccountThen, ...]
    status: str
    promise: Promise | None
    plan: Plan | None

    @property
    def balance(self) -> Decimal:
        return sum((account.balance for account in self.accounts), arrears.ZERO)

    @property
    def past_due(self) -> Decimal:
        return sum((account.past_due for account in self.accounts), arrears.ZERO)

    @property
    def dpd(self) -> int:
        return max((account.dpd for account in self.accounts), default=0)

    @property
    def bucket(self) -> str:
        return ageing.DEFAULT.bucket(self.dpd)


def account(account: Account, *, on: date, known_at: datetime) -> AccountThen:
    """Return the position of an account on a date as far as it was known at an instant."""
    return History(account).on(on, known_at=known_at)


def case(case: Case, *, on: date, known_at: datetime) -> CaseThen:
    """Return a case on a date, with all its accounts, as far as it was known at an instant."""
    accounts = Account.objects.filter(person_id=case.person_id, creditor_id=case.creditor_id)
    then = [
        History(each).on(on, known_at=known_at)
        for each in accounts.filter(created_at__lte=known_at).select_related("product").order_by("pk")
    ]
    end = min(end_of(on, case.creditor.time_zone), known_at)
    promises = case.promises.filter(made_at__lte=end).order_by("-made_at", "-pk")
    plans = case.plans.filter(approved_at__lte=end).order_by("-approved_at", "-pk")
    return CaseThen(
        case=case,
        on=on,
        known_at=known_at,
        accounts=tuple(then),
        status=_status(case, end),
        promise=next((promise for promise in promises if _stood(promise.settled_at, end)), None),
        plan=next((plan for plan in plans if _stood(plan.ended_at, end)), None),
    )


def end_of(on: date, zone: str) -> datetime:
    """Return the last instant of a date at a place."""
    return datetime.combine(on + timedelta(days=1), time.min, clock.zone(zone)) - timedelta(microseconds=1)


def _stood(ended_at: datetime | None, at: datetime) -> bool:
    return ended_at is None or ended_at > at


def _status(case: Case, at: datetime) -> str:
    """Return how far a case had come: not yet open, open, or ended."""
    if case.opened_at > at:
        return ""
    if case.closed_at is not None and case.closed_at <= at:
        return "closed"
    if case.cured_at is not None and case.cured_at <= at:
        return "cured"
    return "open"
