"""A settlement from the draft to the answer: worked out, signed where it must be, offered, accepted or taken back."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db import IntegrityError, transaction

from cases import approvals, authority, giving_up, ledger, lifecycle, promises
from cases.authority import Need, Part
from cases.models import Account, Approval, Case, LedgerEntry, Settlement, SettlementLine, SettlementPart
from cases.models.settlement import MOST_PARTS
from cases.plans import agreeing
from cases.settlements import counting, following, offer
from cases.settlements.offer import OfferRefused, Owed, Sums
from collections_app.shared import clock
from collections_app.shared.actor import USER, Actor
from collections_app.shared.money import InexactAmount, Money
from collections_app.staff.roles import Role
from compliance import audit

Status = Settlement.Status
Effect = Settlement.Effect
KIND: Final = "settlement"
STANDS_AT_MOST: Final = 60  # days from the draft to the end of the offer
FIRST_DUE_WITHIN: Final = 62  # days
GRACE_AT_MOST: Final = 15
LABELS: Final[Mapping[str, Any]] = dict(LedgerEntry.Component.choices)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be offered. One of pays, percent (given up) and given (by component); several have to agree."""

    pays: Decimal | None = None
    percent: Decimal | None = None
    given: Mapping[str, Decimal] | None = None
    account_ids: Collection[int] = ()
    parts: int = 1
    first_due_on: date
    expires_on: date
    takes_effect: str = Effect.FULFILMENT
    grace_days: int = 3
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Previewed:
    """The sums for both sides, when what is paid, and who has to sign."""

    sums: Sums
    parts: Sequence[tuple[date, Decimal]]
    need: Need
    currency: str


def owed_by(accounts: Sequence[Account]) -> list[Owed]:
    """Return what is owed by component on these accounts; credit pays nothing of it."""
    found = []
    for account in accounts:
        rows = ledger.components(account.pk)
        found += [Owed(account.pk, name, rows[name]) for name in offer.ORDER if rows.get(name, 0) > 0]
    return found


def preview(*, case: Case, wanted: Wanted, role: str, at: datetime) -> Previewed:
    """Return what an offer would be, without storing it. Raises OfferRefused, AuthorityRefused."""
    accounts = _accounts(case, wanted.account_ids)
    currency = accounts[0].currency
    sums = _sums(owed_by(accounts), wanted, currency)
    _check_days(case, wanted, at)
    parts = offer.in_parts(sums.pays, currency, parts=wanted.parts, first_due_on=wanted.first_due_on)
    need = authority.needed_for(
        KIND,
        _parts(sums),
        currency,
        sums.percent,
        sorted({account.product for account in accounts}, key=lambda product: product.pk),
        asker=role,
        person_id=case.person_id,
        at=at,
    )
    return Previewed(sums, parts, need, currency)


@transaction.atomic
def make(*, case_id: int, wanted: Wanted, actor: Actor, at: datetime) -> Settlement:
    """Draft a settlement and put it before those who must sign; within the drafter's own authority it is offered at
    once. Raises OfferRefused, AuthorityRefused.
    """
    case = lifecycle.locked(case_id)
    if case.is_resolved:
        raise OfferRefused("resolved", status=case.get_status_display())
    running = case.settlements.filter(
        status__in=[Status.DRAFTED, Status.AWAITING, Status.OFFERED, Status.ACCEPTED]
    ).first()
    if running is not None:
        raise OfferRefused("running", status=running.get_status_display())
    if agreeing.is_standing(case):
        raise OfferRefused("on-plan")
    if not wanted.reason.strip():
        raise OfferRefused("no-reason")
    seen = preview(case=case, wanted=wanted, role=approvals.role_of(actor), at=at)
    settlement = _write(case, wanted, seen, actor=actor, at=at)
    approval = approvals.ask(
        kind=KIND,
        subject=settlement,
        amount=settlement.waives,
        currency=settlement.currency,
        percent=settlement.percent,
        reason=settlement.reason,
        signatures=0,
        role=Role.COLLECTOR,
        parts=_parts(seen.sums),
        actor=actor,
        at=at,
    )
    settlement.refresh_from_db()
    if approval.status == Approval.Status.PENDING:
        settlement.submit()
        settlement.save(update_fields=["status"])
    return settlement


@transaction.atomic
def accept(*, settlement_id: int, how: str, evidence: str, actor: Actor, at: datetime) -> Settlement:
    """Record that the person agreed to an offer that still stands. Raises OfferRefused."""
    settlement = locked(settlement_id)
    if settlement.status != Status.OFFERED:
        raise OfferRefused("not-possible", status=settlement.get_status_display())
    if clock.business_day(at, settlement.creditor.time_zone) > settlement.expires_on:
        raise OfferRefused("expired", day=settlement.expires_on)
    if how not in Settlement.How.values or not evidence.strip():
        raise OfferRefused("how")
    for promise in settlement.case.promises.filter(status="open").order_by("pk"):
        promises.cancel(promise_id=promise.pk, actor=actor, at=at, why="replaced by a settlement")
    counting.accept(settlement, how=how, evidence=evidence.strip(), actor=actor, at=at)
    counting.move_on(settlement, actor=actor, at=at)
    following.after(settlement.case_id, why="settlement accepted", actor=actor, at=at)
    return settlement


@transaction.atomic
def withdraw(*, settlement_id: int, reason: str, actor: Actor, at: datetime) -> Settlement:
    """Take a settlement back, or record that the person turned it down. What was given up is owed again; what was paid
    stays paid. Raises OfferRefused.
    """
    settlement = locked(settlement_id)
    if settlement.status not in (Status.DRAFTED, Status.AWAITING, Status.OFFERED, Status.ACCEPTED):
        raise OfferRefused("not-possible", status=settlement.get_status_display())
    if not reason.strip():
        raise OfferRefused("no-reason")
    if actor.kind == USER and actor.id != settlement.drafted_by_id and approvals.role_of(actor) != Role.SUPERVISOR:
        raise OfferRefused("not-yours")
    close(settlement, reason=reason.strip(), actor=actor, at=at)
    following.after(settlement.case_id, why="settlement withdrawn", actor=actor, at=at)
    return settlement


def close(settlement: Settlement, *, reason: str, actor: Actor, at: datetime) -> None:
    """Withdraw a locked settlement that is not over."""
    counting.take_back(settlement, reason=reason, actor=actor, at=at)
    settlement.withdraw(at=at, reason=reason[:300])
    settlement.save(update_fields=["status", "ended_at", "ended_reason"])
    approvals.close(subject=settlement, reason=reason, actor=actor, at=at)
    audit.record(
        "settlement.withdrawn", subject=settlement, actor=actor, at=at, person_id=settlement.person_id, reason=reason
    )


def locked(settlement_id: int) -> Settlement:
    """Return the settlement with its person locked first, then its own row. Call inside a transaction."""
    case_id = Settlement.objects.values_list("case_id", flat=True).get(pk=settlement_id)
    lifecycle.locked(case_id)
    rows = Settlement.objects.select_for_update(of=("self",), no_key=True).select_related("case", "creditor")
    return rows.get(pk=settlement_id)


# -- the parts of a draft ----------------------------------------------------------------------------------------------


def sums_of(settlement: Settlement) -> Sums:
    """Return the sums of a stored settlement."""
    lines = settlement.lines.order_by("account_id", "pk")
    return Sums(tuple(offer.Line(line.account_id, line.component, line.owed, line.waives) for line in lines))


def _accounts(case: Case, account_ids: Collection[int]) -> list[Account]:
    accounts = list(giving_up.case_accounts(case))
    if account_ids:
        if not set(account_ids) <= {account.pk for account in accounts}:
            raise OfferRefused("account")
        accounts = [account for account in accounts if account.pk in account_ids]
    accounts = [account for account in accounts if account.balance > 0]
    if not accounts:
        raise OfferRefused("nothing-owed")
    if len({account.currency for account in accounts}) > 1:
        raise OfferRefused("currency")
    return accounts


def _sums(owed: list[Owed], wanted: Wanted, currency: str) -> Sums:
    try:
        pays = None if wanted.pays is None else Money(wanted.pays, currency).amount
        given = {name: Money(amount, currency).amount for name, amount in (wanted.given or {}).items()}
    except InexactAmount:
        raise OfferRefused("inexact", currency=currency) from None
    if given:
        sums = offer.for_components(owed, given, labels=LABELS)
        if pays is not None and pays != sums.pays:
            raise OfferRefused("disagree", pays=pays, waives=sums.waives, owed=sums.owed)
        return sums
    if wanted.percent is not None:
        return offer.for_percent(owed, wanted.percent, currency)
    return offer.for_payment(owed, pays if pays is not None else Decimal(0))


def _check_days(case: Case, wanted: Wanted, at: datetime) -> None:
    today = clock.business_day(at, case.creditor.time_zone)
    for day in (wanted.expires_on, wanted.first_due_on):
        if day < today:
            raise OfferRefused("past", day=day)
    if wanted.expires_on > today + timedelta(days=STANDS_AT_MOST):
        raise OfferRefused("too-late", days=STANDS_AT_MOST)
    if wanted.first_due_on > today + timedelta(days=FIRST_DUE_WITHIN):
        raise OfferRefused("due-late", days=FIRST_DUE_WITHIN)
    if not 0 <= wanted.grace_days <= GRACE_AT_MOST:
        raise OfferRefused("grace", days=GRACE_AT_MOST)
    if not 1 <= wanted.parts <= MOST_PARTS:
        raise OfferRefused("parts", most=MOST_PARTS)


def _parts(sums: Sums) -> list[Part]:
    return [Part(line.account_id, line.component, line.waives, line.owed) for line in sums.lines if line.waives]


def _write(case: Case, wanted: Wanted, seen: Previewed, *, actor: Actor, at: datetime) -> Settlement:
    try:
        with transaction.atomic():
            settlement = Settlement.objects.create(
                case=case,
                person_id=case.person_id,
                creditor_id=case.creditor_id,
                currency=seen.currency,
                owed=seen.sums.owed,
                pays=seen.sums.pays,
                waives=seen.sums.waives,
                percent=seen.sums.percent,
                takes_effect=wanted.takes_effect,
                grace_days=wanted.grace_days,
                expires_on=wanted.expires_on,
                reason=wanted.reason.strip()[:500],
                drafted_at=at,
                drafted_by_id=actor.id if actor.kind == USER else None,
            )
    except IntegrityError as clash:
        if "settlement_runs_once_per_case" in str(clash):
            raise OfferRefused("running", status="") from None
        raise
    SettlementPart.objects.bulk_create(
        SettlementPart(
            settlement=settlement,
            person_id=case.person_id,
            number=number,
            due_on=due_on,
            amount=amount,
            currency=seen.currency,
        )
        for number, (due_on, amount) in enumerate(seen.parts, start=1)
    )
    SettlementLine.objects.bulk_create(
        SettlementLine(
            settlement=settlement,
            person_id=case.person_id,
            account_id=line.account_id,
            component=line.component,
            owed=line.owed,
            waives=line.waives,
            currency=seen.currency,
        )
        for line in seen.sums.lines
    )
    audit.record(
        "settlement.drafted",
        subject=settlement,
        actor=actor,
        at=at,
        person_id=case.person_id,
        owed=settlement.owed,
        pays=settlement.pays,
        waives=settlement.waives,
        currency=settlement.currency,
        reason=settlement.reason,
    )
    return settlement
