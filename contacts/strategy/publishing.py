"""The moves of a strategy version: rehearsed, approved by somebody else, published, stopped, retired. One verb each."""

from datetime import datetime

from django.db import transaction

from collections_app.shared.actor import Actor
from collections_app.staff.models import User
from compliance import audit
from contacts.models import StrategyVersion
from contacts.strategy import definition


class NotApprovable(ValueError):
    """What is to be approved or published is not what was rehearsed."""


def _locked(version_id: int) -> StrategyVersion:
    return StrategyVersion.objects.select_for_update(of=("self",), no_key=True).get(pk=version_id)


@transaction.atomic
def rehearse(*, version_id: int, content_hash: str, actor: Actor, at: datetime) -> StrategyVersion:
    """Note that a draft of exactly this content was rehearsed. Raises NotApprovable when the draft is another."""
    version = _locked(version_id)
    if definition.of_version(version).content_hash != content_hash:
        raise NotApprovable("The draft was changed since it was rehearsed.")
    version.rehearse(at=at, content_hash=content_hash)
    version.save(update_fields=["status", "rehearsed_at", "content_hash"])
    audit.record("strategy.rehearsed", subject=version, actor=actor, at=at, content_hash=content_hash)
    return version


@transaction.atomic
def approve(*, version_id: int, by: User, at: datetime) -> StrategyVersion:
    """Let a second person agree to what was rehearsed; the database refuses the author. Raises NotApprovable."""
    version = _locked(version_id)
    if definition.of_version(version).content_hash != version.content_hash:
        raise NotApprovable("The version was changed since it was rehearsed.")
    version.approve(at=at, by=by)
    version.save(update_fields=["status", "approved_at", "approved_by"])
    audit.record("strategy.approved", subject=version, actor=Actor.of(by), at=at, content_hash=version.content_hash)
    return version


@transaction.atomic
def publish(*, version_id: int, actor: Actor, at: datetime) -> StrategyVersion:
    """Put a version in force from the next close of day; the one in force before retires.

    Cases on the old path go to the new one that night; what was done stays done, step by step, by the keys of the
    steps.
    """
    version = _locked(version_id)
    others = StrategyVersion.objects.filter(strategy_id=version.strategy_id, status__in=["published", "stopped"])
    for other in others.exclude(pk=version.pk).select_for_update(no_key=True).order_by("pk"):
        other.retire()
        other.save(update_fields=["status"])
        audit.record("strategy.retired", subject=other, actor=actor, at=at, by_version=version.version)
    version.publish(at=at)
    version.save(update_fields=["status", "published_at", "stopped_at"])
    audit.record("strategy.published", subject=version, actor=actor, at=at, content_hash=version.content_hash)
    return version


@transaction.atomic
def stop(*, version_id: int, reason: str, actor: Actor, at: datetime) -> StrategyVersion:
    """Stop a version at once: nothing more is planned or sent under it until it is published again."""
    version = _locked(version_id)
    version.stop(at=at)
    version.save(update_fields=["status", "stopped_at"])
    audit.record("strategy.stopped", subject=version, actor=actor, at=at, reason=reason)
    return version
