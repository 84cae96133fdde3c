"""A new version of a pack without a new program: one officer proposes it, another approves it, it binds later.

Nothing of a row ever changes but its approval and its withdrawal; a version that was wrong is followed by another one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from collections_app.shared.actor import Actor
from collections_app.staff.models import User
from compliance import audit, packs_loader
from compliance.models import PackRelease, ScheduledRelease
from compliance.models.pack_release import LEAD
from compliance.packs_loader import Pack, PackError
from compliance.releases import in_force, meaning, uploads
from compliance.releases.in_force import order_of

FARTHEST: Final = timedelta(days=2 * 366)
MAY_SCHEDULE: Final = "compliance.schedule_release"
MAY_APPROVE: Final = "compliance.approve_release"


class ReleaseRefused(Exception):
    """What was asked cannot be done; nothing was changed. `problems` lists what is wrong with the pack, if that is it.

    `code` is permanent and for machines; str() is the sentence in the reader's language.
    """

    SENTENCES: Final[dict[str, Any]] = {
        "no-reason": _("Say why."),
        "not-allowed": _("Your role does not allow this."),
        "unreadable": _("The pack cannot be read: %(why)s."),
        "examples": _("An example of the pack does not hold: %(why)s."),
        "meaning": _("A rule that has been in force would mean something else: %(why)s."),
        "not-installed": _("There is no pack %(pack)s: a new pack comes with a new version of the program."),
        "unchanged": _("This is what is in force already."),
        "not-newer": _("Version %(version)s is not newer than %(newest)s; give it a later one."),
        "not-older": _("Version %(version)s is not older than %(next)s, which begins later."),
        "too-soon": _("A new version is announced at least ten minutes before it binds."),
        "too-late": _("This is too far ahead."),
        "same-instant": _("Another version of this pack begins at this instant."),
        "same-person": _("Another person has to approve what you proposed."),
        "not-waiting": _("This was approved or withdrawn already."),
        "withdrawn": _("This was withdrawn already."),
    }

    def __init__(self, code: str, *, problems: Sequence[str] = (), **values: Any) -> None:
        super().__init__(code)
        self.code = code
        self.problems = tuple(problems)
        self.values = {"why": "; ".join(self.problems), **values}

    def __str__(self) -> str:
        return str(self.SENTENCES[self.code]) % self.values


@transaction.atomic
def propose(
    *, files: Mapping[str, str], in_force_from: datetime, reason: str, actor: Actor, at: datetime
) -> ScheduledRelease:
    """Store an uploaded version of an installed pack, to bind from an instant on once another person approves.

    files: from uploads.from_zip or uploads.from_files. in_force_from: aware, at least ten minutes ahead. The pack is
    read, its examples are run and its meaning is compared with what is in force. Raises ReleaseRefused, PackError when
    an installed pack cannot be read, ReleasesUnknown.
    """
    user = _person(actor, MAY_SCHEDULE)
    if not reason.strip():
        raise ReleaseRefused("no-reason")
    _check_instant(in_force_from, at)
    pack = _read(files)
    _check_examples(pack)
    _check_place(pack, in_force_from=in_force_from, at=at)
    release, _created = PackRelease.objects.get_or_create(
        hash=pack.hash,
        defaults={"pack": pack.id, "version": pack.version, "content": packs_loader.content_of(pack)},
    )
    row = ScheduledRelease.objects.create(
        pack=pack.id,
        release=release,
        files=dict(files),
        in_force_from=in_force_from,
        reason=reason.strip()[:300],
        scheduled_at=at,
        scheduled_by=user,
    )
    audit.record(
        "pack.release_proposed",
        subject=row,
        actor=actor,
        at=at,
        pack=pack.id,
        version=pack.version,
        hash=pack.hash,
        in_force_from=in_force_from,
        reason=row.reason,
    )
    return row


@transaction.atomic
def approve(*, scheduled_id: int, actor: Actor, at: datetime) -> ScheduledRelease:
    """Agree to what another person proposed, at least ten minutes before it begins. Raises as `propose` does.

    Everything is checked again: other versions may have been approved, or shipped, since it was proposed.
    """
    user = _person(actor, MAY_APPROVE)
    row = _locked(scheduled_id)
    if row.approved_at is not None or row.withdrawn_at is not None:
        raise ReleaseRefused("not-waiting")
    if row.scheduled_by_id == user.pk:
        raise ReleaseRefused("same-person")
    _check_instant(row.in_force_from, at)
    pack = _read(row.files)
    _check_examples(pack)
    _check_place(pack, in_force_from=row.in_force_from, at=at)
    row.approved_at, row.approved_by = at, user
    row.save(update_fields=["approved_at", "approved_by"])
    transaction.on_commit(in_force.forget)
    audit.record(
        "pack.release_approved",
        subject=row,
        actor=actor,
        at=at,
        pack=pack.id,
        version=pack.version,
        hash=pack.hash,
        in_force_from=row.in_force_from,
    )
    return row


@transaction.atomic
def withdraw(*, scheduled_id: int, reason: str, actor: Actor, at: datetime) -> ScheduledRelease:
    """Take a release back: it never binds or, five seconds from now, no longer; what was in force before binds again.

    One person is enough, with the right to propose or to approve. Permits that were given under it are good for their
    minutes. Raises ReleaseRefused.
    """
    user = _person(actor, MAY_SCHEDULE, MAY_APPROVE)
    if not reason.strip():
        raise ReleaseRefused("no-reason")
    row = _locked(scheduled_id)
    if row.withdrawn_at is not None:
        raise ReleaseRefused("withdrawn")
    row.withdrawn_at, row.withdrawn_by, row.withdrawn_because = at, user, reason.strip()[:300]
    row.binds_until = at + in_force.SETTLES
    row.save(update_fields=["withdrawn_at", "withdrawn_by", "withdrawn_because", "binds_until"])
    transaction.on_commit(in_force.forget)
    audit.record(
        "pack.release_withdrawn",
        subject=row,
        actor=actor,
        at=at,
        pack=row.pack,
        had_begun=row.approved_at is not None and row.in_force_from <= at,
        binds_until=row.binds_until,
        reason=row.withdrawn_because,
    )
    return row


def _person(actor: Actor, *permissions: str) -> User:
    """Return the user behind an actor who holds one of the permissions; no machine schedules law."""
    user = User.objects.filter(pk=actor.id or 0, is_active=True).first() if actor.kind == "user" else None
    if user is None or not any(user.has_perm(permission) for permission in permissions):
        raise ReleaseRefused("not-allowed")
    return user


def _locked(scheduled_id: int) -> ScheduledRelease:
    """Return a row with every row of its pack locked, so that two approvals see each other."""
    pack = ScheduledRelease.objects.values_list("pack", flat=True).get(pk=scheduled_id)
    rows = ScheduledRelease.objects.select_for_update(of=("self",), no_key=True).filter(pack=pack).order_by("pk")
    list(rows.values_list("pk", flat=True))
    return ScheduledRelease.objects.get(pk=scheduled_id)


def _check_instant(in_force_from: datetime, at: datetime) -> None:
    if in_force_from < at + LEAD:
        raise ReleaseRefused("too-soon")
    if in_force_from > at + FARTHEST:
        raise ReleaseRefused("too-late")


def _read(files: Mapping[str, str]) -> Pack:
    try:
        return uploads.read(files)
    except PackError as error:
        raise ReleaseRefused("unreadable", problems=[str(error)]) from error


def _check_examples(pack: Pack) -> None:
    try:
        wrong = uploads.tried(pack)
    except PackError as error:
        raise ReleaseRefused("unreadable", problems=[str(error)]) from error
    if wrong:
        raise ReleaseRefused("examples", problems=wrong)


def _check_place(pack: Pack, *, in_force_from: datetime, at: datetime) -> None:
    """Refuse a pack that does not follow, in version and meaning, from what binds when it is to begin."""
    if pack.id not in packs_loader.installed():
        raise ReleaseRefused("not-installed", pack=pack.id)
    shipped = packs_loader.get(pack.id)
    others = list(
        ScheduledRelease.objects.filter(pack=pack.id, approved_at__isnull=False, withdrawn_at__isnull=True)
        .order_by("in_force_from", "pk")
        .values_list("in_force_from", "release__version", "release__hash")
    )
    if any(begins == in_force_from for begins, _version, _hash in others):
        raise ReleaseRefused("same-instant")
    before = [shipped.version, *(version for begins, version, _hash in others if begins < in_force_from)]
    newest = max(before, key=order_of)
    hashes = {shipped.hash, *(digest for _begins, _version, digest in others)}
    if pack.hash in hashes:
        raise ReleaseRefused("unchanged")
    if order_of(pack.version) <= order_of(newest):
        raise ReleaseRefused("not-newer", version=pack.version, newest=newest)
    for begins, version, _hash in others:
        if begins > in_force_from and order_of(version) <= order_of(pack.version):
            raise ReleaseRefused("not-older", version=pack.version, next=version)
    # What is in force on the day on which it begins has begun; of that nothing may change.
    day = in_force_from.date()
    earlier = [in_force.released(digest) for begins, _version, digest in others if begins < in_force_from]
    wrong = [
        *meaning.problems_of_meaning(pack, on=day),
        *(problem for old in (shipped, *earlier) for problem in meaning.changes(meaning.record_of(old), pack, on=day)),
    ]
    later = [in_force.released(digest) for begins, _version, digest in others if begins > in_force_from]
    for next_pack in later:  # which must keep what this one would bring
        wrong += meaning.changes(meaning.record_of(pack), next_pack, on=day)
    if wrong:
        raise ReleaseRefused("meaning", problems=sorted({str(problem) for problem in wrong}))
