"""Files and single payments at the same moment, from several connections: each reference makes one payment."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.cases.imports.test_import_together import together

AT = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)


@pytest.fixture
def book(own_database: Any, django_db_blocker: Any) -> Any:
    """Return the creditor and ten accounts of a book of the module's own database."""
    from tests.factories.cases import AccountFactory, CaseFactory, CreditorFactory

    with django_db_blocker.unblock():
        creditor = CreditorFactory()
        for place in range(10):
            case = CaseFactory(creditor=creditor, working=True, accounts=False, balance="500.00")
            product = creditor.products.first()
            more = {"product": product} if product else {"product__creditor": creditor}
            AccountFactory(person=case.person, borrower=case.borrower, number=f"62220000{place:04d}", **more)
        yield creditor


def test_two_files_and_two_payments_with_the_same_references_make_each_once(book: Any, tmp_path: Any) -> None:
    from cases import ledger, payments
    from cases.models import Account, ImportBatch, Payment
    from cases.payment_files import loader
    from collections_app.shared.actor import SYSTEM

    rows = [f"62220000{n % 10:04d},2026-03-04,{n + 1}.00,T{n}" for n in range(40)]
    files = []
    for name, order in (("a.csv", rows), ("b.csv", rows[::-1])):
        path = tmp_path / name
        path.write_text("\n".join(["account_number,paid_on,amount,reference", *order]) + "\n")
        files.append(path)

    def load(path: Any) -> Any:
        return lambda: loader.import_payments(path, mapping="auto", creditor=book, actor=SYSTEM, at=AT)

    def tell() -> Any:
        made = [
            payments.record(
                creditor=book, source="file", external_ref=f"T{n}", amount=Decimal(n + 1), currency="CNY",
                received_at=AT, account_number=f"62220000{n % 10:04d}", actor=SYSTEM, at=AT,
            ).is_new
            for n in range(0, 40, 7)
        ]  # fmt: skip
        return sum(made)

    first, second, one, two = together([load(files[0]), load(files[1]), tell, tell])
    assert not any(isinstance(result, Exception) for result in (first, second, one, two)), (first, second, one, two)
    assert first.created + second.created + one + two == 40
    assert (first.refused, second.refused, Payment.objects.filter(creditor=book).count()) == (0, 0, 40)
    owed = Account.objects.filter(creditor=book)
    assert sum(owed.values_list("balance", flat=True)) == 10 * 500 - sum(range(1, 41))
    assert all(ledger.balance(account.pk) == account.balance for account in owed)
    assert set(ImportBatch.objects.filter(creditor=book).values_list("status", flat=True)) == {"loaded"}


def test_a_naive_twin_that_looks_before_it_writes_doubles_a_payment(book: Any) -> None:
    """The control: without the rule of the database, two who look first both find nothing and both write."""
    import threading

    from cases.models import Payment

    both_looked = threading.Barrier(2)

    def naive() -> bool:
        known = Payment.objects.filter(creditor=book, external_ref__startswith="NAIVE").exists()
        both_looked.wait(10)
        if not known:
            Payment.objects.create(
                creditor=book, source="file", external_ref=f"NAIVE {threading.get_ident()}", amount=Decimal(5),
                currency="CNY", received_at=AT, value_on=AT.date(), recorded_at=AT, recorded_by="x",
            )  # fmt: skip
        return not known

    assert together([naive, naive]) == [True, True]
    assert Payment.objects.filter(creditor=book, external_ref__startswith="NAIVE").count() == 2
