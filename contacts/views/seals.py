"""Seals: bring a picture, decide about somebody else's, take one out of use."""

import base64
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cases import reach
from cases.models import Creditor
from cases.refusal import Refused
from collections_app.shared import clock
from collections_app.staff.access import allowed
from contacts import seals
from contacts.models import Seal

RIGHT: Final = "contacts.keep_seals"
TONES: Final = {"proposed": "soon", "approved": "ok", "refused": "past", "retired": "past"}


class SealForm(forms.Form):
    """The picture of a seal, and whose it is."""

    creditor = forms.ModelChoiceField(label=gettext_lazy("Creditor"), queryset=Creditor.objects.none())
    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    picture = forms.FileField(
        label=gettext_lazy("Picture"),
        widget=forms.FileInput(attrs={"accept": "image/png"}),
        help_text=gettext_lazy("PNG with a transparent ground, 100 to 2000 pixels on each side."),
    )

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["creditor"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = reach.creditors(user)


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(RIGHT)
def show(request: HttpRequest) -> HttpResponse:
    """Show the seals, and take a new picture."""
    form = SealForm(request.POST or None, request.FILES or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            seals.propose(
                creditor_id=form.cleaned_data["creditor"].pk,
                name=form.cleaned_data["name"],
                picture=form.cleaned_data["picture"].read(seals.MOST_BYTES + 1),
                by=request.user,
                at=clock.now(),
            )
        except Refused as refused:
            form.add_error("picture", str(refused))
        else:
            messages.success(request, _("Kept. Somebody else decides whether it is used."))
            return redirect("contacts:seals")
    rows = _seals(request).select_related("creditor", "proposed_by", "decided_by")
    context = {
        "form": form,
        "seals": [
            {
                "seal": each,
                "status": each.get_status_display(),
                "tone": TONES[each.status],
                "is_proposed": each.status == Seal.Status.PROPOSED,
                "is_in_use": each.status == Seal.Status.APPROVED,
                "is_own": each.proposed_by_id == request.user.pk,
                "letters": each.letters.count(),
            }
            for each in rows.order_by("creditor__name", "-pk")
        ],
        "now": clock.now(),
    }
    return render(request, "contacts/seals.html", context)


@require_safe
@allowed(RIGHT)
def picture(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the picture to whoever has to decide about it; one that is decided about is not shown again."""
    seal = get_object_or_404(_seals(request), pk=pk, status=Seal.Status.PROPOSED)
    data = base64.b64encode(seals.picture_of(seal)).decode()
    return render(request, "contacts/seal_picture.html", {"seal": seal, "picture": f"data:image/png;base64,{data}"})


@require_POST
@allowed(RIGHT)
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Approve, refuse or retire a seal."""
    seal = get_object_or_404(_seals(request), pk=pk)
    verbs = {"approve": seals.approve, "refuse": seals.refuse, "retire": seals.retire}
    verb = verbs.get(request.POST.get("what", ""))
    if verb is None:
        raise Http404
    try:
        verb(seal_id=seal.pk, by=request.user, at=clock.now())
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Recorded."))
    return redirect("contacts:seals")


def _seals(request: HttpRequest) -> Any:
    return Seal.objects.filter(creditor__in=reach.creditors(request.user))
