"""Rehearsed, asked for, approved by somebody else, published: the moves of a version until it is in force.

What is approved is one rehearsal of the whole book: of this strategy, under these rule packs, wordings and policies.
Where any of them has changed since, the version goes back to be rehearsed, and the refusal says what changed. The
database refuses the same (contacts migration 0020 and later), whoever writes. What follows after publishing is in
`rollout`.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from django.db import transaction
from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext_lazy as _

from cases.refusal import Refused
from collections_app.shared import clock
from collections_app.shared.actor import USER, Actor
from collections_app.shared.listing import any_of, listed
from collections_app.staff.models import User
from compliance import audit
from contacts.models import DraftEdit, Move, Rehearsal, Rollout, StrategyVersion
from contacts.strategy import definition, inputs, lints

Status = StrategyVersion.Status
RECOMMENDED_DAYS: Final = 7  # a rehearsal of fewer days is accepted; the pages say that it shows little
SHARES: Final = (1, 10, 100)
PARTS: Final[dict[str, LazyText]] = {
    "strategy": _("the strategy"),
    "content": _("its segments and steps"),
    "creditors": _("its creditors"),
    "moves": _("what becomes of cases in flight"),
    "share": _("its share"),
    "starts_on": _("the day on which it begins"),
    "packs": _("the rule packs"),
    "wordings": _("the wordings of its templates"),
    "policies": _("the firm's own limits"),
}


class NotApprovable(Refused):
    """What is to be approved or published is not what was rehearsed, or not by this person."""

    SENTENCES = {
        "not-rehearsed": _("This version was not rehearsed yet. Rehearse it on the whole book first."),
        "not-done": _("The rehearsal is not finished."),
        "sample": _("This was rehearsed on a part of the book. Rehearse it on the whole book first."),
        "changed": _("Since it was rehearsed, this changed: %(what)s. Rehearse it again."),
        "own": _("Whoever wrote or edited a version does not approve it."),
        "nobody": _("Only a person approves."),
        "status": _("Nothing was done: this version is %(status)s, and only one that is %(needed)s can do that."),
        "errors": _("It has errors to mend first: %(first)s"),
        "no-reason": _("Say why."),
        "share": _("A version is published for 1, 10 or 100 of a hundred persons."),
        "past": _("A version cannot begin in the past."),
        "canary": _("Another version is being tried on a share of the persons. Widen it or roll it back first."),
        "stopped": _("The version in force is stopped. Resume it, or publish this one for everybody."),
        "waiting": _("%(version)s is published and begins on %(day)s. Roll it back first."),
        "no-creditor": _("The version has no creditor."),
        "segment": _("The version in force has no segment %(key)s."),
    }


def locked(version_id: int) -> StrategyVersion:
    """Return a version with its row locked. Call inside a transaction."""
    versions = StrategyVersion.objects.select_related("strategy")
    return versions.select_for_update(of=("self", "strategy"), no_key=True).get(pk=version_id)


def must_be(version: StrategyVersion, *statuses: str) -> None:
    """Raise NotApprovable where a version is in none of these states."""
    if version.status not in statuses:
        needed = any_of(str(Status(status).label) for status in statuses)
        raise NotApprovable("status", status=version.get_status_display(), needed=needed)


def newest_rehearsal(version: StrategyVersion) -> Rehearsal | None:
    """Return the newest finished rehearsal of the whole book, if there is one."""
    done = version.rehearsals.filter(status=Rehearsal.Status.DONE, sample=1)
    return done.select_related("requested_by").order_by("-pk").first()


def changed_since(version: StrategyVersion, rehearsal: Rehearsal, *, at: datetime) -> list[str]:
    """Return what differs now from what was rehearsed, in words; empty: nothing."""
    if definition.of_version(version).content_hash != rehearsal.content_hash:
        return [str(PARTS["content"])]
    now = inputs.inputs_of(version, at=at)
    if inputs.hash_of(now) == rehearsal.inputs_hash:
        return []
    names = inputs.changes(rehearsal.inputs, now)
    return [str(PARTS.get(name, name)) for name in names] or [str(PARTS["strategy"])]


def check_rehearsal(version: StrategyVersion, rehearsal: Rehearsal | None, *, at: datetime) -> Rehearsal:
    """Return the rehearsal if it is done, of the whole book, and of the version as it is now. Raises NotApprovable."""
    if rehearsal is None or rehearsal.version_id != version.pk:
        raise NotApprovable("not-rehearsed")
    if rehearsal.status != Rehearsal.Status.DONE:
        raise NotApprovable("not-done")
    if rehearsal.sample != 1:
        raise NotApprovable("sample")
    if changed := changed_since(version, rehearsal, at=at):
        raise NotApprovable("changed", what=listed(changed))
    return rehearsal


def writers_of(version: StrategyVersion) -> set[int]:
    """Return the users who wrote a version: its author and everybody whose edits are in it."""
    edits = version.edits.filter(state=DraftEdit.State.DONE, by__isnull=False).values_list("by_id", flat=True)
    return {*edits.distinct(), *([version.created_by_id] if version.created_by_id else [])}


@transaction.atomic
def submit(*, version_id: int, rehearsal_id: int | None = None, actor: Actor, at: datetime) -> StrategyVersion:
    """Ask for approval of a draft as its newest rehearsal (or the one named) found it; nobody can edit it meanwhile.

    Raises NotApprovable; a version with errors among its checks is for nobody to approve.
    """
    version = locked(version_id)
    must_be(version, Status.DRAFT)
    if errors := lints.errors_of(version, at=at):
        raise NotApprovable("errors", first=errors[0].sentence)
    chosen = Rehearsal.objects.get(pk=rehearsal_id) if rehearsal_id is not None else newest_rehearsal(version)
    rehearsal = check_rehearsal(version, chosen, at=at)
    version.rehearse(at=rehearsal.finished_at or at, content_hash=rehearsal.content_hash)
    version.rehearsal = rehearsal
    version.save(update_fields=["status", "rehearsed_at", "content_hash", "rehearsal"])
    audit.record(
        "strategy.submitted",
        subject=version,
        actor=actor,
        at=at,
        content_hash=rehearsal.content_hash,
        rehearsal=rehearsal.pk,
    )
    return version


@transaction.atomic
def send_back(*, version_id: int, reason: str, actor: Actor, at: datetime) -> StrategyVersion:
    """Make what waits for approval or publishing a draft again, to be changed and rehearsed anew."""
    version = locked(version_id)
    must_be(version, Status.REHEARSED, Status.APPROVED)
    if not reason.strip():
        raise NotApprovable("no-reason")
    version.revise()
    version.rehearsal = None
    version.save(update_fields=["status", "rehearsed_at", "approved_at", "approved_by", "content_hash", "rehearsal"])
    audit.record("strategy.sent_back", subject=version, actor=actor, at=at, reason=reason.strip()[:300])
    return version


@transaction.atomic
def approve(*, version_id: int, by: User, at: datetime) -> StrategyVersion:
    """Let a second person agree to exactly what was rehearsed. Raises NotApprovable."""
    version = locked(version_id)
    must_be(version, Status.REHEARSED)
    if by.pk in writers_of(version):
        raise NotApprovable("own")
    rehearsal = check_rehearsal(version, version.rehearsal, at=at)
    version.approve(at=at, by=by)
    version.save(update_fields=["status", "approved_at", "approved_by"])
    audit.record(
        "strategy.approved",
        subject=version,
        actor=Actor.of(by),
        at=at,
        content_hash=version.content_hash,
        rehearsal=rehearsal.pk,
    )
    return version


@transaction.atomic
def publish(
    *,
    version_id: int,
    share: int = 100,
    starts_on: date | None = None,
    limits: Mapping[str, str] | None = None,
    actor: Actor,
    at: datetime,
) -> StrategyVersion:
    """Put an approved version in force from the next close of day, for everybody or for a share of the persons.

    starts_on: the first day it plans for; until then the version in force goes on. limits: its guardrails, of a
    thousand, where they are not the usual ones. Cases on the old paths go where the version's moves say; what was done
    stays done, by the keys of the steps. Raises NotApprovable.
    """
    version = locked(version_id)
    must_be(version, Status.APPROVED)
    if share not in SHARES:
        raise NotApprovable("share")
    _check_creditors(version, starts_on, at)
    check_rehearsal(version, version.rehearsal, at=at)
    before = in_the_way(version)
    canary = next((other for other in before if other.share < 100 and other.status == Status.PUBLISHED), None)
    if canary is not None:
        raise NotApprovable("canary")
    whole = next((other for other in before if other.share == 100), None)
    if whole is not None and whole.starts_on is not None and whole.starts_on > _today(whole, at):
        raise NotApprovable("waiting", version=whole, day=whole.starts_on)
    if share < 100 and whole is not None and whole.status == Status.STOPPED:
        raise NotApprovable("stopped")
    for other in before:
        if share == 100 or other is not whole:
            retire(other, by=version, actor=actor, at=at)
    version.publish(at=at)
    version.share, version.starts_on, version.replaces = share, starts_on, whole
    version.guardrails = dict(limits or {})
    version.save(update_fields=["status", "published_at", "stopped_at", "share", "starts_on", "replaces", "guardrails"])
    note(version, "published", actor=actor, at=at)
    audit.record(
        "strategy.published",
        subject=version,
        actor=actor,
        at=at,
        content_hash=version.content_hash,
        rehearsal=version.rehearsal_id,
        share=share,
        starts_on=starts_on,
    )
    return version


def in_the_way(version: StrategyVersion) -> list[StrategyVersion]:
    """Return the other versions of the strategy that are in force or stopped, locked."""
    others = StrategyVersion.objects.filter(
        strategy_id=version.strategy_id, status__in=[Status.PUBLISHED, Status.STOPPED]
    )
    return list(others.exclude(pk=version.pk).select_for_update(of=("self",), no_key=True).order_by("pk"))


def retire(version: StrategyVersion, *, by: StrategyVersion, actor: Actor, at: datetime) -> None:
    """Take a version out of force because another takes its place."""
    version.retire()
    version.save(update_fields=["status"])
    audit.record("strategy.retired", subject=version, actor=actor, at=at, by_version=by.version)


@transaction.atomic
def set_move(*, version_id: int, from_key: str, action: str, actor: Actor, at: datetime) -> Move:
    """Say what becomes of the cases on a segment of the version in force. It is rehearsed with the draft."""
    version = locked(version_id)
    must_be(version, Status.DRAFT)
    before = whole_of(version)
    if before is None or not before.segments.filter(key=from_key).exists():
        raise NotApprovable("segment", key=from_key)
    move, _created = Move.objects.update_or_create(
        version=version, from_key=from_key, defaults={"action": Move.Action(action)}
    )
    audit.record("strategy.move_set", subject=version, actor=actor, at=at, from_key=from_key, action=move.action)
    return move


def whole_of(version: StrategyVersion) -> StrategyVersion | None:
    """Return the version that is in force for everybody now: the one that this one would replace."""
    others = StrategyVersion.objects.filter(
        strategy_id=version.strategy_id, status__in=[Status.PUBLISHED, Status.STOPPED], share=100
    )
    return others.exclude(pk=version.pk).order_by("-published_at", "-pk").first()


def note(version: StrategyVersion, what: str, *, actor: Actor, at: datetime, why: str = "") -> Rollout:
    """Write a turn of a version down: who, when, why."""
    return Rollout.objects.create(
        version=version,
        what=what,
        share=version.share,
        at=at,
        by_id=actor.id if actor.kind == USER else None,
        by_label=actor.label[:120],
        why=why[:300],
    )


def _check_creditors(version: StrategyVersion, starts_on: date | None, at: datetime) -> None:
    zones: list[Any] = list(version.creditors.values_list("time_zone", flat=True))
    if not zones:
        raise NotApprovable("no-creditor")
    if starts_on is not None and starts_on < min(clock.business_day(at, zone) for zone in zones):
        raise NotApprovable("past")


def _today(version: StrategyVersion, at: datetime) -> date:
    zones = version.creditors.values_list("time_zone", flat=True)
    return max((clock.business_day(at, zone) for zone in zones), default=at.date())
