"""What contacts does when something happened to a case. Nothing rests on it: dispatch checks again."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from cases import events, queries
from collections_app.shared.actor import Actor
from compliance import audit
from contacts.inbound import recognise
from contacts.models import Enrolment, PlannedContact
from contacts.strategy import effects

LISTENER = Actor.system("listener")
WAITING = [PlannedContact.Status.PLANNED, PlannedContact.Status.WITHHELD]


def reply_in_words(codes: str) -> str:
    """Return what a reply was taken to mean, as the next action of a case keeps it, in the reader's language."""
    names = [_title(code) for code in codes.split(", ") if code]
    return _("a reply: %(meaning)s") % {"meaning": ", ".join(names)} if names else _("a reply")


def _title(code: str) -> str:
    intent = code.replace(" ", "_")
    return recognise.title(intent) if intent in recognise.intents() else code  # else somebody wrote it by hand


def connect() -> None:
    """Begin to listen. Called once, when the app is ready."""
    queries.NOTE_READERS["reply"] = reply_in_words
    queries.NOTE_READERS[effects.NOTE] = effects.in_words
    events.case_cured.connect(case_ended, dispatch_uid="contacts.case_cured")
    events.case_closed.connect(case_ended, dispatch_uid="contacts.case_closed")


def case_ended(sender: Any, *, case_id: int, at: datetime, **_newer: Any) -> None:
    """Take a case that was cured or closed off its path, and what was planned for it out of the outbox."""
    cancel_planned(case_id=case_id, reason_code="case-ended", actor=LISTENER, at=at)
    leave(case_id=case_id, reason="case-ended", actor=LISTENER, at=at)


@transaction.atomic
def cancel_planned(*, case_id: int, reason_code: str, actor: Actor, at: datetime) -> int:
    """Cancel what is planned for a case and nobody is sending at this moment; returns how many. Safe to repeat."""
    waiting = PlannedContact.objects.filter(case_id=case_id, status__in=WAITING)
    count = 0
    for planned in waiting.select_for_update(of=("self",), no_key=True, skip_locked=True).order_by("pk"):
        planned.cancel(at=at, reason_code=reason_code)
        planned.save(update_fields=["status", "finished_at", "lease_until", "reason_code"])
        audit.record(
            "planned.cancelled",
            subject=planned,
            actor=actor,
            at=at,
            person_id=planned.person_id,
            reason=reason_code,
        )
        count += 1
    return count


@transaction.atomic
def leave(*, case_id: int, reason: str, actor: Actor, at: datetime) -> None:
    """End the open enrolment of a case. Safe to repeat."""
    enrolment = Enrolment.objects.filter(case_id=case_id, left_on__isnull=True).first()
    if enrolment is not None:
        enrolment.left_on, enrolment.left_reason = max(at.date(), enrolment.entered_on), reason
        enrolment.save(update_fields=["left_on", "left_reason"])
        audit.record("strategy.left", subject=enrolment, actor=actor, at=at, person_id=enrolment.person_id)
