from datetime import UTC, date, datetime, time

import pytest

from collections_app.shared.ranges import ALL_DAY, DateRange, EmptyRange, InstantRange, TimeRange


def test_a_date_range_holds_its_start_and_not_its_end():
    march = DateRange(date(2026, 3, 1), date(2026, 4, 1))
    assert date(2026, 3, 1) in march
    assert date(2026, 3, 31) in march
    assert date(2026, 4, 1) not in march
    assert date(2026, 2, 28) not in march
    assert len(list(march.days())) == 31


def test_a_range_without_an_end_goes_on_but_cannot_be_counted_through():
    onwards = DateRange(date(2026, 3, 1))
    assert date(9999, 1, 1) in onwards
    with pytest.raises(EmptyRange):
        list(onwards.days())


def test_an_empty_range_is_refused():
    with pytest.raises(EmptyRange):
        DateRange(date(2026, 3, 1), date(2026, 3, 1))
    with pytest.raises(EmptyRange):
        InstantRange(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))
    with pytest.raises(EmptyRange):
        TimeRange(time(9), time(9))


def test_neighbouring_ranges_do_not_overlap_and_crossing_ones_do():
    first = DateRange(date(2026, 3, 1), date(2026, 3, 10))
    assert not first.overlaps(DateRange(date(2026, 3, 10), date(2026, 3, 20)))
    assert first.overlaps(DateRange(date(2026, 3, 9)))
    assert not DateRange(date(2026, 3, 10)).overlaps(first)


def test_the_last_seven_days_end_yesterday():
    assert list(DateRange.last_days(7, before=date(2026, 3, 8)).days())[::6] == [date(2026, 3, 1), date(2026, 3, 7)]


def test_an_instant_range_is_half_open_and_needs_a_zone():
    hour = InstantRange(datetime(2026, 3, 1, 9, tzinfo=UTC), datetime(2026, 3, 1, 10, tzinfo=UTC))
    assert hour.start in hour
    assert hour.end not in hour
    assert not hour.overlaps(InstantRange(hour.end))
    with pytest.raises(ValueError, match="time zone"):
        InstantRange(datetime(2026, 3, 1))


def test_hours_of_a_day_end_before_the_closing_minute():
    hours = TimeRange(time(8), time(21))
    assert time(8) in hours
    assert time(20, 59, 59) in hours
    assert time(21) not in hours
    assert time(7, 59) not in hours


def test_hours_may_pass_midnight():
    night = TimeRange(time(22), time(6))
    assert time(23) in night
    assert time(5, 59) in night
    assert time(6) not in night
    assert time(12) not in night


def test_the_whole_day_holds_its_first_and_last_moment():
    assert time(0) in ALL_DAY
    assert time.max in ALL_DAY
