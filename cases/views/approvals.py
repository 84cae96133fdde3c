"""The inbox of what waits for a signature: an item with all its facts on one screen, three keys, the next by itself."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cases import approval_facts, approvals, exclusion_list
from cases.authority import may_sign
from cases.models import Approval
from cases.refusal import Refused
from collections_app.shared import clock, keyset, refs
from collections_app.shared.actor import Actor
from collections_app.shared.money import Money
from collections_app.staff.access import allowed

AHEAD = 50  # items among which the next one is looked for


@require_safe
@allowed("cases.view_approvals")
def show(request: HttpRequest) -> HttpResponse:
    """Show the oldest thing that waits for this reader, or the one asked for, with the others beside it."""
    at = clock.now()
    page = keyset.page(approval_facts.waiting(request.user), order=("asked_at", "pk"), asked=request.GET)
    rows = page.rows
    if not rows:
        nothing = {"approval": None, "page": page, "mine": _mine(request.user), "now": at}
        return render(request, "cases/approvals.html", nothing)
    asked = request.GET.get("item", "")
    here = next((place for place, row in enumerate(rows) if row.ref == asked), 0)
    context = _item(rows[here], request.user, at)
    following = rows[(here + 1) % len(rows)]
    context |= {
        "rows": [_row(row) for row in rows],
        "page": page,
        "here": rows[here].pk,
        "next_url": _address(following) if len(rows) > 1 else "",
        "mine": _mine(request.user),
    }
    return render(request, "cases/approvals.html", context)


@require_safe
@allowed("cases.view_case")
def one(request: HttpRequest, ref: str) -> HttpResponse:
    """Show one approval, over or waiting, with its signatures: for whoever asked, and for the record."""
    approval = _find(request, ref)
    return render(request, "cases/approval.html", _item(approval, request.user, clock.now()))


@require_POST
@allowed("cases.approve")
def decide(request: HttpRequest, ref: str) -> HttpResponse:
    """Sign for or against, and go on to the next."""
    approval = _find(request, ref)
    after = _after(request, approval)
    approve = request.POST.get("decision") == "approve"
    if not approve and request.POST.get("decision") != "refuse":
        raise Http404
    try:
        done = approvals.decide(
            approval_id=approval.pk,
            approve=approve,
            reason=request.POST.get("reason", ""),
            actor=Actor.of(request.user),
            at=clock.now(),
        )
    except Refused as refused:
        messages.error(request, str(refused))
        # It is out of the inbox where somebody else was faster; a missing reason brings the same item back.
        back = refused.code in ("no-reason",)
        return redirect(_address(approval) if back else after)
    messages.success(request, _said(done))
    return redirect(after)


@require_POST
@allowed("cases.view_case")
def withdraw(request: HttpRequest, ref: str) -> HttpResponse:
    """Take back what one asked for."""
    approval = _find(request, ref)
    if approval.asked_by_id != request.user.pk:
        raise PermissionDenied
    try:
        approvals.withdraw(
            approval_id=approval.pk,
            reason=request.POST.get("reason", ""),
            actor=Actor.of(request.user),
            at=clock.now(),
        )
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Taken back."))
    return redirect("cases:approval", approval.ref)


def _said(approval: Approval) -> str:
    if approval.status == Approval.Status.PENDING:
        return _("Signed. One more person has to.")
    return _("Approved.") if approval.status == Approval.Status.APPROVED else _("Refused.")


def _find(request: HttpRequest, ref: str) -> Approval:
    try:
        pk = refs.decode("V", ref)
    except refs.BadReference:
        raise Http404 from None
    rows = approval_facts.visible(request.user) | Approval.objects.filter(asked_by_id=request.user.pk)
    found = rows.select_related("person", "creditor", "case", "asked_by").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _after(request: HttpRequest, approval: Approval) -> str:
    """Return the address of the item after this one, of the first one where it is the last."""
    rows = list(approval_facts.waiting(request.user)[:AHEAD])
    here = next((place for place, row in enumerate(rows) if row.pk == approval.pk), -1)
    others = rows[here + 1 :] + rows[: max(here, 0)]
    return _address(others[0]) if others else reverse("cases:approvals")


def _address(approval: Approval) -> str:
    return f"{reverse('cases:approvals')}?{urlencode({'item': approval.ref})}"


def _row(approval: Approval) -> dict[str, Any]:
    return {
        "pk": approval.pk,
        "url": _address(approval),
        "title": approvals.kind_of(approval.kind).title,
        "person": approval.person,
        "amount": approval.amount,
        "currency": approval.currency,
        "asked_at": approval.asked_at,
    }


def _mine(user: Any) -> list[dict[str, Any]]:
    """Return what the reader asked for and waits for, newest first."""
    mine = Approval.objects.filter(asked_by_id=user.pk, status=Approval.Status.PENDING)
    rows = mine.select_related("person").order_by("-asked_at", "-pk")[:10]
    return [_row(row) | {"url": reverse("cases:approval", args=[row.ref])} for row in rows]


def _item(approval: Approval, user: Any, at: Any) -> dict[str, Any]:
    if approval.kind == exclusion_list.KIND and (entry := approvals.subject_of(approval)) is not None:
        exclusion_list.note_reading([entry], user=user, at=at)
    signed = list(approval.signed.select_related("signed_by").order_by("pk"))
    mine = any(row.signed_by_id == user.pk for row in signed)
    is_pending = approval.status == Approval.Status.PENDING
    return {
        "approval": approval,
        "title": approvals.kind_of(approval.kind).title,
        "case": approval.case,
        "sections": [
            {"title": section.title, "is_wide": section.is_wide, "lines": [_line(line) for line in section.lines]}
            for section in approval_facts.sections(approval, at=at)
        ],
        "signed": signed,
        "missing": max(0, approval.signatures - sum(row.is_approving for row in signed)) if is_pending else 0,
        "may_decide": is_pending
        and not mine
        and approval.asked_by_id != user.pk
        and user.has_perm("cases.approve")
        and may_sign(user.role, approval.role),
        "is_own": approval.asked_by_id == user.pk,
        "may_withdraw": is_pending and approval.asked_by_id == user.pk,
        "now": at,
    }


def _line(line: approvals.Line) -> dict[str, Any]:
    is_money = isinstance(line.value, Money)
    return {
        "label": line.label,
        "value": line.value.amount if is_money else line.value,
        "currency": line.value.currency if is_money else "",
        "is_money": is_money,
        "note": line.note,
        "tone": {"good": "ok", "bad": "stop"}.get(line.tone, ""),
    }
