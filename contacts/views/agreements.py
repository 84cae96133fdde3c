"""The agreement of a plan: printed for signature, and handed out again."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST, require_safe

from cases import queries
from cases.models import Document
from cases.plans import listing
from cases.refusal import Refused
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from collections_app.staff.access import allowed
from contacts import agreements


@require_POST
@allowed("cases.make_promise")
def make(request: HttpRequest, ref: str) -> HttpResponse:
    """Print the agreement of the plan that waits for its signature, or runs."""
    case = queries.find(request.user, ref)
    plan = listing.drafted(case) or listing.standing(case)
    if plan is None:
        raise Http404
    asked = request.POST.get("language", "")
    language = asked if asked in dict(agreements.LANGUAGES) else agreements.LANGUAGES[0][0]
    try:
        document = agreements.make(plan_id=plan.pk, language=language, actor=Actor.of(request.user), at=clock.now())
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("cases:plan", case.ref)
    return redirect("contacts:plan-agreement-file", case.ref, document.pk)


@require_safe
@allowed("cases.view_case")
def file(request: HttpRequest, ref: str, document_id: int) -> HttpResponse:
    """Hand out a printed agreement."""
    case = queries.find(request.user, ref)
    document = get_object_or_404(Document, pk=document_id, case=case, kind=listing.AGREEMENT)
    content = agreements.read(document)
    if content is None:
        raise Http404
    headers = {"Content-Disposition": f'inline; filename="{document.title}.pdf"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(content, content_type="application/pdf", headers=headers)
