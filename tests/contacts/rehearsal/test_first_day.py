"""What a rehearsal says of the first day is what really goes out on the first day, contact by contact."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from cases.models import Case, Creditor, ImportBatch
from collections_app.management.measures import first_day
from collections_app.shared.actor import SYSTEM
from contacts.models import ContactAttempt, PlannedContact, StrategyVersion, TemplateVersion
from contacts.strategy import definition
from tests.contacts.rehearsal.book import AT, ON
from tests.factories import strategies
from tests.factories.cases import (
    AccountFactory,
    AddressFactory,
    CaseFactory,
    ContactPointFactory,
    CreditorFactory,
    HoldFactory,
    InstructionFactory,
    PersonFactory,
    ProductFactory,
    PromiseFactory,
)
from tests.factories.staff import TeamFactory, UserFactory

A_DAY = timedelta(days=1)
PLACES: tuple[dict[str, bool], ...] = ({}, {"new_york": True}, {"los_angeles": True}, {"london": True})


def make_book() -> None:
    """Make two creditors' books with everything that may stand in the way of a contact somewhere in them."""
    author, approver = UserFactory(supervisor=True), UserFactory(supervisor=True)
    team = TeamFactory()
    caps = {"caps": [{"channels": ["sms", "email"], "limit": 1, "days": 2}]}
    bank = CreditorFactory(code="bank", team=team, time_zone="Asia/Shanghai", policy=caps)
    agency = CreditorFactory(
        code="agency", team=team, acting_as="agency", kind="unspecified", time_zone="America/New_York"
    )
    for creditor in (bank, agency):
        tape = ImportBatch.objects.create(creditor=creditor, as_of=ON - 2 * A_DAY, file_name="t.csv", uploaded_at=AT)
        for move in (tape.stage, tape.check_rows, partial(tape.load, at=AT)):
            move()
            tape.save()
    strategies.ship(creditors=[bank, agency], author=author, approver=approver, at=AT - timedelta(days=9))
    TemplateVersion.objects.filter(template__channel="letter", language="en").update(status="retired")
    products = [ProductFactory(creditor=creditor) for creditor in (bank, agency)]
    shared = AddressFactory(value="+8613800001111")
    for number in range(26):
        person = PersonFactory(**PLACES[number % 4], location=number % 9 != 8)
        dpd = (0, 1, 1, 2, 3, 3, 5, 6, 7, 7, 29, 30, 61)[number % 13]
        AccountFactory(product=products[number % 2], person=person, dpd=dpd, on=ON - A_DAY, balance="500.00")
        if number % 5 == 0:
            AccountFactory(product=products[number % 2], person=person, dpd=dpd, on=ON - A_DAY, balance="90.00")
        if number % 7:
            ContactPointFactory(person=person, **({"address": shared} if number % 12 in (1, 5) else {}))
        if number % 3:
            address = AddressFactory(kind="email", value=f"person{number}@example.com")
            ContactPointFactory(person=person, kind="email", address=address)
        if number % 2:
            ContactPointFactory(
                person=person, kind="postal", address=AddressFactory(kind="postal", value=f"{number} High St")
            )
    for creditor in (bank, agency):
        promised = CaseFactory(creditor=creditor, on=ON, dpd=5, promised=True, next_action="wait_promise")
        PromiseFactory(case=promised, due_on=ON - 3 * A_DAY, grace_days=1)
        held = CaseFactory(creditor=creditor, on=ON, dpd=3)
        HoldFactory(case=held, ends_on=ON)
        silent = CaseFactory(creditor=creditor, on=ON, dpd=3)
        for case in (promised, held, silent):
            ContactPointFactory(person=case.person)
        InstructionFactory(person=silent.person, received_at=AT - 2 * A_DAY, recorded_at=AT - 2 * A_DAY)


@pytest.fixture(scope="module")
def book(own_database: Any, django_db_blocker: Any) -> Iterator[Any]:
    """Return the database that holds the book, and a carrier to send to."""
    with django_db_blocker.unblock():
        make_book()
        with first_day.connected():
            yield own_database


@pytest.fixture(autouse=True)
def unblocked(django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield


def creditors() -> list[Creditor]:
    return list(Creditor.objects.order_by("pk"))


def in_force() -> StrategyVersion:
    return StrategyVersion.objects.get(status="published")


def draft_of(version: StrategyVersion) -> StrategyVersion:
    """Return a draft that differs from a version: other days, and a repeated message."""
    before = definition.of_version(version)
    segments = [
        replace(
            segment,
            steps=tuple(
                replace(step, key=f"{step.key}-b", until_dpd=None, repeat_every_days=1)
                if step.kind == "message" and step.from_dpd <= 3
                else step
                for step in segment.steps
            ),
        )
        for segment in before.segments
    ]
    changed = replace(before, segments=tuple(segments))
    return definition.store(changed, creditors=creditors(), actor=SYSTEM, at=AT, based_on=version)


def both(version: StrategyVersion, at: Any, *, meanwhile: Any = None, processes: int = 0) -> first_day.Proof:
    rehearsed, _seconds = first_day.rehearse(version, creditors(), at=at, processes=processes)
    if meanwhile is not None:
        meanwhile()
    return first_day.compare(rehearsed, first_day.live(creditors(), at=at))


def test_the_first_day_is_as_rehearsed_through_a_change_of_version_too(book):
    first = both(in_force(), AT - A_DAY)
    assert (first.different, first.examples) == (0, [])
    assert first.sent_rehearsed == first.sent_live == ContactAttempt.objects.filter(status="sent").count() > 10
    draft = draft_of(in_force())

    def publish() -> None:
        strategies.put_in_force(draft, at=AT)

    changed = both(draft, AT, meanwhile=publish)
    assert (changed.different, changed.examples) == (0, [])
    assert changed.sent_live > 0
    refused = {name for name in first.outcomes | changed.outcomes if "withheld" in name}
    assert len(refused) > 2  # refusals and obstacles were rehearsed as well


def test_what_changes_between_the_rehearsal_and_the_day_shows_as_a_difference(book):
    at = AT + A_DAY

    def hold_everybody() -> None:
        for case in Case.objects.exclude(status__in=["cured", "closed"]):
            HoldFactory(case=case, kind="complaint")

    proof = both(in_force(), at, meanwhile=hold_everybody)
    assert proof.different > 0
    assert proof.sent_rehearsed > proof.sent_live == 0
    assert {example["side"] for example in proof.examples} >= {"rehearsed"}
    assert PlannedContact.objects.exists()
