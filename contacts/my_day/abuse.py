"""Abusive calls: marked by whoever was abused, told to the supervisor; nothing follows for the person by itself."""

from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from cases.models import Case
from cases.refusal import Refused
from collections_app.shared.actor import Actor
from collections_app.staff.models import User
from collections_app.staff.roles import Role
from compliance import audit
from contacts.models import AbuseMark, AbuseTalk, ContactAttempt

LATEST: Final = timedelta(days=1)
MADE: Final = ("in_progress", "completed", "cleared")
Outcome = ContactAttempt.Outcome
NOBODY_SPOKE: Final = (
    Outcome.NO_ANSWER, Outcome.BUSY, Outcome.NOT_IN_SERVICE, Outcome.VOICEMAIL_MESSAGE, Outcome.VOICEMAIL_NO_MESSAGE,
)  # fmt: skip


class AbuseRefused(Refused):
    SENTENCES = {
        "not-yours": _("This is not your call."),
        "not-made": _("This call was not made."),
        "too-late": _("A call is marked within a day. Tell your supervisor about an earlier one."),
        "marked": _("This call is marked already."),
        "yourself": _("Somebody else talks with you about your own calls."),
    }


@transaction.atomic
def mark(*, attempt_id: int, by: Any, actor: Actor, at: datetime) -> AbuseMark:
    """Keep that a call was abusive. Raises AbuseRefused; ContactAttempt.DoesNotExist."""
    attempt = ContactAttempt.objects.get(pk=attempt_id)
    if attempt.made_by_id != by.pk:
        raise AbuseRefused("not-yours")
    if attempt.status not in MADE or attempt.channel not in ("phone", "visit"):
        raise AbuseRefused("not-made")
    if attempt.at < at - LATEST:
        raise AbuseRefused("too-late")
    kept, is_new = AbuseMark.objects.get_or_create(attempt=attempt, defaults={"by": by, "at": at})
    if not is_new:
        raise AbuseRefused("marked")
    audit.record("attempt.marked_abusive", subject=attempt, actor=actor, at=at, person_id=attempt.person_id)
    return kept


def can_have_been(attempt: ContactAttempt) -> bool:
    """Return whether somebody was on the line, who may have been abusive."""
    return attempt.outcome not in NOBODY_SPOKE


def whom_to_talk_to(user: Any) -> User | None:
    """Return the supervisor of the user's team, the first by name."""
    leads = User.objects.filter(role=Role.SUPERVISOR, is_active=True, team_id=user.team_id, team__isnull=False)
    return leads.exclude(pk=user.pk).order_by("name", "pk").first()


def to_talk_about(user: Any) -> QuerySet[AbuseMark]:
    """Return the abusive calls within this user's reach that nobody has talked about yet, the oldest first.

    His own are not among them: somebody else talks with him.
    """
    rows = AbuseMark.objects.filter(talk__isnull=True).exclude(by=user)
    if not user.has_perm("cases.view_all"):
        rows = rows.filter(by__team_id=user.team_id) if user.team_id else rows.none()
    return rows.select_related("by", "attempt__case__person").order_by("at", "pk")


@transaction.atomic
def talked(*, mark_id: int, by: Any, actor: Actor, at: datetime) -> AbuseTalk:
    """Say that somebody has talked with the collector. Raises AbuseRefused; AbuseMark.DoesNotExist. Safe to repeat."""
    row = AbuseMark.objects.get(pk=mark_id)
    if row.by_id == by.pk:
        raise AbuseRefused("yourself")
    kept, is_new = AbuseTalk.objects.get_or_create(mark=row, defaults={"by": by, "at": at})
    if is_new:
        audit.record("abuse.talked_about", subject=row, actor=actor, at=at)
    return kept


def today(user: Any, *, since: datetime) -> QuerySet[AbuseMark]:
    """Return the calls that this user marked since an instant."""
    rows = AbuseMark.objects.filter(by=user, at__gte=since)
    return rows.filter(Q(attempt__case__isnull=True) | Q(attempt__case__in=Case.objects.visible_to(user)))
