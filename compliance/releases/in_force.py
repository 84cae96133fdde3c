"""Which packs bind at an instant: those that are shipped, or newer ones that officers have put in force by then.

What is scheduled is read at most every READ_EVERY seconds per process and kept in memory, so that a decision asks the
database nothing. That is enough: a release is approved at least ten minutes before it begins, and a withdrawal binds
SETTLES later than it is made, when every process has read of it; so all of them change at the same instant. What cannot
be read is not guessed: ReleasesUnknown, and the gate refuses.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from typing import Final

from django.db import Error, connection

from compliance import packs_loader
from compliance.models import PackRelease, ScheduledRelease
from compliance.packs_loader import Pack, PackError

READ_EVERY: Final = 2.0  # seconds
SETTLES: Final = timedelta(seconds=5)  # longer than READ_EVERY and the difference of two machines' clocks


class ReleasesUnknown(Exception):
    """Nobody can say which version of a pack binds: the table of scheduled releases cannot be read."""


@dataclass(frozen=True, slots=True)
class Announced:
    """An approved release and the instants between which it binds (half-open)."""

    pack: str
    version: str
    hash: str
    begins: datetime
    ends: datetime | None


@dataclass(frozen=True, slots=True, eq=False)
class Edition:
    """Every installed pack in the version that binds at one instant. Compared by identity, so that it can be a key."""

    packs: tuple[Pack, ...]
    shipped: tuple[Pack, ...]
    by_id: Mapping[str, Pack] = field(repr=False)

    def get(self, pack_id: str) -> Pack:
        """Return a pack. Raises PackError when there is none of this name."""
        try:
            return self.by_id[pack_id]
        except KeyError:
            raise PackError(pack_id, "no such pack is installed") from None

    def with_pack(self, pack: Pack) -> Edition:
        """Return the same packs with this one in the place of its other version."""
        packs = tuple(sorted({**self.by_id, pack.id: pack}.values(), key=lambda each: each.id))
        return _made(packs, self.shipped)


def _made(packs: tuple[Pack, ...], shipped: tuple[Pack, ...]) -> Edition:
    return Edition(packs, shipped, {pack.id: pack for pack in packs})


_known: Final[dict[str, tuple[float, tuple[Announced, ...]]]] = {}  # by database: when read, what
_editions: Final[dict[tuple[str, ...], Edition]] = {}
_released: Final[dict[str, Pack]] = {}


def forget() -> None:
    """Read what is scheduled again at the next question, in this process."""
    for kept in (_known, _editions, _released):
        kept.clear()


def announced() -> tuple[Announced, ...]:
    """Return every approved release that binds at some time, in the order in which they begin.

    Read from memory unless that is older than READ_EVERY. Raises ReleasesUnknown.
    """
    database = str(connection.settings_dict["NAME"])
    now = time.monotonic()
    known = _known.get(database)
    if known is not None and now - known[0] < READ_EVERY:
        return known[1]
    fields = ("pack", "release__version", "release__hash", "in_force_from", "binds_until")
    try:
        rows = ScheduledRelease.objects.approved().order_by("in_force_from", "pk")
        found = tuple(Announced(*row) for row in rows.values_list(*fields))
    except Error as error:
        _known.pop(database, None)
        raise ReleasesUnknown("the scheduled releases cannot be read") from error
    found = tuple(one for one in found if one.ends is None or one.begins < one.ends)
    _known[database] = (now, found)
    return found


def next_change(after: datetime) -> datetime | None:
    """Return the first instant later than `after` at which another version of some pack begins to bind."""
    marks = [mark for one in announced() for mark in (one.begins, one.ends) if mark is not None and mark > after]
    return min(marks, default=None)


def at(instant: datetime) -> Edition:
    """Return the packs that bind at an instant. Raises PackError, ReleasesUnknown."""
    binding: dict[str, Announced] = {}
    for one in announced():
        if one.begins <= instant and (one.ends is None or instant < one.ends):
            binding[one.pack] = one
    return _edition(binding)


def of_day(day: date) -> datetime:
    """Return the instant that stands for a date wherever it is: noon UTC.

    A release that begins at the local midnight of a date is then in force on that date and not on the one before.
    """
    return datetime.combine(day, clock_time(12), UTC)


def _edition(binding: Mapping[str, Announced]) -> Edition:
    shipped = packs_loader.all_packs()
    key = tuple(sorted(one.hash for one in binding.values()))
    made = _editions.get(key)
    if made is None or made.shipped is not shipped:
        made = _made(tuple(_version_of(pack, binding.get(pack.id)) for pack in shipped), shipped)
        _editions[key] = made
    return made


def _version_of(shipped: Pack, scheduled: Announced | None) -> Pack:
    if scheduled is None or order_of(scheduled.version) <= order_of(shipped.version):
        return shipped
    return released(scheduled.hash)


def released(digest: str) -> Pack:
    """Return the pack of a stored release by its hash. Raises PackError, ReleasesUnknown."""
    pack = _released.get(digest)
    if pack is None:
        try:
            content = PackRelease.objects.values_list("content", flat=True).filter(hash=digest).first()
        except Error as error:
            raise ReleasesUnknown("a release cannot be read") from error
        if content is None:
            raise PackError(digest[:16], "no release with this hash is stored")
        pack = packs_loader.from_content(content)
        if pack.hash != digest:
            raise PackError(f"{pack.id} {pack.version}", "the stored content does not have the stored hash")
        _released[digest] = pack
    return pack


def by_hash(pack_id: str, digest: str) -> Pack:
    """Return the pack that an outcome names. Raises PackError, ReleasesUnknown."""
    shipped = packs_loader.get(pack_id)
    return shipped if shipped.hash == digest else released(digest)


def order_of(version: str) -> tuple[int, ...]:
    """Return the numbers of a version ("2026-01-30.2"), by which versions of a pack are put in order."""
    return tuple(int(number) for number in re.findall(r"\d+", version))
