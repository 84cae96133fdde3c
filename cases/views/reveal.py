"""Looking at what is masked: a reason first, and the look is recorded before anything is shown."""

from typing import Any

from django.db import models, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from cases import queries
from cases.forms import RevealForm
from cases.models import Account, Case, ContactPoint
from cases.views.act import answer
from collections_app.shared import clock, sealed
from collections_app.shared.actor import Actor
from collections_app.staff.access import allowed
from compliance import audit


@allowed("cases.reveal")
def reveal(request: HttpRequest, ref: str) -> HttpResponse:
    """Show one masked number, address, document or date of birth of a case's person, once, for a reason."""
    case = queries.find(request.user, ref)
    what = request.POST.get("what") or request.GET.get("what", "")
    subject, label, box = _find(case, what)
    form = RevealForm(request.POST or None, initial={"what": what})
    shown = ""
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            audit.record(
                "reveal.looked",
                subject=subject,
                actor=Actor.of(request.user),
                at=clock.now(),
                person_id=case.person_id,
                case=case.pk,
                what=what,
                reason=form.cleaned_data["reason"],
            )
        shown = sealed.unseal(box) if isinstance(box, bytes | memoryview) else str(box)
    hint = _("That you looked, and why, is kept.")
    response = answer(request, case, form, title=label, verb=_("Show"), hint=hint, shown=shown)
    response["Cache-Control"] = "no-store"
    return response


def _find(case: Case, what: str) -> tuple[models.Model, str, Any]:
    """Return the row, its name, and the sealed (or plain) value behind it. Raises Http404."""
    kind, _dash, number = what[:30].partition("-")
    if kind == "point" and number.isdecimal():
        points = ContactPoint.objects.filter(pk=int(number), person_id=case.person_id).select_related("address")
        point = points.first()
        if point is not None:
            return point, str(point.get_kind_display()), point.address.value_sealed
    if kind == "account" and number.isdecimal():
        accounts = Account.objects.filter(pk=int(number), person_id=case.person_id, creditor_id=case.creditor_id)
        account = accounts.first()
        if account is not None:
            return account, _("Account number"), account.number_sealed
    person = case.person
    if what == "document" and person.document_sealed is not None:
        return person, _("Identity document"), person.document_sealed
    if what == "birth" and person.birth_on is not None:
        return person, _("Date of birth"), person.birth_on.isoformat()
    raise Http404
