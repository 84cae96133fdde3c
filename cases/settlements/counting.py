"""What payments do to a settlement: they count towards it, fulfil it, or by their reversal undo what they fulfilled.

The waivers of a settlement count from the day of the offer, before what was paid for it: so the money meets what the
offer says is paid, and every component ends as both sides were told. The caller holds the locks of the person.
"""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Final

from django.db.models import Sum
from django.utils.translation import gettext as _

from cases import approvals, giving_up, lifecycle
from cases.models import Account, Case, LedgerEntry, Payment, Settlement, SettlementPayment, Waiver
from cases.models.case import Status as CaseStatus
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from compliance import audit

Status = Settlement.Status
Effect = Settlement.Effect
ZERO: Final = Decimal("0.00")
ACCRUES: Final = ("interest", "penalty", "fee")  # what may have come on top since the offer
COUNTING: Final = (Status.OFFERED, Status.ACCEPTED)


def of_person(person_id: int, creditor_id: int, *statuses: str) -> list[Settlement]:
    """Return the locked settlements of a person at a creditor in these states, the oldest first."""
    found = Settlement.objects.filter(person_id=person_id, creditor_id=creditor_id, status__in=statuses)
    return list(found.select_for_update(of=("self",), no_key=True).order_by("pk"))


def credit(payment: Payment, *, actor: Actor, at: datetime) -> Settlement | None:
    """Count a payment that is on its accounts; accept by paying, and fulfil, where it comes to that."""
    if payment.person_id is None:
        return None
    for settlement in of_person(payment.person_id, payment.creditor_id, *COUNTING):
        if settlement.offered_on is None or payment.value_on < settlement.offered_on:
            continue
        if settlement.status == Status.OFFERED and payment.value_on > settlement.expires_on:
            continue
        amount = _on_its_accounts(settlement, payment)
        if amount <= 0:
            continue
        SettlementPayment.objects.get_or_create(
            settlement=settlement, payment=payment, defaults={"person_id": settlement.person_id, "amount": amount}
        )
        _recount(settlement)
        audit.record(
            "settlement.paid",
            subject=settlement,
            actor=actor,
            at=at,
            person_id=settlement.person_id,
            amount=amount,
            paid=settlement.paid_amount,
        )
        move_on(settlement, actor=actor, at=at)
        return settlement
    return None


def move_on(settlement: Settlement, *, actor: Actor, at: datetime) -> None:
    """Accept an offer whose first part was paid, and fulfil a settlement of which everything was paid."""
    first = settlement.parts.order_by("number").first()
    if settlement.status == Status.OFFERED and first is not None and settlement.paid_amount >= first.amount:
        accept(settlement, how=Settlement.How.PAYMENT, evidence=_("paid"), actor=actor, at=at)
    if settlement.status == Status.ACCEPTED and is_paid(settlement):
        _fulfil(settlement, actor=actor, at=at)


def accept(settlement: Settlement, *, how: str, evidence: str, actor: Actor, at: datetime) -> None:
    """Write that the person agreed. What is given up at once by the terms is given up now."""
    settlement.accept(at=at, how=how, evidence=str(evidence)[:200])
    settlement.accepted_by_id = actor.id if actor.kind == "user" else None
    settlement.save(update_fields=["status", "accepted_at", "accepted_how", "accepted_evidence", "accepted_by"])
    audit.record("settlement.accepted", subject=settlement, actor=actor, at=at, person_id=settlement.person_id, how=how)
    if settlement.takes_effect == Effect.ACCEPTANCE:
        _give_up(settlement, actor=actor, at=at)
    case = Case.objects.select_for_update(of=("self",), no_key=True).get(pk=settlement.case_id)
    if not case.is_resolved:
        wait_for_payment(settlement, case, actor=actor, at=at)


def uncredit(payment: Payment, *, actor: Actor, at: datetime) -> list[Settlement]:
    """Take a reversed payment out of what it counted for. Call before arrears are restored."""
    links = SettlementPayment.objects.filter(payment=payment).values_list("settlement_id", flat=True)
    rows = Settlement.objects.filter(pk__in=list(links)).select_for_update(of=("self",), no_key=True).order_by("pk")
    touched = []
    for settlement in rows:
        _recount(settlement)
        if settlement.status == Status.FULFILLED and not is_paid(settlement):
            _unfulfil(settlement, actor=actor, at=at)
        touched.append(settlement)
    return touched


def fail(settlement: Settlement, *, reason: str, actor: Actor, at: datetime) -> None:
    """End a settlement that was not kept: what had been given up is owed again, what was paid stays paid."""
    take_back(settlement, reason=reason, actor=actor, at=at)
    settlement.fail(at=at, reason=reason[:300])
    settlement.save(update_fields=["status", "ended_at", "ended_reason"])
    approvals.close(subject=settlement, reason=reason, actor=actor, at=at)
    audit.record(
        "settlement.failed",
        subject=settlement,
        actor=actor,
        at=at,
        person_id=settlement.person_id,
        paid=settlement.paid_amount,
        reason=reason,
    )


def take_back(settlement: Settlement, *, reason: str, actor: Actor, at: datetime, only_late: bool = False) -> None:
    """Reverse the waivers of a settlement (only_late: those of what came on top after the offer)."""
    granted = settlement.waivers.filter(status=Waiver.Status.GRANTED).order_by("pk")
    for waiver in granted.select_for_update(of=("self",), no_key=True):
        if not only_late or waiver.owed == 0:
            giving_up.take_back(waiver, reason=reason, actor=actor, at=at)
    giving_up.reopen_accounts(accounts_of(settlement))


def is_paid(settlement: Settlement) -> bool:
    """Whether everything agreed is paid, on every account what belongs there."""
    if settlement.paid_amount < settlement.pays:
        return False
    paid = paid_by_account(settlement)
    return all(paid.get(pk, ZERO) >= due for pk, due in due_by_account(settlement).items())


def due_by_account(settlement: Settlement) -> dict[int, Decimal]:
    """Return what is to be paid on each account: all that is owed of what is given up in part or not at all. What
    remains owed by the terms is taken off the first accounts that have it.
    """
    due: dict[int, Decimal] = {}
    for line in settlement.lines.order_by("pk"):
        due[line.account_id] = due.get(line.account_id, ZERO) + line.owed - line.waives
    remains = settlement.remains
    for pk in due:
        less = min(due[pk], remains)
        due[pk] -= less
        remains -= less
    return due


def paid_by_account(settlement: Settlement) -> dict[int, Decimal]:
    """Return what counted payments put on each account of a settlement."""
    counted = SettlementPayment.objects.filter(settlement=settlement).exclude(payment__status=Payment.Status.REVERSED)
    lines = LedgerEntry.objects.filter(
        kind=LedgerEntry.Kind.PAYMENT, payment__in=counted.values("payment"), account__in=accounts_of(settlement)
    )
    return {pk: -total for pk, total in lines.order_by().values_list("account_id").annotate(total=Sum("amount"))}


def accounts_of(settlement: Settlement) -> list[Account]:
    """Return the accounts that a settlement is about."""
    ids = settlement.lines.values("account_id")
    return list(Account.objects.filter(pk__in=ids).select_related("product", "creditor").order_by("pk"))


def last_day(settlement: Settlement) -> date:
    """Return the last day on which the last part may be paid."""
    last = settlement.parts.order_by("-number").values_list("due_on", flat=True).first()
    return (last or settlement.expires_on) + timedelta(days=settlement.grace_days)


def is_running(case: Case) -> bool:
    """Whether the person of a case pays a settlement."""
    return Settlement.objects.filter(case=case, status=Status.ACCEPTED).exists()


def wait_for_payment(settlement: Settlement, case: Case, *, actor: Actor, at: datetime) -> None:
    """Let a locked case wait for the next part of its settlement that is not paid."""
    due = settlement.expires_on
    to_come = settlement.paid_amount
    for part in settlement.parts.order_by("number"):
        due = part.due_on
        to_come -= part.amount
        if to_come < 0:
            break
    day = datetime.combine(
        due + timedelta(days=settlement.grace_days + 1), time.min, clock.zone(settlement.creditor.time_zone)
    )
    lifecycle.await_plan(case, due_at=max(day, at), actor=actor, at=at)


def resume(case: Case, *, actor: Actor, at: datetime) -> None:
    """Let a locked, open case wait again for a settlement that runs on after a reversal."""
    settlement = Settlement.objects.filter(case=case, status=Status.ACCEPTED).first()
    if settlement is not None and not case.is_resolved and case.status != CaseStatus.ON_PLAN:
        wait_for_payment(settlement, case, actor=actor, at=at)


def _on_its_accounts(settlement: Settlement, payment: Payment) -> Decimal:
    lines = LedgerEntry.objects.filter(
        payment=payment, kind=LedgerEntry.Kind.PAYMENT, account__in=settlement.lines.values("account_id")
    )
    return -(lines.aggregate(total=Sum("amount"))["total"] or ZERO)


def _recount(settlement: Settlement) -> None:
    counted = SettlementPayment.objects.filter(settlement=settlement).exclude(payment__status=Payment.Status.REVERSED)
    settlement.paid_amount = counted.aggregate(total=Sum("amount"))["total"] or ZERO
    settlement.save(update_fields=["paid_amount"])


def _fulfil(settlement: Settlement, *, actor: Actor, at: datetime) -> None:
    settlement.fulfil(at=at)
    settlement.save(update_fields=["status", "ended_at"])
    if not settlement.waivers.filter(status=Waiver.Status.GRANTED).exists():
        _give_up(settlement, actor=actor, at=at)
    if settlement.is_full:
        _give_up_late(settlement, actor=actor, at=at)
        giving_up.close_accounts(accounts_of(settlement))
    audit.record(
        "settlement.fulfilled",
        subject=settlement,
        actor=actor,
        at=at,
        person_id=settlement.person_id,
        paid=settlement.paid_amount,
        waived=settlement.waives,
    )
    for account in accounts_of(settlement):
        giving_up.restate(account, at=at)


def _unfulfil(settlement: Settlement, *, actor: Actor, at: datetime) -> None:
    """Where there is still time, the settlement runs on; else it failed."""
    why = _("A payment was reversed.")
    today = clock.business_day(at, settlement.creditor.time_zone)
    if today > last_day(settlement):
        fail(settlement, reason=why, actor=actor, at=at)
        return
    keeps = settlement.takes_effect == Effect.ACCEPTANCE
    take_back(settlement, reason=why, actor=actor, at=at, only_late=keeps)
    settlement.unfulfil()
    settlement.save(update_fields=["status", "ended_at"])
    audit.record("settlement.unfulfilled", subject=settlement, actor=actor, at=at, person_id=settlement.person_id)


def _give_up(settlement: Settlement, *, actor: Actor, at: datetime) -> None:
    """Post the waivers that both sides were told, counting from before what was paid for them."""
    on = _counts_from(settlement)
    accounts = {account.pk: account for account in accounts_of(settlement)}
    for line in settlement.lines.filter(waives__gt=0).order_by("pk"):
        giving_up.post(
            account=accounts[line.account_id],
            component=line.component,
            amount=line.waives,
            owed=line.owed,
            settlement=settlement,
            case_id=settlement.case_id,
            on=on,
            reason=settlement.reason,
            actor=actor,
            at=at,
        )


def _give_up_late(settlement: Settlement, *, actor: Actor, at: datetime) -> None:
    """Give up what interest and fees came on top after the offer: who pays in time owes nothing more.

    They count from before what was paid, as the others do: so they meet what came on top, and the money does not.
    """
    on = _counts_from(settlement)
    for account in accounts_of(settlement):
        late = LedgerEntry.objects.filter(account=account, kind__in=ACCRUES, recorded_at__gt=settlement.drafted_at)
        came = late.filter(reversed_by__isnull=True).order_by().values_list("component").annotate(total=Sum("amount"))
        for component, total in came.order_by("component"):
            amount = min(total, account.balance)
            if amount > 0:
                giving_up.post(
                    account=account,
                    component=component,
                    amount=amount,
                    owed=ZERO,
                    settlement=settlement,
                    case_id=settlement.case_id,
                    on=on,
                    reason=_("Came on top after the offer; nothing more is owed by its terms."),
                    actor=actor,
                    at=at,
                )


def _counts_from(settlement: Settlement) -> date:
    """Return the day from which waivers count: that of the offer, and before the first payment that counts."""
    on = settlement.offered_on or clock.business_day(settlement.drafted_at, settlement.creditor.time_zone)
    first = (
        SettlementPayment.objects.filter(settlement=settlement)
        .exclude(payment__status=Payment.Status.REVERSED)
        .order_by("payment__value_on")
        .values_list("payment__value_on", flat=True)
        .first()
    )
    return min(on, first - timedelta(days=1)) if first is not None else on
