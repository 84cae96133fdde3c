"""What the database answers agrees with Kleene's logic worked out by hand, for any condition and any case."""

import operator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from cases.models import Case
from contacts.strategy import conditions
from contacts.strategy.conditions import FACTS, OPERATORS, compile_condition, compiling, holds_for
from contacts.strategy.conditions.language import ALWAYS, Truth
from tests.contacts.strategy.plain_book import ON, Known, book

pytestmark = pytest.mark.django_db
NUMBERS = st.sampled_from([0, 1, 2, 3, 5, 7, 29, 30, 31, 50, 67, 90, 100, 365])
AMOUNTS = st.sampled_from(["0.00", "0.01", "100.00", "499.99", "500", "8000.01"])
WORDS = {
    "jurisdiction": ["GB", "US-NY", "CN", "@places"],
    "language": ["en", "zh-hans"],
    "team": ["north", "other"],
    "arm": ["try:a", "try:b"],
    "bucket": ["M0", "M1", "M2", "M4", "M7+", "@labels"],
    "worst_bucket_12m": ["M0", "M1", "M3", "M7+", "@labels"],
}
COMPARED = {
    "at_least": operator.ge, "at_most": operator.le, "more_than": operator.gt, "less_than": operator.lt,
    "is": operator.eq, "is_not": operator.ne,
}  # fmt: skip


def _leaves(names: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    return st.one_of([_leaf(name) for name in names])


def _leaf(name: str) -> st.SearchStrategy[dict[str, Any]]:
    fact = FACTS[name]
    words = WORDS.get(name) or list(fact.values[:6])
    plain = [word for word in words if not word.startswith("@")]

    def value(op: str) -> st.SearchStrategy[Any]:
        if op == "known" or fact.kind == "yes_no":
            return st.booleans()
        if fact.kind == "number":
            return st.tuples(NUMBERS, NUMBERS).map(sorted) if op == "between" else NUMBERS
        if fact.kind == "amount":
            return AMOUNTS
        if op in ("in", "not_in"):
            return st.lists(st.sampled_from(words), min_size=1, max_size=3, unique=True)
        return st.sampled_from(plain)

    operators = st.sampled_from([*OPERATORS[fact.kind], "known"])
    return operators.flatmap(lambda op: value(op).map(lambda each: {"fact": name, "op": op, "value": each}))


def _conditions(names: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    leaves = st.one_of(_leaves(names), st.just({}), st.just({"named": "late"}))
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=3).map(lambda each: {"all": each}),
            st.lists(inner, min_size=1, max_size=3).map(lambda each: {"any": each}),
            inner.map(lambda each: {"not": each}),
        ),
        max_leaves=5,
    )


def kleene(condition: dict[str, Any], facts: dict[str, Any]) -> bool | None:
    """Return what a condition is of a case by the three-valued tables, worked out without the database."""
    if not condition:
        return True
    if "named" in condition:
        return kleene(ON.named[condition["named"]], facts)
    if "not" in condition:
        inner = kleene(condition["not"], facts)
        return None if inner is None else not inner
    if "all" in condition:
        found = {kleene(each, facts) for each in condition["all"]}
        return False if False in found else None if None in found else True
    if "any" in condition:
        found = {kleene(each, facts) for each in condition["any"]}
        return True if True in found else None if None in found else False
    return _leaf_of(condition, facts[condition["fact"]])


def _leaf_of(leaf: dict[str, Any], fact: Any) -> bool | None:
    op, value = leaf["op"], leaf["value"]
    if op == "known":
        return (fact is not None) == value
    if fact is None:
        return None
    if isinstance(fact, bool):
        return fact == value
    if isinstance(fact, set):
        wanted = {word for each in (value if isinstance(value, list) else [value]) for word in _spelt(each)}
        return bool(fact & wanted) == (op in ("is", "in"))
    if op == "between":
        return value[0] <= int(fact) <= value[1]
    whole = int(fact) if leaf["fact"] != "balance" else fact
    return bool(COMPARED[op](whole, Decimal(value)))


def _spelt(word: str) -> list[str]:
    return list(ON.sets[word[1:]]) if word.startswith("@") else [word]


def check(condition: dict[str, Any], cases: list[Known]) -> None:
    expected = {known.case.pk: kleene(condition, known.facts) for known in cases}
    truth = compile_condition(condition, ON)
    for value, asked in ((True, truth.true), (False, truth.false)):
        found = set(Case.objects.filter(asked).values_list("pk", flat=True))
        assert found == {pk for pk, held in expected.items() if held is value}, (value, condition)


@pytest.fixture
def cases() -> list[Known]:
    found = book(seed=20260305, size=16)
    for known in found:
        known.facts["team"] = {"north"} if known.facts["team"] else None
    type(found[0].case.creditor.team).objects.filter(pk=found[0].case.creditor.team_id).update(code="north")
    return found


def test_one_expression_agrees_with_kleene_for_a_whole_book_and_for_one_case(cases):
    names = sorted(cases[0].facts)

    @settings(max_examples=150, deadline=None, phases=[Phase.generate], derandomize=True)
    @given(_conditions(names), st.sampled_from(cases))
    def agrees(condition: dict[str, Any], one: Known) -> None:
        check(condition, cases)
        assert holds_for(one.case.pk, condition, ON) is kleene(condition, one.facts)

    agrees()


def test_every_comparison_of_every_fact_agrees(cases):
    for name in sorted(cases[0].facts):

        @settings(max_examples=14, deadline=None, phases=[Phase.generate], derandomize=True)
        @given(_leaf(name))
        def agrees(leaf: dict[str, Any]) -> None:
            check(leaf, cases)

        agrees()


def test_in_this_book_every_value_of_the_logic_occurs(cases):
    values = {kleene({"fact": "willingness", "op": "is", "value": "high"}, known.facts) for known in cases}
    assert values == {True, False, None}
    unknown = {name for known in cases for name, fact in known.facts.items() if fact is None}
    assert {"jurisdiction", "team", "arm", "days_since_payment", "times_past_due_12m", "paid_percent_30d"} <= unknown


def test_a_compiler_of_two_values_would_be_noticed(cases, monkeypatch):
    monkeypatch.setattr(compiling, "truth", lambda holds, known=ALWAYS: Truth(holds, ~holds))
    with pytest.raises(AssertionError):
        check({"not": {"fact": "willingness", "op": "is", "value": "high"}}, cases)
    with pytest.raises(AssertionError):
        check({"fact": "days_since_payment", "op": "at_least", "value": 30}, cases)


def test_a_condition_that_goes_round_in_a_circle_or_is_endless_is_refused():
    named: dict[str, Any] = {"a": {"not": {"named": "b"}}, "b": {"any": [{}, {"named": "a"}]}}
    with pytest.raises(conditions.ConditionError) as error:
        conditions.check({"named": "a"}, named=named)
    assert "a → b → a" in error.value.message
    doubled: dict[str, Any] = {"n0": {"fact": "dpd", "op": "is", "value": 1}}
    for number in range(1, 20):
        doubled[f"n{number}"] = {"all": [{"named": f"n{number - 1}"}, {"named": f"n{number - 1}"}]}
    conditions.check({"named": "n8"}, named=doubled)
    with pytest.raises(conditions.ConditionError, match="at most 500 facts"):
        conditions.check({"named": "n9"}, named=doubled)
    deep: dict[str, Any] = {}
    for _number in range(40):
        deep = {"not": deep}
    with pytest.raises(conditions.ConditionError, match="30 deep"):
        conditions.check(deep)


@pytest.mark.parametrize(
    ("condition", "path", "message"),
    [
        ({"all": [{"named": "nobody"}]}, "all[0].named", "there is no condition named “nobody”; known are good, bad"),
        ({"named": "bad"}, "named", "bad.any[1].value: “M9” is none of"),
        ({"fact": "jurisdiction", "op": "in", "value": "@nowhere"}, "value", "there is no set @nowhere"),
        ({"fact": "jurisdiction", "op": "is", "value": "@places"}, "value", "a word is needed"),
        ({"fact": "bucket", "op": "in", "value": ["@places"]}, "value", "“GB” is none of"),
        ({"fact": "jurisdiction", "op": "in", "value": ["@none"]}, "value", "the set @none is no list of words"),
        ({"fact": "arm", "op": "is", "value": "only-an-arm"}, "value", "does not look like"),
    ],
)
def test_an_unknown_name_is_an_error_with_a_path(condition, path, message):
    named = {"good": {}, "bad": {"any": [{}, {"fact": "bucket", "op": "is", "value": "M9"}]}}
    sets = {"places": ["GB"], "none": []}
    with pytest.raises(conditions.ConditionError) as error:
        conditions.check(condition, sets=sets, named=named)
    assert error.value.path == path
    assert message in error.value.message
