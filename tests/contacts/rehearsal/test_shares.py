"""A canary: what a rehearsal says of a share of the persons is what really goes out while they are on the version."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from cases.models import Person
from collections_app.management.measures import first_day
from collections_app.shared.actor import SYSTEM
from contacts import rehearsal
from contacts.models import ContactAttempt, PlannedContact, RehearsalCell
from contacts.strategy import publishing, watching
from contacts.strategy.stable import number_of
from tests.contacts.rehearsal.test_first_day import AT, creditors, draft_of, in_force, make_book
from tests.factories.staff import UserFactory

A_DAY = timedelta(days=1)
SHARE = 10


@pytest.fixture(scope="module")
def world(own_database: Any, django_db_blocker: Any) -> Iterator[Any]:
    """Return a draft that was rehearsed on a rich book, and its rehearsal: whole, and for each share."""
    with django_db_blocker.unblock():
        make_book()
        with first_day.connected():
            draft = draft_of(in_force())
            row = rehearsal.rehearse(version_id=draft.pk, days=1, actor=SYSTEM, at=AT, processes=0)
            assert (row.status, row.error) == ("done", "")
            yield draft, row


@pytest.fixture(autouse=True)
def unblocked(django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield


def sums(row: Any, side: str) -> dict[tuple[str, str, str], int]:
    found: dict[tuple[str, str, str], int] = {}
    for step, channel, outcome, count in RehearsalCell.objects.filter(rehearsal=row, side=side).values_list(
        "step_key", "channel", "outcome", "count"
    ):
        found[step, channel, outcome] = found.get((step, channel, outcome), 0) + count
    return found


def test_what_is_rehearsed_of_a_share_is_what_goes_out_contact_by_contact(world):
    draft, row = world
    code = draft.strategy.code
    inside = {pk for pk in Person.objects.values_list("pk", flat=True) if number_of(code, pk) < SHARE}
    assert 0 < len(inside) < Person.objects.count() / 3
    ours, _seconds = first_day.rehearse(draft, creditors(), at=AT, processes=0, share=SHARE)
    everybody, _seconds = first_day.rehearse(draft, creditors(), at=AT, processes=0)
    draft.rehearse(at=AT, content_hash=row.content_hash)
    draft.rehearsal = row
    draft.save(update_fields=["status", "rehearsed_at", "content_hash", "rehearsal"])
    publishing.approve(version_id=draft.pk, by=UserFactory(), at=AT)
    canary = publishing.publish(version_id=draft.pk, share=SHARE, actor=SYSTEM, at=AT)
    lived = first_day.live(creditors(), at=AT)
    proof = first_day.compare(ours, lived)
    assert (proof.different, proof.examples) == (0, [])
    assert proof.sent_live == ContactAttempt.objects.filter(status="sent").count() > 5
    assert first_day.compare(everybody, lived).different > 0  # as if all were on it: not what goes out
    stood = PlannedContact.objects.filter(enrolment__version=canary)
    assert set(stood.values_list("person", flat=True)) <= inside
    assert stood.exists()
    others = PlannedContact.objects.filter(enrolment__version=canary.replaces)
    assert not inside & set(others.values_list("person", flat=True))
    assert others.count() > stood.count()


def test_a_rehearsal_says_what_every_share_does_and_predicts_it_exactly(world):
    draft, row = world
    draft.refresh_from_db()
    shares = row.results["shares"]
    assert list(shares) == ["1", "10"]
    small, tenth, all_of_it = (sums(row, side) for side in ("share-1", "share-10", "draft"))
    assert sum(small.values()) <= sum(tenth.values()) < sum(all_of_it.values())
    assert sum(shares["10"]["sent"].values()) == sum(n for key, n in tenth.items() if key[2] == "sent")
    assert (draft.status, draft.share) == ("published", SHARE)  # since the test before
    compared = watching.compare(draft, first=row.first_day, last=row.first_day)
    assert sum(one.sent for one in compared) > 0
    assert [(one.step_key, one.sent, one.refused) for one in compared] == [
        (one.step_key, one.predicted, one.predicted_refused) for one in compared
    ]
    assert not any(one.is_outside for one in compared)
    exact = [(one.predicted, one.low, one.high) for one in compared]
    draft.rehearsal.results = {}  # as if only the whole book had been rehearsed: scaled, and wider by the draw
    scaled = watching.compare(draft, first=row.first_day, last=row.first_day)
    assert [(one.predicted, one.low, one.high) for one in scaled] != exact
