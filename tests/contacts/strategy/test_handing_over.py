"""A step "assign" gives cases to a team, a skill or a level, at night, and as often as the night is run again."""

import pytest

from cases.models import Case
from collections_app.staff.models import Absence, WorkProfile
from compliance.models import AuditEvent
from contacts.models import PlannedContact
from tests.contacts.strategy.test_effects import case_of, night, publish, step
from tests.factories.cases import CreditorFactory, ProductFactory
from tests.factories.staff import TeamFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def legal():
    """The legal team: Sun knows legal work, Tang does not."""
    team = TeamFactory(code="legal")
    sun, tang = (UserFactory(team=team, username=name) for name in ("sun", "tang"))
    WorkProfile.objects.create(user=sun, skills=["legal"], tier="senior")
    return team, sun, tang


@pytest.fixture
def creditor():
    creditor = CreditorFactory(code="bank", team=TeamFactory(code="south"))
    ProductFactory(creditor=creditor)
    return creditor


def test_cases_go_to_whoever_of_the_team_has_the_skill_and_the_level(creditor, legal):
    team, sun, _tang = legal
    publish(creditor, steps=[step("assign", settings={"team": "legal", "skill": "legal", "tier": "senior"})])
    cases = [case_of(creditor, 5) for _each in range(3)]
    assert night(creditor) == {"assign": 3}
    assert set(Case.objects.values_list("team", "owner")) == {(team.pk, sun.pk)}
    assert set(PlannedContact.objects.values_list("status", flat=True)) == {"done"}
    assert AuditEvent.objects.filter(name="case.assigned", subject_id__in=[case.pk for case in cases]).count() == 3


def test_a_skill_that_nobody_has_leaves_the_case_with_the_team(creditor, legal):
    publish(creditor, steps=[step("assign", settings={"team": "legal", "skill": "mortgage"})])
    case = case_of(creditor, 5)
    night(creditor)
    case.refresh_from_db()
    assert (case.team.code, case.owner) == ("legal", None)


def test_somebody_who_is_away_on_the_day_of_work_is_given_none(creditor, legal):
    publish(creditor, steps=[step("assign", settings={"team": "legal", "skill": "legal"})])
    case = case_of(creditor, 5)
    night(creditor)
    day = PlannedContact.objects.get().business_date
    case.refresh_from_db()
    assert case.owner == legal[1]
    Absence.objects.create(user=legal[1], first_day=day, last_day=day)
    other = case_of(creditor, 5)
    night(creditor)
    other.refresh_from_db()
    assert (other.team.code, other.owner) == ("legal", None)


def test_a_skill_that_nobody_has_takes_nothing(creditor):
    publish(creditor, steps=[step("assign", settings={"skill": "mortgage"})])
    case = case_of(creditor, 5)
    team = case.team
    assert night(creditor) == {"assign": 1}
    case.refresh_from_db()
    assert (case.team, case.owner) == (team, None)
