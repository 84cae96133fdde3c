"""What strategies may ask about promises and clocks: kept, broken, coming; and the reminder of the day before."""

from datetime import UTC, date, datetime, timedelta

import pytest

from contacts.models import LegalClock, Template
from contacts.strategy import sentences
from contacts.strategy.conditions import Context, holds_for
from tests.contacts.strategy.test_planner import NIGHT_OF, case_of, night, publish
from tests.factories.cases import CaseFactory, CreditorFactory, ProductFactory, PromiseFactory

pytestmark = pytest.mark.django_db
ON = Context(day=date(2026, 3, 5), begins_at=datetime(2026, 3, 4, 16, tzinfo=UTC))
REMINDER = {
    "key": "remind", "kind": "message", "template": "t-remind", "from_dpd": 1, "repeat_every_days": 2,
    "condition": {"fact": "days_until_promise", "op": "between", "value": [0, 1]},
}  # fmt: skip


def leaf(fact, op, value):
    return {"fact": fact, "op": op, "value": value}


def test_kept_and_broken_promises_are_counted_and_their_share(at):
    case = CaseFactory(at=at, working=True)
    assert holds_for(case.pk, leaf("promises_kept_percent", "at_least", 50), ON) is None  # none was judged
    for state in ("kept", "kept", "broken", "cancelled"):
        PromiseFactory(case=case, to=state)
    for fact, op, value, expected in [
        ("promises_kept", "is", 2, True),
        ("promises_kept_percent", "at_least", 66, True),
        ("promises_kept_percent", "at_least", 67, False),
        ("promises_kept_percent", "less_than", 67, True),
        ("promises_broken", "is", 1, True),
    ]:
        assert holds_for(case.pk, leaf(fact, op, value), ON) is expected, (fact, op, value)


def test_days_since_the_last_broken_promise_are_counted(at):
    case = CaseFactory(at=at, working=True)
    asked = leaf("days_since_broken_promise", "at_least", 10)
    assert holds_for(case.pk, asked, ON) is None
    promise = PromiseFactory(case=case, broken=True)
    for days, expected in [(10, True), (9, False)]:
        type(promise).objects.filter(pk=promise.pk).update(settled_at=ON.begins_at - timedelta(days=days))
        assert holds_for(case.pk, asked, ON) is expected


def test_days_until_the_next_part_are_counted(at):
    case = CaseFactory(at=at, promised=True)
    assert holds_for(case.pk, leaf("days_until_promise", "at_least", 0), ON) is None
    promise = PromiseFactory(case=case, due_on=date(2026, 3, 7))
    assert holds_for(case.pk, leaf("days_until_promise", "is", 2), ON) is True
    type(promise).objects.filter(pk=promise.pk).update(next_due_on=date(2026, 3, 6))
    assert holds_for(case.pk, leaf("days_until_promise", "is", 1), ON) is True
    type(promise).objects.filter(pk=promise.pk).update(next_due_on=date(2026, 3, 4))
    assert holds_for(case.pk, leaf("days_until_promise", "between", [0, 9]), ON) is False


def test_days_to_the_end_of_limitation_are_counted(at):
    case = CaseFactory(at=at, working=True)
    asked = leaf("days_to_limitation", "at_most", 30)
    assert holds_for(case.pk, asked, ON) is None
    LegalClock.objects.create(
        case=case, account=case.account, person=case.person, creditor=case.creditor, kind="limitation", rule="R",
        starts=date(2023, 4, 4), ends=date(2026, 4, 4), over_at=ON.begins_at,
    )  # fmt: skip
    assert holds_for(case.pk, asked, ON) is True
    assert holds_for(case.pk, leaf("days_to_limitation", "less_than", 30), ON) is False


def test_they_read_as_sentences():
    assert sentences.of_condition(REMINDER["condition"]) == "days until the next promised payment between 0 and 1"
    assert sentences.of_condition(leaf("promises_kept_percent", "less_than", 50)) == (
        "promises kept of a hundred less than 50"
    )


def test_a_promise_is_called_to_mind_on_the_day_before_and_once():
    creditor = CreditorFactory(code="bank")
    ProductFactory(creditor=creditor)
    Template.objects.create(code="t-remind", name="t", channel="sms", purpose="service_reminder")
    publish(creditor, steps=[REMINDER, {"key": "sms", "kind": "message", "template": "t-sms", "from_dpd": 1}])
    case = case_of(creditor, 9, to="promised", next_action="wait_promise")
    PromiseFactory(case=case, due_on=date(2026, 3, 6))
    planned = [night(creditor, NIGHT_OF + timedelta(days=number)) for number in range(5)]
    assert planned == [{}, {"remind": 1}, {}, {}, {}]  # on the 5th; nothing else while the promise runs


def test_a_reminder_is_no_future_for_a_case_whose_path_has_ended():
    creditor = CreditorFactory(code="bank")
    ProductFactory(creditor=creditor)
    Template.objects.create(code="t-remind", name="t", channel="sms", purpose="service_reminder")
    publish(creditor, steps=[REMINDER])
    case = case_of(creditor, 9)
    night(creditor)
    case.refresh_from_db()
    assert (case.next_action, case.next_action_note) == ("review", "strategy-ended")
