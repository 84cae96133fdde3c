"""Plans as a list: due this week, missed, first payments, to be signed, waiting for approval."""

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cases import reach
from cases.models import Creditor, Plan
from cases.plans import listing
from collections_app.shared import clock, keyset
from collections_app.staff.access import allowed

ORDER: Final = ("first_due_on", "pk")


@require_safe
@allowed("cases.view_case")
def show(request: HttpRequest) -> HttpResponse:
    """List the plans of the cases that the user may see; `?view=` narrows it."""
    at = clock.now()
    asked = request.GET.get("view", "")
    view = asked if asked in listing.VIEWS else ""
    rows = listing.of_user(request.user)
    days = reach.days(list(Creditor.objects.filter(pk__in=rows.values("creditor_id"))), at)
    chosen = rows.filter(pk__in=listing.of_view(rows, view, days).values("pk"))
    chosen = chosen.select_related("case", "case__person", "creditor", "affordability")
    page = keyset.page(chosen, order=ORDER, asked=request.GET)
    upcoming = listing.next_dates([row.pk for row in page.rows])
    context = {
        "plans": [_row(plan, upcoming.get(plan.pk)) for plan in page.rows],
        "page": page,
        "view": view,
        "views": _views(request, rows, days, view),
        "filters": _chips(request, view),
        "now": at,
    }
    return render(request, "cases/plans.html", context)


def _row(plan: Plan, next_on: Any) -> dict[str, Any]:
    form = plan.affordability
    return {
        "plan": plan,
        "case": plan.case,
        "url": reverse("cases:plan", args=[plan.case.ref]),
        "next_on": next_on if plan.status in ("approved", "performing", "missed") else None,
        "tone": listing.TONES[plan.status],
        "reasons": [str(listing.REASONS[name]) for name in plan.terms.get("reasons", ()) if name in listing.REASONS]
        if plan.status == Plan.Status.DRAFT
        else [],
        "allowed": form.allowed if form is not None else None,
    }


def _views(request: HttpRequest, rows: Any, days: Any, view: str) -> list[dict[str, Any]]:
    shown = [("", _("All")), *((name, str(label)) for name, label in listing.VIEWS.items())]
    return [
        {
            "label": label,
            "url": f"{request.path}?view={name}" if name else request.path,
            "current": name == view,
            "count": listing.of_view(rows, name, days).count(),
        }
        for name, label in shown
    ]


def _chips(request: HttpRequest, view: str) -> list[dict[str, Any]]:
    if not view:
        return []
    return [{"label": _("Which"), "value": listing.VIEWS[view], "remove_url": request.path}]
