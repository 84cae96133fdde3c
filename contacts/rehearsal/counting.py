"""The numbers of a rehearsal: contacts by day, creditor, segment, step, channel, team and what becomes of them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple

from django.db import connection

from cases.closing import Close
from contacts.models import Step
from contacts.rehearsal import costs, sql
from contacts.rehearsal.sending import Sent
from contacts.rehearsal.shadow import FIRST_NUMBER
from contacts.strategy import particulars

MOST_CASES: Final = 10_000  # of a number, whose keys are kept: the first ones
TASK: Final = "task"  # put before a person: an outcome beside sent, withheld and obstacle


class Key(NamedTuple):
    """What a number is of."""

    day: date
    creditor_id: int
    segment_key: str
    step_key: str
    kind: str
    channel: str
    team_id: int | None
    outcome: str
    reason: str


@dataclass(slots=True)
class Cell:
    """How many, how many minutes of people's work, what it costs, and the keys of the first cases."""

    count: int
    minutes: int
    cost: Decimal
    cases: list[int]


class Cells:
    """Numbers by their key. Those of two parts of the book add up."""

    def __init__(self) -> None:
        self.by_key: dict[Key, Cell] = {}

    def add(self, key: Key, count: int, *, minutes: int = 0, cases: Iterable[int] = ()) -> None:
        """Count so many more, each of so many minutes."""
        cell = self.by_key.setdefault(key, Cell(0, 0, Decimal("0.00"), []))
        cell.count += count
        cell.minutes += minutes * count
        if key.outcome == "sent":
            cell.cost += costs.of_message(key.channel) * count
        room = MOST_CASES - len(cell.cases)
        if room > 0:
            cell.cases += [case for case in cases if case < FIRST_NUMBER][:room]

    def merge(self, rows: Iterable[list[Any]]) -> None:
        """Add what another part counted, as `rows` gives it."""
        for day, creditor, segment, step, kind, channel, team, outcome, reason, count, minutes, cases in rows:
            key = Key(date.fromisoformat(day), creditor, segment, step, kind, channel, team, outcome, reason)
            self.add(key, count, cases=cases)
            self.by_key[key].minutes += minutes

    def rows(self) -> Iterator[list[Any]]:
        """Yield the numbers as plain lists, for another process."""
        for key, cell in self.by_key.items():
            yield [key.day.isoformat(), *key[1:], cell.count, cell.minutes, cell.cases]


def count_day(cells: Cells, close: Close, sent: Iterable[Sent], *, steps: Mapping[int, Step]) -> None:
    """Count one day of a creditor: the tasks that its close planned, and the messages by what became of them last."""
    creditor_id = close.creditor.pk
    values: dict[str, Any] = {"creditor": creditor_id, "day": close.day, "steps": list(steps), "first": FIRST_NUMBER}
    values["most"] = MOST_CASES
    with connection.cursor() as cursor:
        cursor.execute(sql.TASKS, values)
        for segment, step_key, kind, channel, team, minutes, count, cases in cursor.fetchall():
            key = Key(close.day, creditor_id, segment, step_key, kind, channel, team, TASK, "")
            cells.add(key, count, minutes=particulars.minutes_of(kind, minutes), cases=cases or ())
        cursor.execute(sql.TEAMS, {"creditor": creditor_id})
        teams = dict(cursor.fetchall())
    for one in sent:
        step = steps.get(one.step_id)
        if step is None:
            continue  # of another strategy
        key = Key(
            close.day,
            creditor_id,
            step.segment.key,
            step.key,
            step.kind,
            one.channel,
            teams.get(one.case_id),
            one.outcome,
            one.reason,
        )
        cells.add(key, 1, cases=(one.case_id,))
