"""In force within one second, while a message is being handed over: the row first, then the lock, then confirmed.

A hand-over that began before may end; none begins after, and the verb returns only when none is left.
"""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connections, transaction

from cases import consents, holds, instructions
from cases.models import Consent, Hold, Instruction, Person
from collections_app.shared.actor import SYSTEM
from compliance import gate
from contacts import dispatch, facts
from contacts.models import ContactAttempt, PlannedContact
from tests.contacts.conftest import TEN
from tests.factories.cases import CaseFactory
from tests.factories.contacts import PlannedContactFactory, StepFactory, TemplateFactory

HAND_OVER_S = 1.2  # how long the carrier takes
AT_ONCE_S = 1.0  # the promise
WORDING = {"en": "{{ salutation }}, {{ amount_due }} is past due at {{ creditor_name }}."}
WORDING["zh-hans"] = "【{{ creditor_name }}】{{ salutation }}，逾期{{ amount_due }}。"


def cease(case: Any) -> Any:
    return instructions.give(person_id=case.person_id, kind="cease_request", actor=SYSTEM, at=TEN)


def not_this_number(case: Any) -> Any:
    return instructions.give(
        person_id=case.person_id, kind="opt_out", contact_point_id=case.point.pk, actor=SYSTEM, at=TEN
    )


def wrong_party(case: Any) -> Any:
    return instructions.give(
        person_id=case.person_id, kind="wrong_party", contact_point_id=case.point.pk, actor=SYSTEM, at=TEN
    )


def hold(case: Any) -> Any:
    return holds.place(case=case, kind="deceased", actor=SYSTEM, at=TEN)


def consent_taken_back(case: Any) -> Any:
    return consents.withdraw(consent_id=case.consent.pk, reason="changed his mind", actor=SYSTEM, at=TEN)


@pytest.fixture
def case(own_database: Any) -> Any:
    made = CaseFactory(at=TEN)
    made.consent = consents.give(
        person_id=made.person_id,
        kind="consent_time",
        creditor_id=made.creditor_id,
        evidence="letter",
        details={"start": "08:00", "end": "22:00", "only": True},
        actor=SYSTEM,
        at=TEN - timedelta(days=1),
    )
    return made


@pytest.fixture
def hand_over(own_database: Any, carrier: Any, case: Any) -> Iterator[threading.Thread]:
    """Let a worker hand over a message to a slow carrier; begin when it holds the person."""
    step = StepFactory(template=TemplateFactory(channel="sms", versions=WORDING))
    PlannedContactFactory(case=case, step=step, at=TEN)
    carrier.order("delay", delay_s=HAND_OVER_S)

    def work() -> None:
        try:
            dispatch.run(channel="sms", limit=1, budget_s=10, now=lambda: TEN)
        finally:
            connections.close_all()

    worker = threading.Thread(target=work)
    worker.start()
    # decided and committed, and the person held again: the message is with the carrier
    wait_until(lambda: ContactAttempt.objects.filter(case=case, status="cleared").exists() and is_held(case.person_id))
    yield worker
    worker.join()
    PlannedContact.objects.exclude(status="done").update(status="cancelled")


def is_held(person_id: int) -> bool:
    try:
        with transaction.atomic():
            list(Person.objects.select_for_update(of=("self",), no_key=True, nowait=True).filter(pk=person_id))
    except DatabaseError:
        return True
    return False


def wait_until(true: Callable[[], bool]) -> None:
    until = time.monotonic() + 10
    while not true() and time.monotonic() < until:
        time.sleep(0.01)
    assert true()


def is_refused(case: Any) -> bool:
    file = facts.of_case(case.pk, at=TEN)
    return not gate.preview(
        file.question(channel="sms", contact_point_id=case.point.pk, automated=True), file.facts(case.point.pk)
    ).permitted


@pytest.mark.parametrize("stop", [cease, not_this_number, wrong_party, hold])
def test_a_stop_is_in_force_while_a_hand_over_is_under_way_and_waits_for_its_end(case, hand_over, carrier, stop):
    returned: list[float] = []
    began = time.monotonic()

    def press() -> None:
        try:
            stop(case)
            returned.append(time.monotonic())
        finally:
            connections.close_all()

    pressed = threading.Thread(target=press)
    pressed.start()
    wait_until(lambda: is_refused(case))
    assert time.monotonic() - began < AT_ONCE_S
    assert hand_over.is_alive()
    assert returned == []  # refused for everybody, and the verb still waits
    hand_over.join()
    pressed.join()
    assert len(returned) == 1
    assert len(carrier.messages()) == 1
    rows = (*Instruction.objects.filter(person=case.person), *Hold.objects.filter(person=case.person))
    assert all(row.confirmed_at is not None for row in rows)


def test_a_consent_that_is_taken_back_is_gone_while_a_hand_over_is_under_way(case, hand_over):
    began = time.monotonic()

    def press() -> None:
        try:
            consent_taken_back(case)
        finally:
            connections.close_all()

    pressed = threading.Thread(target=press)
    pressed.start()
    wait_until(lambda: Consent.objects.filter(pk=case.consent.pk, withdrawn_at__isnull=False).exists())
    assert time.monotonic() - began < AT_ONCE_S
    assert hand_over.is_alive()
    assert pressed.is_alive()
    hand_over.join()
    pressed.join()


def test_a_stop_that_takes_the_lock_first_is_seen_too_late(case, hand_over):
    """The negative control: one transaction, lock and row together, as anybody would write it."""

    def press() -> None:
        try:
            with transaction.atomic():
                Person.objects.select_for_update(of=("self",), no_key=True).get(pk=case.person_id)
                instructions.record(person_id=case.person_id, kind="cease_request", actor=SYSTEM, at=TEN)
        finally:
            connections.close_all()

    pressed = threading.Thread(target=press)
    pressed.start()
    time.sleep(HAND_OVER_S / 3)
    assert hand_over.is_alive()
    assert not is_refused(case)
    hand_over.join()
    pressed.join()
    assert is_refused(case)
