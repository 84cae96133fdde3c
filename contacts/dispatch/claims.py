"""Taking rows of the outbox (T1): durable intent before any effect, with a fencing number and a lease."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import connection, transaction

from contacts.dispatch import sql
from contacts.models import PlannedContact

SAFE_PART: Final = 0.9  # of the lease; the rest is for clocks that do not run equally fast
LEASE_S: Final = 60.0  # of the database's clock; longer than a provider may take to answer


@dataclass(frozen=True, slots=True)
class Claim:
    """A row that is ours until the lease ends. `number` fences off earlier owners; `taken` is a monotonic reading."""

    planned_id: int
    number: int
    person_id: int
    channel: str
    taken: float

    def has_time(self) -> bool:
        """Whether a hand-over may still begin: it must end, at the latest by its timeout, before the lease does."""
        return time.monotonic() - self.taken + settings.PROVIDER_TIMEOUT_S < lease_s() * SAFE_PART


def lease_s() -> float:
    """Return how long a claim lasts, in seconds; tests shorten it."""
    return float(getattr(settings, "DISPATCH_LEASE_S", LEASE_S))


def claim_due(*, channel: str, limit: int, at: datetime) -> list[Claim]:
    """Claim the automatic contacts of a channel that are due, oldest first; rows of other workers are passed over."""
    return _claim(sql.CLAIM_DUE, {"channel": channel, "limit": limit, "at": at})


def claim_lapsed(*, limit: int) -> list[Claim]:
    """Take over claims whose worker did not finish in time, under a higher number."""
    return _claim(sql.CLAIM_LAPSED, {"limit": limit})


def mine(claim: Claim) -> PlannedContact | None:
    """Return the locked row if it is still claimed under our number, else None. Call inside a transaction."""
    rows = PlannedContact.objects.select_for_update(of=("self",), no_key=True)
    return (
        rows.filter(pk=claim.planned_id, status=PlannedContact.Status.CLAIMED, claim=claim.number)
        .select_related("creditor", "template", "step__segment__version__strategy", "enrolment")
        .first()
    )


def back_off(tries: int) -> timedelta:
    """Return how long to wait after so many tries: 1, 2, 4 ... minutes, at most an hour."""
    return timedelta(minutes=min(60, 2 ** min(max(tries - 1, 0), 6)))


@transaction.atomic(durable=True)
def _claim(statement: str, parameters: dict[str, Any]) -> list[Claim]:
    taken = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute(statement, {**parameters, "lease_s": lease_s()})
        rows = cursor.fetchall()
    # What is returned has no order: they are taken in the order in which they were chosen.
    ordered = sorted(rows, key=lambda row: (-row[4], row[5], row[0]))
    return [
        Claim(planned_id, number, person_id, channel, taken) for planned_id, number, person_id, channel, *_ in ordered
    ]
