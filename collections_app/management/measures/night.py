"""The night measured: a tape into the book and a close, beside COPY, changed rows, moves and plan in plain SQL."""

import resource
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import Any

from django.db import connection, transaction

from cases.imports import loader
from cases.models import BucketTransition, Creditor
from collections_app import database
from collections_app.management.measures import book, processor, sql
from collections_app.management.measures.processor import NOTHING, Used
from collections_app.shared.actor import Actor
from contacts import night
from contacts.models import PlannedContact

BENCH = Actor.system("bench")


@dataclass(slots=True)
class Measured:
    """Seconds of one run over a book of `size` accounts."""

    size: int
    first_import: float = 0.0
    first_night: float = 0.0
    second_import: float = 0.0
    stages: dict[str, float] = field(default_factory=dict)
    again: float = 0.0  # the tape of that day once more, one account in a hundred changed, and the close once more
    changed: int = 0
    moved: int = 0
    planned: int = 0
    floor: dict[str, float] = field(default_factory=dict)
    used: Used = NOTHING  # by the second tape and its close, as `total`
    used_again: Used = NOTHING  # as `again`
    rss_mb: float = 0.0  # the most that this process ever held until the second close was done

    @property
    def night(self) -> float:
        """Seconds of the second close."""
        return sum(self.stages.values())

    @property
    def total(self) -> float:
        """Seconds from the second tape to the end of its close."""
        return self.second_import + self.night

    @property
    def limit(self) -> float:
        """Seconds of the limit."""
        return sum(self.floor.values())


def measure(size: int, *, tell: Callable[[str, float], None] = lambda _what, _seconds: None) -> Measured:
    """Fill the empty database in use with a book, run two days of it and the limit; return the seconds.

    tell: is told what took how many seconds as soon as it is done.
    """
    creditor, measured = book.make_creditor(), Measured(size)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        measured.first_import, _ = _load(Path(folder), creditor, size, book.FIRST)
        tell("first tape", measured.first_import)
        measured.first_night = sum(_close(creditor, book.FIRST).values())
        tell("first close", measured.first_night)
        before = processor.used()
        measured.second_import, measured.changed = _load(Path(folder), creditor, size, book.SECOND)
        tell("second tape", measured.second_import)
    measured.stages = _close(creditor, book.SECOND)
    measured.used = processor.used().since(before)
    tell("second close", measured.night)
    measured.moved = BucketTransition.objects.filter(business_date=book.SECOND).count()
    measured.planned = PlannedContact.objects.filter(business_date__gt=book.SECOND).count()
    before = processor.used()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        measured.again, _ = _load(Path(folder), creditor, size, book.SECOND, corrected=True)
    measured.again += sum(_close(creditor, book.SECOND).values())
    measured.used_again = processor.used().since(before)
    tell("quiet night", measured.again)
    measured.rss_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    measured.floor = _floor(measured)
    return measured


def per_account(measured: Measured, name: str) -> float:
    """Return the microseconds of one part an account: total, processor (as total; 0 where it cannot be read), import,
    night, first_import, first_night or a step.
    """
    seconds = {
        "total": measured.total,
        "processor": measured.used.both or 0.0,
        "import": measured.second_import,
        "night": measured.night,
        "first_import": measured.first_import,
        "first_night": measured.first_night,
        **measured.stages,
    }
    return seconds[name] / measured.size * 1e6


def _load(folder: Path, creditor: Creditor, size: int, day: date, *, corrected: bool = False) -> tuple[float, int]:
    path = book.write_tape(folder / f"{day}.csv", size, day, corrected=corrected)
    began = perf_counter()
    result = loader.import_tape(path, mapping="auto", creditor=creditor, as_of=day, actor=BENCH, at=book.night_of(day))
    taken = perf_counter() - began
    if result.refused:
        raise RuntimeError(f"{result.refused} rows of the made-up tape were refused: {result.errors[:3]}")
    return taken, result.updated


def _close(creditor: Creditor, day: date) -> dict[str, float]:
    began = perf_counter()
    run = night.close_of_day(creditor_id=creditor.pk, business_date=day, actor=BENCH, at=book.night_of(day))
    taken = perf_counter() - began
    seconds = {step.name: float(step.seconds) for step in run.steps.order_by("position")}
    if run.steps.filter(state="failed").exists():
        raise RuntimeError(f"the close of {day} does not hold: {run.warnings}")
    return seconds | {"bookkeeping": max(0.0, taken - sum(seconds.values()))}


def _floor(measured: Measured) -> dict[str, float]:
    """Return the seconds of each part of the limit, for the numbers of rows that the product just wrote."""
    values: dict[str, Any] = {
        "rows": measured.size, "changed": measured.changed, "moved": measured.moved, "planned": measured.planned
    }  # fmt: skip
    seconds = {}
    with database.as_owner(), connection.cursor() as cursor:
        cursor.execute(sql.MAKE_FLOOR)
        cursor.execute(sql.GRANT_FLOOR)
        cursor.execute(sql.LOAD_ACCOUNTS, values)
        with tempfile.TemporaryFile("w+b") as lines:
            for line in book.rows(measured.size, book.SECOND):
                lines.write(("\t".join(line) + "\n").encode())
            lines.seek(0)
            with transaction.atomic():
                began = perf_counter()
                cursor.copy_expert(sql.COPY_STAGING, lines)
            seconds["copy"] = perf_counter() - began
        for name, statement in (
            ("changed", sql.CHANGE_ACCOUNTS), ("moves", sql.MOVE_ACCOUNTS), ("plan", sql.PLAN)
        ):  # fmt: skip
            began = perf_counter()
            cursor.execute(statement, values)
            seconds[name] = perf_counter() - began
    return seconds
