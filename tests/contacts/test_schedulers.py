"""P7: no scheduler, one, two or three, a clock that is put forward and back: every slot once, none late, gaps shown.

The schedulers are threads on connections of their own in a real database. A doorbell does its work where it is rung.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import requests
from django.db import connection, connections

from cases.models import Promise
from collections_app.celery import app
from collections_app.shared import clock
from compliance.models import AuditEvent
from contacts import tasks, ticks
from contacts.models import ContactAttempt, NightRun, NightStep, PlannedContact, Tick
from tests.contacts.conftest import TEN, TOKEN, WORDING, Running
from tests.factories.cases import CaseFactory, CreditorFactory, PromiseFactory
from tests.factories.contacts import PlannedContactFactory, StepFactory, TemplateFactory

MINUTE = timedelta(minutes=1)
FIRST = datetime(2026, 3, 3, 17, 58, 20, tzinfo=UTC)  # 01:58 in Shanghai: in two minutes the night may begin


class Machines:
    """Schedulers that tick together. `at` is what the product's clock shows; the database's minutes only go on."""

    def __init__(self) -> None:
        self.at, self.first = FIRST, clock.now().replace(second=7, microsecond=0)
        self.ticked = 0

    @property
    def real_at(self) -> datetime:
        return self.first + self.ticked * MINUTE

    def minute(self, schedulers: int, **step: float) -> list[bool]:
        """Let a minute pass, the product's clock step besides, and so many schedulers tick; return whose it was."""
        self.ticked += 1
        self.at += MINUTE + timedelta(**step)
        put_clock(self.at)
        return together(schedulers, lambda _place: tasks.tick(at=clock.now(), real_at=self.real_at))


def together(number: int, work: Callable[[int], Any]) -> list[Any]:
    """Do it so many times at the same moment, each on a connection of its own."""
    if not number:
        return []
    ready = threading.Barrier(number)

    def one(place: int) -> Any:
        connections["default"].ensure_connection()
        ready.wait()
        try:
            return work(place)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(one, range(number)))


def put_clock(at: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO clock_offset (id, seconds) VALUES (1, %s)"
            " ON CONFLICT (id) DO UPDATE SET seconds = excluded.seconds",
            [round((at - datetime.now(UTC)).total_seconds())],
        )


@pytest.fixture
def machines(own_database: Any, carrier: Running, settings: Any) -> Iterator[Machines]:
    settings.CLOCK_SHIFT = True
    before = app.conf.task_always_eager
    app.conf.task_always_eager = True  # the doorbell is heard at once, by the one who rang
    yield Machines()
    app.conf.task_always_eager = before
    put_clock(datetime.now(UTC))


def due_at(at: datetime, **more: Any) -> PlannedContact:
    step = StepFactory(template=TemplateFactory(versions=WORDING))
    return PlannedContactFactory(case=CaseFactory(at=TEN - timedelta(days=1), **more), step=step, at=at,
                                 expires_at=TEN + timedelta(days=9))  # fmt: skip


def sent_at(planned: PlannedContact) -> datetime | None:
    return ContactAttempt.objects.values_list("started_at", flat=True).get(planned=planned, status="sent")


def messages_by_key(carrier: Running) -> Counter[str]:
    return Counter(message.key for message in carrier.messages())


def test_every_slot_once_whoever_ticks_and_however_the_clock_jumps(machines: Machines, carrier: Running):
    bank = CreditorFactory(code="bank")
    waits = CaseFactory(creditor=bank, on=date(2026, 3, 3), dpd=5, promised=True)
    promise = PromiseFactory(case=waits, made_at=FIRST - timedelta(days=9), due_on=date(2026, 2, 27), grace_days=1)

    # by three: the promise whose grace has ended, the day before; the night of the third, once it is two o'clock
    assert sorted(machines.minute(3)) == [False, False, True]
    assert Promise.objects.get(pk=promise.pk).status == "broken"
    assert nights() == [("bank", date(2026, 3, 2), "done")]
    assert sorted(machines.minute(3)) == [False, False, True]
    assert nights() == [("bank", date(2026, 3, day), "done") for day in (2, 3)]

    # ten o'clock, by two; then five minutes by nobody; then one, and what fell due is sent at once
    later = (timedelta(0), 3 * MINUTE, timedelta(hours=1, minutes=2))
    plans = [due_at(TEN + after, creditor=bank) for after in later]
    machines.at = TEN - timedelta(seconds=40)
    assert sorted(machines.minute(2)) == [False, True]
    assert sent_at(plans[0]) - TEN < timedelta(minutes=1)
    for _missed in range(5):
        assert machines.minute(0) == []
    assert len(carrier.messages()) == 1
    assert ticks.missed(real_at=machines.real_at) == 4  # the present one may still come
    assert machines.minute(1) == [True]
    assert ticks.missed(real_at=machines.real_at) == 5
    assert sent_at(plans[1]) - machines.at < timedelta(minutes=1)

    # an hour forward and back, a day forward and back, a day back and forward
    for step in ({"hours": 1}, {"hours": -1}, {"days": 1}, {"days": -1}, {"days": -1}, {"days": 1}):
        assert sum(machines.minute(3, **step)) == 1, step

    assert Tick.objects.count() == machines.ticked - 5
    assert ticks.missed(real_at=machines.real_at + MINUTE) == 5
    assert messages_by_key(carrier) == {str(planned.key): 1 for planned in plans}
    assert set(ContactAttempt.objects.values_list("status", flat=True)) == {"sent"}
    assert nights() == [("bank", date(2026, 3, day), "done") for day in (2, 3, 4)]
    assert AuditEvent.objects.filter(name="night.started").count() == 3
    assert not NightStep.objects.exclude(state="done").exists()
    assert AuditEvent.objects.filter(name="promise.broken").count() == 1


def nights() -> list[tuple[str, date, str]]:
    rows = NightRun.objects.order_by("creditor_id", "business_date")
    return list(rows.values_list("creditor__code", "business_date", "status"))


def test_schedulers_without_a_row_per_minute_double_what_they_find(machines: Machines, carrier: Running):
    """The negative control: three schedulers that look what is due and send it, as one alone would."""
    planned = due_at(TEN)
    looked = threading.Barrier(3)

    def naive(_place: int) -> int:
        found = list(PlannedContact.objects.filter(pk=planned.pk, status="planned").values_list("key", flat=True))
        looked.wait()
        for key in found:
            asked = {"to": "+8613800138000", "text": "…", "reference": str(key)}
            headers = {"Authorization": f"Bearer {TOKEN}"}
            requests.post(f"{carrier.url}/sms/messages", json=asked, headers=headers, timeout=5)
        return len(found)

    assert sum(together(3, naive)) == 3
    assert Counter(message.reference for message in carrier.messages()) == {str(planned.key): 3}
