"""Two keys from anywhere on the case page: a stop or a hold, in force at once, and nothing typed elsewhere is lost."""

from datetime import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cases import queries
from cases.models import Case
from cases.refusal import Refused
from cases.views.undo_bar import withdrawable
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from collections_app.shared.htmx import is_htmx, vary_on_htmx
from collections_app.staff.access import allowed
from contacts import queries as contact_queries
from contacts import quick_acts
from contacts.views import call_draft, desk


@require_POST
@allowed("contacts.give_instruction")
def act(request: HttpRequest, ref: str) -> HttpResponse:
    """Do one quick act. Scripts put only what it changes in place of the old; without them the page is shown again."""
    case, at = queries.find(request.user, ref), clock.now()
    chosen = quick_acts.BY_CODE.get(request.POST.get("act", ""))
    if chosen is None:
        raise Http404
    if not request.user.has_perm(chosen.needs):
        raise PermissionDenied
    try:
        with withdrawable(request, case, kind=chosen.undo_kind, label=str(chosen.label), at=at):
            quick_acts.do(chosen, case, actor=Actor.of(request.user), at=at)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("In force everywhere: %(kind)s.") % {"kind": chosen.label})
    if not is_htmx(request):
        _keep_what_was_typed(request, case, at=at)
        return redirect("cases:case", case.ref)
    fresh = queries.find(request.user, ref)
    context = desk.page(request, fresh, at=clock.now())
    if context["form"] is not None:
        context["form"].initial["outcome"] = request.POST.get("outcome", "")
    return vary_on_htmx(render(request, "cases/case.html", context))


def _keep_what_was_typed(request: HttpRequest, case: Case, *, at: datetime) -> None:
    """Keep what stands in the form of the open call, with which an act comes in a page without scripts."""
    attempt = contact_queries.open_call(case, user=request.user, at=at)
    if attempt is not None and request.POST.get("attempt") == str(attempt.pk):
        call_draft.keep(request, attempt.pk)
