"""The live numbers of the designer: how many cases every node takes, as of now."""

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from collections_app.shared import clock
from collections_app.staff.access import allowed
from contacts.models import StrategyVersion
from contacts.strategy import counts
from contacts.strategy.editing import Node
from contacts.views.designer_parts import dom_id


@require_safe
@allowed("contacts.view_run")
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """Return the number of every node, to be put beside it."""
    version = get_object_or_404(StrategyVersion.objects.select_related("strategy"), pk=pk)
    try:
        counted = counts.of_version(version, at=clock.now())
    except OperationalError:
        return render(request, "contacts/designer_counts.html", {"is_too_slow": True, "rows": []})
    numbers = {str(Node()): counted.total}
    numbers |= {str(Node(key)): counted.scaled(number) for key, number in counted.segments.items()}
    numbers |= {str(Node(*key)): counted.scaled(number) for key, number in counted.steps.items()}
    rows = [{"id": dom_id(Node.read(node)), "node": node, "number": number} for node, number in numbers.items()]
    return render(request, "contacts/designer_counts.html", {"rows": rows, "counted": counted})
