"""Notes that were withdrawn: a note is never removed, but one whose act was undone no longer says what is so."""

from datetime import datetime
from typing import Final

from django.db.models import OuterRef, Q, QuerySet, Subquery

from cases.models import Note
from collections_app.shared.actor import Actor
from compliance import audit
from compliance.models import AuditEvent

WITHDRAWN: Final = "note.withdrawn"
RESTORED: Final = "note.restored"


def marked(notes: QuerySet[Note]) -> QuerySet[Note]:
    """Return these notes with `last_told`: WITHDRAWN, RESTORED or None; one index look-up per note."""
    told = AuditEvent.objects.filter(
        subject_label="cases.note", subject_id=OuterRef("pk"), name__in=(WITHDRAWN, RESTORED)
    )
    return notes.annotate(last_told=Subquery(told.order_by("-at", "-pk").values("name")[:1]))


def standing(notes: QuerySet[Note]) -> QuerySet[Note]:
    """Return those of these notes that were not withdrawn."""
    return marked(notes).filter(Q(last_told__isnull=True) | Q(last_told=RESTORED))


def withdraw(*, case_id: int, written_by: int, written_at: datetime, actor: Actor, at: datetime) -> None:
    """Withdraw what an act noted that is undone now: the notes of its author at its very instant."""
    for note in Note.objects.filter(case_id=case_id, written_by_id=written_by, written_at=written_at):
        audit.record("note.withdrawn", subject=note, actor=actor, at=at, person_id=note.person_id, case=case_id)


def stands_again(*, case_id: int, text: str, since: datetime, actor: Actor, at: datetime) -> bool:
    """Let the same that its author noted lately stand again, where it was withdrawn; return whether there is one."""
    same = Note.objects.filter(case_id=case_id, text=text, written_by_id=actor.id, written_at__gt=since)
    note = marked(same).order_by("-written_at", "-pk").first()
    if note is None:
        return False
    if note.last_told == WITHDRAWN:  # type: ignore[attr-defined]
        audit.record("note.restored", subject=note, actor=actor, at=at, person_id=note.person_id, case=case_id)
    return True
