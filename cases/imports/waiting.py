"""Files that were uploaded and wait to be loaded: kept under the storage folder, taken up one after the other.

What waits is the rows themselves (status uploaded); whoever calls `load_all` is a doorbell. A mark in the cache keeps
two workers from reading one file at the same time; where the cache is away they may, and the database lets one load it.
"""

import contextlib
import logging
import shutil
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, Protocol
from uuid import uuid4

from django.conf import settings
from django.core.cache import cache
from django.db.models import Q
from django_fsm import TransitionNotAllowed

from cases.imports import batches, formats, loader, reader, suggest
from cases.imports.refusals import FileRefused
from cases.models import Creditor, ImportBatch, Payment
from collections_app.shared.actor import Actor

log = logging.getLogger(__name__)
IMPORTER: Final = Actor.system("import")
MARK_S: Final = 120
TAPE: Final = "tape"


class Kind(Protocol):
    """A kind of file beside the tape: how its mapping is found, and how one that waits is loaded."""

    def find(self, name: str, path: Path, *, creditor: Creditor, today: date) -> tuple[Any, int | None]:
        """Return the mapping of that name with its key, tried on the headings of the file."""

    def load(
        self, batch: ImportBatch, *, path: Path, actor: Actor, at: datetime, progress: Callable[[int, int], object]
    ) -> object:
        """Load the file of a batch."""


_kinds: dict[str, Kind] = {}


def register(name: str, kind: Kind) -> None:
    """Let files of a kind wait and be loaded. Called once, when the app is ready."""
    _kinds[name] = kind


def keep(source: Path, *, suffix: str) -> Path:
    """Move an uploaded file into the storage folder, readable by us alone, and return where it is."""
    folder = _folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{uuid4().hex}{suffix}"
    shutil.move(source, path)
    path.chmod(0o600)
    return path


def _folder() -> Path:
    return Path(settings.MEDIA_ROOT) / "imports"


def mapping_for(path: Path, name: str, *, creditor: Creditor, as_of: date, kind: str = TAPE) -> tuple[Any, int | None]:
    """Return the mapping of that name with its key, or for "auto" the one that the file itself suggests.

    A named mapping is tried on the headings of the file at once, so that a wrong one is refused while somebody looks.
    kind: tape, payments or bank. Raises FileRefused, MappingUnclear, batches.UnknownMapping.
    """
    if kind != TAPE:
        return _kinds[kind].find(name, path, creditor=creditor, today=as_of)
    if name == loader.AUTO:
        return suggest.suggest(path).mapping(loader.AUTO), None
    mapping, stored = batches.find_mapping(name, creditor=creditor)
    reader.Tape(path, mapping, as_of=as_of, currency=creditor.currency)
    return mapping, stored.pk if stored else None


def take(
    path: Path,
    *,
    file_name: str,
    creditor: Creditor,
    mapping: str,
    as_of: date,
    kind: str = TAPE,
    actor: Actor,
    at: datetime,
) -> ImportBatch:
    """Record an uploaded file; nothing of it is loaded yet. Raises FileRefused, MappingUnclear, UnknownMapping."""
    how, mapping_id = mapping_for(path, mapping, creditor=creditor, as_of=as_of, kind=kind)
    return batches.upload(
        path=path,
        file_name=file_name,
        creditor_id=creditor.pk,
        kind=kind,
        as_of=as_of if kind == TAPE else None,
        mapping=how,
        mapping_id=mapping_id,
        actor=actor,
        at=at,
    )


def waiting() -> list[int]:
    """Return the batches that wait to be loaded, in the order in which they came.

    A command that loads payments part by part has a batch too; its file lies elsewhere and is its own business.
    """
    mine = Q(kind=TAPE) | Q(file_path__startswith=str(_folder()))
    uploaded = ImportBatch.objects.filter(mine, status=ImportBatch.Status.UPLOADED)
    return list(uploaded.order_by("uploaded_at", "pk").values_list("pk", flat=True))


def load_all(*, now: Callable[[], datetime]) -> int:
    """Load what waits, oldest first; return how many files were taken up. A refused file does not stop the next."""
    taken = 0
    for pk in waiting():
        taken += load_one(pk, at=now(), actor=IMPORTER)
    return taken


def load_one(pk: int, *, at: datetime, actor: Actor) -> bool:
    """Load one uploaded file; False when somebody else is at it, or it is not waiting any more.

    Refusals of the file are on its row; whatever else goes wrong is written there too and not raised.
    """
    if not _begin(pk):
        return False
    try:
        batch = ImportBatch.objects.select_related("creditor").get(pk=pk, status=ImportBatch.Status.UPLOADED)
        _load(batch, actor=actor, at=at)
    except ImportBatch.DoesNotExist:
        return False
    except FileRefused as refused:
        log.info("file refused", extra={"batch": pk, "code": refused.code})
        _refuse_if_waiting(pk, refused, actor=actor, at=at)
    except TransitionNotAllowed:
        log.info("file was taken up by somebody else", extra={"batch": pk})
    except Exception:
        log.exception("loading a file failed")
        _refuse_if_waiting(pk, FileRefused("file_was_interrupted"), actor=actor, at=at)
    finally:
        _end(pk)
    return True


def _load(batch: ImportBatch, *, actor: Actor, at: datetime) -> None:
    told: dict[str, Any] = {
        "path": Path(batch.file_path), "actor": actor, "at": at, "progress": lambda rows, done: _go_on(batch.pk),
    }  # fmt: skip
    if batch.kind != TAPE:
        _kinds[batch.kind].load(batch, **told)
        return
    name = batch.mapping.name if batch.mapping else loader.AUTO
    loader.load_batch(batch, mapping=formats.from_spec(name, batch.mapping_spec), **told)


def _key(pk: int) -> str:
    return f"import-under-way-{pk}"


def _begin(pk: int) -> bool:
    """Mark a file as taken up; True also where no mark can be made, because the mark only saves double work."""
    try:
        return bool(cache.add(_key(pk), "1", timeout=MARK_S))
    except Exception as error:  # noqa: BLE001  (whatever the cache does, the file is loaded)
        log.warning("cache is away", extra={"error": type(error).__name__})
        return True


def _go_on(pk: int) -> None:
    with contextlib.suppress(Exception):
        cache.touch(_key(pk), MARK_S)


def _end(pk: int) -> None:
    with contextlib.suppress(Exception):
        cache.delete(_key(pk))


def _refuse_if_waiting(pk: int, refused: FileRefused, *, actor: Actor, at: datetime) -> None:
    waits = ImportBatch.objects.filter(pk=pk).exclude(status__in=["loaded", "refused", "rolled_back"])
    if waits.exists():
        made = Payment.objects.filter(batch_id=pk).count()
        if made:  # a file of payments goes in part by part
            refused = FileRefused("file_was_interrupted_midway", count=made)
        batches.refuse(batch_id=pk, code=refused.code, values=refused.values, actor=actor, at=at)
