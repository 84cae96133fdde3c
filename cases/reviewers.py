"""Who comes back to what was held or opened: the team of the case, else of the creditor, else whoever wrote it down."""

from typing import TypedDict

from cases.models import Case, Creditor
from collections_app.shared.actor import Actor
from collections_app.staff.models import Team


class Reviewer(TypedDict):
    """The columns that name a reviewer; one of them is set."""

    reviewer_team_id: int | None
    reviewer_id: int | None


def find(*, person_id: int, creditor_id: int | None, team_id: int | None = None, actor: Actor) -> Reviewer:
    """Return who reviews what concerns this person."""
    if team_id is None:
        cases = Case.objects.filter(person_id=person_id, team_id__isnull=False)
        if creditor_id is not None:
            cases = cases.filter(creditor_id=creditor_id)
        team_id = cases.order_by("-opened_at", "-pk").values_list("team_id", flat=True).first()
    if team_id is None and creditor_id is not None:
        team_id = Creditor.objects.values_list("team_id", flat=True).get(pk=creditor_id)
    return last_resort(team_id=team_id, actor=actor)


def last_resort(*, team_id: int | None, actor: Actor) -> Reviewer:
    """Return the team, else whoever acts, else the first team there is (made, where there is none): never nobody."""
    if team_id is None and actor.kind == "user":
        return {"reviewer_team_id": None, "reviewer_id": actor.id}
    if team_id is None:
        first = Team.objects.order_by("pk").first() or Team.objects.create(code="review", name="Review")
        team_id = first.pk
    return {"reviewer_team_id": team_id, "reviewer_id": None}
