"""Numbers and addresses: whether they reach their person, and silence for everybody where they belong to a stranger."""

from datetime import datetime

from django.db import transaction

from cases import locks
from cases.models import Address, ContactPoint
from collections_app.shared import sealed
from collections_app.shared.actor import Actor
from compliance import audit

STRANGER = "stranger"


def suppress(*, address_id: int, reason: str, actor: Actor, at: datetime) -> Address:
    """Silence a number or address for everybody who has it (it belongs to a stranger, or is dead).

    Waits for a hand-over to that number which is under way; every later decision sees it.
    """
    with transaction.atomic():
        changed = Address.objects.filter(pk=address_id, suppressed_at__isnull=True).update(
            suppressed_at=at, suppressed_reason=reason[:40]
        )
        address = Address.objects.get(pk=address_id)
        if changed:
            audit.record("contact_point.suppressed", subject=address, actor=actor, at=at, reason=reason)
    return address


@transaction.atomic
def silence_unknown(*, kind: str, canonical: str, actor: Actor, at: datetime) -> Address:
    """Silence a number or address that nobody here has: whoever gets it in a file later will not be reached there."""
    address, _made = Address.objects.get_or_create(
        kind=kind,
        value_hash=sealed.digest(kind, canonical),
        defaults={
            "value_sealed": sealed.seal(canonical),
            "value_last4": sealed.last4(canonical),
            "created_at": at,
        },
    )
    return suppress(address_id=address.pk, reason=STRANGER, actor=actor, at=at)


@transaction.atomic
def mark(*, contact_point_id: int, state: str, actor: Actor, at: datetime) -> ContactPoint:
    """Record whether a contact point reaches its person: verified, bad, stranger or removed."""
    person_id = ContactPoint.objects.values_list("person_id", flat=True).get(pk=contact_point_id)
    locks.lock(person_ids=[person_id])
    point = ContactPoint.objects.select_for_update(of=("self",), no_key=True).get(pk=contact_point_id)
    point.state = state
    names = {"verified": "contact_point.verified", "unverified": "contact_point.restored"}
    if state == ContactPoint.State.VERIFIED:
        point.verified_at = at
    point.save(update_fields=["state", "verified_at"])
    name = names.get(state, "contact_point.marked_bad")
    audit.record(name, subject=point, actor=actor, at=at, person_id=person_id, state=state)
    return point


def belongs_to_a_stranger(*, address_id: int, contact_point_id: int | None, actor: Actor, at: datetime) -> None:
    """Silence a number for everybody, and mark the contact point by which it was learned. Call under the locks."""
    if contact_point_id is not None:
        mark(contact_point_id=contact_point_id, state=ContactPoint.State.STRANGER, actor=actor, at=at)
    suppress(address_id=address_id, reason=STRANGER, actor=actor, at=at)


def is_no_stranger(*, address_id: int, contact_point_id: int | None, actor: Actor, at: datetime) -> None:
    """Take back that a number belongs to a stranger. Call under the locks. What else silences it stays."""
    address = Address.objects.select_for_update(of=("self",), no_key=True).get(pk=address_id)
    if address.suppressed_at is not None and address.suppressed_reason == STRANGER:
        address.suppressed_at, address.suppressed_reason = None, ""
        address.save(update_fields=["suppressed_at", "suppressed_reason"])
    if contact_point_id is None:
        return
    if ContactPoint.objects.filter(pk=contact_point_id, state=ContactPoint.State.STRANGER).exists():
        mark(contact_point_id=contact_point_id, state=ContactPoint.State.UNVERIFIED, actor=actor, at=at)
