"""Levels out among those who can do the same, with as few moves as it takes."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from heapq import heapify, heappop, heappush
from typing import Any

from cases.distribution.loads import Table
from cases.distribution.rules import BALANCE, MINUTES


def level(items: Sequence[Any], to: Sequence[int], table: Table) -> Iterator[tuple[int, int]]:
    """Yield (index of the item, new collector) until no two equal collectors differ by more than the heaviest case.

    Where cases are counted, that is one case. A case that somebody works on, or that the other may not take, stays:
    then, and where somebody is full, more of a difference may be left.
    """
    held: dict[int, list[int]] = defaultdict(list)
    for index, worker_id in enumerate(to):
        worker = table.workers.get(worker_id)
        if worker is not None and not items[index].pinned and items[index].team == worker.team:
            held[worker_id].append(index)
    groups: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for worker in table.workers.values():
        if worker.takes and worker.keeps:
            groups[worker.equal()].append(worker.id)
    for group in groups.values():
        if len(group) > 1:
            yield from _Group(items, group, held, table).moves()


class _Group:
    """Equal collectors and the cases that each of them could give away: by weight, of equal weight the least urgent
    last, which is where giving begins.
    """

    def __init__(self, items: Sequence[Any], group: list[int], held: dict[int, list[int]], table: Table) -> None:
        self.items, self.group, self.table = items, group, table
        self.held = {
            worker_id: sorted(
                held[worker_id], key=lambda each: (self._weight(each), -items[each].urgency, items[each].case_id)
            )
            for worker_id in group
        }
        self.heaviest = max((self._weight(own[-1]) for own in self.held.values() if own), default=0)
        self.lowest = [(table.load(worker_id), worker_id) for worker_id in group]
        self.highest = [(-table.load(worker_id), worker_id) for worker_id in group]
        heapify(self.lowest)
        heapify(self.highest)

    def _weight(self, index: int) -> int:
        item = self.items[index]
        if self.table.mode == BALANCE:
            return int(item.weight)
        return int(item.minutes) if self.table.mode == MINUTES else 1

    def moves(self) -> Iterator[tuple[int, int]]:
        """Yield the moves of this group. Who can give nothing (any more) is not asked again."""
        while (giver := self._top(self.highest, -1)) and (taker := self._top(self.lowest, 1)):
            gift = self._gift(giver, taker)
            if gift is None:
                ordered = sorted(self.group, key=lambda each: (self.table.load(each), each))
                found = ((self._gift(giver, each), each) for each in ordered if each != giver)
                gift, taker = next(((one, each) for one, each in found if one is not None), (None, 0))
            if gift is None:
                heappop(self.highest)
                continue
            index = self.held[giver].pop(gift)
            item = self.items[index]
            own = self.held[taker]
            own.insert(bisect_right(own, self._weight(index), key=self._weight), index)
            self.table.give(giver, taker, item.minutes, item.weight)
            for worker_id in (giver, taker):
                heappush(self.lowest, (self.table.load(worker_id), worker_id))
                heappush(self.highest, (-self.table.load(worker_id), worker_id))
            yield index, taker

    def _top(self, heap: list[tuple[int, int]], sign: int) -> int:
        """Return who is on top by the loads of now (0: nobody); places that are out of date are dropped."""
        while heap and sign * heap[0][0] != self.table.load(heap[0][1]):
            heappop(heap)
        return heap[0][1] if heap else 0

    def _gift(self, giver: int, taker: int) -> int | None:
        """Return where, among what the giver holds, the case lies that evens out best; None where none does."""
        gap = self.table.load(giver) - self.table.load(taker)
        if gap <= self.heaviest:
            return None
        own = self.held[giver]
        middle = bisect_right(own, gap // 2, key=self._weight)
        for position in (*range(middle - 1, -1, -1), *range(middle, len(own))):
            item = self.items[own[position]]
            if (
                self._weight(own[position]) < gap
                and taker not in item.barred
                and self.table.has_room(taker, item.minutes)
            ):
                return position
        return None
