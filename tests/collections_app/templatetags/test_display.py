"""How amounts, instants and ages are written: one way in each language."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django import forms
from django.template import Context, Template
from django.utils import timezone, translation

from collections_app.shared.money import Money
from collections_app.templatetags import clocks, display

NOW = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)


def show(source: str, **context: object) -> str:
    return Template("{% load display clocks %}" + source).render(Context({"now": NOW} | context))


def test_an_amount_names_its_currency_once_and_groups_by_thousands():
    assert show("{% money a 'CNY' %}", a=Decimal("8420")) == '<span class="num">CNY\u00a08,420.00</span>'


def test_a_chinese_amount_ends_in_its_unit_and_is_grouped_as_banks_print_it():
    with translation.override("zh-hans"):
        assert show("{% money a 'CNY' %}", a=Decimal("1208420.5")).endswith("1,208,420.50\u202f元</span>")


def test_money_carries_its_own_currency_and_yen_has_no_decimals():
    assert show("{% money a %}", a=Money(Decimal(98000), "JPY")) == '<span class="num">JPY\u00a098,000</span>'


def test_a_negative_amount_has_a_minus_sign_and_a_missing_one_is_a_dash():
    assert display.digits(Decimal("-12.5"), "CNY") == "\u221212.50"
    assert display.digits(None) == "–"
    assert display.digits(Decimal("-0.001"), "CNY") == "0.00"


@pytest.mark.parametrize(
    ("language", "amount", "text"),
    [
        ("en", "99999.99", "CNY 100,000 "),
        ("en", "100000", "CNY 100.0 k"),
        ("en", "8420312.55", "CNY 8.4 M"),
        ("zh-hans", "9999", "9,999 元"),
        ("zh-hans", "8420312.55", "842.0 万元"),
        ("zh-hans", "123456789", "1.2 亿元"),
    ],
)
def test_a_total_is_short_and_keeps_the_exact_amount_on_hover(language, amount, text):
    with translation.override(language):
        html = show("{% money_short a 'CNY' %}", a=Decimal(amount))
    assert f">{text}</span>" in html
    assert f'title="CNY {Decimal(amount):,.2f}"' in html


def test_a_share_of_few_cases_is_no_percentage():
    assert "3 of 7" in show("{% share 3 7 %}")
    assert "22.5%" in show("{% share 412 1830 %}")
    assert show("{% share 0 0 %}") == "<span>–</span>"


@pytest.mark.parametrize(
    ("ago", "text"),
    [
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=59, seconds=59), "59 min ago"),
        (timedelta(hours=1), "1 h ago"),
        (timedelta(hours=47), "1 day ago"),
        (-timedelta(days=3), "in 3 days"),
    ],
)
def test_an_instant_is_relative_with_the_exact_one_in_the_users_zone_on_hover(ago, text):
    with timezone.override("Asia/Shanghai"):
        html = show("{% when at %}", at=NOW - ago)
    exact = (NOW - ago).astimezone(ZoneInfo("Asia/Shanghai"))
    assert f">{text}</time>" in html
    assert f'title="{exact:%Y-%m-%d %H:%M} UTC+8"' in html


def test_the_borrowers_clock_names_its_place_and_never_looks_like_the_users():
    with timezone.override("Asia/Shanghai"):
        theirs = show("{% their_time now 'Asia/Kolkata' %}")
        yours = show("{% your_time now %}")
    assert "07:00" in theirs
    assert "Kolkata UTC+5:30" in theirs
    assert "clock-theirs" in theirs
    assert "09:30" in yours
    assert "clock-theirs" not in yours


def test_a_day_is_counted_from_the_creditors_business_date():
    html = show("{% day d today %}", d=date(2026, 11, 25), today=date(2026, 11, 24))
    assert "tomorrow" in html
    assert "2026-11-25" in html


@pytest.mark.parametrize(("days", "level"), [(-2, 0), (0, 0), (1, 1), (30, 1), (31, 2), (180, 6), (181, 7), (900, 7)])
def test_days_past_due_fall_on_one_scale(days, level):
    assert display.bucket_level(days) == level


def test_a_bucket_label_of_a_shops_own_scheme_is_shown_as_it_is():
    html = show("{% dpd 17 'S2' %}")
    assert "<b>S2</b>" in html
    assert "dpd-2" in html


def test_a_duration_keeps_its_two_largest_units():
    assert clocks.duration(timedelta(hours=2, minutes=5, seconds=59)) == "2 h 05 min"
    assert clocks.duration(249) == "4 min 09 s"
    assert clocks.duration(None) == "–"


def test_text_from_outside_is_escaped_everywhere():
    bad = "<script>alert(1)</script>"
    html = show("{% pill 'ok' bad %}{% dpd 3 bad %}<i title=\"{{ data|as_json }}\"></i>", bad=bad, data={"a": bad})
    assert "<script" not in html


def test_a_field_in_error_says_so_to_the_screen_reader_and_in_words():
    class OneField(forms.Form):
        amount = forms.DecimalField()

    html = show("{% field form.amount %}", form=OneField({"amount": ""}))
    assert 'aria-invalid="true"' in html
    assert "This field is required." in html
    assert 'aria-invalid="true"' not in show("{% field form.amount %}", form=OneField())
