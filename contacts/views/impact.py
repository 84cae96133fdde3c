"""What a scheduled version of a pack would change, before anybody approves it: planned contacts, and those made."""

from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from collections_app.shared import clock
from collections_app.staff.access import allowed
from compliance import lists, words
from compliance.models import ScheduledRelease
from compliance.packs_loader import PackError
from compliance.releases.in_force import ReleasesUnknown
from contacts import impact
from contacts.impact import Side
from contacts.reasons import say

DAYS: Final = (1, 7, 14, 30)


@require_safe
@allowed("compliance.schedule_release")
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """Compute the effect of a scheduled version for the days asked for; nothing is stored."""
    at = clock.now()
    rows = ScheduledRelease.objects.select_related("release").defer("files", "release__content")
    row = get_object_or_404(rows, pk=pk)
    asked = request.GET.get("days", "")
    days = int(asked) if asked.isdecimal() and int(asked) in DAYS else 7
    found, trouble = None, ""
    try:
        found = impact.of_release(row.pk, days=days, at=at)
    except (PackError, ReleasesUnknown) as error:
        trouble = str(error)
    titles = lists.titles()
    context = {
        "now": at,
        "release": row,
        "release_url": reverse("compliance:release", args=[row.pk]),
        "days": days,
        "day_choices": [(number, number == days) for number in DAYS],
        "impact": found,
        "sides": [_side(found.planned, "planned", titles), _side(found.made, "made", titles)] if found else [],
        "trouble": trouble,
    }
    return render(request, "contacts/impact.html", context)


def _side(side: Side, name: str, titles: dict[str, str]) -> dict[str, Any]:
    return {
        "name": name,
        "side": side,
        "is_sample": side.looked_at < side.total,
        "rules": [
            {"rule": rule, "title": titles.get(rule, rule), "forbidden": side.forbidden_by_rule.get(rule, 0),
             "allowed": side.allowed_by_rule.get(rule, 0), "url": reverse("compliance:rule", args=[rule])}
            for rule in dict.fromkeys([*side.forbidden_by_rule, *side.allowed_by_rule])
        ],
        "channels": [
            {"label": words.channel(channel), "icon": words.channel_icon(channel),
             "forbidden": side.forbidden_by_channel.get(channel, 0),
             "allowed": side.allowed_by_channel.get(channel, 0)}
            for channel in dict.fromkeys([*side.forbidden_by_channel, *side.allowed_by_channel])
        ],
        "not_asked": [{"why": say(code), "count": number} for code, number in side.not_asked.items()],
        "examples": [
            {"ref": one.case_ref, "url": reverse("cases:case", args=[one.case_ref]) if one.case_ref else "",
             "becomes": one.becomes, "channel_label": words.channel(one.channel),
             "channel_icon": words.channel_icon(one.channel), "at": one.at,
             "rules": words.listed(titles.get(rule, rule) for rule in one.rules), "next_permitted": one.next_permitted,
             "try_url": _try(one)}
            for one in side.examples
        ],
    }  # fmt: skip


def _try(one: Any) -> str:
    if not one.case_ref:
        return ""
    return f"{reverse('contacts:try-it')}?{urlencode({'case': one.case_ref, 'channel': one.channel})}"
