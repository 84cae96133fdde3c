"""The states of an import, each move with its lock, its check and its line in the audit trail."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.db import transaction

from cases.imports import formats, reader
from cases.imports.refusals import FileRefused
from cases.models import Creditor, ImportBatch, ImportMapping, ImportRow
from collections_app.shared.actor import USER, Actor
from compliance import audit


class UnknownMapping(LookupError):
    """No mapping of that name, neither the creditor's own, nor a common one, nor one that comes with the product."""


def find_mapping(name: str, *, creditor: Creditor, kind: str = "tape") -> tuple[formats.Mapping, ImportMapping | None]:
    """Return the newest version of a mapping: the creditor's own, else a common one, else one that is built in.

    Raises UnknownMapping; FileRefused where the stored mapping could not work.
    """
    for owner in (creditor, None):
        stored = ImportMapping.objects.filter(creditor=owner, kind=kind, name=name).order_by("-version", "-pk").first()
        if stored is not None:
            return formats.from_spec(stored.name, stored.spec, version=stored.version), stored
    if name in formats.BUILT_IN and kind == "tape":
        return formats.BUILT_IN[name], None
    raise UnknownMapping(name)


@transaction.atomic
def upload(
    *,
    path: Path,
    file_name: str,
    creditor_id: int,
    as_of: date | None,
    actor: Actor,
    at: datetime,
    kind: str = "tape",
    mapping: Any = None,
    mapping_id: int | None = None,
) -> ImportBatch:
    """Record that a file came in; nothing of it is read yet.

    kind: tape, payments or bank. mapping: of that kind (it has `as_spec`), None where it is to be found out.
    """
    try:
        size, digest = path.stat().st_size, reader.sha256(path)
    except OSError as trouble:
        raise FileRefused("file_cannot_be_opened", reason=trouble.strerror or "") from trouble
    batch = ImportBatch.objects.create(
        creditor_id=creditor_id,
        kind=kind,
        mapping_id=mapping_id,
        mapping_spec=mapping.as_spec() if mapping else {},
        as_of=as_of,
        file_name=file_name[-200:],
        file_path=str(path)[:300],
        file_size=size,
        sha256=digest,
        uploaded_at=at,
        uploaded_by_id=actor.id if actor.kind == USER else None,
    )
    audit.record(
        "import.uploaded",
        subject=batch,
        actor=actor,
        at=at,
        file=batch.file_name,
        size=size,
        sha256=digest,
        as_of=as_of,
    )
    return batch


@transaction.atomic
def stage(*, batch_id: int, rows_read: int, encoding: str, delimiter: str, actor: Actor, at: datetime) -> ImportBatch:
    """Record that every row of the file was read."""
    batch = _locked(batch_id)
    batch.stage()
    batch.rows_read, batch.encoding, batch.delimiter = rows_read, encoding, delimiter
    batch.bytes_read = batch.file_size
    batch.save(update_fields=["status", "rows_read", "encoding", "delimiter", "bytes_read"])
    audit.record("import.staged", subject=batch, actor=actor, at=at, rows=rows_read, encoding=encoding)
    return batch


@transaction.atomic
def check(*, batch_id: int, refused: int, actor: Actor, at: datetime) -> ImportBatch:
    """Record that every row was checked; the refused ones are kept with their reasons."""
    batch = _locked(batch_id)
    batch.check_rows()
    batch.rows_refused = refused
    batch.save(update_fields=["status", "rows_refused"])
    audit.record("import.checked", subject=batch, actor=actor, at=at, refused=refused)
    return batch


@transaction.atomic
def load(*, batch_id: int, counts: dict[str, int], totals: dict[str, Any], actor: Actor, at: datetime) -> ImportBatch:
    """Record that the good rows are in the book. counts: accepted, created, updated, unchanged."""
    batch = _locked(batch_id)
    batch.load(at=at)
    batch.rows_accepted, batch.rows_created = counts["accepted"], counts["created"]
    batch.rows_updated, batch.rows_unchanged = counts["updated"], counts["unchanged"]
    batch.totals = totals
    batch.save(
        update_fields=[
            "status", "finished_at", "rows_accepted", "rows_created", "rows_updated", "rows_unchanged", "totals",
        ]
    )  # fmt: skip
    audit.record("import.loaded", subject=batch, actor=actor, at=at, as_of=batch.as_of, totals=totals, **counts)
    return batch


@transaction.atomic
def refuse(*, batch_id: int, code: str, values: dict[str, Any], actor: Actor, at: datetime) -> ImportBatch:
    """Record why the whole file is refused."""
    batch = _locked(batch_id)
    batch.refuse(at=at, code=code, values=values)
    batch.save(update_fields=["status", "finished_at", "error_code", "error_values"])
    audit.record("import.refused", subject=batch, actor=actor, at=at, code=code, values=values)
    return batch


@transaction.atomic
def purge_rows(*, today: date) -> int:
    """Forget the sealed text of refused rows whose days are over; the reasons stay. Return how many.

    today: the business date; rows are kept `loader.KEEP_RAW` after they came.
    """
    return ImportRow.objects.filter(purge_on__lte=today, raw_sealed__isnull=False).update(raw_sealed=None)


def _locked(batch_id: int) -> ImportBatch:
    return ImportBatch.objects.select_for_update(of=("self",), no_key=True).get(pk=batch_id)
