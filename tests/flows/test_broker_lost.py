"""The broker forgets everything, again and again, under real workers: every message leaves, once."""

import subprocess
import sys
import threading
import time
from typing import Any

import pytest
import redis
from django.conf import settings

from collections_app.celery import app
from collections_app.management.harness import book, trial
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


@pytest.mark.slow
def test_a_broker_that_forgets_loses_and_doubles_nothing(fresh_database: Any, broker: str):
    book.fill(people=PEOPLE, channel="sms", limit=0, messages=1)
    ClockOffset.objects.update_or_create(pk=1, defaults={"seconds": int((book.AT - clock.now()).total_seconds())})
    over, flushed = threading.Event(), []
    with trial.carrier() as running:
        environment = fresh_database.env | {
            "REDIS_URL": broker, "CLOCK_SHIFT": "1", "SMS_PROVIDER_URL": f"{running.url}/sms", "EPOCH_FOLDER": "",
            "SMS_PROVIDER_TOKEN": trial.TOKEN, "VAR_DIR": str(settings.VAR_DIR), "LOG_LEVEL": "CRITICAL",
            "DJANGO_SETTINGS_MODULE": "collections_app.settings",
        }  # fmt: skip
        command = [
            sys.executable,
            "-m",
            "celery",
            "-A",
            "collections_app",
            "worker",
            "--pool",
            "solo",
            "-Q",
            "sms,default",
        ]
        workers = [
            subprocess.Popen([*command, "-n", f"w{n}@trial", "-l", "CRITICAL"], cwd=settings.BASE_DIR, env=environment)
            for n in range(2)
        ]
        threading.Thread(target=flush, args=(broker, over, flushed)).start()
        try:
            until = time.monotonic() + 45
            while PlannedContact.objects.exclude(status="done").exists() and time.monotonic() < until:
                with app.connection_for_write(broker) as connection:  # the doorbell of the minute, every half second
                    tasks.dispatch_due.apply_async(kwargs={"channel": "sms"}, connection=connection, queue="sms")
                time.sleep(0.5)
        finally:
            over.set()
            for worker in workers:
                worker.kill()
                worker.wait()
        taken = [message.key for message in running.messages("sms")]
    assert (len(taken), len(set(taken))) == (PEOPLE, PEOPLE)
    assert len(flushed) >= 3
    assert PlannedContact.objects.filter(status="done").count() == PEOPLE


def test_work_that_lies_in_the_broker_is_lost_with_it(broker: str):
    """The negative control: a queue that carries the messages themselves."""
    client = redis.Redis.from_url(broker)
    client.rpush("work", *range(PEOPLE))
    done = [client.lpop("work") for _ in range(5)]
    client.flushdb()
    while (each := client.lpop("work")) is not None:
        done.append(each)
    assert len(done) == 5 < PEOPLE
