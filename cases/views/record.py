"""Writing on a case without a call: notes, the next action, a promise, its owner. Wishes and holds: `wishes`."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cases import activity, assessment, assignment, lifecycle, promise_parts, promises, queries
from cases.forms import (
    AssessForm,
    AssignForm,
    NextActionForm,
    NoteForm,
    next_initial,
)
from cases.forms_promise import PromiseForm, holiday_sentences, promise_field, understood
from cases.models import Case, Promise, Undo
from cases.refusal import Refused
from cases.views.act import answer
from cases.views.undo_bar import undoable
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from collections_app.staff.access import allowed


@allowed("cases.add_note")
def note(request: HttpRequest, ref: str) -> HttpResponse:
    """Write a note on a case."""
    case = queries.find(request.user, ref)
    form = NoteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        corrects = form.cleaned_data["corrects"]
        if corrects is not None and not case.notes.filter(pk=corrects).exists():
            raise Http404
        with transaction.atomic():
            activity.add_note(
                case=case,
                text=form.cleaned_data["text"],
                corrects_id=corrects,
                actor=Actor.of(request.user),
                at=clock.now(),
            )
        messages.success(request, _("Note saved."))
        return redirect("cases:case", case.ref)
    return answer(request, case, form, title=_("Note"), verb=_("Save note"))


@allowed("cases.add_note")
def next_action(request: HttpRequest, ref: str) -> HttpResponse:
    """Say what happens next with a case, and when."""
    case, at = queries.find(request.user, ref), clock.now()
    form = NextActionForm(request.POST or None, initial=next_initial(case, at=at))
    if request.method == "POST" and form.is_valid():
        try:
            with undoable(request, case, kind=Undo.Kind.NEXT_ACTION, label=_("Next action"), at=at):
                lifecycle.set_next_action(
                    case_id=case.pk,
                    action=form.cleaned_data["action"],
                    due_at=form.cleaned_data["due_at"],
                    note=form.cleaned_data["note"],
                    version=form.cleaned_data["version"],
                    actor=Actor.of(request.user),
                    at=at,
                )
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Next action saved."))
            return redirect("cases:case", case.ref)
    return answer(request, case, form, title=_("Next action"), verb=_("Save"))


@allowed("cases.make_promise")
def promise(request: HttpRequest, ref: str) -> HttpResponse:
    """Record a promise that was made without a call of ours: at the counter, in a letter, when the person called."""
    case, at = queries.find(request.user, ref), clock.now()
    form = PromiseForm(request.POST or None, initial={"version": case.version}, **_of_case(case, at=at))
    if request.method == "POST" and form.is_valid():
        actor, typed = Actor.of(request.user), form.cleaned_data
        try:
            with undoable(request, case, kind=Undo.Kind.PROMISE, label=_("Promise"), at=at):
                lifecycle.check_version(lifecycle.locked(case.pk), typed["version"])
                promises.make(
                    case_id=case.pk,
                    parts=typed["parts"],
                    currency=case.currency,
                    method=typed["method"],
                    promised_by=typed["promised_by"] or Promise.By.BORROWER,
                    replace=typed["replace"],
                    actor=actor,
                    at=at,
                )
        except promises.PromiseRefused as refused:
            form.add_error(promise_field(refused), str(refused))
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Promise recorded."))
            for sentence in holiday_sentences(typed["parts"], case, language=get_language() or "en"):
                messages.info(request, sentence)
            return redirect("cases:case", case.ref)
    return answer(request, case, form, title=_("Promise"), verb=_("Save promise"))


@require_safe
@allowed("cases.make_promise")
def promise_reads(request: HttpRequest, ref: str) -> HttpResponse:
    """Show how an amount and its days are understood, while they are typed; the answer is a line below the fields."""
    case, at = queries.find(request.user, ref), clock.now()
    typed = {name: request.GET.get(f"promise_{short}", request.GET.get(name, ""))
             for name, short in (("amount", "amount"), ("due_on", "on"))}  # fmt: skip
    form = PromiseForm({**typed, "version": case.version, "method": "transfer"}, **_of_case(case, at=at))
    parts = form.cleaned_data["parts"] if form.is_valid() else ()
    wrong = next((errors[0] for errors in form.errors.values()), "") if all(typed.values()) else ""
    context = {
        "now": at,
        "case": case,
        "today": form.today,
        "lines": understood(parts, case, language=get_language() or "en"),
        "total": promise_parts.total(parts),
        "wrong": wrong,
    }
    return render(request, "cases/promise_fields.html#reads", context)


def _of_case(case: Case, *, at: datetime) -> dict[str, Any]:
    return {"today": queries.today(case, at), "currency": case.currency}


@allowed("cases.assign")
def assign(request: HttpRequest, ref: str) -> HttpResponse:
    """Give a case to one collector of its team, or back to the team."""
    case = queries.find(request.user, ref)
    form = AssignForm(request.POST or None, team_id=case.team_id, initial={"owner": case.owner_id})
    if request.method == "POST" and form.is_valid():
        owner = form.cleaned_data["owner"]
        try:
            assignment.assign(case_id=case.pk, owner=owner, actor=Actor.of(request.user), at=clock.now())
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Owner: %(name)s.") % {"name": owner or case.team})
            return redirect("cases:case", case.ref)
    return answer(request, case, form, title=_("Owner"), verb=_("Assign"))


@allowed("cases.make_promise")
def assess(request: HttpRequest, ref: str) -> HttpResponse:
    """Record why it is not paid, and how willing and able the borrower is."""
    case = queries.find(request.user, ref)
    known = {field: getattr(case, field) for field in assessment.FIELDS}
    form = AssessForm(request.POST or None, initial={**known, "version": case.version})
    if request.method == "POST" and form.is_valid():
        try:
            assessment.assess(case_id=case.pk, actor=Actor.of(request.user), at=clock.now(), **form.cleaned_data)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Saved."))
            return redirect("cases:case", case.ref)
    return answer(request, case, form, title=_("Reason for default"), verb=_("Save"))
