"""What must always be true of contacts and of the whole book; each check returns the ids of what breaks it."""

from collections.abc import Mapping
from typing import Final

from django.db import transaction

from cases import closing, invariants
from cases.models import Creditor
from collections_app.shared.side_by_side import SideBySide
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


def check_creditor(
    creditor_id: int, *, closed: invariants.Closed | None = None, several: int = 1
) -> dict[str, list[int]]:
    """Return the violations in one creditor's book, by name of the check; every list is empty when all holds.

    several: on so many connections. Those beside this one see what is committed.
    """
    asked = invariants.questions(creditor_id, closed or closed_of(creditor_id))
    asked |= {name: (statement, {"creditor": creditor_id}) for name, statement in CHECKS.items()}
    found: dict[str, list[int]] = {name: [] for name in (*invariants.ALWAYS, *invariants.CLOSED, *CHECKS)}
    return found | _answers(asked, several)


def _answers(asked: Mapping[str, invariants.Question], several: int) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    waiting, together = iter(asked.items()), SideBySide()

    def work() -> None:
        while together.error is None:
            with together.lock:
                name, question = next(waiting, ("", None))
            if question is None:
                return
            found[name] = invariants.ids(*question)

    def beside() -> None:
        with transaction.atomic():
            closing.raise_limits()
            work()

    if several > 1:
        closing.let_wait()
    together.work(work, beside, several=several, name="checks")
    return found


def check_all() -> dict[str, list[int]]:
    """Return the violations in every creditor's book, by name of the check."""
    found: dict[str, list[int]] = {}
    for creditor_id in Creditor.objects.order_by("pk").values_list("pk", flat=True):
        for name, ids in check_creditor(creditor_id).items():
            found.setdefault(name, []).extend(ids)
    return found
