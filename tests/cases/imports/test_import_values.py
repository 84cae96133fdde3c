"""Cells become values strictly, or are refused with a code."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.imports import canonical, values
from cases.imports.refusals import CellRefused


def code_of(parse, *args) -> str:
    with pytest.raises(CellRefused) as refused:
        parse(*args)
    return refused.value.code


@pytest.mark.parametrize(
    ("text", "mark", "amount"),
    [
        ("3913", ".", "3913.00"),
        ("-3913.5", ".", "-3913.50"),
        ("1,234,567.89", ".", "1234567.89"),
        ("12,34,567.89", ".", "1234567.89"),  # grouping of India
        ("1.234.567,89", ",", "1234567.89"),
        ("1 234 567,89", ",", "1234567.89"),
        ("1'234.50", ".", "1234.50"),
        ("(250.00)", ".", "-250.00"),
        ("250.00-", ".", "-250.00"),
        ("\u2212250", ".", "-250.00"),
        ("+7", ".", "7.00"),
        ("¥ 1,000.00", ".", "1000.00"),
        ("NT$500", ".", "500.00"),
        ("１，２３４．５０", ".", "1234.50"),  # full-width digits of a Chinese sheet
        ("0", ".", "0.00"),
        ("10.00", ".", "10.00"),
    ],
)
def test_an_amount_is_read_exactly(text, mark, amount):
    assert values.amount(text, mark) == Decimal(amount)


@pytest.mark.parametrize(
    ("text", "mark", "code"),
    [
        ("1e5", ".", "scientific_notation"),
        ("1.5E+10", ".", "scientific_notation"),
        ("12,34", ".", "bad_amount"),
        ("1,23,4", ".", "bad_amount"),
        ("1.2.3", ".", "bad_amount"),
        ("abc", ".", "bad_amount"),
        ("--5", ".", "bad_amount"),
        ("١٢٣", ".", "bad_amount"),  # digits of another script: nobody here could check them
        ("12.345", ".", "too_many_decimals"),
        ("0.001", ".", "too_many_decimals"),
        ("10000000000000000", ".", "amount_too_large"),
        ("nan", ".", "bad_amount"),
        ("Infinity", ".", "bad_amount"),
    ],
)
def test_what_is_not_plainly_an_amount_is_refused(text, mark, code):
    assert code_of(values.amount, text, mark) == code


@given(cents=st.integers(-(10**17), 10**17))
def test_every_amount_written_in_either_way_comes_back(cents):
    exact = Decimal(cents).scaleb(-2)
    english = f"{exact:,.2f}"
    assert values.amount(english, ".") == exact
    assert values.amount(english.translate(str.maketrans(",.", ".,")), ",") == exact


@pytest.mark.parametrize(
    ("text", "form", "day"),
    [
        ("2026-02-28", "YYYY-MM-DD", date(2026, 2, 28)),
        ("2026/2/8", "YYYY-MM-DD", date(2026, 2, 8)),
        ("2026.02.08", "DD/MM/YYYY", date(2026, 2, 8)),
        ("2026年2月8日", "YYYY-MM-DD", date(2026, 2, 8)),
        ("２０２６-０２-０８", "YYYY-MM-DD", date(2026, 2, 8)),
        ("2026-02-08 00:00:00", "YYYY-MM-DD", date(2026, 2, 8)),
        ("2026-02-08T13:45:00Z", "YYYY-MM-DD", date(2026, 2, 8)),
        ("20260208", "YYYYMMDD", date(2026, 2, 8)),
        ("08/02/2026", "DD/MM/YYYY", date(2026, 2, 8)),
        ("08/02/2026", "MM/DD/YYYY", date(2026, 8, 2)),
        ("8.2.2026", "DD/MM/YYYY", date(2026, 2, 8)),
        ("8-Feb-2026", "DD-MMM-YYYY", date(2026, 2, 8)),
        ("29/02/2028", "DD/MM/YYYY", date(2028, 2, 29)),
    ],
)
def test_a_date_is_read_in_the_format_of_the_file(text, form, day):
    assert values.day(text, form) == day


@pytest.mark.parametrize(
    ("text", "form", "code"),
    [
        ("31/02/2026", "DD/MM/YYYY", "no_such_date"),
        ("2026-02-30", "YYYY-MM-DD", "no_such_date"),
        ("29/02/2026", "DD/MM/YYYY", "no_such_date"),
        ("13/13/2026", "MM/DD/YYYY", "no_such_date"),
        ("08/02/26", "DD/MM/YYYY", "two_digit_year"),
        ("08/02/2026", "YYYY-MM-DD", "bad_date"),
        ("45000", "YYYY-MM-DD", "bad_date"),  # a spreadsheet's day number
        ("31/02", "DD/MM/YYYY", "bad_date"),
        ("soon", "YYYY-MM-DD", "bad_date"),
        ("1899-12-31", "YYYY-MM-DD", "date_out_of_range"),
        ("0202-06-01", "YYYY-MM-DD", "date_out_of_range"),
    ],
)
def test_a_day_that_does_not_exist_or_cannot_be_known_is_refused(text, form, code):
    assert code_of(values.day, text, form) == code


@pytest.mark.parametrize(("text", "months"), [("-2", 0), ("-1", 0), ("0", 0), ("1", 1), ("8", 8)])
def test_a_repayment_status_says_how_many_months_late(text, months):
    assert values.repay_status(text) == months


@pytest.mark.parametrize("text", ["-3", "x", "1.5", ""])
def test_an_unknown_repayment_status_is_refused(text):
    assert code_of(values.repay_status, text) == "bad_repay_status"


@pytest.mark.parametrize(("text", "months"), [("M0", 0), ("m3", 3), ("M7+", 7), ("3期", 3), ("2", 2)])
def test_months_past_due_are_read_as_chinese_sheets_write_them(text, months):
    assert values.months(text) == months


def test_days_past_due_are_whole_and_not_negative():
    assert values.count("30") == 30
    assert values.count("30.0") == 30
    assert code_of(values.count, "-1") == "negative_count"
    assert code_of(values.count, "1.5") == "bad_count"


@pytest.mark.parametrize(("text", "code"), [("twd", "TWD"), ("人民币", "CNY"), ("RMB", "CNY"), (" USD", "USD")])
def test_a_currency_is_its_iso_code(text, code):
    assert values.currency(text) == code


@pytest.mark.parametrize(
    ("text", "code"), [("XYZ", "unknown_currency"), ("$", "unknown_currency"), ("KWD", "unsupported_currency")]
)
def test_an_unknown_currency_is_refused(text, code):
    assert code_of(values.currency, text) == code


def test_marks_by_which_a_spreadsheet_keeps_digits_are_taken_off():
    assert values.clean('="00123"') == "00123"
    assert values.clean("\u3000 00123\u00a0") == "00123"


def test_a_zero_byte_is_no_text():
    assert code_of(values.clean, "ab\x00c") == "control_character"


def test_places_and_languages_are_known_ones():
    assert values.time_zone("Asia/Shanghai") == "Asia/Shanghai"
    assert code_of(values.time_zone, "Beijing time") == "unknown_time_zone"
    assert values.jurisdiction("us-ny") == "US-NY"
    assert values.jurisdiction("us-ny-nyc") == "US-NY-NYC"
    assert code_of(values.jurisdiction, "US-NY-NYC-1") == "unknown_jurisdiction"
    assert values.jurisdiction("中国") == "CN"
    assert code_of(values.jurisdiction, "406") == "unknown_jurisdiction"
    assert values.language("中文") == "zh-hans"
    assert code_of(values.language, "Klingon") == "unknown_language"


def test_an_account_number_keeps_its_zeros_and_loses_only_blanks():
    assert canonical.account_number(" 0062 2600 0000 1234 ") == "0062260000001234"
    assert canonical.account_number("ＴＷ０１") == "TW01"
    assert code_of(canonical.account_number, "9" * 65) == "bad_account_number"


LOCAL_ONLY = ("555-0100", "12345")  # the library calls them possible; without an area code nobody could dial them


def vectors():
    path = Path(__file__).parents[2] / "data" / "reference" / "phone_parse_vectors.json"
    return [one for one in json.loads(path.read_text(encoding="utf-8"))["vectors"] if "e164" in one]


@pytest.mark.parametrize("vector", vectors(), ids=lambda one: one["input"])
def test_a_telephone_number_is_kept_in_one_spelling(vector):
    if vector["possible"] and vector["input"] not in LOCAL_ONLY:
        assert canonical.phone(vector["input"], vector["default_region"])[0] == vector["e164"]
    else:
        assert code_of(canonical.phone, vector["input"], vector["default_region"]) == "bad_phone"


def test_a_masked_number_is_not_taken_for_a_number():
    assert code_of(canonical.phone, "138****8000", "CN") == "masked_number"
    assert code_of(canonical.document, "1101**********0011") == "masked_number"


def test_a_chinese_identity_number_is_checked():
    assert canonical.document("11010519491231002x") == ("11010519491231002X", "cn_id")
    assert code_of(canonical.document, "110105194912310021") == "bad_chinese_id"
    assert code_of(canonical.document, "11010519491331002X") == "bad_chinese_id"
    assert canonical.document("A1234567") == ("A1234567", "other")


@pytest.mark.parametrize("text", ["nobody", "a@b", "a b@example.com", "a..b@example.com", "@example.com", "a@-x.com"])
def test_what_is_no_email_address_is_refused(text):
    assert code_of(canonical.email, text) == "bad_email"


def test_an_email_address_is_kept_in_small_letters():
    assert canonical.email("Li.Na@Example.COM") == "li.na@example.com"


def test_two_spellings_of_a_postal_address_have_one_key():
    assert canonical.postal_key("12  Example Street,\nAlbany") == canonical.postal_key("12 EXAMPLE Street, albany")
    assert canonical.postal_key("12 Example Street") != canonical.postal_key("13 Example Street")
