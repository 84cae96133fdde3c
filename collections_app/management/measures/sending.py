"""Sending measured from the outbox to the carrier and back: how many a second, how soon a stop bites, how soon a STOP
of a borrower does, and how many doorbells a full outbox rings.

Real workers, the local carrier over real sockets, its answers without delay; carrier and workers share the machine.
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import requests
from celery.signals import before_task_publish
from django.conf import settings
from django.db import connection, connections

from collections_app import database
from collections_app.celery import app
from collections_app.management.harness import book, trial
from collections_app.management.harness.trial import TOKEN, LocalCarrier, Plan
from collections_app.management.measures import sql
from collections_app.shared import clock
from collections_app.shared.actor import SYSTEM
from compliance.models import Decision
from contacts import inbound, stops, tasks
from contacts.models import ContactAttempt, PlannedContact

WORKERS: Final = 2
PEOPLE: Final = 500  # each of them in the outbox many times
REPLIES: Final = 10


@dataclass(frozen=True, slots=True)
class Stopped:
    """queued: rows that were due; confirmed_s: until the order was confirmed; last_s: until the last message that the
    carrier took, after the order was given; late: messages taken after the confirmation; resumed: sent after lifting;
    old_permits: of these, how many rest on a decision made before the lifting.
    """

    queued: int
    confirmed_s: float
    last_s: float
    late: int
    resumed: int
    old_permits: int


def throughput(people: int) -> tuple[float, float]:
    """Return messages a second from the outbox to the carrier, and the limit: three commits and one request each."""
    with trial.carrier() as running:
        book.fill(people=people, channel="sms", limit=0, messages=1)
        with _workers(people, running, at_most_s=300) as ended:
            ended()
        taken = sorted(each.at for each in running.messages("sms"))
        if len(taken) < people:
            raise RuntimeError(f"only {len(taken)} of {people} messages left")
        # The first ones were slower, while workers and connections warmed up.
        warm = taken[len(taken) // 10 :]
        ours = (len(warm) - 1) / (warm[-1] - warm[0])
        return ours, _bare(people, running)


def stop_switch(queued: int) -> Stopped:
    """Stop everything while so many are due and workers send; lift it; return what was seen."""
    with trial.carrier() as running:
        _fill_outbox(queued, people=PEOPLE)
        due = PlannedContact.objects.filter(status="planned").count()
        with _workers(PEOPLE, running, at_most_s=120) as ended:
            _wait_for(running, 30)
            asked = _now()
            order = stops.order_stop(scope="everything", reason="measure", actor=SYSTEM, at=book.AT)
            confirmed = _now()
            time.sleep(2.5)
            at_stop = running.messages("sms")
            last = max(each.at for each in at_stop)
            newest = Decision.objects.order_by("-pk").values_list("pk", flat=True)[0]
            stops.lift_stop(order_id=order.pk, actor=SYSTEM, at=book.AT)
            _wait_for(running, len(at_stop) + 30)
            ended(kill=True)
        keys = {each.key for each in running.messages("sms")} - {each.key for each in at_stop}
        attempts = ContactAttempt.objects.filter(planned__key__in=keys, status__in=["sent", "delivered", "cleared"])
        return Stopped(
            queued=due,
            confirmed_s=confirmed - asked,
            last_s=max(0.0, last - asked),
            late=sum(each.at > confirmed for each in at_stop),
            resumed=len(keys),
            old_permits=attempts.filter(decision_id__lte=newest).count(),
        )


def stop_reply() -> tuple[float, float]:
    """Let borrowers write STOP while workers send to them; return seconds, at worst, until the answer was given, and
    until the last message that left for one of them after his STOP came in (0: none).
    """
    with trial.carrier() as running:
        reached = list(book.fill(people=300, channel="sms", limit=0, messages=3).values())
        answered = left = 0.0
        with _workers(300, running, at_most_s=120) as ended:
            _wait_for(running, 20)
            said: dict[str, float] = {}
            for number, value in enumerate(reached[::-1][: REPLIES * 10 : 10]):
                said[value] = _now()
                inbound.take_reply(sender=value, text="STOP", event_id=f"measure-{number}", at=book.AT)
                answered = max(answered, _now() - said[value])
            time.sleep(2)
            ended(kill=True)
        for message in running.messages("sms"):
            if message.to in said:
                left = max(left, message.at - said[message.to])
        return answered, left


def doorbells(queued: int) -> tuple[int, int]:
    """Return how many messages a full outbox puts into the broker in a minute's tick, and how many rows were due."""
    _fill_outbox(queued, people=PEOPLE)
    heard: list[str] = []

    def hear(sender: str, **_signal: object) -> None:
        heard.append(sender)

    broker = app.conf.broker_url
    app.conf.broker_url = "memory://"
    before_task_publish.connect(hear, weak=False)
    try:
        tasks.tick(at=book.AT + timedelta(minutes=1), real_at=tasks.database_now())
    finally:
        before_task_publish.disconnect(hear)
        app.conf.broker_url = broker
    return len(heard), PlannedContact.objects.filter(status="planned").count()


def _fill_outbox(queued: int, *, people: int) -> None:
    book.fill(people=people, channel="sms", limit=0, messages=1)
    with connection.cursor() as cursor:
        cursor.execute(sql.MULTIPLY_OUTBOX, {"days": queued // people - 1})
    with database.as_owner(), connection.cursor() as cursor:
        cursor.execute(sql.ANALYZE)


@contextmanager
def _workers(people: int, running: LocalCarrier, *, at_most_s: float) -> Iterator[Callable[..., None]]:
    plan = Plan(people=people, deaths=0, random_kills=0, workers=WORKERS, lease_s=60, timeout_s=10, at_most_s=at_most_s,
                at_once=8)  # fmt: skip
    name = str(connections.settings["default"]["NAME"])
    env = {"DATABASE_URL": database.url(name), "DATABASE_OWNER_URL": database.url(name, role="owner")}
    with tempfile.TemporaryDirectory() as folder:
        process = trial.start_workers(
            plan, running, env=env | {"REDIS_URL": settings.REDIS_URL}, log=Path(folder) / "deaths"
        )

        def ended(*, kill: bool = False) -> None:
            if kill:
                process.terminate()
                process.communicate()
            else:
                trial.finish_workers(process, at_most_s=at_most_s + 30)

        try:
            yield ended
        finally:
            if process.poll() is None:
                process.terminate()
                process.communicate()


def _wait_for(running: LocalCarrier, number: int) -> None:
    until = time.monotonic() + 60
    while len(running.messages("sms")) < number:
        if time.monotonic() > until:
            raise RuntimeError("the workers send nothing")
        time.sleep(0.02)


def _now() -> float:
    """Return seconds since 1970 by the carrier's clock, which is never shifted."""
    return (clock.now() - clock.offset()).timestamp()


def _bare(number: int, running: LocalCarrier) -> float:
    """Return how many a second the same number of processes manage of three commits and one request, and no thought."""
    connections.close_all()
    context = get_context("fork")
    ready, times = context.Barrier(WORKERS), context.SimpleQueue()  # which has written when `put` returns
    share = number // WORKERS

    def work(which: int) -> None:
        session = requests.Session()
        body = {"to": f"+861990{which:07d}", "text": "hello " * 10, "reference": ""}
        ready.wait()
        began = time.perf_counter()
        for each in range(share):
            headers = {"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": f"{which}-{each}"}
            for _commit in range(3):
                with connection.cursor() as cursor:
                    cursor.execute(sql.DECIDE, {"person": each})
            session.post(f"{running.url}/sms/messages", json=body, headers=headers, timeout=10)
        times.put((began, time.perf_counter()))
        connections.close_all()
        os._exit(0)

    processes = [context.Process(target=work, args=(which,)) for which in range(WORKERS)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    if died := [process.exitcode for process in processes if process.exitcode]:
        raise RuntimeError(f"a measuring process ended with {died[0]}")
    spans = [times.get() for _process in processes]
    return share * WORKERS / (max(end for _, end in spans) - min(begin for begin, _ in spans))
