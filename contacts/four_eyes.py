"""The life that written texts share: drafted by one person, put in force by another, followed by the next version.

Wordings of messages and scripts of calls live it; what a text must say before it is kept or approved is theirs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from cases.refusal import Refused
from collections_app.shared.actor import Actor
from compliance import audit

DRAFT, APPROVED, REFUSED, RETIRED = "draft", "approved", "refused", "retired"  # of every model of versions
REASON_CHARACTERS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class FourEyes[Version: Any]:
    """The verbs of one kind of text; the caller owns the transaction.

    lock: returns a version locked, with what it is a version of. refusal: knows the codes "own", "not-a-draft",
    "no-reason" and the one in `not_in_force`. approved, refused, retired: names of audit events.
    """

    lock: Callable[[int], Version]
    refusal: type[Refused]
    not_in_force: str
    approved: str
    refused: str
    retired: str

    def to_decide(self, version_id: int, *, by: Any) -> Version:
        """Return a draft that this person did not write. Raises the refusal."""
        version = self.lock(version_id)
        if version.status != DRAFT:
            raise self.refusal("not-a-draft", status=version.get_status_display())
        if version.written_by_id == by.pk:
            raise self.refusal("own")
        return version

    def put_in_force(self, version: Version, *, same: QuerySet[Any], by: Any, at: datetime, **said: Any) -> Version:
        """Put what `to_decide` returned in force, in place of the approved one among the `same`."""
        for earlier in same.filter(status=APPROVED).order_by("pk"):
            self._take_out(earlier, actor=Actor.of(by), at=at)
        version.status, version.approved_by, version.approved_at = APPROVED, by, at
        version.save(update_fields=["status", "approved_by", "approved_at"])
        audit.record(self.approved, subject=version, actor=Actor.of(by), at=at, version=version.version, **said)
        return version

    def refuse(self, version_id: int, *, reason: str, by: Any, at: datetime) -> Version:
        """Say no to a draft, and why. It stays as it is; its author writes the next one. Raises the refusal."""
        version = self.to_decide(version_id, by=by)
        if not reason.strip():
            raise self.refusal("no-reason")
        version.status, version.refused_by, version.reason = REFUSED, by, reason.strip()[:REASON_CHARACTERS]
        version.save(update_fields=["status", "refused_by", "reason"])
        audit.record(self.refused, subject=version, actor=Actor.of(by), at=at, version=version.version)
        return version

    def retire(self, version_id: int, *, actor: Actor, at: datetime, reason: str) -> Version:
        """Take a version out of use. Raises the refusal."""
        version = self.lock(version_id)
        if version.status != APPROVED:
            raise self.refusal(self.not_in_force, status=version.get_status_display())
        self._take_out(version, actor=actor, at=at, reason=reason)
        return version

    def _take_out(self, version: Version, *, actor: Actor, at: datetime, reason: str = "") -> None:
        version.status, version.reason = RETIRED, reason.strip()[:REASON_CHARACTERS]
        version.save(update_fields=["status", "reason"])
        audit.record(self.retired, subject=version, actor=actor, at=at, version=version.version)
