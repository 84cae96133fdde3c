"""Files that come with a message: what they are is told by their content, never by their name. They are kept sealed,
under their hash, in a folder that no web server serves.
"""

import base64
import hashlib
import os
import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from django.conf import settings

from collections_app.shared import sealed
from contacts.models import InboundAttachment, InboundMessage

MOST_BYTES: Final = 8 * 1024 * 1024  # of one file
MOST_FILES: Final = 10  # of one message
FOLDER: Final = "inbound"
_MAGIC: Final = (
    (b"%PDF-", "application/pdf"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
ALLOWED: Final = {
    "application/pdf": ".pdf",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "text/plain": ".txt",
}
_MARKUP: Final = re.compile(rb"<\s*(?:!doctype|html|svg|script|\?xml|body|iframe|!--)", re.IGNORECASE)
_ACTIVE_PDF: Final = re.compile(rb"/(?:JavaScript|JS|Launch|EmbeddedFile|OpenAction|RichMedia)\b")


@dataclass(frozen=True, slots=True)
class Attached:
    """A file as it arrived."""

    name: str
    content: bytes


def media_type(content: bytes) -> str:
    """Return what the content is, or nothing where it is nothing that we take."""
    for magic, kind in _MAGIC:
        if content.startswith(magic):
            return kind
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    if not content or b"\0" in content or _MARKUP.search(content[:4096]):
        return ""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return ""
    controls = sum(1 for letter in text if unicodedata.category(letter) == "Cc" and letter not in "\t\n\r\f")
    return "text/plain" if not controls else ""


def refusal(content: bytes, *, place: int) -> str:
    """Return why a file is not kept ("too-large", "too-many", "empty", "type", "active"), or nothing."""
    if place >= MOST_FILES:
        return "too-many"
    if len(content) > MOST_BYTES:
        return "too-large"
    if not content:
        return "empty"
    kind = media_type(content)
    if kind not in ALLOWED:
        return "type"
    return "active" if kind == "application/pdf" and _ACTIVE_PDF.search(content) else ""


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


def safe_name(name: str) -> str:
    """Return a name without folders, controls or marks of direction, at most 100 letters; never empty."""
    last = re.split(r"[/\\]", name)[-1]
    plain = "".join(letter for letter in last if unicodedata.category(letter)[0] != "C" and letter not in '<>:"|?*%;')
    return plain.strip(" .")[:100] or "file"


def download_name(attachment: InboundAttachment) -> str:
    """Return the name under which it is handed to a reader: with the ending of what it is, whatever it said."""
    return f"{safe_name(attachment.name).rsplit('.', 1)[0][:80] or 'file'}{ALLOWED[attachment.media_type]}"


def _path(digest: str) -> Path:
    return Path(settings.MEDIA_ROOT) / FOLDER / digest[:2] / digest


def _store(digest: str, content: bytes) -> None:
    path = _path(digest)
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(sealed.seal(base64.b64encode(content).decode()))
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
