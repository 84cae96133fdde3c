"""What a payment sets in motion once it is on its accounts, and what its reversal undoes: arrears, promise, plan, cure.

The persons are locked by whoever calls.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from cases import arrears, back_dating, ledger, lifecycle, positions, promises
from cases.models import Account, Case, LedgerEntry, Payment
from cases.models.case import NextAction, Status
from cases.plans import agreeing, crediting
from cases.settlements import counting
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from collections_app.shared.money import Money


@dataclass(frozen=True, slots=True)
class Share:
    """What one account gets of a payment."""

    account: Account
    amount: Money


def follow(
    payment: Payment,
    shares: Sequence[Share],
    before: Mapping[int, arrears.Arrears],
    *,
    actor: Actor,
    at: datetime,
) -> None:
    """Let everything follow from a payment whose lines are posted. before: what was past due on each account."""
    for share in shares:
        make_current(share, before[share.account.pk], value_on=payment.value_on, at=at)
    account = shares[0].account
    counting.credit(payment, actor=actor, at=at)
    case = positions.open_case(account)
    if case is not None:
        credit_case(case, payment, on=clock.business_day(at, account.creditor.time_zone), actor=actor, at=at)
    for share in shares:
        look_back(share, payment, case, actor=actor, at=at)


def look_back(share: Share, payment: Payment, case: Case | None, *, actor: Actor, at: datetime) -> None:
    """Put a payment that came to be known late before a supervisor, where it changes an age."""
    back_dating.look(
        share.account,
        kind=LedgerEntry.Kind.PAYMENT,
        amount=share.amount.amount,
        reference=payment.external_ref,
        effective_on=payment.value_on,
        case=case,
        actor=actor,
        at=at,
    )


def is_late(payment: Payment, on: date) -> bool:
    """Whether a payment became known, on a date, so late that it may change what was said since."""
    return (on - payment.value_on).days > back_dating.USUAL_DELAY


def make_current(share: Share, before: arrears.Arrears, *, value_on: date | None = None, at: datetime) -> None:
    """State that nothing is past due on an account any more, where its part of a payment brought it to that.

    It holds from the day from which the payment counts (value_on; else today), at the earliest from what the source
    said last.
    """
    account = share.account
    if before.is_current or before.amount - share.amount.amount > account.product.tolerance:
        return
    value_on = value_on or clock.business_day(at, account.creditor.time_zone)
    on = max(value_on, before.as_of or value_on)
    arrears.restate(account, past_due_since=None, amount=arrears.ZERO, on=on, at=at, cause="payment")


def credit_case(case: Case, payment: Payment, *, on: date, actor: Actor, at: datetime) -> None:
    """Count a payment for promise and plan of a locked case, bring the case up to date, cure it or return it to work.

    A case on a running plan or settlement is not cured by what is past due: the last instalment does that.
    """
    promises.credit(case, payment, actor=actor, at=at)
    positions.refresh(case, on=on)
    crediting.credit(case, payment, actor=actor, at=at)
    runs = agreeing.is_standing(case) or counting.is_running(case)
    if case.past_due_since is None and not runs:
        lifecycle.cure_locked(case, actor=actor, at=at)
    elif case.status == Status.ON_PLAN and not runs:
        crediting.conclude(case, actor=actor, at=at)
    elif case.status == Status.PROMISED and not case.promises.filter(status="open").exists():
        lifecycle.return_to_work(case, action=NextAction.CALL, due_at=at, actor=actor, at=at, why="promise settled")


def undo(payment: Payment, accounts: Sequence[Account], *, actor: Actor, at: datetime) -> None:
    """Take a reversed payment off its accounts with everything that it had brought: promise, plan, cure."""
    today = clock.business_day(at, payment.creditor.time_zone)
    heads = payment.entries.filter(kind=LedgerEntry.Kind.PAYMENT, part_of__isnull=True, reversed_by__isnull=True)
    by_account = {account.pk: account for account in accounts}
    for entry in heads.order_by("pk"):
        ledger.reverse(entry=entry, account=by_account[entry.account_id], effective_on=today, at=at, source="payment")
    counting.uncredit(payment, actor=actor, at=at)
    for account in accounts:
        arrears.restore(account, on=today, at=at)
    promises.uncredit(payment, actor=actor, at=at)
    crediting.uncredit(payment, actor=actor, at=at)
    if not accounts:
        return
    _bring_back(accounts[0], on=today, actor=actor, at=at)
    promises.resume(payment, actor=actor, at=at)


def _bring_back(account: Account, *, on: date, actor: Actor, at: datetime) -> None:
    """Bring the case up to date; one that the payment had cured opens again, one without its promise is worked."""
    case = positions.open_case(account) or _last_cured(account)
    if case is None:
        return
    positions.refresh(case, on=on)
    if case.past_due_since is None and not agreeing.is_standing(case):
        return
    if case.status == Status.CURED:
        since = case.past_due_since
        lifecycle.reopen_locked(case, past_due_since=since, actor=actor, at=at, why="payment reversed")
    elif case.status == Status.PROMISED and not case.promises.filter(status="open").exists():
        lifecycle.return_to_work(case, action=NextAction.REVIEW, due_at=at, actor=actor, at=at, why="payment reversed")
    crediting.resume(case, actor=actor, at=at)
    counting.resume(case, actor=actor, at=at)


def _last_cured(account: Account) -> Case | None:
    cured = Case.objects.filter(person_id=account.person_id, creditor_id=account.creditor_id, status=Status.CURED)
    return cured.select_for_update(of=("self",), no_key=True).order_by("-cured_at", "-pk").first()
