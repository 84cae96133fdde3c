"""The providers in use: which are held and why, what came in their name with a wrong proof; hold one, or lift it."""

from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from cases.refusal import Refused
from collections_app.shared import clock
from collections_app.staff.access import allowed
from contacts.channels import providers, watched
from contacts.dispatch import pacing
from contacts.models import Channel, ProviderState
from contacts.views.planned import reason_in_words

NAMES: Final = {
    "sms-http": gettext_lazy("text messages by HTTP"),
    "sms-twilio": "Twilio",
    "sms-aliyun": gettext_lazy("Aliyun"),
    "smtp": gettext_lazy("mail server"),
    "anymail": gettext_lazy("e-mail provider"),
    "chat-wechat": gettext_lazy("WeChat official account"),
    "chat-wecom": gettext_lazy("enterprise WeChat"),
    "chat-webhook": gettext_lazy("chat by webhook"),
}
DOORS: Final = {
    "receipt": "sms-http", "twilio": "sms-twilio", "aliyun": "sms-aliyun", "mail": "anymail",
    "wechat": "chat-wechat", "wecom": "chat-wecom",
}  # fmt: skip


@require_safe
@allowed("contacts.stop_sending")
def show(request: HttpRequest) -> HttpResponse:
    """Show the providers in use, and those that are held though no longer in use."""
    at = clock.now()
    states = {each.provider: each for each in ProviderState.objects.select_related("held_by")}
    used = providers.in_use()
    known = [*used, *(name for name, state in sorted(states.items()) if state.held_until and name not in used)]
    rates = providers.rates()
    context = {
        "providers": [
            {
                "name": name,
                "label": NAMES.get(name, name),
                "channel": dict(Channel.choices).get(used.get(name, ""), ""),
                "state": states.get(name),
                "is_held": name in states and states[name].held_until is not None,
                "why": reason_in_words(states[name].reason_code) if name in states else "",
                "rate": rates.get(name, rates.get(used.get(name, ""))),
            }
            for name in known
        ],
        "refused": [
            {"row": row, "label": NAMES.get(DOORS.get(row.door, ""), _("other systems"))}
            for row in watched.refused_lately(at=at)
        ],
        "now": at,
    }
    return render(request, "contacts/providers.html", context)


@require_POST
@allowed("contacts.stop_sending")
def change(request: HttpRequest, name: str) -> HttpResponse:
    """Hold a provider (`verb=hold`) or let it be given messages again (`verb=lift`), with a reason."""
    user: Any = request.user
    reason = request.POST.get("reason", "")[:300].replace("\0", "")
    try:
        if request.POST.get("verb") == "hold":
            pacing.hold_by_hand(name, reason=reason, by=user, at=clock.now())
            messages.success(request, _("Held. Nothing is handed to it until somebody lifts the hold."))
        else:
            pacing.lift(name, reason=reason, by=user, at=clock.now())
            messages.success(request, _("Lifted. Messages go there again; if it refuses us, it is held again."))
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("contacts:providers")
