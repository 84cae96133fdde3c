"""The gate measured: pure decisions, and calls opened (decided, stored and reserved) by one and by eight
connections."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time
from time import perf_counter
from zoneinfo import ZoneInfo

from django.db import connection, connections

from cases.models import ContactPoint
from collections_app.management.measures import sql
from collections_app.shared.actor import Actor
from collections_app.staff.models import User
from compliance import gate
from contacts import calls, facts

AT = datetime(2026, 3, 5, 17, 0, tzinfo=UTC)  # 12:00 in New York, 09:00 in Los Angeles, 17:00 in London
ZONE, OPENS, CLOSES = ZoneInfo("America/New_York"), time(8), time(21)


def targets(number: int) -> list[tuple[int, int]]:
    """Return so many pairs of a case and a telephone of its borrower."""
    points = ContactPoint.objects.filter(kind="mobile", person__cases__isnull=False)
    points = points.filter(person__jurisdiction__startswith="US")
    rows = points.order_by("pk").values_list("person__cases__pk", "pk").distinct()[:number]
    return [(case, point) for case, point in rows]


def pure(number: int) -> tuple[float, float]:
    """Return decisions per second of the pure gate, and of its least: a local time and two comparisons."""
    case_id, point_id = targets(1)[0]
    file = facts.of_case(case_id, at=AT)
    question, known = file.question(channel="phone", contact_point_id=point_id), file.facts(point_id)
    gate.preview(question, known)
    began = perf_counter()
    for _ in range(number):
        gate.preview(question, known)
    ours = number / (perf_counter() - began)
    began, permitted = perf_counter(), 0
    for _ in range(number * 20):
        permitted += OPENS <= AT.astimezone(ZONE).time() < CLOSES
    return ours, number * 20 / (perf_counter() - began)


def opened(pairs: list[tuple[int, int]], *, clients: int) -> tuple[float, float]:
    """Return calls opened per second by so many connections, and bare committed inserts of a row as large."""
    actor = Actor.of(User.objects.get(username="author"))

    def open_one(pair: tuple[int, int]) -> None:
        try:
            calls.open_call(case_id=pair[0], contact_point_id=pair[1], actor=actor, at=AT)
        except calls.CallRefused:
            return  # a refusal is decided and stored as well

    def insert_one(pair: tuple[int, int]) -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql.DECIDE, {"person": pair[0]})

    return _rate(open_one, pairs, clients), _rate(insert_one, pairs, clients)


def _rate(work: Callable[[tuple[int, int]], None], pairs: list[tuple[int, int]], clients: int) -> float:
    def share(number: int) -> None:
        try:
            for pair in pairs[number::clients]:
                work(pair)
        finally:
            if clients > 1:
                connections.close_all()

    began = perf_counter()
    if clients == 1:
        share(0)
    else:
        with ThreadPoolExecutor(clients) as pool:
            list(pool.map(share, range(clients)))
    return len(pairs) / (perf_counter() - began)
