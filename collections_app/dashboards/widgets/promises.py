"""What became of the promises that each collector was given: those that were kept count, not those that were made."""

from decimal import Decimal
from typing import Any, Final

from django.db.models import Count, F, Q, Sum
from django.db.models.functions import Least
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cases.models import Promise
from collections_app.dashboards import sets
from collections_app.dashboards.catalogue import PROMISES
from collections_app.dashboards.registry import Box, Cell, widget
from collections_app.dashboards.scope import Scope
from collections_app.staff.models import User
from collections_app.templatetags.display import digits
from contacts.my_day import kpis

DAYS: Final = 30
ENOUGH: Final = 20  # judged promises from which on a share says more than its two numbers
_STATES: Final = (Promise.Status.KEPT, Promise.Status.PARTLY_KEPT, Promise.Status.BROKEN, Promise.Status.OPEN)


@widget(
    "kept",
    title=_("Promises kept, by collector"),
    section="people",
    definition=kpis.KEPT_DEFINITION,
    wide=True,
)
def kept(scope: Scope) -> Box:
    """Return, per collector and currency, what became of the promises that fell due in the last 30 days."""
    fallen = sets.promises_fallen_due(sets.promises(scope), scope, DAYS)
    counts = {state: Count("pk", filter=Q(status=state)) for state in _STATES}
    found: list[Any] = list(
        fallen.order_by()
        .values("made_with_id", "currency")
        .annotate(due=Count("pk"), promised=Sum("amount"), paid=Sum(Least(F("paid_amount"), F("amount"))), **counts)
        .order_by("made_with_id", "currency")
    )
    people = User.objects.in_bulk([row["made_with_id"] for row in found if row["made_with_id"]])
    found.sort(key=lambda row: (str(people.get(row["made_with_id"], "~")), row["currency"]))
    return Box(
        as_of=scope.at,
        columns=[
            (_("Collector"), False),
            (_("Fell due"), True),
            (_("Kept"), True),
            (_("Partly kept"), True),
            (_("Broken"), True),
            (_("Still open"), True),
            (_("Kept of judged"), True),
            (_("Paid of promised"), True),
        ],
        rows=[_row(row, people.get(row["made_with_id"])) for row in found],
        nothing=_("No promise fell due in the last 30 days."),
    )


def _row(row: dict[str, Any], person: User | None) -> list[Cell]:
    asked = {"fallen": DAYS, "with": person.pk if person else 0, "currency": row["currency"]}
    judged = row["due"] - row[Promise.Status.OPEN]
    states = [
        Cell(
            count=row[state],
            url=PROMISES.address(**asked, status=state),
            numeric=True,
            tone=tone if row[state] else "",
        )
        for state, tone in zip(_STATES, ("ok", "soon", "stop", ""), strict=True)
    ]
    return [
        Cell(str(person) if person else gettext("without a collector")),
        Cell(count=row["due"], url=PROMISES.address(**asked), numeric=True),
        *states,
        Cell(_share(row[Promise.Status.KEPT], judged), numeric=True),
        Cell(_of_promised(row["paid"], row["promised"], row["currency"]), numeric=True),
    ]


def _share(kept_: int, judged: int) -> str:
    """Return "8 of 10", with the share where there are enough of them for one to mean anything."""
    if not judged:
        return "–"
    words = gettext("%(part)s of %(whole)s") % {"part": kept_, "whole": judged}
    return f"{words} · {round(100 * kept_ / judged)} %" if judged >= ENOUGH else words


def _of_promised(paid: Decimal, promised: Decimal, currency: str) -> str:
    values = {"part": digits(paid, currency), "whole": digits(promised, currency), "currency": currency}
    return gettext("%(part)s of %(whole)s %(currency)s") % values
