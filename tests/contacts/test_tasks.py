"""The tick and the doorbell: a minute is taken once, a lost broker harms nothing, a wrong clock sends nothing."""

from datetime import timedelta
from typing import Any

import pytest
from celery.exceptions import OperationalError
from django.db import transaction

from collections_app.celery import app
from collections_app.shared import clock
from contacts import tasks
from contacts.models import ContactAttempt, PlannedContact, Tick
from contacts.tasks import ClockSkewed
from tests.contacts.conftest import TEN

pytestmark = pytest.mark.django_db


@pytest.fixture
def rung(monkeypatch: Any) -> list[tuple[str, dict[str, Any]]]:
    """Return the doorbells as the broker would hear them."""
    heard: list[tuple[str, dict[str, Any]]] = []

    def hear(task: Any) -> Any:
        return lambda **options: heard.append((task.name, options["kwargs"]))

    for task in (tasks.dispatch_due, tasks.sweep, tasks.close_missed_days):
        monkeypatch.setattr(task, "apply_async", hear(task))
    return heard


def test_the_schedule_names_a_task_that_exists():
    (entry,) = app.conf.beat_schedule.values()
    assert entry["task"] == tasks.minute_tick.name


def test_a_minute_rings_once_for_what_is_due(plan, rung, django_capture_on_commit_callbacks):
    plan()
    plan(channel="email", try_again_at=TEN + timedelta(hours=1))
    with django_capture_on_commit_callbacks(execute=True):
        assert tasks.tick(at=TEN, real_at=TEN + timedelta(seconds=3)) is True
        assert tasks.tick(at=TEN, real_at=TEN + timedelta(seconds=4)) is False
    names = [name for name, _ in rung]
    assert ("contacts.dispatch_due", {"channel": "sms"}) in rung
    assert ("contacts.dispatch_due", {"channel": "email"}) not in rung
    assert names.count("contacts.sweep") == 1
    assert Tick.objects.count() == 1


def test_a_worker_that_starts_looks_at_once(plan, rung, django_capture_on_commit_callbacks):
    plan()
    tasks.tick(at=TEN, real_at=TEN)
    rung.clear()
    with django_capture_on_commit_callbacks(execute=True):
        tasks.wake(at=TEN)
    assert rung == [("contacts.dispatch_due", {"channel": "sms"}), ("contacts.sweep", {})]


def test_the_next_minute_rings_again(rung, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        for minute in (0, 1, 1, 2):
            tasks.tick(at=TEN, real_at=TEN + timedelta(minutes=minute, seconds=minute))
    assert [name for name, _ in rung].count("contacts.sweep") == 3


def test_nothing_rings_for_what_was_rolled_back(rung, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        tasks.ring("sms")
        transaction.set_rollback(True)
    assert rung == []


def test_a_broker_that_is_away_is_counted_and_harms_nobody(monkeypatch, django_capture_on_commit_callbacks):
    def away(**options: Any) -> None:
        raise OperationalError

    monkeypatch.setattr(tasks.dispatch_due, "apply_async", away)
    before = tasks.missed_rings
    with django_capture_on_commit_callbacks(execute=True):
        tasks.ring("sms")
    assert tasks.missed_rings == before + 1


def test_a_message_of_the_broker_carries_no_facts(plan, carrier, settings):
    settings.CLOCK_SHIFT = True
    _shift_clock_to_ten()
    planned = plan()
    tasks.dispatch_due(channel="sms", colour="of a later release")
    planned.refresh_from_db()
    assert planned.status == "done"
    tasks.dispatch_due(channel="sms")
    tasks.sweep()
    assert ContactAttempt.objects.count() == 1


def _shift_clock_to_ten() -> None:
    from django.db import connection

    seconds = int((TEN - (clock.now() - clock.offset())).total_seconds()) + 60
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO clock_offset (id, seconds) VALUES (1, %s)"
            " ON CONFLICT (id) DO UPDATE SET seconds = excluded.seconds",
            [seconds],
        )


def test_a_machine_whose_clock_is_off_sends_nothing(plan, carrier, monkeypatch):
    plan()
    real = tasks.database_now
    monkeypatch.setattr(tasks, "database_now", lambda: real() + timedelta(seconds=31))
    with pytest.raises(ClockSkewed):
        tasks.dispatch_due(channel="sms")
    assert PlannedContact.objects.get().status == "planned"
