"""The collector's queue: what waits, taking the next case, putting one aside or back."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cases import lifecycle, lists, queries, worklist
from cases.forms import SkipForm
from cases.refusal import Refused
from cases.views.act import answer
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from collections_app.staff.access import allowed


def case_url(case) -> str:
    return reverse("cases:case", args=[case.ref])


@allowed("cases.work_queue")
def show(request: HttpRequest) -> HttpResponse:
    """Say what waits, and offer the next case."""
    at, user = clock.now(), request.user
    team = getattr(user, "team", None)
    waiting, current = worklist.queue(user, at=at), lists.current(user)
    listed = reverse("cases:list")
    context = {
        "now": at,
        "queue": {
            "name": str(team or ""),
            "left": waiting.due,
            "late": waiting.late,
            "done_today": lists.worked_today(user, at=at).count(),
            "done_url": f"{listed}?view=worked-today",
            "calls_today": lists.calls_today(user, at=at),
            "calls_url": "",
            "promises_today": lists.promised_today(user, at=at).count(),
            "promises_url": f"{listed}?view=promised-today",
        },
        "current": current
        and {
            "ref": current.ref,
            "url": case_url(current),
            "person_name": str(current.person),
            "until": current.lease_until,
        },
        "coming": [{"name": name, "why": ""} for name in waiting.upcoming],
        "skipped": [row | {"url": case_url(row["case"])} for row in lists.skipped_today(user, at=at)],
        "back": [row | {"url": case_url(row["case"])} for row in lists.last_opened(user, at=at)],
    }
    return render(request, "cases/queue.html", context)


@require_POST
@allowed("cases.work_queue")
def take_next(request: HttpRequest) -> HttpResponse:
    """Hand out the next best case, to this user alone."""
    return lead_to_next(request)


def lead_to_next(request: HttpRequest) -> HttpResponseRedirect:
    """Hand out the next case and lead to it; to the queue when nothing is due."""
    at, actor = clock.now(), Actor.of(request.user)
    case = worklist.next_case(user=request.user, actor=actor, at=at)
    if case is None:
        return redirect("cases:queue")
    lifecycle.start(case_id=case.pk, actor=actor, at=at)
    return redirect("cases:case", case.ref)


@require_POST
@allowed("cases.work_queue")
def take(request: HttpRequest, ref: str) -> HttpResponse:
    """Take one chosen case to work on it."""
    case, at, actor = queries.find(request.user, ref), clock.now(), Actor.of(request.user)
    try:
        worklist.take(case_id=case.pk, user=request.user, actor=actor, at=at)
        lifecycle.start(case_id=case.pk, actor=actor, at=at)
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("cases:case", case.ref)


@allowed("cases.work_queue")
def skip(request: HttpRequest, ref: str) -> HttpResponse:
    """Put a case aside with a reason, and go on with the next."""
    case = queries.find(request.user, ref)
    form = SkipForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            worklist.skip(
                case_id=case.pk,
                user=request.user,
                reason=form.cleaned_data["reason"],
                actor=Actor.of(request.user),
                at=clock.now(),
            )
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.info(request, _("%(name)s put aside until tomorrow.") % {"name": case.person})
            return lead_to_next(request)
    return answer(request, case, form, title=_("Skip"), verb=_("Skip"))


@require_POST
@allowed("cases.work_queue")
def release(request: HttpRequest, ref: str) -> HttpResponse:
    """Put a case back into the queue, as it is."""
    case = queries.find(request.user, ref)
    worklist.release(case_id=case.pk, user=request.user)
    return redirect("cases:queue")
