"""Many cases are read as each one is read alone."""

from datetime import timedelta
from typing import Any

import pytest

from collections_app.shared.prepared import Prepared
from contacts import facts
from contacts.facts import many, sql
from tests.contacts.conftest import TEN
from tests.contacts.test_facts_read import World
from tests.factories.cases import CaseFactory, CreditorFactory
from tests.factories.contacts import AttemptFactory

pytestmark = pytest.mark.django_db
SEEDS = range(8)


def differing(cases: list[Any], *, live: bool) -> list[str]:
    """Return what reads otherwise together than alone, each case at an instant of its own."""
    instants = {case.pk: TEN - timedelta(days=3 * number, minutes=number) for number, case in enumerate(cases)}
    together = many.of_cases(list(instants), at=instants, live=live)
    assert list(together) == sorted(together, key=list(instants).index)
    return [
        name
        for pk, at in instants.items()
        for alone in [facts.of_case(pk, at=at, live=live)]
        for name in alone.found._fields
        if getattr(alone.found, name) != getattr(together[pk].found, name) or alone.at != together[pk].at
    ]


@pytest.mark.parametrize("live", [True, False])
@pytest.mark.parametrize("seed", SEEDS)
def test_many_cases_are_read_as_each_one_alone(seed: int, live: bool):
    assert differing(World(seed).cases, live=live) == []


@pytest.mark.parametrize(
    ("text", "spoilt", "shows"),
    [
        ("attempt.at <= asked.until", "attempt.at <= asked.since", "attempts"),
        ("policy.in_force_from <= asked.at", "policy.in_force_from <= asked.since", "policy"),
        ("promise.status IN ('open', 'broken')", "promise.status = 'kept'", "promises"),
    ],
)
def test_a_spoilt_statement_is_found_out(text: str, spoilt: str, shows: str, monkeypatch: Any):
    worlds = [World(seed) for seed in SEEDS]
    assert text in sql.FACTS_OF_CASES
    types = ["bigint[]", "timestamptz[]", "boolean[]", "timestamptz[]", "timestamptz[]"]
    monkeypatch.setattr(many, "READ", Prepared(sql.FACTS_OF_CASES.replace(text, spoilt), types))
    assert shows in {name for world in worlds for name in differing(world.cases, live=True)}


def test_a_cap_that_counts_longer_than_any_law_is_counted_to_its_end_for_its_creditor_alone():
    creditor = CreditorFactory(policy={"caps": [{"channels": ["phone"], "limit": 1, "days": 300}]})
    long, short = CaseFactory(at=TEN, creditor=creditor), CaseFactory(at=TEN)
    for case in (long, short):
        AttemptFactory(case=case, completed=True, outcome="no_answer", at=TEN - timedelta(days=299), debts=[])
        for days in (200, 201, 202, 203):
            AttemptFactory(case=case, completed=True, outcome="no_answer", at=TEN - timedelta(days=days), debts=[])
    read = many.of_cases([long.pk, short.pk], at=TEN)
    assert (len(read[long.pk].found.attempts), len(read[short.pk].found.attempts)) == (5, 3)


def test_no_cases_are_no_question_and_a_case_that_is_not_there_is_left_out():
    assert many.of_cases([], at=TEN) == {}
    case = CaseFactory(at=TEN)
    assert list(many.of_cases([case.pk, 1 << 40], at=TEN)) == [case.pk]
