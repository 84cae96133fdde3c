"""How old the balances are: the newest tape of a creditor against how old he allows them to be.

A creditor whose balances are too old may not be written to automatically: somebody who paid last week would be asked
again. A creditor whose tape is late is not treated at all: the night plans nothing new for him, calls neither (see
`contacts.night.stages`). A book that never had a tape is filled in another way, so nothing can be late for it; its
automatic messages wait all the same.
"""

from dataclasses import dataclass
from datetime import date

from django.db.models import Max, QuerySet

from cases.models import Creditor, ImportBatch
from collections_app.shared.asked_often import asked_often


@dataclass(frozen=True, slots=True)
class Freshness:
    """The state of one feed on a date. `age` is None while no tape was ever loaded; that counts as stale."""

    creditor_id: int
    as_of: date | None
    age: int | None  # days
    allowed: int  # days

    @property
    def is_stale(self) -> bool:
        """Whether automatic messages must wait for a newer tape."""
        return self.age is None or self.age > self.allowed

    @property
    def is_late(self) -> bool:
        """Whether tapes come and the newest is older than the creditor allows: nobody is treated until one comes."""
        return self.age is not None and self.age > self.allowed


def newest_tapes(creditor_ids: list[int] | None = None) -> dict[int, date]:
    """Return, per creditor, the day of the newest balances that were loaded. Creditors without a tape are missing."""
    batches = _tapes() if creditor_ids is None else _tapes().filter(creditor_id__in=creditor_ids)
    return dict(_newest(batches))


def _tapes() -> QuerySet[ImportBatch]:
    return ImportBatch.objects.filter(kind="tape", status=ImportBatch.Status.LOADED, as_of__isnull=False)


def _newest(batches: QuerySet[ImportBatch]) -> QuerySet[ImportBatch, tuple[int, date]]:
    newest = batches.values("creditor_id").annotate(newest=Max("as_of")).values_list("creditor_id", "newest")
    return newest.order_by("creditor_id")


@asked_often
def _tapes_of(creditor: int) -> QuerySet[ImportBatch, tuple[int, date]]:
    return _newest(_tapes().filter(creditor_id=creditor))


def of_creditors(creditors: list[Creditor], *, on: date) -> dict[int, Freshness]:
    """Return the freshness of each of these creditors on a date, in one query."""
    newest = newest_tapes([creditor.pk for creditor in creditors])
    return {creditor.pk: _freshness(creditor, newest.get(creditor.pk), on) for creditor in creditors}


def of_creditor(creditor: Creditor, *, on: date) -> Freshness:
    """Return the freshness of one creditor's balances on a date (his business date)."""
    return _freshness(creditor, _newest_tape(creditor.pk), on)


def feed_age(creditor_id: int, on: date) -> int | None:
    """Return how many days old the newest balances are on a date; None when there are none at all."""
    as_of = _newest_tape(creditor_id)
    return max(0, (on - as_of).days) if as_of else None


def _newest_tape(creditor_id: int) -> date | None:
    found = _tapes_of.first(creditor=creditor_id)
    return found[1] if found else None


def _freshness(creditor: Creditor, as_of: date | None, on: date) -> Freshness:
    age = max(0, (on - as_of).days) if as_of else None
    return Freshness(creditor_id=creditor.pk, as_of=as_of, age=age, allowed=creditor.freshness_days)
