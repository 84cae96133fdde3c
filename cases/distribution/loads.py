"""Who can take cases, and what each of them has: the table that dealing and levelling read and change."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from cases.distribution.rules import BALANCE, MINUTES, TURNS


class Worker(NamedTuple):
    """A collector. tier: a rank (`staff.work.RANK`). max_cases, minutes_a_day: None is no limit.

    takes: he is given cases. keeps: he keeps those he has (not away for long). The `base_` figures are what he has
    outside the cases to be shared out, in other books.
    """

    id: int
    team: int
    skills: frozenset[str] = frozenset()
    tier: int = 0
    languages: frozenset[str] = frozenset()
    max_cases: int | None = None
    minutes_a_day: int | None = None
    takes: bool = True
    keeps: bool = True
    base_cases: int = 0
    base_minutes: int = 0

    def equal(self) -> tuple[object, ...]:
        """Return what makes two collectors interchangeable."""
        return self.team, self.skills, self.tier, self.languages


@dataclass(slots=True)
class Load:
    """What one collector has: cases, expected minutes, weight (of the cases shared out), and how many were dealt."""

    cases: int = 0
    minutes: int = 0
    weight: int = 0
    dealt: int = 0


class Table:
    """The collectors of a run with their loads. Positions follow their keys, or the turn where turns are taken."""

    def __init__(self, workers: Sequence[Worker], *, mode: str, after: int) -> None:
        self.mode = mode
        self.workers = {worker.id: worker for worker in workers}
        self.loads = {worker.id: Load(worker.base_cases, worker.base_minutes) for worker in workers}
        turn = sorted(self.workers, key=lambda each: (each <= after, each)) if mode == TURNS else list(self.workers)
        self.positions = {worker_id: position for position, worker_id in enumerate(turn)}
        self.by_position = turn
        self.teams: dict[int, list[Worker]] = defaultdict(list)
        for worker in workers:
            self.teams[worker.team].append(worker)

    def of_team(self, team: int) -> list[Worker]:
        """Return the collectors of a team."""
        return self.teams.get(team, [])

    def load(self, worker_id: int) -> int:
        """Return what is to be even: cases, minutes, balance, or how many he was dealt."""
        load = self.loads[worker_id]
        if self.mode == TURNS:
            return load.dealt
        if self.mode == MINUTES:
            return load.minutes
        return load.weight if self.mode == BALANCE else load.cases

    def key(self, worker_id: int) -> tuple[int, int, int]:
        """Return where somebody stands in a heap: his load, then his cases, then his position."""
        second = 0 if self.mode == TURNS else self.loads[worker_id].cases
        return self.load(worker_id), second, self.positions[worker_id]

    def at(self, key: tuple[int, int, int]) -> int:
        """Return who stands there."""
        return self.by_position[key[2]]

    def has_room(self, worker_id: int, minutes: int) -> bool:
        """Return whether somebody may take one more case of so many minutes."""
        worker, load = self.workers[worker_id], self.loads[worker_id]
        return (worker.max_cases is None or load.cases < worker.max_cases) and (
            worker.minutes_a_day is None or load.minutes + minutes <= worker.minutes_a_day
        )

    def take(self, worker_id: int, minutes: int, weight: int, *, dealt: bool = False) -> None:
        """Add a case to somebody; somebody who is not here (a pinned case of another team) has no load."""
        load = self.loads.get(worker_id)
        if load is not None:
            load.cases += 1
            load.minutes += minutes
            load.weight += weight
            load.dealt += dealt

    def give(self, giver: int, taker: int, minutes: int, weight: int) -> None:
        """Move a case from one to the other."""
        load = self.loads[giver]
        load.cases -= 1
        load.minutes -= minutes
        load.weight -= weight
        self.take(taker, minutes, weight)
