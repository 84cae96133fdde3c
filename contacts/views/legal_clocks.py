"""Until when may we sue, call on the guarantor, enforce? The clocks of each account of a case, and their evidence."""

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from cases import queries
from cases.date_boxes import DayField
from cases.models import Account, Case, Document, Person
from cases.refusal import Refused
from cases.views.act import answer
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from collections_app.staff.access import allowed
from compliance import reasons
from contacts import legal_clocks, legal_events, legal_evidence
from contacts.legal_clocks import Reckoned
from contacts.models import LegalEvent

REFUSED_AT = {
    "no-evidence": "evidence", "future": "happened_on", "no-until": "until", "account": "account",
    "document": "document",
}  # fmt: skip


class LegalEventForm(forms.Form):
    kind = forms.ChoiceField(label=gettext_lazy("What happened"), choices=LegalEvent.Kind.choices)
    happened_on = DayField(label=gettext_lazy("Day"))
    until = DayField(label=gettext_lazy("Last instalment falls due"), required=False)
    account = forms.ModelChoiceField(
        label=gettext_lazy("Account"), queryset=Account.objects.none(), required=False,
        empty_label=gettext_lazy("all accounts of the case"),
    )  # fmt: skip
    evidence = forms.CharField(
        label=gettext_lazy("Evidence"), max_length=300, help_text=gettext_lazy("Receipt, file number, who was there.")
    )
    document = forms.ModelChoiceField(
        label=gettext_lazy("Document"), queryset=Document.objects.none(), required=False, empty_label="–"
    )

    def __init__(self, *args: Any, case: Case, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        accounts = Account.objects.filter(person_id=case.person_id, creditor_id=case.creditor_id).order_by("pk")
        choices: dict[str, QuerySet[Any]] = {
            "account": accounts,
            "document": Document.objects.filter(case=case).order_by("-added_at", "pk"),
        }
        for name, rows in choices.items():
            cast("forms.ModelChoiceField[Any]", self.fields[name]).queryset = rows


@require_safe
@allowed("cases.view_case")
def show(request: HttpRequest, ref: str) -> HttpResponse:
    """List the legal clocks of a case by account, the next to end first. Nothing is stored."""
    case, at = queries.find(request.user, ref), clock.now()
    found = legal_clocks.of_case(case.pk, at=at)
    breaks = [one for each in found for one in (*each.clock.interrupted_by, each.clock.kept_by) if one is not None]
    proofs = legal_evidence.of_breaks(breaks)
    names = Person.objects.in_bulk([each.clock.person_id for each in found if each.clock.person_id])
    events = LegalEvent.objects.filter(case__person_id=case.person_id, case__creditor_id=case.creditor_id)
    events = events.filter(undoes__isnull=True).select_related("account", "document", "recorded_by", "undone_by")
    context = {
        "now": at,
        "case": case,
        "clocks": [_row(each, proofs, names, language=reasons.language_of()) for each in found],
        "events": events.order_by("-happened_on", "-pk"),
        "may_record": request.user.has_perm("contacts.record_legal_event"),
    }
    return render(request, "contacts/legal_clocks.html", context)


def _row(each: Reckoned, proofs: dict[Any, Any], names: dict[Any, Person], *, language: str) -> dict[str, Any]:
    ours = each.clock
    breaks = [proofs[one] for one in ours.interrupted_by]
    return {
        "clock": ours,
        "account": each.account,
        "title": ours.title[language],
        "guarantor": names.get(ours.person_id),
        "latest": breaks[-1] if breaks else None,
        "earlier": breaks[-2::-1],
        "kept": proofs.get(ours.kept_by) if ours.kept_by is not None else None,
        "tone": legal_clocks.tone(each.kind, ours.left, is_kept=ours.kept_by is not None),
    }


@allowed("contacts.record_legal_event")
def record(request: HttpRequest, ref: str) -> HttpResponse:
    """Record a suit, a served demand, an order: what no other row tells, with its evidence."""
    case, at = queries.find(request.user, ref), clock.now()
    form = LegalEventForm(request.POST or None, case=case, initial={"happened_on": queries.today(case, at)})
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        try:
            legal_events.record(
                case_id=case.pk,
                kind=typed["kind"],
                happened_on=typed["happened_on"],
                until=typed["until"],
                account_id=typed["account"].pk if typed["account"] else None,
                document_id=typed["document"].pk if typed["document"] else None,
                evidence=typed["evidence"],
                actor=Actor.of(request.user),
                at=at,
            )
        except Refused as refused:
            form.add_error(REFUSED_AT.get(refused.code), str(refused))
        else:
            messages.success(request, _("Recorded; the clocks are reckoned anew."))
            return redirect("contacts:legal-clocks", case.ref)
    hint = _("What is recorded here is never changed; one made in error is taken back.")
    return answer(request, case, form, title=_("Legal event"), verb=_("Record"), hint=hint)


@require_POST
@allowed("contacts.record_legal_event")
def undo(request: HttpRequest, ref: str, event_id: int) -> HttpResponse:
    """Take back what was recorded in error."""
    case = queries.find(request.user, ref)
    event = get_object_or_404(LegalEvent, pk=event_id, case__person_id=case.person_id, undoes__isnull=True)
    if event.case_id != case.pk and not Case.objects.visible_to(request.user).filter(pk=event.case_id).exists():
        raise Http404
    try:
        legal_events.undo(
            event_id=event.pk, why=request.POST.get("why", ""), actor=Actor.of(request.user), at=clock.now()
        )
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Taken back; the clocks are reckoned anew."))
    return redirect("contacts:legal-clocks", case.ref)
