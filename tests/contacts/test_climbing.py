"""After an outage of the senders several rungs are due at once: a case goes up one a day, by the creditor's day."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contacts.dispatch import outgoing
from contacts.dispatch.climbing import climbs_again
from contacts.models import PlannedContact
from tests.contacts.conftest import TEN

pytestmark = pytest.mark.django_db
SHANGHAI = "Asia/Shanghai"


def climbed_today(row: PlannedContact, *, at: datetime, time_zone: str) -> datetime | None:
    """Return when this step may be tried again, as dispatch reads it."""
    known = outgoing.read(row, at=at)
    return climbs_again(
        row.severity, before=known.climbed_before, today=known.climbed_today, at=at, time_zone=time_zone
    )


@pytest.fixture
def rung(plan: Any) -> Any:
    """Return a function that plans a contact of one case, done at an instant where one is given."""
    case = plan().case

    def make(severity: int, *, done: datetime | None = None, **fields: Any) -> PlannedContact:
        row = plan(case=case, severity=severity, **fields)
        if done is not None:
            PlannedContact.objects.filter(pk=row.pk).update(status="done", finished_at=done)
        return row

    return make


def test_the_second_step_up_waits_for_tomorrow_by_the_creditors_day(rung: Any):
    rung(1, done=TEN - timedelta(hours=1))
    sharper = rung(2)
    assert climbed_today(sharper, at=TEN, time_zone=SHANGHAI) == datetime(2026, 3, 4, 16, 0, tzinfo=UTC)
    assert climbed_today(sharper, at=TEN + timedelta(days=1), time_zone=SHANGHAI) is None


def test_the_height_that_was_reached_before_today_is_no_step_up(rung: Any):
    rung(2, done=TEN - timedelta(days=1))
    rung(2, done=TEN - timedelta(hours=1))
    assert climbed_today(rung(2), at=TEN, time_zone=SHANGHAI) is None
    assert climbed_today(rung(3), at=TEN, time_zone=SHANGHAI) is None


def test_the_mildest_step_waits_for_nothing_and_a_review_is_no_step(rung: Any):
    rung(2, done=TEN - timedelta(hours=1))
    assert climbed_today(rung(1), at=TEN, time_zone=SHANGHAI) is None


def test_a_step_that_was_not_done_counts_for_nothing(rung: Any):
    rung(1)
    assert climbed_today(rung(2), at=TEN, time_zone=SHANGHAI) is None
