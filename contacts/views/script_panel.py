"""The script beside an open call: what to say, what is ticked as said; and the record of what was said in a call."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from cases import queries as case_queries
from cases.refusal import Refused
from collections_app.shared import clock, refs
from collections_app.shared.htmx import is_htmx, vary_on_htmx
from collections_app.staff.access import allowed
from contacts import verifying
from contacts.call_results import REACHED
from contacts.forms import BY_VALUE, CallForm
from contacts.models import ContactAttempt, Stage
from contacts.scripts import choosing, saying, shipped, stating


def panel(attempt_id: int | None, *, form: CallForm | None, at: datetime) -> dict[str, Any] | None:
    """Return what the case page shows of the script of an open call; None without a call.

    unanswered: disclosures about which the collector is asked, because the outcome that he saves says that the person
    was reached and they are not ticked.
    """
    if attempt_id is None:
        return None
    rows = ContactAttempt.objects.select_related("case__person", "case__creditor", "decision")
    attempt = rows.get(pk=attempt_id)
    confirmed = verifying.is_confirmed(attempt)
    script, owed = saying.shown(attempt, confirmed=confirmed, at=at)
    missing = [one for one in owed if not one.is_said]
    return {
        "attempt": attempt.pk,
        "script": script,
        "owed": owed,
        "next": missing[0].line.rule if missing else "",
        "unanswered": missing if confirmed and _reaches(form) else [],
    }


def _reaches(form: CallForm | None) -> bool:
    """Whether somebody tries to save an outcome of a call that reached its person."""
    if form is None or not form.is_bound:
        return False
    ending = BY_VALUE.get(form.data.get("outcome", ""))
    return ending is not None and ending.outcome in REACHED


@require_POST
@allowed("contacts.log_call")
def tick(request: HttpRequest, ref: str) -> HttpResponse:
    """Tick a required disclosure as said in the open call, or take the tick back (`said=0`)."""
    case, at = case_queries.find(request.user, ref), clock.now()
    own = ContactAttempt.objects.filter(
        case=case, made_by_id=request.user.pk, pk=_number(request.POST.get("attempt", ""))
    )
    attempt = get_object_or_404(own)
    try:
        saying.tick(
            attempt_id=attempt.pk,
            rule=request.POST.get("rule", "")[:40],
            is_said=request.POST.get("said") != "0",
            by=request.user,
            at=at,
        )
    except Refused as refused:
        messages.error(request, str(refused))
        if is_htmx(request):
            answer = HttpResponse(status=204)
            answer["HX-Refresh"] = "true"
            return answer
    if not is_htmx(request):
        return redirect("cases:case", case.ref)
    context = {"case": case, "panel": panel(attempt.pk, form=None, at=at)}
    return vary_on_htmx(render(request, "contacts/script_panel.html#said", context))


@require_safe
@allowed("cases.view_case")
def record(request: HttpRequest, ref: str, call: str) -> HttpResponse:
    """Show what a call had to say and what was said: each disclosure with its rule, who ticked it and when."""
    case = case_queries.find(request.user, ref)
    try:
        pk = refs.decode("A", call)
    except refs.BadReference:
        raise Http404 from None
    rows = ContactAttempt.objects.filter(case=case, channel="phone").select_related("made_by", "decision")
    attempt = get_object_or_404(rows, pk=pk)
    kept, ticks = saying.record_of(attempt.pk)
    stated = stating.of_call(attempt) if kept is None else None
    told = kept or stated
    standing = {row.rule: row for row in ticks}
    demanded = choosing.binding.of_decision(attempt.decision) if attempt.decision is not None else {}
    context = {
        "case": case,
        "attempt": attempt,
        "kept": kept,
        "stated": stated,
        "sources": [(stage, kept.scripts[stage]) for stage in Stage.values if stage in kept.scripts] if kept else [],
        "ticks": ticks,
        "lines": [
            {
                "rule": rule,
                "title": shipped.text_in(known.title) if (known := shipped.disclosures().get(rule)) else rule,
                "citation": demanded[rule].source if rule in demanded else "",
                "state": _state(rule, told),
                "tick": standing[rule] if rule in standing and standing[rule].is_said else None,
            }
            for rule in (told.required if told else list(dict.fromkeys(row.rule for row in ticks)))
        ],
        "now": clock.now(),
    }
    return render(request, "contacts/script_record.html", context)


def _state(rule: str, kept: Any) -> str:
    if kept is None:
        return "open"
    return "ticked" if rule in kept.ticked else "unticked" if rule in kept.unticked else "unsaid"


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
