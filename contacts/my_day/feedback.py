"""What a supervisor says of a collector's work: read by that collector alone, answered once."""

from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from cases.models import Case
from cases.refusal import Refused
from collections_app.shared.actor import Actor
from compliance import audit
from contacts.models import ContactAttempt, Feedback, FeedbackAnswer

LONGEST: Final = 500


class FeedbackRefused(Refused):
    SENTENCES = {
        "empty": _("Say what you mean."),
        "too-long": _("At most 500 characters."),
        "nobody": _("Nobody of your team made this contact."),
        "yourself": _("Feedback is for somebody else."),
        "not-yours": _("This feedback is not for you."),
        "answered": _("This feedback has been answered already."),
    }


def _checked(text: str, *, needed: bool) -> str:
    plain = text.strip()
    if needed and not plain:
        raise FeedbackRefused("empty")
    if len(plain) > LONGEST:
        raise FeedbackRefused("too-long")
    return plain


@transaction.atomic
def give(
    *,
    case: Case,
    to: Any,
    kind: str,
    text: str,
    attempt: ContactAttempt | None = None,
    by: Any,
    actor: Actor,
    at: datetime,
) -> Feedback:
    """Tell a collector something about a contact of his, or about a case. Raises FeedbackRefused."""
    said = _checked(text, needed=True)
    if to.pk == by.pk:
        raise FeedbackRefused("yourself")
    if to.team_id is None or to.team_id != by.team_id:
        raise FeedbackRefused("nobody")
    if attempt is not None and (attempt.case_id != case.pk or attempt.made_by_id != to.pk):
        raise FeedbackRefused("nobody")
    row = Feedback.objects.create(to=to, by=by, case=case, attempt=attempt, kind=Feedback.Kind(kind), text=said, at=at)
    audit.record("feedback.given", subject=row, actor=actor, at=at, to=to.pk, kind=kind)
    return row


@transaction.atomic
def answer(*, feedback_id: int, text: str = "", by: Any, actor: Actor, at: datetime) -> FeedbackAnswer:
    """Say that feedback was read, with an answer or without. Raises FeedbackRefused; Feedback.DoesNotExist."""
    said = _checked(text, needed=False)
    row = Feedback.objects.get(pk=feedback_id)
    if row.to_id != by.pk:
        raise FeedbackRefused("not-yours")
    kept, is_new = FeedbackAnswer.objects.get_or_create(feedback=row, defaults={"text": said, "at": at})
    if not is_new:
        raise FeedbackRefused("answered")
    audit.record("feedback.answered", subject=row, actor=actor, at=at)
    return kept


def to_user(user: Any) -> QuerySet[Feedback]:
    """Return what was said to this user, the newest first."""
    rows = Feedback.objects.filter(to=user).select_related("by", "case__person", "attempt", "answer")
    return rows.order_by("-pk")


def by_user(user: Any) -> QuerySet[Feedback]:
    """Return what this user said, the newest first."""
    return Feedback.objects.filter(by=user).select_related("to", "case__person", "answer").order_by("-pk")
