"""Who is on the line: answers compared, the person confirmed, or a stranger whose number is silent from now on."""

from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cases import queries as case_queries
from cases import worklist
from cases.forms import morning_after
from cases.models import Case, NextAction, Undo
from cases.models.case import Status
from cases.refusal import Refused
from cases.verification_policy import QUESTIONS
from cases.views.queue import lead_to_next
from cases.views.undo_bar import undoable
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from collections_app.shared.htmx import hx_redirect, is_htmx, vary_on_htmx
from collections_app.staff.access import allowed
from contacts import verifying
from contacts.call_results import NextStep
from contacts.calls import dialling
from contacts.models import ContactAttempt, Verification
from contacts.views import call_draft, desk

STRANGERS: Final = {each.value: each for each in verifying.STRANGERS}
LONGEST: Final = 200


@require_POST
@allowed("contacts.log_call")
def verify(request: HttpRequest, ref: str) -> HttpResponse:
    """Compare what was typed, then confirm the person if enough was answered rightly; or say that it cannot be done."""
    case, at, actor = case_queries.find(request.user, ref), clock.now(), Actor.of(request.user)
    attempt = _own(request, case)
    said = {key: request.POST.get(f"said_{key}", "")[:LONGEST].strip() for key in QUESTIONS}
    typed = {key: text for key, text in said.items() if text}
    problem, wrong = "", []
    try:
        if request.POST.get("do") == Verification.Result.FAILED:
            verifying.fail(attempt_id=attempt, actor=actor, at=at)
        else:
            if typed:
                found = verifying.compare(attempt_id=attempt, said=typed, actor=actor, at=at)
                wrong = [key for key, is_right in found.items() if not is_right]
            ticked = request.POST.getlist("right")
            verifying.confirm(attempt_id=attempt, questions=ticked, actor=actor, at=at)
    except Refused as refused:
        problem = str(refused)
    if not is_htmx(request):
        call_draft.keep(request, attempt)
        if problem:
            messages.error(request, problem)
        return redirect("cases:case", case.ref)
    fresh = case_queries.find(request.user, ref)
    context = desk.page(request, fresh, at=at, note=request.POST.get("note", ""))
    context |= {"verify_problem": problem, "verify_wrong": wrong}
    return vary_on_htmx(render(request, "cases/case.html", context))


@require_POST
@allowed("contacts.log_call")
def stranger(request: HttpRequest, ref: str) -> HttpResponse:
    """Close a call that reached another person or a wrong number, silence the number, and go on with the next case."""
    case, at, actor = case_queries.find(request.user, ref), clock.now(), Actor.of(request.user)
    attempt, result = _own(request, case), STRANGERS.get(request.POST.get("do", ""))
    if result is None:
        raise Http404
    try:
        label = _("%(name)s: %(outcome)s") % {"name": case.person, "outcome": result.label}
        with undoable(request, case, kind=Undo.Kind.OUTCOME, label=label, at=at, attempt_id=attempt):
            step = _next(case, at)
            verifying.wrong_party(attempt_id=attempt, result=result, next_step=step, actor=actor, at=at)
    except Refused as refused:
        messages.error(request, str(refused))
        return hx_redirect(request, "cases:case", case.ref)
    dialling.leave(attempt_id=attempt)
    values = {"name": case.person, "result": result.label}
    messages.success(request, _("%(name)s: %(result)s. The number is silent for everybody.") % values)
    if not request.user.has_perm("cases.work_queue"):
        return hx_redirect(request, "cases:case", case.ref)
    worklist.release(case_id=case.pk, user=request.user)
    return hx_redirect(request, lead_to_next(request).url)


def _own(request: HttpRequest, case: Case) -> int:
    """Return the call that is meant, which is this user's own of this case. Raises Http404."""
    try:
        attempt = int(request.POST.get("attempt", ""))
    except ValueError:
        raise Http404 from None
    own = ContactAttempt.objects.filter(case=case, made_by_id=request.user.pk)
    if not 0 < attempt < 2**63 or not own.filter(pk=attempt).exists():
        raise Http404
    return attempt


def _next(case: Case, at: Any) -> NextStep | None:
    """Return what follows: another look at the case, as after a wrong number."""
    if case.is_resolved or case.status in (Status.PROMISED, Status.ON_PLAN):
        return None
    return NextStep(NextAction.REVIEW, morning_after(at, case.person.time_zone, days=1))
