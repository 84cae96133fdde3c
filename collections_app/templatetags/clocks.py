"""How instants, dates and durations look; the clock of the person contacted never looks like the user's own."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import get_timezone_location
from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, ngettext

from collections_app.shared import clock
from collections_app.templatetags.display import MINUS, icon

register = template.Library()


def _now(context: Mapping[str, Any]) -> datetime:
    """Return the page's own now, so that all times of a page agree; the clock where a view gave none."""
    given = context.get("now")
    return given if isinstance(given, datetime) else clock.now()


def _zone(zone: Any) -> tzinfo:
    return ZoneInfo(zone) if isinstance(zone, str) and zone else zone or timezone.get_current_timezone()


@lru_cache(maxsize=1024)
def _place(zone: str, language: str) -> str:
    """Return what the reader calls the place of a zone: Shanghai, 上海."""
    if language.startswith("zh") and "/" in zone:
        return str(get_timezone_location(_zone(zone), locale="zh_Hans", return_city=True))
    return zone.rsplit("/", 1)[-1].replace("_", " ")


def _offset(local: datetime) -> str:
    """Return UTC+8, UTC+5:30, UTC."""
    minutes = int((local.utcoffset() or timedelta()).total_seconds() // 60)
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else MINUS}{hours}{f':{rest:02d}' if rest else ''}"


def _exact(at: datetime, zone: tzinfo) -> str:
    local = at.astimezone(zone)
    return f"{local:%Y-%m-%d %H:%M} {_offset(local)}"


def _ago(seconds: float) -> str:
    """Return a distance in time in its largest unit, rounded down."""
    minutes = int(abs(seconds) // 60)
    if minutes < 1:
        return gettext("just now")
    if minutes < 60:
        length = ngettext("%(n)s min", "%(n)s min", minutes) % {"n": minutes}
    elif minutes < 60 * 24:
        length = ngettext("%(n)s h", "%(n)s h", minutes // 60) % {"n": minutes // 60}
    else:
        days = minutes // (60 * 24)
        length = ngettext("%(n)s day", "%(n)s days", days) % {"n": days}
    return (gettext("in %(length)s") if seconds > 0 else gettext("%(length)s ago")) % {"length": length}


@register.simple_tag(takes_context=True)
def when(context: Mapping[str, Any], at: datetime | None) -> SafeString:
    """Return an instant relative to now, the exact one in the user's time zone on hover.

    The page's `now` is used when the view gives one, so that all times of a page agree.
    """
    if at is None:
        return format_html('<span class="text-secondary">{}</span>', "–")
    now = _now(context)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        at.astimezone(UTC).isoformat(timespec="seconds"),
        _exact(at, timezone.get_current_timezone()),
        _ago((at - now).total_seconds()),
    )


@register.simple_tag
def exact(at: datetime | None, zone: Any = None) -> SafeString:
    """Return the full instant in the user's time zone, or in the one given: 2026-11-22 19:42 UTC+8."""
    if at is None:
        return format_html('<span class="text-secondary">{}</span>', "–")
    return format_html(
        '<time class="num" datetime="{}">{}</time>',
        at.astimezone(UTC).isoformat(timespec="seconds"),
        _exact(at, _zone(zone)),
    )


@register.simple_tag(takes_context=True)
def stamp(context: Mapping[str, Any], at: datetime | None) -> SafeString:
    """Return the shortest exact instant: 02:17 if it is today, 11-20 02:17 before; the whole on hover."""
    if at is None:
        return format_html("<b>{}</b>", gettext("never"))
    return exact_time(context, at, timezone.get_current_timezone())


@register.simple_tag(takes_context=True)
def exact_time(context: Mapping[str, Any], at: datetime, zone: str | tzinfo) -> SafeString:
    """Return the hour and minute on somebody's clock, with the date when it is not today there."""
    place = _zone(zone)
    local = at.astimezone(place)
    short = f"{local:%H:%M}" if local.date() == _now(context).astimezone(place).date() else f"{local:%m-%d %H:%M}"
    return format_html(
        '<time class="num" datetime="{}" title="{}">{}</time>',
        at.astimezone(UTC).isoformat(timespec="seconds"),
        _exact(at, place),
        short,
    )


@register.simple_tag
def their_time(at: datetime, zone: str) -> SafeString:
    """Return the clock of the person contacted: framed, with a place, so that it never looks like the user's own."""
    local = at.astimezone(_zone(zone))
    hour = local.hour
    place = _place(zone, get_language() or "en")
    return format_html(
        '<span class="clock-theirs" title="{}">{}<span>{}</span> <b class="num">{}</b> <small>{} {}</small></span>',
        zone,
        icon("sun" if 6 <= hour < 18 else "moon"),
        gettext("Their time"),
        f"{local:%H:%M}",
        place,
        _offset(local),
    )


@register.simple_tag
def your_time(at: datetime) -> SafeString:
    """Return the user's own clock, as plain text."""
    local = at.astimezone(timezone.get_current_timezone())
    return format_html(
        '<span class="clock-yours">{} <span class="num">{}</span></span>',
        gettext("Your time"),
        f"{local:%H:%M}",
    )


@register.simple_tag(takes_context=True)
def day(context: Mapping[str, Any], value: date | None, today: date | None = None) -> SafeString:
    """Return a calendar date relative to today, the date itself beside it: "in 3 days · 2026-11-25".

    today: the business date of the creditor; without it the date in the user's time zone.
    """
    if value is None:
        return format_html('<span class="text-secondary">{}</span>', "–")
    if today is None:
        now = _now(context)
        today = now.astimezone(timezone.get_current_timezone()).date()
    distance = (value - today).days
    if distance == 0:
        words = gettext("today")
    elif distance == 1:
        words = gettext("tomorrow")
    elif distance == -1:
        words = gettext("yesterday")
    else:
        words = _ago(distance * 86400)
    return format_html(
        '<time datetime="{0}"><span>{1}</span> <span class="text-secondary num">{0}</span></time>',
        value.isoformat(),
        words,
    )


@register.filter
def duration(value: timedelta | float | int | None) -> str:
    """Return a length of time in its two largest units: 2 h 05 min, 4 min 09 s, 3 days 4 h. Numbers are seconds."""
    if value is None:
        return "–"
    total = int(value.total_seconds() if isinstance(value, timedelta) else value)
    days, rest = divmod(max(total, 0), 86400)
    hours, rest = divmod(rest, 3600)
    minutes, seconds = divmod(rest, 60)
    if days:
        return gettext("%(days)s d %(hours)s h") % {"days": days, "hours": hours}
    if hours:
        return gettext("%(hours)s h %(minutes)s min") % {
            "hours": hours,
            "minutes": f"{minutes:02d}",
        }
    if minutes:
        return gettext("%(minutes)s min %(seconds)s s") % {
            "minutes": minutes,
            "seconds": f"{seconds:02d}",
        }
    return gettext("%(seconds)s s") % {"seconds": seconds}
