"""Days as people type them, in English and Chinese: what each means, seen from a Sunday in November."""

from datetime import date

import pytest

from cases import natural_dates
from cases.amounts import DayRefused

TODAY = date(2026, 11, 22)  # a Sunday


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("today", "2026-11-22"),
        ("tomorrow", "2026-11-23"),
        ("tmr", "2026-11-23"),
        ("by Friday", "2026-11-27"),
        ("fri", "2026-11-27"),
        ("f", "2026-11-27"),
        ("m", "2026-11-23"),
        ("th", "2026-11-26"),
        ("sun", "2026-11-29"),
        ("next fri", "2026-11-27"),
        ("+3", "2026-11-25"),
        ("+3d", "2026-11-25"),
        ("in 2 weeks", "2026-12-06"),
        ("+2w", "2026-12-06"),
        ("1 month", "2026-12-22"),
        ("25", "2026-11-25"),
        ("the 25th", "2026-11-25"),
        ("22", "2026-11-22"),
        ("20", "2026-12-20"),
        ("31", "2026-12-31"),
        ("30/11", "2026-11-30"),
        ("11/30", "2026-11-30"),
        ("5/5", "2027-05-05"),
        ("30.11", "2026-11-30"),
        ("30 nov", "2026-11-30"),
        ("Dec 1st", "2026-12-01"),
        ("end of month", "2026-11-30"),
        ("eom", "2026-11-30"),
        ("2026-12-01", "2026-12-01"),
        ("周五", "2026-11-27"),
        ("星期五", "2026-11-27"),
        ("礼拜天", "2026-11-29"),
        ("下周一", "2026-11-23"),
        ("下周五前", "2026-11-27"),
        ("下下周一", "2026-11-30"),
        ("今天", "2026-11-22"),
        ("明天", "2026-11-23"),
        ("后天", "2026-11-24"),
        ("大后天", "2026-11-25"),
        ("25号", "2026-11-25"),
        ("２５号", "2026-11-25"),
        ("二十五号", "2026-11-25"),
        ("下月5号", "2026-12-05"),
        ("下个月十号之前", "2026-12-10"),
        ("12月1日", "2026-12-01"),
        ("十二月一号", "2026-12-01"),
        ("2026年12月1日", "2026-12-01"),
        ("月底", "2026-11-30"),
        ("下月底", "2026-12-31"),
        ("三天后", "2026-11-25"),
        ("两周后", "2026-12-06"),
        ("一个月后", "2026-12-22"),
        ("10日内", "2026-12-02"),
    ],
)
def test_a_day_is_read_as_it_is_said(typed, day):
    assert natural_dates.read(typed, today=TODAY) == date.fromisoformat(day)


def test_a_weekday_is_never_today():
    assert natural_dates.read("fri", today=date(2026, 11, 27)) == date(2026, 12, 4)
    assert natural_dates.read("本周五", today=date(2026, 11, 27)) == date(2026, 11, 27)


def test_next_week_begins_on_monday():
    assert natural_dates.read("next fri", today=date(2026, 11, 25)) == date(2026, 12, 4)
    assert natural_dates.read("下周五", today=date(2026, 11, 25)) == date(2026, 12, 4)
    assert natural_dates.read("周五", today=date(2026, 11, 25)) == date(2026, 11, 27)


def test_a_day_of_the_month_waits_for_a_month_that_has_it():
    assert natural_dates.read("31", today=date(2026, 11, 30)) == date(2026, 12, 31)
    assert natural_dates.read("30", today=date(2027, 2, 1)) == date(2027, 3, 30)


def test_a_month_later_is_at_most_its_last_day():
    assert natural_dates.read("1 month", today=date(2027, 1, 31)) == date(2027, 2, 28)


def test_a_day_just_gone_by_is_in_the_past_and_not_a_year_ahead():
    assert natural_dates.read("20/11", today=TODAY) == date(2026, 11, 20)
    assert natural_dates.read("11月20日", today=TODAY) == date(2026, 11, 20)


@pytest.mark.parametrize("typed", ["29/2", "2月29日", "2027-02-29", "29 feb", "2027年2月29日"])
def test_a_year_without_29_february_is_named(typed):
    with pytest.raises(DayRefused) as refused:
        natural_dates.read(typed, today=date(2027, 2, 1))
    assert str(refused.value) == "2027 has no 29 February."


def test_29_february_is_a_day_of_a_leap_year():
    assert natural_dates.read("29/2", today=date(2028, 2, 1)) == date(2028, 2, 29)
    assert natural_dates.read("2月29日", today=date(2027, 12, 20)) == date(2028, 2, 29)


@pytest.mark.parametrize(
    "typed", ["", "t", "s", "soon", "31/11", "2月30日", "0", "32", "45/13", "五", "下周八", "1234567", "99999天后x"]
)
def test_what_is_no_day_is_refused(typed):
    with pytest.raises(DayRefused):
        natural_dates.read(typed, today=TODAY)
