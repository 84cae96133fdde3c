"""Limits of authority: who may grant how much of what. A limit is ended and written anew, never edited."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cases import approvals, authority
from cases.forms_settlement import LimitForm
from cases.models import AuthorityLimit
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from collections_app.staff.access import allowed

ORDER = ("kind", "currency", "component", "max_amount", "pk")


@allowed("cases.view_authority")
def show(request: HttpRequest) -> HttpResponse:
    """Show the limits in force; take a new one from whoever may set it."""
    at = clock.now()
    kinds = [(kind.name, kind.title) for kind in approvals.kinds()]
    may_set = request.user.has_perm("cases.set_authority")
    form = LimitForm(request.POST or None, kinds=kinds) if may_set else None
    if request.method == "POST" and form is not None and form.is_valid():
        authority.set_limit(limit=form.save(commit=False), actor=Actor.of(request.user), at=at)
        messages.success(request, _("In force."))
        return redirect("cases:authority")
    limits = AuthorityLimit.objects.filter(ended_at__isnull=True).select_related("product", "creditor")
    context = {
        "rows": [_row(limit, dict(kinds)) for limit in limits.order_by(*ORDER)],
        "form": form,
        "now": at,
    }
    return render(request, "cases/authority.html", context)


@require_POST
@allowed("cases.set_authority")
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """End a limit."""
    limit = get_object_or_404(AuthorityLimit, pk=pk, ended_at__isnull=True)
    authority.end_limit(limit=limit, actor=Actor.of(request.user), at=clock.now())
    messages.success(request, _("Ended."))
    return redirect("cases:authority")


def _row(limit: AuthorityLimit, titles: dict[str, Any]) -> dict[str, Any]:
    return {"limit": limit, "title": titles.get(limit.kind, limit.kind)}
