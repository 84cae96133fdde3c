"""A run is previewed, applied exactly as previewed, once, and undone as far as nothing has moved since."""

from datetime import timedelta

import pytest
from django.db.models import F

from cases import assignment, lifecycle, worklist
from cases.distribution import previewing
from cases.distribution.previewing import DistributionRefused
from cases.models import Case, ConflictOfInterest, DistributionMove, Workload
from collections_app.shared.actor import SYSTEM, Actor
from collections_app.staff.models import Absence, TeamProfile
from compliance.models import AuditEvent
from tests.factories.cases import CaseFactory, HoldFactory, PromiseFactory
from tests.factories.staff import TeamFactory, UserFactory

HOUR = timedelta(hours=1)


def outcomes(run):
    return dict(DistributionMove.objects.filter(run=run).values_list("case_id", "outcome"))


def test_a_preview_says_who_would_get_what_and_moves_nothing(floor):
    floor.cases(5)
    run = floor.preview()
    assert run.counts["moved"] == 5
    assert [(row["name"], row["before"][0], row["after"][0]) for row in run.people if row["user"]] == [
        ("li-na", 0, 2), ("wang-wei", 0, 2), ("zhao-min", 0, 1),
    ]  # fmt: skip
    assert floor.held() == [0, 0, 0]


def test_applying_moves_exactly_what_was_previewed_with_one_audit_line_a_case(floor):
    cases = floor.cases(4)
    late = floor.preview()
    floor.cases(1)
    done = floor.apply(late)
    assert (done.moved, done.not_moved) == (4, 0)
    assert floor.held() == [2, 1, 1]
    lines = AuditEvent.objects.filter(name="case.assigned", subject_id__in=[case.pk for case in cases])
    assert lines.count() == 4
    line = lines.get(subject_id=cases[0].pk)
    assert line.details == {
        "owner": floor.li.pk, "from": None, "team": floor.team.pk, "from_team": floor.team.pk,
        "why": "new → language:zh,load", "by": late.ref,
    }  # fmt: skip
    assert line.person_id == cases[0].person_id
    assert Case.objects.get(pk=cases[0].pk).owner_since == floor.at


def test_applying_again_changes_nothing(floor):
    floor.cases(3)
    run = floor.preview()
    floor.apply(run)
    versions = list(Case.objects.order_by("pk").values_list("version", "owner_id"))
    again = floor.apply(run, at=floor.at + HOUR)
    assert (again.again, again.moved) == (True, 3)
    assert list(Case.objects.order_by("pk").values_list("version", "owner_id")) == versions


def test_a_new_preview_after_applying_moves_nothing(floor):
    floor.rules(keep={"while": "balanced"}, mode="balance")
    for amount in ("100.00", "900.00", "400.00", "50.00", "77.10"):
        floor.cases(1, balance=amount)
    floor.apply(floor.preview())
    second = floor.preview(at=floor.at + HOUR)
    assert (second.counts["moved"], second.counts["stayed"]) == (0, 5)


def test_the_same_book_previews_the_same_twice(floor):
    floor.cases(7)
    first, second = floor.preview(), floor.preview()
    assert first.inputs == second.inputs != ""
    assert list(first.moves.order_by("case_id").values_list("case_id", "to_owner")) == list(
        second.moves.order_by("case_id").values_list("case_id", "to_owner")
    )
    floor.cases(1)
    assert floor.preview().inputs != first.inputs


@pytest.mark.parametrize("change", ["rules", "absence", "profile", "left", "team"])
def test_a_preview_of_other_rules_or_people_is_refused(floor, change):
    floor.cases(2)
    run = floor.preview()
    if change == "rules":
        floor.rules(mode="turns")
    if change == "absence":
        Absence.objects.create(user=floor.li, first_day=run.day, last_day=run.day)
    if change == "profile":
        floor.can(floor.li, skills=["legal"])
    if change == "left":
        type(floor.li).objects.filter(pk=floor.li.pk).update(is_active=False)
    if change == "team":
        TeamProfile.objects.create(team=floor.team, buckets=["M1"])
    with pytest.raises(DistributionRefused) as refused:
        floor.apply(run)
    assert refused.value.code == "stale"
    assert floor.held() == [0, 0, 0]


def test_another_run_applied_in_between_makes_a_preview_stale(floor):
    floor.cases(2)
    first, second = floor.preview(), floor.preview()
    floor.apply(first)
    with pytest.raises(DistributionRefused) as refused:
        floor.apply(second)
    assert refused.value.code == "stale"


def test_a_preview_of_another_day_is_not_applied(floor):
    floor.cases(1)
    tomorrow = floor.preview(day=floor.at.date() + timedelta(days=1))
    with pytest.raises(DistributionRefused) as refused:
        floor.apply(tomorrow)
    assert refused.value.code == "not-today"
    with pytest.raises(DistributionRefused, match="today or a later day"):
        floor.preview(day=floor.at.date() - timedelta(days=2))


def test_a_case_that_somebody_works_on_is_not_taken_away(floor):
    floor.rules(keep={"while": "balanced"})
    mine, other = floor.cases(2, owner=floor.wang)
    run = floor.preview()
    (moving,) = outcomes(run)
    worklist.take(case_id=moving, user=floor.wang, actor=Actor.of(floor.wang), at=floor.at)
    done = floor.apply(run)
    assert (done.moved, done.not_moved) == (0, 1)
    assert outcomes(run) == {moving: "busy"}
    assert floor.held() == [0, 2, 0]
    # A preview made meanwhile does not even ask for it: it moves the other one instead.
    again = floor.preview()
    (moves,) = previewing.moves_of(again).values_list("case_id", flat=True)
    assert {moving, moves} == {mine.pk, other.pk}
    assert previewing.explain(again, Case.objects.get(pk=moving)) == ("stays", "", "busy")


def test_cases_that_changed_since_the_preview_stay_and_say_why(floor):
    given, closed, moving = floor.cases(3)
    run = floor.preview()
    assignment.assign(case_id=given.pk, owner=floor.zhao, actor=SYSTEM, at=floor.at)
    lifecycle.close(case_id=closed.pk, reason="sold", actor=SYSTEM, at=floor.at)
    done = floor.apply(run)
    assert (done.moved, done.not_moved) == (1, 2)
    assert outcomes(run) == {given.pk: "changed", closed.pk: "resolved", moving.pk: "applied"}
    assert Case.objects.get(pk=given.pk).owner == floor.zhao


def test_undoing_brings_back_what_has_not_moved_since_and_says_the_rest(floor):
    floor.rules(keep={"while": "balanced"})
    since = floor.at - timedelta(days=3)
    cases = floor.cases(6, owner=floor.li, since=since)
    run = floor.preview()
    floor.apply(run)
    moved = [pk for pk, outcome in outcomes(run).items() if outcome == "applied"]
    assert len(moved) == 4
    later = floor.at + HOUR
    assignment.assign(case_id=moved[0], owner=floor.li, actor=SYSTEM, at=later)
    worklist.take(case_id=moved[1], user=floor.wang, actor=SYSTEM, at=later)
    lifecycle.close(case_id=moved[2], reason="sold", actor=SYSTEM, at=later)
    done = floor.undo(run, at=later)
    assert (done.moved, done.not_moved) == (1, 3)
    assert {pk: outcomes(run)[pk] for pk in moved} == {
        moved[0]: "kept_moved", moved[1]: "kept_busy", moved[2]: "kept_resolved", moved[3]: "undone",
    }  # fmt: skip
    back = Case.objects.get(pk=moved[3])
    assert (back.owner, back.owner_since) == (floor.li, since)
    assert floor.undo(run, at=later + HOUR).again
    assert len(cases) == 6


def test_a_case_is_not_brought_back_to_somebody_who_left(floor):
    floor.rules(keep={"while": "balanced"})
    floor.cases(3, owner=floor.li)
    run = floor.preview()
    floor.apply(run)
    type(floor.li).objects.filter(pk=floor.li.pk).update(is_active=False)
    assert floor.undo(run).moved == 0
    assert set(outcomes(run).values()) == {"kept_gone"}


def test_what_was_undone_is_not_applied_again_and_what_was_not_applied_not_undone(floor):
    floor.cases(1)
    run = floor.preview()
    with pytest.raises(DistributionRefused, match="not applied"):
        floor.undo(run)
    floor.apply(run)
    floor.undo(run)
    with pytest.raises(DistributionRefused, match="undone"):
        floor.apply(run)


def test_a_run_of_one_team_leaves_the_others_alone(floor):
    south = TeamFactory(code="south")
    UserFactory(team=south, username="sun")
    floor.cases(2)
    CaseFactory(creditor=floor.bank, team=south, at=floor.at)
    run = floor.preview(team=floor.team)
    assert run.counts["cases"] == 2
    assert {row["name"] for row in run.people} == {"li-na", "wang-wei", "zhao-min", ""}


def test_a_case_goes_to_the_first_team_that_takes_it(floor):
    late = TeamFactory(code="late")
    TeamProfile.objects.create(team=late, buckets=["M3", "M4"])
    TeamProfile.objects.create(team=floor.team, buckets=["M1", "M2"])
    expert = UserFactory(team=late, username="expert")
    floor.rules(teams=["north", "late"])
    (early,), (old,) = floor.cases(1, dpd=12), floor.cases(1, dpd=75, owner=floor.li)
    run = floor.preview()
    assert run.counts["teams"] == 1
    floor.apply(run)
    assert Case.objects.get(pk=early.pk).team == floor.team
    assert [Case.objects.get(pk=old.pk).team, Case.objects.get(pk=old.pk).owner] == [late, expert]


def test_needs_come_from_the_features_of_a_case(floor):
    floor.can(floor.zhao, skills=["hardship"], languages=["zh"], tier="senior")
    floor.rules(needs=[{"skill": "hardship", "when": {"hardship": True}}])
    (hard,), _others = floor.cases(1, is_hardship=True), floor.cases(4)
    floor.apply(floor.preview())
    assert Case.objects.get(pk=hard.pk).owner == floor.zhao
    assert DistributionMove.objects.get(case=hard).chosen == "skill:hardship,language:zh,load"


def test_after_a_broken_promise_somebody_else_takes_over_and_it_does_not_come_back(floor):
    floor.rules(away={"broken_promise": True, "not_back_days": 30})
    (case,) = floor.cases(1, owner=floor.li, since=floor.at - timedelta(days=9))
    promise = PromiseFactory(case=case, broken=True)
    type(promise).objects.filter(pk=promise.pk).update(settled_at=floor.at - timedelta(days=1))
    floor.apply(floor.preview())
    case.refresh_from_db()
    assert case.owner == floor.wang
    type(floor.li).objects.filter(pk__in=[floor.wang.pk, floor.zhao.pk]).update(is_active=False)
    assert floor.preview(at=floor.at + HOUR).counts["nobody_why"] == {"all_barred": 1}
    # Negative control: a promise broken before he had the case says nothing about him.
    Case.objects.filter(pk=case.pk).update(owner=floor.li, owner_since=floor.at)
    assert floor.preview(at=floor.at + HOUR).counts["moved"] == 0


def test_after_a_complaint_somebody_else_takes_over(floor):
    floor.rules(away={"complaint": True})
    (case,) = floor.cases(1, owner=floor.li, since=floor.at - timedelta(days=9))
    HoldFactory(case=case, kind="complaint", starts_at=floor.at - timedelta(days=1))
    assert floor.preview().counts["left"] == {"complaint": 1}


def test_nobody_works_his_own_debt_nor_one_he_has_an_interest_in(floor):
    (own,), (cousin,) = floor.cases(1), floor.cases(1)
    number = "+8613912345678"
    from tests.factories.cases import AddressFactory, ContactPointFactory

    ContactPointFactory(person=own.person, address=AddressFactory(value=number))
    type(floor.li).objects.filter(pk=floor.li.pk).update(phone=number)
    for user in (floor.wang, floor.zhao):
        ConflictOfInterest.objects.create(user=user, person=cousin.person, reason="cousin", recorded_at=floor.at)
    floor.apply(floor.preview())
    assert Case.objects.get(pk=own.pk).owner == floor.wang
    assert Case.objects.get(pk=cousin.pk).owner == floor.li


def test_applying_writes_down_what_everybody_holds(floor):
    floor.cases(3, dpd=100, balance="50.00")
    floor.apply(floor.preview())
    row = Workload.objects.get(user=floor.li)
    assert (row.cases, row.balance, row.buckets, row.late) == (1, 50, {"M4": 1}, 1)


def test_the_database_keeps_the_order_of_a_run(floor):
    from django.db import IntegrityError, transaction

    run = floor.preview()
    with pytest.raises(IntegrityError, match="undone_only_after"), transaction.atomic():
        type(run).objects.filter(pk=run.pk).update(undone_at=F("previewed_at"))


def test_every_case_of_a_run_is_explained(floor):
    floor.can(floor.li, skills=["hardship"], max_cases=1)
    floor.rules(needs=[{"skill": "hardship", "when": {"hardship": True}}], keep={"days": 10})
    (kept,) = floor.cases(1, owner=floor.wang)
    (hard,), (left,) = floor.cases(1, is_hardship=True), floor.cases(1, is_hardship=True)
    (old,) = floor.cases(1, owner=floor.zhao, since=floor.at - timedelta(days=11))
    run = floor.preview()
    said = [previewing.explain(run, Case.objects.get(pk=case.pk)) for case in (kept, hard, left, old)]
    assert said == [
        ("stays", "", "continuity"),
        ("moves", "new", "skill:hardship,language:zh,load"),
        ("nobody", "new", "no_room"),
        ("moves", "days", "language:zh,load"),
    ]
    (elsewhere,) = floor.cases(1)
    assert previewing.explain(run, elsewhere) is None
