"""Day by day: which contacts of a person were refused, on which of his days, each with its reason in a sentence."""

from datetime import date, datetime, time, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cases import date_boxes, queries
from cases.models import Case
from collections_app.shared import clock, refs
from collections_app.staff.access import allowed
from compliance import actors, findings, lists, words
from compliance.models import Decision
from compliance.views import why

SHOWN: Final = 200
LOOKS_BACK: Final = timedelta(days=60)


@require_safe
@allowed("cases.view_case")
def show(request: HttpRequest, ref: str) -> HttpResponse:
    """List what the gate refused about a person, newest day first; with ?all=1 also what it permitted."""
    case, at = queries.find(request.user, ref), clock.now()
    zone = case.person.time_zone or case.creditor.time_zone
    typed, everything = request.GET.get("day", ""), request.GET.get("all") == "1"
    asked = date_boxes.asked_day(typed)
    if asked is not None and typed != asked.isoformat():  # the address means the same tomorrow
        return redirect(f"{request.path}?{urlencode({'day': asked, **({'all': '1'} if everything else {})})}")
    rows = lists.within_reach(request.user).filter(person_id=case.person_id)
    if not everything:
        rows = rows.refused()
    if asked is not None:
        begins, ends = _bounds(asked, zone)
        rows = rows.filter(at__gte=begins, at__lt=ends)
    else:
        rows = rows.filter(at__gte=at - LOOKS_BACK)
    found = list(rows.order_by("-at", "-pk")[: SHOWN + 1])
    context = {
        "now": at,
        "case": case,
        "zone": zone,
        "days": _days(found[:SHOWN], at),
        "more": len(found) > SHOWN,
        "day": asked,
        "day_box": date_boxes.asked_box("day", typed, asked),
        "day_title": _title(asked) if asked else "",
        "everything": everything,
        "back_days": LOOKS_BACK.days,
        "filters": _chips(request, asked, everything),
        "try_url": _try_url(case, asked, zone, at),
        "earlier": asked - timedelta(days=1) if asked else None,
        "later": asked + timedelta(days=1) if asked else None,
    }
    return render(request, "contacts/refused.html", context)


def _bounds(day: date, zone: str) -> tuple[datetime, datetime]:
    place = clock.zone(zone)
    begins = datetime.combine(day, time(0), tzinfo=place)
    return begins, datetime.combine(day + timedelta(days=1), time(0), tzinfo=place)


def _title(day: date) -> str:
    return f"{WEEKDAYS[day.weekday()]} {day.isoformat()}"


def _days(rows: list[Decision], now: datetime) -> list[dict[str, Any]]:
    """Return the decisions by the person's own date, as each of them knew his zone."""
    packs = why.revived(rows)
    days: dict[date, dict[str, Any]] = {}
    for row in rows:
        zone = findings.zone_of(row)
        local = row.at.astimezone(clock.zone(zone))
        lines = findings.of_decision(row, packs, only_failing=True)
        day = days.setdefault(local.date(), {"title": _title(local.date()), "day": local.date(), "rows": []})
        day["rows"].append(
            {
                "url": reverse("compliance:decision", args=[refs.encode("D", row.pk)]),
                "ref": refs.encode("D", row.pk),
                "at": row.at,
                "clock": f"{local:%H:%M}",
                "zone": zone,
                "permitted": row.is_permit,
                "channel_label": words.channel(row.channel),
                "channel_icon": words.channel_icon(row.channel),
                "sentence": why.sentence(row, lines, zone=zone, now=now),
                "rules": words.listed(row.failing),
                "next_permitted": row.next_permitted,
                "actor": actors.shown(row.actor_kind, row.actor_label),
            }
        )
    return list(days.values())


def _chips(request: HttpRequest, asked: date | None, everything: bool) -> list[dict[str, Any]]:
    chips = []
    if asked is not None:
        left = {"all": "1"} if everything else {}
        chips.append({"label": _("Day"), "value": asked.isoformat(), "remove_url": f"?{urlencode(left)}"})
    return chips


def _try_url(case: Case, asked: date | None, zone: str, now: datetime) -> str:
    if asked is None:
        at = now.astimezone(clock.zone(zone))
    else:
        at = datetime.combine(asked, time(12), tzinfo=clock.zone(zone))
    query = urlencode({"case": case.ref, "at": f"{at:%Y-%m-%dT%H:%M}", "channel": "phone"})
    return f"{reverse('contacts:try-it')}?{query}"
