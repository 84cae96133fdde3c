"""Writing to the person from the case page: counted while it is typed, decided when it is sent, taken back in time."""

from django.contrib import messages as notices
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cases import queries as case_queries
from cases.models import Case
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from collections_app.shared.htmx import is_htmx, vary_on_htmx
from collections_app.staff.access import allowed
from compliance import reasons
from compliance.models import Decision
from contacts import messages, tasks, threads
from contacts.models import ContactAttempt
from contacts.queries import main_reason
from contacts.views import desk
from contacts.views.calls import clock_time


@require_POST
@allowed("contacts.open_call")
def write(request: HttpRequest, ref: str) -> HttpResponse:
    """Ask for a message; it leaves after five seconds unless it is taken back, or is refused with the reason."""
    case, at = case_queries.find(request.user, ref), clock.now()
    channel = request.POST.get("channel", "")
    if channel not in threads.CHANNELS:
        raise Http404
    try:
        messages.write(
            case_id=case.pk,
            contact_point_id=_number(request.POST.get("point")) or 0,
            channel=channel,
            text=request.POST.get("text", ""),
            subject=request.POST.get("subject", ""),
            in_reply_to=_number(request.POST.get("in_reply_to")),
            actor=Actor.of(request.user),
            at=at,
        )
    except messages.MessageRefused as refused:
        return _again(request, case, channel, _explained(refused, case))
    tasks.ring_written()
    notices.success(request, _("It leaves in five seconds, if it is still permitted then."))
    return redirect(f"{reverse('cases:case', args=[case.ref])}?thread={channel}")


@require_POST
@allowed("contacts.open_call")
def take_back(request: HttpRequest, ref: str) -> HttpResponse:
    """Take a message back before it is handed over."""
    case = case_queries.find(request.user, ref)
    pk = _number(request.POST.get("attempt"))
    attempt = get_object_or_404(ContactAttempt, pk=pk, case=case, made_by_id=request.user.pk, direction="outbound")
    try:
        messages.take_back(attempt_id=attempt.pk, actor=Actor.of(request.user), at=clock.now())
        notices.info(request, _("Taken back. Nothing left, and nothing is counted."))
    except messages.MessageRefused as refused:
        notices.error(request, str(refused))
    return redirect(f"{reverse('cases:case', args=[case.ref])}?thread={attempt.channel}")


@require_POST
@allowed("contacts.open_call")
def count(request: HttpRequest, ref: str) -> HttpResponse:
    """Say how many parts a text message has as typed, and which words may not be in it. Nothing is stored."""
    case_queries.find(request.user, ref)
    text, channel = request.POST.get("text", "")[:8_000], request.POST.get("channel", "sms")
    problem = ""
    if text.strip():
        try:
            messages.check_text(text, subject=request.POST.get("subject", "") or "-", channel=channel)
        except messages.MessageRefused as refused:
            problem = str(refused)
    return render(request, "contacts/thread.html#count", threads.counted(text, channel) | {"problem": problem})


def _again(request: HttpRequest, case: Case, channel: str, why: str) -> HttpResponse:
    """Show the case page with what was typed and why it was refused."""
    context = desk.page(request, case, at=clock.now(), thread=channel)
    typed = {"text": request.POST.get("text", ""), "subject": request.POST.get("subject", ""), "why": why}
    context["typed"] = typed | threads.counted(typed["text"], channel)
    template = "cases/case.html#timeline" if is_htmx(request) else "cases/case.html"
    return vary_on_htmx(render(request, template, context))


def _explained(refused: messages.MessageRefused, case: Case) -> str:
    if refused.decision is None:
        return str(refused)
    decision = Decision.objects.get(pk=refused.decision.decision_id)
    first = main_reason(reasons.of_decision(decision))
    parts = [_("Not permitted now: %(reason)s") % {"reason": first.sentence}] if first else [str(refused)]
    if first and first.source:
        parts.append(f"({first.source})")
    if decision.next_permitted is not None:
        opens = clock_time(decision.next_permitted, case)
        parts.append(_("Next permitted: %(opens)s their time.") % {"opens": opens})
    return " ".join(parts)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None
