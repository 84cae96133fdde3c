"""Lists and queues measured: the collector's page, and taking everything that is due out of the outbox."""

from statistics import quantiles
from time import perf_counter

from django.db import connection

from cases import worklist
from collections_app.management.measures import sql
from collections_app.management.measures.people import AT
from collections_app.staff.models import User
from contacts.dispatch import claims

MORNING = "2026-03-06T00:00:00+00:00"


def worklist_page(times: int) -> tuple[list[float], list[float]]:
    """Return milliseconds p50 and p99 of the first fifty cases of a queue, and of the same page in plain SQL."""
    user = User.objects.get(username="author")
    ours, limit = [], []
    for _ in range(times):
        began = perf_counter()
        list(worklist.waiting(user, at=AT).select_related("person")[:50])
        ours.append((perf_counter() - began) * 1000)
        began = perf_counter()
        with connection.cursor() as cursor:
            cursor.execute(sql.PAGE, {"team": user.team_id})
            cursor.fetchall()
        limit.append((perf_counter() - began) * 1000)
    return _p50_p99(ours), _p50_p99(limit)


def _p50_p99(values: list[float]) -> list[float]:
    cut = quantiles(values, n=100)
    return [cut[49], cut[98]]


def claim_everything() -> tuple[float, float, int]:
    """Return seconds to claim every text message that is due, the same by a bare loop, and how many there were."""
    from datetime import datetime

    until = datetime.fromisoformat(MORNING)
    began, claimed = perf_counter(), 0
    while found := claims.claim_due(channel="sms", limit=50, at=until):
        claimed += len(found)
    ours = perf_counter() - began
    began, bare = perf_counter(), 0
    with connection.cursor() as cursor:
        while bare < claimed:
            cursor.execute(sql.CLAIM)
            if cursor.rowcount == 0:
                break
            bare += cursor.rowcount
    limit = perf_counter() - began
    return ours, limit * claimed / bare if bare else 0.0, claimed
