"""Who is on which path: sides of a canary, what a move says, stops, coming back, dwelling, and when things begin."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases.models import Case
from collections_app.shared.actor import SYSTEM
from contacts.models import Enrolment
from contacts.strategy import rollout
from tests.contacts.strategy.nights import (
    AT,
    FIRST,
    case_of,
    night,
    person_of,
    planned,
    published,
    segment,
    stays,
    where,
)
from tests.factories.cases import CreditorFactory, ProductFactory

pytestmark = pytest.mark.django_db
NEW = segment("all", {"key": "sms-1"}, {"key": "sms-9", "from_dpd": 9})
LATE = {"fact": "dpd", "op": "at_least", "value": 6}
EARLY = {"fact": "dpd", "op": "less_than", "value": 6}
WILLING = {"fact": "willingness", "op": "is", "value": "high"}


@pytest.fixture
def bank():
    creditor = CreditorFactory(code="bank")
    ProductFactory(creditor=creditor)
    return creditor


# -- the share of a canary ---------------------------------------------------------------------------------------------


def test_a_canary_takes_its_share_and_the_others_stay_where_they_are(bank):
    inside, outside = case_of(bank, person=person_of(inside=True)), case_of(bank, person=person_of(inside=False))
    published(bank)
    night(bank)
    published(bank, NEW, share=10)
    night(bank, 1)
    assert stays(inside) == [(1, "all", "version-changed"), (2, "all", "")]
    assert stays(outside) == [(1, "all", "")]
    assert (planned(inside), planned(outside)) == (["sms-1"], ["sms-1"])


def test_who_is_in_a_canary_stays_in_it_when_it_widens_and_the_rest_follows(bank):
    people = {side: [case_of(bank, person=person_of(inside=side, share=1)) for _ in range(2)] for side in (True, False)}
    published(bank)
    second = published(bank, NEW, share=1)
    night(bank)
    assert [where(case) for case in people[True]] == [(2, "all")] * 2
    assert [where(case) for case in people[False]] == [(1, "all")] * 2
    rollout.widen(version_id=second.pk, share=10, actor=SYSTEM, at=AT)
    rollout.widen(version_id=second.pk, share=100, actor=SYSTEM, at=AT)
    night(bank, 1)
    assert stays(people[True][0]) == [(2, "all", "")]
    assert stays(people[False][0]) == [(1, "all", "version-changed"), (2, "all", "")]


@pytest.mark.parametrize("verb", ["stop", "roll_back"])
def test_the_persons_of_a_canary_that_ends_go_back_and_nothing_is_done_twice(bank, verb):
    case = case_of(bank, person=person_of(inside=True))
    published(bank)
    second = published(bank, NEW, share=10)
    night(bank)
    getattr(rollout, verb)(version_id=second.pk, reason="bad", actor=SYSTEM, at=AT)
    night(bank, 1)
    assert stays(case) == [(2, "all", "version-changed"), (1, "all", "")]
    assert Enrolment.objects.filter(case=case, planned__step__key="sms-1").count() == 1


def test_without_a_version_before_the_others_are_left_to_people(bank):
    inside, outside = case_of(bank, person=person_of(inside=True)), case_of(bank, person=person_of(inside=False))
    published(bank, share=10)
    night(bank)
    assert (where(inside), where(outside)) == ((1, "all"), None)
    assert Case.objects.get(pk=outside.pk).next_action == "call"


# -- what becomes of cases in flight -----------------------------------------------------------------------------------


def test_a_case_that_moves_goes_on_where_it_was(bank):
    case = case_of(bank, dpd=8)
    published(bank)
    night(bank)
    published(bank, NEW)
    night(bank, 1)
    assert (where(case), planned(case)) == ((2, "all"), ["sms-1", "sms-9"])


def test_what_did_not_leave_before_a_case_moved_is_planned_again(bank):
    case = case_of(bank)
    published(bank)
    night(bank, sends=False)
    published(bank, NEW)
    assert night(bank, 1) == {"sms-1": 1}
    assert planned(case) == ["sms-1"]


def test_a_case_that_stays_finishes_the_old_path_and_new_ones_take_the_new(bank):
    old = segment("all", {"key": "sms-1"}, {"key": "old-7", "from_dpd": 7})
    case = case_of(bank, dpd=6)
    published(bank, old)
    night(bank)
    published(bank, NEW, moves={"all": "stay"})
    newcomer = case_of(bank, dpd=6)
    night(bank, 1)
    assert (where(case), planned(case)) == ((1, "all"), ["sms-1", "old-7"])
    assert where(newcomer) == (2, "all")
    published(bank, segment("all", {"key": "third"}))
    night(bank, 2)
    assert (where(case), where(newcomer)) == ((1, "all"), (3, "all"))


def test_a_case_of_a_canary_may_finish_the_path_of_the_version_in_force(bank):
    case = case_of(bank, person=person_of(inside=True))
    published(bank)
    night(bank)
    published(bank, NEW, share=10, moves={"all": "stay"})
    newcomer = case_of(bank, person=person_of(inside=True))
    night(bank, 1)
    assert (where(case), where(newcomer)) == ((1, "all"), (2, "all"))


def test_a_case_that_begins_anew_says_so_once(bank):
    case = case_of(bank)
    published(bank)
    night(bank)
    published(bank, NEW, moves={"all": "restart"})
    night(bank, 1)
    rows = Enrolment.objects.filter(case=case).order_by("pk")
    assert list(rows.values_list("left_reason", "is_fresh")) == [("restarted", False), ("", True)]
    published(bank, segment("all", {"key": "third"}))
    night(bank, 2)
    assert Enrolment.objects.get(case=case, left_on__isnull=True).is_fresh is False


def test_a_case_that_is_taken_out_comes_back_to_no_later_version_but_to_the_one_rolled_back_to(bank):
    case = case_of(bank)
    published(bank)
    night(bank)
    second = published(bank, NEW, moves={"all": "end"})
    night(bank, 1)
    assert stays(case) == [(1, "all", "ended")]
    assert Case.objects.get(pk=case.pk).next_action == "call"
    night(bank, 2)
    assert where(case) is None
    rollout.roll_back(version_id=second.pk, reason="bad", actor=SYSTEM, at=AT)
    night(bank, 3)
    assert where(case) == (1, "all")


def test_a_case_that_was_taken_out_is_not_taken_by_the_version_after(bank):
    case = case_of(bank)
    published(bank)
    night(bank)
    published(bank, NEW, moves={"all": "end"})
    night(bank, 1)
    published(bank, segment("all", {"key": "third"}))
    night(bank, 2)
    assert where(case) is None


# -- when things begin and stop ----------------------------------------------------------------------------------------


def test_a_version_begins_on_its_day_and_the_one_before_goes_on_until_then(bank):
    case = case_of(bank)
    published(bank)
    published(bank, NEW, starts_on=FIRST + timedelta(days=3))
    seen = []
    for number in range(3):
        night(bank, number)
        seen.append(where(case))
    assert seen == [(1, "all"), (1, "all"), (2, "all")]


def test_a_stopped_version_leaves_its_cases_where_they_are_and_plans_nothing(bank):
    case = case_of(bank, dpd=8)
    version = published(bank, NEW)
    night(bank)
    rollout.stop(version_id=version.pk, reason="bad", actor=SYSTEM, at=AT)
    assert night(bank, 1) == {}
    assert (where(case), planned(case)) == ((1, "all"), ["sms-1"])
    rollout.resume(version_id=version.pk, actor=SYSTEM, at=AT)
    assert night(bank, 2) == {"sms-9": 1}
    assert Case.objects.get(pk=case.pk).next_action


def test_what_was_stopped_in_an_emergency_does_not_go_on_until_its_successor_begins(bank):
    case_of(bank)
    first = published(bank)
    rollout.stop(version_id=first.pk, reason="bad", actor=SYSTEM, at=AT)
    published(bank, NEW, starts_on=FIRST + timedelta(days=2))
    assert night(bank) == {}
    assert night(bank, 1) == {"sms-1": 1}


# -- stop conditions, coming back, dwelling ----------------------------------------------------------------------------


def test_a_case_whose_stop_condition_is_true_leaves_and_goes_to_a_person(bank):
    case = case_of(bank, dpd=5)
    published(bank, segment("all", {"key": "sms-1"}, stop=LATE))
    night(bank)
    assert where(case) == (1, "all")
    night(bank, 1)
    assert stays(case) == [(1, "all", "stopped")]
    assert Case.objects.get(pk=case.pk).next_action == "call"
    night(bank, 2)
    assert stays(case) == [(1, "all", "stopped")]


def test_a_case_that_is_stopped_may_be_taken_by_another_segment(bank):
    case = case_of(bank, dpd=5)
    published(bank, segment("first", {"key": "sms-1"}, stop=LATE), segment("second", {"key": "sms-2"}))
    night(bank)
    night(bank, 1)
    assert stays(case) == [(1, "first", "stopped"), (1, "second", "")]


@pytest.mark.parametrize(
    ("rule", "back"),
    [({}, 3), ({"re_entry": "never"}, None), ({"re_entry": "after", "re_entry_days": 3}, 5)],
    ids=["always", "never", "after"],
)
def test_a_case_comes_back_as_the_segment_says(bank, rule, back):
    case = case_of(bank)
    published(bank, segment("willing", {"key": "sms-1"}, condition=WILLING, **rule), segment("rest", {"key": "x"}))
    seen = {}
    for number, grade in enumerate(["high", "high", "low", "high", "high", "high", "high"]):
        Case.objects.filter(pk=case.pk).update(willingness=grade)
        night(bank, number)
        seen[number] = where(case)[1]
    came_back = next((number for number in range(3, 7) if seen[number] == "willing"), None)
    assert (seen[0], seen[1], seen[2], came_back) == ("willing", "willing", "rest", back)


@pytest.mark.parametrize(("dwell", "changed"), [(0, 1), (3, 3)])
def test_a_case_changes_segments_after_it_has_dwelt(bank, dwell, changed):
    case = case_of(bank, dpd=5)
    published(bank, segment("late", {"key": "b"}, condition=LATE),
              segment("early", {"key": "a"}, condition=EARLY, dwell_days=dwell))  # fmt: skip
    seen = []
    for number in range(5):
        night(bank, number)
        seen.append(where(case)[1])
    assert seen.index("late") == changed


def test_a_case_that_dwells_is_stopped_all_the_same(bank):
    case = case_of(bank, dpd=5)
    published(bank, segment("early", {"key": "a"}, dwell_days=30, stop=LATE))
    night(bank)
    night(bank, 1)
    assert stays(case) == [(1, "early", "stopped")]


def test_named_sets_and_conditions_are_those_of_the_version(bank):
    case = case_of(bank)
    Case.objects.filter(pk=case.pk).update(willingness="high")
    word = {"fact": "willingness", "op": "in", "value": ["@lost"]}
    published(bank, segment("lost", {"key": "a"}, condition={"named": "poor"}), segment("rest", {"key": "b"}),
              sets={"lost": ["high"]}, named={"poor": word})  # fmt: skip
    night(bank)
    assert where(case) == (1, "lost")


def test_a_night_takes_as_many_statements_for_two_cases_as_for_ten(bank):
    published(bank)
    published(bank, NEW, share=10, moves={"all": "restart"})

    def count() -> int:
        with CaptureQueriesContext(connection) as seen:
            night(bank, 0)
        return len(seen)

    for inside in (True, False):
        case_of(bank, person=person_of(inside=inside))
    count()
    before = count()
    for number in range(8):
        case_of(bank, person=person_of(inside=number % 2 == 0))
    night(bank, 0)
    assert count() == before
