"""What is left of a month, and the instalment that it allows."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.plans import affordability
from cases.plans.affordability import AffordabilityRefused, Budget, of_budget
from collections_app.shared.money import Money

BUDGET = Budget(
    currency="CNY",
    household=3,
    incomes={"wages": Decimal("6000.00"), "benefits": Decimal("400.50")},
    expenditures={"housing": Decimal("2500.00"), "food": Decimal("1800.00"), "children": Decimal("600.00")},
    debts=Decimal("700.00"),
)


def cny(text: str) -> Money:
    return Money(Decimal(text), "CNY")


def test_what_is_left_is_income_less_needs_less_other_debts():
    result = of_budget(BUDGET)
    assert (result.income, result.expenditure, result.debts) == (cny("6400.50"), cny("4900.00"), cny("700.00"))
    assert result.surplus == cny("800.50")


def test_an_instalment_takes_a_share_of_it_rounded_down():
    assert of_budget(BUDGET).allowed == cny("640.40")
    assert of_budget(BUDGET, share=33).allowed == cny("264.16")
    assert of_budget(BUDGET, share=100).allowed == cny("800.50")


def test_whoever_has_too_little_can_afford_nothing():
    poor = Budget(currency="CNY", incomes={"wages": Decimal(1000)}, expenditures={"housing": Decimal(1500)})
    assert (of_budget(poor).surplus, of_budget(poor).allowed) == (cny("-500.00"), cny("0.00"))


@settings(max_examples=60)
@given(st.integers(-(10**6), 10**9), st.integers(1, 100), st.sampled_from(["CNY", "JPY"]))
def test_what_is_allowed_is_never_more_than_the_surplus(units, share, currency):
    surplus = Money(Decimal(units), currency)
    allowed = affordability.allowed(surplus, share=share)
    assert 0 <= allowed.amount <= max(0, units)


def test_weeks_are_held_against_a_month_by_the_weeks_of_a_year():
    allowed = cny("520.00")
    assert affordability.is_within(cny("120.00"), "weekly", allowed=allowed)
    assert not affordability.is_within(cny("120.01"), "weekly", allowed=allowed)
    assert affordability.is_within(cny("240.00"), "fortnightly", allowed=allowed)
    assert not affordability.is_within(cny("240.01"), "fortnightly", allowed=allowed)
    assert affordability.a_month(cny("120.00"), "weekly") == allowed


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"incomes": {"lottery": Decimal(5)}}, "kind"),
        ({"incomes": {"wages": Decimal("-1")}}, "negative"),
        ({"incomes": {"wages": Decimal("1.005")}}, "inexact"),
        ({"household": 0, "incomes": {"wages": Decimal(1)}}, "household"),
        ({}, "empty"),
    ],
)
def test_a_form_that_cannot_be_is_refused(changes, code):
    with pytest.raises(AffordabilityRefused) as caught:
        of_budget(Budget(currency="CNY", **changes))
    assert caught.value.code == code
