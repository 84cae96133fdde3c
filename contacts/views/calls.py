"""Calling: ask the gate and dial, then say how it ended."""

from datetime import datetime, timedelta
from typing import Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cases import lifecycle, notes, worklist
from cases import queries as case_queries
from cases.forms_promise import holiday_sentences, promise_field
from cases.models import Case, Undo
from cases.promises import PromiseRefused
from cases.refusal import Refused
from cases.views.queue import lead_to_next
from cases.views.undo_bar import undoable
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from collections_app.shared.htmx import hx_redirect, is_htmx, vary_on_htmx
from collections_app.staff.access import allowed
from compliance import reasons
from compliance.models import Decision
from contacts import callback_gate, calls, live_calls, verifying
from contacts.calls import dialling
from contacts.channels import telephony
from contacts.forms import CALLBACK, PLAN, CallForm, of_case
from contacts.models import ContactAttempt
from contacts.queries import main_reason
from contacts.scripts import saying
from contacts.views import call_draft, desk

NOTED_LATELY: Final = timedelta(minutes=10)


@require_POST
@allowed("contacts.open_call")
def call(request: HttpRequest, ref: str) -> HttpResponse:
    """Ask for a call at this moment; the number shows once it is cleared, the stored reason when it is refused."""
    case, at, actor = case_queries.find(request.user, ref), clock.now(), Actor.of(request.user)
    try:
        point = int(request.POST.get("point", ""))
    except ValueError:
        raise Http404 from None
    try:
        worklist.take(case_id=case.pk, user=request.user, actor=actor, at=at)
        desk = live_calls.desk_of(request.user)
        if desk and "by_hand" not in request.POST:
            _dial(case, point, desk, actor=actor, at=at)
        else:
            calls.open_call(case_id=case.pk, contact_point_id=point, actor=actor, at=at)
    except calls.CallRefused as refused:
        messages.error(request, explained(refused, case))
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("cases:case", case.ref)


def _dial(case: Case, point: int, desk: str, *, actor: Actor, at: datetime) -> None:
    """Ask for a call and let the telephone system ring the desk of whoever asks."""
    records = telephony.records()
    stated = {"recorded": True, "recording_announced": True} if records else None
    attempt = calls.open_call(case_id=case.pk, contact_point_id=point, stated=stated, actor=actor, at=at)
    dialling.dial(attempt_id=attempt.pk, extension=desk, records=records, actor=actor, now=clock.now)


def explained(refused: calls.CallRefused, case: Case) -> str:
    """Return why a call was refused: the first reason, its source, and when to try again on the person's clock."""
    if refused.decision is None:
        return str(refused)
    decision = Decision.objects.get(pk=refused.decision.decision_id)
    first = main_reason(reasons.of_decision(decision))
    if first is None:
        return str(refused)
    parts = [
        _("Not permitted now: %(reason)s") % {"reason": first.sentence},
        f"({first.source})" if first.source else "",
    ]
    if decision.next_permitted is not None:
        opens = clock_time(decision.next_permitted, case)
        parts.append(_("Next permitted: %(opens)s their time.") % {"opens": opens})
    return " ".join(parts)


def clock_time(at, case: Case) -> str:
    """Return an instant on the person's clock, as text."""
    place = clock.zone(case.person.time_zone or "UTC")
    return f"{at.astimezone(place):%m-%d %H:%M}"


@require_POST
@allowed("contacts.log_call")
def log(request: HttpRequest, ref: str) -> HttpResponse:
    """Record how the open call ended, with promise, next action and note: all or nothing."""
    case, at, actor = case_queries.find(request.user, ref), clock.now(), Actor.of(request.user)
    form = CallForm(request.POST, **of_case(case, at=at))
    if form.is_valid():
        own = ContactAttempt.objects.filter(pk=form.cleaned_data["attempt"], case=case, made_by_id=request.user.pk)
        if not own.exists():
            raise Http404
        try:
            label = _("%(name)s: %(outcome)s") % {"name": case.person, "outcome": form.ending.label}
            number = form.cleaned_data["attempt"]
            with undoable(request, case, kind=Undo.Kind.OUTCOME, label=label, at=at, attempt_id=number):
                lifecycle.check_version(lifecycle.locked(case.pk), form.cleaned_data["version"])
                outcome = verifying.outcome_of(form.ending, attempt_id=form.cleaned_data["attempt"])
                saying.close(
                    attempt_id=form.cleaned_data["attempt"],
                    outcome=outcome,
                    answer=request.POST.get("unsaid", ""),
                    by=request.user,
                    at=at,
                )
                calls.log_call(
                    attempt_id=form.cleaned_data["attempt"],
                    outcome=outcome,
                    promise=form.promise(),
                    note=_not_noted_yet(form.note_text(), case, request, at=at),
                    next_step=form.next_step(case, at=at),
                    callback=form.callback(request.user),
                    actor=actor,
                    at=at,
                )
        except PromiseRefused as refused:
            field = promise_field(refused)
            form.add_error(f"promise_{field.removeprefix('due_')}" if field else None, str(refused))
        except Refused as refused:
            form.add_error(None, str(refused))
            form = _with_version(form, refused, case)
        else:
            call_draft.keep(request, form.cleaned_data["attempt"])
            return _onward(request, case, form)
    return _again(request, case, form)


@require_POST
@allowed("contacts.log_call")
def pause(request: HttpRequest, ref: str) -> HttpResponse:
    """Go to the plan in the middle of a call; what was typed stands in its form again on the way back."""
    case = case_queries.find(request.user, ref)
    number = request.POST.get("attempt", "")
    if not number.isascii() or not number.isdigit() or len(number) > 18:
        raise Http404
    attempt = ContactAttempt.objects.filter(pk=int(number), case=case, made_by_id=request.user.pk).first()
    if attempt is None:
        raise Http404
    call_draft.keep(request, attempt.pk)
    return hx_redirect(request, "cases:plan", case.ref)


def _not_noted_yet(text: str, case: Case, request: HttpRequest, *, at: datetime) -> str:
    """Return a note, or nothing where it stands there already: its outcome was undone, and with it it stands again."""
    actor, since = Actor.of(request.user), at - NOTED_LATELY
    return "" if text and notes.stands_again(case_id=case.pk, text=text, since=since, actor=actor, at=at) else text


def _with_version(form: CallForm, refused: Refused, case: Case) -> CallForm:
    """Return the form for another try: what was typed stays, and it now knows the case as it is."""
    if refused.code != "stale":
        return form
    version = Case.objects.values_list("version", flat=True).get(pk=case.pk)
    typed = {**{name: form.data.get(name) for name in form.data}, "version": str(version)}
    renewed = form.again(typed)
    renewed.full_clean()
    renewed.add_error(None, str(refused))
    return renewed


def _again(request: HttpRequest, case: Case, form: CallForm) -> HttpResponse:
    """Show the refused form: in its place for htmx, else on the whole page."""
    fresh = case_queries.find(request.user, case.ref)
    template = "cases/case.html#action" if is_htmx(request) else "cases/case.html"
    return vary_on_htmx(render(request, template, desk.page(request, fresh, at=clock.now(), form=form)))


def _onward(request: HttpRequest, case: Case, form: CallForm) -> HttpResponse:
    messages.success(request, _("%(name)s: %(outcome)s.") % {"name": case.person, "outcome": form.ending.label})
    for sentence in holiday_sentences(form.cleaned_data["parts"], case, language=get_language() or "en"):
        messages.info(request, sentence)
    if form.ending.needs == CALLBACK:
        _say_what_the_gate_says(request, case, form)
    if form.ending.needs == PLAN:
        return hx_redirect(request, "cases:plan", case.ref)
    if request.POST.get("then") != "next" or not request.user.has_perm("cases.work_queue"):
        return hx_redirect(request, "cases:case", case.ref)
    dialling.leave(attempt_id=form.cleaned_data["attempt"])
    worklist.release(case_id=case.pk, user=request.user)
    return hx_redirect(request, lead_to_next(request).url)


def _say_what_the_gate_says(request: HttpRequest, case: Case, form: CallForm) -> None:
    """Say whether the agreed call will be permitted, now that this one counts too."""
    window = form.callback(request.user)
    if window is None:
        return
    gate = callback_gate.ask(
        case, starts_at=window.starts_at, ends_at=window.ends_at, staff_id=request.user.pk
    )  # fmt: skip
    if gate.is_permitted:
        messages.info(request, _("As things stand the agreed call is permitted."))
        return
    said = _("The agreed call is not permitted as things stand: %(reason)s") % {"reason": gate.reason}
    if gate.next_permitted is not None:
        said += " " + _("Next permitted: %(opens)s their time.") % {"opens": clock_time(gate.next_permitted, case)}
    messages.warning(request, said)


@require_POST
@allowed("contacts.open_call")
def cancel(request: HttpRequest, ref: str) -> HttpResponse:
    """Give a cleared call back that was not made."""
    case = case_queries.find(request.user, ref)
    try:
        attempt = int(request.POST.get("attempt", ""))
    except ValueError:
        raise Http404 from None
    if not ContactAttempt.objects.filter(pk=attempt, case=case, made_by_id=request.user.pk).exists():
        raise Http404
    try:
        calls.cancel(attempt_id=attempt, actor=Actor.of(request.user), at=clock.now())
        messages.info(request, _("The call was not made; nothing is counted."))
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("cases:case", case.ref)
