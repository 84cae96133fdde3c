"""What the pages about decisions need to know of cases: whose they are, what people are called, which day it is."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.urls import NoReverseMatch, reverse
from django.utils.safestring import SafeString

from cases import date_boxes, reach
from cases.models import Case, Person
from collections_app.shared import refs
from compliance.models import Decision
from compliance.models.decision import DecisionQuerySet


class KnowsCases:
    """Answers from cases, creditors and teams; registered with `compliance.reach` when the app is ready."""

    def limit(self, decisions: DecisionQuerySet, user: Any) -> DecisionQuerySet:
        """Return the decisions of the user's own team, or all of them with that right: whose cases he may see."""
        if not user.is_active or not user.has_perm("cases.view_case"):
            return decisions.none()
        if user.has_perm("cases.view_all"):
            return decisions
        if user.team_id is None:
            return decisions.none()
        mine = Exists(Case.objects.filter(pk=OuterRef("case_id"), team_id=user.team_id))
        own = reach.creditors(user).order_by().values("pk")
        return decisions.filter(mine | Q(case_id__isnull=True, creditor_id__in=own))

    def today(self, user: Any, at: datetime) -> Q:
        """Return the condition that a decision was made in its creditor's present business date."""
        return reach.within_today(reach.days(list(reach.creditors(user)), at), "at")

    def people(self, decisions: Collection[Decision]) -> dict[int, str]:
        """Return the names of the people that these decisions are about."""
        people = Person.objects.filter(pk__in={decision.person_id for decision in decisions})
        return {person.pk: str(person) for person in people}

    def cases(self, decisions: Collection[Decision]) -> dict[int, tuple[str, str]]:
        """Return reference and address of the cases of these decisions."""
        return {pk: (refs.encode("C", pk), _case_url(pk)) for pk in {one.case_id for one in decisions} if pk}

    def named(self, text: str) -> Q:
        """Return the condition that the person is called so (part of the name), or that it is this case."""
        try:
            return Q(case_id=refs.decode("C", text))
        except refs.BadReference:
            return Q(person_id__in=Person.objects.filter(name__icontains=text).values("pk"))

    def day(self, text: str) -> date | None:
        """Return the day that somebody typed as people say days; None for one that cannot be read."""
        return date_boxes.asked_day(text)

    def day_box(self, name: str, text: str, day: date | None) -> SafeString:
        """Return the box in which such a day is typed, with the line that says how it is read."""
        return date_boxes.asked_box(name, text, day)


def _case_url(pk: int) -> str:
    try:
        return reverse("cases:case", args=[refs.encode("C", pk)])
    except NoReverseMatch:
        return ""
