"""A database that was restored from a backup writes to nobody until a person has released it; missed minutes show."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from collections_app.shared.actor import SYSTEM
from compliance.models import AuditEvent
from contacts import dispatch, epochs, stops, tasks, ticks
from contacts.dispatch.claims import claim_due
from contacts.models import SendingEpoch, Tick
from tests.contacts.conftest import TEN

pytestmark = pytest.mark.django_db


@pytest.fixture
def kept(settings: Any, tmp_path: Path) -> Path:
    settings.EPOCH_FOLDER = str(tmp_path)
    return tmp_path


def restore(number: int) -> None:
    """Be the database as it was some minutes ago."""
    SendingEpoch.objects.filter(pk=1).update(number=number)


def test_a_fresh_database_and_one_that_goes_on_are_free(kept: Path):
    assert epochs.went_back() is False
    for _minute in range(3):
        epochs.advance()
    assert SendingEpoch.objects.get().number == 3
    assert [path.read_text() for path in kept.iterdir()] == ["3"]
    assert epochs.went_back() is False


def test_a_restored_database_sends_nothing_until_it_is_released(kept: Path, plan: Any):
    for _minute in range(3):
        epochs.advance()
    planned = plan()
    restore(2)
    assert epochs.went_back() is True
    assert dispatch.run(channel="sms", now=lambda: TEN) == {"stopped": 1}
    planned.refresh_from_db()
    assert (planned.status, planned.claim) == ("planned", 0)
    epochs.advance()  # a minute that passes does not make up for it
    assert (SendingEpoch.objects.get().number, epochs.went_back()) == (2, True)
    epochs.release(actor=SYSTEM, at=TEN)
    assert (SendingEpoch.objects.get().number, epochs.went_back(), stops.stops_channel("sms")) == (4, False, False)
    assert AuditEvent.objects.get(name="sending.released").details == {"before": 2, "number": 4}


def test_without_the_file_outside_a_restored_database_goes_unseen(settings: Any):
    """The negative control: what is only kept inside goes back with the backup."""
    settings.EPOCH_FOLDER = ""
    SendingEpoch.objects.create(number=3)
    restore(2)
    assert epochs.went_back() is False


def test_a_database_from_elsewhere_and_a_file_that_cannot_be_read_hold(kept: Path):
    SendingEpoch.objects.create(number=7)
    assert epochs.went_back() is True
    epochs.release(actor=SYSTEM, at=TEN)
    assert epochs.went_back() is False
    next(kept.iterdir()).write_text("nonsense")
    assert epochs.went_back() is True


def test_the_minute_advances_the_epoch(kept: Path, django_capture_on_commit_callbacks: Any):
    tasks.tick(at=TEN, real_at=TEN)
    tasks.tick(at=TEN, real_at=TEN)
    assert SendingEpoch.objects.get().number == 1


def test_minutes_that_nobody_ticked_are_counted():
    assert ticks.missed(real_at=TEN) == 0
    for minute in (0, 1, 2, 5, 6):
        Tick.objects.create(minute=TEN + timedelta(minutes=minute), taken_at=TEN)
    assert ticks.missed(real_at=TEN + timedelta(minutes=6, seconds=30)) == 2
    assert ticks.missed(real_at=TEN + timedelta(minutes=9, seconds=30)) == 4
    assert ticks.missed(real_at=TEN + timedelta(hours=24, minutes=3, seconds=1)) == 1438


@pytest.mark.django_db
def test_the_highest_priority_is_claimed_first_and_the_oldest_within_it(own_claims: Any):
    assert own_claims(limit=2) == ["urgent-old", "urgent-new"]
    assert own_claims(limit=3) == ["usual", "low"]
    assert own_claims(limit=3) == []


@pytest.fixture
def own_claims(plan: Any, monkeypatch: Any) -> Any:
    from contacts.dispatch import claims

    monkeypatch.setattr(claims, "_claim", claims._claim.__wrapped__)
    names = {}
    for name, priority, minutes in (("low", -5, -60), ("usual", 0, -30), ("urgent-new", 9, -1), ("urgent-old", 9, -2),
                                    ("urgent-later", 9, 5)):  # fmt: skip
        at = TEN + timedelta(minutes=minutes)
        names[plan(priority=priority, try_again_at=at).pk] = (name, priority, minutes)

    def claim(*, limit: int) -> list[str]:
        found = [names[each.planned_id] for each in claim_due(channel="sms", limit=limit, at=TEN)]
        return [name for name, _, _ in sorted(found, key=lambda each: (-each[1], each[2]))]

    return claim
