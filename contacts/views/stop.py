"""The stop switch: order a stop, see what it holds back, lift it."""

from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from cases import reach
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from collections_app.staff.access import allowed
from contacts import stops
from contacts.models import Channel, StopOrder, Strategy, Template

LIFTED_SHOWN: Final = 20


class StopForm(forms.Form):
    """What to stop, and why. `what` is a scope with its target, such as "channel:sms"."""

    what = forms.ChoiceField(label=gettext_lazy("Stop"))
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=300, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        creditors = [(f"creditor:{each.code}", each.name) for each in reach.creditors(user)]
        everywhere = [
            ("everything:", _("Everything")),
            (_("Channel"), [(f"channel:{value}", label) for value, label in Channel.choices]),
            (_("Strategy"), [(f"strategy:{one.code}", one.name) for one in Strategy.objects.order_by("name", "pk")]),
            (_("Template"), [(f"template:{one.code}", one.name) for one in Template.objects.order_by("name", "pk")]),
        ]
        field = self.fields["what"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [*everywhere[:1], (_("Creditor"), creditors), *everywhere[1:]]

    def clean_what(self) -> tuple[str, str]:
        """Return scope and target."""
        scope, _colon, target = self.cleaned_data["what"].partition(":")
        return scope, target


@require_http_methods(["GET", "HEAD", "POST"])
@allowed("contacts.stop_sending")
def show(request: HttpRequest) -> HttpResponse:
    """Show the stops in force and take a new one. A stop needs no permission but this one, so that it is never late."""
    form = StopForm(request.POST or None, user=request.user, initial={"what": "everything:"})
    if request.method == "POST" and form.is_valid():
        scope, target = form.cleaned_data["what"]
        try:
            order = stops.order_stop(
                scope=scope,
                target=target,
                reason=form.cleaned_data["reason"],
                actor=Actor.of(request.user),
                at=clock.now(),
            )
        except stops.StopRefused as refused:
            form.add_error(None, str(refused))
        else:
            if order.confirmed_at:
                messages.success(request, _("Stopped. No hand-over is under way any more."))
            else:
                messages.warning(request, _("Stopped. One message was with a provider and may still arrive."))
            return redirect("contacts:stops")
    standing = StopOrder.objects.filter(lifted_at__isnull=True).select_related("ordered_by").order_by("pk")
    lifted = StopOrder.objects.filter(lifted_at__isnull=False).select_related("ordered_by", "lifted_by")
    context = {
        "form": form,
        "standing": [{"order": order, "words": in_words(order), **stops.figures(order)} for order in standing],
        "lifted": [
            {"order": order, "words": in_words(order)} for order in lifted.order_by("-lifted_at", "-pk")[:LIFTED_SHOWN]
        ],
        "now": clock.now(),
    }
    return render(request, "contacts/stops.html", context)


def in_words(order: StopOrder) -> str:
    """Return what a stop covers, in words."""
    scope = str(order.get_scope_display())
    if order.scope == StopOrder.Scope.CHANNEL:
        return f"{scope}: {dict(Channel.choices).get(order.target, order.target)}"
    return f"{scope}: {order.target}" if order.target else scope


@require_POST
@allowed("contacts.stop_sending")
def lift(request: HttpRequest, pk: int) -> HttpResponse:
    """Let sending go on."""
    try:
        stops.lift_stop(order_id=pk, actor=Actor.of(request.user), at=clock.now())
    except (stops.StopRefused, StopOrder.DoesNotExist):
        messages.warning(request, _("This stop has been lifted already."))
    else:
        messages.success(request, _("Sending goes on. Every contact is decided again before it leaves."))
    return redirect("contacts:stops")
