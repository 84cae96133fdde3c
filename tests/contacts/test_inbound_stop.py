"""A STOP against workers that are sending: no hand-over begins after it was taken in."""

import threading
import time
from datetime import timedelta

import pytest
from django.db import connections

from contacts import dispatch, inbound
from contacts.dispatch import carriers
from contacts.inbound.receiving import Incoming
from contacts.models import PlannedContact
from tests.contacts.conftest import TEN, WORDING
from tests.factories.cases import AddressFactory, CaseFactory, ContactPointFactory, CreditorFactory, PersonFactory
from tests.factories.contacts import PlannedContactFactory, StepFactory, TemplateFactory

NUMBER = "+8619900007777"
ANOTHER = "+8619900008888"
PLANNED = 40


@pytest.fixture(params=[NUMBER])
def book(request, own_database, carrier, django_db_blocker):
    """Forty persons at one number, each with a message that is due; the carrier takes 0.1 s for each."""
    with django_db_blocker.unblock():
        address = AddressFactory(value=request.param)
        bank, step = CreditorFactory(), StepFactory(template=TemplateFactory(channel="sms", versions=WORDING))
        for _number in range(PLANNED):
            person = PersonFactory()
            ContactPointFactory(person=person, address=address)
            PlannedContactFactory(case=CaseFactory(person=person, creditor=bank, at=TEN), step=step, at=TEN)
        carrier.order("delay", times=None, delay_s=0.1)
        yield carrier


def begun_after(book, text, *, number):
    """Let two workers send, bring a message after a while; return how much later than it a hand-over still began."""
    began: list[float] = []
    original = book.store.accept

    def noted(*args, **more):
        began.append(time.monotonic() - 0.1)
        return original(*args, **more)

    book.store.accept = noted
    done = threading.Event()

    def work():
        try:
            start = time.monotonic()
            while not done.is_set() and time.monotonic() - start < 20:
                at = TEN + timedelta(seconds=time.monotonic() - start)
                tally = dispatch.run(channel="sms", limit=5, budget_s=5, now=lambda at=at: at)
                if not tally:
                    break
        finally:
            carriers.forget()
            connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    until = time.monotonic() + 10
    while not began and time.monotonic() < until:
        time.sleep(0.01)
    received = time.monotonic()
    inbound.take(Incoming("test", number, "sms", number, text), at=TEN + timedelta(seconds=1))
    took = time.monotonic() - received
    for worker in workers:
        worker.join()
    done.set()
    return max(began) - received, took, len(began)


def test_no_hand_over_begins_after_a_stop_was_taken_in(book):
    latest, took, left = begun_after(book, "STOP", number=NUMBER)
    print(f"last hand-over {latest:+.3f} s after the STOP was received; taken in {took:.3f} s; {left} had begun")
    assert 0 < left < PLANNED
    assert latest <= took
    assert PlannedContact.objects.filter(status="withheld").exists()


@pytest.mark.parametrize("book", [ANOTHER], indirect=True)
def test_negative_control_a_message_that_is_no_stop_stops_nothing(book):
    latest, took, left = begun_after(book, "thanks", number=ANOTHER)
    assert left == PLANNED
    assert latest > took
