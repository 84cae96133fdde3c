"""Fifty at once never pass a limit: counting and reserving happen under one lock, and a naive count does not hold."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections, transaction

from collections_app.shared.actor import SYSTEM
from compliance import gate
from contacts import calls, facts
from contacts.calls import CallRefused
from contacts.models import ContactAttempt
from tests.contacts.conftest import TEN
from tests.factories.cases import CaseFactory, ContactPointFactory, CreditorFactory, PersonFactory

WORKERS = 50
LIMIT = 3


@pytest.fixture
def cases(own_database: Any) -> list[Any]:
    """Return two cases of one person with two creditors, each with its own number and a limit of three calls a day."""
    person = PersonFactory()
    made = []
    for _ in range(2):
        creditor = CreditorFactory(policy={"caps": [{"channels": ["phone"], "limit": LIMIT}]})
        case = CaseFactory(person=person, creditor=creditor, at=TEN, points=False)
        case.number = ContactPointFactory(person=person)
        made.append(case)
    return made


def at_once(work: Callable[[int], bool]) -> int:
    """Let fifty do it at the same instant, each on a connection of its own; return how many it let through."""
    barrier = threading.Barrier(WORKERS)

    def one(number: int) -> bool:
        connections["default"].ensure_connection()
        barrier.wait()
        try:
            return work(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(WORKERS) as pool:
        return sum(pool.map(one, range(WORKERS)))


def permitted(person_id: int) -> int:
    return ContactAttempt.objects.filter(person_id=person_id, status="cleared").count()


def test_fifty_calls_at_once_do_not_pass_the_limit_of_a_person(cases):
    def call(number: int) -> bool:
        case = cases[number % 2]
        try:
            calls.open_call(
                case_id=case.pk,
                contact_point_id=case.number.pk,
                actor=SYSTEM,
                at=TEN + timedelta(milliseconds=number),
            )
        except CallRefused:
            return False
        return True

    assert at_once(call) == LIMIT
    assert permitted(cases[0].person_id) == LIMIT
    refused = ContactAttempt.objects.filter(person_id=cases[0].person_id, status="withheld")
    assert list(refused.values_list("reason_code").distinct()) == [("POLICY-CAP",)]
    assert refused.count() == WORKERS - LIMIT


def test_the_same_without_the_lock_passes_it(cases):
    """The negative control: ask, then write, as many systems do."""

    def call(number: int) -> bool:
        case = cases[number % 2]
        at = TEN + timedelta(milliseconds=number)
        with transaction.atomic():
            file = facts.of_case(case.pk, at=at)
            question = file.question(channel="phone", contact_point_id=case.number.pk, content_class="phone")
            decision = gate.decide(
                question, file.facts(case.number.pk), actor=SYSTEM, at=at, entrance="test", creditor_id=case.creditor_id
            )
            if not decision.permitted:
                return False
            ContactAttempt.objects.create(
                person_id=case.person_id,
                contacted_id=case.person_id,
                creditor_id=case.creditor_id,
                case=case,
                contact_point=case.number,
                address_id=case.number.address_id,
                decision_id=decision.decision_id,
                channel="phone",
                content_class="phone",
                at=at,
                valid_from=decision.valid_from,
                valid_until=decision.valid_until,
                recorded_at=at,
            )
        return True

    assert at_once(call) > LIMIT
