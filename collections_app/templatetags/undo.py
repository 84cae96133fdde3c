"""The bar that offers to undo what was just saved, on every page until its seconds are over."""

from datetime import datetime
from math import ceil
from typing import Any

from django import template
from django.urls import reverse

from collections_app.shared import clock

register = template.Library()


@register.inclusion_tag("_components/undo_bar.html", takes_context=True)
def undo_bar(context: dict[str, Any]) -> dict[str, Any]:
    """Return what the bar shows; nothing where there is nothing to undo. Reads the session alone."""
    request = context.get("request")
    kept = getattr(request, "session", {}).get("undo") if request is not None else None
    if not kept:
        return {"undo": None}
    left = (datetime.fromisoformat(kept["until"]) - clock.now()).total_seconds()
    if left <= 0:
        return {"undo": None}
    return {
        "undo": kept
        | {"url": reverse("contacts:undo", args=[kept["ref"]]), "left": ceil(left), "ms": int(left * 1000)},
        "csrf_token": context.get("csrf_token"),
    }
