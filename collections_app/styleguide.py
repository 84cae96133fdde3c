"""The style guide: every component with invented data, so that a change of look is seen at once. Development only."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from cases.date_boxes import DayField
from collections_app.shared import clock


class ExampleForm(forms.Form):
    """One field of each kind; submitted with mistakes, so that errors show."""

    amount = forms.DecimalField(help_text="Between 1.00 and what is owed.")
    due_on = DayField(label="Date")
    channel = forms.ChoiceField(choices=[("call", "Call"), ("sms", "SMS")])
    note = forms.CharField(widget=forms.Textarea(attrs={"rows": 2}), required=False)
    agreed = forms.BooleanField(label="The borrower agreed to this date", required=False)


def _charts() -> dict[str, object]:
    buckets = ["M0", "M1", "M2", "M3", "M4", "M5", "M6", "M7+"]
    counts = [15210, 4120, 1980, 1022, 640, 391, 288, 349]
    bars = {
        "kind": "bar",
        "title": "Cases by bucket",
        "unit": "cases",
        "categories": buckets,
        "series": [{"name": "Cases", "data": counts, "levels": list(range(8)), "urls": ["#"] * 8}],
    }
    flow: dict[str, Any] = {
        "kind": "sankey",
        "title": "Flow between buckets",
        "nodes": [{"name": f"{b} {m}", "dpd": i} for m in ("Aug", "Sep") for i, b in enumerate(buckets[:4])],
        "links": [
            {"source": "M0 Aug", "target": "M0 Sep", "value": 900},
            {"source": "M0 Aug", "target": "M1 Sep", "value": 120},
            {"source": "M1 Aug", "target": "M0 Sep", "value": 200},
            {"source": "M1 Aug", "target": "M2 Sep", "value": 90},
            {"source": "M2 Aug", "target": "M3 Sep", "value": 60},
            {"source": "M3 Aug", "target": "M3 Sep", "value": 40},
        ],
    }
    rows = [[bucket, count] for bucket, count in zip(buckets, counts, strict=True)]
    links = [[f"{link['source']} → {link['target']}", link["value"]] for link in flow["links"]]
    return {
        "chart": {
            "id": "c1",
            "title": bars["title"],
            "unit": "cases",
            "data": bars,
            "columns": ["Bucket", "Cases"],
            "rows": rows,
        },
        "sankey": {
            "id": "c2",
            "title": flow["title"],
            "unit": "accounts",
            "data": flow,
            "columns": ["Flow", "Accounts"],
            "rows": links,
        },
    }


def _timeline(now) -> list[dict[str, object]]:
    return [
        {
            "at": now - timedelta(hours=3),
            "kind": "refused",
            "tone": "stop",
            "title": "SMS refused",
            "body": "21:40 their time is after 21:00: quiet hours.",
            "url": "#",
            "url_label": "Decision",
        },
        {
            "at": now - timedelta(days=1),
            "kind": "payment",
            "tone": "ok",
            "icon": "coin",
            "title": "Payment CNY 500.00",
            "by": "Bank file",
        },
        {
            "at": now - timedelta(days=6),
            "kind": "contact",
            "tone": "act",
            "icon": "phone-outgoing",
            "title": "Call: right party, promise",
            "body": "Will pay by Friday.",
            "by": "L. Sample",
        },
    ]


def show(request: HttpRequest) -> HttpResponse:
    """Return the style guide."""
    now = clock.now()
    messages.success(request, "Promise recorded: CNY 500.00 on Friday.")
    messages.warning(request, "The feed is 26 hours old; sending waits for the next tape.")
    form = ExampleForm({"amount": "", "due_on": "2026-02-31", "channel": "call"})
    form.add_error(None, "A promise needs an amount and a day on which it is due.")
    context = {
        "now": now,
        "past": now - timedelta(hours=26),
        "future": now + timedelta(hours=9),
        "due": (now + timedelta(days=3)).date(),
        "tones": ["ok", "soon", "stop", "act", "past"],
        "freshness": {"as_of": now - timedelta(hours=7), "is_stale": False},
        "form": form,
        "progress": {
            "label": "Rows checked",
            "done": 14200,
            "total": 24000,
            "state": "running",
            "rate": 2100,
            "remaining": 5,
            "note": "tape_2026-11.csv",
        },
        "progress_done": {"label": "Cases opened", "done": 8790, "total": 8790, "state": "done"},
        "timeline": _timeline(now),
        "filters": [
            {"label": "Bucket", "value": "M2", "remove_url": "#"},
            {"label": "Owner", "value": "me", "remove_url": "#"},
        ],
        "clear_url": "#",
        "caption": "Cases",
        "columns": [{"label": "Case"}, {"label": "Person"}, {"label": "Owed", "numeric": True}],
        "rows": [
            {"url": "#", "cells": ["C-7F3K9X", "王示例", Decimal("8420.00")]},
            {"url": "#", "cells": ["C-2B8M1Q", "Sample, Ann", Decimal("1210.50")]},
        ],
        "page": {"count": 8790, "count_is_exact": True, "shown": 2, "next": "x", "previous": None},
    }
    return render(request, "styleguide.html", context | _charts())


urlpatterns = [path("", show, name="styleguide")]
