"""Rows of a file become payments, some hundreds at a time, by the same rules as one alone (`cases.payments.record`).

What is the same for all of them is written together: the payments, their lines in the ledger, the balances, the trail.
A person who promised or agreed on something, or who has two payments in one part of the file, goes through the verbs of
one payment, one after the other.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final

from django.db import connection, transaction

from cases import arrears, ledger, lifecycle, locks, payers, payment_effects, payments, positions
from cases.imports.refusals import RowRefusal
from cases.models import Account, AccountState, Case, Creditor, Payment, Plan, Product, Promise, Settlement
from cases.models.case import OPEN, Status
from cases.payment_effects import Share
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from collections_app.shared.money import Money
from collections_app.shared.sealed import last4
from compliance import audit

from . import sql
from .reader import Row

NOON: Final = time(12)


@dataclass(slots=True)
class Taken:
    """What became of some rows of a file. conflicts: rows whose reference is another payment already."""

    created: int = 0
    unchanged: int = 0
    allocated: int = 0
    unallocated: int = 0
    loaded: Decimal = Decimal(0)
    conflicts: list[RowRefusal] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Book:
    """Into whose book, from which file, by whom and when."""

    creditor: Creditor
    source: str
    batch_id: int
    actor: Actor
    at: datetime

    def take(self, rows: Sequence[Row]) -> Taken:
        """Record these rows, which are good and name each reference once. Runs in a transaction of its own."""
        taken = Taken(loaded=sum((row.amount for row in rows), Decimal(0)))
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(sql.TIMEOUTS)
            accounts = self._accounts(rows)
            locks.lock(person_ids={account.person_id for account in accounts.values()})
            self._read_balances(accounts.values())
            made = self._insert(sorted(rows, key=lambda row: row.reference), accounts)
            self._know_again([row for row in rows if row.reference not in made], accounts, taken)
            self._place(made, rows, accounts, taken)
        return taken

    def _accounts(self, rows: Sequence[Row]) -> dict[bytes, Account]:
        hashes = {row.account_hash for row in rows if row.account}
        found = Account.objects.filter(creditor=self.creditor, number_hash__in=hashes)
        accounts = {bytes(each.number_hash): each for each in found}
        products = {product.pk: product for product in Product.objects.filter(creditor=self.creditor)}
        for each in accounts.values():
            each.creditor, each.product = self.creditor, products[each.product_id]
        return accounts

    @staticmethod
    def _read_balances(accounts: Collection[Account]) -> None:
        """Read the balances again, now that nobody else moves them."""
        found = dict(Account.objects.filter(pk__in=[each.pk for each in accounts]).values_list("pk", "balance"))
        for each in accounts:
            each.balance = found[each.pk]

    def _insert(self, rows: Sequence[Row], accounts: Mapping[bytes, Account]) -> dict[str, Payment]:
        """Write the payments that are new, and return them by reference, as received."""
        zone = clock.zone(self.creditor.time_zone)
        named = [accounts[row.account_hash or b""] for row in rows if row.payer_name and row.account_hash in accounts]
        guarantors, owners = payers.guarantors_of(named), payers.names_of(named)
        made = []
        for row in rows:
            account = accounts.get(row.account_hash or b"")
            assert row.value_on is not None
            made.append(
                Payment(
                    creditor=self.creditor,
                    source=self.source,
                    batch_id=self.batch_id,
                    recorded_at=self.at,
                    recorded_by=str(self.actor),
                    external_ref=row.reference,
                    amount=row.amount,
                    currency=row.currency,
                    received_at=min(self.at, datetime.combine(row.value_on, NOON, zone)),
                    value_on=row.value_on,
                    account_hint=row.account_hash,
                    account_hint_last4=last4(row.account) if row.account else "",
                    payer=_payer(row, account, owners, guarantors),
                    payer_name=row.payer_name,
                    method=row.method,
                    remittance=row.remittance,
                )
            )
        columns = (
            "external_ref", "amount", "currency", "received_at", "value_on", "account_hint", "account_hint_last4",
            "payer", "payer_name", "method", "remittance",
        )  # fmt: skip
        written = sql.INSERT_PAYMENTS.rows(
            [
                self.creditor.pk, self.source, self.batch_id, self.at, str(self.actor)[:120],
                *([getattr(each, column) for each in made] for column in columns),
            ]
        )  # fmt: skip
        by_reference = {each.external_ref: each for each in made}
        for pk, reference in written:
            by_reference[reference].pk = pk
            by_reference[reference]._state.adding = False
        return {reference: by_reference[reference] for _pk, reference in written}

    def _know_again(self, rows: Sequence[Row], accounts: Mapping[bytes, Account], taken: Taken) -> None:
        """Compare the rows whose references are taken with the payments that have them."""
        known = {
            each.external_ref: each
            for each in Payment.objects.filter(
                creditor=self.creditor, source=self.source, external_ref__in=[row.reference for row in rows]
            )
        }
        for row in rows:
            payment = known[row.reference]
            account = accounts.get(row.account_hash or b"")
            same = (payment.amount, payment.currency) == (row.amount, row.currency) and (
                account is None or payment.account_id in (None, account.pk) or payment.division != ""
            )
            if same:
                taken.unchanged += 1
                continue
            about = {"reference": row.reference, "amount": str(payment.amount), "currency": payment.currency}
            taken.conflicts.append(RowRefusal(row.line, "", "reference_is_another_payment", about))
            taken.loaded -= row.amount

    def _place(
        self, made: Mapping[str, Payment], rows: Sequence[Row], accounts: Mapping[bytes, Account], taken: Taken
    ) -> None:
        taken.created = len(made)
        together: list[tuple[Payment, Account]] = []
        alone: list[tuple[Payment, Account]] = []
        aside: list[tuple[Payment, str]] = []
        found = [(made[row.reference], accounts.get(row.account_hash or b"")) for row in rows if row.reference in made]
        times = Counter(account.person_id for _payment, account in found if account)
        agreed = self._with_agreements(list(times))
        for payment, account in found:
            if account is None:
                aside.append((payment, "unknown-account"))
            elif account.currency != payment.currency:
                aside.append((payment, "wrong-currency"))
            else:
                is_plain = times[account.person_id] == 1 and account.person_id not in agreed
                (together if is_plain else alone).append((payment, account))
        taken.unallocated, taken.allocated = len(aside), len(together) + len(alone)
        self._say_recorded(found)
        self._set_aside(aside)
        if together:
            self._allocate(together)
        for payment, account in alone:
            shares = [Share(Account.objects.select_related("product", "creditor").get(pk=account.pk), _money(payment))]
            payments.allocate_locked(payment, shares, actor=self.actor, at=self.at)

    def _say_recorded(self, found: Sequence[tuple[Payment, Account | None]]) -> None:
        audit.record_together(
            self._event(
                "payment.recorded", payment, account.person_id if account else None,
                amount=payment.amount, currency=payment.currency, source=self.source, batch=self.batch_id,
            )
            for payment, account in found
        )  # fmt: skip

    def _event(self, name: str, payment: Payment, person_id: int | None, **details: Any) -> audit.Happened:
        return audit.Happened(name, payment, self.actor, self.at, person_id, details)

    def _set_aside(self, aside: Sequence[tuple[Payment, str]]) -> None:
        if aside:
            sql.SET_ASIDE.rows([[payment.pk for payment, _why in aside], [why for _payment, why in aside]])
            audit.record_together(
                self._event("payment.unallocated", payment, None, reason=why) for payment, why in aside
            )

    def _allocate(self, placed: Sequence[tuple[Payment, Account]]) -> None:
        """Put payments of as many persons on their accounts, and let everything follow."""
        today = clock.business_day(self.at, self.creditor.time_zone)
        positions = arrears.of_accounts([account for _payment, account in placed], on=today)
        before = {position.account.pk: position for position in positions}
        sql.ALLOCATE.rows(
            [
                [payment.pk for payment, _account in placed],
                [account.pk for _payment, account in placed],
                [account.person_id for _payment, account in placed],
            ]
        )
        ledger.take_together(
            [ledger.Taking(account, _money(payment), payment, payment.value_on) for payment, account in placed],
            at=self.at,
            source="payment",
        )
        audit.record_together(
            self._event("payment.allocated", payment, account.person_id, account=account.pk)
            for payment, account in placed
        )
        for payment, account in placed:
            share = Share(account, _money(payment))
            payment_effects.make_current(share, before[account.pk], value_on=payment.value_on, at=self.at)
        cases = self._refresh([account.person_id for _payment, account in placed], on=today)
        self._look_back(placed, cases, on=today)

    def _look_back(self, placed: Sequence[tuple[Payment, Account]], cases: Mapping[int, Case], *, on: date) -> None:
        """Put late payments that change an age before a supervisor; only what was once past due has one."""
        late = [(payment, account) for payment, account in placed if payment_effects.is_late(payment, on)]
        states = AccountState.objects.filter(
            account_id__in=[account.pk for _payment, account in late], past_due_since__isnull=False
        )
        aged = set(states.order_by().values_list("account_id", flat=True)) if late else set()
        for payment, account in late:
            if account.pk in aged:
                case = cases.get(account.person_id)
                payment_effects.look_back(Share(account, _money(payment)), payment, case, actor=self.actor, at=self.at)

    def _refresh(self, person_ids: Sequence[int], *, on: date) -> dict[int, Case]:
        """Bring the open cases of persons who agreed on nothing up to date, and cure those that nothing keeps open."""
        found = Case.objects.filter(creditor=self.creditor, person_id__in=person_ids, status__in=OPEN)
        cases = list(found.select_for_update(of=("self",), no_key=True).order_by("person_id"))
        beside = Account.objects.filter(creditor=self.creditor, person_id__in=[case.person_id for case in cases])
        found_of: dict[int, list[arrears.Arrears]] = {}
        for position in arrears.of_accounts(list(beside.select_related("product")), on=on):
            found_of.setdefault(position.account.person_id, []).append(position)
        for case in cases:
            case.creditor = self.creditor
            case.past_due_since, case.balance = positions.position_of(found_of.get(case.person_id, []))
        fresh = [(case.pk, case.past_due_since, case.balance) for case in cases]
        if fresh:
            sql.REFRESH_CASES.rows([list(column) for column in zip(*fresh, strict=True)])
        for case in cases:
            if case.past_due_since is None:
                lifecycle.cure_locked(case, actor=self.actor, at=self.at)
        return {case.person_id: case for case in cases}

    def _with_agreements(self, person_ids: Sequence[int]) -> set[int]:
        """Return the persons for whom a payment may do more than lower what is owed and cure."""
        waits = Case.objects.filter(status__in=[Status.PROMISED, Status.ON_PLAN])
        found: set[int] = set()
        for rows in (Promise.objects.all(), Plan.objects.all(), Settlement.objects.all(), waits):
            mine = rows.filter(creditor=self.creditor, person_id__in=person_ids)
            found.update(mine.order_by().values_list("person_id", flat=True))
        return found


def _money(payment: Payment) -> Money:
    return Money(payment.amount, payment.currency)


def _payer(row: Row, account: Account | None, owners: Mapping[int, str], guarantors: Mapping[int, set[str]]) -> str:
    """Return who paid: as the row says; else as the name says. A third party without a name cannot be kept as one."""
    if row.payer and (row.payer != Payment.Payer.THIRD_PARTY or row.payer_name):
        return row.payer
    if account is None or not row.payer_name:
        return Payment.Payer.BORROWER
    known = guarantors.get(account.borrower_id, set())
    return payers.who(row.payer_name, own=owners.get(account.person_id, ""), guarantors=known)
