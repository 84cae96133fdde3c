"""The audit trail takes only names that it knows, and keeps what it is told."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from collections_app.shared.actor import SYSTEM
from compliance import audit, event_names
from compliance.models import AuditEvent, PackRelease

NOON = datetime(2026, 3, 10, 4, tzinfo=UTC)


@pytest.fixture
def subject(db: None) -> PackRelease:
    return PackRelease.objects.create(pack="X", version="1", hash="0" * 64, content={})


def test_an_event_keeps_subject_actor_and_details(subject: PackRelease) -> None:
    audit.record(
        "case.cured", subject=subject, actor=SYSTEM, at=NOON, person_id=7, amount=Decimal("10.50"), on=date(2026, 3, 10)
    )
    event = AuditEvent.objects.get()
    assert (event.subject_label, event.subject_id, event.person_id) == ("compliance.packrelease", subject.pk, 7)
    assert (event.actor_kind, event.actor_id, event.at) == ("system", None, NOON)
    assert event.details == {"amount": "10.50", "on": "2026-03-10"}
    assert event.recorded_at is not None
    assert list(audit.timeline(subject)) == [event]


def test_an_unknown_name_is_refused(subject: PackRelease) -> None:
    with pytest.raises(audit.UnknownEventName):
        audit.record("case.vanished", subject=subject, actor=SYSTEM, at=NOON)
    assert not AuditEvent.objects.exists()


def test_what_json_cannot_keep_is_refused(subject: PackRelease) -> None:
    for wrong in (1.5, object(), b"x"):
        with pytest.raises(audit.NotRecordable):
            audit.record("case.cured", subject=subject, actor=SYSTEM, at=NOON, wrong=wrong)


def test_an_unsaved_subject_or_a_naive_instant_is_refused(subject: PackRelease) -> None:
    with pytest.raises(ValueError, match="not saved"):
        audit.record("case.cured", subject=PackRelease(), actor=SYSTEM, at=NOON)
    with pytest.raises(ValueError, match="no zone"):
        audit.record("case.cured", subject=subject, actor=SYSTEM, at=datetime(2026, 3, 10))


def test_every_name_says_something_and_how_it_is_shredded() -> None:
    for entry in event_names.CATALOGUE.values():
        assert str(entry.sentence)
        assert entry.severity in {"routine", "notable", "grave"}
        assert entry.shred in {"none", "blank", "keep"}
        assert entry.name.count(".") == 1
    assert event_names.describe("thing.of_a_later_release").shred == "keep"
