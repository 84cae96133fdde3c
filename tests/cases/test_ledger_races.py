"""Two payments, a reversal and a waiver at once on one account: the sums are exact, every time.

LEDGER_ROUNDS=1000 runs as many rounds as the promise says; the suite runs a few.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from threading import Barrier

import pytest
from django.db import connections, transaction
from django.db.models import Sum

from cases import ledger, locks, payments
from cases.models import Account, LedgerEntry
from collections_app.shared.actor import SYSTEM
from collections_app.shared.money import Money
from tests.factories import NOW
from tests.factories.cases import AccountFactory, CreditorFactory, PersonFactory, ProductFactory

ROUNDS = int(os.environ.get("LEDGER_ROUNDS", "8"))
DUE, PAID = date(2026, 2, 1), date(2026, 3, 3)


def cny(text):
    return Money(Decimal(text), "CNY")


def pay(account, amount, ref):
    return payments.record(
        creditor=account.creditor,
        source="bank",
        external_ref=f"{account.pk}-{ref}",
        amount=Decimal(amount),
        currency="CNY",
        received_at=NOW - timedelta(days=1),
        value_on=PAID,
        account_id=account.pk,
        actor=SYSTEM,
        at=NOW,
    ).payment


def waive(account):
    with transaction.atomic():
        locks.lock(person_ids=[account.person_id])
        ledger.take(
            Account.objects.get(pk=account.pk), cny("5.00"), kind="waiver", only=["penalty"],
            effective_on=date(2026, 3, 2), at=NOW, source="waiver", reference="W",
        )  # fmt: skip


@pytest.fixture
def product(own_database):
    return ProductFactory(creditor=CreditorFactory(), kind="personal_loan")


def owing(product):
    account = AccountFactory(product=product, person=PersonFactory(), balance="0.00", dpd=0, on=DUE)
    for component, amount in (("principal", "100.00"), ("interest", "10.00"), ("penalty", "5.00")):
        ledger.charge(account, component, cny(amount), DUE, DUE, at=NOW - timedelta(days=30), source="test")
    return account, pay(account, "30.00", "first")


def test_two_payments_a_reversal_and_a_waiver_at_once_sum_exactly(product):
    together = Barrier(4)

    def act(what):
        together.wait(timeout=20)
        what()

    def bye(_number):
        together.wait(timeout=20)
        connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        for _round in range(ROUNDS):
            account, first = owing(product)
            acts = (
                lambda account=account: pay(account, "40.00", "a"),
                lambda account=account: pay(account, "50.00", "b"),
                lambda first=first: payments.reverse(payment_id=first.pk, reason="bounced", actor=SYSTEM, at=NOW),
                lambda account=account: waive(account),
            )
            list(pool.map(act, acts))
            total = LedgerEntry.objects.filter(account=account).aggregate(total=Sum("amount"))["total"]
            assert Account.objects.get(pk=account.pk).balance == total == Decimal("20.00")
            assert ledger.components(account.pk) == {"principal": Decimal("20.00")}
        list(pool.map(bye, range(4)))
