"""Two versions of a strategy side by side, as sentences."""

from typing import Final

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from collections_app.staff.access import allowed
from contacts.models import StrategyVersion
from contacts.strategy import comparing

TONES: Final = {"added": "ok", "removed": "stop", "changed": "soon", "moved": "act"}


@require_safe
@allowed("contacts.view_run")
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what differs in a version from another: `?against=`, else the one it is based on, else the one before it."""
    versions = StrategyVersion.objects.select_related("strategy")
    version = get_object_or_404(versions, pk=pk)
    wanted = request.GET.get("against", "")
    other = versions.filter(pk=int(wanted)).first() if wanted.isdecimal() else None
    if other is None and not wanted:
        before = versions.filter(strategy=version.strategy, version__lt=version.version).order_by("-version").first()
        other = version.based_on or before
    others = versions.filter(~Q(pk=version.pk)).order_by("strategy__name", "-version")[:200]
    context = {
        "version": version,
        "other": other,
        "others": others,
        "comparison": comparing.compare(other, version) if other is not None else None,
        "tones": TONES,
    }
    return render(request, "contacts/designer_compare.html", context)
