"""Who is handed out first: by priority, and among the best whoever can be worked at this hour."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from cases import daytime, worklist, worklist_order
from cases.models import Case, ContactPoint
from collections_app.shared.actor import Actor
from contacts.channels import catalogue
from tests.asked import anew
from tests.factories.cases import CaseFactory, CreditorFactory, PersonFactory
from tests.factories.staff import UserFactory

NOON = datetime(2026, 3, 4, 3, 0, tzinfo=UTC)  # 11:00 in Shanghai, 22:00 in New York


@pytest.fixture
def bank(team):
    return CreditorFactory(team=team)


@pytest.fixture
def waits(bank):
    """Return a function that makes a case that is due."""

    def make(score, *, asleep=False, **given):
        return CaseFactory(creditor=bank, person=PersonFactory(new_york=asleep), at=NOON, score=score, **given)

    return make


def order(user):
    """Return the cases in the order in which they are handed out."""
    handed = []
    while case := worklist.next_case(user=user, actor=Actor.of(user), at=NOON):
        handed.append(case)
        case.next_action_at = NOON + timedelta(days=1)
        case.save(update_fields=["next_action_at"])
        worklist.release(case_id=case.pk, user=user)
    return handed


# -- where it is daytime -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hour", "is_day"), [("08:59:59", False), ("09:00:00", True), ("18:59:59", True), ("19:00:00", False)]
)
def test_daytime_is_from_nine_to_seven_by_the_clock_on_the_wall(hour, is_day):
    at = datetime.fromisoformat(f"2026-03-04T{hour}+05:45")
    assert ("Asia/Kathmandu" in daytime.zones(at)) is is_day


def test_daytime_follows_a_clock_that_is_put_forward():
    quarter_past_nine = datetime(2026, 3, 30, 7, 15, tzinfo=UTC)  # in Berlin, since summer time began on the 29th
    assert "Europe/Berlin" in daytime.zones(quarter_past_nine)
    assert "Europe/Berlin" not in daytime.zones(quarter_past_nine - timedelta(days=3))


def test_daytime_is_known_without_a_book():  # no database here: whoever asks it fails
    zones = daytime.zones(NOON)
    assert ("Asia/Shanghai" in zones, "America/New_York" in zones) == (True, False)


# -- the order ---------------------------------------------------------------------------------------------------------


def test_whoever_is_awake_comes_first_and_then_each_by_priority(waits, collector):
    asleep, awake, less, least = waits(90, asleep=True), waits(50), waits(40, asleep=True), waits(30)
    assert order(collector) == [awake, least, asleep, less]


def test_the_names_ahead_are_those_who_are_handed_out_next_in_their_order(waits, collector):
    asleep, without, first, second = waits(90, asleep=True), waits(80, points=False), waits(50), waits(40)
    names = worklist.queue(collector, at=NOON).upcoming
    assert names == [str(case.person) for case in (first, second, asleep)]
    assert names[:2] == [str(case.person) for case in order(collector)[:2]]
    assert str(without.person) not in names


def test_whoever_is_kept_for_somebody_is_the_first_of_the_names_ahead_and_of_nobody_elses(waits, collector, team):
    _first, second, third = waits(50), waits(40), waits(30)
    colleague = UserFactory(team=team)
    worklist.next_case(user=collector, actor=Actor.of(collector), at=NOON)
    assert worklist.keep_ahead(user=collector, actor=Actor.of(collector), at=NOON) == second
    assert worklist.queue(collector, at=NOON).upcoming == [str(second.person), str(third.person)]
    assert worklist.queue(colleague, at=NOON).upcoming == [str(third.person)]
    Case.objects.filter(pk=second.pk).update(score=1)
    assert worklist.queue(collector, at=NOON).upcoming == [str(second.person), str(third.person)]


def test_whoever_has_no_number_that_may_be_tried_comes_after_those_who_have_one(waits, collector):
    without, bad, silent, called = waits(90, points=False), waits(80), waits(70), waits(10)
    ContactPoint.objects.filter(person=bad.person).update(state="bad")
    silent.point.address.suppressed_at, silent.point.address.suppressed_reason = NOON, "stop"
    silent.point.address.save()
    assert order(collector) == [called, without, bad, silent]


def test_what_needs_no_call_keeps_its_place_at_any_hour_and_without_a_number(waits, collector):
    asleep, called = waits(90, asleep=True, points=False), waits(50)
    paid = waits(70, asleep=True, points=False, next_action="verify_payment")
    assert order(collector) == [paid, called, asleep]


def test_a_number_is_what_a_call_can_go_to():
    assert sorted(worklist_order.TELEPHONES) == sorted(catalogue.info("phone").point_kinds)


@pytest.mark.parametrize(("near", "first"), [(1, "without"), (2, "called")])
def test_whoever_has_no_number_waits_behind_the_nearest_only(waits, collector, monkeypatch, near, first):
    monkeypatch.setattr(worklist_order, "NEAR", near)
    anew(monkeypatch, worklist, "_nearest")
    cases = {"without": waits(90, points=False), "called": waits(10)}
    assert order(collector)[0] == cases[first]


@pytest.mark.parametrize(("far", "first"), [(2, "asleep"), (3, "awake")])
def test_somebody_awake_is_looked_for_so_far_and_no_farther(waits, collector, monkeypatch, far, first):
    monkeypatch.setattr(worklist_order, "NEAR", 1)
    monkeypatch.setattr(worklist_order, "FAR", far)
    anew(monkeypatch, worklist, "_nearest", "_far")
    cases = {"asleep": waits(90, asleep=True), "second": waits(80, asleep=True), "awake": waits(10)}
    assert order(collector)[0] == cases[first]


def test_what_a_colleague_holds_is_not_among_those_who_are_looked_at(waits, team, collector, monkeypatch):
    monkeypatch.setattr(worklist_order, "NEAR", 1)
    monkeypatch.setattr(worklist_order, "FAR", 1)
    anew(monkeypatch, worklist, "_nearest", "_far")
    held, free, colleague = waits(90), waits(50), UserFactory(team=team)
    assert worklist.next_case(user=colleague, actor=Actor.of(colleague), at=NOON) == held
    assert order(collector) == [free]


@pytest.mark.parametrize(("asleep", "asked"), [(False, 7), (True, 9)])
def test_a_claim_asks_twice_more_at_night_however_many_wait(waits, collector, asleep, asked, django_assert_num_queries):
    for _each in range(5):
        waits(10, asleep=asleep)
    actor, zones = Actor.of(collector), daytime.zones(NOON)
    with django_assert_num_queries(asked):
        worklist.next_case(user=collector, actor=actor, at=NOON, zones=zones)


def test_whoever_is_put_off_is_passed_over_without_a_look_at_his_row(waits, collector):
    for _each in range(5):
        waits(90)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
    plan = worklist.waiting(collector, at=NOON).explain()
    (condition,) = [line for line in plan.splitlines() if "Index Cond" in line and "team_id" in line]
    assert "case_worklist" in plan
    assert "next_action_at <=" in condition
