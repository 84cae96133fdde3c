"""Who works, and how much came through their hands. No money here: nobody is ranked by what he brought in."""

from typing import Any

from django.db.models import Count, Max
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from collections_app.dashboards import sets
from collections_app.dashboards.catalogue import CASES
from collections_app.dashboards.registry import Box, Cell, widget
from collections_app.dashboards.scope import Scope
from collections_app.staff.models import User
from collections_app.staff.roles import Role
from contacts import breaks


@widget(
    "collectors",
    title=_("Collectors today"),
    section="people",
    definition=_(
        "Handled: cases with a finished call or visit today. On the desk: cases open at this moment. Now: whether "
        "somebody is on a break."
    ),
    wide=True,
)
def collectors(scope: Scope) -> Box:
    """Return, per collector within reach, the cases handled today, the calls, and the cases on the desk."""
    people = User.objects.filter(is_active=True, role=Role.COLLECTOR).select_related("team")
    if not scope.sees_all:
        people = people.filter(team_id=scope.user.team_id, team__isnull=False)
    done = sets.contacts_handled(scope)
    handled: dict[int, Any] = {
        row["made_by_id"]: row
        for row in done.order_by()
        .values("made_by_id")
        .annotate(cases=Count("case_id", distinct=True), calls=Count("pk"), last=Max("ended_at"))
    }
    desks = sets.held_by(sets.cases(scope), scope).order_by().values("lease_by_id").annotate(cases=Count("pk"))
    on_desk = {row["lease_by_id"]: row["cases"] for row in desks}
    rows = []
    listed = list(people.order_by("team__name", "name", "pk"))
    resting = breaks.of_people([person.pk for person in listed])
    for person in listed:
        row = handled.get(person.pk) or {}
        rows.append(
            [
                Cell(str(person)),
                Cell(str(person.team or "–")),
                Cell(count=row.get("cases", 0), url=CASES.address(by=person.pk), numeric=True),
                Cell(count=on_desk.get(person.pk, 0), url=CASES.address(desk=person.pk), numeric=True),
                Cell(gettext("on a break") if person.pk in resting else ""),
            ]
        )
    return Box(
        as_of=scope.at,
        columns=[
            (_("Collector"), False),
            (_("Team"), False),
            (_("Handled today"), True),
            (_("On the desk"), True),
            (_("Now"), False),
        ],
        rows=rows,
        nothing=_("Nobody works in this team yet."),
    )
