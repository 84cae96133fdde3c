"""Watch: what the gate refused, who is near a limit, what ends soon, and whether the rules were proved."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from cases.models import Hold, Instruction
from collections_app.shared import clock, refs
from collections_app.staff.access import allowed
from collections_app.staff.models import User
from compliance import actors, check_runs, lists, reasons, watching, words
from compliance.engine import ENGINE_ERROR
from compliance.packs_loader import PackError
from compliance.releases.in_force import ReleasesUnknown
from compliance.watching import DayCount, Refusals
from contacts import watching as people

SHOWN: Final = 10
SINCE: Final = timedelta(days=watching.DAYS)


@require_safe
@allowed("compliance.view_decision")
def show(request: HttpRequest) -> HttpResponse:
    """Show what an officer looks at every morning, each part with the rows behind it."""
    at, user = clock.now(), request.user
    zone = timezone.get_current_timezone()
    assert isinstance(zone, ZoneInfo)
    titles = lists.titles()
    found = watching.refusals(lists.within_reach(user), at=at, zone=zone)
    near, looked_at = people.near_limits(user, at=at)
    errors = watching.errors(user, since=at - SINCE)
    context = {
        "now": at,
        "days": watching.DAYS,
        "refusals": found,
        "bars": _bars(found.days),
        "rules": _rules(found, titles),
        "refused_url": _decisions(found, verdict="refuse"),
        "near": [_near(one) for one in near[: SHOWN * 2]],
        "near_more": max(len(near) - SHOWN * 2, 0),
        "looked_at": looked_at,
        "consents": _consents(user, at),
        "consent_days": people.CONSENTS_WITHIN.days,
        "holds": _holds(user, at),
        "holds_url": reverse("dashboards:rows", args=["holds"]),
        "overrides": _overrides(user, at, titles),
        "overrides_url": f"{reverse('compliance:decisions')}?overridden=1",
        "reported": _reported(user, at, titles),
        "reported_url": f"{reverse('compliance:decisions')}?verdict=refuse&entrance=report",
        "errors": errors.count(),
        "errors_url": f"{reverse('compliance:decisions')}?{urlencode({'rule': ENGINE_ERROR})}",
        "checks": [_check(row) for row in check_runs.latest()],
        "calendars": _calendars(at),
        "calendar_days": watching.ENDS_WITHIN.days,
        **_packs(at),
    }
    return render(request, "contacts/watch.html", context)


def _decisions(found: Refusals, **filters: str) -> str:
    query = {"from": found.days[0].day.isoformat(), "to": found.days[-1].day.isoformat(), **filters}
    return f"{reverse('compliance:decisions')}?{urlencode(query)}"


def _bars(days: Sequence[DayCount], *, rule: str = "", height: int = 56) -> list[dict[str, Any]]:
    """Return one bar a day, as places on a picture of this height, each with the address of its rows."""
    most = max((one.number for one in days), default=0) or 1
    width = 100 / len(days)
    bars = []
    for place, one in enumerate(days):
        tall = round(one.number / most * height, 1) if one.number else 0
        query = {"verdict": "refuse", "rule": rule, "from": one.day.isoformat(), "to": one.day.isoformat()}
        bars.append(
            {
                "x": f"{place * width:.3f}%",
                "width": f"{width * 0.8:.3f}%",
                "y": f"{height - tall:g}",
                "height": f"{tall:g}",
                "day": one.day,
                "number": one.number,
                "is_labelled": place % 7 == len(days) % 7 - 1 or place == len(days) - 1,
                "url": f"{reverse('compliance:decisions')}?{urlencode({k: v for k, v in query.items() if v})}",
            }
        )
    return bars


def _rules(found: Refusals, titles: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "rule": one.rule,
            "title": titles.get(one.rule, one.rule),
            "total": one.total,
            "today": one.days[-1].number,
            "week": sum(day.number for day in one.days[-7:]),
            "bars": _bars(one.days, rule=one.rule, height=18),
            "url": _decisions(found, verdict="refuse", rule=one.rule),
            "rule_url": reverse("compliance:rule", args=[one.rule]),
        }
        for one in found.rules
    ]


def _near(one: people.Near) -> dict[str, Any]:
    return {
        "url": reverse("cases:case", args=[one.case.ref]),
        "ref": one.case.ref,
        "person_name": str(one.case.person),
        "channel_label": words.channel(one.channel),
        "channel_icon": words.channel_icon(one.channel),
        "limit": one.limit,
        "zone": one.case.person.time_zone or one.case.creditor.time_zone,
    }


def _consents(user: Any, at: datetime) -> dict[str, Any]:
    rows = people.expiring_consents(user, at=at)
    shown = list(rows[:SHOWN])
    cases = people.cases_of(user, {row.person_id for row in shown})
    return {
        "count": rows.count(),
        "rows": [
            {
                "url": reverse("cases:case", args=[cases[row.person_id].ref]) if row.person_id in cases else "",
                "person_name": str(row.person),
                "what": str(row.get_kind_display()),
                "channel_label": words.channel(row.channel) if row.channel else "",
                "expires_at": row.expires_at,
            }
            for row in shown
        ],
    }


def _holds(user: Any, at: datetime) -> dict[str, Any]:
    """Return the holds and open matters that somebody must come back to, the most overdue first."""
    held, matters = people.holds_to_review(user, at=at), people.matters_to_review(user, at=at)
    rows: list[Hold | Instruction] = [*held[:SHOWN], *matters[:SHOWN]]
    rows.sort(key=lambda row: (row.review_on is None, row.review_on or at.date(), row.pk))
    shown = rows[:SHOWN]
    cases = people.cases_of(user, {row.person_id for row in shown})
    today = at.astimezone(timezone.get_current_timezone()).date()
    return {
        "count": held.count() + matters.count(),
        "late": held.filter(review_on__lt=today).count() + matters.filter(review_on__lt=today).count(),
        "rows": [
            {
                "url": reverse("cases:case", args=[cases[row.person_id].ref]) if row.person_id in cases else "",
                "person_name": str(row.person),
                "what": str(row.get_kind_display()),
                "reason": row.reason if isinstance(row, Hold) else row.words,
                "review_on": row.review_on,
                "is_late": row.review_on is not None and row.review_on < today,
                "owner": str(row.reviewer_team or row.reviewer or ""),
            }
            for row in shown
        ],
    }


def _overrides(user: Any, at: datetime, titles: dict[str, str]) -> list[dict[str, Any]]:
    found = watching.overrides(user, since=at - SINCE, limit=SHOWN)
    ids = {int(one) for event, _row in found if str(one := event.details.get("supervisor", "")).isdecimal()}
    names = {each.pk: str(each) for each in User.objects.filter(pk__in=ids)}
    lines = []
    for event, row in found:
        supervisor = event.details.get("supervisor")
        lines.append(
            {
                "url": reverse("compliance:decision", args=[refs.encode("D", row.pk)]),
                "at": event.at,
                "rules": words.listed(titles.get(rule, rule) for rule in event.details.get("rules", [])),
                "reason": event.details.get("reason", ""),
                "supervisor": names.get(int(supervisor), "–") if str(supervisor or "").isdecimal() else "–",
                "actor": actors.shown(event.actor_kind, event.actor_label),
            }
        )
    return lines


def _reported(user: Any, at: datetime, titles: dict[str, str]) -> dict[str, Any]:
    rows = people.reported_against_rules(user, since=at - SINCE)
    return {
        "count": rows.count(),
        "rows": [
            {
                "url": reverse("compliance:decision", args=[refs.encode("D", row.decision_id)])
                if row.decision_id
                else "",
                "at": row.at,
                "person_name": str(row.case.person) if row.case else "–",
                "creditor": row.creditor.name,
                "channel_label": words.channel(row.channel),
                "title": titles.get(row.flagged_rule, row.flagged_rule),
            }
            for row in rows[:SHOWN]
        ],
    }


def _check(row: Any) -> dict[str, Any]:
    return {
        "label": str(check_runs.NAMES.get(row.name, row.name)),
        "at": row.ran_at,
        "ok": row.ok,
        "figures": check_runs.in_words(row),
        "actor": actors.shown(row.actor_kind, row.actor_label),
    }


def _calendars(at: datetime) -> list[dict[str, Any]]:
    return [{"name": words.place(name), "code": name, "ends": ends} for name, ends in watching.calendars_ending(at)]


def _packs(at: datetime) -> dict[str, Any]:
    language = reasons.language_of()
    try:
        found = watching.packs_to_review(at)
    except (PackError, ReleasesUnknown) as trouble:
        return {"packs": [], "packs_trouble": str(trouble)}
    return {
        "packs": [
            {
                "url": reverse("compliance:pack", args=[one.pack]),
                "pack": one.pack,
                "name": one.name[language],
                "enabled": one.enabled,
                "is_signed": one.is_signed,
                "weak": one.weak,
                "rules": one.rules,
            }
            for one in found
        ],
        "packs_trouble": "",
    }
