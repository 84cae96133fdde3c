"""The dashboard, its widgets, and the lists that their numbers open."""

import logging
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from collections_app.dashboards import catalogue, lists, registry, widgets  # noqa: F401  (registers lists and widgets)
from collections_app.dashboards.registry import Box, Widget
from collections_app.dashboards.scope import Scope
from collections_app.shared import clock, keyset, spreadsheet
from collections_app.shared.htmx import is_htmx, vary_on_htmx
from collections_app.staff.access import allowed
from compliance import exports

log = logging.getLogger(__name__)
EXPORTED = 100_000


def _shown(widget: Widget) -> dict[str, Any]:
    return {
        "id": f"widget-{widget.name}",
        "title": widget.title,
        "definition": widget.definition,
        "wide": widget.wide,
        "url": reverse("dashboards:widget", args=[widget.name]),
    }


@require_safe
@allowed("dashboards.view")
def supervisor(request: HttpRequest) -> HttpResponse:
    """Show the frame of the dashboard; its widgets load themselves."""
    scope = Scope(request.user, clock.now())
    sections = [
        {"title": title, "widgets": [_shown(each) for each in registry.WIDGETS.values() if each.section == name]}
        for name, title in registry.SECTIONS
    ]
    sections = [section for section in sections if section["widgets"]]
    stops = reverse("contacts:stops") if request.user.has_perm("contacts.stop_sending") else ""
    return render(request, "dashboards/supervisor.html", {"sections": sections, "now": scope.at, "stops_url": stops})


@require_safe
@allowed("dashboards.view")
def widget(request: HttpRequest, name: str) -> HttpResponse:
    """Show one widget: as a part of the dashboard for htmx, as a page of its own without scripts."""
    found = registry.WIDGETS.get(name)
    if found is None:
        raise Http404
    scope = Scope(request.user, clock.now())
    failed = False
    try:
        box = found.read(scope)
    except Exception:
        if not is_htmx(request):
            raise
        log.exception("a widget could not be worked out")
        box, failed = Box(), True
    context = {"widget": _shown(found), "box": box, "failed": failed, "now": scope.at}
    template = "dashboards/widget.html#box" if is_htmx(request) else "dashboards/widget.html"
    return vary_on_htmx(render(request, template, context))


@require_safe
@allowed("dashboards.view")
def rows(request: HttpRequest, name: str) -> HttpResponseBase:
    """Show the rows that a number counts, filtered by the address, page by page or as a file."""
    listing = lists.LISTS.get(name)
    if listing is None:
        raise Http404
    scope = Scope(request.user, clock.now())
    asked = {key: str(value) for key, value in request.GET.items() if value}
    found = listing.select(scope, asked)
    if asked.get("as") == "csv":
        exports.record(request.user, name=listing.name, asked=asked, rows=found.count(), at=scope.at)
        return _export(listing, found, scope)
    page = keyset.page(found, order=listing.order, asked=request.GET)
    context = {
        "listing": listing,
        "page": page,
        "columns": listing.columns,
        "table": [[(column, column.cell(row, scope)) for column in listing.columns] for row in page.rows],
        "filters": _chips(request, listing, asked, scope),
        "choices": _choices(listing, asked, scope),
        "fixed": [
            (each.name, asked[each.name]) for each in listing.filters if not each.choices and asked.get(each.name)
        ],
        "clear_url": request.path,
        "export_url": _without(request, add={"as": "csv"}),
        "now": scope.at,
    }
    return render(request, "dashboards/rows.html", context)


def _export(listing: lists.Listing, found: Any, scope: Scope) -> HttpResponseBase:
    heading = [column.label for column in listing.columns] + [_("Reference"), _("Currency")]

    def line(row: Any) -> list[Any]:
        cells = [column.cell(row, scope) for column in listing.columns]
        reference = next((cell.sub for cell in cells if isinstance(cell.sub, str) and cell.sub), "")
        currency = next((cell.extra for cell in cells if cell.kind == "money"), "")
        return [cell.plain for cell in cells] + [reference, currency]

    ordered = found.order_by(*listing.order)[:EXPORTED]
    return spreadsheet.download(listing.name, heading, (line(row) for row in ordered.iterator(chunk_size=2000)))


def _without(request: HttpRequest, *names: str, add: dict[str, str] | None = None) -> str:
    query = request.GET.copy()
    for name in ("after", "before", "as", *names):
        query.pop(name, None)
    for name, value in (add or {}).items():
        query[name] = value
    text = query.urlencode()
    return f"{request.path}?{text}" if text else request.path


def _chips(request: HttpRequest, listing: lists.Listing, asked: dict[str, str], scope: Scope) -> list[dict[str, Any]]:
    return [
        {
            "label": each.label,
            "value": each.words(asked[each.name], scope),
            "remove_url": _without(request, each.name),
        }
        for each in listing.filters
        if asked.get(each.name)
    ]


def _choices(listing: lists.Listing, asked: dict[str, str], scope: Scope) -> list[dict[str, Any]]:
    return [
        {
            "name": each.name,
            "label": each.label,
            "options": [(value, label, value == asked.get(each.name)) for value, label in each.choices(scope)],
        }
        for each in listing.filters
        if each.choices
    ]
