"""What becomes known late: what it changes on the days since, and who lets that stand.

The money itself counts at once: a payment is a fact. What a late one changes about days past due is put before a
supervisor, with the difference day by day, because people were treated by what was said before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from cases import approvals, as_of
from cases.models import Account, Approval, Case, Correction
from cases.models.approval import LATE_ENTRY
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from collections_app.staff.roles import Role
from compliance import audit

KIND: Final = "correction"
USUAL_DELAY: Final = 3  # days: a bank books on Monday what was paid on Friday
LONGEST: Final = 800  # days looked back; further ones are compared on that day
JUST_BEFORE: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Shift:
    """One day of an account as it was said before, and as it is said now. It holds until the next shift."""

    before: as_of.AccountThen
    after: as_of.AccountThen

    @property
    def on(self) -> date:
        return self.after.on

    @property
    def moves_age(self) -> bool:
        """Whether the days past due come out otherwise."""
        return self.before.dpd != self.after.dpd

    def key(self) -> tuple[Any, ...]:
        """Return what two days must share to be told as one."""
        return tuple(
            (tuple(sorted(then.components.items())), then.past_due, then.past_due_since, then.bucket)
            for then in (self.before, self.after)
        )


def shifts(account: Account, *, since: date, recorded_at: datetime) -> list[Shift]:
    """Return what something recorded at an instant changes about the days from `since` on, stretch by stretch.

    A stretch on which nothing differs is told too, so that the end of a difference is seen. Works at any later time.
    """
    history = as_of.History(account)
    today = clock.business_day(recorded_at, account.creditor.time_zone)
    day = max(since, today - timedelta(days=LONGEST))
    found: list[Shift] = []
    while day <= today:
        shift = Shift(history.on(day, known_at=recorded_at - JUST_BEFORE), history.on(day, known_at=recorded_at))
        if not found or found[-1].key() != shift.key() or day == today:
            found.append(shift)
        day += timedelta(days=1)
    return found


def look(
    account: Account,
    *,
    kind: str,
    amount: Decimal,
    reference: str,
    effective_on: date,
    case: Case | None,
    actor: Actor,
    at: datetime,
) -> Correction | None:
    """Look at an event that was just recorded; where it is late and changes an age, put it before a supervisor.

    Late: more than three days after it counts. The person is locked.
    """
    today = clock.business_day(at, account.creditor.time_zone)
    if (today - effective_on).days <= USUAL_DELAY:
        return None
    found = shifts(account, since=effective_on, recorded_at=at)
    if not any(shift.moves_age for shift in found):
        return None
    correction = Correction.objects.create(
        account=account,
        person_id=account.person_id,
        creditor_id=account.creditor_id,
        case=case,
        kind=kind,
        amount=amount,
        currency=account.currency,
        reference=reference[:80],
        effective_on=effective_on,
        recorded_at=at,
        recorded_by=str(actor)[:120],
        diff={"days": [told(shift) for shift in found]},
    )
    audit.record(
        "correction.opened",
        subject=correction,
        actor=actor,
        at=at,
        person_id=account.person_id,
        effective_on=effective_on,
        days=(today - effective_on).days,
    )
    approvals.ask(
        kind=KIND,
        subject=correction,
        amount=abs(amount),
        currency=account.currency,
        reason=f"{LATE_ENTRY}:{(today - effective_on).days}",
        signatures=1,
        role=Role.SUPERVISOR,
        actor=actor,
        at=at,
    )
    return correction


def told(shift: Shift) -> dict[str, Any]:
    """Return a shift as JSON types, amounts as text."""
    return {
        "on": shift.on.isoformat(),
        **{
            side: {
                "balance": str(then.balance),
                "past_due": str(then.past_due),
                "dpd": then.dpd,
                "bucket": then.bucket,
                "components": {name: str(amount) for name, amount in then.components.items()},
            }
            for side, then in (("before", shift.before), ("after", shift.after))
        },
    }


def on_approved(*, approval: Approval, subject: Correction, actor: Actor, at: datetime) -> None:
    """Let the correction stand: a supervisor has seen what it changes."""
    subject.approve(at=at, by=actor.label[:120])
    subject.save(update_fields=["status", "decided_at", "decided_by"])
    audit.record("correction.approved", subject=subject, actor=actor, at=at, person_id=subject.person_id)


def on_refused(*, approval: Approval, subject: Correction, reason: str, actor: Actor, at: datetime) -> None:
    """Say that the event should not count from that date. Whoever recorded it reverses it and records it anew."""
    subject.refuse(at=at, by=actor.label[:120], reason=reason[:300])
    subject.save(update_fields=["status", "decided_at", "decided_by", "decided_reason"])
    audit.record("correction.refused", subject=subject, actor=actor, at=at, person_id=subject.person_id, reason=reason)


def of_case(case: Case) -> Sequence[Correction]:
    """Return the corrections of a case's accounts, the latest first."""
    mine = Correction.objects.filter(person_id=case.person_id, creditor_id=case.creditor_id)
    return list(mine.select_related("account").order_by("-recorded_at", "-pk"))
