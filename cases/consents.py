"""What a person agreed to: other times, more calls, electronic messages. It ends by its date, by being used up, or by
being withdrawn, which acts at once like every stop.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases import instruction_checks, locks
from cases.models import Account, Consent, ContactPoint, Instruction
from cases.models.instruction import Source
from cases.refusal import Refused
from collections_app.shared.actor import Actor
from compliance import audit
from compliance.vocabulary import CHANNELS, PLACES


class ConsentRefused(Refused):
    SENTENCES = {
        "kind": _("There is no such consent."),
        "channel": _("There is no channel “%(channel)s”."),
        "point": _("This number or address does not belong to the person."),
        "account": _("This account does not belong to the person."),
        "over": _("It would have ended before it began."),
        "in-the-future": _("This is in the future."),
        "withdrawn": _("This has been withdrawn already."),
        "no-reason": _("Say why."),
        "evidence": _("Say what shows that the person agreed: a recording, a letter, a message."),
        "place": _("Say which place: home or workplace."),
        "per-day": _("The number of calls a day is between 1 and 50."),
    }


@transaction.atomic
def give(
    *,
    person_id: int,
    kind: str,
    creditor_id: int | None = None,
    account_id: int | None = None,
    contact_point_id: int | None = None,
    channel: str = "",
    form: str = Instruction.Form.ORAL,
    source: str = Source.CALL,
    context: str = Consent.Context.UNKNOWN,
    evidence: str = "",
    details: Mapping[str, Any] | None = None,
    given_at: datetime | None = None,
    expires_at: datetime | None = None,
    actor: Actor,
    at: datetime,
) -> Consent:
    """Record what a person agreed to. Raises ConsentRefused, InstructionRefused for times that are none.

    context: in what it was given; one given in a contact of ours that was not permitted is kept and worth nothing.
    details: days, start, end, valid_dates, only (at no other time), express, voluntary, per_day, once, place.
    """
    details, given_at = dict(details or {}), given_at or at
    if kind not in Consent.Kind.values:
        raise ConsentRefused("kind")
    if channel and channel not in CHANNELS:
        raise ConsentRefused("channel", channel=channel)
    if not evidence.strip():
        raise ConsentRefused("evidence")
    if given_at > at + instruction_checks.CLOCKS_DIFFER:
        raise ConsentRefused("in-the-future")
    if expires_at is not None and expires_at <= given_at:
        raise ConsentRefused("over")
    if kind == Consent.Kind.PLACE and details.get("place") not in PLACES:
        raise ConsentRefused("place")
    if details.get("start") or details.get("end"):
        instruction_checks.times(details)
    if details.get("per_day") is not None and not 1 <= int(details["per_day"]) <= 50:
        raise ConsentRefused("per-day")
    if contact_point_id is not None and not _owns(person_id, contact_point_id):
        raise ConsentRefused("point")
    if account_id is not None and not Account.objects.filter(pk=account_id, person_id=person_id).exists():
        raise ConsentRefused("account")
    locks.lock(person_ids=[person_id])
    given = Consent.objects.create(
        person_id=person_id,
        creditor_id=creditor_id,
        account_id=account_id,
        contact_point_id=contact_point_id,
        kind=kind,
        channel=channel,
        form=form,
        source=source,
        context=context,
        evidence=evidence.strip()[:200],
        details=details,
        given_at=given_at,
        expires_at=expires_at,
        recorded_at=at,
        recorded_by_id=actor.id if actor.kind == "user" else None,
        confirmed_at=at,
    )
    audit.record("consent.given", subject=given, actor=actor, at=at, person_id=person_id, kind=kind, channel=channel)
    return given


def _owns(person_id: int, contact_point_id: int) -> bool:
    return ContactPoint.objects.filter(pk=contact_point_id, person_id=person_id).exists()


def withdraw(*, consent_id: int, reason: str, actor: Actor, at: datetime) -> Consent:
    """End a consent: the row first, so that no hand-over begins under it any more, then the lock. Raises."""
    given = end(consent_id=consent_id, reason=reason, actor=actor, at=at)
    wait(person_id=given.person_id)
    return given


@transaction.atomic
def end(*, consent_id: int, reason: str, actor: Actor, at: datetime) -> Consent:
    """Write that a consent is withdrawn, without waiting for any lock. Raises ConsentRefused."""
    if not reason.strip():
        raise ConsentRefused("no-reason")
    ended = {
        "withdrawn_at": at,
        "withdrawn_reason": reason[:300],
        "withdrawn_by_id": actor.id if actor.kind == "user" else None,
    }
    if not Consent.objects.filter(pk=consent_id, withdrawn_at__isnull=True).update(**ended):
        raise ConsentRefused("withdrawn")
    given = Consent.objects.get(pk=consent_id)
    audit.record("consent.withdrawn", subject=given, actor=actor, at=at, person_id=given.person_id, reason=reason)
    return given


@transaction.atomic
def wait(*, person_id: int) -> None:
    """Wait until no hand-over to this person that began before is under way."""
    locks.lock(person_ids=[person_id])


def spend(*, person_id: int, attempt_id: int, conversation: bool, actor: Actor, at: datetime) -> int:
    """Mark what a contact with the person used up; return how many. Call under the person's lock.

    A consent to more calls ends at a conversation (12 CFR 1006.14(b)(3)(i), comment 4); one for a single time with the
    contact.
    """
    standing = Consent.objects.filter(
        person_id=person_id, withdrawn_at__isnull=True, spent_at__isnull=True, given_at__lt=at
    ).exclude(expires_at__lte=at)
    used = [
        given
        for given in standing.order_by("pk")
        if (given.kind == Consent.Kind.MORE_CALLS and conversation) or given.details.get("once")
    ]
    for given in used:
        given.spent_at, given.spent_by_attempt_id = at, attempt_id
        given.save(update_fields=["spent_at", "spent_by_attempt_id"])
        audit.record("consent.spent", subject=given, actor=actor, at=at, person_id=person_id, attempt=attempt_id)
    return len(used)
