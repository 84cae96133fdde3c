"""Strategies in force, by the verbs that put them there: a finished rehearsal, a second person, published."""

from datetime import date, datetime
from typing import Any

from cases.models import Creditor
from collections_app.shared.actor import SYSTEM
from collections_app.staff.models import User
from contacts.models import Rehearsal, StrategyVersion
from contacts.strategy import definition, inputs, publishing, shipped
from tests.factories.staff import UserFactory


def rehearsed(version: StrategyVersion, *, at: datetime, days: int = 14, **more: Any) -> Rehearsal:
    """Return a finished rehearsal of a version as it is now; nothing was really rehearsed."""
    found = inputs.inputs_of(version, at=at)
    return Rehearsal.objects.create(
        version=version,
        status=Rehearsal.Status.DONE,
        days=days,
        content_hash=definition.of_version(version).content_hash,
        inputs=found,
        inputs_hash=inputs.hash_of(found),
        full_hash=inputs.hash_of(found, "a book"),
        requested_at=at,
        finished_at=at,
        **more,
    )


def put_in_force(
    version: StrategyVersion, *, at: datetime, share: int = 100, starts_on: date | None = None
) -> StrategyVersion:
    """Rehearse and submit (both in name: what the checks find of it does not count), approve and publish a draft."""
    row = rehearsed(version, at=at)
    version.refresh_from_db()
    version.rehearse(at=at, content_hash=row.content_hash)
    version.rehearsal = row
    version.save(update_fields=["status", "rehearsed_at", "content_hash", "rehearsal"])
    publishing.approve(version_id=version.pk, by=UserFactory(), at=at)
    return publishing.publish(version_id=version.pk, share=share, starts_on=starts_on, actor=SYSTEM, at=at)


def ship(
    *, creditors: list[Creditor], author: User, approver: User, at: datetime, code: str = shipped.DEFAULT
) -> StrategyVersion:
    """Put a shipped strategy in force as `shipped.ship` does, but rehearsed in name only."""
    version = shipped.draft(creditors=creditors, author=author, approver=approver, at=at, code=code)
    if version.status != StrategyVersion.Status.DRAFT:
        return version
    rehearsed(version, at=at)
    return shipped.put_in_force(version, author=author, approver=approver, at=at)
