"""Whom a rehearsal takes to be reached: by the creditor's own last ninety days, drawn alike everywhere, or nobody."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from cases.models import Case, Creditor
from collections_app.management.measures import first_day
from collections_app.shared.actor import SYSTEM
from contacts import rehearsal
from contacts.models import ContactAttempt, Rehearsal, RehearsalCell, StrategyVersion
from contacts.rehearsal import alone, reaching, running
from contacts.rehearsal.reaching import Rate
from contacts.rehearsal.running import Task
from contacts.rehearsal.sending import send_day
from contacts.rehearsal.shadow import Part
from contacts.strategy import definition
from tests.contacts.rehearsal.book import AT, ON
from tests.factories.cases import CaseFactory, ContactPointFactory, CreditorFactory, ProductFactory
from tests.factories.contacts import AttemptFactory, TemplateFactory
from tests.factories.strategies import put_in_force

A_DAY = timedelta(days=1)
PERSONS = 40


def after(key: str, step: str, outcome: str, **more: Any) -> dict[str, Any]:
    return {"key": key, "kind": "review", "after": {"step": step, "outcome": outcome, "days": 1, "within": 5}} | more


DOCUMENT = {
    "code": "waits", "name": "Waits",
    "segment": [{"key": "all", "name": "All", "step": [
        {"key": "sms", "kind": "message", "template": "t", "from_dpd": 1, "until_dpd": 5},
        after("arrived", "sms", "reached"), after("lost", "sms", "not_reached"),
        {"key": "call", "kind": "call", "from_dpd": 1, "until_dpd": 5},
        after("spoke", "call", "reached"), after("nobody", "call", "not_reached"),
    ]}],
}  # fmt: skip


def ended(creditor: Creditor, count: int, days: int = 3, **how: Any) -> None:
    """Make so many contacts that ended so, some days ago."""
    cases = list(Case.objects.filter(creditor=creditor).order_by("pk")[:count])
    for number in range(count):
        AttemptFactory(case=cases[number % len(cases)], at=AT - timedelta(days=days), **how)


@pytest.fixture(scope="module")
def bank(own_database: Any, django_db_blocker: Any) -> Iterator[Creditor]:
    with django_db_blocker.unblock():
        creditor = CreditorFactory(code="bank")
        ProductFactory(creditor=creditor)
        TemplateFactory(code="t")
        version = definition.store(definition.parse(DOCUMENT), creditors=[creditor], actor=SYSTEM, at=AT)
        put_in_force(version, at=AT - A_DAY)
        for _ in range(PERSONS):
            case = CaseFactory(creditor=creditor, on=ON, dpd=1, next_action="wait_strategy", next_action_at=AT)
            ContactPointFactory(person=case.person)
        ended(creditor, 12, delivered=True)
        ended(creditor, 5, failed=True)
        ended(creditor, 3, sms=True)
        ended(creditor, 30, days=91, failed=True)
        ended(creditor, 10, completed=True, outcome="conversation")
        ended(creditor, 5, completed=True, outcome="conversation", party="family")
        ended(creditor, 25, completed=True, outcome="no_answer")
        with first_day.connected():
            yield creditor


@pytest.fixture(autouse=True)
def unblocked(django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield


def version() -> StrategyVersion:
    return StrategyVersion.objects.get()


def task(bank: Creditor, **more: Any) -> Task:
    return Task(Part((bank.pk,)), None, version().strategy_id, 4, AT, **more)


def counts(ran: running.Ran) -> dict[str, int]:
    found: dict[str, int] = {}
    for key, cell in ran.cells.by_key.items():
        if key.outcome in ("sent", "task"):
            found[key.step_key] = found.get(key.step_key, 0) + cell.count
    return found


def test_the_rates_are_those_of_ninety_days(bank):
    found = reaching.of_creditors([bank], at=AT).rates[bank.pk]
    assert found == {"sms": Rate(600, 250, 20), "phone": Rate(250, 0, 40)}
    keys = set(StrategyVersion.objects.get().segments.get().steps.filter(
        pk__in=reaching.awaited()).values_list("key", flat=True))  # fmt: skip
    assert keys == {"sms", "call"}  # what nothing waits for is not drawn


def test_steps_that_wait_for_an_answer_come_in_about_those_shares(bank):
    ran = running.run(task(bank), send_day=send_day)
    found = counts(ran)
    assert found["sms"] == PERSONS
    assert 15 <= found["arrived"] <= 33  # 24 of 40 by the rate
    assert 3 <= found["lost"] <= 18  # 10
    assert found["arrived"] + found["lost"] < PERSONS
    assert found["spoke"] + found["nobody"] == PERSONS
    assert 3 <= found["spoke"] <= 18
    assert ran.rates == [["bank", "phone", 250, 0, 40], ["bank", "sms", 600, 250, 20]]


def test_without_answers_nothing_that_waits_ever_comes(bank):
    ran = running.run(task(bank, answers=False), send_day=send_day)
    assert set(counts(ran)) == {"sms", "call"}
    assert ran.rates == []


def test_a_channel_without_experience_is_not_guessed(bank, monkeypatch):
    monkeypatch.setattr(reaching, "LEAST", 21)
    assert set(counts(running.run(task(bank), send_day=send_day))) == {"sms", "call", "spoke", "nobody"}


def test_the_first_day_rests_on_no_answer_and_answers_are_the_same_again(bank):
    both = [running.run(task(bank, keep_rows=True, answers=answers), send_day=send_day) for answers in (True, False)]
    assert both[0].rows == both[1].rows
    assert len(both[0].rows) == PERSONS
    again = running.run(task(bank), send_day=send_day)
    assert again.cells.by_key == both[0].cells.by_key != both[1].cells.by_key


def test_one_case_alone_gets_the_answers_that_it_gets_in_the_book(bank):
    ran = running.run(task(bank), send_day=send_day)
    keys = dict(version().segments.get().steps.values_list("pk", "key"))
    whole: dict[int, set[str]] = {}
    for key, cell in ran.cells.by_key.items():
        for case in cell.cases:
            whole.setdefault(case, set()).add(key.step_key)
    told = {}
    for case in Case.objects.order_by("pk")[:5]:
        days = alone.ahead(case, version_id=version().pk, days=4, at=AT, send_day=send_day)
        told[case.pk] = {keys[step.step_id] for day in days for step in day.steps}
    assert told == {pk: whole[pk] for pk in told}
    days = alone.ahead(case, version_id=version().pk, days=4, at=AT, send_day=send_day, with_answers=False)
    assert {keys[step.step_id] for day in days for step in day.steps} == {"sms", "call"}


def test_what_is_assumed_is_kept_with_the_rehearsal_and_nothing_real_is_written(bank):
    before = list(ContactAttempt.objects.order_by("pk").values_list("pk", "status"))
    row = rehearsal.rehearse(version_id=version().pk, days=3, actor=SYSTEM, at=AT, processes=0)
    assert (row.status, row.error, row.with_answers) == (Rehearsal.Status.DONE, "", True)
    rates = [["bank", "phone", 250, 0, 40], ["bank", "sms", 600, 250, 20]]
    assert row.results["answers"] == {"asked": True, "rates": rates}
    assert "people-answer" in row.results["assumed"]
    assert RehearsalCell.objects.filter(rehearsal=row, step_key="arrived").exists()
    off = rehearsal.rehearse(version_id=version().pk, days=3, with_answers=False, actor=SYSTEM, at=AT, processes=0)
    assert (off.with_answers, off.results["answers"]) == (False, {"asked": False, "rates": []})
    assert "nobody-is-reached" in off.results["assumed"]
    assert not RehearsalCell.objects.filter(rehearsal=off, step_key="arrived").exists()
    assert list(ContactAttempt.objects.order_by("pk").values_list("pk", "status")) == before
