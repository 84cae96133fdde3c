"""How an amount meets what is owed: exact portions in each order, and data that says what is wrong with it."""

from datetime import date
from decimal import Decimal

import pytest

from cases import allocation
from cases.allocation import AllocationDataError, Due, Portion, Step, Waterfall, split
from collections_app.shared.money import Money

ON = date(2026, 3, 4)
FEBRUARY, MARCH, APRIL = date(2026, 2, 1), date(2026, 3, 4), date(2026, 4, 1)


def cny(text):
    return Money(Decimal(text), "CNY")


def owed(*rows):
    return [Due(component, due_on, Decimal(amount)) for component, due_on, amount in rows]


def told(portions):
    return [(part.component, part.due_on, str(part.amount)) for part in portions]


def waterfall(name):
    return allocation.book().waterfalls[name]


TWO_MONTHS = owed(
    ("principal", FEBRUARY, "100.00"),
    ("interest", FEBRUARY, "10.00"),
    ("principal", MARCH, "100.00"),
    ("interest", MARCH, "9.00"),
    ("principal", APRIL, "100.00"),
)


def test_horizontal_finishes_one_due_date_before_the_next():
    assert told(split(cny("150.00"), TWO_MONTHS, waterfall("costs-interest-principal"), on=ON)) == [
        ("interest", FEBRUARY, "10.00"),
        ("principal", FEBRUARY, "100.00"),
        ("interest", MARCH, "9.00"),
        ("principal", MARCH, "31.00"),
    ]


def test_vertical_finishes_one_component_before_the_next():
    dues = owed(("interest", FEBRUARY, "10.00"), ("principal", FEBRUARY, "100.00"), ("interest", date(2026, 3, 1), "9"))
    assert told(split(cny("30.00"), dues, waterfall("interest-and-fees-first"), on=ON)) == [
        ("interest", FEBRUARY, "10.00"),
        ("interest", date(2026, 3, 1), "9"),
        ("principal", FEBRUARY, "11.00"),
    ]


def test_principal_first_leaves_interest_for_last():
    dues = owed(("interest", FEBRUARY, "10.00"), ("fee", None, "5.00"), ("principal", FEBRUARY, "100.00"))
    portions = split(cny("104.00"), dues, waterfall("principal-first"), on=ON)
    assert told(portions) == [("principal", FEBRUARY, "100.00"), ("interest", FEBRUARY, "4.00")]


def test_what_is_due_later_comes_last_and_what_is_left_is_credit():
    portions = split(cny("400.00"), TWO_MONTHS, waterfall("costs-interest-principal"), on=ON)
    assert told(portions)[-2:] == [("principal", APRIL, "100.00"), ("credit", None, "81.00")]
    assert sum(part.amount for part in portions) == Decimal("400.00")


def test_only_the_named_components_are_met():
    portions = split(cny("25.00"), TWO_MONTHS, waterfall("costs-interest-principal"), on=ON, only=["interest"])
    assert told(portions) == [
        ("interest", FEBRUARY, "10.00"), ("interest", MARCH, "9.00"), ("credit", None, "6.00"),
    ]  # fmt: skip


def test_a_due_without_a_step_is_not_met():
    past_due_only = Waterfall("past due", (Step("past_due", "interest"), Step("past_due", "principal")))
    assert split(cny("300.00"), TWO_MONTHS, past_due_only, on=ON)[-1] == Portion("credit", None, Decimal("190.00"))


def test_what_the_source_did_not_split_comes_last():
    dues = owed(("unsplit", None, "50.00"), ("cost", date(2026, 3, 1), "5.00"))
    portions = split(cny("7.00"), dues, waterfall("principal-first"), on=ON)
    assert [part.component for part in portions] == ["cost", "unsplit"]


@pytest.mark.parametrize(
    ("jurisdiction", "product", "dpd", "name"),
    [
        ("CN", "credit_card", 0, "interest-and-fees-first"),
        ("CN-31", "credit_card", 90, "interest-and-fees-first"),
        ("CN-31", "credit_card", 91, "principal-first"),
        ("CN", "personal_loan", 91, "costs-interest-principal"),
        ("US-NY", "credit_card", 91, "costs-interest-principal"),
        ("", "credit_card", 91, "costs-interest-principal"),
    ],
)
def test_the_order_follows_law_product_and_age(jurisdiction, product, dpd, name):
    assert allocation.choose(jurisdiction=jurisdiction, product=product, dpd=dpd).name == name


def test_the_order_of_a_product_comes_before_every_row():
    own = allocation.choose(jurisdiction="CN", product="credit_card", dpd=10, own=["fee", "principal"])
    assert [step.component for step in own.steps[:6]] == ["fee", "principal", "interest", "penalty", "cost", "unsplit"]
    named = allocation.choose(jurisdiction="CN", product="credit_card", dpd=10, own=["principal-first"])
    assert named == waterfall("principal-first")
    with pytest.raises(AllocationDataError, match="the product's own order: key 'components': 'rent' is none of"):
        allocation.choose(jurisdiction="CN", product="credit_card", dpd=10, own=["fee", "rent"])


GOOD = """
[[waterfall]]
name = "a"
components = ["fee", "interest"]
[[row]]
jurisdiction = "*"
product = "*"
waterfall = "a"
source = "s"
"""


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('name = "a"', "", "waterfall 1: key 'name' must be a text"),
        ('"interest"]', '"rent"]', "waterfall 1: key 'components': 'rent' is none of"),
        ('"interest"]', '"fee"]', "waterfall 1: key 'components': one is named twice"),
        ('components = ["fee", "interest"]', 'steps = ["late:fee"]', "waterfall 1: key 'steps': 'late' is none of"),
        ('waterfall = "a"', 'waterfall = "b"', "row 1: key 'waterfall': there is no 'b'"),
        ('source = "s"', "", "row 1: key 'source' must be a text"),
        ('product = "*"', 'product = "*"\ndpd_from = -1', "row 1: key 'dpd_from' must be a number of days"),
        ('product = "*"', 'product = "*"\ndpd = 1', "row 1: key 'dpd' is not known"),
        ('product = "*"', 'product = "credit_card"', "no row holds for every jurisdiction and product"),
        ("[[row]]", "[[row", "bad.toml: "),
    ],
)
def test_bad_data_names_file_row_and_key(tmp_path, old, new, says):
    path = tmp_path / "bad.toml"
    path.write_text(GOOD, encoding="utf-8")
    assert allocation.read(path).rows[0].waterfall.name == "a"
    path.write_text(GOOD.replace(old, new), encoding="utf-8")
    with pytest.raises(AllocationDataError) as wrong:
        allocation.read(path)
    assert str(wrong.value).startswith("bad.toml")
    assert says in str(wrong.value)


def test_an_amount_below_zero_is_not_divided():
    with pytest.raises(ValueError, match="not negative"):
        split(cny("-1.00"), [], waterfall("principal-first"), on=ON)
