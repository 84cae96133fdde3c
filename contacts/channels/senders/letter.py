"""Letters: a print-ready PDF in storage, kept with the case, handed to the print room.

The file and its rows belong to the transaction that records the hand-over: a crash before its end leaves no letter.
"""

import hashlib
from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models import Q

from cases.models import Case, Document
from collections_app.shared.actor import Actor
from contacts import seals
from contacts.channels import letters
from contacts.channels.senders.base import Message, Permanent, Receipt, Sender, Temporary
from contacts.models import ContactAttempt, PostalLetter, Seal

PRINT_ROOM: Final = Actor.system("print-room")
NO_SEAL_S: Final = 3600.0  # seconds until a letter asks again whether its creditor has a seal


class LetterSender(Sender):
    """The print room."""

    channel: ClassVar[str] = "letter"
    provider: ClassVar[str] = "print-room"
    can_look_up = True

    def _hand_over(self, message: Message, to: str) -> Receipt:
        if message.case_id is None or message.person_id is None or message.at is None:
            raise Permanent("provider-refused")
        creditor_id = Case.objects.values_list("creditor_id", flat=True).get(pk=message.case_id)
        attempt = _attempt_of(message.key)
        seal = _seal_for(attempt, creditor_id)
        code = letters.code_of(message.reference, message.key)
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
            code=code,
            seal=seals.picture_of(seal) if seal is not None else None,
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
        PostalLetter.objects.create(
            document=document,
            attempt=attempt,
            creditor_id=creditor_id,
            case_id=message.case_id,
            person_id=message.person_id,
            key=message.key,
            code=code,
            pages=printed.pages,
            seal=seal,
            made_at=message.at,
        )
        if seal is not None:
            seals.note_use(seal, document, actor=PRINT_ROOM, at=message.at)
        return Receipt(self.provider, f"document-{document.pk}")

    def look_up(self, key: UUID, *, to: str = "", since: datetime | None = None) -> Receipt | None:
        """Return the letter that was kept under this key, or None: the row is the proof."""
        document = Document.objects.filter(kind="letter", path__contains=str(key)).order_by("pk").first()
        return Receipt(self.provider, f"document-{document.pk}") if document else None


def _attempt_of(key: UUID) -> ContactAttempt | None:
    """Return the reservation that this letter is for: it names the wording, and with it whether a seal belongs."""
    rows = ContactAttempt.objects.filter(Q(planned__key=key) | Q(key=key), channel="letter", status="cleared")
    return rows.select_related("template_version").order_by("-pk").first()


def _seal_for(attempt: ContactAttempt | None, creditor_id: int) -> Seal | None:
    """Return the creditor's seal where the wording names its place. Raises Temporary while there is none to use."""
    version = attempt.template_version if attempt is not None else None
    if version is None or not seals.is_named_in(version):
        return None
    seal = seals.in_use(creditor_id)
    if seal is None:
        raise Temporary("no-seal", retry_after=NO_SEAL_S)
    return seal
