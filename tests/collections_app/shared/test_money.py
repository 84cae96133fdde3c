from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collections_app.shared.money import (
    CurrencyMismatch,
    InexactAmount,
    Money,
    UnknownCurrency,
    UnsupportedCurrency,
    exponent,
)


def usd(text: str) -> Money:
    return Money(Decimal(text), "USD")


def test_a_split_of_one_hundred_in_three_gives_the_odd_cent_to_the_first():
    assert usd("100.00").split(3) == [usd("33.34"), usd("33.33"), usd("33.33")]


def test_a_debt_below_zero_splits_alike():
    assert usd("-0.05").split(2) == [usd("-0.03"), usd("-0.02")]


@given(cents=st.integers(-(10**12), 10**12), parts=st.integers(1, 400), currency=st.sampled_from(["USD", "TWD", "JPY"]))
def test_a_split_always_sums_back_to_the_whole(cents, parts, currency):
    whole = Money(Decimal(cents).scaleb(-exponent(currency)), currency)
    pieces = whole.split(parts)
    total = Money.zero(currency)
    for piece in pieces:
        total += piece
    assert (len(pieces), total) == (parts, whole)
    assert max(pieces).amount - min(pieces).amount <= Decimal(1).scaleb(-exponent(currency))


def test_nothing_is_split_into_no_parts():
    with pytest.raises(ValueError, match="one part or more"):
        usd("1.00").split(0)


@pytest.mark.parametrize(("code", "places"), [("USD", 2), ("CNY", 2), ("TWD", 2), ("JPY", 0), ("KRW", 0), ("VND", 0)])
def test_the_exponent_is_that_of_iso_4217(code, places):
    assert exponent(code) == places


@pytest.mark.parametrize("code", ["BHD", "KWD", "TND", "OMR", "JOD", "IQD", "LYD"])
def test_currencies_of_three_places_are_refused(code):
    with pytest.raises(UnsupportedCurrency):
        Money(Decimal(1), code)


@pytest.mark.parametrize("code", ["usd", "US", "", "XXX", "RMB", "NTD"])
def test_a_text_that_is_no_currency_is_refused(code):
    with pytest.raises(UnknownCurrency):
        Money(Decimal(1), code)


@pytest.mark.parametrize(
    ("amount", "code"), [("0.001", "USD"), ("0.5", "JPY"), ("NaN", "USD"), ("Infinity", "USD"), ("1e16", "USD")]
)
def test_an_amount_that_the_books_cannot_hold_is_refused(amount, code):
    with pytest.raises(InexactAmount):
        Money(Decimal(amount), code)


def test_the_largest_amount_that_the_books_can_hold_is_taken():
    assert usd("9999999999999999.99").amount == Decimal("9999999999999999.99")


def test_a_float_is_never_money():
    with pytest.raises(TypeError):
        Money(0.1, "USD")


def test_two_currencies_do_not_mix():
    with pytest.raises(CurrencyMismatch):
        usd("1") + Money(Decimal(1), "EUR")
    with pytest.raises(CurrencyMismatch):
        _ = usd("1") < Money(Decimal(1), "EUR")


def test_sums_and_differences_are_exact():
    assert usd("0.10") + usd("0.20") == usd("0.30")
    assert usd("0.10") - usd("0.20") == -usd("0.10")


@pytest.mark.parametrize(
    ("exact", "rounded"), [("0.005", "0.01"), ("0.004", "0.00"), ("-0.005", "-0.01"), ("2.675", "2.68")]
)
def test_rounding_takes_halves_away_from_zero(exact, rounded):
    assert Money.rounded(Decimal(exact), "USD") == usd(rounded)


def test_equal_amounts_read_and_compare_equal_whatever_their_zeros():
    assert usd("5") == usd("5.00")
    assert str(usd("5")) == "5.00 USD"
    assert str(Money(Decimal("500.00"), "JPY")) == "500 JPY"
