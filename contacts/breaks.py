"""Breaks: begun and ended by one key. What is in hand goes back into the queue; no call is opened meanwhile."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases import lists, worklist
from cases.refusal import Refused
from collections_app.shared.actor import Actor
from collections_app.staff.models import Break, User
from compliance import audit
from contacts.models import AbuseMark, ContactAttempt

OFFERED: Final = timedelta(hours=1)  # after an abusive call was marked
PAUSE: Final = timedelta(minutes=10)
OPEN_CALL: Final = ("cleared", "in_progress")


class BreakRefused(Refused):
    SENTENCES = {
        "on-break": _("You are on a break already."),
        "not-on-break": _("You are not on a break."),
        "call-open": _("First record how your call ended, then take your break."),
        "not-offered": _("This pause is offered in the hour after a call that was marked as abusive."),
    }


@dataclass(frozen=True, slots=True)
class Today:
    """Breaks of a day: the one that lasts, or None; how long was rested; how long after abusive calls."""

    now: Break | None
    rested: timedelta
    after_abuse: timedelta


def is_on_break(user_id: int) -> bool:
    """Return whether somebody is on a break."""
    return Break.objects.filter(user_id=user_id, ended_at__isnull=True).exists()


@transaction.atomic
def start(*, user: User, kind: str = Break.Kind.REST, actor: Actor, at: datetime) -> Break:
    """Begin a break and put back what is in hand and kept ahead. Raises BreakRefused."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if is_on_break(user.pk):
        raise BreakRefused("on-break")
    if kind == Break.Kind.AFTER_ABUSE and not pause_is_offered(user, at=at):
        raise BreakRefused("not-offered")
    if ContactAttempt.objects.filter(made_by=user, channel="phone", status__in=OPEN_CALL, valid_until__gt=at).exists():
        raise BreakRefused("call-open")
    for pk in list(worklist.held_by(user).values_list("pk", flat=True)):
        worklist.release(case_id=pk, user=user)
    until = at + PAUSE if kind == Break.Kind.AFTER_ABUSE else None
    begun = Break.objects.create(user=user, kind=kind, started_at=at, until=until)
    audit.record("break.started", subject=begun, actor=actor, at=at, kind=kind)
    return begun


@transaction.atomic
def end(*, user: User, actor: Actor, at: datetime) -> Break:
    """End the break that lasts. Raises BreakRefused."""
    begun = Break.objects.select_for_update(no_key=True).filter(user=user, ended_at__isnull=True).first()
    if begun is None:
        raise BreakRefused("not-on-break")
    begun.ended_at = max(at, begun.started_at)
    begun.save(update_fields=["ended_at"])
    audit.record("break.ended", subject=begun, actor=actor, at=at)
    return begun


def pause_is_offered(user: Any, *, at: datetime) -> bool:
    """Return whether a call was marked as abusive within the hour, and no pause was begun since."""
    mark = AbuseMark.objects.filter(by=user, at__gt=at - OFFERED).order_by("-at").first()
    if mark is None:
        return False
    paused = Break.objects.filter(user=user, kind=Break.Kind.AFTER_ABUSE, started_at__gte=mark.at)
    return not paused.exists()


def today(user: Any, *, at: datetime) -> Today:
    """Return the breaks of today on this user's clock; one from before midnight counts from midnight on."""
    begins = lists.day_begins(user, at)
    rows = list(Break.objects.filter(user=user, started_at__gte=begins - timedelta(days=1)).order_by("started_at"))
    sums = dict.fromkeys(Break.Kind.values, timedelta(0))
    for row in rows:
        lasted = (row.ended_at or at) - max(row.started_at, begins)
        sums[row.kind] += max(lasted, timedelta(0))
    now = next((row for row in rows if row.ended_at is None), None)
    return Today(now, sums[Break.Kind.REST], sums[Break.Kind.AFTER_ABUSE])


def of_people(ids: list[int]) -> dict[int, Break]:
    """Return who of these people is on a break, and which."""
    return {row.user_id: row for row in Break.objects.filter(user_id__in=ids, ended_at__isnull=True)}
