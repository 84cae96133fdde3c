"""What the money page of a case says: every line of its accounts, what each component stands at, what tapes changed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from django.utils.translation import gettext_lazy

from cases import arrears
from cases.models import Account, AccountState, Case, LedgerEntry

SOURCES: Final = {
    "tape": gettext_lazy("the creditor's file"),
    "payment": gettext_lazy("payment"),
    "waiver": gettext_lazy("waiver"),
    "settlement": gettext_lazy("settlement"),
    "write_off": gettext_lazy("write-off"),
    "accrual": gettext_lazy("interest of the day"),
    "contract": gettext_lazy("contract"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the ledger with the balance after it. is_late: recorded on a later day than it counts."""

    entry: LedgerEntry
    balance: Decimal
    is_late: bool

    @property
    def source(self) -> str:
        """Return where the line comes from, in words where they are known."""
        return str(SOURCES.get(self.entry.source, self.entry.source))


@dataclass(frozen=True, slots=True)
class Difference:
    """What the creditor's system said on a day beside our own entries, and what lies between the two, line by line.

    between: our own lines since the tape before, which the tape may or may not count already.
    """

    on: date
    stated: Decimal
    booked: Decimal
    posted: Decimal
    between: tuple[LedgerEntry, ...]

    @property
    def amount(self) -> Decimal:
        return self.stated - self.booked


@dataclass(frozen=True, slots=True)
class Book:
    """One account of the page."""

    account: Account
    rows: tuple[Row, ...]
    components: tuple[tuple[str, Decimal], ...]
    dues: tuple[tuple[str, date | None, Decimal], ...]
    differences: tuple[Difference, ...]


def of_case(case: Case) -> list[Book]:
    """Return the books of a case's accounts, in three queries however many there are."""
    mine = Account.objects.filter(person_id=case.person_id, creditor_id=case.creditor_id)
    accounts = list(mine.select_related("product", "creditor").order_by("pk"))
    ids = [account.pk for account in accounts]
    entries: dict[int, list[LedgerEntry]] = {}
    for entry in LedgerEntry.objects.filter(account_id__in=ids).order_by("effective_on", "pk"):
        entries.setdefault(entry.account_id, []).append(entry)
    tapes: dict[int, list[AccountState]] = {}
    for state in AccountState.objects.filter(account_id__in=ids, cause=arrears.TAPE).order_by("effective_on", "pk"):
        tapes.setdefault(state.account_id, []).append(state)
    return [_book(account, entries.get(account.pk, []), tapes.get(account.pk, [])) for account in accounts]


def _book(account: Account, entries: Sequence[LedgerEntry], tapes: Sequence[AccountState]) -> Book:
    balance = arrears.ZERO
    rows: list[Row] = []
    owed: dict[tuple[str, date | None], Decimal] = {}
    for entry in entries:
        balance += entry.amount
        is_late = entry.source != arrears.TAPE and entry.recorded_at.date() > entry.effective_on
        rows.append(Row(entry, balance, is_late))
        spot = (entry.component, entry.due_on)
        owed[spot] = owed.get(spot, arrears.ZERO) + entry.amount
    components: dict[str, Decimal] = {}
    for (component, _due_on), amount in owed.items():
        components[component] = components.get(component, arrears.ZERO) + amount
    names = dict(LedgerEntry.Component.choices)
    dues = sorted(
        ((component, due_on, amount) for (component, due_on), amount in owed.items() if amount and due_on),
        key=lambda due: (due[1], due[0]),
    )
    return Book(
        account=account,
        rows=tuple(reversed(rows)),
        components=tuple((str(names[component]), amount) for component, amount in components.items() if amount),
        dues=tuple((str(names[component]), due_on, amount) for component, due_on, amount in dues),
        differences=tuple(reversed(list(_differences(entries, tapes)))),
    )


def _differences(entries: Sequence[LedgerEntry], tapes: Sequence[AccountState]) -> Iterator[Difference]:
    before: AccountState | None = None
    for tape in tapes:
        known = [e for e in entries if e.effective_on <= tape.effective_on and e.recorded_at < tape.recorded_at]
        booked = sum((entry.amount for entry in known), arrears.ZERO)
        posted = sum(
            (entry.amount for entry in entries if entry.batch_id is not None and entry.batch_id == tape.batch_id),
            arrears.ZERO,
        )
        if before is not None and booked != tape.balance:
            since = before
            between = tuple(
                entry for entry in known if entry.recorded_at > since.recorded_at and entry.source != arrears.TAPE
            )
            yield Difference(tape.effective_on, tape.balance, booked, posted, between)
        before = tape
