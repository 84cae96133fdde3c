"""What time does to a settlement: offers expire, agreed ones that are not paid fail. Run by the close of day."""

from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from cases import approvals
from cases.models import Settlement
from cases.settlements import counting, following, offering
from collections_app.shared.actor import Actor
from compliance import audit

Status = Settlement.Status


def due(creditor_id: int, *, business_date: date) -> QuerySet[Settlement]:
    """Return the settlements of a creditor that time may have moved on this date."""
    running = Settlement.objects.filter(creditor_id=creditor_id)
    lapsed = running.filter(status__in=[Status.AWAITING, Status.OFFERED], expires_on__lt=business_date)
    unpaid = running.filter(status=Status.ACCEPTED, parts__due_on__lt=business_date)
    return Settlement.objects.filter(pk__in=[*_keys(lapsed), *_keys(unpaid)]).order_by("pk")


def judge(*, creditor_id: int, business_date: date, actor: Actor, at: datetime) -> int:
    """Let time act on the settlements of a creditor; return how many moved. Each in its own transaction."""
    ids = list(due(creditor_id, business_date=business_date).values_list("pk", flat=True))
    return sum(settle_one(settlement_id=pk, business_date=business_date, actor=actor, at=at) for pk in ids)


@transaction.atomic
def settle_one(*, settlement_id: int, business_date: date, actor: Actor, at: datetime) -> bool:
    """Expire or fail one settlement whose time is over; return whether it moved. Safe to repeat."""
    settlement = offering.locked(settlement_id)
    if settlement.status == Status.OFFERED and settlement.expires_on < business_date:
        settlement.expire(at=at)
        settlement.save(update_fields=["status", "ended_at"])
        approvals.close(subject=settlement, reason=_("The offer expired."), actor=actor, at=at)
        audit.record("settlement.expired", subject=settlement, actor=actor, at=at, person_id=settlement.person_id)
        return True
    if settlement.status == Status.AWAITING and settlement.expires_on < business_date:
        offering.close(settlement, reason=_("Nobody signed it in time."), actor=actor, at=at)
        return True
    if settlement.status != Status.ACCEPTED or not is_late(settlement, business_date=business_date):
        return False
    counting.fail(settlement, reason=_("Not paid in time."), actor=actor, at=at)
    following.after(settlement.case_id, why="settlement failed", actor=actor, at=at)
    return True


def is_late(settlement: Settlement, *, business_date: date) -> bool:
    """Whether less is paid than the parts whose grace is over."""
    over = business_date - timedelta(days=settlement.grace_days)
    parts = settlement.parts.filter(due_on__lt=over).values_list("amount", flat=True)
    return settlement.paid_amount < sum(parts, Decimal(0))


def _keys(rows: QuerySet[Settlement]) -> list[int]:
    return list(rows.values_list("pk", flat=True).distinct())
