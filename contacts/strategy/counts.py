"""How many cases each segment of a draft would take now, and for how many each step would be due on the next day.

Counted over the live book of the version's creditors with the production's own conditions and `due`; the stays of the
draft stand in a session-local table of a transaction that is rolled back. A large book is counted by a sample of
persons spread over it, and the numbers are scaled up.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Case as Choose
from django.db.models import Count, F, IntegerField, Max, Min, Q, QuerySet, Value, When

from cases.closing import Close, Span
from cases.models import Case, Creditor
from collections_app.shared import clock
from collections_app.shared.actor import SYSTEM
from contacts.models import Segment, StrategyVersion
from contacts.strategy import conditions, sql, sql_counts
from contacts.strategy.due import due
from contacts.strategy.enrolment import Path, takes

MOST: Final = 20_000  # cases that are looked at, over all creditors
WINDOWS: Final = 25  # a sample is taken in so many places of the book
TIMEOUT_MS: Final = 8_000
EXAMPLES: Final = 5
EVERYBODY: Final = Span(0, 2**62)


@dataclass(slots=True)
class Counts:
    """What was counted. Numbers by key of the segment, and by keys of segment and step.

    total: cases of the book. counted: those that were looked at. nobody: those that no segment takes, with examples.
    """

    day: date
    as_of: datetime
    total: int = 0
    counted: int = 0
    segments: dict[str, int] = field(default_factory=dict)
    steps: dict[tuple[str, str], int] = field(default_factory=dict)
    nobody: int = 0
    examples: list[int] = field(default_factory=list)

    @property
    def is_estimate(self) -> bool:
        """Whether only a sample was looked at."""
        return self.counted < self.total

    def scaled(self, number: int) -> int:
        """Return a number of the sample as one of the book."""
        return round(number * self.total / self.counted) if self.counted else 0


@dataclass(frozen=True, slots=True)
class Book:
    """The part of one creditor's book that is looked at: its cases, and how many there are altogether."""

    close: Close
    cases: QuerySet[Case]
    within: Q
    total: int


def next_day(creditor: Creditor, at: datetime) -> Close:
    """Return the close that prepares the next day at a creditor's."""
    today = clock.business_day(at, creditor.time_zone)
    return Close(creditor=creditor, business_date=today, newest_state=0, actor=SYSTEM, at=at)


def books(version: StrategyVersion, *, at: datetime, most: int = MOST) -> list[Book]:
    """Return the books of the version's creditors, each by a sample where it is large."""
    creditors = list(version.creditors.order_by("pk"))
    return [_book(next_day(creditor, at), most // max(1, len(creditors))) for creditor in creditors]


def _book(close: Close, most: int) -> Book:
    cases = Case.objects.unresolved().filter(creditor_id=close.creditor.pk)
    seen = cases.order_by().aggregate(total=Count("pk"), least=Min("person_id"), most=Max("person_id"))
    total = int(seen["total"])
    if total <= most:
        return Book(close, cases, conditions.ALWAYS, total)
    length = (seen["most"] - seen["least"] + 1) / WINDOWS
    part = length * most / total
    within = Q(pk__in=())
    for number in range(WINDOWS):
        begins = round(seen["least"] + number * length)
        within |= Q(person_id__gte=begins, person_id__lt=begins + max(1, round(part)))
    return Book(close, cases.filter(within), within, total)


def taken_by(segments: list[Segment], version: StrategyVersion, close: Close) -> Choose:
    """Return the expression of the segment that takes a case: its key in the database, 0 for none."""
    whens = [When(takes(Path(version, segment, ()), close), then=Value(segment.pk)) for segment in segments]
    return Choose(*whens, default=Value(0), output_field=IntegerField())


@contextmanager
def on_its_paths(version: StrategyVersion, segments: list[Segment], found: list[Book]) -> Iterator[None]:
    """Inside the block the cases of these books are on the paths of this version, for this connection only.

    Whatever is done inside is rolled back.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(sql_counts.LIMIT, [TIMEOUT_MS])
        made = [_entering(version, segments, book, number) for number, book in enumerate(found)]
        with connection.cursor() as cursor:
            cursor.execute(sql_counts.STAYS)
            for statement in made:
                if statement is not None:
                    cursor.execute(*statement)
            cursor.execute(sql_counts.STATISTICS)
        try:
            yield
        finally:
            transaction.set_rollback(True)


def _entering(
    version: StrategyVersion, segments: list[Segment], book: Book, number: int
) -> tuple[str, list[Any]] | None:
    rows = book.cases.annotate(taken=taken_by(segments, version, book.close)).exclude(taken=0)
    chosen = rows.order_by().values_list("pk", "person_id", "creditor_id", F("taken"))
    before = [number * 10**12, version.pk, version.strategy_id, book.close.day]
    return sql.around(sql_counts.ENTER_HEAD, chosen, sql_counts.ENTER_TAIL, before=before, after=[])


def of_version(version: StrategyVersion, *, at: datetime, most: int = MOST) -> Counts:
    """Count the cases of every node of a version, as of now, for the next day of its creditors."""
    segments = list(version.segments.order_by("position", "pk").prefetch_related("steps__template"))
    found = books(version, at=at, most=most)
    day = found[0].close.day if found else clock.business_day(at, "UTC")
    counts = Counts(day=day, as_of=at, total=sum(book.total for book in found))
    keys = {segment.pk: segment.key for segment in segments}
    counts.segments = dict.fromkeys(keys.values(), 0)
    for book in found:
        _count_segments(counts, version, segments, book, keys)
    with on_its_paths(version, segments, found):
        for book in found:
            for segment in segments:
                steps = sorted(segment.steps.all(), key=lambda one: (one.severity, -one.priority, one.position))
                path = Path(version, segment, tuple(steps))
                for step in steps:
                    cases = due(book.close, EVERYBODY, path, step, may_be_fresh=False).filter(book.within)
                    node = (segment.key, step.key)
                    counts.steps[node] = counts.steps.get(node, 0) + cases.order_by().count()
    return counts


def _count_segments(
    counts: Counts, version: StrategyVersion, segments: list[Segment], book: Book, keys: dict[int, str]
) -> None:
    cases = book.cases.annotate(taken=taken_by(segments, version, book.close))
    for taken, number in (
        cases.order_by().values_list("taken").annotate(number=Count("pk")).values_list("taken", "number")
    ):
        counts.counted += number
        if taken:
            counts.segments[keys[taken]] += number
        else:
            counts.nobody += number
    if counts.nobody and len(counts.examples) < EXAMPLES:
        counts.examples += list(cases.filter(taken=0).order_by("pk").values_list("pk", flat=True)[:EXAMPLES])


def one_of(version: StrategyVersion, key: str, *, among: QuerySet[Case], at: datetime) -> Case | None:
    """Return one of these cases that a segment takes now (any segment for ""); None where it takes none of them."""
    segments = list(version.segments.order_by("position", "pk"))
    wanted = next((segment.pk for segment in segments if segment.key == key), None)
    for book in books(version, at=at):
        cases = book.cases.annotate(taken=taken_by(segments, version, book.close))
        chosen = cases.exclude(taken=0) if wanted is None else cases.filter(taken=wanted)
        first = chosen.filter(pk__in=among.values("pk")).order_by("-balance", "pk").first()
        if first is not None:
            return first
    return None
