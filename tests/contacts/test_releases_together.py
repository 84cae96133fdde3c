"""P23: two releases at work side by side during a deploy: what one does not know waits for the other; nothing is lost.

A real worker of this release listens, in a thread, to a broker in memory on which a newer release has rung.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests
from celery.worker import state
from django.db import connection

from collections_app.celery import app
from collections_app.shared import clock
from contacts import dispatch, reasons, tasks
from contacts.models import ContactAttempt, PlannedContact, Step
from tests.contacts.conftest import TEN, TOKEN, WORDING, Running
from tests.contacts.test_schedulers import put_clock
from tests.factories.cases import CaseFactory
from tests.factories.contacts import PlannedContactFactory, StepFactory, TemplateFactory

NEXT_YEAR = [  # name, keyword arguments, positional arguments
    ("contacts.send_by_pigeon", {"planned": 7, "version": 9}, []),
    ("contacts.dispatch_due", {"channel": "pigeon", "version": 9}, []),
    ("contacts.dispatch_due", {"lane": 3}, []),
    ("contacts.sweep", {}, [{"version": 9}]),
    ("contacts.close_day", {"creditor_id": "all", "business_date": "every"}, []),
]

DROPPED = ("unregistered task", "raised unexpected", "doorbell of a channel")


@pytest.fixture
def waiting(own_database: Any, carrier: Running, settings: Any) -> Iterator[Callable[..., PlannedContact]]:
    """Return a function that plans a text message for now; the product's clock shows ten in Shanghai."""
    settings.CLOCK_SHIFT = True
    put_clock(TEN + timedelta(minutes=1))

    def make(*, kind: str = "message", **more: Any) -> PlannedContact:
        step = StepFactory(template=TemplateFactory(versions=WORDING), kind=kind)  # as a newer release has written it
        return PlannedContactFactory(case=CaseFactory(at=TEN), step=step, at=TEN, **more)

    yield make
    PlannedContact.objects.exclude(status="done").update(status="cancelled", finished_at=TEN, lease_until=None)
    put_clock(clock.now() - clock.offset())


@pytest.fixture
def listen(caplog: Any) -> Iterator[Callable[..., list[str]]]:
    """Return a function that lets a worker hear so many messages and returns what it said, then ends the worker."""
    before = app.conf.broker_transport_options
    app.conf.broker_transport_options = {"polling_interval": 0.02}

    def hear(number: int) -> list[str]:
        worker = app.WorkController(pool="solo", concurrency=1, queues=["default"], timer_precision=0.05,
                                    without_gossip=True, without_mingle=True, without_heartbeat=True)  # fmt: skip
        thread = threading.Thread(target=worker.start, daemon=True)
        thread.start()
        until = time.monotonic() + 10
        while time.monotonic() < until and len(dropped()) < number:
            time.sleep(0.02)
        said = dropped()
        state.should_stop = 0
        for _look_up_and_look_once_more in range(2):
            app.send_task("contacts.good_night", queue="default")
        thread.join(10)
        state.should_stop = None
        assert not thread.is_alive()
        with app.connection_for_write() as connection:
            connection.default_channel.queue_purge("default")
        return said

    def dropped() -> list[str]:
        lines = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
        return [line for line in lines if any(word in line for word in DROPPED)]

    yield hear
    app.conf.broker_transport_options = before


def reload(planned: PlannedContact) -> PlannedContact:
    planned.refresh_from_db()
    return planned


def test_bells_of_a_newer_release_are_dropped_with_a_line_and_the_sweep_finds_the_row(waiting, listen, carrier):
    planned = waiting()
    for name, kwargs, args in NEXT_YEAR:
        app.send_task(name, args=args, kwargs=kwargs, queue="default")
    said = listen(len(NEXT_YEAR))
    assert len(said) == len(NEXT_YEAR), said
    assert [sum(word in line for line in said) for word in DROPPED] == [1, 3, 1]
    assert (reload(planned).status, carrier.messages()) == ("planned", [])
    assert tasks.due_channels(at=clock.now()) == ["sms"]
    tasks.dispatch_due(channel="sms", version=9, colour="of a newer release")
    assert (reload(planned).status, [message.key for message in carrier.messages()]) == ("done", [str(planned.key)])


def test_a_message_that_is_the_work_itself_is_lost_with_its_bell(own_database, listen, carrier):
    """The negative control: what stands only in the message of an unknown name is nowhere afterwards."""
    app.send_task("contacts.send_text", kwargs={"to": "+8613800138000", "text": "…"}, queue="default")
    assert len(listen(1)) == 1
    assert carrier.messages() == []
    assert tasks.due_channels(at=TEN + timedelta(minutes=1)) == []


@pytest.mark.parametrize("more", [{"kind": "survey"}, {"purpose": "survey"}], ids=["kind", "purpose"])
def test_a_step_of_a_kind_unknown_here_waits_and_leaves_when_it_is_known(waiting, carrier, own_database, more):
    planned, usual = waiting(**more), waiting()
    tasks.dispatch_due(channel="sms")
    assert [message.key for message in carrier.messages()] == [str(usual.key)]
    assert (reload(planned).status, planned.reason_code) == ("withheld", "newer-release")
    assert planned.try_again_at - clock.now() <= timedelta(minutes=5)
    assert not ContactAttempt.objects.filter(planned=planned).exists()
    with own_database.as_owner(), connection.cursor() as cursor:  # the release that knows it
        cursor.execute("ALTER TABLE contacts_step DISABLE TRIGGER step_of_a_used_version_stays")
        Step.objects.filter(pk=planned.step_id).update(kind="message")
        cursor.execute("ALTER TABLE contacts_step ENABLE TRIGGER step_of_a_used_version_stays")
    PlannedContact.objects.filter(pk=planned.pk).update(purpose="collection")
    assert dispatch.run(channel="sms", now=lambda: planned.try_again_at) == {"sent": 1}
    assert reload(planned).status == "done"


def test_a_row_of_a_channel_unknown_here_says_why_it_waits_and_keeps_its_place(waiting, carrier):
    planned = waiting(channel="pigeon")
    tasks.wake(at=clock.now())
    assert dispatch.sweep(now=clock.now)["newer"] == 1
    assert "newer" not in dispatch.sweep(now=clock.now)  # said once
    assert (reload(planned).status, planned.reason_code, planned.try_again_at) == ("withheld", "newer-release", TEN)
    assert reasons.say("newer-release") != "newer-release"
    assert carrier.messages() == []
    PlannedContact.objects.filter(pk=planned.pk).update(channel="sms")  # what the newer release calls its pigeon
    assert dispatch.run(channel="sms", now=clock.now) == {"sent": 1}


def test_a_claim_in_a_channel_unknown_here_is_put_back_and_not_sent(waiting, carrier):
    planned = waiting(channel="pigeon")
    dispatch.claim_due(channel="pigeon", limit=1, at=clock.now())
    PlannedContact.objects.filter(pk=planned.pk).update(lease_until=TEN)
    dispatch.sweep(now=clock.now)
    assert (reload(planned).status, carrier.messages()) == ("withheld", [])


def test_a_sender_that_takes_what_it_does_not_know_for_a_usual_one_sends_it(waiting, carrier):
    """The negative control: the same row, by a sender that does not ask for the kind of the step."""
    planned = waiting(kind="survey")
    for key in PlannedContact.objects.filter(status="planned", channel="sms").values_list("key", flat=True):
        asked = {"to": "+8613800138000", "text": "…", "reference": str(key)}
        requests.post(
            f"{carrier.url}/sms/messages", json=asked, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=5
        )
    assert [message.reference for message in carrier.messages()] == [str(planned.key)]
