"""The doors of providers: how often something came with a proof that is not the provider's. Counted by day, no more."""

from datetime import datetime, timedelta
from typing import Final

from django.db.models import F

from contacts.models import RefusedCallback

SHOWN: Final = timedelta(days=7)


def count_refused(door: str, *, at: datetime) -> None:
    """Count one. The row of a door and day is the only thing that grows, whoever knocks how often."""
    row, made = RefusedCallback.objects.get_or_create(
        door=door[:30], day=at.date(), defaults={"count": 1, "last_at": at}
    )
    if not made:
        RefusedCallback.objects.filter(pk=row.pk).update(count=F("count") + 1, last_at=at)


def refused_lately(*, at: datetime) -> list[RefusedCallback]:
    """Return the counts of the last seven days, newest first."""
    rows = RefusedCallback.objects.filter(day__gt=(at - SHOWN).date())
    return list(rows.order_by("-day", "door"))
