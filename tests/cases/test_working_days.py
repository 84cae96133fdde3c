"""The holiday that a promised day is, by name, and when people work again; a hint, never a refusal."""

from datetime import date

import pytest

from cases import working_days


@pytest.mark.parametrize(
    ("day", "place", "language", "name", "next_working"),
    [
        ("2026-02-17", "CN", "en", "Spring Festival", "2026-02-24"),
        ("2026-02-17", "CN", "zh-hans", "春节", "2026-02-24"),
        ("2026-02-15", "CN", "zh-hans", "春节", "2026-02-24"),  # a day in lieu
        ("2026-09-25", "CN", "zh-hans", "中秋", "2026-09-28"),
        ("2027-02-08", "CN", "zh-hans", "春节", "2027-02-11"),  # its notice is not out: as the library reckons
        ("2026-12-25", "US-NY", "en", "Christmas Day", "2026-12-28"),
        ("2026-12-25", "GB-EW", "en", "Christmas Day", "2026-12-29"),
    ],
)
def test_a_holiday_has_a_name_and_a_next_working_day(day, place, language, name, next_working):
    found = working_days.holiday(date.fromisoformat(day), place=place, language=language)
    assert (found.name, found.next_working) == (name, date.fromisoformat(next_working))


@pytest.mark.parametrize(
    ("day", "place"),
    [("2026-11-25", "CN"), ("2026-02-14", "CN"), ("2026-11-22", "CN"), ("2026-02-17", ""), ("2026-02-17", "XX")],
)
def test_an_ordinary_day_and_an_unknown_place_have_none(day, place):
    assert working_days.holiday(date.fromisoformat(day), place=place) is None


def test_a_weekend_that_is_made_up_is_worked():
    assert working_days.is_working(date(2026, 2, 14), place="CN")
    assert not working_days.is_working(date(2026, 2, 15), place="CN")
    assert not working_days.is_working(date(2026, 11, 22), place="XX")
