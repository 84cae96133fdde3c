"""What was refused, what broke, what waits too long."""

from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from collections_app.dashboards import decisions
from collections_app.dashboards.catalogue import CASES
from collections_app.dashboards.registry import Box, Cell, Figure, widget
from collections_app.dashboards.scope import Scope


@widget(
    "refused",
    title=_("Refused by rule, today"),
    section="risk",
    definition=_("Decisions of today that a rule refused; one that several rules refused counts for each of them."),
)
def refused(scope: Scope) -> Box:
    """Return how many contacts each rule refused today."""
    found = decisions.refused_by_rule_today(scope)
    rows = [
        [
            Cell(title, url=_address(rule), tone=""),
            Cell(count=count, url=_address(rule), numeric=True),
        ]
        for rule, title, count in found
    ]
    return Box(
        as_of=scope.at,
        columns=[(_("Rule"), False), (_("Refused"), True)],
        rows=rows,
        nothing=_("No contact was refused today."),
    )


def _address(rule: str) -> str:
    return f"{reverse('compliance:decisions')}?{urlencode({'verdict': 'refuse', 'rule': rule, 'day': 'today'})}"


@widget("waiting", title=_("Waiting for a person"), section="risk")
def waiting(scope: Scope) -> Box:
    """Return how many cases wait for a collector, and how many for too long."""
    due = CASES.select(scope, {"state": "waiting"}).count()
    late = CASES.select(scope, {"state": "late"}).count()
    return Box(
        as_of=scope.at,
        figures=[
            Figure(
                _("Due"),
                due,
                CASES.address(state="waiting"),
                icon="inbox",
                definition=_("Open cases whose next action is a person's, and due."),
            ),
            Figure(
                _("Overdue by more than a day"),
                late,
                CASES.address(state="late"),
                tone="stop" if late else "ok",
                icon="alert-triangle",
                definition=_("Of these, the ones that have been due for more than a day."),
            ),
        ],
    )
