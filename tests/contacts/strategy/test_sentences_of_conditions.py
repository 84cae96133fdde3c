# ruff: noqa: FBT003 (values of conditions)
"""Conditions read as sentences, by labels and never by codes, in both languages."""

import pytest
from django.utils import translation

from contacts.strategy.conditions import FACTS, catalogue
from contacts.strategy.sentences_of_conditions import of_condition


def leaf(fact, op, value):
    return {"fact": fact, "op": op, "value": value}


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (leaf("bucket", "in", ["M2", "M3"]), "bucket is M2 or M3"),
        (leaf("bucket", "not_in", ["M1", "M2", "M3"]), "bucket is not M1, M2 or M3"),
        (leaf("hardship", "is", True), "in hardship"),
        (leaf("hardship", "is", False), "not in hardship"),
        ({"not": leaf("complaint_open", "is", True)}, "no complaint is open"),
        ({"not": leaf("language", "known", True)}, "language not known"),
        (leaf("willingness", "is", "high"), "willingness is high"),
        (
            leaf("reason", "in", ["malicious", "dispute"]),
            "reason for default is malicious default or disputes the debt",
        ),
        (leaf("plan", "is", "missed"), "plan is instalment missed"),
        (leaf("reachable", "in", ["sms", "letter"]), "reachable by text message or letter"),
        ({"not": leaf("reachable", "is", "sms")}, "not (reachable by text message)"),
        (leaf("reachable", "is_not", "sms"), "not reachable by text message"),
        (leaf("jurisdiction", "in", ["@cities"]), "place is one of “cities”"),
        (leaf("jurisdiction", "in", ["GB", "@cities"]), "place is GB or one of “cities”"),
        ({"all": [{"named": "good"}, leaf("dpd", "at_most", 30)]}, "“good” and days past due at most 30"),
        ({"any": [{"all": [leaf("held", "is", True), {}]}, {}]}, "(on hold and always) or always"),
        (leaf("balance", "at_most", "60000"), "balance at most 60,000"),
        (leaf("balance", "more_than", "1200.50"), "balance more than 1,200.50"),
        (leaf("balance", "more_than", "much"), "balance more than much"),
        (leaf("no_such_fact", "is", "x"), "no_such_fact is x"),
    ],
)
def test_a_condition_reads_by_labels(condition, words):
    with translation.override("en"):
        assert of_condition(condition) == words


def test_no_value_of_any_list_reads_as_its_code():
    codes = {(name, value) for name, entry in catalogue.ENTRIES.items() for value, label in entry.values
             if str(label) == value and "_" in value}  # fmt: skip
    assert codes == set()


def test_every_fact_stands_in_the_catalogue_and_says_what_it_means():
    assert list(catalogue.ENTRIES) == [name for name in catalogue.ENTRIES if name in FACTS]
    assert set(catalogue.ENTRIES) == set(FACTS)
    for entry in catalogue.ENTRIES.values():
        assert str(entry.definition).endswith("."), entry.name
        assert entry.group in catalogue.GROUPS
        assert entry.kind in catalogue.KINDS
        assert set(entry.operators) <= set(catalogue.OPERATOR_NAMES)
        assert entry.kind not in ("number", "amount") or str(entry.unit), entry.name
        assert entry.kind != "yes_no" or str(entry.negative), entry.name


def test_a_fact_that_may_be_unknown_says_when():
    always = {name for name, fact in FACTS.items() if str(fact.known) == str(FACTS["dpd"].known)}
    says_never = {name for name, entry in catalogue.ENTRIES.items() if entry.unknown is catalogue.ALWAYS_KNOWN}
    assert says_never == always
