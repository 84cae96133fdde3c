"""Strategies, version by version, in plain sentences; and the emergency stop of one that is in force."""

from typing import Any, Final

from django.contrib import messages
from django.db.models import Count, Prefetch, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django_fsm import TransitionNotAllowed

from collections_app.shared import clock
from collections_app.shared.actor import Actor
from collections_app.staff.access import allowed
from contacts.models import Segment, Step, StrategyVersion
from contacts.strategy import publishing, sentences

TONES: Final = {
    "draft": "plain",
    "rehearsed": "plain",
    "approved": "soon",
    "published": "ok",
    "stopped": "stop",
    "retired": "past",
}
SHOWN: Final = 60


@require_safe
@allowed("contacts.view_run")
def show(request: HttpRequest) -> HttpResponse:
    """List the versions, those in force first, each with its segments and steps in words."""
    steps = Step.objects.select_related("template").order_by("from_dpd", "position", "pk")
    segments = Segment.objects.order_by("position", "pk").prefetch_related(Prefetch("steps", queryset=steps))
    versions = (
        StrategyVersion.objects.select_related("strategy", "created_by", "approved_by")
        .prefetch_related("creditors", Prefetch("segments", queryset=segments))
        .annotate(enrolled=Count("enrolments", filter=Q(enrolments__left_on__isnull=True)))
    )
    rank = {"published": 0, "stopped": 1, "approved": 2, "rehearsed": 3, "draft": 4, "retired": 5}
    found = sorted(
        versions.order_by("-created_at", "-pk")[:SHOWN],
        key=lambda one: (rank.get(one.status, 9), one.strategy.name, -one.version),
    )
    context = {
        "versions": [_version(each) for each in found],
        "may_stop": request.user.has_perm("contacts.stop_sending"),
        "now": clock.now(),
    }
    return render(request, "contacts/strategies.html", context)


def _version(version: Any) -> dict[str, Any]:
    return {
        "pk": version.pk,
        "name": version.strategy.name,
        "code": version.strategy.code,
        "number": version.version,
        "reasoning": version.strategy.reasoning,
        "status_label": version.get_status_display(),
        "status_tone": TONES.get(version.status, "plain"),
        "is_in_force": version.status == StrategyVersion.Status.PUBLISHED,
        "published_at": version.published_at,
        "stopped_at": version.stopped_at,
        "approved_by": version.approved_by,
        "hash": version.content_hash[:12],
        "enrolled": version.enrolled,
        "creditors": ", ".join(each.name for each in version.creditors.all()),
        "segments": [
            {
                "name": segment.name,
                "condition": sentences.of_condition(segment.condition) if segment.condition else _("every other case"),
                "steps": [sentences.of_step(step) for step in segment.steps.all()],
            }
            for segment in version.segments.all()
        ],
    }


@require_POST
@allowed("contacts.stop_sending")
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop a version at once: nothing more is planned or sent under it."""
    version = get_object_or_404(StrategyVersion, pk=pk)
    reason = request.POST.get("reason", "").strip()[:200]
    if not reason:
        messages.error(request, _("Say why."))
        return redirect("contacts:strategies")
    try:
        publishing.stop(version_id=version.pk, reason=reason, actor=Actor.of(request.user), at=clock.now())
    except TransitionNotAllowed:
        messages.warning(request, _("This version is not in force."))
    else:
        messages.success(
            request, _("Stopped. Nothing more is planned or sent under %(version)s.") % {"version": version}
        )
    return redirect("contacts:strategies")
