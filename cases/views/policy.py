"""The firm's own limits: what is in force for each book, earlier and coming versions, and a new one."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from cases import firm_policy, policy_book, reach, verification_policy, wishes
from cases.firm_policy import PolicyRefused
from cases.forms_policy import GUARDED, PER, FirmPolicyForm, policy_name
from cases.models import FirmPolicyVersion
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from collections_app.staff.access import allowed

HISTORY = 50


@require_safe
@allowed("compliance.view_decision")
def books(request: HttpRequest) -> HttpResponse:
    """Show the limits in force for every book that the reader may see."""
    at = clock.now()
    creditors = list(reach.creditors(request.user))
    policies = firm_policy.in_force_for([creditor.pk for creditor in creditors], at=at)
    rows = [
        {
            "creditor": creditor,
            **_words(policies.get(creditor.pk, firm_policy.UNSET)),
            "missing": _missing(creditor, at),
        }
        for creditor in creditors
    ]
    return render(request, "cases/policies.html", {"rows": rows, "now": at})


@require_http_methods(["GET", "HEAD", "POST"])
@allowed("compliance.view_decision")
def book(request: HttpRequest, code: str) -> HttpResponse:
    """Show the versions of one book's limits; take a new one from whoever may set it."""
    creditor = get_object_or_404(reach.creditors(request.user), code=code)
    at = clock.now()
    policy = firm_policy.in_force(creditor_id=creditor.pk, at=at)
    may_set = request.user.has_perm("cases.set_policy")
    form = FirmPolicyForm(request.POST or None, policy=policy)
    if request.method == "POST":
        if not may_set:
            return HttpResponse(status=403)
        if form.is_valid():
            try:
                version = firm_policy.set_policy(
                    creditor=creditor,
                    opens=form.cleaned_data["opens"],
                    closes=form.cleaned_data["closes"],
                    document=form.document(),
                    in_force_from=form.cleaned_data["in_force_from"],
                    reason=form.cleaned_data["reason"],
                    actor=Actor.of(request.user),
                    at=at,
                )
            except PolicyRefused as refused:
                if refused.objections:
                    form.object_to(refused.objections)
                else:
                    form.add_error("in_force_from" if refused.code == "in-the-past" else None, str(refused))
            else:
                messages.success(request, _("Firm policy set for %(creditor)s.") % {"creditor": creditor})
                return redirect("cases:firm-policy", version.creditor.code)
    versions = FirmPolicyVersion.objects.filter(creditor=creditor).select_related("set_by")
    context = {
        "creditor": creditor,
        "form": form,
        "may_set": may_set,
        "current": policy.version_id,
        "missing": _missing(creditor, at),
        "versions": [
            {
                "row": row,
                "is_coming": row.in_force_from > at,
                **_words(firm_policy.Policy(row.opens, row.closes, row.document, row.pk)),
            }
            for row in versions.order_by("-in_force_from", "-pk")[:HISTORY]
        ],
        "now": at,
    }
    return render(request, "cases/policy.html", context)


def _missing(creditor: Any, at: Any) -> list[str]:
    policy = firm_policy.in_force(creditor_id=creditor.pk, at=at)
    return [str(each) for each in policy_book.missing(creditor, opens=policy.opens, document=policy.document, at=at)]


def _words(policy: firm_policy.Policy) -> dict[str, Any]:
    """Return a policy in words: its hours, and one line per limit."""
    hours = f"{policy.opens:%H:%M}–{policy.closes:%H:%M}" if policy.opens and policy.closes else ""
    lines = []
    for cap in policy.document.get("caps", ()):
        per = dict(PER).get(cap.get("per", "person"), "")
        what = ", ".join(wishes.channel_label(channel) for channel in cap["channels"])
        values = {"limit": cap["limit"], "days": cap.get("days", 1), "what": what, "per": per}
        lines.append(_("at most %(limit)s in %(days)s day(s) %(per)s: %(what)s") % values)
    guarded = dict(GUARDED)
    for channel, minutes in sorted(policy.document.get("guard_minutes", {}).items()):
        what = guarded.get(channel, channel)
        lines.append(_("%(what)s: nothing begins in the last %(n)s minutes") % {"what": what, "n": minutes})
    lines += [policy_name(name) for name in policy.document.get("enabled", ())]
    lines += [_("adopts %(pack)s") % {"pack": pack} for pack in policy.document.get("packs", ())]
    if spread := policy.document.get("spread_minutes"):
        lines.append(_("messages spread over %(n)s minutes") % {"n": spread})
    if share := policy.document.get("plans", {}).get("share"):
        lines.append(_("an instalment takes at most %(n)s %% of what is left in a month") % {"n": share})
    if months := policy.document.get("plans", {}).get("months"):
        lines.append(_("a plan lasts at most %(n)s months") % {"n": months})
    if policy.document.get(verification_policy.KEY):
        lines.append(verification_policy.in_words(verification_policy.of_document(policy.document)))
    return {"hours": hours, "lines": lines, "is_set": policy.version_id is not None}
