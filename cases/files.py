"""Files that people hand in: what they are is told by their content, never by their name."""

import re
import unicodedata
from typing import Final

MOST_BYTES: Final = 8 * 1024 * 1024  # of one file
ALLOWED: Final = {
    "application/pdf": ".pdf",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "text/plain": ".txt",
}
_MAGIC: Final = (
    (b"%PDF-", "application/pdf"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
_MARKUP: Final = re.compile(rb"<\s*(?:!doctype|html|svg|script|\?xml|body|iframe|!--)", re.IGNORECASE)
_ACTIVE_PDF: Final = re.compile(rb"/(?:JavaScript|JS|Launch|EmbeddedFile|OpenAction|RichMedia)\b")


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


def refusal(content: bytes) -> str:
    """Return why a file is not kept ("too-large", "empty", "type", "active"), or nothing."""
    if len(content) > MOST_BYTES:
        return "too-large"
    if not content:
        return "empty"
    kind = media_type(content)
    if kind not in ALLOWED:
        return "type"
    return "active" if kind == "application/pdf" and _ACTIVE_PDF.search(content) else ""


def safe_name(name: str) -> str:
    """Return a name without folders, controls or marks of direction, at most 100 letters; never empty."""
    last = re.split(r"[/\\]", name)[-1]
    plain = "".join(letter for letter in last if unicodedata.category(letter)[0] != "C" and letter not in '<>:"|?*%;')
    return plain.strip(" .")[:100] or "file"


def download_name(name: str, content_type: str) -> str:
    """Return the name under which a file is handed out: with the ending of what it is, whatever it said."""
    return f"{safe_name(name).rsplit('.', 1)[0][:80] or 'file'}{ALLOWED[content_type]}"
