"""Two versions side by side, and one case on a version: in sentences, part by part."""

import copy

import pytest

from collections_app.shared.actor import Actor
from contacts.strategy import comparing, definition, drafting, one_case
from tests.factories.cases import CaseFactory, CreditorFactory
from tests.factories.staff import UserFactory

pytestmark = pytest.mark.django_db

DOCUMENT = {
    "code": "cards",
    "name": "Cards",
    "sets": {"big": ["CNY", "USD"]},
    "segment": [
        {"key": "young", "name": "Young",
         "condition": {"all": [{"fact": "dpd", "op": "at_most", "value": 30},
                               {"not": {"fact": "willingness", "op": "is", "value": "high"}}]},
         "step": [{"key": "call", "kind": "call", "from_dpd": 4}, {"key": "look", "kind": "review", "from_dpd": 25}]},
        {"key": "rest", "name": "Rest", "step": [{"key": "visit", "kind": "visit", "from_dpd": 60}]},
    ],
}  # fmt: skip


@pytest.fixture
def bank():
    return CreditorFactory()


@pytest.fixture
def begin(bank, at):
    who = Actor.of(UserFactory(admin=True))
    return lambda document: drafting.begin(definition.parse(document), creditors=[bank], actor=who, at=at)


def test_what_came_went_moved_and_changed_is_told_by_the_keys(begin):
    old, document = begin(DOCUMENT), copy.deepcopy(DOCUMENT)
    young, rest = document["segment"]
    young["step"] = [young["step"][1], {**young["step"][0], "from_dpd": 5}]
    rest["step"] = [{"key": "visit", "kind": "visit", "from_dpd": 60, "severity": 3}]
    document["segment"] = [young, {"key": "new", "name": "New", "stop": {"fact": "held", "op": "is", "value": True},
                                   "step": []}, rest]  # fmt: skip
    del document["sets"]
    found = comparing.compare(old, begin(document))
    states = {part.key: [line.state for line in part.lines] for part in found.parts}
    assert states == {"young": ["same", "moved", "changed"], "new": ["added", "added"], "rest": ["same", "changed"]}
    assert [part.state for part in found.parts] == ["same", "added", "same"]
    call = found.parts[0].lines[2]
    assert [text for state, text in call.pieces if state == "new"] == ["5"]
    assert found.parts[2].lines[1].details == ("severity: 1 → 3",)
    assert [line.state for line in found.words] == ["removed"]
    assert found.numbers == {"added": 2, "removed": 1, "changed": 2, "moved": 1}


def test_the_same_version_differs_in_nothing(begin):
    assert comparing.compare(begin(DOCUMENT), begin(DOCUMENT)).is_same


def test_why_a_case_is_where_it_is_is_told_part_by_part(begin, bank, at):
    version = begin(DOCUMENT)
    unknown = CaseFactory(creditor=bank, at=at, dpd=12)
    young, rest = one_case.why(version, unknown, at=at)
    assert [(part.holds, part.has) for part in young.parts] == [
        (None, ""), (True, "13"), (None, ""), (None, "unknown"),
    ]  # fmt: skip
    assert (young.holds, young.is_hers, rest.is_hers) == (None, False, True)
    known = CaseFactory(creditor=bank, at=at, dpd=12, willingness="low")
    young, rest = one_case.why(version, known, at=at)
    assert (young.holds, young.is_hers, rest.is_hers) == (True, True, False)
    assert [part.has for part in young.parts][1:] == ["13", "", "low"]


@pytest.mark.parametrize("days", [0, 1, 8, 199, 1000])
def test_what_a_case_has_of_a_number_is_what_the_conditions_see(begin, bank, at, days):
    case = CaseFactory(creditor=bank, at=at, dpd=days)
    begin(DOCUMENT)
    context = one_case.context_of(one_case.counts.next_day(bank, at))
    assert one_case.value_of(case, "dpd", context) == str(days + 1)
    assert one_case.value_of(case, "promises_broken", context) == "0"
    assert one_case.value_of(case, "hardship", context) == "no"


def test_whoever_signs_for_a_new_step_is_told_how_severe_it_is_and_what_an_outage_means_for_it(begin):
    old, document = begin(DOCUMENT), copy.deepcopy(DOCUMENT)
    document["segment"][1]["step"].append(
        {"key": "call", "kind": "call", "from_dpd": 90, "until_dpd": 95, "severity": 4, "catch_up": "skip"}
    )
    added = comparing.compare(old, begin(document)).parts[1].lines[-1]
    assert (added.state, added.details) == ("added", ("severity: 4, after an outage: leave it out",))
    steps = [line for part in comparing.compare(None, begin(document)).parts for line in part.lines if line.details]
    assert len(steps) == sum(len(segment["step"]) for segment in document["segment"])
