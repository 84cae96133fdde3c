"""Write-off: the books give an account up, the claim stays. Its balance, its components and its clocks are as before;
what comes in afterwards is counted apart. Taken back, it is an account like any other.

On the ledger a write-off is a pair of lines for every component, out of the books and kept as claim, which sum to zero:
a memo that everybody sees and that lowers nothing.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from cases import approvals, ledger, locks
from cases.approvals import Line, Section
from cases.authority import Part
from cases.models import Account, Approval, Case, LedgerEntry, WriteOff
from cases.models.case import OPEN
from cases.refusal import Refused
from collections_app.shared import clock
from collections_app.shared.actor import USER, Actor
from collections_app.shared.money import Money
from collections_app.staff.roles import Role
from compliance import audit

Status = WriteOff.Status
KIND: Final = "write_off"
SOURCE: Final = "write_off"
ZERO: Final = Decimal("0.00")
NEVER: Final = datetime(9999, 1, 1, tzinfo=UTC)


class WriteOffRefused(Refused):
    SENTENCES = {
        "nothing-owed": _("Nothing is owed on this account."),
        "standing": _("This account is written off already, or waits for it."),
        "closed": _("This account is closed."),
        "no-reason": _("Say why."),
        "not-possible": _("A write-off that is %(status)s cannot do this."),
    }


@transaction.atomic
def ask(*, account_id: int, reason: str, actor: Actor, at: datetime) -> WriteOff:
    """Put the write-off of an account before those who sign it. Raises WriteOffRefused, AuthorityRefused."""
    account = _account(account_id)
    if not reason.strip():
        raise WriteOffRefused("no-reason")
    if account.status == Account.Status.CLOSED:
        raise WriteOffRefused("closed")
    if account.status == Account.Status.WRITTEN_OFF or _standing(account):
        raise WriteOffRefused("standing")
    rows = {name: total for name, total in ledger.components(account.pk).items() if total > 0}
    if account.balance <= 0 or not rows:
        raise WriteOffRefused("nothing-owed")
    case = Case.objects.filter(person_id=account.person_id, creditor_id=account.creditor_id, status__in=OPEN).first()
    try:
        with transaction.atomic():
            write_off = WriteOff.objects.create(
                case=case,
                account=account,
                person_id=account.person_id,
                creditor_id=account.creditor_id,
                amount=account.balance,
                currency=account.currency,
                reason=reason.strip()[:500],
                asked_at=at,
                asked_by_id=actor.id if actor.kind == USER else None,
            )
    except IntegrityError as clash:
        if "write_off_of_an_account_stands_once" in str(clash):
            raise WriteOffRefused("standing") from None
        raise
    audit.record(
        "write_off.asked",
        subject=write_off,
        actor=actor,
        at=at,
        person_id=account.person_id,
        amount=write_off.amount,
        currency=write_off.currency,
        reason=write_off.reason,
    )
    approvals.ask(
        kind=KIND,
        subject=write_off,
        amount=write_off.amount,
        currency=write_off.currency,
        percent=Decimal(100),
        reason=write_off.reason,
        signatures=1,
        role=Role.SUPERVISOR,
        parts=[Part(account.pk, name, total, total) for name, total in rows.items()],
        actor=actor,
        at=at,
    )
    write_off.refresh_from_db()
    return write_off


@transaction.atomic
def reverse(*, write_off_id: int, reason: str, actor: Actor, at: datetime) -> WriteOff:
    """Take an account back into the books. Raises WriteOffRefused."""
    write_off = _locked(write_off_id)
    if write_off.status != Status.DONE:
        raise WriteOffRefused("not-possible", status=write_off.get_status_display())
    if not reason.strip():
        raise WriteOffRefused("no-reason")
    account = _account(write_off.account_id)
    on = clock.business_day(at, account.creditor.time_zone)
    memo = LedgerEntry.objects.filter(account=account, source=SOURCE, reference=write_off.ref, reversed_by__isnull=True)
    for line in memo.filter(kind=LedgerEntry.Kind.WRITE_OFF).order_by("pk"):
        ledger.post(
            account=account,
            kind=LedgerEntry.Kind.REVERSAL,
            amount=Money(-line.amount, line.currency),
            effective_on=on,
            at=at,
            source=SOURCE,
            reference=line.reference,
            component=line.component,
            reverses=line,
            part_of=line.part_of or line,
        )
    write_off.reverse(at=at, on=on, reason=reason.strip()[:300])
    write_off.save(update_fields=["status", "ended_at", "ended_on", "ended_reason"])
    Account.objects.filter(pk=account.pk, status=Account.Status.WRITTEN_OFF).update(status=Account.Status.OPEN)
    approvals.close(subject=write_off, reason=reason, actor=actor, at=at)
    audit.record(
        "write_off.reversed", subject=write_off, actor=actor, at=at, person_id=write_off.person_id, reason=reason
    )
    return write_off


def recovered(rows: QuerySet[WriteOff]) -> QuerySet[WriteOff]:
    """Return these write-offs with `recovered`: what came in on their accounts while they stood."""
    paid = LedgerEntry.objects.filter(
        Q(kind=LedgerEntry.Kind.PAYMENT) | Q(kind=LedgerEntry.Kind.REVERSAL, payment__isnull=False),
        account_id=OuterRef("account_id"),
        recorded_at__gt=OuterRef("done_at"),
        recorded_at__lte=Coalesce(OuterRef("ended_at"), Value(NEVER)),
    )
    total = paid.order_by().values("account_id").annotate(total=Sum("amount")).values("total")
    return rows.annotate(recovered=Coalesce(-Subquery(total), ZERO))


def _standing(account: Account) -> bool:
    return WriteOff.objects.filter(account=account, status__in=[Status.ASKED, Status.DONE]).exists()


def _account(account_id: int) -> Account:
    person_id = Account.objects.values_list("person_id", flat=True).get(pk=account_id)
    locks.lock(person_ids=[person_id])
    return Account.objects.select_related("creditor", "product").get(pk=account_id)


def _locked(write_off_id: int) -> WriteOff:
    person_id = WriteOff.objects.values_list("person_id", flat=True).get(pk=write_off_id)
    locks.lock(person_ids=[person_id])
    return WriteOff.objects.select_for_update(of=("self",), no_key=True).get(pk=write_off_id)


# -- what a signer sees and does ---------------------------------------------------------------------------------------


def register() -> None:
    """Tell approvals what a write-off is. Called once, when the app is ready."""
    approvals.register(
        KIND, title=_("Write-off"), facts=_facts, on_approved=_approved, on_refused=_refused, state=_state
    )


def _state(write_off: WriteOff) -> dict[str, Any]:
    """Return what must not change while it waits: the account is open and owes no less."""
    account = Account.objects.get(pk=write_off.account_id)
    return {
        "amount": str(write_off.amount),
        "status": account.status,
        "owes": account.balance >= write_off.amount,
    }


def _facts(subject: WriteOff, *, at: datetime) -> Sequence[Section]:
    unit = subject.currency
    rows = ledger.components(subject.account_id)
    labels = dict(LedgerEntry.Component.choices)
    return [
        Section(
            _("Written off"),
            [
                Line(_("Account"), str(subject.account), str(subject.account.product)),
                Line(_("Out of the books"), Money(subject.amount, unit), tone="bad"),
                Line(
                    _("The person still owes"), Money(subject.account.balance, unit), _("the claim and its clocks stay")
                ),
                *[Line(labels.get(name, name), Money(total, unit)) for name, total in rows.items()],
            ],
        )
    ]


def _approved(*, approval: Approval, subject: WriteOff, actor: Actor, at: datetime) -> None:
    write_off = _locked(subject.pk)
    account = _account(write_off.account_id)
    on = clock.business_day(at, account.creditor.time_zone)
    left = write_off.amount
    for component, total in sorted(ledger.components(account.pk).items()):
        amount = min(total, left)
        if amount <= 0:
            continue
        left -= amount
        told: dict[str, Any] = {
            "account": account,
            "kind": LedgerEntry.Kind.WRITE_OFF,
            "effective_on": on,
            "at": at,
            "source": SOURCE,
            "reference": write_off.ref,
            "component": component,
        }
        out = ledger.post(amount=Money(-amount, write_off.currency), **told)
        ledger.post(amount=Money(amount, write_off.currency), part_of=out, **told)
    write_off.do(at=at, on=on)
    write_off.save(update_fields=["status", "done_at", "written_off_on"])
    Account.objects.filter(pk=account.pk).update(status=Account.Status.WRITTEN_OFF)
    audit.record(
        "write_off.done",
        subject=write_off,
        actor=actor,
        at=at,
        person_id=write_off.person_id,
        account=account.pk,
        amount=write_off.amount,
        currency=write_off.currency,
    )


def _refused(*, approval: Approval, subject: WriteOff, reason: str, actor: Actor, at: datetime) -> None:
    write_off = _locked(subject.pk)
    withdrawn = approval.status == Approval.Status.WITHDRAWN
    (write_off.withdraw if withdrawn else write_off.refuse)(at=at, reason=reason[:300])
    write_off.save(update_fields=["status", "ended_at", "ended_reason"])
    audit.record(
        "write_off.withdrawn" if withdrawn else "write_off.refused",
        subject=write_off,
        actor=actor,
        at=at,
        person_id=write_off.person_id,
        reason=reason,
    )
