"""Files that come with a message: what they are is told by their content, never by their name. They are kept sealed,
under their hash, in a folder that no web server serves.
"""

import base64
import hashlib
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import transaction

from cases.files import ALLOWED, media_type, safe_name
from cases.files import download_name as named
from cases.files import refusal as why_not
from collections_app.shared import sealed
from contacts.models import InboundAttachment, InboundMessage

MOST_FILES: Final = 10  # of one message
FOLDER: Final = "inbound"

__all__ = ["ALLOWED", "Attached", "bring", "download_name", "keep", "media_type", "read", "refusal", "remove",
           "safe_name"]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Attached:
    """A file as it arrived."""

    name: str
    content: bytes


def refusal(content: bytes, *, place: int) -> str:
    """Return why a file is not kept ("too-large", "too-many", "empty", "type", "active"), or nothing."""
    return "too-many" if place >= MOST_FILES else why_not(content)


def keep(message: InboundMessage, files: tuple[Attached, ...], *, at: datetime) -> list[InboundAttachment]:
    """Keep what may be kept, and say of the rest why not. Keeping the same files again makes nothing twice."""
    if not files or message.attachments.exists():
        return list(message.attachments.order_by("pk"))
    rows = []
    for place, file in enumerate(files[: MOST_FILES * 2]):
        digest = hashlib.sha256(file.content).hexdigest()
        why = refusal(file.content, place=place)
        if not why:
            _store(digest, file.content)
        rows.append(
            InboundAttachment(
                message=message,
                name_sealed=sealed.seal(safe_name(file.name)),
                media_type="" if why else media_type(file.content),
                size=len(file.content),
                sha256=digest,
                refused=why,
                received_at=at,
            )
        )
    return InboundAttachment.objects.bulk_create(rows)


def bring(message: InboundMessage, name: str, content: bytes | None, *, at: datetime) -> None:
    """Keep a file that was fetched after its message, or say that it could not be had (None). Once per message."""
    with transaction.atomic():
        InboundMessage.objects.select_for_update(no_key=True).get(pk=message.pk)
        if content is not None:
            keep(message, (Attached(name, content),), at=at)
        elif not message.attachments.exists():
            InboundAttachment.objects.create(
                message=message,
                name_sealed=sealed.seal(safe_name(name)),
                size=0,
                sha256=hashlib.sha256(b"").hexdigest(),
                refused="not-fetched",
                received_at=at,
            )


def read(attachment: InboundAttachment) -> bytes:
    """Return the content of a kept file. Raises FileNotFoundError, or ValueError where it is not what it was."""
    content = base64.b64decode(sealed.unseal(_path(attachment.sha256).read_bytes()))
    if hashlib.sha256(content).hexdigest() != attachment.sha256:
        raise ValueError("the file is not the one that came")
    return content


def remove(attachment: InboundAttachment, *, at: datetime) -> None:
    """Forget a file, and its content unless another message came with the same."""
    attachment.removed_at = at
    attachment.save(update_fields=["removed_at"])
    if not InboundAttachment.objects.filter(sha256=attachment.sha256, refused="", removed_at__isnull=True).exists():
        _path(attachment.sha256).unlink(missing_ok=True)


def download_name(attachment: InboundAttachment) -> str:
    """Return the name under which it is handed to a reader: with the ending of what it is, whatever it said."""
    return named(attachment.name, attachment.media_type)


def _path(digest: str) -> Path:
    return Path(settings.MEDIA_ROOT) / FOLDER / digest[:2] / digest


def _store(digest: str, content: bytes) -> None:
    path = _path(digest)
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(sealed.seal(base64.b64encode(content).decode()))
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError:  # no room: nothing half written stays, and the message comes again
        partial.unlink(missing_ok=True)
        raise
