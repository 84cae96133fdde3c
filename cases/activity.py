"""What a contact leaves on the case, so that lists need not read the history."""

from datetime import datetime

from django.db.models import Case as When
from django.db.models import F, Q, Value
from django.db.models import When as Branch
from django.db.models.functions import Greatest

from cases.models import Case, Note
from cases.refusal import CaseRefused
from collections_app.shared.actor import Actor
from compliance import audit


def note_contact(*, case_id: int, at: datetime, right_party: bool) -> None:
    """Keep when the last contact was, and the last with the right party. One UPDATE; never moves backwards."""
    changes = {"last_contact_at": _later("last_contact_at", at)}
    if right_party:
        changes["last_right_party_at"] = _later("last_right_party_at", at)
    Case.objects.filter(pk=case_id).update(**changes)


def _later(field: str, at: datetime):
    unset = Branch(Q(**{f"{field}__isnull": True}), then=Value(at))
    return When(unset, default=Greatest(F(field), Value(at)))


def add_note(*, case: Case, text: str, actor: Actor, at: datetime, corrects_id: int | None = None) -> Note:
    """Write a note. It cannot be altered; a correction is a new note that names the old one. Raises CaseRefused."""
    if not text.strip():
        raise CaseRefused("no-reason")
    note = Note.objects.create(
        case=case,
        person_id=case.person_id,
        text=text.strip(),
        written_at=at,
        written_by_id=actor.id if actor.kind == "user" else None,
        corrects_id=corrects_id,
    )
    name = "note.corrected" if corrects_id else "note.added"
    audit.record(name, subject=note, actor=actor, at=at, person_id=case.person_id, case=case.pk)
    return note
