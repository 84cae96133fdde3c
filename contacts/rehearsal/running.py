"""The days of a rehearsal: the night's own steps on a private copy of the book, and the sending of each day.

For every creditor of the version the first close is the one that will be run next: of the day after the last one that
is closed, at two in the morning there, or now where that has passed. Missed days are caught up in order, as the night
does. No new data comes: nobody pays, no tape arrives, and the feed is taken to be as old on every day as on the first.
What people would do with their tasks is not guessed: a task is counted and stays open.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db import DatabaseError, connection, transaction

from cases import closing
from cases.closing import Close, Span
from cases.models import Creditor
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from collections_app.shared.once import asked_once
from contacts.models import NightRun, Step, StopOrder, StrategyVersion
from contacts.night.runs import CLOSES_AT, last_day_over
from contacts.night.stages import STAGES, WHOLE, Night, Stage
from contacts.night.steps import POISON
from contacts.rehearsal import counting, reaching, shadow, sql
from contacts.rehearsal.counting import Cells
from contacts.rehearsal.sending import Sent
from contacts.rehearsal.shadow import Part
from contacts.strategy import planner

REHEARSAL: Final = Actor.system("rehearsal")
STEPS: Final = ("freshness", "ageing", "cases", "promises", "plans", "holds", "strategies")
READ_ONLY_REFUSED: Final = "25006"

SendDay = Callable[..., Iterator[Sent]]
Tell = Callable[[int, int, str], None]  # closes done, closes in all, what is being done


class NotShadowed(Exception):
    """The night wrote to a table of which a rehearsal has no copy. PostgreSQL refused it; nothing was touched."""


@dataclass(frozen=True, slots=True)
class Task:
    """What a process rehearses. version_id None: what is in force now, with nothing changed. at: the instant that the
    rehearsal is of. share: of a hundred persons, who are on the version; the others stay on the one in force. own_only:
    count what the version itself does and nothing of the one in force. answers: whether receipts and talks are drawn
    (`reaching`). lifted: as if no order stopped sending. keep_rows: also return every contact of the
    first day and what became of it.
    """

    part: Part
    version_id: int | None
    strategy_id: int
    days: int
    at: datetime
    snapshot: str | None = None
    keep_rows: bool = False
    share: int = 100
    own_only: bool = False
    answers: bool = True
    lifted: bool = False


@dataclass(slots=True)
class Ran:
    """What a part came to."""

    persons: int = 0
    first_day: date | None = None
    cells: Cells = field(default_factory=Cells)
    planned: dict[tuple[date, str], int] = field(default_factory=dict)  # day, channel
    enrolled: dict[str, int] = field(default_factory=dict)  # segment: cases at the end of the first night
    late: list[str] = field(default_factory=list)  # creditors whose tape is late: not treated
    skipped: int = 0
    rows: list[list[Any]] = field(default_factory=list)
    rates: list[list[Any]] = field(
        default_factory=list
    )  # creditor, channel, of a thousand: reached, failed; of so many


@dataclass(slots=True)
class _Book:
    """One creditor's days. counts: whether he is of the version; a neighbour's contacts only count against limits."""

    creditor: Creditor
    first: date  # business date of the first close
    first_day: date  # the first day that is prepared and not over
    counts: bool = True

    def close(self, business_date: date, *, newest_state: int, at: datetime) -> Close:
        instant = max(at, closes_at(self.creditor, business_date))
        return Close(self.creditor, business_date, newest_state, REHEARSAL, instant)


def closes_at(creditor: Creditor, business_date: date) -> datetime:
    """Return the instant at which the night closes a day of this creditor: two in the morning after it, there."""
    zone = clock.zone(creditor.time_zone)
    return datetime.combine(business_date + timedelta(days=1), CLOSES_AT, zone)


def first_close(creditor: Creditor, *, at: datetime) -> date:
    """Return the business date that will be closed next."""
    done = NightRun.objects.filter(creditor=creditor, status=NightRun.Status.DONE).order_by("-business_date")
    last = done.values_list("business_date", flat=True).first()
    return last + timedelta(days=1) if last else last_day_over(creditor, at=at)


def first_day(creditor: Creditor, *, at: datetime) -> date:
    """Return the first day for which the next closes will plan anything: one that is not over when it is prepared."""
    first = first_close(creditor, at=at) + timedelta(days=1)
    closed = max(at, closes_at(creditor, first - timedelta(days=1)))
    return max(first, clock.business_day(closed, creditor.time_zone))


def run(task: Task, *, send_day: SendDay, tell: Tell | None = None) -> Ran:
    """Rehearse one part of the book. Raises NotShadowed where the night writes what is not copied."""
    creditors = list(Creditor.objects.filter(pk__in=task.part.creditors).order_by("pk"))
    known_on = min((first_day(creditor, at=task.at) for creditor in creditors), default=task.at.date())
    ran = Ran()
    with shadow.opened(task.part, known_on=known_on, snapshot=task.snapshot) as ran.persons:
        try:
            with asked_once():  # the whole rehearsal is one transaction and of one instant
                _Days(task, ran, send_day, tell).go()
        except DatabaseError as error:
            if getattr(error.__cause__, "pgcode", None) == READ_ONLY_REFUSED:
                raise NotShadowed(str(error).splitlines()[0]) from error
            raise
    return ran


class _Days:
    def __init__(self, task: Task, ran: Ran, send_day: SendDay, tell: Tell | None) -> None:
        self.task, self.ran, self.send_day, self.tell = task, ran, send_day, tell
        self.books = self._books()
        self.newest = {book.creditor.pk: closing.newest_state(book.creditor.pk) for book in self.books}
        own = [book for book in self.books if book.counts]
        ran.first_day = min(book.first_day for book in own) if own else None
        self.steps: dict[int, Step] = {}
        self.reaching = reaching.NOBODY

    def _books(self) -> list[_Book]:
        own = set(self.task.part.creditors)
        with connection.cursor() as cursor:
            cursor.execute(sql.NEIGHBOURS, {"creditors": sorted(own)})
            others = {row[0] for row in cursor.fetchall()}
        creditors = Creditor.objects.filter(pk__in=own | others, is_active=True).order_by("pk")
        at = self.task.at
        return [
            _Book(each, first_close(each, at=at), first_day(each, at=at), counts=each.pk in own) for each in creditors
        ]

    def go(self) -> None:
        """Put the version in force, then run one close and one day of sending after the other."""
        if self.task.lifted:
            StopOrder.objects.filter(lifted_at__isnull=True).update(lifted_at=self.task.at)
        if self.task.version_id is not None:
            put_in_force(self.task.version_id, share=self.task.share, at=self.task.at)
        steps = Step.objects.filter(segment__version__strategy=self.task.strategy_id).select_related("segment")
        if self.task.own_only:
            steps = steps.filter(segment__version=self.task.version_id)
        self.steps = {step.pk: step for step in steps}
        if self.task.answers:
            self.reaching = reaching.of_creditors([book.creditor for book in self.books], at=self.task.at)
            own = {book.creditor.pk: book.creditor.code for book in self.books if book.counts}
            self.ran.rates = self.reaching.told(own)
        self._finish_today()
        closes = self._closes()
        for number, (book, close) in enumerate(closes):
            if self.tell is not None:
                self.tell(number, len(closes), f"{book.creditor.code} {close.day}")
            if close.day > book.first_day:
                self._age_feed(book)
            self._night(book, close)
            self._send(book, close)
            if number == 0:
                shadow.analyse()
        if self.tell is not None:
            self.tell(len(closes), len(closes), "")

    def _finish_today(self) -> None:
        """Send what is left of the day that the last close prepared: it counts against the limits of the next one."""
        for book in self.books:
            today = Close(
                book.creditor,
                book.first - timedelta(days=1),
                self.newest[book.creditor.pk],
                REHEARSAL,
                self.task.at,
            )
            if not planner.is_over(today):
                for _sent in self.send_day(today, WHOLE, until=closes_at(book.creditor, today.day)):
                    pass

    def _closes(self) -> list[tuple[_Book, Close]]:
        """Return the closes in the order in which they will be run."""
        found = []
        for book in self.books:
            last = book.first_day + timedelta(days=self.task.days - 1)
            for number in range((last - book.first).days):
                day = book.first + timedelta(days=number)
                found.append((book, book.close(day, newest_state=self.newest[book.creditor.pk], at=self.task.at)))
        return sorted(found, key=lambda each: (each[1].at, each[1].business_date, each[0].creditor.pk))

    def _age_feed(self, book: _Book) -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql.NEXT_FEED, {"creditor": book.creditor.pk})

    # -- the night -----------------------------------------------------------------------------------------------------

    def _night(self, book: _Book, close: Close) -> None:
        night = Night(close)
        for stage in STAGES:
            if stage.name in STEPS:
                for span in _spans(stage, close):
                    self._work(stage, night, span)
        if not book.counts or planner.is_over(close):
            return
        if getattr(night, "is_late", False) and close.day == book.first_day:
            self.ran.late.append(book.creditor.code)
        values = {"creditor": close.creditor.pk, "day": close.day, "steps": list(self.steps)}
        for channel, count in _rows(sql.PLANNED, values):
            key = (close.day, channel)
            self.ran.planned[key] = self.ran.planned.get(key, 0) + count
        if close.day == book.first_day:
            for segment, count in _rows(sql.ENROLLED, values | {"strategy": self.task.strategy_id}):
                self.ran.enrolled[segment] = self.ran.enrolled.get(segment, 0) + count

    def _work(self, stage: Stage, night: Night, span: Span) -> None:
        """Do a step of the night; leave out a person whose rows break it, as the night does."""
        try:
            with transaction.atomic():
                stage.work(night, span)
        except POISON as error:
            if getattr(error.__cause__, "pgcode", None) == READ_ONLY_REFUSED or stage.next_span is None:
                raise
            persons = closing.persons_of(night.close, span)
            if len(persons) <= 1:
                self.ran.skipped += 1
                return
            middle = persons[len(persons) // 2 - 1]
            self._work(stage, night, Span(span.after, middle))
            self._work(stage, night, Span(middle, span.upto))

    # -- the day -------------------------------------------------------------------------------------------------------

    def _send(self, book: _Book, close: Close) -> None:
        if planner.is_over(close):
            return
        last: dict[int, Sent] = {}
        for sent in self.send_day(close, WHOLE, until=closes_at(book.creditor, close.day)):
            last[sent.planned_id] = sent
        if book.counts:
            counting.count_day(self.ran.cells, close, last.values(), steps=self.steps)
            if self.task.keep_rows and close.day == book.first_day:
                self.ran.rows += rows_of_day([book.creditor.pk], close.day)
        self.reaching.answer(close)


def rows_of_day(creditor_ids: list[int], day: date) -> list[list[Any]]:
    """Return every contact planned for a day and what became of it, as a rehearsal and the real day can be compared."""
    return [list(row) for row in _rows(sql.ROWS, {"creditors": creditor_ids, "day": day})]


def put_in_force(version_id: int, *, share: int = 100, at: datetime) -> None:
    """Put a version in force on the copies, as publishing does; whether it may be is not asked.

    share: of a hundred persons; the others stay on the version that is in force for everybody.
    """
    version = StrategyVersion.objects.get(pk=version_id)
    if version.status == StrategyVersion.Status.PUBLISHED and version.share == share:
        return
    others = StrategyVersion.objects.filter(strategy_id=version.strategy_id, status__in=["published", "stopped"])
    others = others.exclude(pk=version_id)
    before = others.filter(share=100).values_list("pk", flat=True).first()
    gone = others if share == 100 else others.exclude(pk=before or 0)
    gone.update(status=StrategyVersion.Status.RETIRED)
    StrategyVersion.objects.filter(pk=version_id).update(
        status=StrategyVersion.Status.PUBLISHED,
        published_at=at,
        stopped_at=None,
        share=share,
        starts_on=None,
        replaces_id=before,
    )


def _spans(stage: Stage, close: Close) -> Iterator[Span]:
    if stage.next_span is None:
        yield WHOLE
        return
    after = 0
    while (span := stage.next_span(close, after)) is not None:
        yield span
        after = span.upto


def _rows(statement: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
