"""A previewed run is applied, exactly as previewed, and undone as far as nothing has moved since."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection, transaction

from cases import closing
from cases.distribution import reading, rule_book, sql, workload
from cases.distribution.previewing import DistributionRefused
from cases.models import Creditor, DistributionRun
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from compliance import audit

CHUNK: Final = 5_000


@dataclass(frozen=True, slots=True)
class Done:
    """What came of it. moved, not_moved: cases; `again`: it had been done before, and nothing was changed now."""

    run: DistributionRun
    moved: int
    not_moved: int
    again: bool = False


@transaction.atomic
def apply(*, run_id: int, actor: Actor, at: datetime) -> Done:
    """Move the cases of a run as its preview said, and no other. Applying it again changes nothing.

    A case moves only where it is as the preview saw it: same team, same collector, unresolved, nobody at work on it;
    every other is left alone and says why. Raises DistributionRefused where the preview no longer stands: other rules,
    other people, another run applied, another day.
    """
    run = _locked(run_id)
    if run.undone_at is not None:
        raise DistributionRefused("undone")
    if run.applied_at is not None:
        return Done(run, run.counts.get("applied", 0), run.counts.get("not_applied", 0), again=True)
    if run.previewed_at is None:
        raise DistributionRefused("not-previewed")
    today = clock.local_date(at, run.creditor.time_zone)
    if run.day != today:
        raise DistributionRefused("not-today", day=run.day.isoformat())
    rules = rule_book.in_force(creditor_id=run.creditor_id, at=at)
    rules_id = rules.pk if rules else None
    if reading.ground(creditor=run.creditor, team=run.team, rules_id=rules_id, day=run.day) != run.ground:
        raise DistributionRefused("stale")
    closing.raise_limits()
    moved, not_moved = _in_chunks(sql.APPLY, run, actor=actor, at=at)
    run.applied_at, run.applied_by_id = at, actor.id if actor.kind == "user" else None
    run.counts |= {"applied": moved, "not_applied": not_moved}
    run.save(update_fields=["applied_at", "applied_by", "counts"])
    audit.record("allocation.applied", subject=run, actor=actor, at=at, moved=moved, not_moved=not_moved)
    workload.keep(creditor_id=run.creditor_id, on=today)
    return Done(run, moved, not_moved)


@transaction.atomic
def undo(*, run_id: int, actor: Actor, at: datetime) -> Done:
    """Bring back the cases of a run that are still where it put them. Undoing it again changes nothing.

    A case that has moved since, that was resolved, that somebody works on, or whose former collector is no longer there
    stays where it is and says so. Raises DistributionRefused for a run that was not applied.
    """
    run = _locked(run_id)
    if run.applied_at is None:
        raise DistributionRefused("not-applied")
    if run.undone_at is not None:
        return Done(run, run.counts.get("undone", 0), run.counts.get("kept", 0), again=True)
    closing.raise_limits()
    moved, kept = _in_chunks(sql.UNDO, run, actor=actor, at=at)
    run.undone_at, run.undone_by_id = at, actor.id if actor.kind == "user" else None
    run.counts |= {"undone": moved, "kept": kept}
    run.save(update_fields=["undone_at", "undone_by", "counts"])
    audit.record("allocation.undone", subject=run, actor=actor, at=at, moved=moved, kept=kept)
    workload.keep(creditor_id=run.creditor_id, on=clock.local_date(at, run.creditor.time_zone))
    return Done(run, moved, kept)


def _locked(run_id: int) -> DistributionRun:
    """Return the run; whoever applies or undoes another run of this creditor at the same time waits."""
    creditor_id = DistributionRun.objects.values_list("creditor_id", flat=True).get(pk=run_id)
    Creditor.objects.select_for_update(of=("self",), no_key=True).get(pk=creditor_id)
    return DistributionRun.objects.select_for_update(of=("self",), no_key=True).get(pk=run_id)


def _in_chunks(statement: str, run: DistributionRun, *, actor: Actor, at: datetime) -> tuple[int, int]:
    after, moved, not_moved = 0, 0, 0
    values: dict[str, Any] = {
        "run": run.pk,
        "size": CHUNK,
        "at": at,
        "applied_at": run.applied_at,
        "by": run.ref,
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "actor_label": actor.label,
    }
    while True:
        with connection.cursor() as cursor:
            cursor.execute(statement, {**values, "after": after})
            last, done, left = cursor.fetchone()
        if last is None:
            return moved, not_moved
        after, moved, not_moved = last, moved + done, not_moved + left
