"""The next case measured: fifty collectors who go from case to case in a book of any size, and fifty workers who claim
as fast as they can.

Collectors ask by chance, whether or not the ones before them are answered, and whichever of four processes is free
answers through all of Django, as a web server would: what a request waited for its turn is part of its time. The page
ahead is asked for a moment after the page, as the browser does. Each goes on every fifteen seconds on average, ten
times as often as people do who talk with somebody in between. Beside them it is measured what two hundred see who work
as people do: two hundred cases in eight hours each.
"""

import random
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heappop, heappush
from multiprocessing import get_context
from statistics import quantiles
from time import perf_counter, process_time, sleep
from typing import Any, Final

from django.db import connection, connections
from django.test import Client
from django.urls import reverse

from cases import worklist
from cases.models import Case
from collections_app import database
from collections_app.management.measures import searching
from collections_app.management.measures import sql_searching as sql
from collections_app.management.measures.people import AT
from collections_app.shared import clock, refs
from collections_app.shared.actor import Actor
from collections_app.staff.models import User

COLLECTORS: Final = 50
EACH_S: Final = 15.0  # seconds from one case of a collector to the next, on average
PROCESSES: Final = 4
SECONDS: Final = 40.0
MANY: Final = 200  # who go on as people do
THEIR_EACH_S: Final = 8 * 3600 / 200
THEIR_SECONDS: Final = 80.0
AHEAD_S: Final = 1.2  # after which the browser asks for the page ahead (next.js)
WARM_S: Final = 5.0  # not counted
TURN_S: Final = 0.002
WORKERS: Final = 50
AT_NIGHT: Final = AT  # 01:00 in Shanghai, where the people of this book are: nobody may be called
BY_DAY: Final = AT + timedelta(hours=10)  # 11:00 there


@dataclass(frozen=True, slots=True)
class Measured:
    """Milliseconds to the page of the next case, and to the page that is kept ahead, as the server takes them.

    twice: cases that two collectors had: none, or the queue is broken. cpu: processor milliseconds of our processes
    for one case: claimed, shown, the next one kept and its page made.
    """

    p50: float
    p95: float
    ahead_p95: float
    shown: int
    twice: int
    cpu: float


@dataclass(frozen=True, slots=True)
class Claimed:
    """How many cases fifty workers claimed, how fast, and how many were handed out twice."""

    claims: int
    per_s: float
    bare_per_s: float
    twice: int


def measure(size: int) -> tuple[Measured, Measured]:
    """Make a book of so many people in the empty database in use; let fifty collectors work in it who hurry, and then
    two hundred who do not.
    """
    teams = searching.make(size)
    users = [
        User.objects.create(username=f"next-{number}", role="collector", team=teams[number % len(teams)]).pk
        for number in range(MANY)
    ]
    hurried = _simulate(users[:COLLECTORS], each_s=EACH_S, seconds=SECONDS)
    return hurried, _simulate(users, each_s=THEIR_EACH_S, seconds=THEIR_SECONDS)


def claim(number: int, *, at: datetime) -> Claimed:
    """Claim so many cases by fifty workers at once, in a book that holds a few more; beside bare SQL.

    at: BY_DAY, or AT_NIGHT, when a claim looks further for somebody whose day it is.

    The workers are threads of four processes, each with a connection of its own: as threads of one they would wait for
    the interpreter, and not for each other's rows.
    """
    teams = searching.make(4 * (number + number // 2 + 40))  # a case for every fourth person
    owner = teams[0]
    Case.objects.update(team=owner)
    with database.as_owner(), connection.cursor() as cursor:
        cursor.execute(sql.ANALYSE)
    users = [
        User.objects.create(username=f"claim-{each}", role="collector", team=owner).pk for each in range(WORKERS)
    ]  # fmt: skip
    left = get_context("fork").Value("q", number)

    def work(mine: list[int]) -> list[int]:
        got: list[int] = []  # appending is safe from several threads

        def worker(user: User) -> None:
            try:
                while True:
                    with left.get_lock():
                        if left.value <= 0:
                            return
                        left.value -= 1
                    case = worklist.next_case(user=user, actor=Actor.of(user), at=at)
                    if case is None:
                        return
                    got.append(case.pk)
                    _put_away(case.pk, at=at)
            finally:
                connections.close_all()

        threads = [threading.Thread(target=worker, args=(user,)) for user in User.objects.filter(pk__in=mine)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return got

    began = perf_counter()
    parts = _in_processes(lambda place: work(users[place::PROCESSES]))
    taken = perf_counter() - began
    got = Counter(pk for part in parts for pk in part)
    claims = sum(got.values())
    return Claimed(
        claims, claims / taken, _bare(owner.pk, min(number, 400), at=at), sum(many > 1 for many in got.values())
    )


def _put_away(case_id: int, *, at: datetime) -> None:
    """Say that a case was worked: it is due tomorrow, and nobody holds it."""
    due = at + timedelta(days=1)
    Case.objects.filter(pk=case_id).update(next_action_at=due, lease_by=None, lease_until=None)


def _bare(team: int, number: int, *, at: datetime) -> float:
    """Return how many claims a second one connection makes in plain SQL, each a transaction of its own."""
    began = perf_counter()
    with connection.cursor() as cursor:
        for _each in range(number):
            cursor.execute(sql.CLAIM_CASE, {"team": team, "at": at})
    return number / (perf_counter() - began)


def _in_processes[Part](work: Callable[[int], Part]) -> list[Part]:
    """Let four processes do something, each told its number; return what each found. Raises what one of them raised."""
    connections.close_all()
    context = get_context("fork")
    found: Any = context.SimpleQueue()

    def serve(number: int) -> None:
        try:
            found.put(work(number))
        except Exception as error:  # noqa: BLE001  (told by the process that waits for this one)
            found.put(error)
        finally:
            connections.close_all()

    processes = [context.Process(target=serve, args=(number,)) for number in range(PROCESSES)]
    for process in processes:
        process.start()
    parts = [found.get() for _ in processes]
    for process in processes:
        process.join()
    for part in parts:
        if isinstance(part, Exception):
            raise part
    return parts


def _simulate(users: list[int], *, each_s: float, seconds: float) -> Measured:
    """Return what these collectors saw, from the moment somebody asked until the page was there.

    each_s: seconds from one case of a collector to the next, on average; seconds: how long they work. Whichever process
    is free answers, as a web server's do; the next case is kept ahead when the browser asks for it.
    """
    clients = [_client(pk) for pk in users]
    connections.close_all()
    context = get_context("fork")
    asked: Any = context.SimpleQueue()
    told: Any = context.SimpleQueue()
    processes = [context.Process(target=_serve, args=(clients, asked, told)) for _each in range(PROCESSES)]
    for process in processes:
        process.start()
    try:
        seen = _arrive(len(clients), asked, told, rate=len(users) / each_s, seconds=seconds)
        for _each in processes:
            asked.put(None)
        used = sum(_heard(told) for _each in processes)
    finally:
        for process in processes:
            process.kill()
            process.join()
    cut = quantiles(seen.nexts, n=100)
    ahead = quantiles(seen.aheads, n=100)
    twice = sum(many > 1 for many in seen.cases.values())
    return Measured(cut[49], cut[94], ahead[94], len(seen.nexts), twice, used / sum(seen.cases.values()) * 1000)


@dataclass(slots=True)
class _Seen:
    """Milliseconds that pages took, and how often each case was handed out."""

    nexts: list[float]
    aheads: list[float]
    cases: Counter[str]


def _arrive(many: int, asked: Any, told: Any, *, rate: float, seconds: float) -> _Seen:
    """Let collectors ask by chance, so many a second, and their browsers for the page ahead a moment later."""
    chance = random.Random(0)  # noqa: S311 - arrivals, not secrecy
    idle = set(range(many))
    ahead: list[tuple[float, int, str]] = []
    seen = _Seen([], [], Counter())
    began = perf_counter()
    arrival = began + chance.expovariate(rate)
    while arrival < began + seconds or len(idle) < many:
        while not told.empty():
            who, due, done, page = _heard(told)
            if page:
                seen.cases[page] += 1
                heappush(ahead, (done + AHEAD_S, who, page))
            else:
                idle.add(who)
            if began + WARM_S < due < began + seconds:
                (seen.nexts if page else seen.aheads).append((done - due) * 1000)
        if ahead and ahead[0][0] <= perf_counter():
            due, who, page = heappop(ahead)
            asked.put(("ahead", who, due, page))
        elif idle and arrival <= perf_counter() and arrival < began + seconds:
            who = chance.choice(sorted(idle))
            idle.remove(who)
            asked.put(("next", who, arrival, ""))
            arrival += chance.expovariate(rate)
        else:
            sleep(TURN_S)
    return seen


def _heard(told: Any) -> Any:
    """Return what a process said. Raises what one of them raised."""
    said = told.get()
    if isinstance(said, Exception):
        raise said
    return said


def _serve(clients: list[Client], asked: Any, told: Any) -> None:
    """Answer what is asked until there is nothing more, and then say how much of the processor it took, in seconds."""
    used = process_time()
    try:
        while (question := asked.get()) is not None:
            what, who, due, in_hand = question
            if what == "next":
                page = clients[who].post(reverse("cases:take-next")).headers["Location"]
                clients[who].get(page)
                told.put((who, due, perf_counter(), page))
            else:
                kept = clients[who].post(reverse("cases:ahead")).json()
                clients[who].get(kept["url"], {"ahead": "1"})
                done = perf_counter()
                _put_away(refs.decode("C", in_hand.strip("/").split("/")[-1]), at=clock.now())
                told.put((who, due, done, ""))
        told.put(process_time() - used)
    except Exception as error:  # noqa: BLE001  (told by the process that waits for this one)
        told.put(error)
    finally:
        connections.close_all()


def _client(user_id: int) -> Client:
    client = Client(SERVER_NAME="localhost")
    client.force_login(User.objects.get(pk=user_id))
    return client
