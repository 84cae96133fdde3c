from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection

from collections_app.shared import clock


@pytest.mark.parametrize(
    ("at", "tz", "expected"),
    [
        (datetime(2026, 3, 1, 15, 59, tzinfo=UTC), "Asia/Shanghai", date(2026, 3, 1)),
        (datetime(2026, 3, 1, 16, 0, tzinfo=UTC), "Asia/Shanghai", date(2026, 3, 2)),
        (datetime(2026, 3, 8, 4, 59, tzinfo=UTC), "America/New_York", date(2026, 3, 7)),  # the night clocks go forward
        (datetime(2026, 3, 9, 3, 59, tzinfo=UTC), "America/New_York", date(2026, 3, 8)),
        (datetime(2026, 3, 9, 4, 0, tzinfo=UTC), "America/New_York", date(2026, 3, 9)),
    ],
)
def test_the_local_date_is_what_the_wall_clock_shows(at, tz, expected):
    assert clock.local_date(at, tz) == expected
    assert clock.business_day(at, tz) == expected


def test_an_unknown_place_is_refused():
    for name in ("Asia/Peking City", "", "../etc/passwd", "Mars"):
        with pytest.raises(clock.UnknownTimeZone):
            clock.local_date(datetime(2026, 1, 1, tzinfo=UTC), name)


def test_an_instant_without_a_zone_is_refused():
    with pytest.raises(clock.NaiveInstant):
        clock.local_date(datetime(2026, 1, 1), "UTC")


def test_without_the_shift_the_clock_is_the_real_one(settings):
    settings.CLOCK_SHIFT = False
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
    assert clock.now().tzinfo is UTC


@pytest.mark.django_db
def test_one_statement_moves_the_clock_where_shifting_is_on(settings):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO clock_offset (id, seconds) VALUES (1, 86400) ON CONFLICT (id) DO UPDATE SET seconds = 86400"
        )
    settings.CLOCK_SHIFT = True
    assert abs(clock.now() - datetime.now(UTC) - timedelta(days=1)) < timedelta(seconds=5)
    settings.CLOCK_SHIFT = False
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
