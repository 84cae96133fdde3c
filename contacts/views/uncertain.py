"""Messages whose fate nobody knows: a person says whether they left."""

from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from collections_app.shared import clock, keyset, refs
from collections_app.shared.actor import Actor
from collections_app.staff.access import allowed
from contacts import dispatch, outbox
from contacts.models import ContactAttempt
from contacts.views.planned import ICONS, case_address, reason_in_words

ORDER: Final = ("at", "pk")


class SettleForm(forms.Form):
    """What became of it, and how that was found out."""

    sent = forms.ChoiceField(choices=[("yes", gettext_lazy("It left")), ("no", gettext_lazy("It did not leave"))])
    note = forms.CharField(max_length=300, required=False, strip=True)


@require_safe
@allowed("dashboards.view")
def show(request: HttpRequest) -> HttpResponse:
    """List the uncertain messages within reach, oldest first."""
    rows = outbox.uncertain(request.user).select_related("case", "person", "creditor", "contact_point__address")
    page = keyset.page(rows, order=ORDER, asked=request.GET)
    may_settle = request.user.has_perm("contacts.settle_uncertain")
    context = {
        "uncertain": [_row(each) for each in page.rows],
        "page": page,
        "may_settle": may_settle,
        "held": outbox.held_providers() if request.user.has_perm("contacts.stop_sending") else [],
        "now": clock.now(),
    }
    return render(request, "contacts/uncertain.html", context)


def _row(row: ContactAttempt) -> dict[str, Any]:
    return {
        "ref": row.ref,
        "at": row.at,
        "person_name": str(row.person),
        "case_ref": row.case.ref if row.case else "",
        "case_url": case_address(row.case) if row.case else "",
        "creditor": row.creditor.name,
        "channel_label": row.get_channel_display(),
        "channel_icon": ICONS.get(row.channel, "message"),
        "to": str(row.contact_point) if row.contact_point else "–",
        "reason": reason_in_words(row.reason_code),
        "provider": row.provider,
        "decision_url": reverse("compliance:decision", args=[refs.encode("D", row.decision_id)])
        if row.decision_id
        else "",
        "settle_url": reverse("contacts:settle", args=[row.ref]),
    }


@require_POST
@allowed("contacts.settle_uncertain")
def settle(request: HttpRequest, ref: str) -> HttpResponse:
    """Record what became of one message. It is never sent again by this."""
    try:
        pk = refs.decode("A", ref)
    except refs.BadReference:
        pk = 0
    attempt = get_object_or_404(
        ContactAttempt.objects.filter(pk__in=outbox.within_reach(request.user).values("pk")), pk=pk
    )
    form = SettleForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say whether it left or not."))
        return redirect("contacts:uncertain")
    try:
        dispatch.settle_uncertain(
            attempt_id=attempt.pk,
            sent=form.cleaned_data["sent"] == "yes",
            actor=Actor.of(request.user),
            at=clock.now(),
            note=form.cleaned_data["note"],
        )
    except dispatch.NothingToSettle:
        messages.warning(request, _("This message has been settled meanwhile."))
    else:
        messages.success(request, _("Recorded. The message will not be sent again."))
    return redirect("contacts:uncertain")
