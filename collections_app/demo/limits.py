"""Who may grant how much in the demo: an example of a firm's limits, small sums alone, large ones signed by two."""

from datetime import datetime
from decimal import Decimal
from typing import Final

from cases import authority
from cases.models import AuthorityLimit, Creditor
from collections_app.demo.organisation import ACTOR
from collections_app.staff.roles import Role

COLLECTOR, SUPERVISOR = Role.COLLECTOR, Role.SUPERVISOR
# What, component, role, up to (None: any), up to percent (None: any), signatures besides whoever asks.
LIMITS: Final = (
    ("waiver", "", COLLECTOR, 500, None, 0),
    ("waiver", "", SUPERVISOR, 5_000, None, 0),
    ("waiver", "", SUPERVISOR, 50_000, None, 1),
    ("waiver", "", SUPERVISOR, 500_000, None, 2),
    ("settlement", "", COLLECTOR, 2_000, 10, 0),
    ("settlement", "", SUPERVISOR, 50_000, 40, 1),
    ("settlement", "", SUPERVISOR, 500_000, 80, 2),
    ("settlement", "principal", SUPERVISOR, 20_000, 20, 1),
    ("settlement", "principal", SUPERVISOR, 300_000, 60, 2),
    ("write_off", "", SUPERVISOR, 20_000, None, 1),
    ("write_off", "", SUPERVISOR, None, None, 2),
    ("asset", "", SUPERVISOR, 100_000, None, 1),
    ("asset", "", SUPERVISOR, None, None, 2),
    ("plan", "", SUPERVISOR, None, None, 1),
    ("correction", "", SUPERVISOR, 5_000, None, 1),
    ("correction", "", SUPERVISOR, None, None, 2),
)


def make(*, at: datetime) -> int:
    """Write the limits where none is written, in every currency of the demo; return how many stand."""
    if not AuthorityLimit.objects.exists():
        for currency in Creditor.objects.order_by("currency").values_list("currency", flat=True).distinct():
            for kind, component, role, amount, percent, signatures in LIMITS:
                limit = AuthorityLimit(
                    kind=kind,
                    component=component,
                    role=role,
                    currency=currency,
                    max_amount=None if amount is None else Decimal(amount),
                    max_percent=None if percent is None else Decimal(percent),
                    signatures=signatures,
                )
                authority.set_limit(limit=limit, actor=ACTOR, at=at)
    return AuthorityLimit.objects.filter(ended_at__isnull=True).count()
