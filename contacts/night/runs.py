"""Runs of the night: which day may be closed, who works on it, step by step, and what is left of it when it ends."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from time import perf_counter
from typing import Final

from django.db import DatabaseError, connection, transaction
from django.utils.translation import gettext_lazy as _
from django_fsm import TransitionNotAllowed

from cases import closing
from cases.closing import Close, Span
from cases.models import Creditor
from cases.refusal import Refused
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from collections_app.shared.once import asked_once
from compliance import audit
from contacts.models import NightRun, NightStep
from contacts.night import seen, sql
from contacts.night.leases import LEASE, Holder, NightBusy, NightLost, execute, held_for, take
from contacts.night.stages import AGEING, STAGES, WHOLE, Night, Result, Stage

NIGHT: Final = Actor.system("close of day")
CLOSES_AT: Final = time(2)  # local: by then the tape of the day is usually there
TRIES: Final = 3
SEEN: Final = "seen"  # accounts that a step has gone through
OF_A_NEW_STEP: Final = frozenset(
    {"position", "state", "rows", "cursor", "started_at", "finished_at", "seconds", "details"}
)
MOST_SKIPPED: Final = 200  # persons noted by name on a step
# What the rows of one person may cause; anything else stops the run.
POISON: Final = (DatabaseError, Refused, TransitionNotAllowed, ArithmeticError, ValueError, LookupError)


class NightRefused(Refused):
    SENTENCES = {
        "not-over": _("%(date)s is not over yet at %(creditor)s."),
        "missed": _("Earlier days are not closed yet: %(dates)s. Close them first, in order."),
        "before-first": _("The book of %(creditor)s begins with %(first)s."),
        "interrupted": _("The close of %(date)s was interrupted; resume it."),
    }


Progress = Callable[[str, int, int], None]  # name of the step, its number, rows so far


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
    close = Close(creditor=creditor, business_date=business_date, newest_state=run.newest_state, actor=actor, at=at)
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


# -- one step ----------------------------------------------------------------------------------------------------------


class _Step:
    """The work on one step: span after span, each with its cursor in one transaction."""

    def __init__(
        self, run: NightRun, stage: Stage, night: Night, holder: Holder, progress: Progress | None, number: int
    ) -> None:
        self.run_row, self.stage, self.night, self.holder = run, stage, night, holder
        self.progress, self.number = progress, number
        self.row = run.steps.get(name=stage.name)
        self.close = night.close

    def run(self) -> None:
        """Do what is left of the step."""
        if self.row.state == NightStep.State.DONE:
            return
        if self.row.started_at is None:
            self.row.started_at = self.holder.instant()
        self.row.state = NightStep.State.RUNNING
        with transaction.atomic():
            self.holder.hold()
            self.row.save(update_fields=["state", "started_at"])
        while (span := self._next()) is not None:
            self._work(span, moves_on=True)
            if self.progress is not None:
                self.progress(self.stage.name, self.number, self.row.rows)
            if self.stage.next_span is None:
                break
        self._try_skipped_again()
        self._end()

    def _next(self) -> Span | None:
        if self.stage.next_span is None:
            return WHOLE
        return self.stage.next_span(self.close, self.row.cursor)

    def _work(self, span: Span, *, moves_on: bool = False) -> bool:
        """Work on a span; where that fails, on its halves, down to the person who is at fault, who is noted."""
        for attempt in range(1, TRIES + 1):
            began = perf_counter()
            try:
                with transaction.atomic(), asked_once():
                    self.holder.hold()
                    result = self.stage.work(self.night, span)
                    worked = perf_counter()
                    if moves_on and span.accounts:
                        result.counts[SEEN] = span.accounts
                    self._note(result, worked - began, cursor=span.upto if moves_on else None)
                # What is checked at the commit is part of the work; the next save of the row keeps it.
                self.row.seconds = round(float(self.row.seconds) + perf_counter() - worked, 3)
                return True
            except POISON as error:
                if not connection.is_usable():
                    raise
                self.row.refresh_from_db()
                self.run_row.refresh_from_db(fields=["warnings"])
                if getattr(error.__cause__, "pgcode", None) in ("40P01", "40001", "55P03") and attempt < TRIES:
                    continue  # a deadlock or a lock that somebody held for long: again
                if self.stage.next_span is None:
                    raise
                self._split(span, error)
                if moves_on:
                    self.row.cursor = span.upto
                    self.row.details[SEEN] = self.row.details.get(SEEN, 0) + span.accounts
                    self.row.save(update_fields=["cursor", "details"])
                return False
        return False

    def _split(self, span: Span, error: Exception) -> None:
        persons = closing.persons_of(self.close, span)
        if len(persons) <= 1:
            self._skip(persons[0] if persons else span.upto, error)
            return
        middle = persons[len(persons) // 2 - 1]
        self._work(Span(span.after, middle))
        self._work(Span(middle, span.upto))

    def _skip(self, person_id: int, error: Exception) -> None:
        skipped = self.row.details.setdefault("skipped", {})
        if len(skipped) < MOST_SKIPPED:
            skipped[str(person_id)] = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        with transaction.atomic():
            self.holder.hold()
            self.row.save(update_fields=["details"])

    def _try_skipped_again(self) -> None:
        for person in sorted(self.row.details.get("skipped", {}), key=int):
            del self.row.details["skipped"][person]
            self._work(Span(int(person) - 1, int(person)))
        if not self.row.details.get("skipped", True):
            del self.row.details["skipped"]

    def _note(self, result: Result, seconds: float, *, cursor: int | None) -> None:
        row = self.row
        row.rows += result.rows
        row.seconds = round(float(row.seconds) + seconds, 3)
        for name, count in result.counts.items():
            row.details[name] = row.details.get(name, 0) + count
        if cursor is not None:
            row.cursor = cursor if self.stage.next_span is not None else 0
        if result.failed:
            row.details["failed"] = True
        row.save(update_fields=["rows", "seconds", "details", "cursor"])
        if result.warnings:
            self.run_row.warnings = [*self.run_row.warnings, *result.warnings]
            self.run_row.save(update_fields=["warnings"])

    def _end(self) -> None:
        row, run = self.row, self.run_row
        with transaction.atomic():
            self.holder.hold()
            row.state = NightStep.State.FAILED if row.details.get("failed") else NightStep.State.DONE
            row.finished_at = self.holder.instant()
            row.save(update_fields=["state", "finished_at", "details", "seconds"])
            skipped = row.details.get("skipped", {})
            for person in sorted(skipped, key=int):
                audit.record(
                    "night.case_skipped",
                    subject=run,
                    actor=self.close.actor,
                    at=self.close.at,
                    person_id=int(person),
                    step=row.name,
                    error=skipped[person],
                )
            if skipped:
                run.warnings = [*run.warnings, {"code": "skipped", "step": row.name, "persons": len(skipped)}]
                run.save(update_fields=["warnings"])
            if row.details.get("late"):
                audit.record("night.not_treated", subject=run, actor=self.close.actor, at=self.close.at, **row.details)
            audit.record(
                "night.step_finished",
                subject=run,
                actor=self.close.actor,
                at=self.close.at,
                step=row.name,
                rows=row.rows,
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
