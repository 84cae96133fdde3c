"""A day of sending on a simulated clock: what `contacts.dispatch` would do with each row, without sending anything.

Row by row the same questions are asked in the same order: what stands in the way, which wording, what the gate says;
and a refusal puts the row off as dispatch does. The clock runs from midnight of the close's day at the creditor, from
the close where that is later, to the next midnight or the next close; a row whose next time lies behind that, because
its person lives elsewhere, is decided in the next day's run.
At one instant the channels take turns in a fixed order, within each the highest priority first, then the oldest.

Persons depend on one another only where they share a number or address: such persons are taken together, in the order
of time, so that a number's contacts count exactly. All others are decided many at once.

What differs from a real day: the pace and the holds of providers are not looked at, every hand-over succeeds, other
creditors send nothing meanwhile, and nobody writes, pays or stops anything in the course of the day. Decisions are not
stored; attempts, rows and the cases' last contact are, in whatever tables the session sees.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from math import ceil
from typing import Final

from cases.closing import Close, Span
from cases.models import ContactPoint
from collections_app.shared import clock
from collections_app.shared.once import once
from contacts import reserving, stops
from contacts.channels import catalogue
from contacts.dispatch import clearing, outgoing, wanted, wording
from contacts.dispatch.outgoing import Outgoing
from contacts.dispatch.wanted import Obstacle
from contacts.models import PlannedContact
from contacts.rehearsal import sql_sending as sql
from contacts.rehearsal.answers import Answers

SENT: Final = "sent"
WITHHELD: Final = "withheld"
OBSTACLE: Final = "obstacle"
PERSONS: Final = 1_500  # taken together
# What nothing that happens in a simulated day can remove. Something before it may come in the way, though, when another
# message to the same person leaves.
LASTING: Final = frozenset(
    {
        "stopped", "strategy-stopped", "creditor-inactive", "stale-feed", "no-sender", "no-approved-wording", "no-seal",
        wanted.NEWER,
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a row on the day, as far as dispatch would have got with it. reason: a rule or an obstacle."""

    planned_id: int
    case_id: int
    person_id: int
    step_id: int
    channel: str
    outcome: str
    reason: str
    at: datetime


@dataclass(slots=True)
class _Row:
    """A row of the outbox on its way through the day."""

    planned: PlannedContact
    due_at: datetime
    at: datetime
    status: str = "planned"
    reason: str = ""
    outcome: str = ""
    tries: int = 0  # since the last writing
    decided_at: datetime | None = None
    lasts: timedelta | None = None  # what is in its way stands all day, and it is tried again every so often
    point: ContactPoint | None = None
    wording_id: int | None = None
    debts: tuple[int, ...] = ()

    @property
    def is_open(self) -> bool:
        return self.status in ("planned", "withheld")

    def order(self) -> tuple[datetime, int, int, datetime, int]:
        """Return its place in the order in which dispatch takes rows."""
        channel = catalogue.SENDING.index(self.planned.channel)
        return self.at, channel, -self.planned.priority, self.due_at, self.planned.pk


@dataclass(slots=True)
class _Day:
    """The day that is simulated, and what of it was done already."""

    creditor_id: int
    begins_at: datetime
    ends_at: datetime
    span: Span
    limit_to: frozenset[int] | None
    stopped: frozenset[str]
    answers: Answers = field(default_factory=Answers)
    taken: set[int] = field(default_factory=set)  # persons who were decided with those they share an address with

    def due(self) -> list[object]:
        """Return what the statements bind to find what is due."""
        return [self.creditor_id, list(catalogue.SENDING), self.ends_at]

    def holds(self, person_id: int) -> bool:
        """Whether a person is simulated here."""
        return self.span.after < person_id <= self.span.upto and (self.limit_to is None or person_id in self.limit_to)


def send_day(
    close: Close, span: Span, *, limit_to: Collection[int] | None = None, until: datetime | None = None
) -> Iterator[Sent]:
    """Decide about everything that is due on the day that this close prepares, for these persons; yield what became of
    each row that was looked at.

    limit_to: only these persons. until: the instant of the next close, where the day is to last until then. Writes as
    it goes: take the whole iterator. A number that is shared with somebody outside span and limit_to counts as far as
    it has been written.
    """
    zone = clock.zone(close.creditor.time_zone)
    day = _Day(
        close.creditor.pk,
        max(datetime.combine(close.day, time.min, zone), close.at),
        until or datetime.combine(close.day + timedelta(days=1), time.min, zone),
        span,
        None if limit_to is None else frozenset(limit_to),
        once("stopped channels", _stopped),
    )
    after = span.after
    while persons := [pk for (pk,) in sql.PERSONS.rows([*day.due(), after, span.upto, PERSONS])]:
        after = persons[-1]
        chosen = {pk for pk in persons if pk not in day.taken and day.holds(pk)}
        if chosen:
            yield from _send_chunk(day, chosen)


def _stopped() -> frozenset[str]:
    """Return the channels that orders stop. Whether the database went back in time is not asked here: what this
    connection sees is older than the file beside it whenever a minute has passed.
    """
    return frozenset(channel for channel in catalogue.SENDING if stops.orders_stop(channel))


def _send_chunk(day: _Day, persons: set[int]) -> Iterator[Sent]:
    """Take these persons through the day, with those they share an address with."""
    groups = _Groups(persons)
    fresh = persons
    while fresh:
        addresses = [shared for (shared,) in sql.SHARING.rows([sorted(fresh)])]
        found = {person for shared in addresses for person in shared} - persons - day.taken
        fresh = {person for person in found if day.holds(person)}
        persons = persons | fresh
        for shared in addresses:
            together = [person for person in shared if person in persons]
            for person in together[1:]:
                groups.join(together[0], person)
    day.taken |= persons
    rows = _rows(day, persons)
    yield from _held_back(row for row in rows if row.planned.channel in day.stopped)
    of_group: dict[int, list[_Row]] = {}
    for row in rows:
        if row.planned.channel not in day.stopped:
            of_group.setdefault(groups.of(row.planned.person_id), []).append(row)
    going = list(of_group.values())
    while going:
        _round(day, going)
        going = [group for group in going if any(_waits(row, day) for row in group)]
    for group in of_group.values():
        yield from (_sent(row) for row in group)


def _waits(row: _Row, day: _Day) -> bool:
    return row.is_open and row.at < day.ends_at


def _rows(day: _Day, persons: Collection[int]) -> list[_Row]:
    made = [outgoing.planned_of(values) for values in sql.ROWS.rows([*day.due(), sorted(persons)])]
    return [_Row(row, row.try_again_at, max(row.try_again_at, day.begins_at)) for row in made]


def _held_back(rows: Iterable[_Row]) -> Iterator[Sent]:
    """Yield the rows of channels that are stopped: nobody takes them up, and they keep their place."""
    for row in rows:
        row.outcome, row.reason, row.decided_at = OBSTACLE, "stopped", row.at
        yield _sent(row)


def _sent(row: _Row) -> Sent:
    planned = row.planned
    return Sent(
        planned.pk, planned.case_id, planned.person_id, planned.step_id, planned.channel, row.outcome, row.reason,
        row.decided_at or row.at,
    )  # fmt: skip


def _round(day: _Day, groups: Sequence[Sequence[_Row]]) -> None:
    """Decide about the next row of each group, at its own instant, and write what follows."""
    parked: list[_Row] = []
    asked: dict[int, tuple[_Row, list[_Row]]] = {}
    for group in groups:
        waiting = [row for row in group if _waits(row, day)]
        if all(row.lasts for row in waiting):
            parked += waiting
        else:
            row = min(waiting, key=_Row.order)
            asked[row.planned.pk] = row, waiting
    for row in parked:
        _wait_all_day(day, row)
    rows = [row for row, _ in asked.values()]
    instants = {row.planned.pk: row.at for row in rows}
    read = outgoing.read_many([row.planned for row in rows], at=instants)
    for known in wanted.with_reminders(read, at=instants):
        row, waiting = asked[known.planned.pk]
        row.decided_at, row.tries, row.lasts = row.at, row.tries + 1, None
        _decide(day, row, known)
        if row.outcome == SENT:
            for other in waiting:
                other.lasts = None  # something else may be in its way from now on
    _write([*parked, *rows])


def _decide(day: _Day, row: _Row, known: Outgoing) -> None:
    """Do with a row what `clearing.clear` and a hand-over that succeeds would do with it at this instant."""
    planned, at = row.planned, row.at
    found = clearing.prepare(known, at=at, write=wording.check)
    if isinstance(found, Obstacle):
        _stand_back(row, found)
        return
    point, version = found
    question = clearing.question_of(planned, known.file, point.pk, version)
    facts = known.file.facts(point.pk)
    found_against = day.answers.refusal(question, facts)
    if found_against is None:
        row.status, row.outcome, row.reason = "done", SENT, ""
        row.point, row.wording_id, row.debts = point, version.pk, known.file.debts
        return
    failing, next_permitted = found_against
    again = clearing.again_at(next_permitted, at=at)
    row.status, row.outcome, row.reason = "withheld", WITHHELD, reserving.rule_in(failing)
    row.at = row.due_at = clearing.waits_until(again, expires_at=planned.expires_at, at=at)


def _stand_back(row: _Row, obstacle: Obstacle) -> None:
    """Cancel a row, or put it off."""
    at, expires_at = row.at, row.planned.expires_at
    row.outcome, row.reason = OBSTACLE, obstacle.code
    if obstacle.try_again_at is None:
        row.status = "cancelled"
        return
    row.status = "withheld"
    row.at = row.due_at = clearing.waits_until(obstacle.try_again_at, expires_at=expires_at, at=at)
    if obstacle.code in LASTING and row.at < expires_at:
        row.lasts = obstacle.try_again_at - at


def _wait_all_day(day: _Day, row: _Row) -> None:
    """Try a row as often as dispatch would until the day or its use ends, always with the same answer."""
    if row.lasts is None:
        return
    times = ceil((min(day.ends_at, row.planned.expires_at) - row.at) / row.lasts)
    row.decided_at = row.at + (times - 1) * row.lasts
    row.at = row.due_at = min(row.at + times * row.lasts, row.planned.expires_at)
    row.tries, row.lasts = row.tries + times, None


def _write(rows: Sequence[_Row]) -> None:
    """Write what became of these rows."""
    sent = [row for row in rows if row.outcome == SENT]
    if sent:
        sql.SEND.rows(
            [
                [row.planned.pk for row in sent],
                [row.at for row in sent],
                [row.point.pk for row in sent if row.point],
                [row.point.address_id for row in sent if row.point],
                [f"{{{','.join(map(str, row.debts))}}}" for row in sent],
                [row.wording_id for row in sent],
            ]
        )
    aside = [row for row in rows if row.outcome in (WITHHELD, OBSTACLE)]
    if aside:
        sql.SET_ASIDE.rows(
            [
                [row.planned.pk for row in aside],
                [row.status for row in aside],
                [row.reason for row in aside],
                [row.at for row in aside],
                [row.tries for row in aside],
                [row.decided_at for row in aside],
            ]
        )
    for row in rows:
        row.planned.tries, row.tries = row.planned.tries + row.tries, 0


class _Groups:
    """Persons who share an address, directly or through others: each group by one of them."""

    def __init__(self, persons: Iterable[int]) -> None:
        self.above = {pk: pk for pk in persons}

    def of(self, person_id: int) -> int:
        """Return the name of a person's group."""
        above = self.above.setdefault(person_id, person_id)
        while above != self.above[above]:
            above = self.above[above] = self.above[self.above[above]]
        self.above[person_id] = above
        return above

    def join(self, one: int, other: int) -> None:
        """Make one group of two."""
        self.above[self.of(one)] = self.of(other)
