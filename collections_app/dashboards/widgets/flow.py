"""What goes out: contacts of today, and the queue of planned ones."""

from typing import Any

from django.db.models import Min
from django.db.models.functions import Greatest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from collections_app.dashboards import decisions
from collections_app.dashboards.catalogue import ATTEMPTS
from collections_app.dashboards.registry import Box, Figure, widget
from collections_app.dashboards.scope import Scope
from collections_app.shared import clock
from collections_app.templatetags.clocks import duration
from contacts import epochs, outbox, ticks
from contacts.models import Tick


@widget(
    "contacts",
    title=_("Contacts today"),
    section="flow",
    definition=_("Today is the business date of each creditor."),
)
def contacts(scope: Scope) -> Box:
    """Return what was sent, called, failed and refused today."""
    sent = ATTEMPTS.select(scope, {"which": "sent"}).count()
    calls = ATTEMPTS.select(scope, {"which": "calls"}).count()
    failed = ATTEMPTS.select(scope, {"which": "failed"}).count()
    refused = decisions.refused_today(scope).count()
    return Box(
        as_of=scope.at,
        figures=[
            Figure(_("Sent"), sent, ATTEMPTS.address(which="sent"), icon="send"),
            Figure(_("Calls"), calls, ATTEMPTS.address(which="calls"), icon="phone"),
            Figure(
                _("Failed"),
                failed,
                ATTEMPTS.address(which="failed"),
                tone="soon" if failed else "",
                icon="alert-circle",
            ),
            Figure(
                _("Refused"),
                refused,
                f"{reverse('compliance:decisions')}?verdict=refuse&day=today",
                icon="shield-x",
                definition=_("Decisions of the gate that refused a contact today."),
            ),
        ],
    )


@widget("queue", title=_("Queue of messages"), section="flow")
def queue(scope: Scope) -> Box:
    """Return how the queue of planned contacts stands, and when the workers last ticked."""
    rows = outbox.planned(scope.user)
    due = outbox.due(rows, scope.at)
    count, withheld = due.count(), outbox.withheld(rows).count()
    oldest = due.aggregate(oldest=Min(Greatest("try_again_at", "created_at")))["oldest"]
    tick = Tick.objects.order_by("-minute").values_list("minute", flat=True).first()
    address = reverse("contacts:planned")
    age = (scope.at - oldest).total_seconds() if oldest else None
    silent = None if tick is None else (scope.at - tick).total_seconds()
    note: Any
    if silent is None:
        note = _("The background workers have not started yet.")
    elif silent > 180:
        note = _("The workers last ticked %(ago)s ago: nothing is being sent.") % {"ago": duration(silent)}
    elif lost := ticks.missed(real_at=scope.at - clock.offset()):
        note = _("The background workers are running; nobody ticked in %(n)s minutes of the last day.") % {"n": lost}
    else:
        note = _("The background workers are running.")
    held = outbox.held_providers()
    if held:
        note = _("%(provider)s refuses our account for %(ago)s: nothing is handed to it until somebody mends that.") % {
            "provider": ", ".join(each.provider for each in held),
            "ago": duration((scope.at - (held[0].held_since or scope.at)).total_seconds()),
        }
    if epochs.went_back():
        note = _("This database is older than what was sent from here: nothing is sent until somebody releases it.")
    return Box(
        as_of=scope.at,
        note=note,
        figures=[
            Figure(
                _("Due now"),
                count,
                f"{address}?view=due",
                icon="send",
                note=_("oldest for %(age)s") % {"age": duration(age)} if age is not None else "",
                tone="stop" if held or (age is not None and age > 900) else "",
                definition=_("Automatic contacts whose time has come and that are of use still."),
            ),
            Figure(
                _("Withheld"),
                withheld,
                f"{address}?view=withheld",
                icon="clock",
                definition=_("Put off with a reason and a time at which they are tried again."),
            ),
            Figure(_("Being sent"), outbox.claimed(rows).count(), f"{address}?view=claimed", icon="arrow-right"),
        ],
    )
