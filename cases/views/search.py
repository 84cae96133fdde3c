"""The page that searches, and the answers that the palette of actions shows while somebody types.

What is looked for travels in the body of a request, never in its address: addresses stay in logs and histories.
"""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from cases import queries, search
from collections_app.shared import clock, htmx
from collections_app.shared.actor import Actor
from collections_app.staff.access import allowed

ON_THE_PAGE = 50


@allowed("cases.view_case")
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest) -> HttpResponse:
    """Show what a search finds: as a page, or as the rows of the palette."""
    text = request.POST.get("q", "")
    part = htmx.is_htmx(request)
    context: dict[str, Any] = {"search": text, "asked": None, "hits": []}
    if text.strip():
        shown = search.SHOWN if part else ON_THE_PAGE
        found = search.find(request.user, text, actor=Actor.of(request.user), at=clock.now(), shown=shown)
        context |= {"asked": found.asked, "is_more": found.is_more, "hits": [_row(hit) for hit in found.hits]}
    template = "cases/search.html#hits" if part else "cases/search.html"
    return htmx.vary_on_htmx(render(request, template, context))


def _row(hit: search.Hit) -> dict[str, Any]:
    case = hit.case
    return {
        "url": reverse("cases:case", args=[case.ref]),
        "name": str(case.person),
        "ref": case.ref,
        "by": hit.by,
        "status_label": case.get_status_display(),
        "status_tone": queries.STATUS_TONES.get(case.status, "plain"),
        "owner": str(case.owner) if case.owner else "",
    }
