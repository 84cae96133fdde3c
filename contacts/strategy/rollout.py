"""The turns of a version in force: wider, stopped, resumed, rolled back. Each is one click and one row of history.

The night does what they say to cases: from the next close of day every case is on the path of its person's side. What
is to be sent today stops at once where a version is stopped or rolled back: dispatch asks whether it still treats.
"""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases.refusal import Refused
from collections_app.shared.actor import Actor
from collections_app.shared.listing import listed
from compliance import audit
from contacts.models import StrategyVersion
from contacts.strategy import guardrails
from contacts.strategy.publishing import SHARES, in_the_way, locked, note, retire

Status = StrategyVersion.Status


class RolloutRefused(Refused):
    SENTENCES = {
        "not-in-force": _("This version is not in force."),
        "not-stopped": _("This version is not stopped."),
        "everybody": _("This version treats everybody already."),
        "wider": _("A version is widened to 10 or 100 of a hundred persons, one step after the other."),
        "breached": _("A guardrail is breached: %(what)s. Nobody widens this version."),
        "no-reason": _("Say why."),
        "nothing-before": _("No version was in force before this one. Stop it instead."),
        "not-begun": _("This version has not begun. Roll it back instead."),
        "elsewhere": _("Another version of this strategy is in force."),
        "canary-first": _("%(version)s is being tried on a share of the persons. Roll that one back first."),
    }


@transaction.atomic
def widen(*, version_id: int, share: int, actor: Actor, at: datetime) -> StrategyVersion:
    """Let a canary take more persons; at a hundred the version before it retires. Raises RolloutRefused.

    Those who are on it stay: a person's number never changes.
    """
    version = locked(version_id)
    if version.status != Status.PUBLISHED:
        raise RolloutRefused("not-in-force")
    if version.share == 100:
        raise RolloutRefused("everybody")
    if share not in SHARES or share <= version.share:
        raise RolloutRefused("wider")
    if breaches := [reading for reading in guardrails.read(version, at=at) if reading.is_breached]:
        raise RolloutRefused("breached", what=listed(reading.label for reading in breaches))
    if share == 100:
        for other in in_the_way(version):
            retire(other, by=version, actor=actor, at=at)
    version.share = share
    version.save(update_fields=["share"])
    note(version, "widened", actor=actor, at=at)
    audit.record("strategy.widened", subject=version, actor=actor, at=at, share=share)
    return version


@transaction.atomic
def stop(*, version_id: int, reason: str, actor: Actor, at: datetime) -> StrategyVersion:
    """Stop a version at once: nothing more is planned or sent under it.

    The persons of a canary go back to the version in force; one for everybody leaves its cases where they are, until
    it is resumed, rolled back or replaced. Raises RolloutRefused.
    """
    version = locked(version_id)
    if version.status != Status.PUBLISHED:
        raise RolloutRefused("not-in-force")
    if not reason.strip():
        raise RolloutRefused("no-reason")
    if version.share == 100 and version.starts_on is not None and version.starts_on > at.date():
        raise RolloutRefused("not-begun")
    version.stop(at=at)
    version.save(update_fields=["status", "stopped_at"])
    note(version, "stopped", actor=actor, at=at, why=reason.strip())
    audit.record("strategy.stopped", subject=version, actor=actor, at=at, reason=reason.strip(), share=version.share)
    return version


@transaction.atomic
def resume(*, version_id: int, actor: Actor, at: datetime) -> StrategyVersion:
    """Put a stopped version back in force, for the share it had. Raises RolloutRefused.

    A canary is resumed only while no guardrail is breached and no other canary runs.
    """
    version = locked(version_id)
    if version.status != Status.STOPPED:
        raise RolloutRefused("not-stopped")
    others = in_the_way(version)
    if any(other.status == Status.PUBLISHED and (other.share < 100) == (version.share < 100) for other in others):
        raise RolloutRefused("elsewhere")
    if version.share < 100:
        breaches = [reading for reading in guardrails.read(version, at=at) if reading.is_breached]
        if breaches:
            raise RolloutRefused("breached", what=listed(reading.label for reading in breaches))
    published_at = version.published_at
    version.publish(at=at)
    version.published_at = published_at  # it is judged from its first day on
    version.save(update_fields=["status", "stopped_at"])
    note(version, "resumed", actor=actor, at=at)
    audit.record("strategy.resumed", subject=version, actor=actor, at=at, share=version.share)
    return version


@transaction.atomic
def roll_back(*, version_id: int, reason: str, actor: Actor, at: datetime) -> StrategyVersion:
    """Take a version back: the one before it is in force again, for everybody; returns that one.

    Cases in flight go on there by the keys of the steps: what was done under either version is not done again. Raises
    RolloutRefused.
    """
    version = locked(version_id)
    if version.status not in (Status.PUBLISHED, Status.STOPPED):
        raise RolloutRefused("not-in-force")
    if not reason.strip():
        raise RolloutRefused("no-reason")
    if version.replaces_id is None:
        raise RolloutRefused("nothing-before")
    others = in_the_way(version)
    canaries = [other for other in others if other.share < 100 and other.status == Status.PUBLISHED]
    if version.share == 100 and canaries:
        raise RolloutRefused("canary-first", version=canaries[0])
    before = locked(version.replaces_id)
    version.retire()
    version.save(update_fields=["status"])
    note(version, "rolled_back", actor=actor, at=at, why=reason.strip())
    audit.record("strategy.rolled_back", subject=version, actor=actor, at=at, reason=reason.strip(), to=before.version)
    if before.status == Status.RETIRED:
        before.reinstate(at=at)
        before.save(update_fields=["status", "published_at", "stopped_at", "share"])
        note(before, "reinstated", actor=actor, at=at, why=reason.strip())
        audit.record("strategy.reinstated", subject=before, actor=actor, at=at, instead_of=version.version)
    return before
