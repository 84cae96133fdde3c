"""Letters: a print-ready PDF in storage, kept with the case, handed to the print room.

The file and its row belong to the transaction that records the hand-over: a crash before its end leaves no letter.
"""

import hashlib
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from cases.models import Document
from contacts.channels import letters
from contacts.channels.senders.base import Message, Permanent, Receipt, Sender


class LetterSender(Sender):
    """The print room."""

    channel: ClassVar[str] = "letter"
    provider: ClassVar[str] = "print-room"
    can_look_up = True

    def _hand_over(self, message: Message, to: str) -> Receipt:
        if message.case_id is None or message.person_id is None or message.at is None:
            raise Permanent("provider-refused")
        letter = letters.Letter(
            sender=message.sender_name,
            sender_lines=tuple(line for line in (message.sender_phone,) if line),
            to=tuple(line for line in (message.recipient, *to.splitlines()) if line.strip()),
            on=message.at.date(),
            reference=message.reference,
            subject=message.subject,
            body=message.text,
            language=message.language,
            key=str(message.key),
        )
        try:
            printed = letters.compose(letter)
        except letters.LetterRefused as refused:
            raise Permanent("letter-unprintable") from refused
        path = default_storage.save(f"letters/{message.at:%Y/%m}/{message.key}.pdf", ContentFile(printed.content))
        document = Document.objects.create(
            case_id=message.case_id,
            person_id=message.person_id,
            kind="letter",
            title=(message.subject or message.reference)[:200],
            content_type="application/pdf",
            size=len(printed.content),
            sha256=hashlib.sha256(printed.content).hexdigest(),
            path=path,
            added_at=message.at,
        )
        return Receipt(self.provider, f"document-{document.pk}")

    def look_up(self, key: UUID, *, to: str = "", since: datetime | None = None) -> Receipt | None:
        """Return the letter that was kept under this key, or None: the row is the proof."""
        document = Document.objects.filter(kind="letter", path__contains=str(key)).order_by("pk").first()
        return Receipt(self.provider, f"document-{document.pk}") if document else None
