"""What an e-mail carries besides its words: headers, a way out, and the same words as HTML."""

import re
from email.utils import formataddr, formatdate, parseaddr
from html import escape

from django.conf import settings

from contacts import way_out
from contacts.channels.senders.base import Message


def sender_address() -> str:
    """Return the bare address that mail comes from; its domain is the one that DKIM and SPF are aligned with."""
    return parseaddr(settings.DEFAULT_FROM_EMAIL or "")[1]


def from_line(message: Message) -> str:
    """Return the From line: the creditor's name with our address."""
    name = message.sender_name or parseaddr(settings.DEFAULT_FROM_EMAIL or "")[0]
    return formataddr((one_line(name), sender_address()))


def message_id(message: Message) -> str:
    """Return the Message-ID without its brackets: the same at every try."""
    return f"{message.key}@{sender_address().rpartition('@')[2] or 'localhost'}"


def headers(message: Message) -> dict[str, str]:
    """Return the headers besides From, To and Subject.

    The way out is a link that acts on one POST (RFC 8058) where the product knows its own address, and always a mail.
    """
    mail = f"<mailto:{sender_address()}?subject=STOP%20{message.reference}>"
    link = way_out.link_of(message.key)
    found = {
        "Message-ID": f"<{message_id(message)}>",
        "Date": formatdate(message.at.timestamp()) if message.at else formatdate(),
        "List-Unsubscribe": f"<{link}>, {mail}" if link else mail,
        "Auto-Submitted": "auto-generated",
        "X-Reference": one_line(message.reference),
    }
    if link.startswith("https:"):
        found["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return found


def html(message: Message) -> str:
    """Return the same words as HTML: escaped, nothing loaded from anywhere, nothing that tells who has read it."""
    blocks = [block for block in re.split(r"\n\s*\n", message.text.strip("\n")) if block.strip()]
    body = "".join(f"<p>{'<br>'.join(escape(line) for line in block.splitlines())}</p>" for block in blocks)
    head = f'<meta charset="utf-8"><title>{escape(one_line(message.subject))}</title>'
    return f'<!doctype html><html lang="{escape(message.language)}"><head>{head}</head><body>{body}</body></html>'


def one_line(text: str) -> str:
    """Return the text without anything that could begin another header."""
    return re.sub(r"[\x00-\x1f\x7f]+", " ", text).strip()
