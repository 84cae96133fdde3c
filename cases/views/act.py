"""The page of one act on a case: where a form stands alone, without scripts or because it was refused."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from cases.models import Case
from collections_app.shared import clock


def answer(
    request: HttpRequest, case: Case, form: forms.Form, *, title: str, verb: str, hint: str = "", **more: Any
) -> HttpResponse:
    """Show the form with what was typed and what is wrong with it."""
    context = {"case": case, "form": form, "title": title, "verb": verb, "hint": hint, "now": clock.now(), **more}
    return render(request, "cases/act.html", context)
