"""A rehearsal of fourteen days measured, beside the bare insertion of as many planned contacts."""

from dataclasses import dataclass
from time import perf_counter

from django.db import connection
from django.db.models import Sum

from cases.models import Creditor
from collections_app import database
from collections_app.management.measures import book, sql
from collections_app.shared.actor import Actor
from contacts.models import Rehearsal, RehearsalCell, StrategyVersion
from contacts.rehearsal import verbs

DAYS = 14
BENCH = Actor.system("bench")


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """Seconds of a rehearsal, how many contacts it decided about, and the seconds of the limit."""

    seconds: float
    contacts: int
    limit: float


def measure() -> Rehearsed:
    """Rehearse the strategy in force of the bench's creditor on the book in use; return the seconds."""
    creditor = Creditor.objects.get(code="bench")
    version = StrategyVersion.objects.filter(status="published", creditors=creditor).order_by("pk")[0]
    began = perf_counter()
    row = verbs.rehearse(version_id=version.pk, days=DAYS, actor=BENCH, at=book.night_of(book.SECOND))
    taken = perf_counter() - began
    if row.status != Rehearsal.Status.DONE:
        raise RuntimeError(f"the rehearsal failed: {row.error}")
    contacts = RehearsalCell.objects.filter(rehearsal=row).aggregate(all=Sum("count"))["all"] or 0
    return Rehearsed(taken, contacts, _limit(contacts))


def _limit(contacts: int) -> float:
    """Return the seconds in which plain SQL inserts as many planned contacts."""
    with database.as_owner(), connection.cursor() as cursor:
        cursor.execute(sql.MAKE_FLOOR)
        began = perf_counter()
        cursor.execute(sql.PLAN, {"planned": contacts})
        return perf_counter() - began
