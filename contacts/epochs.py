"""A database that went back in time must not write to people again: what it planned then may have left since.

Every minute the number of the one row `SendingEpoch` grows, and is then kept in a file outside the database
(`EPOCH_FILE`). A restored backup has a lower number than the file; a database that this installation has never seen has
a number and no file. Either way nothing is sent until a person has looked and released it.
"""

import os
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction

from collections_app.shared.actor import Actor
from compliance import audit
from contacts.models import SendingEpoch


def advance() -> None:
    """Let the number grow, first in the database and then in the file; a database that is held stays as it is."""
    path = _path()
    if path is None or went_back():
        return
    with transaction.atomic(durable=not connection.in_atomic_block):
        SendingEpoch.objects.get_or_create(pk=1)
        row = SendingEpoch.objects.select_for_update(no_key=True).get(pk=1)
        row.number += 1
        row.save(update_fields=["number"])
    _keep(path, row.number)


def went_back() -> bool:
    """Whether this database is older than what this installation has seen of it, or comes from another one."""
    path = _path()
    if path is None:
        return False
    return _is_behind(_number(), _kept(path))


def release(*, actor: Actor, at: datetime) -> None:
    """Let sending go on after a person has looked at what left since the backup was made."""
    path = _path()
    if path is None:
        return
    with transaction.atomic():
        SendingEpoch.objects.get_or_create(pk=1)
        row = SendingEpoch.objects.select_for_update(no_key=True).get(pk=1)
        before = row.number
        row.number, row.released_at = max(row.number, _kept(path) or 0) + 1, at
        row.save(update_fields=["number", "released_at"])
        audit.record("sending.released", subject=row, actor=actor, at=at, before=before, number=row.number)
    _keep(path, row.number)


def _is_behind(number: int, kept: int | None) -> bool:
    return number > 0 if kept is None else number < kept


def _number() -> int:
    return SendingEpoch.objects.values_list("number", flat=True).filter(pk=1).first() or 0


def _path() -> Path | None:
    """Return the file of the database in use; None where nothing is compared."""
    folder = settings.EPOCH_FOLDER
    return Path(folder) / f"epoch-{connection.settings_dict['NAME']}" if folder else None


def _kept(path: Path) -> int | None:
    """Return the number that the file holds; one that cannot be read counts as higher than any."""
    try:
        return int(path.read_text(encoding="ascii"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        return 2**62


def _keep(path: Path, number: int) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.{os.getpid()}")
    new.write_text(str(number), encoding="ascii")
    if (_kept(path) or 0) <= number:
        new.replace(path)
    else:
        new.unlink()
