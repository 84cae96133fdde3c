"""The settlement of a case: worked out with sums for both sides, offered, accepted, taken back."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cases import approvals, giving_up, queries
from cases.forms import ReasonForm
from cases.forms_settlement import AcceptForm, OfferForm
from cases.models import Approval, Case, Settlement
from cases.refusal import Refused
from cases.settlements import offering
from cases.settlements.offering import LABELS
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from collections_app.staff.access import allowed
from collections_app.staff.roles import Role

RUNNING = (
    Settlement.Status.DRAFTED,
    Settlement.Status.AWAITING,
    Settlement.Status.OFFERED,
    Settlement.Status.ACCEPTED,
)
# Where a refusal belongs, by its code.
FIELDS = {
    "too-much": "pays", "not-positive": "pays", "nothing-given": "pays", "percent": "pays", "disagree": "pays",
    "too-small": "parts", "parts": "parts", "too-late": "expires_on", "due-late": "first_due_on", "account": "account",
    "no-reason": "reason", "grace": "grace_days",
}  # fmt: skip


@allowed("cases.view_case")
def show(request: HttpRequest, ref: str) -> HttpResponse:
    """Show the settlement of a case that runs, else the form to make one; take the form."""
    case, at = queries.find(request.user, ref), clock.now()
    running = case.settlements.filter(status__in=RUNNING).first()
    may = request.user.has_perm("cases.offer_settlement")
    form = _form(request, case, at) if running is None and may and not case.is_resolved else None
    if request.method == "POST":
        if form is None:
            return redirect("cases:settlement", case.ref)
        if form.is_valid() and "preview" not in request.POST:
            try:
                made = offering.make(case_id=case.pk, wanted=form.wanted(), actor=Actor.of(request.user), at=at)
            except Refused as refused:
                _object(form, refused)
            else:
                waits = made.status == Settlement.Status.AWAITING
                messages.success(request, _("Put before those who sign.") if waits else _("Offered."))
                return redirect("cases:settlement", case.ref)
    context = _page(request, case, running, form, at)
    context["preview"] = _preview(request, case, form, at) if form is not None and form.is_bound else None
    return render(request, "cases/settlement.html", context)


@require_safe
@allowed("cases.offer_settlement")
def preview(request: HttpRequest, ref: str) -> HttpResponse:
    """Work an offer out while it is typed; nothing is kept."""
    case, at = queries.find(request.user, ref), clock.now()
    form = _form(request, case, at, data=request.GET)
    context = {"case": case, "preview": _preview(request, case, form, at), "now": at}
    return render(request, "cases/settlement.html#preview", context)


@require_POST
@allowed("cases.offer_settlement")
def accept(request: HttpRequest, ref: str) -> HttpResponse:
    """Record that the person agreed."""
    case, at = queries.find(request.user, ref), clock.now()
    running, form = _running(case), AcceptForm(request.POST)
    if form.is_valid():
        try:
            offering.accept(settlement_id=running.pk, actor=Actor.of(request.user), at=at, **form.cleaned_data)
        except Refused as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, _("Agreed. Collection rests while it is paid in time."))
    else:
        messages.error(request, _("Say how the person agreed, and what shows it."))
    return redirect("cases:settlement", case.ref)


@require_POST
@allowed("cases.offer_settlement")
def withdraw(request: HttpRequest, ref: str) -> HttpResponse:
    """Take it back, or record that the person turned it down."""
    case, at = queries.find(request.user, ref), clock.now()
    running, form = _running(case), ReasonForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    try:
        offering.withdraw(settlement_id=running.pk, reason=reason, actor=Actor.of(request.user), at=at)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Taken back."))
    return redirect("cases:settlement", case.ref)


def _running(case: Case) -> Settlement:
    found: Settlement | None = case.settlements.filter(status__in=RUNNING).first()
    if found is None:
        raise Http404
    return found


def _form(request: HttpRequest, case: Case, at: Any, data: Any = None) -> OfferForm:
    accounts = list(giving_up.case_accounts(case))
    chosen = (data or request.POST).get("account", "")
    mine = [each for each in accounts if str(each.pk) == chosen] or accounts
    owed: dict[str, Any] = {}
    for row in offering.owed_by(mine):
        owed[row.component] = owed.get(row.component, 0) + row.amount
    return OfferForm(
        data if data is not None else request.POST or None,
        owed=owed,
        currency=case.currency,
        accounts=[each for each in accounts if each.balance > 0],
        today=queries.today(case, at),
    )


def _object(form: OfferForm, refused: Refused) -> None:
    name = FIELDS.get(refused.code)
    if refused.code == "past":
        day = refused.values.get("day")
        name = "expires_on" if day == form.cleaned_data.get("expires_on") else "first_due_on"
    form.add_error(name if name in form.fields else None, str(refused))


def _preview(request: HttpRequest, case: Case, form: OfferForm, at: Any) -> dict[str, Any]:
    """Return the sums for both sides, or a sentence that says what is missing."""
    if not form.is_valid():
        wanted = {name for name in form.errors if name != "reason"}
        if wanted:
            return {"wrong": [error for name in wanted for error in form.errors[name]]}
        form.cleaned_data["reason"] = ""
    try:
        seen = offering.preview(case=case, wanted=form.wanted(), role=approvals.role_of(Actor.of(request.user)), at=at)
    except Refused as refused:
        return {"wrong": [str(refused)]}
    return {
        "sums": seen.sums,
        "rows": [
            (LABELS.get(name, name), owed, waives, owed - waives) for name, owed, waives in seen.sums.by_component()
        ],
        "parts": seen.parts,
        "need": seen.need,
        "role": dict(Role.choices).get(seen.need.role, seen.need.role),
        "currency": seen.currency,
    }


def _page(request: HttpRequest, case: Case, running: Settlement | None, form: Any, at: Any) -> dict[str, Any]:
    earlier = case.settlements.exclude(status__in=RUNNING).order_by("-drafted_at", "-pk")[:10]
    waiting = None
    if running is not None and running.status == Settlement.Status.AWAITING:
        waiting = Approval.objects.filter(
            subject_label=running._meta.label_lower, subject_id=running.pk, status=Approval.Status.PENDING
        ).first()
    rows = offering.sums_of(running).by_component() if running is not None else []
    return {
        "case": case,
        "running": running,
        "rows": [(LABELS.get(name, name), owed, waives, owed - waives) for name, owed, waives in rows],
        "parts": list(running.parts.order_by("number")) if running is not None else [],
        "left": max(running.pays - running.paid_amount, 0) if running is not None else 0,
        "waiting": waiting,
        "form": form,
        "accept_form": AcceptForm() if running is not None and running.status == Settlement.Status.OFFERED else None,
        "earlier": list(earlier),
        "may": {
            "offer": request.user.has_perm("cases.offer_settlement"),
            "write_off": request.user.has_perm("cases.write_off"),
            "exclude": request.user.has_perm("cases.exclude"),
        },
        "today": queries.today(case, at),
        "now": at,
    }
