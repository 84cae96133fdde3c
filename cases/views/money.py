"""The money of a case: its ledger with components and running balance, and how it stood on any day."""

from datetime import date, datetime
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from cases import as_of, back_dating, money_page, queries
from cases.date_boxes import DayField
from cases.models import LedgerEntry
from collections_app.shared import clock
from collections_app.staff.access import allowed


class AsOfForm(forms.Form):
    """The day that is asked about, and the day by whose end we knew."""

    on = DayField(label=_("As it stood on"))
    known = DayField(label=_("As it was known on"), required=False)


@require_safe
@allowed("cases.view_case")
def show(request: HttpRequest, ref: str) -> HttpResponse:
    """Show the ledger of every account of a case."""
    case, at = queries.find(request.user, ref), clock.now()
    context = {
        "case": case,
        "books": money_page.of_case(case),
        "corrections": back_dating.of_case(case),
        "today": queries.today(case, at),
        "now": at,
    }
    return render(request, "cases/money.html", context)


@require_safe
@allowed("cases.view_case")
def stood(request: HttpRequest, ref: str) -> HttpResponse:
    """Show a case as it stood on a day: as it was known then (or on a given day), beside what is known now."""
    case, at = queries.find(request.user, ref), clock.now()
    today = queries.today(case, at)
    form = AsOfForm(request.GET if "on" in request.GET else {"on": today.isoformat()})
    columns: list[dict[str, Any]] = []
    if form.is_valid():
        on: date = form.cleaned_data["on"]
        known: date = form.cleaned_data["known"] or min(on, today)
        then = min(as_of.end_of(known, case.creditor.time_zone), at)
        columns = [_column(case, on, then), _column(case, on, at)]
    context = {"case": case, "form": form, "columns": columns, "today": today, "now": at}
    return render(request, "cases/as_of.html", context)


def _column(case: Any, on: date, known_at: datetime) -> dict[str, Any]:
    names = dict(LedgerEntry.Component.choices)
    found = as_of.case(case, on=on, known_at=known_at)
    return {
        "then": found,
        "known_at": known_at,
        "accounts": [
            {"then": each, "components": [(names[name], amount) for name, amount in each.components.items()]}
            for each in found.accounts
        ],
    }
