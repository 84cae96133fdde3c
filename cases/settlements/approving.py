"""What a signer sees of a settlement that waits for approval, and what his decision does."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from cases import approvals
from cases.approvals import Line, Section
from cases.models import Approval, LedgerEntry, Settlement
from cases.settlements.offering import KIND, LABELS, close, locked, sums_of
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from collections_app.shared.money import Money
from compliance import audit

# What moves a balance other than what accrues by itself.
MOVES: Final = ("payment", "reversal", "waiver", "write_off", "adjustment", "principal", "cost")


def register() -> None:
    """Tell approvals what a settlement is. Called once, when the app is ready."""
    approvals.register(
        KIND, title=_("Settlement"), facts=_facts, on_approved=_approved, on_refused=_refused, state=_state
    )


def _state(settlement: Settlement) -> dict[str, Any]:
    """Return what must not change while an offer waits: its terms, and what is owed but for what accrues by itself."""
    lines = list(settlement.lines.order_by("pk").values_list("account_id", "component", "owed", "waives"))
    moved = LedgerEntry.objects.filter(account__in=settlement.lines.values("account_id"), kind__in=MOVES)
    return {
        "pays": str(settlement.pays),
        "effect": settlement.takes_effect,
        "expires": str(settlement.expires_on),
        "parts": [str(row) for row in settlement.parts.order_by("number").values_list("due_on", "amount")],
        "lines": [str(line) for line in lines],
        "moved": moved.order_by("-pk").values_list("pk", flat=True).first(),
    }


def _facts(subject: Settlement, *, at: datetime) -> Sequence[Section]:
    unit = subject.currency
    sums = sums_of(subject)
    given = [
        Line(
            LABELS.get(name, name),
            Money(waives, unit),
            _("of %(owed)s") % {"owed": f"{owed:,}"},
            "bad" if waives else "",
        )
        for name, owed, waives in sums.by_component()
    ]
    dates = [
        Line(_("Part %(n)s") % {"n": part.number}, Money(part.amount, unit), part.due_on)
        for part in subject.parts.order_by("number")
    ]
    today = clock.business_day(at, subject.creditor.time_zone)
    late = subject.expires_on < today
    return [
        Section(
            _("Both sides"),
            [
                Line(_("Owed"), Money(subject.owed, unit)),
                Line(_("The person pays"), Money(subject.pays, unit), "", "good"),
                Line(_("We give up"), Money(subject.waives, unit), f"{subject.percent} %", "bad"),
                Line(_("Remains owed"), Money(subject.remains, unit)),
            ],
        ),
        Section(_("We give up, by component"), given),
        Section(
            _("Terms"),
            [
                *dates,
                Line(_("Offer stands until"), subject.expires_on, _("over") if late else "", "bad" if late else ""),
                Line(_("What is given up counts"), subject.get_takes_effect_display()),
                Line(_("Grace"), _("%(n)s days") % {"n": subject.grace_days}),
            ],
        ),
    ]


def _approved(*, approval: Approval, subject: Settlement, actor: Actor, at: datetime) -> None:
    settlement = locked(subject.pk)
    settlement.offer(at=at, on=clock.business_day(at, settlement.creditor.time_zone))
    settlement.save(update_fields=["status", "offered_at", "offered_on"])
    audit.record(
        "settlement.offered",
        subject=settlement,
        actor=actor,
        at=at,
        person_id=settlement.person_id,
        pays=settlement.pays,
        waives=settlement.waives,
        currency=settlement.currency,
    )


def _refused(*, approval: Approval, subject: Settlement, reason: str, actor: Actor, at: datetime) -> None:
    settlement = locked(subject.pk)
    if approval.status == Approval.Status.WITHDRAWN:
        close(settlement, reason=reason, actor=actor, at=at)
        return
    settlement.refuse(at=at, reason=reason[:300])
    settlement.save(update_fields=["status", "ended_at", "ended_reason"])
    audit.record(
        "settlement.refused", subject=settlement, actor=actor, at=at, person_id=settlement.person_id, reason=reason
    )
