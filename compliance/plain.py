"""One sentence that a collector understands: not called, why, and from when on he may. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from compliance import limits
from compliance.engine import FAILCLOSED
from compliance.windows import local

if TYPE_CHECKING:
    from compliance.findings import Line
    from compliance.reasons import Reason

NOT_DONE: Final = {
    "phone": gettext_lazy("Not called"),
    "voice_notice": gettext_lazy("No recorded notice played"),
    "sms": gettext_lazy("No text message sent"),
    "email": gettext_lazy("No e-mail sent"),
    "letter": gettext_lazy("No letter sent"),
    "chat": gettext_lazy("No chat message sent"),
    "visit": gettext_lazy("Not visited"),
}
MAY: Final = {
    "phone": gettext_lazy("You may call from %(when)s their time."),
    "visit": gettext_lazy("You may visit from %(when)s their time."),
    "letter": gettext_lazy("A letter may leave from %(when)s their time."),
}
MAY_ANY: Final = gettext_lazy("It may be sent from %(when)s their time.")
WAS: Final = gettext_lazy("It was possible again from %(when)s their time.")
NEVER: Final = gettext_lazy("No time can be given at which this ends by itself.")
DONE: Final = {
    "phone": gettext_lazy("The call was permitted."),
    "visit": gettext_lazy("The visit was permitted."),
}
DONE_ANY: Final = gettext_lazy("The message was permitted.")
_QUIET: Final = frozenset({"local_hours", "firm_hours"})
_NEVER: Final = datetime(9999, 1, 1, tzinfo=UTC)
_HOURS: Final = frozenset({"local_hours", "firm_hours", "open_day", "convenient_time", "wishes_about_times"})


def moment(at: datetime, zone: str, now: datetime) -> str:
    """Return an instant as people say it there: today 15:30, tomorrow 08:00, Friday 2026-03-06 08:00."""
    there = local(at, zone)
    distance = (there.date() - local(now, zone).date()).days
    values: dict[str, Any] = {"time": f"{there:%H:%M}"}
    if distance == 0:
        return _("today %(time)s") % values
    if distance == 1:
        return _("tomorrow %(time)s") % values
    if distance == -1:
        return _("yesterday %(time)s") % values
    return _("%(weekday)s %(date)s %(time)s") % {
        **values,
        "weekday": WEEKDAYS[there.weekday()],
        "date": there.date().isoformat(),
    }


@dataclass(frozen=True, slots=True)
class Cause:
    """Why one rule forbids: in a few words, and when it alone would pass (None: no end is known)."""

    said: str
    opens_at: datetime | None
    is_hours: bool = False


def in_order(causes: Iterable[Cause]) -> list[Cause]:
    """Return the causes that a reader is told, the one that holds longest first; of several quiet hours one."""
    ordered = sorted(causes, key=lambda one: (one.opens_at is not None, -(one.opens_at or _NEVER).timestamp()))
    told: list[Cause] = []
    for one in ordered:
        if one.is_hours and any(other.is_hours for other in told):
            continue
        told.append(one)
    return told


def lasting(said: Iterable[Reason]) -> Reason | None:
    """Return the reason that is told first: what is missing, where something is; else the one that holds longest."""
    blocks = [reason for reason in said if not reason.warning]
    unknown = next((reason for reason in blocks if reason.rule == FAILCLOSED), None)
    endless = next((reason for reason in blocks if reason.next_at is None), None)
    dated = [(reason.next_at, -place, reason) for place, reason in enumerate(blocks) if reason.next_at is not None]
    return unknown or endless or (max(dated, key=lambda one: one[:2])[2] if dated else None)


def because(line: Line, *, zone: str) -> Cause:
    """Return the cause that a line of the findings is."""
    said = cause(line.check, line.values, title=line.title, opens_at=line.next_permitted, zone=zone)
    return Cause(said, line.next_permitted, line.check in _QUIET and line.next_permitted is not None)


def cause(check: str, values: Mapping[str, Any], *, title: str, opens_at: datetime | None, zone: str) -> str:
    """Return the reason of one rule in a few words: by its kind where that is shorter, else by its title."""
    if check in _HOURS and opens_at is not None:
        there = local(opens_at, zone)
        if check == "open_day":
            return _("no contact on this day")
        if check in ("convenient_time", "wishes_about_times"):
            return _("the person asked not to be contacted at this time, until %(time)s") % {"time": f"{there:%H:%M}"}
        return _("quiet hours until %(time)s their time") % {"time": f"{there:%H:%M}"}
    if {"count", "limit"} <= values.keys():
        window = limits.window_in_words(str(values.get("window", "")))
        return _("the limit is used up, %(used)s of %(limit)s %(window)s") % {
            "used": values["count"],
            "limit": values["limit"],
            "window": window,
        }
    if "since" in values and check in ("no_hold", "no_cease_request", "medium_allowed", "not_represented"):
        return _("%(title)s (since %(since)s)") % {"title": title, "since": values["since"]}
    return title


def refused(
    channel: str,
    causes: Iterable[Cause],
    *,
    next_permitted: datetime | None,
    zone: str,
    now: datetime,
    at: datetime,
    tried: bool = False,
) -> str:
    """Return the sentence of a refusal of the instant `at`, read at `now`.

    causes: of the rules that forbid it. tried: nothing was to be done, the rules were only asked.
    """
    what = gettext_lazy("Not permitted") if tried else NOT_DONE.get(channel) or gettext_lazy("Not done")
    told = in_order(causes)
    reason = told[0].said if told else _("the decision could not be made")
    if len(told) > 1:
        reason = _("%(first)s, and %(n)s more") % {"first": reason, "n": len(told) - 1}
    if next_permitted is None:
        then = str(NEVER)
    elif not tried and at < next_permitted <= now:
        then = str(WAS) % {"when": moment(next_permitted, zone, now)}
    else:
        then = str(MAY.get(channel, MAY_ANY)) % {"when": moment(next_permitted, zone, now)}
    return pgettext_lazy("a refusal: what, why, when again", "%(what)s: %(why)s. %(then)s") % {
        "what": what,
        "why": reason,
        "then": then,
    }


def permitted(channel: str) -> str:
    """Return the sentence of a permit."""
    return _("%(what)s No rule in force forbade it.") % {"what": DONE.get(channel, DONE_ANY)}
