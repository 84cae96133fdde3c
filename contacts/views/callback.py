"""How the window of a callback is understood, and what the gate says of it, while it is typed."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from cases import queries
from collections_app.shared import clock
from collections_app.staff.access import allowed
from contacts import callback_gate
from contacts.forms import CALLBACK, CallForm, of_case

FIELDS = ("callback_at", "callback_until", "fallback_at")


@require_safe
@allowed("contacts.log_call")
def reads(request: HttpRequest, ref: str) -> HttpResponse:
    """Answer with the window on both clocks and whether a call would be permitted then."""
    case, at = queries.find(request.user, ref), clock.now()
    typed = {name: request.GET.get(name, "") for name in FIELDS}
    form = CallForm({**typed, "outcome": CALLBACK, "version": 0, "attempt": 0}, **of_case(case, at=at))
    form.is_valid()
    wrong = [errors[0] for name, errors in form.errors.items() if name in FIELDS] if typed["callback_at"] else []
    context: dict[str, Any] = {"case": case, "wrong": wrong[0] if wrong else "", "zone": case.person.time_zone}
    if typed["callback_at"] and not wrong:
        starts, ends = form.cleaned_data["callback_at"], form.cleaned_data["callback_until"]
        gate = callback_gate.ask(case, starts_at=starts, ends_at=ends, staff_id=request.user.pk)
        context |= {"starts": starts, "ends": ends, "falls": form.cleaned_data["fallback_at"], "gate": gate}
    return render(request, "contacts/callback_reads.html", context)
