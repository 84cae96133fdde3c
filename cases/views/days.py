"""How a typed day or moment is understood, while it is typed."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from cases import date_boxes
from collections_app.staff.access import allowed


@require_safe
@allowed("cases.view_case")
def reads(request: HttpRequest) -> HttpResponse:
    """Answer with the weekday and date that a text means, or what is wrong with it. `box` names the field."""
    text = request.GET.get(request.GET.get("box", ""), "")[: date_boxes.LONGEST]
    meaning, wrong = date_boxes.understood(text, kind=request.GET.get("kind", ""))
    return render(request, "cases/day_reads.html", {"meaning": meaning, "wrong": wrong})
