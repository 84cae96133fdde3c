"""The verbs of rehearsals: asked for, run, failed. What one found is never changed once it is done."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from time import monotonic, perf_counter
from typing import Any, Final

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from cases.models import Case
from cases.refusal import Refused
from collections_app.shared.actor import Actor
from compliance import audit
from contacts import stops
from contacts.models import Rehearsal, RehearsalCell, StrategyVersion
from contacts.night.runs import NIGHT
from contacts.rehearsal import parts, results, sql
from contacts.rehearsal.counting import Cells
from contacts.rehearsal.parts import Told
from contacts.rehearsal.running import Ran, SendDay, Task
from contacts.rehearsal.shadow import Part
from contacts.strategy import definition, inputs

log = logging.getLogger(__name__)
MOST_DAYS: Final = 60
DAYS: Final = 14
SILENT: Final = timedelta(minutes=10)  # a rehearsal that says nothing for so long has died
EVERY_S: Final = 1.0  # between two words about how far it is
CELLS_AT_ONCE: Final = 2_000
LIFTED: Final = "lifted"  # a side of which only the sums are kept
SHARES: Final = (1, 10)  # of a hundred persons: what a version may be tried on before everybody
WORTH_PROCESSES: Final = 0.1  # a smaller part of the persons is sooner done by a thread of this process
# What the statements of a day cost however few they are about, in cases that would take as long. Measured: of a book of
# 4,000 one person of a hundred takes 17 seconds by a thread, all of them 20 by two processes.
EVERY_DAY: Final = 10_000
WHOLE: Final = Decimal(1)
Status = Rehearsal.Status


class RehearsalRefused(Refused):
    SENTENCES = {
        "days": _("A rehearsal is of 1 to %(most)s days."),
        "sample": _("A sample is a part of the book: more than 0 and at most 1."),
        "no-creditor": _("This version treats no creditor yet."),
        "no-segments": _("This version has no segment yet; there is nothing to rehearse."),
        "under-way": _("This version is being rehearsed already."),
    }


@transaction.atomic
def ask(
    *,
    version_id: int,
    days: int = DAYS,
    sample: Decimal = WHOLE,
    with_answers: bool = True,
    actor: Actor,
    at: datetime,
) -> Rehearsal:
    """Let a version be rehearsed by a worker; return the row that waits. Raises RehearsalRefused.

    The caller rings for it (`contacts.tasks.ring_rehearsals`), or the next minute does.

    days: how many days of contacts. sample: which part of the persons, by their stable number; only the whole book
    counts for an approval. with_answers: whether people are taken to be reached as often as of late (`reaching`).
    """
    version = StrategyVersion.objects.select_for_update(of=("self",), no_key=True).get(pk=version_id)
    if not 1 <= days <= MOST_DAYS:
        raise RehearsalRefused("days", most=MOST_DAYS)
    sample = Decimal(sample).quantize(Decimal("0.0001"))
    if not 0 < sample <= 1:
        raise RehearsalRefused("sample")
    if not version.segments.exists():
        raise RehearsalRefused("no-segments")
    if not version.creditors.filter(is_active=True).exists():
        raise RehearsalRefused("no-creditor")
    if version.rehearsals.filter(status__in=[Status.WAITING, Status.RUNNING]).exists():
        raise RehearsalRefused("under-way")
    row = Rehearsal.objects.create(
        version=version,
        days=days,
        sample=sample,
        with_answers=with_answers,
        content_hash=definition.of_version(version).content_hash,
        requested_by_id=actor.id if actor.kind == "user" else None,
        requested_at=at,
    )
    audit.record("strategy.rehearsal_asked", subject=version, actor=actor, at=at, days=days, sample=str(sample))
    return row


def waiting() -> bool:
    """Whether a rehearsal waits to be run."""
    return Rehearsal.objects.filter(status=Status.WAITING).exists()


def rehearse_waiting(*, now: Callable[[], datetime]) -> list[Rehearsal]:
    """Run what waits, oldest first; return the rehearsals that were run. One that fails does not keep the next."""
    ran = []
    while (row := _take()) is not None:
        ran.append(_run(row, actor=_who(row), at=now(), processes=None, told=None, send_day=None))
    return ran


def rehearse(
    *,
    version_id: int,
    days: int = DAYS,
    sample: Decimal = WHOLE,
    with_answers: bool = True,
    actor: Actor,
    at: datetime,
    progress: Told | None = None,
    processes: int | None = None,
    send_day: SendDay | None = None,
) -> Rehearsal:
    """Rehearse a version now and return the finished row; what it says is `results`, or `error` where it failed.

    processes: by default as many as the book is worth; 0: a thread of this process. Not inside a transaction. Raises
    RehearsalRefused.
    """
    row = ask(version_id=version_id, days=days, sample=sample, with_answers=with_answers, actor=actor, at=at)
    Rehearsal.objects.filter(pk=row.pk, status=Status.WAITING).update(status=Status.RUNNING, progress=_begun())
    return _run(row, actor=actor, at=at, processes=processes, told=progress, send_day=send_day)


def fail_dead(*, at: datetime) -> int:
    """Mark rehearsals as failed whose process said nothing for long; return how many. They may be asked for again."""
    failed = 0
    for row in Rehearsal.objects.filter(status=Status.RUNNING).select_related("version"):
        seen = row.progress.get("seen_at")
        if seen is None or _database_now() - datetime.fromisoformat(seen) > SILENT:
            failed += _fail(row, "The process that rehearsed it has died.", actor=NIGHT, at=at)
    return failed


# -- one rehearsal -----------------------------------------------------------------------------------------------------


def _take() -> Rehearsal | None:
    """Make the oldest row that waits ours."""
    with transaction.atomic():
        rows = Rehearsal.objects.filter(status=Status.WAITING).select_for_update(of=("self",), skip_locked=True)
        row = rows.order_by("pk").first()
        if row is not None:
            row.status = Status.RUNNING
            row.progress = _begun()
            row.save(update_fields=["status", "progress"])
        return row


def _begun() -> dict[str, Any]:
    return {"part": 0.0, "seconds": 0.0, "remaining_s": None, "seen_at": _database_now().isoformat()}


def _who(row: Rehearsal) -> Actor:
    return Actor.of(row.requested_by) if row.requested_by else Actor.system("rehearsal")


def _run(
    row: Rehearsal,
    *,
    actor: Actor,
    at: datetime,
    processes: int | None,
    told: Told | None,
    send_day: SendDay | None,
) -> Rehearsal:
    began = perf_counter()
    Rehearsal.objects.filter(pk=row.pk).update(started_at=at)
    try:
        _rehearse(row, actor=actor, at=at, processes=processes, told=told, send_day=send_day, began=began)
    except Exception as error:
        log.exception("a rehearsal failed", extra={"rehearsal": row.pk})
        _fail(row, f"{type(error).__name__}: {error}".splitlines()[0], actor=actor, at=_later(at, began))
    row.refresh_from_db()
    return row


def _rehearse(
    row: Rehearsal,
    *,
    actor: Actor,
    at: datetime,
    processes: int | None,
    told: Told | None,
    send_day: SendDay | None,
    began: float,
) -> None:
    version = StrategyVersion.objects.select_related("strategy").get(pk=row.version_id)
    creditor_ids = list(version.creditors.filter(is_active=True).order_by("pk").values_list("pk", flat=True))
    number = parts.processes_for(creditor_ids) if processes is None else processes
    found = inputs.inputs_of(version, at=at)
    ran: dict[str, Ran] = {}
    with parts.snapshot() as seen:
        whole = Task(
            Part(tuple(creditor_ids), share=int(row.sample * 10_000)),
            version.pk,
            version.strategy_id,
            row.days,
            at,
            snapshot=seen.name,
            answers=row.with_answers,
        )
        sides = _sides(version, whole)
        processes_of = [0 if number and share < WORTH_PROCESSES else number for _side, _task, share in sides]
        book = Case.objects.unresolved().filter(creditor__in=creditor_ids).count() * float(row.sample)
        weights = weights_of([share for _side, _task, share in sides], processes_of, cases=book)
        with _telling(row, told, weights=weights, began=began) as tell:
            for (side, task, _share), few in zip(sides, processes_of, strict=True):
                ran[side] = parts.run(task, processes=few, told=tell(len(ran)), send_day=send_day)
    _store(row, version, ran, found, snapshot_at=seen.at, digest=seen.digest, actor=actor, at=at, began=began)


def weights_of(shares: Sequence[float], processes: Sequence[int], *, cases: float) -> list[float]:
    """Return how long each of the sides takes beside the others: what every day costs, and its part of the cases.

    shares: of the persons that a side is about; processes: that work on it, 0 for a thread.
    """
    return [EVERY_DAY + cases * share / max(1, few) for share, few in zip(shares, processes, strict=True)]


def _sides(version: StrategyVersion, whole: Task) -> list[tuple[str, Task, float]]:
    """Return what is rehearsed, each with the part of the persons that it is about: the version for everybody; what is
    in force; the version as if nothing stopped sending, where an order does; and the version for each share with which
    it may begin, where it does not treat everybody already.
    """
    sides: list[tuple[str, Task, float]] = [(str(RehearsalCell.Side.DRAFT), whole, 1.0)]
    others = StrategyVersion.objects.filter(status="published", creditors__in=whole.part.creditors)
    if others.exclude(pk=version.pk).exists():
        sides.append((str(RehearsalCell.Side.CURRENT), replace(whole, version_id=None), 1.0))
    if stops.standing():
        sides.append((LIFTED, replace(whole, lifted=True), 1.0))
    if version.status != StrategyVersion.Status.PUBLISHED or version.share < 100:
        for share in SHARES:
            task = parts.of_share(whole, salt=version.strategy.code, share=share)
            sides.append((f"share-{share}", task, share / 100))
    return sides


@transaction.atomic
def _store(
    row: Rehearsal,
    version: StrategyVersion,
    ran: dict[str, Ran],
    found: dict[str, Any],
    *,
    snapshot_at: datetime,
    digest: str,
    actor: Actor,
    at: datetime,
    began: float,
) -> None:
    """Write what was found."""
    draft = ran[RehearsalCell.Side.DRAFT]
    lifted = ran.pop(LIFTED, None)
    for side, one in ran.items():
        RehearsalCell.objects.bulk_create(_cells(row, side, one.cells), batch_size=CELLS_AT_ONCE)
    ended = _later(at, began)
    row.refresh_from_db(fields=["status"])
    row.status, row.finished_at, row.error = Status.DONE, ended, ""
    row.first_day, row.snapshot_at = draft.first_day, snapshot_at
    row.inputs, row.inputs_hash = found, inputs.hash_of(found)
    row.full_hash = inputs.hash_of(found, f"{digest} {snapshot_at.astimezone(UTC).isoformat()}")
    shares = {int(side.removeprefix("share-")): one for side, one in ran.items() if side.startswith("share-")}
    row.results = results.of(draft, ran.get(RehearsalCell.Side.CURRENT), shares, with_answers=row.with_answers)
    row.results |= results.of_stops(lifted)
    row.seconds = round(Decimal(perf_counter() - began), 3)
    row.progress = {"part": 1.0}
    row.save()
    audit.record(
        "strategy.rehearsal_done", subject=version, actor=actor, at=ended, rehearsal=row.pk, inputs=row.inputs_hash
    )


def _cells(row: Rehearsal, side: str, cells: Cells) -> Iterator[RehearsalCell]:
    for key, cell in sorted(cells.by_key.items(), key=lambda each: (each[0].day, str(each[0]))):
        yield RehearsalCell(
            rehearsal=row,
            side=side,
            day=key.day,
            creditor_id=key.creditor_id,
            segment_key=key.segment_key,
            step_key=key.step_key,
            kind=key.kind,
            channel=key.channel,
            team_id=key.team_id,
            outcome=key.outcome,
            reason=key.reason[:80],
            count=cell.count,
            minutes=cell.minutes,
            cost=cell.cost,
            cases=cell.cases,
        )


def _fail(row: Rehearsal, error: str, *, actor: Actor, at: datetime) -> int:
    with transaction.atomic():
        open_rows = Rehearsal.objects.filter(pk=row.pk, status__in=[Status.WAITING, Status.RUNNING])
        failed = open_rows.update(status=Status.FAILED, error=error[:300], finished_at=at)
        if failed:
            audit.record("strategy.rehearsal_failed", subject=row.version, actor=actor, at=at, error=error[:300])
    return failed


@contextmanager
def _telling(
    row: Rehearsal, told: Told | None, *, weights: Sequence[float], began: float
) -> Iterator[Callable[[int], Told]]:
    """Write how far it is, at most once a second, with the time that is left by the time it took so far.

    weights: of the parts of the work, in the order in which they are done.
    """
    last = [monotonic()]

    def of_side(number: int) -> Told:
        def tell(part: float) -> None:
            whole = (sum(weights[:number]) + part * weights[number]) / sum(weights)
            if told is not None:
                told(whole)
            if part < 1 and monotonic() - last[0] < EVERY_S:
                return
            last[0] = monotonic()
            taken = perf_counter() - began
            left = taken * (1 - whole) / whole if whole > 0 else None
            Rehearsal.objects.filter(pk=row.pk, status=Status.RUNNING).update(
                progress={
                    "part": round(whole, 4),
                    "seconds": round(taken, 1),
                    "remaining_s": None if left is None else round(left),
                    "seen_at": _database_now().isoformat(),
                }
            )

        return tell

    yield of_side


def _later(at: datetime, began: float) -> datetime:
    return at + timedelta(seconds=perf_counter() - began)


def _database_now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute(sql.CLOCK)
        now: datetime = cursor.fetchone()[0]
    return now.astimezone(UTC)
