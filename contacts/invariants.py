"""What must always be true of contacts and of the whole book; each check returns the ids of what breaks it."""

from collections.abc import Mapping
from typing import Final

from django.db import connection

from cases import invariants
from cases.models import Creditor
from contacts import sql
from contacts.models import NightRun

CHECKS: Final[Mapping[str, str]] = {
    "attempts_have_their_permit": sql.ATTEMPTS_WITHOUT_PERMIT,
    "stays_are_of_open_cases": sql.STAYS_OF_ENDED_CASES,
    "outbox_is_of_open_cases": sql.OUTBOX_OF_ENDED_CASES,
}
COUNT: Final = len(CHECKS) + len(invariants.ALWAYS) + len(invariants.CLOSED)


def closed_of(creditor_id: int) -> invariants.Closed | None:
    """Return the newest finished close of a creditor's book."""
    runs = NightRun.objects.filter(creditor_id=creditor_id, status=NightRun.Status.DONE)
    run = runs.order_by("-business_date").first()
    return invariants.Closed(creditor_id, run.business_date, run.newest_state) if run else None


def check_creditor(creditor_id: int, *, closed: invariants.Closed | None = None) -> dict[str, list[int]]:
    """Return the violations in one creditor's book, by name of the check; every list is empty when all holds."""
    found = invariants.check_creditor(creditor_id, closed or closed_of(creditor_id))
    with connection.cursor() as cursor:
        for name, statement in CHECKS.items():
            cursor.execute(statement, {"creditor": creditor_id})
            found[name] = [row[0] for row in cursor.fetchall()]
    return found


def check_all() -> dict[str, list[int]]:
    """Return the violations in every creditor's book, by name of the check."""
    found: dict[str, list[int]] = {}
    for creditor_id in Creditor.objects.order_by("pk").values_list("pk", flat=True):
        for name, ids in check_creditor(creditor_id).items():
            found.setdefault(name, []).extend(ids)
    return found
