"""The collector's queue: the next best case, handed out to one person at a time.

A case is in the queue when its next action is a person's and due. It is handed out by a lease on the row, taken with
SKIP LOCKED and timed by the database's clock, so that two collectors never hold the same case. Cases whose borrower may
well be called at this hour come first; the gate still decides about every contact.
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from cases import lifecycle
from cases.locks import ClockTimestamp
from cases.models import Case, Hold, LocationClaim, NextAction
from cases.refusal import CaseRefused
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from compliance import audit
from compliance.models import AuditEvent

LEASE = timedelta(minutes=5)
SKIPS_A_DAY = 20
LIKELY_HOURS = (time(9), time(19))


@dataclass(frozen=True, slots=True)
class Queue:
    """How much waits for somebody: due now, of that overdue since yesterday, and who comes next (names only)."""

    due: int
    late: int
    upcoming: list[str]


def free():
    """Return the condition that nobody holds a case at the moment, by the database's clock."""
    return Q(lease_until__isnull=True) | Q(lease_until__lte=ClockTimestamp())


def held():
    """Return the condition that a hold stands against contacting the case's borrower."""
    standing = Hold.objects.filter(person_id=OuterRef("person_id"), released_at__isnull=True)
    return Exists(standing.filter(Q(creditor_id__isnull=True) | Q(creditor_id=OuterRef("creditor_id"))))


def waiting(user, *, at: datetime):
    """Return the cases that this user could be handed now, best first."""
    mine = Q(owner__isnull=True) | Q(owner=user)
    cases = Case.objects.visible_to(user).waiting_for_a_person(at).filter(mine)
    if user.role == "collector":
        cases = cases.exclude(next_action=NextAction.REVIEW)
    return cases.filter(Q(next_action__in=[NextAction.REVIEW, NextAction.VERIFY_PAYMENT]) | ~held()).order_by(
        "-score", "pk"
    )


def likely_zones(at: datetime) -> list[str]:
    """Return the time zones of our borrowers in which it is daytime now (a hint for the order, not a permission)."""
    zones = LocationClaim.objects.filter(ended_at__isnull=True).values_list("time_zone", flat=True).distinct()
    opens, closes = LIKELY_HOURS
    return [name for name in zones if opens <= at.astimezone(clock.zone(name)).time() < closes]


@transaction.atomic
def next_case(*, user, actor: Actor, at: datetime, zones: list[str] | None = None) -> Case | None:
    """Hand out the next best case: leased to this user alone. None: nothing is due.

    A case that the user holds already comes back first.
    """
    current = Case.objects.visible_to(user).unresolved().filter(lease_by=user, lease_until__gt=ClockTimestamp())
    case = current.order_by("-score", "pk").first()
    if case is None:
        zones = likely_zones(at) if zones is None else zones
        candidates = waiting(user, at=at).filter(free())
        lock = {"of": ("self",), "no_key": True, "skip_locked": True}
        case = candidates.filter(person__time_zone__in=zones).select_for_update(**lock).first()
        case = case or candidates.select_for_update(**lock).first()
        if case is None:
            return None
    renew(case, user)
    audit.record("case.leased", subject=case, actor=actor, at=at, person_id=case.person_id)
    return case


def renew(case: Case, user) -> None:
    """Lease the case to this user for another five minutes of the database's clock."""
    Case.objects.filter(pk=case.pk).update(lease_by=user, lease_until=ClockTimestamp() + LEASE)
    case.refresh_from_db(fields=["lease_by", "lease_until"])


@transaction.atomic
def take(*, case_id: int, user, actor: Actor, at: datetime) -> Case:
    """Open a chosen case for work. Raises CaseRefused when somebody else holds it."""
    lifecycle.locked(case_id)
    case = Case.objects.filter(free() | Q(lease_by=user), pk=case_id).first()
    if case is None:
        holder = Case.objects.select_related("lease_by").get(pk=case_id).lease_by
        raise CaseRefused("not-yours", holder=str(holder))
    renew(case, user)
    return case


@transaction.atomic
def release(*, case_id: int, user) -> None:
    """Give a case back that this user holds; somebody else's lease stays as it is."""
    Case.objects.filter(pk=case_id, lease_by=user).update(lease_by=None, lease_until=None)


@transaction.atomic
def skip(*, case_id: int, user, reason: str, actor: Actor, at: datetime, until: datetime | None = None) -> Case:
    """Put a case aside with a reason; it comes back tomorrow, or when said. Raises CaseRefused.

    At most SKIPS_A_DAY a person in 24 hours, so that hard cases are not passed round for ever.
    """
    if not reason.strip():
        raise CaseRefused("no-reason")
    skipped = AuditEvent.objects.filter(
        name="case.skipped", actor_kind="user", actor_id=user.pk, at__gt=at - timedelta(days=1)
    ).count()
    if skipped >= SKIPS_A_DAY:
        raise CaseRefused("skip-limit", count=SKIPS_A_DAY)
    case = lifecycle.locked(case_id)
    if case.is_resolved:
        raise CaseRefused("resolved", status=case.get_status_display())
    case.next_action_at = until or at + timedelta(hours=20)
    case.next_action_note = reason[:200]
    case.lease_by = case.lease_until = None
    case.version += 1
    case.save(update_fields=["next_action_at", "next_action_note", "lease_by", "lease_until", "version"])
    audit.record("case.skipped", subject=case, actor=actor, at=at, person_id=case.person_id, reason=reason)
    return case


def queue(user, *, at: datetime, shown: int = 3) -> Queue:
    """Return what waits for this user: counts, and the next names without anything else."""
    due = waiting(user, at=at)
    late = due.filter(next_action_at__lt=at - timedelta(days=1))
    names = due.filter(free()).select_related("person")[:shown]
    return Queue(due=due.count(), late=late.count(), upcoming=[str(case.person) for case in names])
