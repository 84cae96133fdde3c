"""The broker forgets everything, again and again, under real workers: every message leaves, once."""

import subprocess
import sys
import threading
import time
from typing import Any

import pytest
import redis
from django.conf import settings

from collections_app.carrier.faults import Fault
from collections_app.celery import app
from collections_app.management.harness import book, trial
from collections_app.management.harness.trial import LocalCarrier
from collections_app.shared import clock
from collections_app.staff.models import ClockOffset
from contacts import tasks
from contacts.models import PlannedContact

PEOPLE = 20


def flush(address: str, over: threading.Event, flushed: list[int]) -> None:
    client = redis.Redis.from_url(address)
    while not over.wait(0.3):
        client.flushdb()
        flushed.append(1)


def start(running: LocalCarrier, own: Any, broker: str, name: str) -> subprocess.Popen[bytes]:
    """Start one worker as it runs in production, but in one process."""
    environment = own.env | {
        "REDIS_URL": broker, "CLOCK_SHIFT": "1", "SMS_PROVIDER_URL": f"{running.url}/sms", "EPOCH_FOLDER": "",
        "SMS_PROVIDER_TOKEN": trial.TOKEN, "VAR_DIR": str(settings.VAR_DIR), "LOG_LEVEL": "CRITICAL",
        "DJANGO_SETTINGS_MODULE": "collections_app.settings",
    }  # fmt: skip
    command = [sys.executable, "-m", "celery", "-A", "collections_app", "worker", "--pool", "solo", "-Q", "sms,default"]
    return subprocess.Popen(
        [*command, "-n", f"{name}@trial", "-l", "CRITICAL"], cwd=settings.BASE_DIR, env=environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def ring_until_done(broker: str, *, at_most_s: float, meanwhile: Any = None, **newer: Any) -> None:
    """Ring the doorbell of the minute every half second until everything is done. newer: what a later release adds."""
    until = time.monotonic() + at_most_s
    while PlannedContact.objects.exclude(status="done").exists() and time.monotonic() < until:
        with app.connection_for_write(broker) as connection:
            tasks.dispatch_due.apply_async(kwargs={"channel": "sms", **newer}, connection=connection, queue="sms")
            if newer:
                app.send_task("contacts.of_a_later_release", kwargs=newer, connection=connection, queue="sms")
        time.sleep(0.5)
        if meanwhile is not None:
            meanwhile()


@pytest.fixture
def book_is_due(fresh_database: Any) -> None:
    book.fill(people=PEOPLE, channel="sms", limit=0, messages=1)
    ClockOffset.objects.update_or_create(pk=1, defaults={"seconds": int((book.AT - clock.now()).total_seconds())})


def every_message_left_once(running: LocalCarrier) -> None:
    taken = [message.key for message in running.messages("sms")]
    assert (len(taken), len(set(taken))) == (PEOPLE, PEOPLE)
    assert PlannedContact.objects.filter(status="done").count() == PEOPLE


@pytest.mark.slow
def test_a_broker_that_forgets_loses_and_doubles_nothing(fresh_database: Any, broker: str, book_is_due: None):
    over, flushed = threading.Event(), []
    with trial.carrier() as running:
        workers = [start(running, fresh_database, broker, name) for name in ("first", "second")]
        threading.Thread(target=flush, args=(broker, over, flushed)).start()
        try:
            ring_until_done(broker, at_most_s=45)
        finally:
            over.set()
            for worker in workers:
                worker.kill()
                worker.wait()
        every_message_left_once(running)
    assert len(flushed) >= 3


@pytest.mark.slow
def test_workers_that_are_restarted_one_after_the_other_lose_nothing(
    fresh_database: Any, broker: str, book_is_due: None
):
    """Told to end (SIGTERM) in the middle of their work, with messages of a later release among theirs."""
    with trial.carrier() as running:
        running.faults.order(Fault("delay", delay_s=0.3))
        workers = [start(running, fresh_database, broker, "0")]
        restarted = []

        def restart() -> None:
            if len(running.messages("sms")) // 7 > len(restarted):
                restarted.append(workers[-1])
                workers[-1].terminate()
                workers.append(start(running, fresh_database, broker, str(len(workers))))

        try:
            ring_until_done(broker, at_most_s=60, meanwhile=restart, format="2")
        finally:
            for worker in workers:
                worker.kill()
                worker.wait()
        every_message_left_once(running)
    assert len(restarted) == 2


def test_work_that_lies_in_the_broker_is_lost_with_it(broker: str):
    """The negative control: a queue that carries the messages themselves."""
    client = redis.Redis.from_url(broker)
    client.rpush("work", *range(PEOPLE))
    done = [client.lpop("work") for _ in range(5)]
    client.flushdb()
    while (each := client.lpop("work")) is not None:
        done.append(each)
    assert len(done) == 5 < PEOPLE
