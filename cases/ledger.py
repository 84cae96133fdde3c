"""Money on an account: entries are only added, and the database moves the balance with them.

A positive amount raises what is owed (principal, interest, fees), a negative one lowers it (payments, waivers). What
lowers a debt is divided over its charges by the product's waterfall (`cases.allocation`), a line for each charge it
meets. After every change the history is played again (`cases.replay`), and where the division comes out otherwise, on
any date from then on, the difference is posted: so the lines up to a date always sum to what that date's events say.

Every verb here needs the locks of the account's person (`cases.locks`), which the caller holds.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from django.db import transaction
from django.db.models import QuerySet, Sum

from cases import allocation, own_books, replay, settling
from cases.models import Account, LedgerEntry, Payment
from cases.settling import TAKES
from collections_app.shared.money import CurrencyMismatch, Money

Kind = LedgerEntry.Kind
Component = LedgerEntry.Component
ZERO: Final = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class _New:
    """A take that is about to be posted; in the replay its id is 0."""

    kind: str
    amount: Decimal
    effective_on: date
    only: frozenset[str] | None
    source: str
    reference: str
    payment: Payment | None

    def as_take(self) -> replay.Take:
        order = settling.order_of(self.kind, self.source, self.reference, self.amount, self.only)
        return replay.Take(0, self.amount, self.effective_on, order, self.only)


def post(
    *,
    account: Account,
    kind: str,
    amount: Money,
    effective_on: date,
    at: datetime,
    source: str,
    reference: str = "",
    component: str = Component.UNSPLIT,
    due_on: date | None = None,
    payment: Payment | None = None,
    reverses: LedgerEntry | None = None,
    part_of: LedgerEntry | None = None,
) -> LedgerEntry:
    """Add one entry and move the balance by it. Raises CurrencyMismatch.

    The plain movement: `charge`, `take` and `reverse` also see to the division of what was paid.
    """
    if amount.currency != account.currency:
        raise CurrencyMismatch(f"{amount.currency} on an account in {account.currency}")
    line = _line(
        account,
        kind=kind,
        component=component,
        due_on=due_on,
        amount=amount.amount,
        effective_on=effective_on,
        recorded_at=at,
        source=source,
        reference=reference,
        payment=payment,
        reverses=reverses,
        part_of=part_of,
    )
    return _add(account, [line])[0]


@transaction.atomic
def charge(
    account: Account,
    component: str,
    amount: Money,
    due_on: date | None,
    effective_on: date,
    *,
    at: datetime,
    source: str,
    reference: str = "",
) -> LedgerEntry:
    """Raise what is owed of one component with one due date (None: due at once). Credit that waits meets it at once.

    Raises CurrencyMismatch, and ValueError for an amount that is not positive or a component that cannot be owed.
    """
    if amount.amount <= 0 or component not in (*allocation.COMPONENTS, Component.UNSPLIT):
        raise ValueError("a charge is positive and of a component that can be owed")
    entry = post(
        account=account,
        kind=Kind.ADJUSTMENT if component == Component.UNSPLIT else component,
        amount=amount,
        effective_on=effective_on,
        at=at,
        source=source,
        reference=reference,
        component=component,
        due_on=due_on,
    )
    settle(account, since=effective_on, at=at, source=source)
    own_books.follow(account, since=effective_on, at=at)
    return entry


@transaction.atomic
def take(
    account: Account,
    amount: Money,
    *,
    kind: str,
    payment: Payment | None = None,
    effective_on: date,
    at: datetime,
    only: Collection[str] | None = None,
    source: str,
    reference: str = "",
) -> list[LedgerEntry]:
    """Lower what is owed by an amount, divided by the account's waterfall; return its lines, the first one first.

    amount: positive. kind: payment, waiver or write_off. only: the components it may meet; what they do not take is
    credit. Raises CurrencyMismatch, and ValueError for an amount or a kind that cannot be taken.
    """
    if amount.currency != account.currency:
        raise CurrencyMismatch(f"{amount.currency} on an account in {account.currency}")
    if amount.amount <= 0 or kind not in TAKES:
        raise ValueError("what is taken is positive, and a payment, a waiver or a write-off")
    new = _New(
        kind, amount.amount, effective_on, frozenset(only) if only is not None else None, source, reference, payment
    )
    lines = _settle(account, since=effective_on, at=at, source=source, new=new)
    own_books.follow(account, since=effective_on, at=at)
    return lines


@transaction.atomic
def reverse(*, entry: LedgerEntry, account: Account, effective_on: date, at: datetime, source: str) -> LedgerEntry:
    """Undo an entry by its opposite, a line of a payment or waiver with all its lines; return the opposite of `entry`.

    effective_on: from when it is undone, at the earliest the date from which it counted. What other payments met is
    divided anew from that date on, as though it had never been. An entry can be reversed once: the database refuses a
    second time.
    """
    effective_on = max(effective_on, entry.effective_on)
    lines = [entry]
    if entry.kind in (*TAKES, Kind.REALLOCATION):
        head = entry.part_of or entry
        lines = _lines_of(head, on=effective_on)
        if entry not in lines:
            lines = [entry]  # undone before: the database says so
    opposites = [
        _line(
            account,
            kind=Kind.REVERSAL,
            component=line.component,
            due_on=line.due_on,
            amount=-line.amount,
            effective_on=effective_on,
            recorded_at=at,
            source=source,
            reference=line.reference,
            payment=line.payment,
            reverses=line,
            part_of=(line.part_of or line) if line.kind in (*TAKES, Kind.REALLOCATION) else None,
        )
        for line in lines
    ]
    written = _add(account, opposites)
    settle(account, since=effective_on, at=at, source=source)
    own_books.follow(account, since=effective_on, at=at)
    return next(line for line in written if line.reverses_id == entry.pk)


def settle(account: Account, *, since: date, at: datetime, source: str) -> list[LedgerEntry]:
    """Divide anew what was paid, from a date on, after something else was posted; return the lines that were needed.

    They are `reallocation` lines, which sum to zero for every payment on every date.
    """
    return _settle(account, since=since, at=at, source=source, new=None)


@dataclass(frozen=True, slots=True)
class Taking:
    """A payment that is to be taken on an account."""

    account: Account
    amount: Money
    payment: Payment
    effective_on: date


@transaction.atomic
def take_together(takings: Sequence[Taking], *, at: datetime, source: str) -> None:
    """Take payments on many accounts, as `take` would one after the other: few statements where each is plain.

    An account is named once. Raises CurrencyMismatch and ValueError as `take` does.
    """
    entries: dict[int, list[LedgerEntry]] = {taking.account.pk: [] for taking in takings}
    if len(entries) != len(takings):
        raise ValueError("an account is named once")
    for entry in LedgerEntry.objects.filter(account_id__in=list(entries)).order_by("effective_on", "pk"):
        entries[entry.account_id].append(entry)
    choosers = settling.choosers(taking.account for taking in takings)
    plain: list[list[LedgerEntry]] = []
    for taking in takings:
        account = taking.account
        lines = _plain_lines(taking, entries[account.pk], choosers[account.pk], at=at, source=source)
        if lines is not None:
            plain.append(lines)
            continue
        take(
            account, taking.amount, kind=Kind.PAYMENT, payment=taking.payment, effective_on=taking.effective_on,
            at=at, source=source, reference=taking.payment.external_ref,
        )  # fmt: skip
    _add_together([lines[0] for lines in plain])
    for lines in plain:
        for line in lines[1:]:
            line.part_of = lines[0]
    _add_together([line for lines in plain for line in lines[1:]])
    for lines in plain:
        own_books.follow(lines[0].account, since=lines[0].effective_on, at=at)


def _plain_lines(
    taking: Taking, entries: list[LedgerEntry], choose: replay.Choose, *, at: datetime, source: str
) -> list[LedgerEntry] | None:
    """Return the lines of a payment that divides nothing else anew; None for one that does, or cannot be."""
    account, day = taking.account, taking.effective_on
    if taking.amount.currency != account.currency or taking.amount.amount <= 0:
        return None
    new = _New(Kind.PAYMENT, taking.amount.amount, day, None, source, taking.payment.external_ref, taking.payment)
    charges, takes = settling.events_of(entries)
    found = settling.differences(entries, charges, [*takes, new.as_take()], since=day, account=account, choose=choose)
    if len(found) != 1 or found[0][0] != day or set(found[0][1]) != {0}:
        return None
    return _new_lines(account, new, found[0][1][0], at=at)


# -- what the ledger says ----------------------------------------------------------------------------------------------


def balance(account_id: int, *, on: date | None = None, known_at: datetime | None = None) -> Decimal:
    """Return the sum of the entries, all of them or those effective up to and including a date.

    known_at: only those recorded at or before this instant.
    """
    return _entries(account_id, on, known_at).aggregate(total=Sum("amount"))["total"] or ZERO


def components(account_id: int, *, on: date | None = None, known_at: datetime | None = None) -> dict[str, Decimal]:
    """Return the balance by component; credit is negative, a component at zero is left out."""
    sums = _entries(account_id, on, known_at).values_list("component").annotate(total=Sum("amount"))
    return {component: total for component, total in sums.order_by("component") if total}


def dues(account_id: int, *, on: date | None = None, known_at: datetime | None = None) -> list[allocation.Due]:
    """Return what is still owed of each charge, earliest due date first, without date before all.

    on: by the entries effective up to and including this date. known_at: and recorded at or before this instant.
    """
    sums = _entries(account_id, on, known_at).exclude(component=Component.CREDIT)
    rows = sums.values_list("component", "due_on").annotate(total=Sum("amount")).filter(total__gt=0)
    found = [allocation.Due(component, due_on, total) for component, due_on, total in rows]
    return sorted(found, key=lambda due: (due.due_on or date.min, due.component))


def _entries(account_id: int, on: date | None, known_at: datetime | None) -> QuerySet[LedgerEntry]:
    entries = LedgerEntry.objects.filter(account_id=account_id)
    if on is not None:
        entries = entries.filter(effective_on__lte=on)
    if known_at is not None:
        entries = entries.filter(recorded_at__lte=known_at)
    return entries


# -- dividing anew -----------------------------------------------------------------------------------------------------


def _settle(account: Account, *, since: date, at: datetime, source: str, new: _New | None) -> list[LedgerEntry]:
    entries = list(LedgerEntry.objects.filter(account_id=account.pk).order_by("effective_on", "pk"))
    charges, takes = settling.events_of(entries)
    if new is not None:
        takes.append(new.as_take())
    if not takes:
        return []
    told = {entry.pk: entry for entry in entries}
    found = settling.differences(entries, charges, takes, since=since, account=account)
    written: list[LedgerEntry] = []
    if new is not None:
        day, parts = next((day, of_day.pop(0)) for day, of_day in found if day == new.effective_on)
        written = _post_new(account, new, parts, at=at)
        told[0] = written[0]
    lines = []
    for day, of_day in found:
        for take_id, parts in of_day.items():
            head = told[take_id]
            lines += [
                _line(
                    account,
                    kind=Kind.REALLOCATION,
                    component=component,
                    due_on=due_on,
                    amount=-amount,
                    effective_on=day,
                    recorded_at=at,
                    source=source,
                    reference=head.reference,
                    payment_id=head.payment_id,
                    part_of=head,
                )
                for (component, due_on), amount in sorted(parts.items(), key=_spot)
            ]
    return written + _add(account, lines)


def _post_new(account: Account, new: _New, parts: dict[replay.Spot, Decimal], *, at: datetime) -> list[LedgerEntry]:
    lines = _new_lines(account, new, parts, at=at)
    first = _add(account, lines[:1])
    for line in lines[1:]:
        line.part_of = first[0]
    return first + _add(account, lines[1:])


def _new_lines(account: Account, new: _New, parts: dict[replay.Spot, Decimal], *, at: datetime) -> list[LedgerEntry]:
    lines = [
        _line(
            account,
            kind=new.kind,
            component=component,
            due_on=due_on,
            amount=-amount,
            effective_on=new.effective_on,
            recorded_at=at,
            source=new.source,
            reference=new.reference,
            payment=new.payment,
        )
        for (component, due_on), amount in sorted(parts.items(), key=_spot)
    ]
    lines[0].only = sorted(new.only) if new.only is not None else None
    return lines


def _lines_of(head: LedgerEntry, *, on: date) -> list[LedgerEntry]:
    """Return the lines of a payment or waiver that stand on a date and were not reversed, its first one first."""
    lines = LedgerEntry.objects.filter(account_id=head.account_id, effective_on__lte=on).exclude(kind=Kind.REVERSAL)
    mine = lines.filter(part_of=head) | lines.filter(pk=head.pk)
    return list(mine.filter(reversed_by__isnull=True).order_by("pk"))


def _spot(item: tuple[replay.Spot, Decimal]) -> tuple[bool, date, str]:
    (component, due_on), _amount = item
    return (component == Component.CREDIT, due_on or date.min, component)


# -- writing -----------------------------------------------------------------------------------------------------------


def post_accrued(lines: list[LedgerEntry]) -> None:
    """Write lines of many accounts at once, on which nothing that was paid comes to meet anything else."""
    LedgerEntry.objects.bulk_create(lines, batch_size=1000)


def _line(account: Account, **fields: Any) -> LedgerEntry:
    return LedgerEntry(
        account=account,
        person_id=account.person_id,
        creditor_id=account.creditor_id,
        currency=account.currency,
        **fields,
    )


def _add(account: Account, lines: list[LedgerEntry]) -> list[LedgerEntry]:
    """Write lines. The database moves the balance by their sum, and by nothing else: nobody writes it himself."""
    if not lines:
        return []
    written = LedgerEntry.objects.bulk_create(lines)
    account.balance += sum((line.amount for line in lines), ZERO)
    return written


def _add_together(lines: list[LedgerEntry]) -> None:
    """Write lines of many accounts, whose balances the database moves by their sums."""
    LedgerEntry.objects.bulk_create(lines)
    for line in lines:
        line.account.balance += line.amount
