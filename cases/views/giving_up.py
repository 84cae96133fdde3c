"""Waivers, write-offs and property taken for debt: asked on a case, taken back, and the lists of what was given up."""

from datetime import datetime, timedelta
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.db.models import Count, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cases import assets, giving_up, ledger, queries, reach, waivers, write_off
from cases.forms_settlement import AccountForm, AssetForm, WaiveForm
from cases.models import Account, AssetForDebt, Case, LedgerEntry, Waiver, WriteOff
from cases.refusal import Refused
from cases.views.act import answer
from collections_app.shared import clock, keyset
from collections_app.shared.actor import Actor
from collections_app.staff.access import allowed

LABELS: Final[dict[str, Any]] = dict(LedgerEntry.Component.choices)
PERIODS: Final = {"30": timedelta(days=30), "90": timedelta(days=90), "365": timedelta(days=365)}
FIELDS: Final = {
    "not-positive": "amount", "inexact": "amount", "too-much": "amount", "over-value": "amount", "no-reason": "reason",
    "account": "account", "future": "valued_on", "old": "valued_on", "nothing-owed": "account", "standing": "account",
    "closed": "account",
}  # fmt: skip


@allowed("cases.offer_settlement")
def waive(request: HttpRequest, ref: str) -> HttpResponse:
    """Give up an amount of one component, and show what of this case was given up."""
    case, at = queries.find(request.user, ref), clock.now()
    form = WaiveForm(request.POST or None, owed=_waivable(case))
    if request.method == "POST" and form.is_valid():
        try:
            made = waivers.ask(case_id=case.pk, actor=Actor.of(request.user), at=at, **form.asked())
        except Refused as refused:
            _object(form, refused)
        else:
            waits = made.status == Waiver.Status.ASKED
            messages.success(request, _("Put before those who sign.") if waits else _("Given up."))
            return redirect("cases:waive", case.ref)
    rows = case.waivers.select_related("account", "asked_by").order_by("-asked_at", "-pk")[:50]
    context = {
        "case": case,
        "form": form,
        "has_any": bool(form.owed),
        "rows": rows,
        "may": _may(request),
        "now": at,
    }
    return render(request, "cases/waiver.html", context)


@require_POST
@allowed("cases.reverse_waiver")
def reverse_waiver(request: HttpRequest, ref: str, pk: int) -> HttpResponse:
    """Let an amount that was given up be owed again."""
    case = queries.find(request.user, ref)
    row = get_object_or_404(Waiver, pk=pk, case=case)
    return _undo(request, "cases:waive", case, lambda told: waivers.reverse(waiver_id=row.pk, **told))


@allowed("cases.offer_settlement")
def asset(request: HttpRequest, ref: str) -> HttpResponse:
    """Put property for debt before those who sign it."""
    case, at = queries.find(request.user, ref), clock.now()
    form = AssetForm(request.POST or None, accounts=_owing(case))
    if request.method == "POST" and form.is_valid():
        data = dict(form.cleaned_data)
        account = int(data.pop("account"))
        try:
            assets.ask(case_id=case.pk, account_id=account, actor=Actor.of(request.user), at=at, **data)
        except Refused as refused:
            _object(form, refused)
        else:
            messages.success(request, _("Put before those who sign."))
            return redirect("cases:asset", case.ref)
    rows = case.assets_taken.select_related("account").order_by("-asked_at", "-pk")
    context = {"case": case, "form": form, "rows": rows, "may": _may(request), "now": at}
    return render(request, "cases/asset.html", context)


@require_POST
@allowed("cases.reverse_payment")
def give_back(request: HttpRequest, ref: str, pk: int) -> HttpResponse:
    """Record that property went back to its owner."""
    case = queries.find(request.user, ref)
    row = get_object_or_404(AssetForDebt, pk=pk, case=case)
    return _undo(request, "cases:asset", case, lambda told: assets.give_back(asset_id=row.pk, **told))


@allowed("cases.write_off")
def ask_write_off(request: HttpRequest, ref: str) -> HttpResponse:
    """Put the write-off of an account before those who sign it."""
    case, at = queries.find(request.user, ref), clock.now()
    form = AccountForm(request.POST or None, accounts=_owing(case))
    if request.method == "POST" and form.is_valid():
        account_id = int(form.cleaned_data["account"])
        reason = form.cleaned_data["reason"]
        try:
            write_off.ask(account_id=account_id, reason=reason, actor=Actor.of(request.user), at=at)
        except Refused as refused:
            _object(form, refused)
        else:
            messages.success(request, _("Put before those who sign."))
            return redirect("cases:write-offs")
    hint = _("The books give it up; the claim, its balance and its clocks stay, and what comes in is counted apart.")
    return answer(request, case, form, title=_("Write-off"), verb=_("Ask for write-off"), hint=hint)


@require_POST
@allowed("cases.write_off")
def reverse_write_off(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an account back into the books."""
    row = get_object_or_404(reach.limit(WriteOff.objects.all(), request.user), pk=pk)
    return _undo(request, "cases:write-offs", None, lambda told: write_off.reverse(write_off_id=row.pk, **told))


@require_safe
@allowed("cases.view_approvals")
def waived(request: HttpRequest) -> HttpResponse:
    """List what was given up: of what, why, by whom; with sums by collector and by component."""
    at = clock.now()
    period = request.GET.get("period", "30")
    since = at - PERIODS.get(period, PERIODS["30"])
    rows = reach.limit(Waiver.objects.all(), request.user).filter(status=Waiver.Status.GRANTED, granted_at__gt=since)
    by_person = (
        rows.order_by()
        .values("asked_by__name", "asked_by__username", "currency")
        .annotate(total=Sum("amount"), n=Count("pk"))
        .order_by("-total")[:30]
    )
    by_component = rows.order_by().values("component", "currency").annotate(total=Sum("amount"), n=Count("pk"))
    page = keyset.page(
        rows.select_related("account", "person", "case", "asked_by"), order=("-granted_at", "-pk"), asked=request.GET
    )
    context = {
        "rows": page.rows,
        "page": page,
        "by_person": [
            {"name": row["asked_by__name"] or row["asked_by__username"] or _("the system"), **row} for row in by_person
        ],
        "by_component": [
            {"label": LABELS.get(row["component"], row["component"]), **row}
            for row in by_component.order_by("component")
        ],
        "period": period if period in PERIODS else "30",
        "periods": [(key, _("%(n)s days") % {"n": key}) for key in PERIODS],
        "now": at,
    }
    return render(request, "cases/waived.html", context)


@require_safe
@allowed("cases.view_approvals")
def write_offs(request: HttpRequest) -> HttpResponse:
    """List the accounts written off, with what came in on them since."""
    rows = reach.limit(WriteOff.objects.all(), request.user)
    rows = write_off.recovered(rows).select_related("account", "person", "case")
    page = keyset.page(rows, order=("-asked_at", "-pk"), asked=request.GET)
    sums = (
        rows.filter(status=WriteOff.Status.DONE)
        .order_by()
        .values("currency")
        .annotate(written=Sum("amount"), came=Sum("recovered"), n=Count("pk"))
    )
    context = {
        "rows": page.rows,
        "page": page,
        "sums": sums.order_by("currency"),
        "may_reverse": request.user.has_perm("cases.write_off"),
        "now": clock.now(),
    }
    return render(request, "cases/write_offs.html", context)


def _waivable(case: Case) -> dict[tuple[int, str], tuple[str, Any, str]]:
    found = {}
    for account in giving_up.case_accounts(case):
        owed = ledger.components(account.pk)
        for component in waivers.ALONE:
            if owed.get(component, 0) > 0:
                label = f"{LABELS[component]} · {account}"
                found[account.pk, str(component)] = (label, owed[component], account.currency)
    return found


def _owing(case: Case) -> list[Account]:
    return [account for account in giving_up.case_accounts(case) if account.balance > 0]


def _may(request: HttpRequest) -> dict[str, bool]:
    user = request.user
    return {
        "offer": user.has_perm("cases.offer_settlement"),
        "write_off": user.has_perm("cases.write_off"),
        "exclude": user.has_perm("cases.exclude"),
        "reverse": user.has_perm("cases.reverse_waiver"),
        "give_back": user.has_perm("cases.reverse_payment"),
    }


def _object(form: forms.Form, refused: Refused) -> None:
    name = FIELDS.get(refused.code)
    form.add_error(name if name in form.fields else None, str(refused))


def _undo(request: HttpRequest, back: str, case: Case | None, verb: Any) -> HttpResponse:
    at: datetime = clock.now()
    try:
        verb({"reason": request.POST.get("reason", ""), "actor": Actor.of(request.user), "at": at})
    except Refused as refused:
        messages.error(request, str(refused))
    except (Waiver.DoesNotExist, WriteOff.DoesNotExist, AssetForDebt.DoesNotExist):
        raise Http404 from None
    else:
        messages.success(request, _("Taken back."))
    return redirect(back, case.ref) if case is not None else redirect(back)
