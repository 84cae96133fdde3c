"""The stop switch under load: once it is confirmed nothing begins to leave, and after lifting nothing is lost."""

import threading
import time
from typing import Any

import pytest
import requests

from collections_app.carrier.faults import Fault
from collections_app.shared.actor import SYSTEM
from contacts import stops
from contacts.models import PlannedContact, StopOrder
from tests.contacts.conftest import TEN, TOKEN, Running
from tests.flows.test_kill_sending import Book, finish, rows, start

PEOPLE = 30


@pytest.fixture
def running() -> Any:
    carrier = Running()
    yield carrier
    carrier.close()


def wait_for(number: int, running: Running) -> None:
    until = time.monotonic() + 15
    while len(running.messages()) < number and time.monotonic() < until:
        time.sleep(0.02)


@pytest.mark.slow
def test_nothing_begins_to_leave_after_a_stop_is_confirmed(fresh_database, running, tmp_path):
    Book(people=PEOPLE, channel="sms")
    running.faults.order(Fault("delay", delay_s=0.3))  # every hand-over lasts a while, so that the stop meets some
    process = start(
        fresh_database, running, tmp_path / "deaths", channel="sms", deaths=0, random_kills=0, workers=4, lease_s=20
    )
    wait_for(5, running)
    asked = time.time()
    order = stops.order_stop(scope="everything", reason="drill", actor=SYSTEM, at=TEN)
    confirmed = time.time()
    at_stop = len(running.messages())
    time.sleep(1.5)
    assert order.confirmed_at is not None
    assert confirmed - asked < 2
    assert [message.to for message in running.messages() if message.at > confirmed] == []
    assert 5 <= at_stop == len(running.messages()) < PEOPLE
    assert PlannedContact.objects.filter(status="claimed").count() == 0
    running.faults.clear()
    stops.lift_stop(order_id=order.pk, actor=SYSTEM, at=TEN)
    assert finish(process)["left"] == 0, rows("SELECT status, reason_code FROM contacts_plannedcontact")
    assert len(running.messages()) == PEOPLE


def test_a_stop_that_waits_for_nobody_lets_messages_leave_after_it(fresh_database, running):
    """The negative control: a flag that a sender looks at before it sends."""
    running.faults.order(Fault("delay", delay_s=0.3))
    looked = threading.Event()

    def send() -> None:
        if not StopOrder.objects.filter(lifted_at__isnull=True).exists():
            looked.set()
            body = {"to": "+8619900000001", "text": "hello"}
            requests.post(
                f"{running.url}/sms/messages", json=body, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=5
            )

    sender = threading.Thread(target=send)
    sender.start()
    looked.wait(5)
    StopOrder.objects.create(scope="everything", reason="drill", ordered_at=TEN)
    confirmed = time.time()
    sender.join()
    assert [message.at > confirmed for message in running.messages()] == [True]
