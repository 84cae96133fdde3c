"""Days off and working weekends are those of the notices and statutes, and what is not known is refused."""

import tomllib
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from compliance import calendars
from compliance.calendars import CalendarError
from compliance.facts import MissingFact

TABLES: dict[str, list[dict[str, Any]]] = tomllib.loads(
    (Path(__file__).parent / "known_days.toml").read_text(encoding="utf-8")
)
SOUND = """
library = "holidays"
place = "US"
from = 2025
through = 2026
source = "a statute"
known = "by the weekday"
"""


def _days(entries: Iterable[Any]) -> set[date]:
    days: set[date] = set()
    for entry in entries:
        first, last = entry if isinstance(entry, list) else (entry, entry)
        days |= {first + timedelta(days=n) for n in range((last - first).days + 1)}
    return days


@pytest.mark.parametrize("name", sorted(TABLES))
def test_the_days_of_the_libraries_are_those_of_the_notices(name: str) -> None:
    calendar = calendars.get(name)
    for table in TABLES[name]:
        year = table["year"]
        assert {day for day in calendar.off if day.year == year} == _days(table["off"]), year
        assert {day for day in calendar.worked if day.year == year} == _days(table.get("worked", [])), year


@pytest.mark.parametrize("name", calendars.names())
def test_every_calendar_can_be_read_and_ends_on_a_known_day(name: str) -> None:
    calendar = calendars.get(name)
    last = calendars.ends(name)
    assert last == date(max(calendar.years), 12, 31)
    assert calendar.source
    assert calendar.is_nonworking(last) in {True, False}
    with pytest.raises(MissingFact, match=f"calendar {name} {last.year + 1}"):
        calendar.is_holiday(last + timedelta(days=1))
    with pytest.raises(MissingFact):
        calendar.is_nonworking(date(min(calendar.years) - 1, 12, 31))


@pytest.mark.parametrize(
    ("name", "day", "off"),
    [
        ("ID", "2026-03-21", True),  # Eid al-Fitr as decreed
        ("ID", "2026-03-20", False),  # a day of collective leave is no national holiday
        ("KR", "2025-06-03", True),  # an election day
        ("KR", "2026-05-25", True),  # in place of a Sunday
        ("CA-ON", "2026-02-16", True),  # Family Day
        ("CA-QC", "2029-07-02", True),  # 1 July is a Sunday
        ("CA-QC", "2026-04-06", True),  # Easter Monday
        ("CA-ON", "2026-04-06", False),
        ("CA-AB", "2026-11-11", True),
        ("CA-BC", "2026-09-30", True),
        ("GR", "2024-05-07", True),  # 1 May was moved out of Holy Week
        ("TW", "2026-02-20", True),  # in place of a Sunday
        ("HK", "2026-04-07", True),
        ("JP", "2026-09-22", True),  # between two holidays
        ("GB-EW", "2022-09-19", True),  # proclaimed once
        ("GB-EW", "2026-08-31", True),
        ("AU-NATIONAL", "2026-06-08", False),  # of some states only
    ],
)
def test_single_days_are_as_the_law_of_the_place_says(name: str, day: str, off: bool) -> None:
    assert calendars.get(name).is_holiday(date.fromisoformat(day)) is off


def test_a_working_weekend_is_a_working_day_and_a_plain_one_is_not() -> None:
    calendar = calendars.get("CN")
    assert not calendar.is_nonworking(date(2026, 2, 14))  # a Saturday made up for Spring Festival
    assert calendar.is_nonworking(date(2026, 3, 14))
    assert not calendars.get("TW").is_nonworking(date(2025, 2, 8))
    assert calendars.get("TW").is_nonworking(date(2025, 2, 15))


def test_business_days_skip_weekends_and_holidays_and_count_working_weekends() -> None:
    # Friday 13 February 2026: the Saturday after is worked, then nine days are off.
    assert calendars.get("CN").add_business_days(date(2026, 2, 13), 2) == date(2026, 2, 24)
    # Thursday 21 May 2026: Buddha's Birthday falls on Sunday 24, so that Monday 25 is off.
    assert calendars.get("KR").add_business_days(date(2026, 5, 21), 3) == date(2026, 5, 27)
    assert calendars.get("US-FED").add_business_days(date(2026, 7, 2), 1) == date(2026, 7, 6)
    with pytest.raises(MissingFact, match="calendar KR 2027"):
        calendars.get("KR").add_business_days(date(2026, 12, 30), 3)


def test_calendars_that_end_soon_are_listed_the_soonest_first() -> None:
    soon = dict(calendars.ending(by=date(2027, 12, 31)))
    assert soon["CN"] == date(2026, 12, 31)
    assert soon["GB-EW"] == date(2027, 12, 31)
    assert "US-FED" not in soon
    assert list(soon.values()) == sorted(soon.values())


def test_the_version_names_files_and_libraries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fresh() -> str:
        calendars.version.cache_clear()
        try:
            return calendars.version()
        finally:
            calendars.version.cache_clear()

    now = fresh()
    assert now == fresh()
    assert len(now) == 12
    monkeypatch.setattr(calendars, "library_version", lambda name: "0.1")
    other_library = fresh()
    monkeypatch.undo()
    (tmp_path / "US.toml").write_text(SOUND, encoding="utf-8")
    monkeypatch.setattr(calendars, "FOLDER", tmp_path)
    assert len({now, other_library, fresh()}) == 3


def test_a_dated_correction_wins_over_the_library(tmp_path: Path) -> None:
    path = tmp_path / "US.toml"
    extra = '[[override]]\nday = {}\nis = "{}"\nsource = "E.O."\n'
    path.write_text(
        SOUND + extra.format("2025-12-26", "off") + extra.format("[2026-01-01, 2026-01-01]", "ordinary"),
        encoding="utf-8",
    )
    calendar = calendars.read(path)
    assert calendar.is_holiday(date(2025, 12, 26))
    assert not calendar.is_holiday(date(2026, 1, 1))
    path.write_text(SOUND, encoding="utf-8")
    assert not calendars.read(path).is_holiday(date(2025, 12, 26))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"holidays"', '"almanac"', "library: 'almanac' is none of"),
        ('"US"', '"ZZ"', "place"),
        ("through = 2026", "through = 2024", "from and through"),
        ('source = "a statute"', "", "source: missing"),
        ('known = "by the weekday"', "", "known: missing"),
        ('library = "holidays"', 'library = "chinesecalendar"\ncolour = "red"', "colour: no such key"),
        ('library = "holidays"', 'library = "holidays"\nweekend = ["Saturday"]', "weekend"),
        ("from = 2025", "from = soon", "US.toml"),
    ],
)
def test_a_wrong_file_says_what_is_wrong(tmp_path: Path, old: str, new: str, says: str) -> None:
    path = tmp_path / "US.toml"
    path.write_text(SOUND.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CalendarError, match=says):
        calendars.read(path)


def test_a_day_that_the_library_only_estimates_is_not_known(tmp_path: Path) -> None:
    path = tmp_path / "ID.toml"
    text = SOUND.replace('"US"', '"ID"').replace("through = 2026", "through = {}")
    path.write_text(text.format(2026), encoding="utf-8")
    assert calendars.read(path).is_holiday(date(2026, 3, 21))
    path.write_text(text.format(2027), encoding="utf-8")
    with pytest.raises(CalendarError, match=r"through: 2027-\d\d-\d\d is only estimated"):
        calendars.read(path)


def test_a_year_that_the_chinese_table_lacks_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "CN.toml"
    path.write_text(SOUND.replace('"holidays"', '"chinesecalendar"').replace("2026", "2040"), encoding="utf-8")
    with pytest.raises(CalendarError, match="the library does not know 20"):
        calendars.read(path)


def test_a_calendar_that_is_not_there_is_a_missing_fact() -> None:
    with pytest.raises(MissingFact, match="calendar XX"):
        calendars.get("XX")
