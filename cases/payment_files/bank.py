"""A bank statement into the lines that a day is compared with. The same statement twice adds nothing."""

import time
from datetime import date, datetime
from itertools import batched
from pathlib import Path
from typing import Any, Final

from django.db import transaction

from cases import bank_days
from cases.imports import batches
from cases.imports.refusals import FileRefused, RowRefusal
from cases.imports.staging import Progress
from cases.models import BankDay, BankLine, ImportBatch
from collections_app.shared import clock
from collections_app.shared.actor import Actor

from . import formats, sql
from .loader import Result, good_rows, keep_refused
from .reader import MoneyFile, Row

PART: Final = 1_000  # rows of one statement


@transaction.atomic
def load_batch(
    batch: ImportBatch,
    *,
    path: Path,
    mapping: formats.Mapping,
    actor: Actor,
    at: datetime,
    progress: Progress | None = None,
) -> Result:
    """Take in the lines of a statement and match what plainly belongs together. All good lines or none.

    Raises FileRefused. A line of a day that is closed is refused, unless it is known already.
    """
    began = time.perf_counter()
    creditor = batch.creditor
    file = MoneyFile(path, mapping, today=clock.business_day(at, creditor.time_zone), currency=creditor.currency)
    refusals: list[RowRefusal] = []
    remarks: list[RowRefusal] = []
    closed = set(BankDay.objects.filter(creditor=creditor, closed_at__isnull=False).values_list("day", "currency"))
    created = unchanged = 0
    days: dict[str, list[date]] = {}
    for part in batched(good_rows(file, refusals, remarks), PART):
        new, known = _insert(batch, file, part, closed, refusals)
        created, unchanged = created + len(new), unchanged + known
        for row in new:
            assert row.value_on is not None
            days.setdefault(row.currency, []).append(row.value_on)
        if progress:
            progress(file.rows, file.bytes_read)
    if file.rows == 0:
        raise FileRefused("nothing_to_load")
    keep_refused(batch, file, refusals, remarks, at=at)
    refused = len({one.line for one in refusals})
    batches.stage(
        batch_id=batch.pk, rows_read=file.rows, encoding=file.layout.encoding[:20], delimiter=file.layout.delimiter,
        actor=actor, at=at,
    )  # fmt: skip
    batches.check(batch_id=batch.pk, refused=refused, actor=actor, at=at)
    loaded = sum((line.amount for line in BankLine.objects.filter(batch=batch)), start=file.total * 0)
    totals: dict[str, dict[str, str]] = {"amount": {"file": f"{file.total:.2f}", "loaded": f"{loaded:.2f}"}}
    counts: dict[str, Any] = {"accepted": file.rows - refused, "created": created, "updated": 0, "unchanged": unchanged}
    batches.load(batch_id=batch.pk, counts=counts, totals=totals, actor=actor, at=at)
    matched = sum(
        bank_days.match(creditor=creditor, first=min(of), last=max(of), currency=currency, actor=actor, at=at)
        for currency, of in days.items()
    )
    return Result(
        batch_id=batch.pk, rows=file.rows, refused=refused, errors=tuple(refusals), remarks=tuple(remarks),
        totals=totals, encoding=file.layout.encoding, delimiter=file.layout.delimiter,
        seconds=round(time.perf_counter() - began, 3), mapping=mapping.as_spec(), allocated=matched,
        unallocated=created - matched, **counts,
    )  # fmt: skip


def _insert(
    batch: ImportBatch, file: MoneyFile, part: tuple[Row, ...], closed: set[Any], refusals: list[RowRefusal]
) -> tuple[list[Row], int]:
    keys = {row.line: file.key_of(row) for row in part}
    late = [row for row in part if (row.value_on, row.currency) in closed]
    if late:
        mine = BankLine.objects.filter(creditor_id=batch.creditor_id, key__in=[keys[row.line] for row in late])
        known = {bytes(key) for key in mine.values_list("key", flat=True)}
        refused = {row.line: row for row in late if keys[row.line] not in known}
        refusals.extend(
            RowRefusal(line, "", "day_is_closed", {"day": str(row.value_on)}) for line, row in refused.items()
        )
        part = tuple(row for row in part if row.line not in refused)
    written = sql.INSERT_BANK_LINES.rows(
        [
            batch.creditor_id, batch.pk,
            [row.line for row in part], [keys[row.line] for row in part], [row.value_on for row in part],
            [row.amount for row in part], [row.currency for row in part], [row.reference for row in part],
            [row.payer_name for row in part], [row.remittance for row in part],
        ]
    )  # fmt: skip
    new = {line for (line,) in written}
    return [row for row in part if row.line in new], len(part) - len(new)
