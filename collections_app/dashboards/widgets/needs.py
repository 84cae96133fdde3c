"""What waits for the supervisor himself."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cases import approval_facts, reach
from collections_app.dashboards.catalogue import CASES, FEEDS, HOLDS
from collections_app.dashboards.registry import Box, Figure, widget
from collections_app.dashboards.scope import Scope
from contacts import outbox
from contacts.my_day import abuse


def _tone(count: int, tone: str) -> str:
    return tone if count else "ok"


@widget("needs", title=_("Waits for you"), section="now", wide=True)
def needs(scope: Scope) -> Box:
    """Return what only a supervisor can settle."""
    uncertain = outbox.uncertain(scope.user).count()
    review = CASES.select(scope, {"state": "review"}).count()
    holds = HOLDS.select(scope, {"which": "review"}).count()
    feeds = FEEDS.select(scope, {"which": "stale"}).count()
    unallocated = reach.unallocated(scope.user).count()
    to_sign = approval_facts.waiting(scope.user).count()
    abused = []
    if scope.user.has_perm("contacts.lead_day"):
        calls = abuse.to_talk_about(scope.user).count()
        abused.append(
            Figure(
                _("Abusive calls"),
                calls,
                reverse("contacts:team-day"),
                tone=_tone(calls, "soon"),
                icon="heart-handshake",
                definition=_("A colleague was abused in a call, and nobody has talked with him about it yet."),
            )
        )
    return Box(
        as_of=scope.at,
        figures=[
            Figure(
                _("Approvals"),
                to_sign,
                reverse("cases:approvals"),
                tone=_tone(to_sign, "soon"),
                icon="list-check",
                definition=_("What others asked for and you may sign: settlements, waivers, plans, write-offs."),
            ),
            *abused,
            Figure(
                _("Uncertain messages"),
                uncertain,
                reverse("contacts:uncertain"),
                tone=_tone(uncertain, "stop"),
                icon="help",
                definition=_("Nobody knows whether they left; they count against the limits until you say."),
            ),
            Figure(
                _("Cases to review"),
                review,
                CASES.address(state="review"),
                tone=_tone(review, "soon"),
                icon="eye",
                definition=_("The next action is a review, and it is due."),
            ),
            Figure(
                _("Holds to review"),
                holds,
                HOLDS.address(which="review"),
                tone=_tone(holds, "soon"),
                icon="hand-stop",
                definition=_("Holds in force whose review date has come."),
            ),
            Figure(
                _("Feeds too old"),
                feeds,
                FEEDS.address(which="stale"),
                tone=_tone(feeds, "stop"),
                icon="database-import",
                definition=_("Active creditors whose newest balances are older than allowed; automatic sending waits."),
            ),
            Figure(
                _("Payments without an account"),
                unallocated,
                reverse("cases:unallocated"),
                tone=_tone(unallocated, "soon"),
                icon="coin",
                definition=_("Money that arrived and that nobody could place."),
            ),
        ],
    )
