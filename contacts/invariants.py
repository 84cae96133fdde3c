"""What must always be true of contacts and of the whole book; each check returns the ids of what breaks it."""

from collections.abc import Mapping
from threading import Lock, Thread
from typing import Final

from django.db import connections, transaction

from cases import closing, invariants
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
    failed: list[BaseException] = []
    waiting, lock = iter(asked.items()), Lock()

    def work() -> None:
        while not failed:
            with lock:
                name, question = next(waiting, ("", None))
            if question is None:
                return
            found[name] = invariants.ids(*question)

    def help_out() -> None:
        try:
            with transaction.atomic():
                closing.raise_limits()
                work()
        except BaseException as error:  # noqa: BLE001  (raised again by the thread that waits)
            failed.append(error)
        finally:
            connections.close_all()

    if several > 1:
        closing.let_wait()
    others = [Thread(target=help_out, name=f"checks {number}") for number in range(2, several + 1)]
    for other in others:
        other.start()
    try:
        work()
    except BaseException as error:
        failed.append(error)  # the others end with the check that they are at
        raise
    finally:
        for other in others:
            other.join()
    if failed:
        raise failed[0]
    return found


def check_all() -> dict[str, list[int]]:
    """Return the violations in every creditor's book, by name of the check."""
    found: dict[str, list[int]] = {}
    for creditor_id in Creditor.objects.order_by("pk").values_list("pk", flat=True):
        for name, ids in check_creditor(creditor_id).items():
            found.setdefault(name, []).extend(ids)
    return found
