"""Which claims run out of time: limitation and guarantee periods near their end, and those that are over."""

from django.utils.translation import gettext_lazy as _

from collections_app.dashboards.catalogue import CLOCKS
from collections_app.dashboards.registry import Box, Figure, widget
from collections_app.dashboards.scope import Scope


@widget(
    "clocks",
    title=_("Legal clocks"),
    section="risk",
    definition=_(
        "Limitation and guarantee periods per account by their last day. A guarantee whose guarantor was called on in "
        "time is not counted."
    ),
)
def clocks(scope: Scope) -> Box:
    """Return how many limitation and guarantee periods end soon, and how many are over."""
    wanted = [
        (_("Limitation, within 30 days"), "limitation", "30", "stop"),
        (_("Limitation, within 180 days"), "limitation", "180", ""),
        (_("Guarantee, within 30 days"), "guarantee", "30", "stop"),
        (_("Time-barred"), "limitation", "over", "soon"),
    ]
    figures = []
    for label, kind, ends, tone in wanted:
        count = CLOCKS.select(scope, {"kind": kind, "ends": ends}).count()
        address = CLOCKS.address(kind=kind, ends=ends)
        figures.append(Figure(label, count, address, tone=tone if count else "", icon="clock"))
    return Box(as_of=scope.at, figures=figures)
