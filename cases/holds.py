"""Holds: reasons not to contact, typed, with an end or a review date and somebody to keep it. A hold acts at once and
for every channel and collector.

Placing one is two steps, as every stop is: the row is committed without waiting (every decision from then on sees
it), then the person's lock is taken and the row confirmed, so that a hand-over under way has ended when the screen
says "in force".
"""

from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from cases import events, locks, reviewers
from cases.models import Account, Case, Hold
from cases.models.instruction import Source
from cases.refusal import Refused
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from compliance import audit
from compliance.periods import add_months

Kind = Hold.Kind
REVIEW_AFTER: Final = timedelta(days=14)
# From the day after it enters the register: Debt Respite Scheme Regulations 2020 (SI 2020/1311), reg 26.
BREATHING_SPACE_DAYS: Final = 60
# A mental health crisis moratorium ends so many days after the treatment: the same, reg 32.
AFTER_TREATMENT_DAYS: Final = 30
# Korea's deferral at the debtor's request: up to three months, extended once (Personal Debtor Protection Act).
DEFERRAL_MONTHS: Final = 3
DEFERRAL_PLACES: Final = ("KR",)


class HoldRefused(Refused):
    SENTENCES = {
        "standing": _("There is already a hold of this kind."),
        "kind": _("There is no hold of this kind."),
        "ends-in-the-past": _("%(ends_on)s is in the past."),
        "review-in-the-past": _("%(review_on)s is in the past."),
        "no-reason": _("Say why."),
        "released": _("This hold has been released already."),
        "no-end": _("Say until when."),
        "too-long": _("This may last until %(latest)s at most."),
        "extended-once": _("This was extended once already."),
        "not-later": _("%(ends_on)s is not later than what stands now."),
        "not-a-crisis": _("Only a hold for a mental health crisis has a treatment."),
        "treatment": _("The treatment cannot end in the future."),
        "account": _("This account does not belong to the person."),
    }


def place(**held: Any) -> Hold:
    """Hold all contact with the borrower of a case: `record`, then `confirm`. Takes what `record` takes."""
    hold = record(**held)
    return confirm(hold_id=hold.pk, at=held["at"])


def record(
    *,
    case: Case,
    kind: str,
    reason: str = "",
    source: str = Source.OTHER,
    evidence: str = "",
    starts_at: datetime | None = None,
    ends_on: date | None = None,
    review_on: date | None = None,
    account_id: int | None = None,
    actor: Actor,
    at: datetime,
) -> Hold:
    """Write a hold on this creditor's debts of a borrower (or one account), without waiting. Raises HoldRefused.

    ends_on: its last day; a breathing space ends by itself, a deferral needs one. review_on: 14 days on, unless given.
    """
    today = clock.business_day(at, case.creditor.time_zone)
    if kind not in Kind.values:
        raise HoldRefused("kind")
    begins = min(starts_at, at) if starts_at else at
    ends_on = _end(kind, ends_on, clock.business_day(begins, case.creditor.time_zone), case)
    if ends_on is not None and ends_on < today:
        raise HoldRefused("ends-in-the-past", ends_on=ends_on)
    if review_on is not None and review_on < today:
        raise HoldRefused("review-in-the-past", review_on=review_on)
    if account_id is not None and not Account.objects.filter(pk=account_id, person_id=case.person_id).exists():
        raise HoldRefused("account")
    try:
        with transaction.atomic():
            hold = Hold.objects.create(
                person_id=case.person_id,
                creditor_id=case.creditor_id,
                account_id=account_id,
                kind=kind,
                reason=reason[:300],
                source=source,
                evidence=evidence[:200],
                starts_at=begins,
                ends_on=ends_on,
                review_on=review_on or ends_on or today + REVIEW_AFTER,
                placed_by_id=actor.id if actor.kind == "user" else None,
                recorded_at=at,
                **reviewers.find(
                    person_id=case.person_id, creditor_id=case.creditor_id, team_id=case.team_id, actor=actor
                ),
            )
            audit.record("hold.placed", subject=hold, actor=actor, at=at, person_id=case.person_id, kind=kind)
            transaction.on_commit(partial(events.case_held.send, sender=Hold, case_id=case.pk, at=at), robust=True)
    except IntegrityError as clash:
        if "hold_of_a_kind_stands_once" in str(clash):
            raise HoldRefused("standing") from None
        raise
    return hold


@transaction.atomic
def confirm(*, hold_id: int, at: datetime) -> Hold:
    """Wait until no hand-over that began before the hold is under way, then say so. Doing it twice does nothing."""
    person_id = Hold.objects.values_list("person_id", flat=True).get(pk=hold_id)
    locks.lock(person_ids=[person_id])
    hold = Hold.objects.select_for_update(of=("self",), no_key=True).get(pk=hold_id)
    if hold.confirmed_at is None:
        hold.confirmed_at = at
        hold.save(update_fields=["confirmed_at"])
    return hold


def _end(kind: str, ends_on: date | None, starts_on: date, case: Case) -> date | None:
    """Return the last day of a hold of this kind. Raises HoldRefused."""
    if kind == Kind.BREATHING_SPACE:
        return ends_on or starts_on + timedelta(days=BREATHING_SPACE_DAYS)
    if kind == Kind.DEFERRAL:
        if ends_on is None:
            raise HoldRefused("no-end")
        latest = add_months(starts_on, DEFERRAL_MONTHS)
        if case.person.jurisdiction in DEFERRAL_PLACES and ends_on > latest:
            raise HoldRefused("too-long", latest=latest)
    return ends_on


def _standing(hold_id: int) -> Hold:
    person_id = Hold.objects.values_list("person_id", flat=True).get(pk=hold_id)
    locks.lock(person_ids=[person_id])
    hold = Hold.objects.select_for_update(of=("self",), no_key=True).get(pk=hold_id)
    if hold.released_at is not None:
        raise HoldRefused("released")
    return hold


@transaction.atomic
def release(*, hold_id: int, reason: str, actor: Actor, at: datetime) -> Hold:
    """End a hold, saying why. Raises HoldRefused."""
    if not reason.strip():
        raise HoldRefused("no-reason")
    hold = _standing(hold_id)
    hold.released_at, hold.released_reason = at, reason[:300]
    hold.released_by_id = actor.id if actor.kind == "user" else None
    hold.save(update_fields=["released_at", "released_reason", "released_by"])
    audit.record("hold.released", subject=hold, actor=actor, at=at, person_id=hold.person_id, reason=reason)
    return hold


@transaction.atomic
def extend(*, hold_id: int, ends_on: date, reason: str, today: date, actor: Actor, at: datetime) -> Hold:
    """Let a hold last longer. A deferral is extended once, and in Korea by three months at most. Raises HoldRefused."""
    if not reason.strip():
        raise HoldRefused("no-reason")
    hold = _standing(hold_id)
    if ends_on < today or (hold.ends_on is not None and ends_on <= hold.ends_on):
        raise HoldRefused("not-later", ends_on=ends_on)
    if hold.kind == Kind.DEFERRAL and hold.ends_on is not None:
        if hold.extensions:
            raise HoldRefused("extended-once")
        latest = add_months(hold.ends_on, DEFERRAL_MONTHS)
        if hold.person.jurisdiction in DEFERRAL_PLACES and ends_on > latest:
            raise HoldRefused("too-long", latest=latest)
    before, hold.ends_on, hold.review_on = hold.ends_on, ends_on, ends_on
    hold.extensions += 1
    hold.save(update_fields=["ends_on", "review_on", "extensions"])
    audit.record(
        "hold.extended",
        subject=hold,
        actor=actor,
        at=at,
        person_id=hold.person_id,
        before=before,
        after=ends_on,
        reason=reason,
    )
    return hold


@transaction.atomic
def review(*, hold_id: int, review_on: date, reason: str, today: date, actor: Actor, at: datetime) -> Hold:
    """Record that somebody looked at a hold and lets it stand until another date. Raises HoldRefused."""
    if not reason.strip():
        raise HoldRefused("no-reason")
    if review_on < today:
        raise HoldRefused("review-in-the-past", review_on=review_on)
    hold = _standing(hold_id)
    before, hold.review_on = hold.review_on, review_on
    hold.save(update_fields=["review_on"])
    audit.record(
        "hold.reviewed",
        subject=hold,
        actor=actor,
        at=at,
        person_id=hold.person_id,
        before=before,
        after=review_on,
        reason=reason,
    )
    return hold


@transaction.atomic
def end_treatment(*, hold_id: int, on: date, today: date, actor: Actor, at: datetime) -> Hold:
    """Record that the treatment of a mental health crisis ended; the moratorium ends 30 days later. Raises."""
    hold = _standing(hold_id)
    if hold.kind != Kind.CRISIS:
        raise HoldRefused("not-a-crisis")
    if on > today:
        raise HoldRefused("treatment")
    hold.treatment_ended_on = on
    hold.ends_on = max(on + timedelta(days=AFTER_TREATMENT_DAYS), today)
    hold.review_on = hold.ends_on
    hold.save(update_fields=["treatment_ended_on", "ends_on", "review_on"])
    audit.record(
        "hold.end_moved", subject=hold, actor=actor, at=at, person_id=hold.person_id, after=hold.ends_on, treatment=on
    )
    return hold


def standing(*, person_id: int, creditor_id: int | None = None):
    """Return the holds in force for a person, those of every creditor included."""
    holds = Hold.objects.filter(person_id=person_id, released_at__isnull=True)
    if creditor_id is not None:
        holds = holds.filter(creditor_id=creditor_id) | holds.filter(creditor_id__isnull=True)
    return holds.order_by("starts_at", "pk")
