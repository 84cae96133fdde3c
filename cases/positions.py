"""Balance and age of a case, brought up to date from its accounts. The person is locked by whoever calls."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from cases import arrears
from cases.models import Account, Case
from cases.models.case import OPEN


def open_case(account: Account) -> Case | None:
    """Return the locked open case of an account's person at its creditor."""
    cases = Case.objects.select_for_update(of=("self",), no_key=True)
    return cases.filter(person_id=account.person_id, creditor_id=account.creditor_id, status__in=OPEN).first()


def refresh(case: Case, *, on: date) -> None:
    """Bring balance and age of a locked case up to date from its accounts."""
    accounts = Account.objects.filter(person_id=case.person_id, creditor_id=case.creditor_id).select_related("product")
    case.past_due_since, case.balance = position_of(arrears.of_accounts(list(accounts), on=on))
    case.save(update_fields=["past_due_since", "balance"])


def position_of(positions: Sequence[arrears.Arrears]) -> tuple[date | None, Decimal]:
    """Return since when a case is past due, and what is owed in all, of the positions of its accounts."""
    # An account with no more past due than its product forgives makes no case, as at the close of day.
    owing = [position for position in positions if position.amount > position.account.product.tolerance]
    dates = [position.past_due_since for position in owing if position.past_due_since]
    return min(dates, default=None), sum((position.account.balance for position in positions), arrears.ZERO)
