"""A reminder of a promise leaves only while there is something to call to mind, and only where it is permitted."""

from datetime import date

import pytest

from cases import instructions, promises
from collections_app.shared.actor import SYSTEM
from contacts import tasks
from contacts.models import ContactAttempt
from tests.contacts.conftest import TEN
from tests.contacts.test_dispatch import run
from tests.factories.cases import CaseFactory, PromiseFactory
from tests.factories.contacts import StepFactory, TemplateFactory

pytestmark = pytest.mark.django_db
SOON = {"fact": "days_until_promise", "op": "between", "value": [0, 1]}
WORDING = {"zh-hans": "【{{ creditor_name }}】您曾告知将于{{ promise_date }}前还款{{ promise_amount }}。{{ opt_out }}"}


@pytest.fixture
def reminder(plan):
    """Return a function that plans the reminder of a promise for the next day."""

    def make(condition=SOON, named=None, **promised):
        case = CaseFactory(at=TEN, promised=True)
        promise = PromiseFactory(case=case, made_at=TEN, due_on=date(2026, 3, 5), **promised)
        template = TemplateFactory(purpose="service_reminder", versions=WORDING)
        step = StepFactory(template=template, condition=condition, segment__version__named=named or {})
        planned = plan(case=case, step=step, purpose="service_reminder")
        return planned, promise

    return make


def state(planned):
    planned.refresh_from_db()
    return planned.status, planned.reason_code


def test_it_leaves_and_names_the_part_that_is_next(carrier, reminder, now):
    planned, _promise = reminder(amount="500.00", paid_amount="200.00")
    run(now)
    assert state(planned)[0] == "done"
    (message,) = carrier.messages()
    assert "300.00" in message.text
    assert ContactAttempt.objects.get().purpose == "service_reminder"


def test_a_condition_in_the_words_of_the_strategy_is_asked_in_them(carrier, reminder, now):
    planned, _promise = reminder(condition={"named": "soon"}, named={"soon": SOON})
    run(now)
    assert state(planned)[0] == "done"


def test_a_promise_that_was_kept_meanwhile_is_not_called_to_mind(carrier, reminder, now):
    planned, promise = reminder()
    promise.keep(at=TEN)
    promise.save()
    run(now)
    assert state(planned) == ("cancelled", "no-longer-due")
    assert carrier.messages() == []


def test_one_that_was_moved_further_away_neither(carrier, reminder, now):
    planned, promise = reminder()
    promises.make(
        case_id=planned.case_id, parts=[promises.Part(date(2026, 3, 9), promise.amount)], currency=promise.currency,
        replace=True, actor=SYSTEM, at=TEN,
    )  # fmt: skip
    run(now)
    assert state(planned) == ("cancelled", "no-longer-due")


def test_who_wants_no_texts_gets_no_reminder_either(carrier, reminder, now):
    planned, _promise = reminder()
    instructions.give(person_id=planned.person_id, kind="opt_out", channel="sms", actor=SYSTEM, at=TEN)
    run(now)
    assert state(planned)[0] == "withheld"
    assert carrier.messages() == []


def test_every_minute_rings_for_promises_whose_time_is_over(monkeypatch, django_capture_on_commit_callbacks):
    rung = []
    monkeypatch.setattr(tasks.settle_promises, "apply_async", lambda **given: rung.append(given["kwargs"]))
    for other in (tasks.close_missed_days, tasks.finish_inbound, tasks.sweep, tasks.send_written):
        monkeypatch.setattr(other, "apply_async", lambda **given: None)
    with django_capture_on_commit_callbacks(execute=True):
        tasks.tick(at=TEN, real_at=TEN)
        tasks.tick(at=TEN, real_at=TEN)  # the minute is taken
    assert rung == [{}]
