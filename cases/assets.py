"""Property taken in place of money: described, valued by somebody named, approved, and then a payment of its own source
on the ledger. Given back, the payment is reversed.
"""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases import approvals, authority, giving_up, lifecycle, payments
from cases.approvals import Line, Section
from cases.models import Approval, AssetForDebt
from cases.refusal import Refused
from collections_app.shared import clock
from collections_app.shared.actor import USER, Actor
from collections_app.shared.money import InexactAmount, Money
from collections_app.staff.roles import Role
from compliance import audit

Status = AssetForDebt.Status
KIND: Final = "asset"
SOURCE: Final = "asset"


class AssetRefused(Refused):
    SENTENCES = {
        "account": _("This account does not belong to the case."),
        "not-positive": _("The amount has to be more than zero."),
        "inexact": _("%(currency)s has no such fraction."),
        "over-value": _("%(amount)s is more than the %(valuation)s it is worth."),
        "too-much": _("%(amount)s is more than the %(owed)s that is owed; the rest has to be paid out."),
        "future": _("%(day)s is in the future."),
        "old": _("The valuation of %(day)s is older than %(days)s days: value it again."),
        "incomplete": _("Say what it is, whose it is, who valued it, and which report shows it."),
        "kind": _("There is no property of this kind."),
        "resolved": _("This case is already %(status)s."),
        "no-reason": _("Say why."),
        "not-possible": _("Property that is %(status)s cannot do this."),
    }


VALUATION_LASTS: Final = 365  # days


@transaction.atomic
def ask(
    *,
    case_id: int,
    account_id: int,
    kind: str,
    description: str,
    owner: str,
    valuation: Decimal,
    valued_by: str,
    valued_on: date,
    evidence: str,
    amount: Decimal,
    reason: str,
    actor: Actor,
    at: datetime,
) -> AssetForDebt:
    """Put the taking of property for a debt before those who sign it. Raises AssetRefused, AuthorityRefused.

    valuation: what it is worth. amount: what of the debt it pays, never more than that.
    """
    case = lifecycle.locked(case_id)
    if case.is_resolved:
        raise AssetRefused("resolved", status=case.get_status_display())
    account = giving_up.case_accounts(case).filter(pk=account_id).first()
    if account is None:
        raise AssetRefused("account")
    if kind not in AssetForDebt.Kind.values:
        raise AssetRefused("kind")
    if not all(text.strip() for text in (description, owner, valued_by, evidence)):
        raise AssetRefused("incomplete")
    if not reason.strip():
        raise AssetRefused("no-reason")
    today = clock.business_day(at, account.creditor.time_zone)
    if valued_on > today:
        raise AssetRefused("future", day=valued_on)
    if (today - valued_on).days > VALUATION_LASTS:
        raise AssetRefused("old", day=valued_on, days=VALUATION_LASTS)
    try:
        valuation, amount = Money(valuation, account.currency).amount, Money(amount, account.currency).amount
    except InexactAmount:
        raise AssetRefused("inexact", currency=account.currency) from None
    if amount <= 0:
        raise AssetRefused("not-positive")
    if amount > valuation:
        raise AssetRefused("over-value", amount=amount, valuation=valuation)
    if amount > account.balance:
        raise AssetRefused("too-much", amount=amount, owed=account.balance)
    asset = AssetForDebt.objects.create(
        case=case,
        account=account,
        person_id=case.person_id,
        creditor_id=case.creditor_id,
        kind=kind,
        description=description.strip()[:500],
        owner=owner.strip()[:120],
        valuation=valuation,
        valued_by=valued_by.strip()[:120],
        valued_on=valued_on,
        evidence=evidence.strip()[:200],
        amount=amount,
        currency=account.currency,
        reason=reason.strip()[:500],
        asked_at=at,
        asked_by_id=actor.id if actor.kind == USER else None,
    )
    audit.record(
        "asset.asked",
        subject=asset,
        actor=actor,
        at=at,
        person_id=case.person_id,
        amount=amount,
        valuation=valuation,
        currency=account.currency,
        reason=asset.reason,
    )
    need = authority.needed(
        KIND,
        amount,
        account.currency,
        None,
        "",
        account.product,
        asker=approvals.role_of(actor),
        person_id=case.person_id,
        at=at,
    )
    approvals.ask(
        kind=KIND,
        subject=asset,
        amount=amount,
        currency=account.currency,
        reason=asset.reason,
        signatures=max(1, need.signatures),
        role=need.role if need.role != Role.COLLECTOR else Role.SUPERVISOR,
        actor=actor,
        at=at,
    )
    asset.refresh_from_db()
    return asset


@transaction.atomic
def give_back(*, asset_id: int, reason: str, actor: Actor, at: datetime) -> AssetForDebt:
    """Record that the property went back; the payment that it was is reversed. Raises AssetRefused."""
    asset = _locked(asset_id)
    if asset.status != Status.TAKEN or asset.payment_id is None:
        raise AssetRefused("not-possible", status=asset.get_status_display())
    if not reason.strip():
        raise AssetRefused("no-reason")
    payments.reverse(payment_id=asset.payment_id, reason=reason, actor=actor, at=at)
    asset.reverse(at=at, reason=reason.strip()[:300])
    asset.save(update_fields=["status", "ended_at", "ended_reason"])
    approvals.close(subject=asset, reason=reason, actor=actor, at=at)
    audit.record("asset.reversed", subject=asset, actor=actor, at=at, person_id=asset.person_id, reason=reason)
    return asset


def _locked(asset_id: int) -> AssetForDebt:
    case_id = AssetForDebt.objects.values_list("case_id", flat=True).get(pk=asset_id)
    lifecycle.locked(case_id)
    return AssetForDebt.objects.select_for_update(of=("self",), no_key=True).get(pk=asset_id)


# -- what a signer sees and does ---------------------------------------------------------------------------------------


def register() -> None:
    """Tell approvals what property for debt is. Called once, when the app is ready."""
    approvals.register(
        KIND, title=_("Property for debt"), facts=_facts, on_approved=_approved, on_refused=_refused, state=_state
    )


def _state(asset: AssetForDebt) -> dict[str, Any]:
    return {
        "amount": str(asset.amount),
        "valuation": str(asset.valuation),
        "owes": asset.account.balance >= asset.amount,
        "open": asset.account.status,
    }


def _facts(subject: AssetForDebt, *, at: datetime) -> Sequence[Section]:
    unit = subject.currency
    return [
        Section(
            _("Property"),
            [
                Line(_("What"), subject.get_kind_display(), subject.description),
                Line(_("Belongs to"), subject.owner),
                Line(_("Valued at"), Money(subject.valuation, unit), subject.valued_on),
                Line(_("Valued by"), subject.valued_by, subject.evidence),
                Line(_("Pays of the debt"), Money(subject.amount, unit), tone="good"),
                Line(_("Worth more than it pays"), Money(subject.valuation - subject.amount, unit)),
                Line(_("The person owes then"), Money(subject.account.balance - subject.amount, unit)),
            ],
        )
    ]


def _approved(*, approval: Approval, subject: AssetForDebt, actor: Actor, at: datetime) -> None:
    asset = _locked(subject.pk)
    recorded = payments.record(
        creditor=asset.creditor,
        source=SOURCE,
        external_ref=asset.ref,
        amount=asset.amount,
        currency=asset.currency,
        received_at=at,
        account_id=asset.account_id,
        actor=actor,
        at=at,
    )
    asset.take(payment=recorded.payment)
    asset.save(update_fields=["status", "payment"])
    audit.record(
        "asset.taken",
        subject=asset,
        actor=actor,
        at=at,
        person_id=asset.person_id,
        payment=recorded.payment.pk,
        amount=asset.amount,
        currency=asset.currency,
    )


def _refused(*, approval: Approval, subject: AssetForDebt, reason: str, actor: Actor, at: datetime) -> None:
    asset = _locked(subject.pk)
    withdrawn = approval.status == Approval.Status.WITHDRAWN
    (asset.withdraw if withdrawn else asset.refuse)(at=at, reason=reason[:300])
    asset.save(update_fields=["status", "ended_at", "ended_reason"])
    audit.record(
        "asset.withdrawn" if withdrawn else "asset.refused",
        subject=asset,
        actor=actor,
        at=at,
        person_id=asset.person_id,
        reason=reason,
    )
