"""Who may grant what: limits by kind, amount, percent, component, product and role, judged over everything that the
same person was granted lately, so that nobody stays under a limit by giving in slices.

`cases.approvals` asks and decides; here it is only reckoned, and limits are set.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from django.db import transaction
from django.db.models import Q, Sum
from django.utils.translation import gettext_lazy as _

from cases.models import Approval, ApprovalPart, AuthorityLimit, Product
from cases.refusal import Refused
from collections_app.shared.actor import USER, Actor
from collections_app.staff.roles import Role
from compliance import audit

ZERO: Final = Decimal("0.00")
# Kinds that give away the same thing in different clothes count together.
GROUPS: Final[Mapping[str, str]] = {
    "waiver": "giving",
    "settlement": "giving",
    "write_off": "write_off",
    "correction": "correction",
}
# What is granted where nobody has written a limit for the kind: by two supervisors where money is given up.
UNWRITTEN: Final[Mapping[str, int]] = {"waiver": 2, "settlement": 2, "write_off": 2}
RANK: Final[Mapping[str, int]] = {Role.COLLECTOR: 0, Role.SUPERVISOR: 1, Role.COMPLIANCE: 2, Role.ADMIN: 3}


class AuthorityRefused(Refused):
    SENTENCES = {
        "beyond": _("%(amount)s %(currency)s is more than anybody here may grant (%(granted)s of it granted before)."),
        "beyond-percent": _("%(percent)s%% is more than anybody here may grant."),
    }


@dataclass(frozen=True, slots=True)
class Need:
    """Who has to sign, and how many of them besides whoever asks. signatures 0: nobody."""

    role: str
    signatures: int

    def stricter(self, other: "Need") -> "Need":
        """Return what satisfies both."""
        role = max(self.role, other.role, key=lambda name: RANK[name])
        return Need(role, max(self.signatures, other.signatures))


@dataclass(frozen=True, slots=True)
class Part:
    """How much of one component of one account is given away, and how much of it is owed."""

    account_id: int
    component: str
    amount: Decimal
    owed: Decimal


def needed(
    kind: str,
    amount: Decimal | None,
    currency: str,
    percent: Decimal | None = None,
    component: str = "",
    product: Product | None = None,
    *,
    asker: str = Role.COLLECTOR,
    person_id: int | None = None,
    at: datetime | None = None,
    excluding: int | None = None,
) -> Need:
    """Return who has to sign for granting this. Raises AuthorityRefused where it is beyond everybody's authority.

    asker: the role of whoever asks. person_id, at: where given, what this person was granted within the limit's days
    (or waits for a signature) counts as well. excluding: an approval that is not counted (itself).
    """
    limits = _limits(kind, currency, component, product, at)
    if not limits:
        return Need(Role.SUPERVISOR, UNWRITTEN.get(kind, 1))
    fitting, over = [], None
    for limit in limits:
        before = _granted(limit, kind, component, currency, person_id, at, excluding)
        if amount is not None and limit.max_amount is not None and amount + before > limit.max_amount:
            over = over or AuthorityRefused("beyond", amount=amount + before, currency=currency, granted=before)
        elif percent is not None and limit.max_percent is not None and percent > limit.max_percent:
            over = over or AuthorityRefused("beyond-percent", percent=percent)
        else:
            fitting.append(_need(limit, asker))
    if not fitting:
        raise over or AuthorityRefused("beyond", amount=amount, currency=currency, granted=ZERO)
    return min(fitting, key=lambda need: (need.signatures, RANK[need.role]))


def needed_for(
    kind: str,
    parts: Sequence[Part],
    currency: str,
    percent: Decimal | None = None,
    products: Iterable[Product] = (),
    *,
    asker: str = Role.COLLECTOR,
    person_id: int,
    at: datetime,
    excluding: int | None = None,
) -> Need:
    """Return who has to sign for giving these parts: the strictest of the whole and of every component.

    products: of the accounts. The whole is judged by the limits for all components together, and each component by its
    own limits where there are any.
    """
    total = sum((part.amount for part in parts), ZERO)
    asked: dict[str, Any] = {"asker": asker, "person_id": person_id, "at": at, "excluding": excluding}
    need = Need(Role.COLLECTOR, 0)
    found: list[Product | None] = list(products)
    for product in found or [None]:
        need = need.stricter(needed(kind, total, currency, percent, "", product, **asked))
        for component in sorted({part.component for part in parts}):
            if not _limits(kind, currency, component, product, at, only=True):
                continue
            mine = [part for part in parts if part.component == component]
            amount, owed = sum((part.amount for part in mine), ZERO), sum((part.owed for part in mine), ZERO)
            need = need.stricter(needed(kind, amount, currency, percent_of(amount, owed), component, product, **asked))
    return need


def percent_of(amount: Decimal, owed: Decimal) -> Decimal:
    """Return the share of what is owed in percent, two places, halves up; all of nothing is 100."""
    if owed <= 0:
        return Decimal("100.00")
    return (amount * 100 / owed).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def may_sign(role: str, needed_role: str) -> bool:
    """Whether this role may sign where `needed_role` is asked for: the same role, or the one that leads it."""
    return role == needed_role or (role == Role.SUPERVISOR and needed_role == Role.COLLECTOR)


def granted(
    kind: str,
    *,
    person_id: int,
    currency: str,
    since: datetime,
    component: str = "",
    excluding: int | None = None,
) -> Decimal:
    """Return what a person was granted since then, or waits for, in the kinds that count together with this one."""
    group = GROUPS.get(kind)
    if group is None:
        return ZERO
    kinds = [name for name, each in GROUPS.items() if each == group]
    parts = ApprovalPart.objects.filter(
        approval__kind__in=kinds,
        approval__person_id=person_id,
        approval__asked_at__gt=since,
        approval__status__in=[Approval.Status.PENDING, Approval.Status.APPROVED],
        currency=currency,
    )
    if component:
        parts = parts.filter(component=component)
    if excluding is not None:
        parts = parts.exclude(approval_id=excluding)
    return parts.aggregate(total=Sum("amount"))["total"] or ZERO


def _need(limit: AuthorityLimit, asker: str) -> Need:
    holds_it = may_sign(asker, limit.role)
    return Need(limit.role, limit.signatures if holds_it else max(1, limit.signatures))


def _limits(
    kind: str, currency: str, component: str, product: Product | None, at: datetime | None, *, only: bool = False
) -> list[AuthorityLimit]:
    """Return the limits for this, the most particular ones: of the product before the creditor's before everybody's,
    and of the component before those of all together (only: never those of all together).
    """
    rows = AuthorityLimit.objects.filter(kind=kind, currency=currency, component__in=[component, ""])
    if at is None:
        rows = rows.filter(ended_at__isnull=True)
    else:
        rows = rows.filter(in_force_from__lte=at).filter(Q(ended_at__isnull=True) | Q(ended_at__gt=at))
    mine = Q(product__isnull=True, creditor__isnull=True)
    if product is not None:
        mine |= Q(product=product) | Q(product__isnull=True, creditor_id=product.creditor_id)
    found: dict[tuple[bool, bool, bool], list[AuthorityLimit]] = {}
    for limit in rows.filter(mine).order_by("pk"):
        particular = (limit.component == component, limit.product_id is not None, limit.creditor_id is not None)
        found.setdefault(particular, []).append(limit)
    if only:
        found = {particular: limits for particular, limits in found.items() if particular[0]}
    return found[max(found)] if found else []


def _granted(
    limit: AuthorityLimit,
    kind: str,
    component: str,
    currency: str,
    person_id: int | None,
    at: datetime | None,
    excluding: int | None,
) -> Decimal:
    if person_id is None or at is None:
        return ZERO
    since = at - timedelta(days=limit.days)
    return granted(
        kind,
        person_id=person_id,
        currency=currency,
        since=since,
        component=component if limit.component else "",
        excluding=excluding,
    )


# -- setting limits ----------------------------------------------------------------------------------------------------


def set_limit(*, limit: AuthorityLimit, actor: Actor, at: datetime) -> AuthorityLimit:
    """Put a limit in force from now on."""
    limit.in_force_from = at
    limit.set_by_id = actor.id if actor.kind == USER else None
    with transaction.atomic():
        limit.save(force_insert=True)
        audit.record("authority.set", subject=limit, actor=actor, at=at, **_said(limit))
    return limit


def end_limit(*, limit: AuthorityLimit, actor: Actor, at: datetime) -> AuthorityLimit:
    """End a limit now; what was granted under it stays granted."""
    limit.ended_at = max(at, limit.in_force_from)
    with transaction.atomic():
        limit.save(update_fields=["ended_at"])
        audit.record("authority.ended", subject=limit, actor=actor, at=at, **_said(limit))
    return limit


def _said(limit: AuthorityLimit) -> dict[str, Any]:
    return {
        "kind": limit.kind,
        "component": limit.component,
        "role": limit.role,
        "amount": limit.max_amount,
        "percent": limit.max_percent,
        "currency": limit.currency,
        "signatures": limit.signatures,
        "days": limit.days,
    }
