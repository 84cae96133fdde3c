"""Taking back what was just saved: one key, or one button without scripts."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cases import queries, undoing, worklist
from cases.models import Case, Undo
from cases.refusal import Refused
from cases.views import undo_bar
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from collections_app.staff.access import allowed


@require_POST
@allowed("cases.add_note")
def undo(request: HttpRequest, ref: str) -> HttpResponse:
    """Undo the last act on a case and lead back to it; a next case that was handed out meanwhile is given back."""
    case, at, user = queries.find(request.user, ref), clock.now(), request.user
    number = request.POST.get("undo", "")
    if not number.isascii() or not number.isdigit() or len(number) > 18:
        raise Http404
    kept = Undo.objects.filter(pk=int(number), case=case, made_by_id=user.pk).first()
    if kept is None:
        raise Http404
    try:
        undoing.undo(undo_id=kept.pk, user=user, actor=Actor.of(user), at=at)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        if kept.kind in (Undo.Kind.OUTCOME, Undo.Kind.SKIP):
            for other in Case.objects.filter(lease_by_id=user.pk).exclude(pk=case.pk):
                worklist.release(case_id=other.pk, user=user)
        messages.info(request, _("Undone: %(what)s.") % {"what": kept.label or kept.get_kind_display()})
    undo_bar.forget(request)
    return redirect("cases:case", case.ref)
