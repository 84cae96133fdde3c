"""The order of locks, the same for every instruction, hold, count and send: persons by id, then addresses by id.

Row locks FOR NO KEY UPDATE: a plain FOR UPDATE would make every insert that references the person wait. They end with
the transaction.
"""

from collections.abc import Iterable

from django.db import models

from cases.models import Address, Person


class ClockTimestamp(models.Func):
    """The database's own clock, which leases use: never shifted, the same for every process."""

    function = "clock_timestamp"
    template = "%(function)s()"
    output_field = models.DateTimeField()


def lock(*, person_ids: Iterable[int], address_ids: Iterable[int] = ()) -> None:
    """Take the locks of these persons, then of these addresses. Call inside a transaction, before reading facts."""
    _take(Person, person_ids)
    _take(Address, address_ids)


def _take(model: type[models.Model], ids: Iterable[int]) -> None:
    wanted = sorted({pk for pk in ids if pk is not None})
    if wanted:
        rows = model._default_manager.select_for_update(of=("self",), no_key=True).filter(pk__in=wanted)
        list(rows.order_by("pk").values_list("pk", flat=True))
