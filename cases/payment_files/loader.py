"""A file of payments into the book: read, recorded some hundreds at a time, reported.

Each part is a transaction of its own, so that nobody waits for a whole file. A loading that was broken off goes on
where it stopped: whoever takes it up finds the references of the parts that are in the book. Two that load one file
at the same time make each payment once.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import batched
from pathlib import Path
from typing import Any, Final

from django.db import transaction

from cases.imports import batches
from cases.imports.loader import KEEP_RAW, LISTED
from cases.imports.refusals import FileRefused, RowRefusal
from cases.imports.staging import Progress
from cases.models import Creditor, ImportBatch, ImportMapping, ImportRow, Payment
from collections_app.shared import clock
from collections_app.shared.actor import Actor

from . import formats, suggest
from .book import Book, Taken
from .reader import MoneyFile, Row

AUTO: Final = "auto"
PART: Final = 500  # rows of one transaction


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a file of payments. totals: amount -> the sums of the file and of what was recorded, as text."""

    batch_id: int | None
    rows: int
    accepted: int
    created: int
    updated: int
    unchanged: int
    refused: int
    allocated: int
    unallocated: int
    errors: tuple[RowRefusal, ...]
    remarks: tuple[RowRefusal, ...]
    totals: dict[str, dict[str, str]]
    encoding: str
    delimiter: str
    seconds: float
    dry_run: bool = False
    mapping: dict[str, Any] = field(default_factory=dict)


def find_mapping(
    name: str, path: Path, *, kind: str, creditor: Creditor
) -> tuple[formats.Mapping, ImportMapping | None]:
    """Return the mapping of that name: the creditor's own, a common one, a built-in one, or "auto" from the file.

    Raises FileRefused, MappingUnclear, batches.UnknownMapping.
    """
    if name == AUTO:
        return suggest.suggest(path, kind, name=AUTO), None
    for owner in (creditor, None):
        stored = ImportMapping.objects.filter(creditor=owner, kind=kind, name=name).order_by("-version", "-pk").first()
        if stored is not None:
            return formats.from_spec(stored.name, kind, stored.spec, version=stored.version), stored
    built_in = formats.BUILT_IN.get(name)
    if built_in is None or built_in.kind != kind:
        raise batches.UnknownMapping(name)
    return built_in, None


def import_payments(
    path: Path,
    *,
    mapping: str | formats.Mapping,
    creditor: Creditor,
    actor: Actor,
    at: datetime,
    dry_run: bool = False,
    file_name: str = "",
    progress: Progress | None = None,
) -> Result:
    """Record the payments of a file and return what became of it.

    dry_run: do everything, keep nothing. The same file twice changes nothing. Raises FileRefused (recorded on the
    batch), MappingUnclear and batches.UnknownMapping (nothing recorded).
    """
    stored = None
    if isinstance(mapping, str):
        mapping, stored = find_mapping(mapping, path, kind=formats.PAYMENTS, creditor=creditor)
    receive = partial(
        batches.upload, path=path, file_name=file_name or path.name, creditor_id=creditor.pk, kind=formats.PAYMENTS,
        as_of=None, mapping=mapping, mapping_id=stored.pk if stored else None, actor=actor, at=at,
    )  # fmt: skip
    if not dry_run:
        return load_batch(receive(), path=path, mapping=mapping, actor=actor, at=at, progress=progress)
    with transaction.atomic():
        result = _load(receive(), path, mapping, actor=actor, at=at, progress=progress, dry_run=True)
        transaction.set_rollback(True)
        return result


def load_batch(
    batch: ImportBatch,
    *,
    path: Path,
    mapping: formats.Mapping,
    actor: Actor,
    at: datetime,
    progress: Progress | None = None,
) -> Result:
    """Load the file of a batch, from its beginning or from where somebody broke off. Raises FileRefused, recorded."""
    try:
        return _load(batch, path, mapping, actor=actor, at=at, progress=progress)
    except FileRefused as refusal:
        values = {"line": refusal.line, **refusal.values}
        batches.refuse(batch_id=batch.pk, code=refusal.code, values=values, actor=actor, at=at)
        raise


def _load(
    batch: ImportBatch,
    path: Path,
    mapping: formats.Mapping,
    *,
    actor: Actor,
    at: datetime,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Result:
    began = time.perf_counter()
    creditor = batch.creditor
    today = clock.business_day(at, creditor.time_zone)
    file = MoneyFile(path, mapping, today=today, currency=creditor.currency)
    book = Book(creditor, mapping.source, batch.pk, actor, at)
    whole, nothing = Taken(), 0
    refusals: list[RowRefusal] = []
    remarks: list[RowRefusal] = []
    for part in batched(good_rows(file, refusals, remarks), PART):
        rows = [row for row in part if not row.is_nothing]
        nothing += len(part) - len(rows)
        if rows:
            taken = book.take(rows)
            refusals.extend(taken.conflicts)
            for name in ("created", "unchanged", "allocated", "unallocated", "loaded"):
                setattr(whole, name, getattr(whole, name) + getattr(taken, name))
        ImportBatch.objects.filter(pk=batch.pk).update(rows_read=file.rows, bytes_read=file.bytes_read)
        if progress:
            progress(file.rows, file.bytes_read)
    if file.rows == 0:
        raise FileRefused("nothing_to_load")
    whole.unchanged += nothing
    if not dry_run:
        _recount(batch, whole)
    refused = len({one.line for one in refusals})
    totals = {"amount": {"file": f"{file.total:.2f}", "loaded": f"{whole.loaded:.2f}"}}
    counts = {
        "accepted": file.rows - refused, "created": whole.created, "updated": 0, "unchanged": whole.unchanged,
    }  # fmt: skip
    placed = {"allocated": whole.allocated, "unallocated": whole.unallocated}
    _finish(batch, file, refusals, remarks, counts, totals | {"placed": placed}, actor=actor, at=at)
    return Result(
        batch_id=None if dry_run else batch.pk,
        rows=file.rows,
        refused=refused,
        errors=tuple(sorted(refusals, key=lambda one: (one.line, one.column)))[:LISTED],
        remarks=tuple(remarks[:LISTED]),
        totals=totals,
        encoding=file.layout.encoding,
        delimiter=file.layout.delimiter,
        seconds=round(time.perf_counter() - began, 3),
        dry_run=dry_run,
        mapping=mapping.as_spec(),
        **counts,
        **placed,
    )


def good_rows(file: MoneyFile, refusals: list[RowRefusal], remarks: list[RowRefusal]) -> Iterator[Row]:
    """Yield the rows that can be taken; what is wrong with others, and with cells of these, is added to the lists."""
    for row in file:
        if row.refusals:
            refusals.extend(row.refusals)
        else:
            remarks.extend(row.remarks)
            yield row


def _recount(batch: ImportBatch, whole: Taken) -> None:
    """Count what this file made in all, by whom and in however many goes it was loaded."""
    made = Payment.objects.filter(batch=batch).order_by()
    total = made.count()
    whole.unchanged -= total - whole.created
    whole.created = total
    whole.unallocated = made.filter(account__isnull=True).count()
    whole.allocated = total - whole.unallocated


@transaction.atomic
def _finish(
    batch: ImportBatch,
    file: MoneyFile,
    refusals: list[RowRefusal],
    remarks: list[RowRefusal],
    counts: dict[str, int],
    totals: dict[str, Any],
    *,
    actor: Actor,
    at: datetime,
) -> None:
    standing = ImportBatch.objects.select_for_update(of=("self",), no_key=True).get(pk=batch.pk)
    if standing.status != ImportBatch.Status.UPLOADED:
        return  # somebody else loaded it at the same time, and has said so
    keep_refused(batch, file, refusals, remarks, at=at)
    batches.stage(
        batch_id=batch.pk,
        rows_read=file.rows,
        encoding=file.layout.encoding[:20],
        delimiter=file.layout.delimiter,
        actor=actor,
        at=at,
    )
    batches.check(batch_id=batch.pk, refused=len({one.line for one in refusals}), actor=actor, at=at)
    batches.load(batch_id=batch.pk, counts=counts, totals=totals, actor=actor, at=at)


def keep_refused(
    batch: ImportBatch, file: MoneyFile, refusals: list[RowRefusal], remarks: list[RowRefusal], *, at: datetime
) -> None:
    """Write the rows that were refused with their reasons and, sealed, themselves; and the cells that were left out."""
    texts = dict(file.text_of({one.line for one in (*refusals, *remarks)})) if refusals or remarks else {}
    purge_on = (at + KEEP_RAW).date()
    for of, more in ((refusals, {}), (remarks, {"remark": True})):
        ImportRow.objects.bulk_create(
            ImportRow(
                batch=batch,
                line=one.line,
                column=one.column[:80],
                code=one.code,
                values=one.values | more,
                raw_sealed=texts.get(one.line),
                purge_on=purge_on,
            )
            for one in of
        )
