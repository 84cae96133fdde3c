"""The only wall clock. Views, tasks and commands read it once and pass `at` down; nothing else reads it."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings

from . import sql


class UnknownTimeZone(ValueError):
    """The name is not a time zone of the IANA database."""


class NaiveInstant(ValueError):
    """An instant without a time zone was given; every instant here is aware."""


def now() -> datetime:
    """Return the present instant in UTC.

    Where settings.CLOCK_SHIFT is on (development and tests), the one-row table `clock_offset` moves it by so many
    seconds, so that one statement moves all processes.
    """
    return datetime.now(UTC) + offset()


def offset() -> timedelta:
    """Return by how much the clock is moved: nothing, unless settings.CLOCK_SHIFT is on."""
    if not settings.configured or not getattr(settings, "CLOCK_SHIFT", False):
        return timedelta(0)
    from django.db import connection  # here, so that pure use needs no database

    with connection.cursor() as cursor:
        cursor.execute(sql.CLOCK_OFFSET_SECONDS)
        row = cursor.fetchone()
    return timedelta(seconds=row[0]) if row else timedelta(0)


def zone(tz: str | ZoneInfo) -> ZoneInfo:
    """Return the time zone of that IANA name. Raises UnknownTimeZone."""
    return tz if isinstance(tz, ZoneInfo) else _zone(tz)


def local_date(at: datetime, tz: str | ZoneInfo) -> date:
    """Return the calendar date that a clock on the wall of the place shows at the instant.

    Raises NaiveInstant for an instant without a zone, UnknownTimeZone for a place that is none.
    """
    if at.tzinfo is None or at.utcoffset() is None:
        raise NaiveInstant(f"{at.isoformat()} has no time zone")
    return at.astimezone(zone(tz)).date()


def business_day(at: datetime, tz: str | ZoneInfo) -> date:
    """Return the calendar date of the books of a party that lives in this time zone.

    It is the local date there; the name says that books are kept by it (ages, promises, plans), not a contact limit.
    """
    return local_date(at, tz)


@lru_cache(maxsize=512)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as missing:
        raise UnknownTimeZone(f"{name!r} is not a time zone") from missing
