"""A strategy hands cases to a team, a skill or a level: in one statement, and twice is once."""

import pytest

from cases import worklist
from cases.distribution import HandedOver, HandOverRefused, hand_over_many
from cases.models import Case
from collections_app.shared.actor import SYSTEM, Actor
from collections_app.staff.models import Absence
from compliance.models import AuditEvent
from tests.factories.staff import TeamFactory, UserFactory


def hand(floor, cases, **to):
    return hand_over_many(case_ids=[case.pk for case in cases], actor=SYSTEM, at=floor.at, why="step-4", **to)


@pytest.fixture
def legal(floor):
    """The legal team: Sun, senior, who knows legal work; Tang, who does not."""
    team = TeamFactory(code="legal")
    sun, tang = (UserFactory(team=team, username=name) for name in ("sun", "tang"))
    floor.can(sun, skills=["legal"], tier="senior")
    return team, sun, tang


def test_to_a_team_alone_a_case_lies_with_it(floor, legal):
    cases = floor.cases(2, owner=floor.li)
    assert hand(floor, cases, team="legal") == HandedOver(to_team=2)
    assert set(Case.objects.values_list("team__code", "owner", "owner_since")) == {("legal", None, None)}


def test_to_a_team_and_a_skill_it_goes_to_whoever_has_it(floor, legal):
    team, sun, _tang = legal
    cases = floor.cases(3, owner=floor.li)
    assert hand(floor, cases, team="legal", skill="legal", tier="senior") == HandedOver(to_collector=3)
    assert set(Case.objects.values_list("team", "owner", "owner_since")) == {(team.pk, sun.pk, floor.at)}
    line = AuditEvent.objects.get(subject_id=cases[0].pk, name="case.assigned")
    assert line.details["why"] == "step-4"
    assert (line.details["from"], line.details["owner"]) == (floor.li.pk, sun.pk)


def test_doing_it_again_changes_nothing(floor, legal):
    cases = floor.cases(3)
    hand(floor, cases, team="legal", skill="legal")
    before = list(Case.objects.order_by("pk").values_list("version", "owner"))
    assert hand(floor, cases, team="legal", skill="legal") == HandedOver(kept=3)
    assert list(Case.objects.order_by("pk").values_list("version", "owner")) == before


def test_nobody_with_the_skill_means_the_team_has_it(floor, legal):
    cases = floor.cases(1)
    assert hand(floor, cases, team="legal", skill="mortgage") == HandedOver(to_team=1)
    Absence.objects.create(user=legal[1], first_day=floor.at.date(), last_day=floor.at.date())
    assert hand(floor, floor.cases(1), team="legal", skill="legal") == HandedOver(to_team=1)


def test_within_its_own_team_an_owner_who_fits_keeps_his_case(floor):
    floor.can(floor.li, tier="specialist")
    floor.can(floor.wang, tier="senior")
    (fits,), (junior,) = floor.cases(1, owner=floor.li), floor.cases(1, owner=floor.zhao)
    assert hand(floor, [fits, junior], tier="senior") == HandedOver(to_collector=1, kept=1)
    assert [Case.objects.get(pk=each.pk).owner for each in (fits, junior)] == [floor.li, floor.wang]


def test_room_is_respected_over_everything_somebody_has(floor, legal):
    floor.can(legal[1], skills=["legal"], max_cases=2)
    floor.cases(1, owner=legal[1])
    assert hand(floor, floor.cases(3), team="legal", skill="legal") == HandedOver(to_collector=1, to_team=2)


def test_a_case_that_somebody_works_on_and_one_that_is_resolved_are_left_alone(floor, legal):
    (held,), (closed,) = floor.cases(1), floor.cases(1)
    worklist.take(case_id=held.pk, user=floor.li, actor=Actor.of(floor.li), at=floor.at)
    from cases import lifecycle

    lifecycle.close(case_id=closed.pk, reason="sold", actor=SYSTEM, at=floor.at)
    assert hand(floor, [held, closed], team="legal") == HandedOver(busy=1)
    assert set(Case.objects.values_list("team__code", flat=True)) == {"north"}


@pytest.mark.parametrize(
    ("to", "code"),
    [
        ({}, "nothing-said"), ({"team": "nowhere"}, "unknown-team"), ({"skill": "magic"}, "unknown-skill"),
        ({"tier": "boss"}, "unknown-tier"),
    ],
)  # fmt: skip
def test_what_does_not_exist_is_refused(floor, to, code):
    with pytest.raises(HandOverRefused) as refused:
        hand(floor, floor.cases(1), **to)
    assert refused.value.code == code
