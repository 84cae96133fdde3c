"""Letters: a print-ready page in storage, kept with the case, handed to the print room.

The page and its row belong to the transaction that records the hand-over: a crash before its end leaves no letter.
"""

import hashlib
from html import escape
from typing import ClassVar
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from cases.models import Document
from contacts.channels.senders.base import Message, Permanent, Receipt, Sender

PAGE = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><title>{reference}</title>
<style>@page{{size:A4;margin:25mm 20mm}}body{{font:11pt/1.5 "Noto Serif CJK SC","Noto Serif","Songti SC",serif}}
header{{display:flex;justify-content:space-between;margin-bottom:18mm}}address{{font-style:normal;white-space:pre-line;
min-height:30mm}}h1{{font-size:13pt;margin:8mm 0}}.body{{white-space:pre-line}}.seal{{margin-top:25mm;text-align:right}}
footer{{position:fixed;bottom:0;font-size:8pt}}</style></head>
<body><header><strong>{sender}</strong><span>{day}<br>{reference}</span></header>
<address>{to}</address><h1>{subject}</h1><div class="body">{text}</div>
<p class="seal">{sender}</p><footer>{reference} · {key}</footer></body></html>
"""


class LetterSender(Sender):
    """The print room."""

    channel: ClassVar[str] = "letter"
    provider: ClassVar[str] = "print-room"

    def _hand_over(self, message: Message, to: str) -> Receipt:
        if message.case_id is None or message.person_id is None or message.at is None:
            raise Permanent("provider-refused")
        page = PAGE.format(
            language=escape(message.language),
            reference=escape(message.reference),
            sender=escape(message.sender_name),
            day=f"{message.at:%Y-%m-%d}",
            to=escape(to),
            subject=escape(message.subject or message.reference),
            text=escape(message.text),
            key=message.key,
        ).encode()
        path = default_storage.save(f"letters/{message.at:%Y/%m}/{message.key}.html", ContentFile(page))
        document = Document.objects.create(
            case_id=message.case_id,
            person_id=message.person_id,
            kind="letter",
            title=(message.subject or message.reference)[:200],
            content_type="text/html",
            size=len(page),
            sha256=hashlib.sha256(page).hexdigest(),
            path=path,
            added_at=message.at,
        )
        return Receipt(self.provider, f"document-{document.pk}")

    def look_up(self, key: UUID) -> Receipt | None:
        """Return the letter that was kept under this key, or None: the row is the proof."""
        document = Document.objects.filter(kind="letter", path__contains=str(key)).order_by("pk").first()
        return Receipt(self.provider, f"document-{document.pk}") if document else None
