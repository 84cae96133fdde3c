"""Runs of the night: which day may be closed, who works on it, step by step, and what is left of it when it ends."""

from datetime import date, datetime, time, timedelta
from typing import Final

from django.db import DatabaseError, connection, transaction
from django.utils.translation import gettext_lazy as _

from cases import closing
from cases.closing import Close
from cases.models import Creditor
from cases.refusal import Refused
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from compliance import audit
from contacts.models import NightRun, NightStep
from contacts.night import seen, sql
from contacts.night.leases import LEASE, Holder, NightBusy, NightLost, execute, held_for, take
from contacts.night.stages import AGEING, STAGES, Night
from contacts.night.steps import Progress, most_connections
from contacts.night.steps import Step as _Step

NIGHT: Final = Actor.system("close of day")
CLOSES_AT: Final = time(2)  # local: by then the tape of the day is usually there
OF_A_NEW_STEP: Final = frozenset(
    {"position", "state", "rows", "cursor", "started_at", "finished_at", "seconds", "details"}
)


class NightRefused(Refused):
    SENTENCES = {
        "not-over": _("%(date)s is not over yet at %(creditor)s."),
        "missed": _("Earlier days are not closed yet: %(dates)s. Close them first, in order."),
        "before-first": _("The book of %(creditor)s begins with %(first)s."),
        "interrupted": _("The close of %(date)s was interrupted; resume it."),
    }


def close_of_day(
    *,
    creditor_id: int,
    business_date: date,
    actor: Actor = NIGHT,
    at: datetime,
    resume: bool = False,
    lease: timedelta = LEASE,
    progress: Progress | None = None,
) -> NightRun:
    """Close one day of one creditor's book and prepare the next; return the finished run.

    at: the instant of the run; the day must be over at the creditor's. resume: go on with a run that was interrupted.
    The newest closed day may be closed again (after a correction); an older one is left as it is. Raises NightRefused,
    NightBusy.
    """
    creditor = Creditor.objects.get(pk=creditor_id)
    run = _begin(creditor, business_date, actor=actor, at=at, resume=resume, lease=lease)
    if run.status == NightRun.Status.DONE:
        return run
    holder = Holder(run, lease, at=at)
    close = Close(creditor, business_date, run.newest_state, actor, at, at_once=most_connections())
    try:
        night = Night(close, is_late=_found_late(run), since=seen.since(run))
        for number, stage in enumerate(STAGES):
            _Step(run, stage, night, holder, progress, number).run()
        _finish(run, holder, actor=actor, at=at)
    except NightLost:
        raise NightBusy("busy", seconds=held_for(creditor_id)) from None
    except Exception as error:
        _fail(run, holder, error, actor=actor, at=at)
        raise
    finally:
        holder.release()
    return run


def close_missed(
    *, at: datetime, actor: Actor = NIGHT, creditor_id: int | None = None, upto: date | None = None
) -> list[NightRun]:
    """Close every day that is over and not closed, in order, of one creditor or of all; return the runs.

    upto: the last day to close; by default yesterday, from two in the morning at the creditor's. A creditor that was
    never closed begins with that day. A book that another process is closing is left to it. Interrupted runs are
    resumed.
    """
    creditors = Creditor.objects.filter(is_active=True, accounts__isnull=False).distinct().order_by("pk")
    if creditor_id is not None:
        creditors = creditors.filter(pk=creditor_id)
    runs = []
    for creditor in creditors:
        last = upto or last_day_over(creditor, at=at)
        try:
            for day in missed_days(creditor, upto=last):
                runs.append(close_of_day(creditor_id=creditor.pk, business_date=day, actor=actor, at=at, resume=True))
        except NightBusy:
            continue
    return runs


def last_day_over(creditor: Creditor, *, at: datetime) -> date:
    """Return the newest day of this creditor that the night may close of itself."""
    local = at.astimezone(clock.zone(creditor.time_zone))
    return local.date() - timedelta(days=1 if local.time() >= CLOSES_AT else 2)


def missed_days(creditor: Creditor, *, upto: date) -> list[date]:
    """Return the days to `upto` that are not closed, oldest first; of a book that was never closed, `upto` alone."""
    runs = NightRun.objects.filter(creditor=creditor)
    first = runs.order_by("business_date").values_list("business_date", flat=True).first()
    if first is None:
        return [upto]
    done = set(runs.filter(status=NightRun.Status.DONE).values_list("business_date", flat=True))
    days = (first + timedelta(days=number) for number in range((upto - first).days + 1))
    return [day for day in days if day not in done]


# -- which run ---------------------------------------------------------------------------------------------------------


def _begin(
    creditor: Creditor, business_date: date, *, actor: Actor, at: datetime, resume: bool, lease: timedelta
) -> NightRun:
    if clock.business_day(at, creditor.time_zone) <= business_date:
        raise NightRefused("not-over", date=business_date, creditor=creditor)
    with transaction.atomic():
        execute(sql.LOCK_CREDITOR, {"creditor": creditor.pk})
        runs = NightRun.objects.filter(creditor=creditor)
        first = runs.order_by("business_date").first()
        if first is not None and business_date < first.business_date:
            raise NightRefused("before-first", creditor=creditor, first=first.business_date)
        missed = [day for day in missed_days(creditor, upto=business_date - timedelta(days=1)) if first is not None]
        if missed:
            raise NightRefused("missed", dates=_some(missed))
        run = runs.filter(business_date=business_date).first()
        if run is None:
            run = NightRun.objects.create(creditor=creditor, business_date=business_date, started_at=at)
            take(run, lease)
            _start_over(run, at=at)
            audit.record("night.started", subject=run, actor=actor, at=at, business_date=business_date)
            return run
        if run.status == NightRun.Status.DONE:
            is_newest = not runs.filter(business_date__gt=business_date).exists()
            if resume or not is_newest:
                return run
            take(run, lease)
            _start_over(run, at=at)
            audit.record("night.started", subject=run, actor=actor, at=at, business_date=business_date, again=True)
            return run
        take(run, lease)
        if not resume:
            raise NightRefused("interrupted", date=business_date)
        run.status, run.finished_at, run.error = NightRun.Status.RUNNING, None, ""
        run.save(update_fields=["status", "finished_at", "error"])
        run.steps.filter(state=NightStep.State.FAILED).update(state=NightStep.State.WAITING, finished_at=None)
        audit.record("night.resumed", subject=run, actor=actor, at=at, business_date=business_date)
        return run


def _some(days: list[date]) -> str:
    shown = ", ".join(day.isoformat() for day in days[:3])
    return shown if len(days) <= 3 else f"{shown} … {days[-1].isoformat()} ({len(days)})"


def _found_late(run: NightRun) -> bool:
    """Whether the first step, done by whoever worked on the run before, found the tape late."""
    return bool(run.steps.get(name=STAGES[0].name).details.get("late"))


def _start_over(run: NightRun, *, at: datetime) -> None:
    run.status, run.started_at, run.finished_at = NightRun.Status.RUNNING, at, None
    run.error, run.warnings = "", []
    before = seen.before(run)
    run.newest_state = closing.newest_state(run.creditor_id)
    run.save(update_fields=["status", "started_at", "finished_at", "error", "warnings", "newest_state"])
    known = {AGEING: seen.kept(run, before)}
    steps = [
        NightStep(run=run, name=stage.name, position=position, details=known.get(stage.name, {}))
        for position, stage in enumerate(STAGES, start=1)
    ]
    NightStep.objects.bulk_create(
        steps, update_conflicts=True, unique_fields=["run", "name"], update_fields=sorted(OF_A_NEW_STEP)
    )


def _finish(run: NightRun, holder: Holder, *, actor: Actor, at: datetime) -> None:
    with transaction.atomic():
        holder.hold()
        run.status, run.finished_at = NightRun.Status.DONE, holder.instant()
        run.save(update_fields=["status", "finished_at"])
        audit.record("night.finished", subject=run, actor=actor, at=at, business_date=run.business_date)


def _fail(run: NightRun, holder: Holder, error: Exception, *, actor: Actor, at: datetime) -> None:
    try:
        with transaction.atomic():
            holder.hold()
            run.status, run.finished_at = NightRun.Status.FAILED, holder.instant()
            run.error = f"{type(error).__name__}: {error}".splitlines()[0][:300]
            run.save(update_fields=["status", "finished_at", "error"])
            run.steps.filter(state=NightStep.State.RUNNING).update(state=NightStep.State.FAILED)
            audit.record("night.failed", subject=run, actor=actor, at=at, error=run.error)
    except (DatabaseError, NightLost):
        connection.close()  # nobody is there to tell; the lease runs out and the run is resumed
