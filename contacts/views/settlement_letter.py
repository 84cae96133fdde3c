"""The letter of a settlement, made and kept, and given to whoever asked for it as a file."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from cases import queries
from cases.models import Settlement
from cases.refusal import Refused
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from collections_app.staff.access import allowed
from contacts import settlement_letters


@require_POST
@allowed("cases.offer_settlement")
def make(request: HttpRequest, ref: str) -> HttpResponse:
    """Make the letter of the settlement that runs."""
    case = queries.find(request.user, ref)
    running = case.settlements.filter(status__in=[Settlement.Status.OFFERED, Settlement.Status.ACCEPTED]).first()
    if running is None:
        raise Http404
    language = request.POST.get("language", "")
    if language not in settlement_letters.LANGUAGES:
        language = case.person.language or settlement_letters.LANGUAGES[0]
    try:
        document, content = settlement_letters.make(
            settlement_id=running.pk, language=language, actor=Actor.of(request.user), at=clock.now()
        )
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("cases:settlement", case.ref)
    answer = HttpResponse(content, content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="{document.title}.pdf"'
    return answer
