"""The minutes that were ticked: one row each, so that two schedulers do no harm and a missed minute shows."""

from datetime import datetime, timedelta
from typing import Final

from contacts.models import Tick

LOOKED_AT: Final = timedelta(hours=24)
MINUTE: Final = timedelta(minutes=1)


def missed(*, real_at: datetime) -> int:
    """Return how many minutes of the last day nobody ticked, since the first tick ever seen; the present one is left
    out, because its tick may still come. real_at: by the database's clock, which names the minutes.
    """
    upto = real_at.replace(second=0, microsecond=0)
    ticks = Tick.objects.filter(minute__lt=upto)
    first = ticks.order_by("minute").values_list("minute", flat=True).first()
    if first is None:
        return 0
    since = max(first, upto - LOOKED_AT)
    seen = ticks.filter(minute__gte=since).count()
    return max(0, (upto - since) // MINUTE - seen)
