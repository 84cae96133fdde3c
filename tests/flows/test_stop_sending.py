"""The stop switch under load: once it is confirmed nothing begins to leave, and after lifting nothing is lost."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from collections_app.carrier.faults import Fault
from collections_app.management.harness import book, trial
from collections_app.management.harness.trial import LocalCarrier, Plan
from collections_app.shared.actor import SYSTEM
from contacts import inbound, stops
from contacts.models import PlannedContact, StopOrder

PEOPLE = 30


@pytest.fixture
def running() -> Iterator[LocalCarrier]:
    with trial.carrier() as carrier:
        yield carrier


def wait_for(number: int, running: LocalCarrier) -> None:
    until = time.monotonic() + 15
    while len(running.messages("sms")) < number and time.monotonic() < until:
        time.sleep(0.02)


@pytest.mark.slow
def test_nothing_begins_to_leave_after_a_stop_is_confirmed(fresh_database: Any, running: LocalCarrier, tmp_path: Path):
    book.fill(people=PEOPLE, channel="sms")
    running.faults.order(Fault("delay", delay_s=0.3))  # every hand-over lasts a while, so that the stop meets some
    plan = Plan(people=PEOPLE, deaths=0, random_kills=0, workers=4, lease_s=20)
    workers = trial.start_workers(plan, running, env=fresh_database.env, log=tmp_path / "deaths")
    wait_for(5, running)
    asked = time.time()
    order = stops.order_stop(scope="everything", reason="drill", actor=SYSTEM, at=book.AT)
    confirmed = time.time()
    at_stop = len(running.messages("sms"))
    time.sleep(1.5)
    assert order.confirmed_at is not None
    assert confirmed - asked < 2
    assert [message.to for message in running.messages("sms") if message.at > confirmed] == []
    assert 5 <= at_stop == len(running.messages("sms")) < PEOPLE
    assert PlannedContact.objects.filter(status="claimed").count() == 0
    running.faults.clear()
    stops.lift_stop(order_id=order.pk, actor=SYSTEM, at=book.AT)
    assert trial.finish_workers(workers, at_most_s=30)["left"] == 0
    assert len(running.messages("sms")) == PEOPLE


@pytest.mark.slow
def test_nothing_leaves_for_who_wrote_stop(fresh_database: Any, running: LocalCarrier, tmp_path: Path):
    """A STOP that comes while messages leave, also one to this very person: none begins later than a second after."""
    people = list(book.fill(people=PEOPLE, channel="sms", limit=0, messages=1).values())
    running.faults.order(Fault("delay", delay_s=0.2))
    plan = Plan(people=PEOPLE, deaths=0, random_kills=0, workers=4, lease_s=20)
    workers = trial.start_workers(plan, running, env=fresh_database.env, log=tmp_path / "deaths")
    wait_for(5, running)
    stopped = {}
    for number, value in enumerate([running.messages("sms")[0].to, *people[-6:]]):
        stopped[value] = time.time()
        inbound.take_reply(sender=value, text="STOP", event_id=f"e{number}", at=book.AT)
        assert time.time() - stopped[value] < 2
    assert trial.finish_workers(workers, at_most_s=60)["left"] == 0
    late = [each.to for each in running.messages("sms") if each.at > stopped.get(each.to, each.at) + 1]
    assert late == []
    others = {each.to for each in running.messages("sms")} - set(stopped)
    assert len(others) == PEOPLE - len(stopped)


def test_a_stop_that_waits_for_nobody_lets_messages_leave_after_it(fresh_database: Any, running: LocalCarrier):
    """The negative control: a flag that a sender looks at before it sends."""
    running.faults.order(Fault("delay", delay_s=0.3))
    looked = threading.Event()

    def send() -> None:
        if not StopOrder.objects.filter(lifted_at__isnull=True).exists():
            looked.set()
            body = {"to": "+8619900000001", "text": "hello"}
            headers = {"Authorization": f"Bearer {trial.TOKEN}"}
            requests.post(f"{running.url}/sms/messages", json=body, headers=headers, timeout=5)

    sender = threading.Thread(target=send)
    sender.start()
    looked.wait(5)
    StopOrder.objects.create(scope="everything", reason="drill", ordered_at=book.AT)
    confirmed = time.time()
    sender.join()
    assert [message.at > confirmed for message in running.messages("sms")] == [True]
