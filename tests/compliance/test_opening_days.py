"""Hours that differ by the day of the week, and days on which nothing opens."""

from datetime import time

import pytest

from compliance import calendars
from compliance.facts import Facts, FirmPolicy, MissingFact
from compliance.predicates.hours import local_hours, open_day
from compliance.predicates.registry import Finding
from tests.compliance.asking import at, call, known

ONTARIO = {
    "opens": time(7), "closes": time(21), "sunday_opens": time(13), "sunday_closes": time(17), "holidays": "CA-ON",
}  # fmt: skip


def _hours(when: str, *zones: str, facts: Facts | None = None, **params: object) -> Finding:
    return local_hours(call(when), facts or known("CA-ON", *(zones or ("America/Toronto",))), **(ONTARIO | params))


@pytest.mark.parametrize(
    ("when", "passes", "opening"),
    [
        ("2026-06-13T20:59:59-04:00", True, None),
        ("2026-06-13T21:00:00-04:00", False, "2026-06-14T13:00:00-04:00"),
        ("2026-06-14T12:59:59-04:00", False, "2026-06-14T13:00:00-04:00"),
        ("2026-06-14T13:00:00-04:00", True, None),
        ("2026-06-14T17:00:00-04:00", False, "2026-06-15T07:00:00-04:00"),
        ("2026-07-01T12:00:00-04:00", False, "2026-07-02T07:00:00-04:00"),  # Canada Day
        ("2026-12-24T21:00:00-05:00", False, "2026-12-27T13:00:00-05:00"),  # Christmas, Boxing Day, a Sunday
        ("2026-12-27T17:00:00-05:00", False, "2026-12-29T07:00:00-05:00"),  # the day in lieu of Boxing Day
    ],
)
def test_sunday_and_holidays_have_hours_of_their_own(when: str, passes: bool, opening: str | None) -> None:
    found = _hours(when)
    assert (found.passed, found.next_at) == (passes, at(opening) if opening else None)


def test_the_hours_of_the_day_are_shown() -> None:
    assert _hours("2026-06-14T12:00:00-04:00").values["opens"] == "13:00"
    assert _hours("2026-06-15T06:00:00-04:00").values["opens"] == "07:00"
    assert _hours("2026-07-01T12:00:00-04:00").values["opens"] == "07:00"  # those of a day that opens


def test_every_zone_must_be_open_on_a_sunday() -> None:
    found = _hours("2026-06-14T13:00:00-04:00", "America/Toronto", "America/Winnipeg")
    assert (found.passed, found.next_at) == (False, at("2026-06-14T14:00:00-04:00"))


def test_a_guard_band_lies_before_the_close_of_sunday_too() -> None:
    guarded = known("CA-ON", "America/Toronto", firm_policy=FirmPolicy(guard_minutes=(("phone", 10),)))
    assert _hours("2026-06-14T16:49:59-04:00", facts=guarded).passed
    assert not _hours("2026-06-14T16:50:00-04:00", facts=guarded).passed


def test_a_year_that_the_calendar_does_not_reach_is_missing_and_names_no_opening() -> None:
    last = calendars.get("CA-ON").ends
    with pytest.raises(MissingFact, match="calendar CA-ON"):
        _hours(f"{last.year + 1}-03-01T10:00:00-05:00")
    found = _hours(f"{last}T21:00:00-05:00")
    assert (found.passed, found.next_at) == (False, None)


@pytest.mark.parametrize(
    ("when", "holidays", "sundays", "nonworking"),
    [
        ("2026-06-13T10:00:00-04:00", True, True, False),  # Saturday
        ("2026-06-14T10:00:00-04:00", True, False, False),  # Sunday
        ("2026-06-15T10:00:00-04:00", True, True, True),
        ("2026-06-24T10:00:00-04:00", False, False, False),  # Fête nationale
    ],
)
def test_quiet_days_are_holidays_or_sundays_too_or_all_that_is_not_worked(
    when: str, holidays: bool, sundays: bool, nonworking: bool
) -> None:
    facts = known("CA-QC", "America/Montreal")
    quiet = {"holidays": holidays, "sundays": sundays, "nonworking": nonworking}
    assert {name: open_day(call(when), facts, calendar="CA-QC", quiet=name).passed for name in quiet} == quiet
