"""The internal exclusion list: read by few, every reading recorded; objections are decided by somebody else."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cases import exclusion_list, queries, reach
from cases.forms import ReasonForm
from cases.forms_settlement import DayForm, ExcludeForm, OutcomeForm, WordsForm
from cases.models import ExclusionEntry
from cases.refusal import Refused
from cases.views.act import answer
from collections_app.shared import clock, refs
from collections_app.shared.actor import Actor
from collections_app.staff.access import allowed

FIELDS = {
    "past": "retain_until", "too-long": "retain_until", "future": "default_ended_on", "shorter": "retain_until",
    "incomplete": "reason", "purpose": "purpose", "standing": "purpose", "no-reason": "reason", "words": "words",
}  # fmt: skip


@require_safe
@allowed("cases.view_exclusions")
def show(request: HttpRequest) -> HttpResponse:
    """List who is on the list within reach; the reading is recorded."""
    at = clock.now()
    context = {
        "entries": exclusion_list.read(user=request.user, at=at),
        "may_change": request.user.has_perm("cases.exclude"),
        "now": at,
    }
    return render(request, "cases/exclusions.html", context)


@require_safe
@allowed("cases.view_exclusions")
def one(request: HttpRequest, ref: str) -> HttpResponse:
    """Show one entry with its objections; the reading is recorded."""
    entry, at = _find(request, ref), clock.now()
    exclusion_list.note_reading([entry], user=request.user, at=at)
    context = {
        "entry": entry,
        "appeals": entry.appeals.select_related("opened_by", "decided_by").order_by("-opened_at", "-pk"),
        "may_change": request.user.has_perm("cases.exclude") and entry.status == ExclusionEntry.Status.LISTED,
        "now": at,
    }
    return render(request, "cases/exclusion.html", context)


@allowed("cases.exclude")
def exclude(request: HttpRequest, ref: str) -> HttpResponse:
    """Propose the person of a case for the list."""
    case, at = queries.find(request.user, ref), clock.now()
    form = ExcludeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            exclusion_list.propose(case=case, actor=Actor.of(request.user), at=at, **form.cleaned_data)
        except Refused as refused:
            _object(form, refused)
        else:
            messages.success(request, _("Put before a compliance officer."))
            return redirect("cases:exclusions")
    hint = _("Kept five years at most from the end of the default. The person is told, and may object.")
    return answer(request, case, form, title=_("Exclusion list"), verb=_("Propose"), hint=hint)


@allowed("cases.exclude")
def remove(request: HttpRequest, ref: str) -> HttpResponse:
    """Take a person off the list."""
    entry = _find(request, ref)

    def act(data: dict[str, Any], told: dict[str, Any]) -> None:
        exclusion_list.remove(entry_id=entry.pk, reason=data["reason"], **told)

    return _short(request, entry, ReasonForm(request.POST or None), act, _("Remove from the list"), _("Remove"))


@allowed("cases.exclude")
def told(request: HttpRequest, ref: str) -> HttpResponse:
    """Record that the person was told."""
    entry = _find(request, ref)

    def act(data: dict[str, Any], by: dict[str, Any]) -> None:
        exclusion_list.told(entry_id=entry.pk, on=data["on"], **by)

    return _short(request, entry, DayForm(request.POST or None), act, _("The person was told"), _("Save"))


@allowed("cases.exclude")
def appeal(request: HttpRequest, ref: str) -> HttpResponse:
    """Record that the person objects."""
    entry = _find(request, ref)

    def act(data: dict[str, Any], by: dict[str, Any]) -> None:
        exclusion_list.appeal(entry_id=entry.pk, words=data["words"], **by)

    return _short(request, entry, WordsForm(request.POST or None), act, _("The person objects"), _("Save"))


@allowed("cases.exclude")
def decide_appeal(request: HttpRequest, ref: str) -> HttpResponse:
    """Decide the objection that is open."""
    entry = _find(request, ref)
    row = entry.appeals.filter(decided_at__isnull=True).first()
    if row is None:
        raise Http404

    def act(data: dict[str, Any], by: dict[str, Any]) -> None:
        exclusion_list.decide_appeal(appeal_id=row.pk, **data, **by)

    form = OutcomeForm(request.POST or None)
    return _short(request, entry, form, act, _("Decide the objection"), _("Decide"), row.words)


def _find(request: HttpRequest, ref: str) -> ExclusionEntry:
    try:
        pk = refs.decode("X", ref)
    except refs.BadReference:
        raise Http404 from None
    rows = reach.limit(ExclusionEntry.objects.all(), request.user, case="")
    found = rows.select_related("person", "creditor", "case", "proposed_by").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _object(form: forms.Form, refused: Refused) -> None:
    name = FIELDS.get(refused.code)
    form.add_error(name if name in form.fields else None, str(refused))


def _short(
    request: HttpRequest, entry: ExclusionEntry, form: forms.Form, act: Any, title: str, verb: str, hint: str = ""
) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        try:
            act(form.cleaned_data, {"actor": Actor.of(request.user), "at": clock.now()})
        except Refused as refused:
            _object(form, refused)
        else:
            messages.success(request, _("Saved."))
            return redirect("cases:exclusion", entry.ref)
    context = {"entry": entry, "form": form, "title": title, "verb": verb, "hint": hint, "now": clock.now()}
    return render(request, "cases/exclusion_act.html", context)
