"""A call by the telephone system, as its desk sees it: what it does at this moment, and hanging up."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cases import queries as case_queries
from cases.models import Case
from cases.refusal import Refused
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from collections_app.shared.htmx import vary_on_htmx
from collections_app.staff.access import allowed
from contacts import live_calls
from contacts.calls import dialling
from contacts.models import TelephoneCall


@require_GET
@allowed("contacts.open_call")
def live(request: HttpRequest, ref: str) -> HttpResponse:
    """Show how the call stands; nothing new is no answer at all (204), so that nothing on the page moves."""
    case = case_queries.find(request.user, ref)
    call = _own(request, case, request.GET.get("attempt", ""))
    if call.attempt.status not in live_calls.OPEN:
        said = live_calls.why_over(call)
        if said:
            messages.error(request, said)
        response = HttpResponse(status=200)
        response["HX-Refresh"] = "true"
        return response
    shown = live_calls.of(call)
    if request.GET.get("seen") == shown.mark:
        return HttpResponse(status=204)
    context: dict[str, Any] = {"case": case, "live": shown}
    return vary_on_htmx(render(request, "contacts/call_live.html", context))


@require_POST
@allowed("contacts.open_call")
def hang_up(request: HttpRequest, ref: str) -> HttpResponse:
    """End the call; one that had not reached the person yet is given back."""
    case = case_queries.find(request.user, ref)
    call = _own(request, case, request.POST.get("attempt", ""))
    try:
        if dialling.hang_up(attempt_id=call.attempt_id, actor=Actor.of(request.user), at=clock.now()):
            messages.info(request, _("The call was not made; nothing is counted."))
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("cases:case", case.ref)


def _own(request: HttpRequest, case: Case, attempt: str) -> TelephoneCall:
    try:
        number = int(attempt)
    except ValueError:
        raise Http404 from None
    if not 0 < number < 2**63:
        raise Http404
    rows = TelephoneCall.objects.select_related("attempt")
    found = rows.filter(attempt_id=number, attempt__case=case, attempt__made_by_id=request.user.pk).first()
    if found is None:
        raise Http404
    return found
