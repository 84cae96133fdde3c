"""What each number of a day means: one text for the collector's page, the supervisor's form and the dashboard."""

from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Kpi:
    """A number: its key, name, definition and picture."""

    key: str
    label: Any
    definition: Any
    icon: str = "point"


# The table of the dashboard and the page of a collector count the same promises.
KEPT_DEFINITION: Final = _(
    "Promises whose last day was in the last 30 days, by who recorded them. Kept of judged: those paid in full and "
    "in time, of those that are over. Paid of promised: what came in time for them, at most what was promised. A "
    "promise that was moved counts once, by its last day; one that was taken back does not count."
)
CALLS: Final = Kpi(
    "calls", _("Calls"), _("Your calls that are over, since midnight on your clock. Visits are not counted."), "phone"
)
TALKS: Final = Kpi(
    "talks",
    _("Talks with the right person"),
    _("Your calls and visits of today in which you spoke with the borrower, or with somebody who owes with him."),
    "user-circle",
)
PROMISES: Final = Kpi(
    "promises",
    _("Promises"),
    _("Promises recorded with you today. One that was taken back or moved does not count."),
    "flag",
)
DUE: Final = Kpi(
    "due",
    _("Promises due today and tomorrow"),
    _("Open promises of your cases, or made with you, of which a part is due today or tomorrow."),
    "calendar",
)
KEPT: Final = Kpi("kept", _("Promises kept, 30 days"), KEPT_DEFINITION, "check")
MONEY: Final = Kpi(
    "money",
    _("Paid on promises kept today"),
    _("What was paid for your promises that were found kept today. It stands only beside the share of kept promises."),
    "coin",
)
REFUSED: Final = Kpi(
    "refused",
    _("Stopped by a rule"),
    _("Contacts that you asked for and the rules did not permit. Nothing went out; asking is no fault."),
    "hand-stop",
)
DISCLOSED: Final = Kpi(
    "disclosed",
    _("Disclosures said"),
    _("Of your calls of the last 30 days that reached their person: those in which all was said that rules demand."),
    "check",
)
COMPLAINTS: Final = Kpi(
    "complaints",
    _("Complaints after my contacts"),
    _(
        "Complaints of the last 30 days by people whom you called or visited within the 30 days before. That does not "
        "say that they are about you, or that they are right."
    ),
    "message",
)
