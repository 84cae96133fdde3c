"""What everybody holds, day by day, and how it lies: so that nobody gets only the hard ones."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db import connection

from cases import ageing
from cases.distribution import sql
from cases.models import Workload

WEEK: Final = timedelta(days=7)
WEEKS: Final = 8
FAR: Final = Decimal("1.5")  # times the middle share of the team, from where a share is called out
FEW: Final = 20  # cases: below that a share says nothing
MORE: Final = 3  # hard cases more than an even share of them: fewer are chance


def keep(*, creditor_id: int, on: date) -> int:
    """Write down what every collector holds of a creditor's book today; once a day, the latest counts."""
    values: dict[str, Any] = {
        "creditor": creditor_id,
        "on": on,
        "labels": list(ageing.DEFAULT.labels),
        "starts": list(ageing.DEFAULT.starts),
    }
    with connection.cursor() as cursor:
        cursor.execute(sql.KEEP_WORKLOAD, values)
        return int(cursor.rowcount)


@dataclass(frozen=True, slots=True)
class Share:
    """What one collector holds on a day. late, vulnerable, hardship: parts of one; `far`: which of them stand out."""

    user_id: int
    cases: int
    balance: Decimal
    buckets: dict[str, int]
    late: Decimal
    vulnerable: Decimal
    hardship: Decimal
    far: tuple[str, ...] = ()


def shares(rows: Collection[Workload]) -> list[Share]:
    """Return the shares of the collectors of one day, most cases first, with what stands out against the whole."""
    total = sum(row.cases for row in rows)
    whole = {name: _part(sum(getattr(row, name) for row in rows), total) for name in ("late", "vulnerable", "hardship")}
    found = []
    for row in rows:
        parts = {name: _part(getattr(row, name), row.cases) for name in whole}
        far = tuple(
            name
            for name, part in parts.items()
            if row.cases >= FEW
            and whole[name]
            and part >= whole[name] * FAR
            and getattr(row, name) - whole[name] * row.cases >= MORE
        )
        found.append(Share(row.user_id, row.cases, row.balance, row.buckets, **parts, far=far))
    return sorted(found, key=lambda each: (-each.cases, each.user_id))


def latest(*, creditor_id: int, user_ids: Collection[int]) -> tuple[date | None, list[Workload]]:
    """Return the newest day that was written down, and its rows of these people."""
    rows = Workload.objects.filter(creditor_id=creditor_id, user_id__in=user_ids)
    on = rows.order_by("-on").values_list("on", flat=True).first()
    return on, list(rows.filter(on=on).order_by("user_id")) if on else []


def course(*, creditor_id: int, user_ids: Collection[int], until: date) -> dict[int, list[int | None]]:
    """Return by collector how many cases he held in each of the last weeks (the last day written in each), oldest
    first; None where nothing was written.
    """
    first = until - WEEKS * WEEK
    rows = Workload.objects.filter(creditor_id=creditor_id, user_id__in=user_ids, on__gt=first, on__lte=until)
    found: dict[int, list[int | None]] = {user_id: [None] * WEEKS for user_id in user_ids}
    for row in rows.order_by("on"):
        found[row.user_id][WEEKS - 1 - (until - row.on).days // 7] = row.cases
    return found


def _part(of: int, all_of: int) -> Decimal:
    return Decimal(of) / Decimal(all_of) if all_of else Decimal(0)
