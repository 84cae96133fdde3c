"""The order of locks, the same for every instruction, hold, count and send: persons by id, then addresses by id.

Row locks FOR NO KEY UPDATE: a plain FOR UPDATE would make every insert that references the person wait. They end with
the transaction.
"""

from collections.abc import Iterable

from django.db import models

from cases import sql_locks


class ClockTimestamp(models.Func):
    """The database's own clock, which leases use: never shifted, the same for every process."""

    function = "clock_timestamp"
    template = "%(function)s()"
    output_field = models.DateTimeField()


def lock(*, person_ids: Iterable[int], address_ids: Iterable[int] = ()) -> None:
    """Take the locks of these persons, then of these addresses. Call inside a transaction, before reading facts."""
    persons, addresses = _keys(person_ids), _keys(address_ids)
    if persons or addresses:
        sql_locks.LOCK.rows([persons, addresses])


def _keys(ids: Iterable[int | None]) -> list[int]:
    return sorted({pk for pk in ids if pk is not None and 0 < pk < 2**63})


def lock_for_contact(*, case_id: int, contact_point_id: int, contacted_id: int | None = None) -> tuple[int, int] | None:
    """Take the locks of the debtor of a case, of whoever is to be reached, and of a contact point's address, in one
    statement. Return the debtor and the address, or None where there is no such case or point.
    """
    if not all(0 < pk < 2**63 for pk in (case_id, contact_point_id, contacted_id or 1)):
        return None  # no key of ours; the database would not even compare it
    rows = sql_locks.LOCK_FOR_CONTACT.rows([case_id, contact_point_id, contacted_id])
    person_id, address_id = rows[0]
    return None if person_id is None or address_id is None else (person_id, address_id)
