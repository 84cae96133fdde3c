"""E-mail as it arrives: the person's own words without what he quotes and signs with, files, and what is no person at
all (an answering machine, a mail system that returns a message). Whatever it is, something can be read of it.
"""

import hashlib
import html
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parseaddr, parsedate_to_datetime
from typing import Final

from contacts.inbound.attachments import Attached
from contacts.models import InboundMessage

MOST_TEXT: Final = 100_000  # characters that are kept
MOST_PARTS: Final = 200
Kind = InboundMessage.Kind

_QUOTE_BEGINS: Final = re.compile(
    r"^(?:[ \t]*>|\s*-{2,} ?(?:original message|forwarded message|原始邮件|原始郵件|转发的?邮件|"
    r"回复的?邮件|原邮件) ?-*|"
    r"\s*_{10,}\s*$|\s*on\b[^\n]{4,160}\bwrote:?\s*$|\s*(?:在|于)?[^\n]{4,120}(?:写道|寫道)[:：]?\s*$|"
    r"\s*(?:from|发件人|發件人|寄件者)\s*[:：]\s*\S.*$|\s*le\b[^\n]{4,120}a écrit ?:)",
    re.IGNORECASE,
)
_WROTE_OVER_TWO_LINES: Final = re.compile(r"^\s*on\b[^\n]{4,160}$", re.IGNORECASE)
_SIGNATURE: Final = re.compile(
    r"^(?:--\s?|—\s*|__+\s*|sent from my \w[\w .-]{1,40}|sent from (?:outlook|mail|yahoo)[^\n]{0,40}|"
    r"get outlook for \w+.*|"
    r"发自(?:我的)?[^\n]{1,30}|從我的[^\n]{1,20}傳送|"
    r"来自[^\n]{0,12}(?:手机|邮箱|iphone)[^\n]{0,10}|sent via \w+[^\n]{0,30})\s*$",
    re.IGNORECASE,
)
_AWAY: Final = re.compile(
    r"^(?:re: *)?(?:automatic reply|auto(?:matic)?[- ]?reply|autoreply|out of (?:the )?office|"
    r"away from (?:the )?office|"
    r"on (?:vacation|holiday|leave)|自动回复|自動回覆|自动答复|不在办公室|休假)",
    re.IGNORECASE,
)
_RETURNED: Final = re.compile(
    r"(?:undeliver|delivery (?:status|failure|has failed|incomplete)|returned mail|mail delivery|failure notice|退信|"
    r"系统退信|投递失败|无法投递)",
    re.IGNORECASE,
)
_DAEMON: Final = re.compile(
    r"^(?:mailer-daemon|postmaster|mail-daemon|bounce[s+-]?.*|noreply-bounce.*)@", re.IGNORECASE
)
_BLOCK_TAGS: Final = re.compile(r"<(?:br|/p|/div|/li|/tr|/h[1-6])\b[^>]*>", re.IGNORECASE)
_QUOTED_HTML: Final = re.compile(
    r"<(?:blockquote\b|div[^>]{0,200}(?:gmail_quote|moz-cite-prefix|OutlookMessageHeader|divRplyFwdMsg))", re.IGNORECASE
)
_HIDDEN: Final = re.compile(r"<(script|style|head|title)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_TAG: Final = re.compile(r"<[^<>]{0,2000}>")


@dataclass(frozen=True, slots=True)
class Mail:
    """What could be read. text: the person's own words; whole: everything. failed: addresses that do not exist."""

    sender: str
    subject: str
    text: str
    whole: str
    kind: str
    event_id: str
    sent_at: datetime | None = None
    files: tuple[Attached, ...] = ()
    failed: tuple[str, ...] = field(default=())


def read(raw: bytes) -> Mail:
    """Read a message in MIME. Never raises: what cannot be parsed is taken as plain text."""
    try:
        parsed = message_from_bytes(raw, policy=policy.default)
    except Exception:  # noqa: BLE001  (the standard parser fails on some broken headers)
        return _unreadable(raw)
    message: EmailMessage = parsed
    plain, markup, files = _parts(message)
    whole = (plain or from_html(markup))[:MOST_TEXT]
    subject = _header(message, "Subject")
    kind = _kind(message, subject)
    body = own_words(plain) if plain.strip() else own_words(from_html(markup[: _cut_html(markup)]))
    about = "" if re.match(r"(?i)\s*(?:re|aw|回复|答复|回覆|fwd?)\s*[:：]", subject) else subject
    text = f"{about}\n{body}".strip() if about and kind == Kind.WORDS else body
    return Mail(
        sender=parseaddr(_header(message, "From"))[1][:254],
        subject=subject[:200],
        text=text[:MOST_TEXT],
        whole=f"{subject}\n\n{whole}".strip()[:MOST_TEXT],
        kind=kind,
        event_id=_event_id(message, raw),
        sent_at=_date(_header(message, "Date")),
        files=tuple(files),
        failed=_failed(message) if kind == Kind.BOUNCE else (),
    )


def own_words(text: str) -> str:
    """Return what the writer wrote himself: without quoted history, and without what he signs with."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    kept: list[str] = []
    for place, line in enumerate(lines):
        following = " ".join(lines[place : place + 2])
        if _QUOTE_BEGINS.match(line) and (kept_any(kept) or not line.lstrip().startswith(">")):
            if line.lstrip().startswith(">") and any(_is_own(later) for later in lines[place + 1 :]):
                continue  # he answers between the lines
            break
        if line.lstrip().startswith(">"):
            continue
        if _WROTE_OVER_TWO_LINES.match(line) and re.search(r"wrote:\s*$", following, re.IGNORECASE):
            break
        if _SIGNATURE.match(line.strip(" \t")) and kept_any(kept):
            break
        kept.append(line)
    return "\n".join(kept).strip()


def kept_any(lines: list[str]) -> bool:
    """Whether any of the lines says something."""
    return any(line.strip() for line in lines)


def _is_own(line: str) -> bool:
    bare = line.strip()
    return bool(bare) and not bare.startswith(">") and not _SIGNATURE.match(bare) and not _QUOTE_BEGINS.match(line)


def from_html(markup: str) -> str:
    """Return the text of a page, its tags and what is not shown left out."""
    text = _HIDDEN.sub(" ", markup[: MOST_TEXT * 5])
    text = _TAG.sub("", _BLOCK_TAGS.sub("\n", text))
    return html.unescape(text)


def _cut_html(markup: str) -> int:
    found = _QUOTED_HTML.search(markup)
    return found.start() if found and from_html(markup[: found.start()]).strip() else len(markup)


def _parts(message: EmailMessage) -> tuple[str, str, list[Attached]]:
    plain, markup = [], []
    files: list[Attached] = []
    for number, part in enumerate(message.walk()):
        if number >= MOST_PARTS:
            break
        if part.is_multipart():
            continue
        kind, name = part.get_content_type(), _name(part)
        if name or part.get_content_disposition() == "attachment" or not kind.startswith(("text/", "message/")):
            files.append(Attached(name or kind, _bytes(part)))
        elif kind == "text/html":
            markup.append(_text(part))
        elif kind == "text/plain":
            plain.append(_text(part))
    return "\n".join(plain), "\n".join(markup), files


def _text(part: EmailMessage) -> str:
    content = _bytes(part)
    for encoding in (part.get_content_charset() or "utf-8", "utf-8", "gb18030"):
        try:
            return content.decode(encoding).replace("\0", "")
        except (UnicodeDecodeError, LookupError, ValueError):
            continue
    return content.decode("latin-1").replace("\0", "")


def _bytes(part: EmailMessage) -> bytes:
    try:
        content = part.get_payload(decode=True)
    except Exception:  # noqa: BLE001  (broken base64 and the like)
        content = None
    if isinstance(content, bytes):
        return content
    payload = part.get_payload()
    return payload.encode("utf-8", "replace") if isinstance(payload, str) else b""


def _name(part: EmailMessage) -> str:
    try:
        return part.get_filename() or ""
    except Exception:  # noqa: BLE001
        return "file"


def _header(message: EmailMessage, name: str) -> str:
    try:
        return " ".join(str(message.get(name, "")).replace("\0", "").split())
    except Exception:  # noqa: BLE001  (headers are parsed when they are asked for)
        return ""


def _kind(message: EmailMessage, subject: str) -> str:
    sender = parseaddr(_header(message, "From"))[1]
    report = message.get_content_type() == "multipart/report"
    if (report and "delivery-status" in _header(message, "Content-Type").lower()) or (
        _DAEMON.match(sender) and (_RETURNED.search(subject) or report)
    ):
        return Kind.BOUNCE
    if _header(message, "Return-Path") == "<>" and _RETURNED.search(subject):
        return Kind.BOUNCE
    automatic = _header(message, "Auto-Submitted").lower().partition(";")[0].strip()
    if automatic not in ("", "no") or _header(message, "X-Autoreply") or _header(message, "X-Autorespond"):
        return Kind.AUTO_REPLY
    if _header(message, "Precedence").lower() in ("auto_reply", "auto-reply") or _AWAY.match(subject):
        return Kind.AUTO_REPLY
    return Kind.WORDS


def _failed(message: EmailMessage) -> tuple[str, ...]:
    """Return the recipients that a report says do not exist (status 5.1.x), at most five."""
    addresses: list[str] = []
    for number, part in enumerate(message.walk()):
        if number >= MOST_PARTS:
            break
        if part.get_content_type() != "message/delivery-status":
            continue
        text = str(part)
        for block in re.split(r"\n\s*\n", text):
            to = re.search(r"(?im)^(?:final|original)-recipient:\s*[^;\n]*;\s*<?([^\s<>]{3,254})>?", block)
            if to and re.search(r"(?im)^status:\s*5\.1\.", block):
                addresses.append(to.group(1))
    return tuple(addresses[:5])


def _event_id(message: EmailMessage, raw: bytes) -> str:
    said = _header(message, "Message-ID")
    return hashlib.sha256(said.encode("utf-8", "replace") if said else raw).hexdigest()


def _date(text: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _unreadable(raw: bytes) -> Mail:
    text = raw[: MOST_TEXT * 4].decode("utf-8", "replace").replace("\0", "")[:MOST_TEXT]
    return Mail("", "", own_words(text), text, Kind.WORDS, hashlib.sha256(raw).hexdigest())
