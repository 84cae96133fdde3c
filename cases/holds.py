"""Holds: reasons not to contact, typed, with a review date. A hold acts at once and for every channel and collector.

Placing one is two steps, as every stop is: the row is committed without waiting (every decision from then on sees
it), then the person's lock is taken and the row confirmed, so that a hand-over under way has ended when the screen
says "in force".
"""

from datetime import date, datetime, timedelta
from functools import partial

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from cases import events, locks
from cases.models import Case, Hold
from cases.refusal import Refused
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from compliance import audit

REVIEW_AFTER = timedelta(days=14)


class HoldRefused(Refused):
    SENTENCES = {
        "standing": _("There is already a hold of this kind."),
        "kind": _("There is no hold of this kind."),
        "ends-in-the-past": _("%(ends_on)s is in the past."),
        "no-reason": _("Say why."),
        "released": _("This hold has been released already."),
    }


def place(
    *,
    case: Case,
    kind: str,
    reason: str = "",
    ends_on: date | None = None,
    review_on: date | None = None,
    account_id: int | None = None,
    actor: Actor,
    at: datetime,
) -> Hold:
    """Hold all contact with the borrower of a case about this creditor's debts (or one account). Raises HoldRefused."""
    today = clock.business_day(at, case.creditor.time_zone)
    if kind not in Hold.Kind.values:
        raise HoldRefused("kind")
    if ends_on is not None and ends_on < today:
        raise HoldRefused("ends-in-the-past", ends_on=ends_on)
    try:
        with transaction.atomic():
            hold = Hold.objects.create(
                person_id=case.person_id,
                creditor_id=case.creditor_id,
                account_id=account_id,
                kind=kind,
                reason=reason[:300],
                starts_at=at,
                ends_on=ends_on,
                review_on=review_on or ends_on or today + REVIEW_AFTER,
                reviewer_team_id=case.team_id,
                placed_by_id=actor.id if actor.kind == "user" else None,
                recorded_at=at,
            )
            audit.record("hold.placed", subject=hold, actor=actor, at=at, person_id=case.person_id, kind=kind)
            transaction.on_commit(partial(events.case_held.send, sender=Hold, case_id=case.pk, at=at), robust=True)
    except IntegrityError as clash:
        if "hold_of_a_kind_stands_once" in str(clash):
            raise HoldRefused("standing") from None
        raise
    with transaction.atomic():
        locks.lock(person_ids=[case.person_id])
        hold.confirmed_at = at
        hold.save(update_fields=["confirmed_at"])
    return hold


@transaction.atomic
def release(*, hold_id: int, reason: str, actor: Actor, at: datetime) -> Hold:
    """End a hold, saying why. Raises HoldRefused."""
    if not reason.strip():
        raise HoldRefused("no-reason")
    person_id = Hold.objects.values_list("person_id", flat=True).get(pk=hold_id)
    locks.lock(person_ids=[person_id])
    hold = Hold.objects.select_for_update(of=("self",), no_key=True).get(pk=hold_id)
    if hold.released_at is not None:
        raise HoldRefused("released")
    hold.released_at, hold.released_reason = at, reason[:300]
    hold.released_by_id = actor.id if actor.kind == "user" else None
    hold.save(update_fields=["released_at", "released_reason", "released_by"])
    audit.record("hold.released", subject=hold, actor=actor, at=at, person_id=hold.person_id, reason=reason)
    return hold


def standing(*, person_id: int, creditor_id: int | None = None):
    """Return the holds in force for a person, those of every creditor included."""
    holds = Hold.objects.filter(person_id=person_id, released_at__isnull=True)
    if creditor_id is not None:
        holds = holds.filter(creditor_id=creditor_id) | holds.filter(creditor_id__isnull=True)
    return holds.order_by("starts_at", "pk")
