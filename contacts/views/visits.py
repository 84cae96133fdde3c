"""Visits: ask for one with the two who go, and print its order."""

import hashlib
from typing import Any

from django import forms
from django.contrib import messages
from django.core.files.storage import default_storage
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from cases import queries as case_queries
from cases import worklist
from cases.models import Case
from cases.refusal import Refused
from collections_app.shared import clock, refs
from collections_app.shared.actor import Actor
from collections_app.staff.access import allowed
from contacts import calls, visits
from contacts.channels import catalogue
from contacts.channels.visits import Visitor
from contacts.models import ContactAttempt
from contacts.views.calls import explained

LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]


class VisitForm(forms.Form):
    """Where to, who goes, and what they promise."""

    point = forms.ChoiceField(label=gettext_lazy("Address"))
    first_name = forms.CharField(label=gettext_lazy("First visitor"), max_length=40)
    first_badge = forms.CharField(label=gettext_lazy("Badge number"), max_length=40)
    second_name = forms.CharField(label=gettext_lazy("Second visitor"), max_length=40)
    second_badge = forms.CharField(label=gettext_lazy("Badge number"), max_length=40)
    recorded = forms.BooleanField(
        label=gettext_lazy("Recorded in sound and picture from arrival to departure"), required=False
    )
    identity = forms.BooleanField(label=gettext_lazy("Both wear a badge and show their identity card"), required=False)
    language = forms.ChoiceField(label=gettext_lazy("Language of the order"), choices=LANGUAGES)

    def __init__(self, *args: Any, case: Case, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        points = catalogue.candidates("visit", case.person.contact_points.select_related("address"))
        field = self.fields["point"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(str(each.pk), str(each)) for each in points]

    def visitors(self) -> tuple[Visitor, Visitor]:
        """Return the two who go."""
        data = self.cleaned_data
        return Visitor(data["first_name"], data["first_badge"]), Visitor(data["second_name"], data["second_badge"])


@require_http_methods(["GET", "HEAD", "POST"])
@allowed("contacts.open_call")
def order(request: HttpRequest, ref: str) -> HttpResponse:
    """Ask for a visit at this moment; its order exists once it is cleared."""
    case, at = case_queries.find(request.user, ref), clock.now()
    form = VisitForm(request.POST or None, case=case, initial={"language": _language(request)})
    if request.method == "POST" and form.is_valid():
        actor = Actor.of(request.user)
        try:
            worklist.take(case_id=case.pk, user=request.user, actor=actor, at=at)
            made = visits.order(
                case_id=case.pk,
                contact_point_id=int(form.cleaned_data["point"]),
                visitors=form.visitors(),
                recorded=form.cleaned_data["recorded"],
                identity_shown=form.cleaned_data["identity"],
                language=form.cleaned_data["language"],
                actor=actor,
                at=at,
            )
        except calls.CallRefused as refused:
            form.add_error(None, explained(refused, case))
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("The visit is cleared and its order is made."))
            return redirect("contacts:visit-file", case.ref, made.attempt.ref)
    own = ContactAttempt.objects.filter(case=case, channel="visit", made_by_id=request.user.pk).order_by("-pk")
    orders = [{"attempt": each, "document": visits.order_of(each)} for each in own[:5]]
    context = {"case": case, "form": form, "orders": [one for one in orders if one["document"]], "now": at}
    return render(request, "contacts/visit_order.html", context)


def _language(request: HttpRequest) -> str:
    return "zh-hans" if getattr(request, "LANGUAGE_CODE", "").startswith("zh") else "en"


@require_safe
@allowed("contacts.open_call")
def file(request: HttpRequest, ref: str, visit: str) -> HttpResponse:
    """Give out the order of a visit to whoever asked for it."""
    case = case_queries.find(request.user, ref)
    try:
        pk = refs.decode("A", visit)
    except refs.BadReference:
        raise Http404 from None
    attempt = ContactAttempt.objects.filter(pk=pk, case=case, channel="visit", made_by_id=request.user.pk).first()
    document = visits.order_of(attempt) if attempt is not None else None
    if document is None:
        raise Http404
    with default_storage.open(document.path) as stored:
        content = stored.read()
    if hashlib.sha256(content).hexdigest() != document.sha256:
        raise Http404
    headers = {"Content-Disposition": f'inline; filename="{visit}.pdf"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(content, content_type="application/pdf", headers=headers)
