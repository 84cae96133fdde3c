"""A tape into the book: staged, checked, and written in one transaction, set-based, only where something differs."""

import json
import time
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Final

from django.db import connection, transaction

from cases import ledger, reviewers
from cases.imports import batches, formats, lines, reader, sql, sql_lines, sql_people, sql_wishes, staging, suggest
from cases.imports.refusals import FileRefused, MappingUnclear, RowRefusal
from cases.models import Account, Creditor, ImportBatch
from collections_app.shared import clock
from collections_app.shared.actor import Actor

KEEP_RAW: Final = timedelta(days=90)
AUTO: Final = "auto"
_STATED: Final = {
    "oldest_unpaid_due_date": "due_date", "days_past_due": "days", "months_past_due": "months",
    "repay_status": "months",
}  # fmt: skip
_TOTALS: Final = formats.AMOUNTS


class TotalsDiffer(RuntimeError):
    """What was written does not add up to what the file said. A fault in the program: nothing is kept."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a tape. totals: per amount field, the sum of the file and of what was loaded, as decimal text.

    errors: why rows were refused; remarks: cells left out of rows that were loaded. Both end after `loader.LISTED`
    items; the batch keeps all. seconds: of the whole work.
    """

    batch_id: int | None
    rows: int
    accepted: int
    created: int
    updated: int
    unchanged: int
    refused: int
    errors: tuple[RowRefusal, ...]
    remarks: tuple[RowRefusal, ...]
    totals: dict[str, dict[str, str]]
    encoding: str
    delimiter: str
    seconds: float
    dry_run: bool = False
    mapping: dict[str, Any] = field(default_factory=dict)


LISTED: Final = 10_000


def import_tape(
    path: Path,
    *,
    mapping: str | formats.Mapping,
    creditor: Creditor,
    as_of: date,
    actor: Actor,
    at: datetime,
    dry_run: bool = False,
    file_name: str = "",
    progress: staging.Progress | None = None,
) -> Result:
    """Load a file into the book of a creditor and return what became of it.

    mapping: a Mapping, the name of one, or "auto" to find one out from the file. as_of: the day for which its
    balances hold. dry_run: do everything, keep nothing. The same file twice changes nothing; all good rows
    are loaded or none.
    Raises FileRefused (recorded on the batch), MappingUnclear and batches.UnknownMapping (nothing recorded).
    """
    receive = partial(
        batches.upload,
        path=path,
        file_name=file_name or path.name,
        creditor_id=creditor.pk,
        as_of=as_of,
        actor=actor,
        at=at,
    )
    known: dict[str, Any] = {}
    try:
        if mapping == AUTO:
            known["mapping"] = suggest.suggest(path).mapping(AUTO)
        elif isinstance(mapping, str):
            known["mapping"], stored = batches.find_mapping(mapping, creditor=creditor)
            known["mapping_id"] = stored.pk if stored else None
        else:
            known["mapping"] = mapping
        with transaction.atomic():  # nobody else sees, and takes up, a batch that is being loaded here
            batch = receive(**known)
            result = _load(batch, path, known["mapping"], actor=actor, at=at, dry_run=dry_run, progress=progress)
            if dry_run:
                transaction.set_rollback(True)
            return result
    except MappingUnclear:
        raise
    except FileRefused as refusal:
        if not dry_run:
            _refuse(receive(**known), refusal, actor=actor, at=at)
        raise


def load_batch(
    batch: ImportBatch,
    *,
    path: Path,
    mapping: formats.Mapping,
    actor: Actor,
    at: datetime,
    progress: staging.Progress | None = None,
) -> Result:
    """Read, check and load the file of a batch that was uploaded before.

    Raises FileRefused after recording it on the batch; TransitionNotAllowed when somebody else loaded it meanwhile.
    """
    try:
        return _load(batch, path, mapping, actor=actor, at=at, progress=progress)
    except FileRefused as refusal:
        _refuse(batch, refusal, actor=actor, at=at)
        raise


def _load(
    batch: ImportBatch,
    path: Path,
    mapping: formats.Mapping,
    *,
    actor: Actor,
    at: datetime,
    dry_run: bool = False,
    progress: staging.Progress | None = None,
) -> Result:
    began = time.perf_counter()
    with connection.cursor() as cursor:
        try:
            told: dict[str, Any] = {"actor": actor, "at": at}
            try:
                tape, known = _read(cursor, batch, batch.creditor, path, mapping, at=at, progress=progress)
                with transaction.atomic():
                    counts, refused, totals = _write(cursor, batch, batch.creditor, tape, known, **told)
            except lines.Unsettled:
                tape, known = _read(cursor, batch, batch.creditor, path, mapping, at=at, progress=progress, whole=True)
                with transaction.atomic():
                    counts, refused, totals = _write(cursor, batch, batch.creditor, tape, known, **told)
            errors, remarks = _listed(cursor)
        finally:
            if not connection.needs_rollback:
                staging.drop(cursor)
    return Result(
        batch_id=None if dry_run else batch.pk,
        rows=tape.rows,
        refused=refused,
        errors=errors,
        remarks=remarks,
        totals=totals,
        encoding=tape.layout.encoding,
        delimiter=tape.layout.delimiter,
        seconds=round(time.perf_counter() - began, 3),
        dry_run=dry_run,
        mapping=mapping.as_spec(),
        **counts,
    )


def _refuse(batch: ImportBatch, refusal: FileRefused, *, actor: Actor, at: datetime) -> None:
    values = {"line": refusal.line, **refusal.values}
    batches.refuse(batch_id=batch.pk, code=refusal.code, values=values, actor=actor, at=at)


def _read(
    cursor: Any,
    batch: ImportBatch,
    creditor: Creditor,
    path: Path,
    mapping: formats.Mapping,
    *,
    at: datetime,
    progress: staging.Progress | None,
    whole: bool = False,
) -> tuple[reader.Tape, lines.KnownLines | None]:
    """Stage the rows of the file. whole: also those of which the book knows that they say nothing new."""
    today = clock.business_day(at, creditor.time_zone)
    if batch.as_of is None or batch.as_of > today:
        raise FileRefused("as_of_is_in_the_future", as_of=str(batch.as_of), today=today.isoformat())
    tape = reader.Tape(path, mapping, as_of=batch.as_of, currency=creditor.currency)

    def tell(rows: int, bytes_read: int) -> None:
        # an update of its own, so that a page that watches the import sees it move
        ImportBatch.objects.filter(pk=batch.pk).update(rows_read=rows, bytes_read=bytes_read)
        if progress:
            progress(rows, bytes_read)

    known = lines.KnownLines(cursor, tape, creditor) if lines.may_know(tape) else None
    if known is not None and not whole:
        known.settle()
    staging.stage(cursor, tape, progress=tell)
    if tape.rows == 0:
        raise FileRefused("nothing_to_load")
    return tape, known


def _write(
    cursor: Any,
    batch: ImportBatch,
    creditor: Creditor,
    tape: reader.Tape,
    known: lines.KnownLines | None,
    *,
    actor: Actor,
    at: datetime,
) -> tuple[dict[str, int], int, dict[str, dict[str, str]]]:
    """Check the staged rows, write what differs, prove it, and move the batch to loaded. Runs in one transaction."""
    values = _values(batch, creditor, tape, actor=actor, at=at)
    run = partial(sql.run, cursor, values)
    run(sql.TIMEOUTS, sql.LOCK_ALL_CREDITORS if _names_people(tape.mapping) else sql.LOCK_CREDITOR)
    batches.stage(
        batch_id=batch.pk,
        rows_read=tape.rows,
        encoding=tape.layout.encoding[:20],
        delimiter=tape.layout.delimiter,
        actor=actor,
        at=at,
    )
    values["first_of_its_day"] = not run(sql.EARLIER_BATCH).fetchone()[0]
    run(sql.REFUSE_DUPLICATES, sql.MATCH_ACCOUNTS)
    if known is not None:
        known.prove()
    run(sql.MATCH_PRODUCTS, sql.MARK_CHANGED_STATES, sql.REFUSE_ROWS)
    refused: int = run(sql.COUNT_REFUSED).fetchone()[0]
    staging.add_texts(cursor, tape)
    run(sql.KEEP_REFUSED)
    batches.check(batch_id=batch.pk, refused=refused, actor=actor, at=at)

    run(sql_people.KEYS, sql_people.MATCH_BORROWERS, sql_people.MATCH_PERSONS)
    run(sql_people.INSERT_PERSONS, sql_people.INSERT_BORROWERS, sql_people.LOCK_PERSONS)
    if known is not None:
        known.prove_people()
    run(sql.INSERT_ACCOUNTS, sql.LOCK_ACCOUNTS, sql.UPDATE_ACCOUNTS)
    if _names_people(tape.mapping):
        run(sql_people.UPDATE_PERSONS, sql_people.NAME_BORROWERS, sql_people.STATE_PLACES)
        run(sql_people.GUARANTORS, sql_people.POINTS)
    if tape.mapping.fields & set(formats.FLAGS):
        keeper = reviewers.last_resort(team_id=creditor.team_id, actor=actor)
        values |= {"keeper_team": keeper["reviewer_team_id"], "keeper": keeper["reviewer_id"]}
        run(sql_wishes.INSTRUCTIONS, sql_wishes.HOLDS)
    run(sql.FIND_DIFFERENCES, sql.KEEP_OWN_BOOKS, sql_lines.FORGET)
    if tape.mapping.fields & set(formats.COMPONENTS):
        run(sql.POST_COMPONENTS)
    run(sql.POST_DIFFERENCES)
    unsettled = [account_id for (account_id,) in run(sql.UNSETTLED).fetchall()]
    for account in Account.objects.filter(pk__in=unsettled).order_by("pk"):
        ledger.settle(account, since=values["as_of"], at=at, source="tape")
    run(sql.INSERT_STATES, sql.AUDIT_ROWS)
    if known is not None:
        known.remember(values)

    counts = dict(zip(("accepted", "created", "updated", "unchanged"), run(sql.COUNTS).fetchone(), strict=True))
    counts["accepted"] += tape.settled_rows
    counts["unchanged"] += tape.settled_rows
    totals = _totals(cursor, tape, values)
    batches.load(batch_id=batch.pk, counts=counts, totals=totals, actor=actor, at=at)
    return counts, refused, totals


def _values(batch: ImportBatch, creditor: Creditor, tape: reader.Tape, *, actor: Actor, at: datetime) -> dict[str, Any]:
    heading_of = {name: heading for heading, name in tape.mapping.columns}
    return {
        "batch": batch.pk,
        "creditor": creditor.pk,
        "as_of": batch.as_of,
        "at": at,
        "purge_on": (at + KEEP_RAW).date(),
        "stated": _STATED[tape.mapping.measure],
        "product": tape.mapping.product,
        "language": tape.mapping.language,
        "jurisdiction": tape.mapping.jurisdiction,
        "time_zone": tape.mapping.time_zone,
        "account_heading": heading_of["account_number"],
        "balance_heading": heading_of["balance"],
        "product_heading": heading_of.get("product", ""),
        "currency_heading": heading_of.get("currency", ""),
        "borrower_heading": heading_of.get("borrower_ref", ""),
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "actor_label": actor.label,
    }


def _names_people(mapping: formats.Mapping) -> bool:
    return any(formats.is_of_people(formats.FIELDS[name]) for name in mapping.fields)


def _totals(cursor: Any, tape: reader.Tape, values: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Return the control totals, after proving that the book holds for these accounts what the file said."""
    cursor.execute(sql.TOTALS)
    loaded: dict[str, Decimal] = dict(zip(_TOTALS, cursor.fetchone(), strict=True))
    cursor.execute(sql.BOOK_TOTAL, values)
    in_book = cursor.fetchone()[0]
    if in_book != loaded["balance"]:
        raise TotalsDiffer(f"the file's rows add up to {loaded['balance']}, the book to {in_book}")
    cursor.execute(sql.LEDGER_DIFFERS)
    if differing := cursor.fetchone()[0]:
        raise TotalsDiffer(f"{differing} balances differ from their ledger")
    return {
        name: {"file": f"{total:.2f}", "loaded": f"{loaded[name] + tape.settled_totals[name]:.2f}"}
        for name, total in sorted(tape.totals.items())
    }


def _listed(cursor: Any) -> tuple[tuple[RowRefusal, ...], tuple[RowRefusal, ...]]:
    cursor.execute(sql.REFUSED, {"limit": LISTED})
    found = [
        (RowRefusal(line, column, code, _json(values)), remark)
        for line, column, code, values, remark in cursor.fetchall()
    ]
    return tuple(row for row, remark in found if not remark), tuple(row for row, remark in found if remark)


def _json(values: Any) -> dict[str, Any]:
    return json.loads(values) if isinstance(values, str) else dict(values)
