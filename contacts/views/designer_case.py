"""One real case on a version: why it is here, what happens next, and what if. Nothing is stored."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from collections_app.staff.access import allowed
from contacts.models import StrategyVersion


@require_safe
@allowed("contacts.view_run")
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one case on a version."""
    version = get_object_or_404(StrategyVersion.objects.select_related("strategy"), pk=pk)
    return render(request, "contacts/designer_case.html", {"version": version})
