"""Names are spelled in the background: a row of keys for each person, in portions, each a transaction of its own.

An import writes a million persons and knows nothing of this. Until a person has his keys, `cases.search` looks at the
name as it is written, so he is found at once by what his name is written with.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from time import monotonic
from typing import Final

from django.db import OperationalError, connection, transaction

from cases import name_keys, sql_names
from cases.models import Person

PORTION: Final = 2_000  # names in one transaction
SECONDS: Final = 45  # of one run; the next minute goes on


@dataclass(frozen=True, slots=True)
class Spelled:
    """What a run did: names that were new or changed, and whether nothing is left."""

    names: int
    is_done: bool


def spell(*, at: datetime, seconds: float = SECONDS, portion: int = PORTION) -> Spelled:
    """Spell the names that have no keys, or others than they should; stop after so many seconds.

    Two at once do no harm: the second finds the row of the first locked and leaves.
    """
    until, names, after = monotonic() + seconds, 0, None
    while True:
        try:
            made, after = _portion(day=at.date(), limit=portion, after=after)
        except OperationalError as error:
            if getattr(error.__cause__, "pgcode", None) not in {"55P03", "40P01"}:  # a lock that did not come
                raise
            return Spelled(names, is_done=False)
        names += made or 0
        if not made:
            return Spelled(names, is_done=made == 0)
        if monotonic() > until:
            return Spelled(names, is_done=False)


def _portion(*, day: date, limit: int, after: int | None) -> tuple[int | None, int | None]:
    """Spell some names; return how many, or None where another process is at it, and the last person looked at.

    after: the last person of the portion before; None begins anew.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql_names.IMPATIENT)
        cursor.execute(sql_names.PROGRESS)
        found = cursor.fetchone()
        if found is None:
            return None, after
        through, ahead, ahead_of, looked_through_on = found
        cursor.execute(sql_names.SETTLED)
        settled = max(through, ahead if cursor.fetchone()[0] >= ahead_of else 0)
        changed = _respell(cursor, limit)
        if after is None:  # once a day from the very beginning, so that nobody is missed for good
            after = through if looked_through_on == day else 0
        cursor.execute(sql_names.WITHOUT, {"after": after, "limit": limit})
        rows = cursor.fetchall()
        cursor.execute(sql_names.ADD, _arrays(rows))
        if len(rows) < limit:
            through, looked_through_on = settled, day
        else:
            after = rows[-1][0]
            through = max(through, min(settled, after))
        if ahead <= through:
            cursor.execute(sql_names.AHEAD)
            ahead, ahead_of = cursor.fetchone()
        cursor.execute(
            sql_names.KEEP_PROGRESS,
            {"through": through, "ahead": ahead, "ahead_of": ahead_of, "day": looked_through_on},
        )
        return changed + len(rows), after


def _respell(cursor, limit: int) -> int:
    """Spell the names that were changed. Their rows are locked before the names are read, so none can slip by."""
    cursor.execute(sql_names.STALE, {"limit": limit})
    persons = [person for (person,) in cursor.fetchall()]
    if persons:
        cursor.execute(sql_names.NAMES, {"persons": persons})
        cursor.execute(sql_names.CHANGE, _arrays(cursor.fetchall()))
    return len(persons)


def _arrays(rows: Iterable[tuple[int, str, str]]) -> dict[str, list]:
    """Return the keys of the names as two arrays; keys hold no blanks."""
    made = [
        (person, " ".join(name_keys.keys(name, is_person=kind == Person.Kind.PERSON))) for person, name, kind in rows
    ]
    return {"persons": [person for person, _keys in made], "keys": [keys for _person, keys in made]}
