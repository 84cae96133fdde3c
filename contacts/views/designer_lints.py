"""What is wrong with a strategy, beside its tree."""

from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from cases.models import Case
from collections_app.shared import clock
from collections_app.staff.access import allowed
from contacts.models import StrategyVersion
from contacts.strategy import lints, naming
from contacts.strategy.editing import Node


@require_safe
@allowed("contacts.view_run")
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """Return every finding with its place and a link to it; errors first."""
    version = get_object_or_404(StrategyVersion.objects.select_related("strategy"), pk=pk)
    found = lints.of_version(version, at=clock.now())
    base = reverse("contacts:strategy-edit", args=[pk])
    shown = {case for lint in found for case in lint.cases}
    refs = {case.pk: case.ref for case in Case.objects.visible_to(request.user).filter(pk__in=shown)}
    segments = {segment.key: segment.title for segment in version.segments.all()}
    steps = naming.steps_by_place(version)
    rows = [
        {
            "lint": lint,
            "node": str(lint.node),
            "place": place_of(lint.node, segments, steps),
            "url": f"{base}?{urlencode({'node': str(lint.node)})}",
            "refs": [refs[case] for case in lint.cases if case in refs],
        }
        for lint in found
    ]
    errors = sum(lint.is_error for lint in found)
    context = {"rows": rows, "errors": errors, "warnings": len(found) - errors, "version": version, "pk": pk}
    return render(request, "contacts/designer_lints.html", context)


def place_of(node: Node, segments: Mapping[str, str], steps: Mapping[tuple[str, str], str]) -> str:
    """Return where a node stands, as people call it: "Everybody › First reminder"; "" for the strategy itself."""
    names = [segments.get(node.segment, node.segment)] if node.segment else []
    if node.step:
        names.append(steps.get((node.segment, node.step), node.step))
    return " › ".join(names)
