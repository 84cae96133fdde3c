# ruff: noqa: FBT003 (the value of a condition is what it is)
"""Conditions: what each fact means, three values, errors that name the path."""

from datetime import UTC, date, datetime, timedelta

import pytest

from cases import ageing
from cases.models import Case
from contacts.strategy import conditions
from contacts.strategy.conditions import ConditionError, Context, holds_for, matching
from tests.factories.cases import CaseFactory, CreditorFactory, HoldFactory, PersonFactory, PromiseFactory

pytestmark = pytest.mark.django_db
ON = Context(day=date(2026, 3, 5), begins_at=datetime(2026, 3, 4, 16, tzinfo=UTC))


def leaf(fact: str, op: str, value) -> dict:
    return {"fact": fact, "op": op, "value": value}


def case_of(dpd: int, at, **more) -> Case:
    """A case that has so many days past due on the day that is asked about."""
    return CaseFactory(at=at, dpd=dpd - 1, **more)


@pytest.mark.parametrize(
    ("op", "value", "expected"),
    [
        ("at_least", 13, True),
        ("at_least", 14, False),
        ("at_most", 13, True),
        ("at_most", 12, False),
        ("more_than", 12, True),
        ("more_than", 13, False),
        ("less_than", 14, True),
        ("less_than", 13, False),
        ("is", 13, True),
        ("is", 12, False),
        ("is_not", 13, False),
        ("between", [13, 20], True),
        ("between", [14, 20], False),
    ],
)
def test_days_past_due_are_counted_to_the_day_that_is_asked_about(at, op, value, expected):
    case = case_of(13, at)
    assert holds_for(case.pk, leaf("dpd", op, value), ON) is expected


def test_buckets_agree_with_ageing_on_every_day(at):
    for dpd in (1, 30, 31, 60, 61, 180, 181, 400):
        case = case_of(dpd, at)
        label = ageing.DEFAULT.bucket(dpd)
        found = [each for each in ageing.DEFAULT.labels if holds_for(case.pk, leaf("bucket", "is", each), ON)]
        assert found == [label]


@pytest.mark.parametrize(
    ("op", "value", "expected"),
    [
        ("at_least", "500.00", True),
        ("more_than", "500.00", False),
        ("less_than", "500.01", True),
        ("at_most", 499, False),
    ],
)
def test_amounts_are_compared_to_the_cent(at, op, value, expected):
    assert holds_for(case_of(5, at, balance="500.00").pk, leaf("balance", op, value), ON) is expected


def test_an_unknown_fact_is_neither_true_nor_false_and_nor_is_its_negation(at):
    case = case_of(5, at)
    good_will = leaf("willingness", "is", "high")
    assert holds_for(case.pk, good_will, ON) is None
    assert holds_for(case.pk, {"not": good_will}, ON) is None
    assert holds_for(case.pk, leaf("willingness", "is_not", "high"), ON) is None
    assert holds_for(case.pk, leaf("willingness", "known", False), ON) is True
    Case.objects.update(willingness="low")
    assert holds_for(case.pk, good_will, ON) is False
    assert holds_for(case.pk, {"not": good_will}, ON) is True


def test_kleene_tables_of_all_and_any(at):
    case = case_of(5, at)
    values = {True: {}, False: {"not": {}}, None: leaf("ability", "is", "high")}
    for left, one in values.items():
        for right, other in values.items():
            pair = {left, right}
            expected_all = False if False in pair else None if None in pair else True
            expected_any = True if True in pair else None if None in pair else False
            assert holds_for(case.pk, {"all": [one, other]}, ON) is expected_all
            assert holds_for(case.pk, {"any": [one, other]}, ON) is expected_any


def test_nobody_spoken_with_is_unknown_not_long_ago(at):
    case = case_of(5, at)
    assert holds_for(case.pk, leaf("days_since_right_party", "at_least", 3), ON) is None
    Case.objects.update(last_right_party_at=ON.begins_at - timedelta(days=3))
    assert holds_for(case.pk, leaf("days_since_right_party", "at_least", 3), ON) is True
    assert holds_for(case.pk, leaf("days_since_right_party", "at_least", 4), ON) is False
    assert holds_for(case.pk, leaf("days_since_right_party", "is", 3), ON) is True


def test_persons_holds_promises_and_channels(at):
    case = case_of(5, at, creditor=CreditorFactory(code="bank"), person=PersonFactory(london=True))
    unnamed = case_of(5, at, person=PersonFactory(unnamed=True))
    for condition, expected in [
        (leaf("creditor", "is", "bank"), True),
        (leaf("jurisdiction", "in", ["GB", "CN"]), True),
        (leaf("language", "is_not", "en"), False),
        (leaf("named", "is", True), True),
        (leaf("reachable", "is", "sms"), True),
        (leaf("reachable", "is", "letter"), False),
        (leaf("reachable", "in", ["letter", "email"]), True),
        (leaf("held", "is", False), True),
        (leaf("open_promise", "is", False), True),
        (leaf("promises_broken", "at_least", 1), False),
        (leaf("product_kind", "is", "credit_card"), True),
        (leaf("product", "is", "nothing-like-it"), False),
        (leaf("status", "in", ["new"]), True),
    ]:
        assert holds_for(case.pk, condition, ON) is expected, condition
    assert holds_for(unnamed.pk, leaf("named", "is", True), ON) is False
    assert holds_for(unnamed.pk, leaf("reachable", "in", ["sms", "email", "phone"]), ON) is False
    HoldFactory(case=case)
    PromiseFactory(case=case, broken=True)
    assert holds_for(case.pk, leaf("held", "is", True), ON) is True
    assert holds_for(case.pk, leaf("promises_broken", "is", 1), ON) is True


def test_a_bad_number_does_not_make_a_person_reachable(at):
    case = case_of(5, at)
    case.person.contact_points.update(state="bad")
    assert holds_for(case.pk, leaf("reachable", "is", "sms"), ON) is False


def test_the_same_expression_filters_one_case_or_all(at):
    cases = [case_of(dpd, at, balance=str(100 * dpd)) for dpd in range(1, 13)]
    condition = {"all": [leaf("dpd", "at_least", 4), {"not": leaf("balance", "at_least", "900.00")}]}
    found = set(Case.objects.filter(matching(condition, ON)).values_list("pk", flat=True))
    one_by_one = {case.pk for case in cases if holds_for(case.pk, condition, ON)}
    assert found == one_by_one == {case.pk for case in cases[3:8]}


@pytest.mark.parametrize(
    ("condition", "path"),
    [
        ([], ""),
        ({"some": []}, ""),
        ({"all": []}, "all"),
        ({"all": [{}, {"fact": "height", "op": "is", "value": 1}]}, "all[1].fact"),
        ({"not": {"any": [{"fact": "dpd", "op": "like", "value": 1}]}}, "not.any[0].op"),
        ({"fact": "dpd", "op": "at_least", "value": "30"}, "value"),
        ({"fact": "dpd", "op": "at_least", "value": True}, "value"),
        ({"fact": "dpd", "op": "between", "value": [1]}, "value"),
        ({"fact": "bucket", "op": "is", "value": "M9"}, "value"),
        ({"fact": "balance", "op": "at_least", "value": 1.5}, "value"),
        ({"fact": "balance", "op": "at_least", "value": "lots"}, "value"),
        ({"fact": "named", "op": "is", "value": "yes"}, "value"),
        ({"fact": "named", "op": "is", "value": True, "extra": 1}, "extra"),
        ({"fact": "language", "op": "in", "value": "en"}, "value"),
        ({"fact": "dpd", "op": "known", "value": 1}, "value"),
    ],
)
def test_an_error_names_the_path(condition, path):
    with pytest.raises(ConditionError) as error:
        conditions.check(condition)
    assert error.value.path == path
