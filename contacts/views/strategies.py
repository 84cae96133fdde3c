"""Strategies, one line each: what is in force, what is tried on a share, what waits for whom."""

from typing import Final

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from collections_app.shared import clock
from collections_app.staff.access import allowed
from contacts.models import StrategyAlarm, StrategyVersion
from contacts.strategy import standing

TONES: Final = {
    "draft": "plain",
    "rehearsed": "soon",
    "approved": "soon",
    "published": "ok",
    "stopped": "stop",
    "retired": "past",
}


@require_safe
@allowed("contacts.view_run")
def show(request: HttpRequest) -> HttpResponse:
    """List the strategies with the version in force, its canary, what waits, and alarms that nobody looked at."""
    at = clock.now()
    versions = (
        StrategyVersion.objects.exclude(status=StrategyVersion.Status.RETIRED)
        .select_related("strategy")
        .prefetch_related("creditors")
        .annotate(enrolled=Count("enrolments", filter=Q(enrolments__left_on__isnull=True)))
    )
    alarms = StrategyAlarm.objects.filter(seen_at__isnull=True).select_related("version__strategy").order_by("-pk")
    context = {
        "lines": standing.lines(list(versions.order_by("pk")), at=at),
        "alarms": alarms[:20],
        "tones": TONES,
        "may_write": request.user.has_perm("contacts.configure"),
    }
    return render(request, "contacts/strategies.html", context)
