"""Until when may we sue, call on the guarantor, enforce? The legal clocks of one case, with what started them anew."""

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from cases import queries
from collections_app.shared import clock
from collections_app.staff.access import allowed
from compliance import reasons
from compliance.clocks import Clock
from contacts import legal_clocks

GROUNDS: Final = {
    "demand": gettext_lazy("a demand that arrived"),
    "payment": gettext_lazy("a payment"),
    "promise_made": gettext_lazy("a promise to pay"),
    "plan_performing": gettext_lazy("an instalment agreement"),
    "oral_repayment_agreement": gettext_lazy("an oral agreement"),
    "suit_filed": gettext_lazy("a suit"),
    "payment_order_applied": gettext_lazy("a payment order applied for"),
    "debt_accelerated": gettext_lazy("the whole debt called in"),
    "claim_assigned": gettext_lazy("notice that the claim was sold"),
}


@require_safe
@allowed("cases.view_case")
def show(request: HttpRequest, ref: str) -> HttpResponse:
    """List the legal clocks of a case, the next to end first. Nothing is stored."""
    case, at = queries.find(request.user, ref), clock.now()
    language = reasons.language_of()
    rows = [_row(one, language) for one in legal_clocks.of_case(case.pk, at=at)]
    return render(request, "contacts/legal_clocks.html", {"now": at, "case": case, "clocks": rows})


def _row(one: Clock, language: str) -> dict[str, Any]:
    last = one.interrupted_by[-1] if one.interrupted_by else None
    return {
        "clock": one,
        "title": one.title[language],
        "anew": {"day": last.day, "ground": GROUNDS.get(last.ground, last.ground)} if last else None,
        "times": len(one.interrupted_by),
        "tone": "stop" if one.over else "soon" if one.left <= 30 else "ok",
    }
