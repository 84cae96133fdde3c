"""How the parts of a promise are typed, and what has become of them on a day."""

from datetime import date
from decimal import Decimal

import pytest

from cases import promise_parts, promise_reading
from cases.amounts import AmountRefused, DayRefused
from cases.promise_parts import Paid, Part

TODAY = date(2026, 11, 22)
FRIDAY, END = date(2026, 11, 27), date(2026, 11, 30)


def read(text, currency="CNY", due_on=None):
    return [
        (str(part.amount), part.due_on.isoformat())
        for part in promise_reading.read(text, today=TODAY, currency=currency, due_on=due_on)
    ]


@pytest.mark.parametrize(
    "typed",
    [
        "500 fri, 500 30/11",
        "500 fri,500 30/11",
        "500 fri; 500 eom",
        "500 fri\n500 30/11",
        "500 周五，500 月底",
        "500元 周五、500元 月底",
        "￥500 by fri, ￥500 on 30/11",
        "５００ 周五；５００ 30号",
        "500 30/11, 500 fri",
        "500周五，500月底",
    ],
)
def test_two_parts_are_typed_in_one_line(typed):
    assert read(typed) == [("500.00", "2026-11-27"), ("500.00", "2026-11-30")]


@pytest.mark.parametrize(
    ("typed", "amount"),
    [("500", "500.00"), ("1,250.50", "1250.50"), ("1,250", "1250.00"), ("1250.5元", "1250.50"), ("１２５０", "1250.00"),
     ("0.5万", "5000.00")],
)  # fmt: skip
def test_an_amount_alone_takes_the_day_beside_it(typed, amount):
    assert read(typed, due_on=FRIDAY) == [(amount, "2026-11-27")]


def test_a_comma_within_an_amount_groups_thousands():
    assert read("1,250.50 fri, 2,000 30/11") == [("1250.50", "2026-11-27"), ("2000.00", "2026-11-30")]


def test_two_amounts_of_one_day_are_one_part():
    assert read("100 fri, 200 周五") == [("300.00", "2026-11-27")]


@pytest.mark.parametrize(
    "typed", ["-5", "0", "5.001", "12,50", "abc", "", "USD 5", "12abc", "1e3", "50000000000000000000"]
)
def test_what_is_no_amount_is_refused(typed):
    with pytest.raises(AmountRefused):
        read(typed, due_on=FRIDAY)


def test_a_fraction_of_a_currency_without_one_is_refused():
    with pytest.raises(AmountRefused):
        read("500.50", currency="JPY", due_on=FRIDAY)


@pytest.mark.parametrize("typed", ["500, 500 fri", "500 fri, 500", "500 soon", "500"])
def test_a_part_without_a_day_is_refused(typed):
    with pytest.raises(DayRefused):
        read(typed)


PARTS = (Part(FRIDAY, Decimal("500.00")), Part(END, Decimal("300.00")))


def standing(payments, on, tolerance="0"):
    paid = [Paid(date.fromisoformat(day), Decimal(amount)) for day, amount in payments]
    found = promise_parts.standing(PARTS, paid, grace_days=1, tolerance=Decimal(tolerance), on=date.fromisoformat(on))
    return found.next_due, found.missed and found.missed.due_on


@pytest.mark.parametrize(
    ("payments", "on", "next_due", "missed"),
    [
        ([], "2026-11-28", FRIDAY, None),  # the last day of grace
        ([], "2026-11-29", FRIDAY, FRIDAY),  # the day after it
        ([("2026-11-28", "500")], "2026-11-29", END, None),  # met on the last day of grace
        ([("2026-11-29", "500")], "2026-11-29", END, FRIDAY),  # a day too late
        ([("2026-11-27", "499.99")], "2026-11-29", FRIDAY, FRIDAY),
        ([("2026-11-26", "800")], "2026-12-05", None, None),  # more than the first part meets the second
        ([("2026-11-26", "500")], "2026-12-01", END, None),
        ([("2026-11-26", "500")], "2026-12-02", END, END),
        ([("2026-11-26", "500"), ("2026-12-01", "300")], "2026-12-02", None, None),
    ],
)
def test_a_part_is_missed_when_its_grace_has_ended_unmet(payments, on, next_due, missed):
    assert standing(payments, on) == (next_due, missed)


def test_the_tolerance_is_of_the_whole():
    assert standing([("2026-11-27", "495")], "2026-11-29", "5") == (END, None)
    assert standing([("2026-11-27", "494.99")], "2026-11-29", "5") == (FRIDAY, FRIDAY)


def test_money_covers_the_earliest_part_first():
    assert promise_parts.covered(PARTS, Decimal("620")) == [Decimal("500.00"), Decimal("120.00")]
    assert promise_parts.covered(PARTS, Decimal("0")) == [Decimal("0.00"), Decimal("0.00")]
