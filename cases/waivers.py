"""Giving up an amount of one component: asked, granted within authority or by approval, taken back; and what was given
up, why and by whom.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases import approvals, authority, giving_up, ledger, lifecycle
from cases.approvals import Line, Section
from cases.authority import Part
from cases.models import Account, Approval, LedgerEntry, Waiver
from cases.refusal import Refused
from cases.settlements import following
from collections_app.shared import clock
from collections_app.shared.actor import USER, Actor
from collections_app.shared.money import InexactAmount, Money
from collections_app.staff.roles import Role
from compliance import audit

Status = Waiver.Status
Component = LedgerEntry.Component
KIND: Final = "waiver"
ZERO: Final = Decimal("0.00")
# Alone, only what the firm added is given up; what was lent is given up by a settlement.
ALONE: Final = (Component.PENALTY, Component.FEE, Component.INTEREST, Component.COST, Component.UNSPLIT)


class WaiverRefused(Refused):
    SENTENCES = {
        "not-positive": _("The amount has to be more than zero."),
        "inexact": _("%(currency)s has no such fraction."),
        "too-much": _("Of %(component)s only %(owed)s is owed; %(amount)s cannot be given up."),
        "component": _("%(component)s is given up by a settlement, not alone."),
        "nothing": _("Nothing of %(component)s is owed."),
        "account": _("This account does not belong to the case."),
        "no-reason": _("Say why."),
        "cause": _("There is no cause of this kind."),
        "resolved": _("This case is already %(status)s."),
        "not-possible": _("A waiver that is %(status)s cannot do this."),
        "of-settlement": _("This belongs to a settlement and ends with it."),
    }


@transaction.atomic
def ask(
    *,
    case_id: int,
    account_id: int,
    component: str,
    amount: Decimal | None,
    cause: str,
    reason: str,
    actor: Actor,
    at: datetime,
) -> Waiver:
    """Give up an amount of one component of an account (None: all of it), at once within the asker's authority, else
    when others have signed. Raises WaiverRefused, AuthorityRefused.
    """
    case = lifecycle.locked(case_id)
    if case.is_resolved:
        raise WaiverRefused("resolved", status=case.get_status_display())
    account = giving_up.case_accounts(case).filter(pk=account_id).first()
    if account is None:
        raise WaiverRefused("account")
    if not reason.strip():
        raise WaiverRefused("no-reason")
    if cause not in Waiver.Cause.values or cause == Waiver.Cause.SETTLEMENT:
        raise WaiverRefused("cause")
    owed = ledger.components(account.pk).get(component, ZERO)
    amount = _checked(amount, owed, component, account.currency)
    waiver = Waiver.objects.create(
        case=case,
        account=account,
        person_id=case.person_id,
        creditor_id=case.creditor_id,
        component=component,
        amount=amount,
        owed=owed,
        currency=account.currency,
        cause=cause,
        reason=reason.strip()[:500],
        asked_at=at,
        asked_by_id=actor.id if actor.kind == USER else None,
    )
    audit.record(
        "waiver.asked",
        subject=waiver,
        actor=actor,
        at=at,
        person_id=case.person_id,
        component=component,
        amount=amount,
        currency=account.currency,
        cause=cause,
    )
    approvals.ask(
        kind=KIND,
        subject=waiver,
        amount=amount,
        currency=account.currency,
        percent=authority.percent_of(amount, owed),
        reason=waiver.reason,
        signatures=0,
        role=Role.COLLECTOR,
        parts=[Part(account.pk, component, amount, owed)],
        actor=actor,
        at=at,
    )
    waiver.refresh_from_db()
    return waiver


def _checked(amount: Decimal | None, owed: Decimal, component: str, currency: str) -> Decimal:
    label = Component(component).label if component in Component.values else component
    if component not in ALONE:
        raise WaiverRefused("component", component=label)
    if owed <= 0:
        raise WaiverRefused("nothing", component=label)
    if amount is None:
        return owed
    try:
        amount = Money(amount, currency).amount
    except InexactAmount:
        raise WaiverRefused("inexact", currency=currency) from None
    if amount <= 0:
        raise WaiverRefused("not-positive")
    if amount > owed:
        raise WaiverRefused("too-much", component=label, owed=owed, amount=amount)
    return amount


@transaction.atomic
def withdraw(*, waiver_id: int, reason: str, actor: Actor, at: datetime) -> Waiver:
    """Take back what was asked and is not yet granted. Raises WaiverRefused, ApprovalRefused."""
    waiver = _locked(waiver_id)
    if waiver.status != Status.ASKED:
        raise WaiverRefused("not-possible", status=waiver.get_status_display())
    approval = Approval.objects.get(
        kind=KIND, subject_label=waiver._meta.label_lower, subject_id=waiver.pk, status=Approval.Status.PENDING
    )
    approvals.withdraw(approval_id=approval.pk, reason=reason, actor=actor, at=at)
    waiver.refresh_from_db()
    return waiver


@transaction.atomic
def reverse(*, waiver_id: int, reason: str, actor: Actor, at: datetime) -> Waiver:
    """Let an amount that was given up be owed again. Raises WaiverRefused."""
    waiver = _locked(waiver_id)
    if waiver.status != Status.GRANTED:
        raise WaiverRefused("not-possible", status=waiver.get_status_display())
    if waiver.settlement_id is not None:
        raise WaiverRefused("of-settlement")
    if not reason.strip():
        raise WaiverRefused("no-reason")
    giving_up.take_back(waiver, reason=reason.strip(), actor=actor, at=at)
    giving_up.reopen_accounts([waiver.account])
    approvals.close(subject=waiver, reason=reason, actor=actor, at=at)
    following.after(waiver.case_id, why="waiver taken back", actor=actor, at=at)
    return waiver


def _locked(waiver_id: int) -> Waiver:
    case_id = Waiver.objects.values_list("case_id", flat=True).get(pk=waiver_id)
    lifecycle.locked(case_id)
    return Waiver.objects.select_for_update(of=("self",), no_key=True).get(pk=waiver_id)


# -- what a signer sees and does ---------------------------------------------------------------------------------------


def register() -> None:
    """Tell approvals what a waiver is. Called once, when the app is ready."""
    approvals.register(KIND, title=_("Waiver"), facts=_facts, on_approved=_approved, on_refused=_refused, state=_state)


def _state(waiver: Waiver) -> dict[str, str]:
    """Return what must not change while a waiver waits: its terms, and that as much of the component is owed."""
    owed = ledger.components(waiver.account_id).get(waiver.component, ZERO)
    return {
        "component": waiver.component,
        "amount": str(waiver.amount),
        "still_owed": str(owed >= waiver.amount),
        "open": str(not waiver.case.is_resolved),
    }


def _facts(subject: Waiver, *, at: datetime) -> Sequence[Section]:
    balance = ledger.balance(subject.account_id)
    percent = authority.percent_of(subject.amount, subject.owed)
    unit = subject.currency
    return [
        Section(
            _("What is given up"),
            [
                Line(_("Account"), str(subject.account), str(subject.account.product)),
                Line(_("Component"), subject.get_component_display()),
                Line(_("Owed of it"), Money(subject.owed, unit)),
                Line(_("We give up"), Money(subject.amount, unit), f"{percent} %", "bad"),
                Line(_("The person owes then"), Money(balance - subject.amount, unit)),
                Line(_("Cause"), subject.get_cause_display()),
            ],
        )
    ]


def _approved(*, approval: Approval, subject: Waiver, actor: Actor, at: datetime) -> None:
    waiver = _locked(subject.pk)
    account = Account.objects.select_related("product", "creditor").get(pk=waiver.account_id)
    on = clock.business_day(at, account.creditor.time_zone)
    giving_up.put_on_ledger(waiver, account, on=on, actor=actor, at=at)
    giving_up.restate(account, at=at)
    following.after(waiver.case_id, why="waiver", actor=actor, at=at)


def _refused(*, approval: Approval, subject: Waiver, reason: str, actor: Actor, at: datetime) -> None:
    waiver = _locked(subject.pk)
    withdrawn = approval.status == Approval.Status.WITHDRAWN
    (waiver.withdraw if withdrawn else waiver.refuse)(at=at, reason=reason[:300])
    waiver.save(update_fields=["status", "ended_at", "ended_reason"])
    audit.record(
        "waiver.withdrawn" if withdrawn else "waiver.refused",
        subject=waiver,
        actor=actor,
        at=at,
        person_id=waiver.person_id,
        reason=reason,
    )
