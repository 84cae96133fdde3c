"""Calls agreed for a certain time: in the queue of whoever promised them, and handed on when nobody made them."""

from datetime import UTC, datetime, timedelta

import pytest

from cases import callbacks, lifecycle, worklist
from cases.callbacks import CallbackRefused
from cases.models import Callback
from collections_app.shared.actor import SYSTEM, Actor
from compliance.models import AuditEvent
from tests.factories.cases import CaseFactory, CreditorFactory
from tests.factories.staff import UserFactory

pytestmark = pytest.mark.django_db
TEN = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)  # ten in the morning in Shanghai
HOUR = timedelta(hours=1)


@pytest.fixture
def case(team):
    return CaseFactory(creditor=CreditorFactory(team=team), at=TEN, working=True, score=10)


@pytest.fixture
def colleague(team):
    return UserFactory(team=team)


def agree(case, *, owner=None, to="team", starts=HOUR, by=None):
    return callbacks.agree(
        case_id=case.pk,
        starts_at=TEN + starts,
        ends_at=TEN + starts + HOUR,
        owner_id=owner.pk if owner else None,
        fallback_to=to,
        fallback_at=TEN + starts + 3 * HOUR,
        actor=Actor.of(by or owner) if (by or owner) else SYSTEM,
        at=TEN,
    )


def handed_out(user, at):
    case = worklist.next_case(user=user, actor=Actor.of(user), at=at, zones=["Asia/Shanghai"])
    if case is not None:
        worklist.release(case_id=case.pk, user=user)
    return case


def test_whoever_promised_it_gets_the_case_at_its_time_before_all_others(case, team, collector, colleague):
    urgent = CaseFactory(creditor=case.creditor, at=TEN, working=True, score=99)
    agree(case, owner=collector)
    assert handed_out(collector, TEN) == urgent
    assert handed_out(collector, TEN + HOUR) == case
    assert handed_out(colleague, TEN + HOUR) == urgent


def test_nobody_else_is_handed_the_case_while_it_is_the_owners(case, collector, colleague):
    agree(case, owner=collector)
    assert handed_out(colleague, TEN + HOUR) is None
    assert [one.case for one in callbacks.of_user(collector, at=TEN)] == [case]
    assert not callbacks.of_user(colleague, at=TEN).exists()


def test_a_callback_of_the_team_is_anybodys(case, colleague):
    agree(case)
    assert handed_out(colleague, TEN + HOUR) == case


def test_a_missed_one_goes_where_it_was_said(team, collector, colleague):
    ends = {}
    for to in ("team", "supervisor", "owner"):
        case = CaseFactory(creditor=CreditorFactory(team=team), at=TEN, working=True)
        agree(case, owner=collector, to=to)
        ends[to] = case
    over = TEN + 2 * HOUR
    assert callbacks.fall_back(at=over - timedelta(seconds=1)) == {"missed": 0, "dropped": 0}
    assert callbacks.fall_back(at=over) == {"missed": 3, "dropped": 0}
    assert callbacks.fall_back(at=over) == {"missed": 0, "dropped": 0}
    found = {}
    for to, case in ends.items():
        case.refresh_from_db()
        assert case.next_action_at == TEN + 4 * HOUR
        assert case.next_action_note == "callback-missed"
        found[to] = case.next_action
    assert found == {"team": "call", "supervisor": "review", "owner": "callback"}
    again = Callback.objects.get(case=ends["owner"], ended_at__isnull=True)
    assert (again.owner, again.fallback_to) == (collector, "team")
    assert AuditEvent.objects.filter(name="callback.missed").count() == 3
    assert handed_out(colleague, TEN + 4 * HOUR) == ends["team"]


def test_a_call_in_its_window_is_the_agreed_one_and_one_long_before_is_not(case, collector):
    agreed = agree(case, owner=collector)
    callbacks.called(case_id=case.pk, at=TEN, actor=SYSTEM)
    agreed.refresh_from_db()
    assert agreed.ended_as == ""
    callbacks.called(case_id=case.pk, at=TEN + HOUR - timedelta(minutes=10), actor=SYSTEM)
    agreed.refresh_from_db()
    assert agreed.ended_as == "done"


def test_whatever_is_next_instead_takes_its_place(case, collector):
    agree(case, owner=collector)
    lifecycle.set_next_action(case_id=case.pk, action="review", due_at=TEN, actor=SYSTEM, at=TEN)
    assert callbacks.fall_back(at=TEN + HOUR) == {"missed": 0, "dropped": 1}
    case.refresh_from_db()
    assert (case.next_action, case.next_action_note) == ("review", "")


def test_a_second_one_gives_the_first_up(case, collector):
    first, second = agree(case, owner=collector), agree(case, owner=collector, starts=2 * HOUR)
    first.refresh_from_db()
    assert (first.ended_as, second.ended_as) == ("dropped", "")


@pytest.mark.parametrize(
    ("starts", "ends", "falls", "code"),
    [(-2, -1, 1, "past"), (1, 1, 2, "window"), (1, 14, 15, "window"), (1, 2, 1, "fallback")],
)
def test_a_window_that_nobody_can_keep_is_refused(case, starts, ends, falls, code):
    with pytest.raises(CallbackRefused) as refused:
        callbacks.agree(
            case_id=case.pk, starts_at=TEN + starts * HOUR, ends_at=TEN + ends * HOUR, owner_id=None,
            fallback_to="team", fallback_at=TEN + falls * HOUR, actor=SYSTEM, at=TEN,
        )  # fmt: skip
    assert refused.value.code == code
    assert not Callback.objects.exists()
