"""Amounts and days as people type them: one reading, or a sentence that says what is wrong."""

from datetime import date
from decimal import Decimal

import pytest

from cases import amounts
from cases.amounts import AmountRefused, DayRefused
from cases.date_boxes import DayField
from cases.forms import AmountField


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("1250.5", "1250.50"),
        ("1,250.50", "1250.50"),
        ("1 250.50", "1250.50"),
        ("12,34,567.00", "1234567.00"),
        ("１，２５０．５０", "1250.50"),
        ("５００", "500.00"),
        (" 　500 ", "500.00"),
        ("￥500", "500.00"),
        ("¥ 1,200", "1200.00"),
        ("500元", "500.00"),
        ("￥500元", "500.00"),
        ("500.00人民币", "500.00"),
        ("RMB 500", "500.00"),
        ("CNY500", "500.00"),
        ("500 cny", "500.00"),
        ("1.5万", "15000.00"),
        ("1.234567万元", "12345.67"),
        ("2萬", "20000.00"),
        ("+500", "500.00"),
        ("0.01", "0.01"),
        ("9999999999999999.99", "9999999999999999.99"),
    ],
)
def test_an_amount_is_read_as_it_was_meant(typed, amount):
    assert amounts.read(typed, currency="CNY") == Decimal(amount)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("12,50", "comma"),
        ("1,25,0", "comma"),
        ("1.250,50", "comma"),
        ("-5", "negative"),
        ("(5.00)", "negative"),
        ("5-", "negative"),
        ("－５", "negative"),
        ("0", "zero"),
        ("0.00", "zero"),
        ("5.001", "too-fine"),
        ("1.2345678万", "too-fine"),
        ("5e3", "scientific"),
        ("1E400", "scientific"),
        ("1" + "0" * 400, "too-large"),
        ("10000000000000000", "too-large"),
        ("999999999999999万", "too-large"),
        ("five", "unreadable"),
        ("５²", "unreadable"),
        ("٥٠٠", "unreadable"),
        ("NaN", "unreadable"),
        ("Infinity", "unreadable"),
        ("5\x000", "unreadable"),
        ("1_000", "unreadable"),
        ("5 5", "unreadable"),
        ("万", "unreadable"),
        ("￥", "unreadable"),
        ("$500", "other-currency"),
        ("NT$500", "other-currency"),
        ("USD 500", "other-currency"),
        ("500 KWD", "other-currency"),
        ("€500", "other-currency"),
        ("500日元", "other-currency"),
    ],
)
def test_what_is_no_amount_of_this_currency_is_refused_with_its_reason(typed, code):
    with pytest.raises(AmountRefused) as refused:
        amounts.read(typed, currency="CNY")
    assert refused.value.code == code
    assert "%(" not in str(refused.value)


def test_the_sentence_names_both_currencies():
    with pytest.raises(AmountRefused) as refused:
        amounts.read("USD 500", currency="CNY")
    assert str(refused.value) == "“USD 500” is in USD; this is in CNY."


def test_a_currency_without_decimals_takes_none():
    assert amounts.read("JPY 500", currency="JPY") == 500
    assert amounts.read("500.00", currency="JPY") == 500
    with pytest.raises(AmountRefused) as refused:
        amounts.read("500.50", currency="JPY")
    assert refused.value.code == "whole-units"


def test_nothing_is_an_amount_only_where_it_may_be():
    assert amounts.read("0", zero=True) == 0
    assert AmountField(zero=True, required=False).clean("０") == 0


@pytest.mark.parametrize(
    "typed",
    ["2026-11-22", "2026/11/22", "2026.11.22", "2026年11月22日", "20261122", "２０２６－１１－２２", " 2026-11-22 "],
)
def test_a_day_is_read_as_it_was_meant(typed):
    assert amounts.read_day(typed) == DayField().clean(typed) == date(2026, 11, 22)


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("2027-02-29", "2027 has no 29 February."),
        ("２０２７年２月２９日", "2027 has no 29 February."),
        ("2100-02-29", "2100 has no 29 February."),
        ("2026-02-30", "“2026-02-30” is a day that does not exist."),
        ("2026-13-01", "“2026-13-01” is a day that does not exist."),
        ("11/22/2026", "“11/22/2026” is not a date. Write it like 2026-11-22."),
        ("soon", "“soon” is not a date. Write it like 2026-11-22."),
        ("9999-01-01", "“9999-01-01” is outside the years 1900 to 2100."),
        ("2026-11-22\x00", "“2026-11-22\x00” is not a date. Write it like 2026-11-22."),
        ("9" * 400, "“" + "9" * 40 + "” is not a date. Write it like 2026-11-22."),
    ],
)
def test_what_is_no_day_is_refused_with_its_reason(typed, says):
    with pytest.raises(DayRefused) as refused:
        amounts.read_day(typed)
    assert str(refused.value) == says


def test_a_leap_day_is_a_day_and_so_are_the_days_of_the_lunar_new_year():
    assert amounts.read_day("2028-02-29") == date(2028, 2, 29)
    assert amounts.read_day("2027年2月6日") == date(2027, 2, 6)


def test_a_day_outside_what_may_be_meant_is_refused():
    today = date(2026, 11, 22)
    assert amounts.read_day("2026-11-22", earliest=today, latest=today) == today
    for typed, code in (("2026-11-21", "past"), ("2026-11-23", "future")):
        with pytest.raises(DayRefused) as refused:
            amounts.read_day(typed, earliest=today, latest=today)
        assert refused.value.code == code
