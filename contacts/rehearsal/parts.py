"""The book in parts: one snapshot, a process for each part, and what they count added up.

A small book is rehearsed by a thread of this process, with a connection of its own; a large one by processes, which
begin the work of `contacts.rehearsal.process`. All of them see the snapshot that this process exports, so that
their parts are of one instant.
"""

import json
import logging
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import IO, Any, Final
from urllib.parse import quote, urlencode

from django.conf import settings
from django.db import connection, connections

from cases.models import Account
from collections_app.env import database_parts
from contacts.rehearsal import running, sql
from contacts.rehearsal.running import Ran, SendDay, Task
from contacts.rehearsal.shadow import Part
from contacts.strategy.stable import number_of

log = logging.getLogger(__name__)
SMALL: Final = 5_000  # accounts that one thread rehearses before another process has begun
PROCESSES: Final = 2
CORE: Final = ("NAME", "USER", "PASSWORD", "HOST", "PORT")
BEGIN: Final = "import django; django.setup(); from contacts.rehearsal import process; process.main()"
BEAT_S: Final = 30.0  # a rehearsal says so often that it is alive
LAST_WORDS: Final = 2_000  # characters of what a process that failed said

Told = Callable[[float], None]  # part of the work that is done, 0 to 1


class PartFailed(Exception):
    """A process of a rehearsal failed; the message is its last line."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An instant of the database that other transactions can be of. digest: which transactions it sees."""

    name: str
    at: datetime
    digest: str


@dataclass(frozen=True, slots=True)
class _Started:
    """A process at work on a part, and the file that holds what it says on standard error."""

    process: "subprocess.Popen[str]"
    words: IO[bytes]


@contextmanager
def snapshot() -> Iterator[Snapshot]:
    """Hold an instant of the database for as long as the block lasts."""
    held = connection.copy(alias="default")
    held.connect()
    try:
        held.set_autocommit(False)
        with held.cursor() as cursor:
            cursor.execute(sql.ISOLATION)
            cursor.execute(sql.READ_ONLY)
            cursor.execute(sql.NO_IDLE_LIMIT)
            cursor.execute(sql.EXPORT)
            name, at, digest = cursor.fetchone()
        yield Snapshot(name, at, digest)
    finally:
        held.close()


def split(task: Task, parts: int) -> list[Task]:
    """Return the task of each part: persons by their key, those who share an address kept together."""
    if parts == 1:
        return [task]
    left_out: list[list[int]] = [[] for _ in range(parts)]
    added: list[list[int]] = [[] for _ in range(parts)]
    for person, home in _homes().items():
        own, wanted = person % parts, home % parts
        if own != wanted:
            left_out[own].append(person)
            added[wanted].append(person)
    return [
        replace(
            task,
            part=replace(
                task.part, number=number, parts=parts, left_out=tuple(left_out[number]), added=tuple(added[number])
            ),
        )
        for number in range(parts)
    ]


def of_share(task: Task, *, salt: str, share: int) -> Task:
    """Return the task that counts what a version does for a share of the persons, while the others are on the one in
    force: only they are rehearsed, and those with whom they share an address.
    """
    homes = _homes()
    inside = {home for person, home in homes.items() if number_of(salt, person) < share}
    beside = sorted(person for person, home in homes.items() if home in inside and number_of(salt, person) >= share)
    part = replace(task.part, salt=salt, below=share, beside=tuple(beside))
    return replace(task, part=part, share=share, own_only=True)


def _homes() -> dict[int, int]:
    """Return, of every person who shares an address with somebody, the lowest key of all who hang together so."""
    first: dict[int, int] = {}

    def home(person: int) -> int:
        while first.get(person, person) != person:
            first[person] = first.get(first[person], first[person])
            person = first[person]
        return person

    with connection.cursor() as cursor:
        cursor.execute(sql.SHARED)
        for (persons,) in cursor:
            lowest = min(home(person) for person in persons)
            for person in persons:
                first[home(person)] = lowest
                first.setdefault(person, lowest)
    return {person: home(person) for person in first}


def processes_for(creditor_ids: list[int]) -> int:
    """Return how many processes a rehearsal of these books is worth; 0: a thread of this one does it sooner."""
    accounts = Account.objects.filter(creditor__in=creditor_ids)[: SMALL + 1].count()
    return min(PROCESSES, os.cpu_count() or 1) if accounts > SMALL else 0


def run(task: Task, *, processes: int, told: Told | None = None, send_day: SendDay | None = None) -> Ran:
    """Rehearse a task in so many processes (0: in a thread of this one) and add up what they count.

    send_day: another way to send, in a thread only. Raises PartFailed, NotShadowed.
    """
    tasks = split(task, max(1, processes))
    if not processes:
        return _in_thread(tasks[0], told, send_day or _send_day())
    said: queue.Queue[tuple[int, dict[str, Any] | None]] = queue.Queue()
    started = [_start(one) for one in tasks]
    readers = [
        threading.Thread(target=_read, args=(number, one.process, said), daemon=True)
        for number, one in enumerate(started)
    ]
    try:
        for reader in readers:
            reader.start()
        return _added_up(started, said, told)
    finally:
        for one in started:
            if one.process.poll() is None:
                one.process.kill()
            one.process.wait()
        for reader in readers:
            reader.join(timeout=5)
        for one in started:
            one.words.close()


def _send_day() -> SendDay:
    from contacts.rehearsal import sending

    return sending.send_day


# -- in this process ---------------------------------------------------------------------------------------------------


def _in_thread(task: Task, told: Told | None, send_day: SendDay) -> Ran:
    said: queue.Queue[float | None] = queue.Queue()
    found: list[Ran] = []
    failed: list[BaseException] = []

    def work() -> None:
        try:
            found.append(
                running.run(task, send_day=send_day, tell=lambda done, total, _: said.put(done / (total or 1)))
            )
        except BaseException as error:  # noqa: BLE001  (raised again by the thread that waits)
            failed.append(error)
        finally:
            connections.close_all()
            said.put(None)

    thread = threading.Thread(target=work, name="rehearsal")
    thread.start()
    done: float | None = 0.0
    while done is not None:
        if told is not None:
            told(done)
        try:
            done = said.get(timeout=BEAT_S)
        except queue.Empty:
            continue  # still at work: say so again
    thread.join()
    if failed:
        raise failed[0]
    return found[0]


# -- in processes ------------------------------------------------------------------------------------------------------


def _start(task: Task) -> _Started:
    parts = connection.settings_dict
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "collections_app.settings",
        "DATABASE_URL": _url(parts),
        "DEVELOPMENT": "1" if settings.DEVELOPMENT else "0",
        "VAR_DIR": str(settings.VAR_DIR),
        "REDIS_URL": settings.REDIS_URL,
        "APPLICATION_NAME": "rehearsal",
    }
    words = tempfile.TemporaryFile()  # noqa: SIM115  (closed by who waits; a pipe that nobody reads would fill)
    process = subprocess.Popen(  # noqa: S603  (our own interpreter and module)
        [sys.executable, "-c", BEGIN],
        cwd=settings.BASE_DIR,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=words,
        text=True,
    )
    assert process.stdin is not None
    with suppress(BrokenPipeError):  # it has ended before it read all; its last words say why
        process.stdin.write(json.dumps(as_json(task)) + "\n")
    with suppress(BrokenPipeError):
        process.stdin.close()
    return _Started(process, words)


def _url(parts: dict[str, Any]) -> str:
    """Return the address of the database in use, with whatever else the configured address says (encryption …)."""
    given = database_parts(settings.DATABASE_URL, name="DATABASE_URL")
    own = {key: str(parts[key] or given[key] or "") for key in CORE}
    host, port = quote(own["HOST"], safe=""), f":{own['PORT']}" if own["PORT"] else ""
    more = urlencode({key: value for key, value in given.items() if key not in CORE})
    address = f"postgresql://{quote(own['USER'])}:{quote(own['PASSWORD'], safe='')}@{host}{port}/{own['NAME']}"
    return f"{address}?{more}" if more else address


def _read(
    number: int, process: "subprocess.Popen[str]", said: "queue.Queue[tuple[int, dict[str, Any] | None]]"
) -> None:
    assert process.stdout is not None
    try:
        for line in process.stdout:
            said.put((number, json.loads(line)))
    finally:
        said.put((number, None))


def _added_up(
    started: list[_Started],
    said: "queue.Queue[tuple[int, dict[str, Any] | None]]",
    told: Told | None,
) -> Ran:
    total, done, left = Ran(), [0.0] * len(started), set(range(len(started)))
    finished: set[int] = set()
    while left:
        try:
            number, line = said.get(timeout=BEAT_S)
        except queue.Empty:
            if told is not None:
                told(sum(done) / len(done))  # still at work: say so again
            continue
        if line is None:
            left.discard(number)
            if number not in finished:
                raise PartFailed(_last_words(started[number]))
        elif "done" in line:
            done[number] = line["done"]
            if told is not None:
                told(sum(done) / len(done))
        else:
            add(total, line)
            finished.add(number)
            if words := _words(started[number]):
                log.warning("a process of a rehearsal had something to say", extra={"part": number, "said": words})
    return total


def _last_words(started: _Started) -> str:
    """Return what a process said when it failed: its last sentence, which may go on in lines that are set in."""
    ended = started.process.wait()
    lines = _words(started).splitlines()
    begins = max((number for number, line in enumerate(lines) if not line[:1].isspace()), default=0)
    return " ".join(line.strip() for line in lines[begins:]) or f"ended with {ended}"


def _words(started: _Started) -> str:
    """Return the end of what a process has said on standard error."""
    file = started.words.fileno()  # whose place is the process's own as well, so it is not moved
    said = os.pread(file, LAST_WORDS, max(0, os.fstat(file).st_size - LAST_WORDS))
    return said.decode(errors="replace").strip()


# -- as text -----------------------------------------------------------------------------------------------------------


def as_json(task: Task) -> dict[str, Any]:
    """Return a task as plain values."""
    return asdict(task) | {"at": task.at.isoformat()}


def from_json(given: dict[str, Any]) -> Task:
    """Return the task that `as_json` wrote."""
    part: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in given["part"].items()
    }
    told: dict[str, Any] = given | {"part": Part(**part), "at": datetime.fromisoformat(given["at"])}
    return Task(**told)


def told_by(ran: Ran) -> dict[str, Any]:
    """Return what a part came to as plain values."""
    return {
        "persons": ran.persons,
        "first_day": ran.first_day.isoformat() if ran.first_day else None,
        "cells": list(ran.cells.rows()),
        "planned": [[day.isoformat(), channel, count] for (day, channel), count in ran.planned.items()],
        "enrolled": ran.enrolled,
        "late": ran.late,
        "skipped": ran.skipped,
        "rows": ran.rows,
        "rates": ran.rates,
    }


def add(total: Ran, given: dict[str, Any]) -> None:
    """Add what `told_by` wrote of a part to a total."""
    total.persons += given["persons"]
    if given["first_day"]:
        first = date.fromisoformat(given["first_day"])
        total.first_day = min(total.first_day or first, first)
    total.cells.merge(given["cells"])
    for day, channel, count in given["planned"]:
        key = (date.fromisoformat(day), channel)
        total.planned[key] = total.planned.get(key, 0) + count
    for segment, count in given["enrolled"].items():
        total.enrolled[segment] = total.enrolled.get(segment, 0) + count
    total.late = sorted({*total.late, *given["late"]})
    total.skipped += given["skipped"]
    total.rows += given["rows"]
    total.rates = total.rates or given["rates"]  # of the creditors' books, in every part the same
