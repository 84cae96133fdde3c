"""One event that became known late: what it changes day by day, and the contacts that should not have been made."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from cases import queries
from cases.models import Approval, Case, Correction, LedgerEntry
from collections_app.shared import clock, refs
from collections_app.staff.access import allowed
from contacts import back_dating


@require_safe
@allowed("cases.view_case")
def show(request: HttpRequest, ref: str) -> HttpResponse:
    """Show a correction to whoever may see its case."""
    try:
        rows = Correction.objects.select_related("account__product", "creditor", "case")
        correction = rows.filter(pk=refs.decode("J", ref)).first()
    except refs.BadReference:
        correction = None
    if correction is None:
        raise Http404
    mine = Case.objects.filter(person_id=correction.person_id, creditor_id=correction.creditor_id)
    case = queries.find(request.user, (correction.case or mine.latest("pk")).ref)
    names = dict(LedgerEntry.Component.choices)
    approval = Approval.objects.filter(
        subject_label="cases.correction", subject_id=correction.pk, status=Approval.Status.PENDING
    ).first()
    context = {
        "case": case,
        "correction": correction,
        "days": [_day(day, names) for day in correction.diff.get("days", [])],
        "contacts": back_dating.regretted(correction),
        "approval_url": _approval_url(approval) if request.user.has_perm("cases.approve") else "",
        "now": clock.now(),
    }
    return render(request, "contacts/correction.html", context)


def _day(day: dict[str, Any], names: dict[str, Any]) -> dict[str, Any]:
    """Return one stretch of days with the components side by side, those that differ first named."""
    before, after = day["before"], day["after"]
    both = sorted({*before["components"], *after["components"]})
    return {
        "on": day["on"],
        "before": before,
        "after": after,
        "differs": before != after,
        "components": [
            {
                "name": names.get(name, name),
                "before": before["components"].get(name, "0.00"),
                "after": after["components"].get(name, "0.00"),
            }
            for name in both
            if before["components"].get(name) != after["components"].get(name)
        ],
    }


def _approval_url(approval: Approval | None) -> str:
    if approval is None:
        return ""
    try:
        return f"{reverse('cases:approvals')}?{urlencode({'item': approval.ref})}"
    except NoReverseMatch:
        return ""
