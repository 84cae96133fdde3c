"""Calls agreed for a certain time: who makes them, and what happens when nobody did.

A callback stands while it is the next action of its case; whatever is set instead takes its place.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from cases import lifecycle, locks
from cases.asking import Asker, asked_by_users
from cases.models import Callback, Case, NextAction
from cases.refusal import Refused
from collections_app.shared.actor import Actor
from compliance import audit

End = Callback.End
USUAL: Final = timedelta(hours=1)  # a window of which only the beginning is said
LONGEST: Final = timedelta(hours=12)
EARLY: Final = timedelta(minutes=10)  # a call so long before its window is the one that was agreed
AGAIN: Final = timedelta(hours=1)  # after a missed window, where nothing else was said
MISSED: Final = "callback-missed"  # what the next action says then; `cases.queries.skip_label` has it in words
AHEAD: Final = timedelta(hours=4)
STRIP: Final = 3  # in the strip above a case
LIMIT: Final = 200


class CallbackRefused(Refused):
    SENTENCES = {
        "past": _("This time is over."),
        "window": _("The end must be later than the beginning, and within twelve hours of it."),
        "fallback": _("What happens if it is missed comes after the end."),
    }


def check(*, starts_at: datetime, ends_at: datetime, fallback_at: datetime, at: datetime) -> None:
    """Refuse a window that nobody can keep. Raises CallbackRefused."""
    if ends_at <= at:
        raise CallbackRefused("past")
    if not timedelta(0) < ends_at - starts_at <= LONGEST:
        raise CallbackRefused("window")
    if fallback_at < ends_at:
        raise CallbackRefused("fallback")


@transaction.atomic
def agree(
    *,
    case_id: int,
    starts_at: datetime,
    ends_at: datetime,
    owner_id: int | None,
    fallback_to: str,
    fallback_at: datetime,
    attempt_id: int | None = None,
    actor: Actor,
    at: datetime,
) -> Callback:
    """Write down that the person is called between two instants, and make it the next action. Raises CallbackRefused.

    owner_id: who calls; None is whoever of the team is free. A callback that stood before gives way.
    """
    check(starts_at=starts_at, ends_at=ends_at, fallback_at=fallback_at, at=at)
    case = lifecycle.set_next_action(
        case_id=case_id, action=NextAction.CALLBACK, due_at=starts_at, actor=actor, at=at
    )  # fmt: skip
    Callback.objects.filter(case=case, ended_at__isnull=True).update(ended_at=at, ended_as=End.DROPPED)
    agreed = Callback.objects.create(
        case=case,
        starts_at=starts_at,
        ends_at=ends_at,
        owner_id=owner_id,
        fallback_to=fallback_to,
        fallback_at=fallback_at,
        agreed_by_id=actor.id if actor.kind == "user" else None,
        agreed_at=at,
        attempt_id=attempt_id,
    )
    audit.record(
        "callback.agreed", subject=agreed, actor=actor, at=at, person_id=case.person_id,
        starts_at=starts_at, ends_at=ends_at, owner=owner_id, fallback=fallback_to,
    )  # fmt: skip
    return agreed


def called(*, case_id: int, at: datetime, actor: Actor) -> None:
    """Record that the call of a callback was made. A call long before its time is another one. Safe to repeat."""
    due = Callback.objects.filter(case_id=case_id, ended_at__isnull=True, starts_at__lte=at + EARLY)
    for callback in due.select_for_update(of=("self",), no_key=True):
        _end(callback, End.DONE, at=at)
        audit.record("callback.done", subject=callback, actor=actor, at=at, person_id=_person(callback))


def standing() -> QuerySet[Callback]:
    """Return the callbacks that are the next action of their case."""
    return Callback.objects.filter(
        ended_at__isnull=True, case__next_action=NextAction.CALLBACK, case__next_action_at=F("starts_at")
    )


def of_user(user: Any, *, at: datetime, ahead: timedelta = AHEAD) -> QuerySet[Callback]:
    """Return the callbacks that this user makes in the hours ahead, or should be making now; the earliest first."""
    return _until(user, at + ahead)


def _until(user: Any, until: datetime) -> QuerySet[Callback]:
    mine = Q(owner_id=user.pk) | Q(owner__isnull=True, case__team_id=user.team_id)
    soon = standing().filter(mine, starts_at__lte=until)
    return soon.select_related("case__person", "owner").order_by("starts_at", "pk")


def next_of_user(user: Any, *, at: datetime, ahead: timedelta = AHEAD) -> list[Callback]:
    """Return the first few of the callbacks `of_user`, as the strip above a case shows them."""
    return _next(user, until=at + ahead)


@asked_by_users
def _next(user: Asker, until: datetime) -> QuerySet[Callback]:
    return _until(user, until)[:STRIP]


def kept_for_others(user: Any) -> Exists:
    """Return the condition that somebody else has agreed to call this case's person."""
    others = Callback.objects.filter(case_id=OuterRef("pk"), ended_at__isnull=True, owner__isnull=False)
    others = others.filter(starts_at=OuterRef("next_action_at")).exclude(owner_id=user.pk)
    return Exists(others)


def due_now(user: Any, *, at: datetime) -> list[int]:
    """Return the cases whose agreed time it is, for this user to call, the earliest first."""
    return _due(user, at=at)


@asked_by_users
def _due(user: Asker, at: datetime) -> QuerySet[Callback, int]:
    return _until(user, at).values_list("case_id", flat=True)[:20]


def fall_back(*, at: datetime, limit: int = LIMIT) -> dict[str, int]:
    """Hand missed callbacks to whom it was said, and drop those whose case has another next action. Safe to repeat."""
    tally = {End.MISSED.value: 0, End.DROPPED.value: 0}
    over = Callback.objects.filter(ended_at__isnull=True, starts_at__lte=at)
    for pk in list(over.order_by("starts_at", "pk").values_list("pk", flat=True)[:limit]):
        became = _fall_back(pk, at=at)
        if became:
            tally[became] += 1
    return tally


@transaction.atomic
def _fall_back(pk: int, *, at: datetime) -> str:
    actor = Actor.system("callbacks")
    case = lifecycle.locked(Callback.objects.values_list("case_id", flat=True).get(pk=pk))
    callback = Callback.objects.select_for_update(of=("self",), no_key=True).get(pk=pk)
    if callback.ended_at is not None:
        return ""
    if (case.next_action, case.next_action_at) != (NextAction.CALLBACK, callback.starts_at):
        _end(callback, End.DROPPED, at=at)
        return str(End.DROPPED)
    if callback.ends_at > at or _is_being_called(case):
        return ""
    _end(callback, End.MISSED, at=at)
    audit.record("callback.missed", subject=callback, actor=actor, at=at, person_id=case.person_id)
    again = callback.fallback_to == Callback.Fallback.OWNER and callback.agreed_by_id is not None
    supervisor = callback.fallback_to == Callback.Fallback.SUPERVISOR
    lifecycle.set_next_action(
        case_id=case.pk,
        action=NextAction.REVIEW if supervisor else NextAction.CALLBACK if again else NextAction.CALL,
        due_at=callback.fallback_at,
        note=MISSED,
        actor=actor,
        at=at,
    )
    if again:
        Callback.objects.create(
            case=case,
            starts_at=callback.fallback_at,
            ends_at=callback.fallback_at + USUAL,
            owner_id=callback.agreed_by_id,
            fallback_to=Callback.Fallback.TEAM,
            fallback_at=callback.fallback_at + USUAL + AGAIN,
            agreed_by_id=callback.agreed_by_id,
            agreed_at=at,
        )
    return str(End.MISSED)


def _is_being_called(case: Case) -> bool:
    """Whether somebody has the case in hand: whoever is calling is not called late."""
    return Case.objects.filter(pk=case.pk, lease_until__gt=locks.ClockTimestamp()).exists()


def _end(callback: Callback, how: str, *, at: datetime) -> None:
    callback.ended_at, callback.ended_as = at, how
    callback.save(update_fields=["ended_at", "ended_as"])


def _person(callback: Callback) -> int:
    return Case.objects.values_list("person_id", flat=True).get(pk=callback.case_id)
