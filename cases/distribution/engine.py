"""Shares cases out among collectors: pure, deterministic, the same for a hundred cases or a million.

Three passes over rows that somebody else has read (`cases.distribution.reading`):

1. Who has a case and may keep it keeps it, the most urgent first, as long as there is room.
2. The others are dealt, those that fewest may take first. Cases of one kind share a row of heaps, one for each grade of
   fit; the least loaded of the best fitting grade that has room takes the case. Loads only grow while cases are dealt,
   so what lies in a heap is never above the truth and is put right when it comes to the top.
3. Where the rules say "balanced", those who can do the same level out among themselves until the loads of no two of
   them differ by more than the heaviest case (one case, where cases are counted).

n cases, u collectors, k kinds of case: n log n + n log u steps where few collectors are full or barred, and memory for
n rows and k × u places in heaps. No clock, no chance, no database: the same rows give the same result.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush, heapreplace
from typing import Final, NamedTuple

from cases.distribution.levelling import level
from cases.distribution.loads import Load, Table, Worker
from cases.distribution.rules import BALANCED, LANGUAGE, MUST, NEVER, PREFER, SKILL, TIER, TURNS, Rules

NOBODY: Final = 0
# Why a case left where it was.
NEW, GONE, OTHER_TEAM, ABSENT, CONFLICT, CAPACITY, EVEN, ANEW = (
    "new", "gone", "team", "absent", "conflict", "capacity", "even", "anew",
)  # fmt: skip
BROKEN, COMPLAINT, DAYS = "broken_promise", "complaint", "days"
BARRING: Final = (BROKEN, COMPLAINT, DAYS)
# Why it stayed.
KEPT, BUSY, SAME, NOBODY_ELSE = "continuity", "busy", "same", "nobody_else"
# Why nobody takes it.
NOBODY_THERE, NOBODY_FITS, NO_ROOM, ALL_BARRED = "nobody_there", "nobody_fits", "no_room", "all_barred"


class Need(NamedTuple):
    """What a kind of case asks for: skills, the rank of the level (0: any), the spoken language ("": unknown)."""

    skills: frozenset[str] = frozenset()
    tier: int = 0
    language: str = ""


class Item(NamedTuple):
    """One case. need: position among the needs. team: where it belongs. owner: NOBODY or who has it.

    minutes: expected work on the day. weight: what it adds to a load. urgency: higher is kept and dealt earlier.
    leaves: why the owner may not keep it ("": he may). barred: who may not take it. pinned: somebody works on it now.
    """

    case_id: int
    team: int
    owner: int
    need: int
    minutes: int = 1
    weight: int = 1
    urgency: int = 0
    leaves: str = ""
    barred: tuple[int, ...] = ()
    pinned: bool = False


@dataclass(slots=True)
class Shared:
    """The outcome, in the order of the items given.

    to: the collector of each case (NOBODY: it lies with its team). left, chosen: why it left, and why there. Where it
    stays, left is "" and chosen says why, or is "" too: it has its collector, or fell to him again.
    stays: how many stay with whom and why. loads: what everybody has afterwards.
    """

    to: list[int]
    left: list[str]
    chosen: list[str]
    stays: Counter[tuple[int, str]] = field(default_factory=Counter)
    loads: dict[int, Load] = field(default_factory=dict)
    last: int = NOBODY


def share_out(
    items: Sequence[Item], needs: Sequence[Need], workers: Iterable[Worker], rules: Rules, *, after: int = NOBODY
) -> Shared:
    """Return who takes which case. after: whom the turns begin behind (mode "turns")."""
    table = Table(sorted(workers, key=lambda each: each.id), mode=rules.mode, after=after)
    made = Shared(to=[NOBODY] * len(items), left=[""] * len(items), chosen=[""] * len(items))
    dealing = _Dealing(items, needs, rules, table, made)
    dealing.keep()
    dealing.deal()
    if rules.keep == BALANCED and rules.mode != TURNS:
        for index, to in level(items, made.to, table):
            if made.left[index] == "":
                made.left[index] = EVEN
            made.to[index] = to
            made.chosen[index] = dealing.words(items[index], to)
    for index, item in enumerate(items):
        if made.left[index] and not (made.to[index] == item.owner != NOBODY):
            continue
        why = _why_it_stays(item, made.left[index])
        made.stays[item.owner, why] += 1
        made.left[index], made.chosen[index] = "", "" if why in (KEPT, SAME) else why
    made.loads = table.loads
    return made


def _why_it_stays(item: Item, left: str) -> str:
    if item.pinned:
        return BUSY
    if left:
        return NOBODY_ELSE if left == NOBODY_ELSE else SAME
    return KEPT


class _Dealing:
    """The first two passes, over one set of rows."""

    def __init__(self, items: Sequence[Item], needs: Sequence[Need], rules: Rules, table: Table, made: Shared) -> None:
        self.items, self.needs, self.rules, self.table, self.made = items, needs, rules, table, made
        self.musts = [name for name, how in rules.criteria if how == MUST]
        self.wishes = [name for name, how in rules.criteria if how == PREFER]
        self.fits: dict[tuple[int, int], str] = {}
        self.said: dict[tuple[int, int], str] = {}
        self.classes: dict[tuple[int, int, int], list[list[tuple[int, int, int]]]] = {}
        self.pool: list[int] = []

    # -- who may keep a case -----------------------------------------------------------------------------------------

    def keep(self) -> None:
        """Let everybody keep what he may, the most urgent first; the rest is put up to be dealt."""
        items, made, take = self.items, self.made, self.table.take

        def order(index: int) -> tuple[bool, int, int]:
            item = items[index]
            return not item.pinned, -item.urgency, item.case_id

        for index in sorted(range(len(items)), key=order):
            item = items[index]
            if item.pinned:
                made.to[index] = item.owner
                take(item.owner, item.minutes, item.weight)
                continue
            left = self._why_left(item)
            if left:
                made.left[index] = left
                self.pool.append(index)
            else:
                made.to[index] = item.owner
                take(item.owner, item.minutes, item.weight)

    def _why_left(self, item: Item) -> str:
        """Return why an owner may not keep a case; "" where he may."""
        if item.owner == NOBODY:
            return NEW
        worker = self.table.workers.get(item.owner)
        if worker is None:
            return GONE
        if worker.team != item.team:
            return OTHER_TEAM
        if not worker.keeps:
            return ABSENT
        if item.leaves:
            return item.leaves
        if item.owner in item.barred:
            return CONFLICT
        unfit = self._unfit(item.need, item.owner)
        if unfit:
            return unfit
        if self.rules.keep == NEVER:
            return ANEW
        return "" if self.table.has_room(item.owner, item.minutes) else CAPACITY

    # -- who takes the others ----------------------------------------------------------------------------------------

    def deal(self) -> None:
        """Give every case of the pool to the least loaded of those who fit best."""
        items, made = self.items, self.made
        choices = {item_class: self._choices(item_class) for item_class in {self._class(each) for each in self.pool}}
        for item_class, fitting in choices.items():
            self.classes[item_class] = self._heaps(item_class, fitting)

        def order(index: int) -> tuple[int, int, int, int]:
            item = items[index]
            heavy = -item.weight if self.rules.mode in ("balance", "minutes") else 0
            return len(choices[self._class(index)]), heavy, -item.urgency, item.case_id

        for index in sorted(self.pool, key=order):
            item = items[index]
            to = self._least_loaded(self.classes[self._class(index)], item)
            if to == NOBODY and made.left[index] == DAYS and self.table.has_room(item.owner, item.minutes):
                to, made.left[index] = item.owner, NOBODY_ELSE  # nobody else takes it: better him than nobody
            made.to[index] = to
            if to != NOBODY:
                self.table.take(to, item.minutes, item.weight, dealt=True)
                made.last = to
                made.chosen[index] = self.words(item, to)
            else:
                made.chosen[index] = self._why_nobody(item, choices[self._class(index)])

    def _class(self, index: int) -> tuple[int, int, int]:
        item = self.items[index]
        return item.team, item.need, item.minutes

    def _choices(self, item_class: tuple[int, int, int]) -> list[int]:
        """Return who could take a case of this class at all, room aside."""
        team, need, _minutes = item_class
        return [
            worker.id
            for worker in self.table.of_team(team)
            if worker.takes and worker.keeps and not self._unfit(need, worker.id)
        ]

    def _heaps(self, item_class: tuple[int, int, int], fitting: list[int]) -> list[list[tuple[int, int, int]]]:
        """Return one heap for each grade of fit, the best first."""
        need = self.needs[item_class[1]]
        grades: dict[tuple[bool, ...], list[tuple[int, int, int]]] = defaultdict(list)
        for worker_id in fitting:
            worker = self.table.workers[worker_id]
            grades[tuple(not _meets(name, need, worker) for name in self.wishes)].append(self.table.key(worker_id))
        for heap in grades.values():
            heapify(heap)
        return [grades[grade] for grade in sorted(grades)]

    def _least_loaded(self, heaps: list[list[tuple[int, int, int]]], item: Item) -> int:
        table = self.table
        for heap in heaps:
            aside: list[tuple[int, int, int]] = []
            found = NOBODY
            while heap:
                worker_id = table.at(heap[0])
                if not table.has_room(worker_id, item.minutes):
                    heappop(heap)  # loads only grow: no room now is no room later
                    continue
                key = table.key(worker_id)
                if key != heap[0]:
                    heapreplace(heap, key)
                    continue
                if worker_id in item.barred:
                    aside.append(heappop(heap))
                    continue
                found = worker_id
                break
            for key in aside:
                heappush(heap, key)
            if found != NOBODY:
                return found
        return NOBODY

    def _why_nobody(self, item: Item, choices: list[int]) -> str:
        if not any(worker.takes and worker.keeps for worker in self.table.of_team(item.team)):
            return NOBODY_THERE
        if not choices:
            return NOBODY_FITS
        return ALL_BARRED if all(worker_id in item.barred for worker_id in choices) else NO_ROOM

    # -- fit ---------------------------------------------------------------------------------------------------------

    def _unfit(self, need: int, worker_id: int) -> str:
        """Return the first criterion that must be met and is not; "" where all are."""
        known = self.fits.get((need, worker_id))
        if known is None:
            worker = self.table.workers[worker_id]
            known = next((name for name in self.musts if not _meets(name, self.needs[need], worker)), "")
            self.fits[need, worker_id] = known
        return known

    def words(self, item: Item, worker_id: int) -> str:
        """Return why somebody was chosen, as codes: skill:legal,language:zh,load."""
        said = self.said.get((item.need, worker_id))
        if said is None:
            need, worker = self.needs[item.need], self.table.workers[worker_id]
            parts = []
            for name, _how in self.rules.criteria:
                if name == SKILL:
                    parts += [f"skill:{skill}" for skill in sorted(need.skills & worker.skills)]
                elif name == TIER and need.tier and worker.tier >= need.tier:
                    parts.append(f"tier:{worker.tier}")
                elif name == LANGUAGE and need.language in worker.languages:
                    parts.append(f"language:{need.language}")
            said = ",".join([*parts, "turn" if self.rules.mode == TURNS else "load"])[:80]
            self.said[item.need, worker_id] = said
        return said


def _meets(name: str, need: Need, worker: Worker) -> bool:
    if name == SKILL:
        return need.skills <= worker.skills
    if name == TIER:
        return worker.tier >= need.tier
    return not need.language or need.language in worker.languages
