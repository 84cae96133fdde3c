"""The collector's queue: what waits, taking the next case, putting one aside or back."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from cases import callbacks, lifecycle, lists, queries, worklist
from cases.forms import SkipForm
from cases.models import Undo
from cases.refusal import Refused
from cases.views.act import answer
from cases.views.undo_bar import undoable
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from collections_app.shared.htmx import hx_redirect, is_htmx, vary_on_htmx
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
        "resting": worklist.is_on_break(user),
        "queue": {
            "name": str(team or ""),
            "left": waiting.due,
            "late": waiting.late,
            "done_today": lists.worked_today(user, at=at).count(),
            "done_url": f"{listed}?view=worked-today",
            "calls_today": lists.calls_today(user, at=at),
            "calls_url": "",
            "reached_today": lists.reached_today(user, at=at),
            "promises_today": lists.promised_today(user, at=at).count(),
            "promises_url": f"{listed}?view=promised-today",
            "next_due": None if waiting.due else worklist.next_due(user, at=at),
        },
        "current": current
        and {
            "ref": current.ref,
            "url": case_url(current),
            "person_name": str(current.person),
            "until": current.lease_until,
        },
        "callbacks_due": list(callbacks.of_user(user, at=at)[:20]),
        "coming": [{"name": name, "why": ""} for name in waiting.upcoming],
        "skipped": [row | {"url": case_url(row["case"])} for row in lists.skipped_today(user, at=at)],
        "back": _back(request),
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
        if worklist.is_on_break(request.user):
            messages.warning(request, _("You are on a break. End it on “My day”, and the next case comes."))
        return redirect("cases:queue")
    lifecycle.start(case_id=case.pk, actor=actor, at=at)
    return redirect("cases:case", case.ref)


@require_POST
@allowed("cases.work_queue")
def ahead(request: HttpRequest) -> HttpResponse:
    """Keep the next case for this user while he is at another one, and say where its page is; 204: none is due."""
    case = worklist.keep_ahead(user=request.user, actor=Actor.of(request.user), at=clock.now())
    if case is None:
        return HttpResponse(status=204)
    return JsonResponse({"url": case_url(case), "seconds": int(worklist.AHEAD.total_seconds())})


@allowed("cases.work_queue")
def back(request: HttpRequest) -> HttpResponse:
    """List the last five cases of this user, to look at; the page of the queue shows the same list."""
    if not is_htmx(request):
        return redirect("cases:queue")
    return vary_on_htmx(render(request, "cases/desk_queue.html#back", {"back": _back(request)}))


def _back(request: HttpRequest) -> list[dict[str, Any]]:
    rows = lists.last_opened(request.user, at=clock.now())
    return [row | {"url": case_url(row["case"])} for row in rows]


@allowed("cases.view_case")
def holder(request: HttpRequest, ref: str) -> HttpResponse:
    """Say to a page that shows a case in hand that somebody else has it now; 204: it is still in hand, or free."""
    case = queries.find(request.user, ref)
    if not getattr(case, "is_leased", False) or case.lease_by_id == request.user.pk:
        return HttpResponse(status=204)
    return render(request, "cases/desk_queue.html#lost", {"holder": case.lease_by, "ref": case.ref})


@require_POST
@allowed("cases.work_queue")
def take_over(request: HttpRequest, ref: str) -> HttpResponse:
    """Take a case that somebody else holds, with a reason."""
    case, at, actor = queries.find(request.user, ref), clock.now(), Actor.of(request.user)
    reason = request.POST.get("reason", "")
    try:
        worklist.take_over(case_id=case.pk, user=request.user, reason=reason, actor=actor, at=at)
        lifecycle.start(case_id=case.pk, actor=actor, at=at)
    except Refused as refused:
        messages.error(request, str(refused))
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
            at, label = clock.now(), _("%(name)s put aside") % {"name": case.person}
            with undoable(request, case, kind=Undo.Kind.SKIP, label=label, at=at):
                worklist.skip(
                    case_id=case.pk,
                    user=request.user,
                    reason=form.cleaned_data["reason"],
                    actor=Actor.of(request.user),
                    at=at,
                )
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.info(request, _("%(name)s put aside until tomorrow.") % {"name": case.person})
            return hx_redirect(request, lead_to_next(request).url)
    left = worklist.skips_left(request.user, at=clock.now())
    hint = ngettext(
        "You may put aside %(n)s more case today.", "You may put aside %(n)s more cases today.", left
    ) % {"n": left}  # fmt: skip
    return answer(request, case, form, title=_("Skip"), verb=_("Skip"), hint=hint)


@require_POST
@allowed("cases.work_queue")
def release(request: HttpRequest, ref: str) -> HttpResponse:
    """Put a case back into the queue, as it is.

    then=next: and go on with the next case, which is this one again if it is still due.
    """
    case = queries.find(request.user, ref)
    worklist.release(case_id=case.pk, user=request.user)
    if request.POST.get("then") == "next":
        return hx_redirect(request, lead_to_next(request).url)
    return redirect("cases:queue")
