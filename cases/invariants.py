"""What must always be true of the book. Each check returns the ids of the rows for which it is not; all are empty.

Derived rows (transitions, figures) are compared with a recount of what they were derived from: the account states that
existed when the day was closed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.db import connection

from cases import ageing, closing, sql, sql_payments, sql_plans


@dataclass(frozen=True, slots=True)
class Closed:
    """The newest close of a creditor's book: the day, and the newest account state it saw."""

    creditor_id: int
    business_date: date
    newest_state: int

    def values(self) -> dict[str, Any]:
        """Return what the statements bind."""
        return {
            "creditor": self.creditor_id,
            "date": self.business_date,
            "newest_state": self.newest_state,
            "labels": list(ageing.DEFAULT.labels),
            "starts": list(ageing.DEFAULT.starts),
        }


# Of every creditor's book, closed or not.
ALWAYS: Final[Mapping[str, str]] = {
    "balances_equal_their_entries": sql.BALANCES_UNLIKE_THEIR_ENTRIES,
    "no_charge_is_below_nothing": sql.CHARGES_THAT_CANNOT_BE,
    "payments_equal_their_lines": sql_payments.PAYMENTS_UNLIKE_THEIR_LINES,
    "cases_have_a_future": sql.CASES_WITHOUT_FUTURE,
    "instalments_equal_their_payments": sql_plans.INSTALMENTS_UNLIKE_THEIR_PAYMENTS,
}
# Of a book as it was closed.
CLOSED: Final[Mapping[str, str]] = {
    "transitions_are_complete": sql.TRANSITIONS_INCOMPLETE,
    "figures_equal_a_recount": sql.FIGURES_UNLIKE_A_RECOUNT,
}


Question = tuple[str, dict[str, Any]]  # a statement and what it binds


def questions(creditor_id: int, closed: Closed | None) -> dict[str, Question]:
    """Return the checks of one creditor's book by name, those that take longest first; those of a close where there is
    one.
    """
    asked: dict[str, Question] = {}
    if closed is not None:
        asked = {name: (closing.of_book(each, creditor_id), closed.values()) for name, each in CLOSED.items()}
    return asked | {name: (statement, {"creditor": creditor_id}) for name, statement in ALWAYS.items()}


def check_creditor(creditor_id: int, closed: Closed | None) -> dict[str, list[int]]:
    """Return the violations in one creditor's book by name of the check: ids of accounts, cases, plans, figures."""
    found: dict[str, list[int]] = {name: [] for name in (*ALWAYS, *CLOSED)}
    return found | {name: ids(*question) for name, question in questions(creditor_id, closed).items()}


def ids(statement: str, values: dict[str, Any]) -> list[int]:
    """Return what a check finds."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [row[0] for row in cursor.fetchall()]
