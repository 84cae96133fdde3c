"""Everything for a call on one page: what is owed to the cent, objections with true answers, papers, other parties."""

from datetime import date
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from cases import money_page
from cases import queries as case_queries
from cases.models import Case, Document, PlanInstalment
from cases.queries import LIVE_PLANS
from collections_app.shared import clock
from collections_app.shared.htmx import is_htmx, vary_on_htmx
from collections_app.staff.access import allowed
from contacts import objections, parties, preparing

PARTS: Final = ("owed", "objections", "documents", "parties")
DOCUMENTS_SHOWN: Final = 50


@require_safe
@allowed("cases.view_case")
def show(request: HttpRequest, ref: str) -> HttpResponse:
    """Show the whole preparation, or for htmx the one part that is asked for."""
    case, at = case_queries.find(request.user, ref), clock.now()
    facts = case_queries.facts_of(case, user=request.user, at=at)
    part = request.GET.get("part", "")
    if is_htmx(request) and part in PARTS:
        context = {"case": facts, "today": facts.today, "now": at, "part": part, **_part(part, case, facts)}
        return vary_on_htmx(render(request, f"cases/preparation_page.html#{part}", context))
    context = {"case": facts, "today": facts.today, "now": at}
    context["brief"] = preparing.brief(case, facts, user=request.user, at=at)
    for each in PARTS:
        context |= _part(each, case, facts)
    return vary_on_htmx(render(request, "cases/preparation_page.html", context))


def _part(part: str, case: Case, facts: case_queries.CaseFacts) -> dict[str, Any]:
    if part == "owed":
        return {"owed": owed(case, today=facts.today), "instalment": _next_instalment(case)}
    if part == "objections":
        person = case.person
        return {"objections": objections.of(jurisdiction=person.jurisdiction, language=person.language)}
    if part == "documents":
        rows = Document.objects.filter(case=case).select_related("added_by")
        return {"documents": rows.order_by("-added_at", "pk")[:DOCUMENTS_SHOWN]}
    return {
        "parties": parties.of_case(case),
        "usual": parties.usual(),
        "rules": parties.rules(case.person.jurisdiction),
    }


def owed(case: Case, *, today: date) -> list[dict[str, Any]]:
    """Return what is owed per account by component, with what falls due next and since when something is overdue.

    The components of an account add up to its balance, and the balances to what the case page says is owed.
    """
    shown = []
    for book in money_page.of_case(case):
        dates = [due_on for _name, due_on, left in book.dues if due_on is not None and left > 0]
        shown.append(
            {
                "account": book.account,
                "components": book.components,
                "sum": sum((left for _name, left in book.components), start=book.account.balance * 0),
                "next_due": min((day for day in dates if day >= today), default=None),
                "overdue_since": min((day for day in dates if day < today), default=None),
            }
        )
    return shown


def _next_instalment(case: Case) -> PlanInstalment | None:
    rows = PlanInstalment.objects.filter(plan__case=case, plan__status__in=LIVE_PLANS, paid_on__isnull=True)
    return rows.order_by("due_on", "number").first()
