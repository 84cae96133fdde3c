"""The day of a collector: targets, agreed calls, promises, feedback, what the rules stopped, breaks."""

from datetime import timedelta
from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cases import queries as case_queries
from cases import reach
from cases.models import Case, Creditor
from cases.refusal import Refused
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from collections_app.shared.htmx import hx_redirect
from collections_app.staff.access import allowed
from collections_app.staff.models import Break, User
from contacts import breaks
from contacts.models import ContactAttempt, Feedback
from contacts.my_day import abuse, feedback, kpis, sets, targets
from contacts.scripts import saying
from contacts.views import call_draft, pause_offer

SHOWN: Final = 20
LISTED: Final = 500
TITLES: Final = {
    "calls": kpis.CALLS,
    "talks": kpis.TALKS,
    "promises": kpis.PROMISES,
    "kept": kpis.KEPT,
    "due": kpis.DUE,
    "refused": kpis.REFUSED,
    "refused-30": kpis.REFUSED,
    "complaints": kpis.COMPLAINTS,
}


@require_safe
@allowed("cases.work_queue")
def show(request: HttpRequest) -> HttpResponse:
    """Show one's own day."""
    user, at = _own(request), clock.now()
    days = reach.days(list(Creditor.objects.only("pk", "time_zone")), at)
    kept = sets.kept(user, at=at, of=days)
    target = targets.of_team(user.team_id)
    due = sets.due_soon(user, at=at, of=days)
    refused = sets.refused(user, at=at, days=sets.DAYS)
    rules = sets.by_rule(refused)
    recent = list(sets.calls(user, at=at).select_related("abuse").order_by("-at", "-pk")[:5])
    share = saying.share(since=at - timedelta(days=sets.DAYS), until=at, user_id=user.pk)
    context = {
        "now": at,
        "figures": _figures(user, target, kept, at=at),
        "kept": kept,
        "kept_kpi": kpis.KEPT,
        "kept_url": _rows_url("kept"),
        "breaks": breaks.today(user, at=at),
        "pause_offered": breaks.pause_is_offered(user, at=at),
        "talk_to": abuse.whom_to_talk_to(user),
        "calls": [{"row": one, "may_be_marked": abuse.can_have_been(one)} for one in recent],
        "callbacks": list(sets.agreed_calls(user, at=at)[:SHOWN]),
        "due": list(due[:SHOWN]),
        "due_count": due.count(),
        "due_url": _rows_url("due"),
        "feedback": list(feedback.to_user(user)[:SHOWN]),
        "rules": rules,
        "refused_count": refused.count(),
        "refused_url": _rows_url("refused-30"),
        "refused_today": sets.refused(user, at=at).count(),
        "refused_today_url": _rows_url("refused"),
        "refused_kpi": kpis.REFUSED,
        "complaints_count": sets.complaints(user, at=at).count(),
        "complaints_url": _rows_url("complaints"),
        "complaints_kpi": kpis.COMPLAINTS,
        "said": {"calls": share.calls, "disclosed": share.calls - share.unsaid},
        "disclosed_kpi": kpis.DISCLOSED,
    }
    return render(request, "contacts/my_day.html", context)


def _own(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _rows_url(name: str) -> str:
    return reverse("contacts:my-day-rows", args=[name])


def _figures(user: Any, target: Any, kept: sets.Kept, *, at: Any) -> list[dict[str, Any]]:
    """Return how far today is, beside what is asked for; each number with its definition and its rows."""
    wanted = [
        (kpis.CALLS, sets.calls(user, at=at).count(), target and target.calls),
        (kpis.TALKS, sets.talks(user, at=at).count(), target and target.talks),
        (kpis.PROMISES, sets.promises(user, at=at).count(), target and target.promises),
    ]
    found: list[dict[str, Any]] = [
        {
            "kpi": kpi,
            "value": value,
            "url": _rows_url(kpi.key),
            "note": _("of %(target)s") % {"target": asked} if asked else "",
            "tone": "ok" if asked and value >= asked else "",
        }
        for kpi, value, asked in wanted
    ]
    percent = target.kept_percent if target is not None else None
    asked_share = _("asked: %(percent)s %%") % {"percent": percent} if percent else ""
    found.append(
        {
            "kpi": kpis.KEPT,
            "value": kept.words,
            "url": _rows_url("kept"),
            "note": " · ".join(part for part in (kept.share, asked_share) if part),
            "tone": "ok" if percent and kept.percent is not None and kept.percent >= percent else "",
        }
    )
    if target is not None and target.money is not None:
        found.append(
            {
                "kpi": kpis.MONEY,
                "money": sets.paid_today(user, target.currency, at=at),
                "currency": target.currency,
                "asked": target.money,
                "url": "",
                "tone": "",
            }
        )
    return found


@require_safe
@allowed("cases.work_queue")
def rows(request: HttpRequest, name: str) -> HttpResponse:
    """Show the rows that a number of one's own day counts."""
    if name not in sets.OPENED:
        raise Http404
    user, at = request.user, clock.now()
    found = sets.OPENED[name](user, at=at)
    listed = list(found[:LISTED])
    of_cases = {row.case_pk for row in listed if hasattr(row, "case_pk")}
    refs = {pk: Case(pk=pk).ref for pk in of_cases}
    context = {
        "now": at,
        "kpi": TITLES[name],
        "name": name,
        "count": found.count(),
        "rows": [{"row": row, "ref": refs.get(row.case_pk) if of_cases else row.case.ref} for row in listed],
    }
    return render(request, "contacts/my_day_rows.html", context)


@require_POST
@allowed("cases.work_queue")
def take_break(request: HttpRequest) -> HttpResponse:
    """Begin a break, or the pause that is offered after an abusive call; what is in hand goes back into the queue."""
    pause_offer.forget(request)
    kind = Break.Kind.AFTER_ABUSE if request.POST.get("kind") == Break.Kind.AFTER_ABUSE else Break.Kind.REST
    try:
        breaks.start(user=_own(request), kind=kind, actor=Actor.of(request.user), at=clock.now())
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("contacts:my-day")


@require_POST
@allowed("cases.work_queue")
def end_break(request: HttpRequest) -> HttpResponse:
    """End the break that lasts."""
    try:
        breaks.end(user=_own(request), actor=Actor.of(request.user), at=clock.now())
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("contacts:my-day")


@require_POST
@allowed("contacts.log_call")
def abusive(request: HttpRequest, ref: str) -> HttpResponse:
    """Mark a call as abusive, during it or afterwards; what was typed in the call stands again on the way back."""
    case = case_queries.find(request.user, ref)
    number = request.POST.get("attempt", "")
    if not number.isascii() or not number.isdigit() or len(number) > 18:
        raise Http404
    attempt = ContactAttempt.objects.filter(pk=int(number), case=case, made_by_id=request.user.pk).first()
    if attempt is None:
        raise Http404
    during = attempt.status in breaks.OPEN_CALL
    if during:
        call_draft.keep(request, attempt.pk)
    try:
        abuse.mark(attempt_id=attempt.pk, by=request.user, actor=Actor.of(request.user), at=clock.now())
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        pause_offer.make(request, at=clock.now())
        if during:
            call_draft.keep_mark(request)
        lead = abuse.whom_to_talk_to(request.user)
        messages.success(request, _("Marked. You did nothing wrong by ending a call like this."))
        if lead is not None:
            messages.info(request, _("%(name)s is told, and is there to talk.") % {"name": lead})
        if during:
            messages.info(request, _("Record how the call ended; a pause of ten minutes is offered afterwards."))
    return hx_redirect(request, "cases:case", case.ref) if during else redirect("contacts:my-day")


@require_POST
@allowed("cases.work_queue")
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that feedback was read, with an answer or without."""
    if not Feedback.objects.filter(pk=pk, to_id=request.user.pk).exists():
        raise Http404
    try:
        text = request.POST.get("text", "")
        feedback.answer(
            feedback_id=pk, text=text, by=request.user, actor=Actor.of(request.user), at=clock.now()
        )  # fmt: skip
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("contacts:my-day")
