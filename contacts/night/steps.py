"""One step of a close: span after span, each with what says that it is done in one transaction.

Where it is worth it, several connections work on the spans of a step at once (`connections`): this thread and others,
each with a connection of its own, each taking the next span when it has done one. The work is PostgreSQL's; a thread
sends a statement and waits for it. The persons of two spans differ, and no span reads what another one writes. A step
ends when all its spans are done, so the order of the steps is that of one connection.

Spans may be done out of their order. The cursor of a step says up to where everybody is done; what is done beyond it
is kept beside it (`AHEAD`), so a run that is killed leaves nobody out and works on nobody twice.
"""

import logging
from collections.abc import Callable
from time import perf_counter
from typing import Final

from django.conf import settings
from django.db import DatabaseError, OperationalError, connection, transaction
from django_fsm import TransitionNotAllowed

from cases import closing
from cases.closing import Span
from cases.refusal import Refused
from collections_app.shared.once import asked_once
from collections_app.shared.side_by_side import SideBySide
from compliance import audit
from contacts.models import NightRun, NightStep
from contacts.night import sql
from contacts.night.leases import Holder
from contacts.night.stages import WHOLE, Night, Result, Stage

log = logging.getLogger(__name__)
TRIES: Final = 3
SEEN: Final = "seen"  # accounts that a step has gone through
AHEAD: Final = "ahead"  # spans done beyond the cursor: [after, upto], in their order
MOST_SKIPPED: Final = 200  # persons noted by name on a step
# What the rows of one person may cause; anything else stops the run.
POISON: Final = (DatabaseError, Refused, TransitionNotAllowed, ArithmeticError, ValueError, LookupError)

Progress = Callable[[str, int, int], None]  # name of the step, its number, rows so far


class Step:
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
        if (several := self._connections()) > 1:
            _Together(self).work(several)
        else:
            self._work_alone()
        self._try_skipped_again()
        self._end()

    def _connections(self) -> int:
        """Return how many connections work on the step: one where its spans may not be shared."""
        if self.stage.is_shared is None or not self.stage.is_shared(self.night):
            return 1
        return self.night.connections

    def _work_alone(self) -> None:
        while (span := self._next()) is not None:
            self._work(span, moves_on=True)
            self.tell()
            if self.stage.next_span is None:
                break

    def tell(self) -> None:
        """Tell whoever watches how far the step is."""
        if self.progress is not None:
            self.progress(self.stage.name, self.number, self.row.rows)

    def _next(self) -> Span | None:
        return WHOLE if self.stage.next_span is None else self.next_after(self.row.cursor)

    def next_after(self, after: int) -> Span | None:
        """Return the next persons beyond this one, without those who are done already."""
        assert self.stage.next_span is not None
        done = self.row.details.get(AHEAD, [])
        for first, last in done:
            if first <= after:
                after = max(after, last)
        span = self.stage.next_span(self.close, after)
        begins = min((first for first, _ in done if first > after), default=None)
        if span is None or begins is None or begins >= span.upto:
            return span
        return Span(after, begins)  # the book was cut elsewhere before: up to what is done

    def _work(self, span: Span, *, moves_on: bool = False) -> bool:
        """Work on a span; where that fails, on its halves, down to the person who is at fault, who is noted."""
        for attempt in range(1, TRIES + 1):
            began = perf_counter()
            try:
                with transaction.atomic(), asked_once():
                    self._enter()
                    result = self.stage.work(self.night, span)
                    worked = perf_counter()
                    if moves_on and span.accounts:
                        result.counts[SEEN] = span.accounts
                    self._note(result, worked - began, span if moves_on else None)
                self._left(worked)
                return True
            except POISON as error:
                self.night.statistics.done()
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
                    self._pass_over(span)
                return False
            finally:
                self.night.statistics.done()
        return False

    def _enter(self) -> None:
        """Begin the transaction of a span."""
        self.holder.hold()

    def _left(self, worked: float) -> None:
        """What is checked at the commit is part of the work; the next save of the row keeps it."""
        self.row.seconds = round(float(self.row.seconds) + perf_counter() - worked, 3)

    def _hold_again(self) -> None:
        """Hold the run, and know what the step's row says."""
        self.holder.hold()

    def _split(self, span: Span, error: Exception) -> None:
        persons = closing.persons_of(self.close, span)
        if len(persons) <= 1:
            self._skip(persons[0] if persons else span.upto, error)
            return
        middle = persons[len(persons) // 2 - 1]
        self._work(Span(span.after, middle))
        self._work(Span(middle, span.upto))

    def _pass_over(self, span: Span) -> None:
        with transaction.atomic():
            self._hold_again()
            self._move_on(span)
            self.row.details[SEEN] = self.row.details.get(SEEN, 0) + span.accounts
            self.row.save(update_fields=["cursor", "details"])

    def _move_on(self, span: Span) -> None:
        """Move the cursor beyond a span that is done, or keep beside it that the span is."""
        row = self.row
        done = sorted([*row.details.pop(AHEAD, []), [span.after, span.upto]])
        while done and done[0][0] <= row.cursor:
            row.cursor = max(row.cursor, done.pop(0)[1])
        if done:
            row.details[AHEAD] = done

    def _skip(self, person_id: int, error: Exception) -> None:
        with transaction.atomic():
            self._hold_again()
            skipped = self.row.details.setdefault("skipped", {})
            if len(skipped) < MOST_SKIPPED:
                skipped[str(person_id)] = f"{type(error).__name__}: {error}".splitlines()[0][:200]
            self.row.save(update_fields=["details"])

    def _try_skipped_again(self) -> None:
        for person in sorted(self.row.details.get("skipped", {}), key=int):
            del self.row.details["skipped"][person]
            self._work(Span(int(person) - 1, int(person)))
        if not self.row.details.get("skipped", True):
            del self.row.details["skipped"]

    def _note(self, result: Result, seconds: float, span: Span | None) -> None:
        row = self.row
        row.rows += result.rows
        row.seconds = round(float(row.seconds) + seconds, 3)
        for name, count in result.counts.items():
            row.details[name] = row.details.get(name, 0) + count
        if span is not None and self.stage.next_span is not None:
            self._move_on(span)
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


# -- several connections at once ---------------------------------------------------------------------------------------


class _Beside(Step):
    """The work of one of several connections on the spans of a step.

    The run is locked at the end of a span only, for as long as it takes to write down that it is done: whoever has
    taken the run over meanwhile has its claim, and then nothing of the span is kept.
    """

    def __init__(self, step: Step, night: Night, together: "_Together") -> None:
        super().__init__(step.run_row, step.stage, night, step.holder, None, step.number)
        self.run_row = NightRun.objects.get(pk=step.run_row.pk)
        self.together = together

    def work(self, tell: Callable[[], None] = lambda: None) -> None:
        """Take span after span until there is none."""
        while (span := self.together.take()) is not None:
            self.holder.renew()
            self._work(span, moves_on=True)
            tell()

    def _enter(self) -> None:
        closing.raise_limits()
        closing.let_wait()  # for statistics that another one has taken

    def _note(self, result: Result, seconds: float, span: Span | None) -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql.CHECK_KEYS)  # before the run is locked, not while
        self._hold_again()
        super()._note(result, self.together.lap(), span)

    def _hold_again(self) -> None:
        self.holder.hold()
        self.row.refresh_from_db()
        self.run_row.refresh_from_db(fields=["warnings"])

    def _left(self, worked: float) -> None:
        """The time of the commit is in the next lap."""


class _Together:
    """Hands the spans of a step to several connections, one after the other, until all are done or one has failed."""

    def __init__(self, step: Step) -> None:
        self.step, self.threads = step, SideBySide()
        self.after, self.since = step.row.cursor, perf_counter()

    def work(self, several: int) -> None:
        """Do what is left of the step with so many connections, that of this thread among them.

        Where one fails, the others finish the span that they are at, and the first error is raised.
        """
        if self.step.stage.reads is not None:
            self.step.stage.reads(self.step.night)
        mine = _Beside(self.step, self.step.night, self)
        self.threads.work(lambda: mine.work(self.step.tell), self._help, several=several, name="night")
        self.step.row.refresh_from_db()
        self.step.run_row.refresh_from_db(fields=["warnings"])
        self.step.row.seconds = round(float(self.step.row.seconds) + self.lap(), 3)

    def take(self) -> Span | None:
        """Return the next span, for whoever asks alone; None: there is no more to do."""
        with self.threads.lock:
            span = self.step.next_after(self.after) if self.threads.error is None else None
            if span is not None:
                self.after = span.upto
            return span

    def lap(self) -> float:
        """Return the seconds since any of them asked last: added up, what the step has taken by the clock."""
        with self.threads.lock:
            before, self.since = self.since, perf_counter()
            return self.since - before

    def _help(self) -> None:
        try:
            connection.ensure_connection()
        except OperationalError as error:  # the others do its part
            log.warning("a close goes on with fewer connections", extra={"error": str(error)})
            return
        _Beside(self.step, self.step.night.beside(), self).work()


def most_connections() -> int:
    """Return how many connections a close may use at once.

    Inside a transaction of the caller only his own: others would not see what he has written.
    """
    return 1 if connection.in_atomic_block else max(1, int(settings.NIGHT_CONNECTIONS))
