"""Two imports at the same moment, from two connections: the book is as if they had come one after the other."""

import threading
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

AT = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)
DAY = date(2026, 2, 28)
HEAD = "account_id,balance,days_past_due,name,id_number,mobile"


@pytest.fixture
def creditors(own_database: Any, django_db_blocker: Any) -> Any:
    """Return two creditors of the module's own database, which the test may use."""
    from cases.models import Creditor, Product

    with django_db_blocker.unblock():
        made = []
        for code in ("first", "second"):
            creditor, _made = Creditor.objects.get_or_create(
                code=code, defaults={"name": code, "time_zone": "Asia/Shanghai", "currency": "CNY"}
            )
            Product.objects.get_or_create(
                creditor=creditor, code="card", defaults={"name": "Card", "kind": "credit_card"}
            )
            made.append(creditor)
        yield made


def together(jobs: list[Any]) -> list[Any]:
    """Run the jobs in threads that begin at once, each with its own connection; return their results."""
    from django.db import connections

    start, results = threading.Barrier(len(jobs)), [None] * len(jobs)

    def work(place: int) -> None:
        try:
            start.wait(10)
            results[place] = jobs[place]()
        except Exception as error:
            results[place] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(place,)) for place in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def importing(path: Any, creditor: Any) -> Any:
    from cases.imports import loader
    from collections_app.shared.actor import SYSTEM

    return lambda: loader.import_tape(path, mapping="auto", creditor=creditor, as_of=DAY, actor=SYSTEM, at=AT)


def test_the_same_file_from_two_sides_is_loaded_once(creditors, write):
    from cases.models import Account, LedgerEntry

    path = write("account_id,balance,days_past_due", *(f"S{number},{number}.00,5" for number in range(1, 400)))
    results = together([importing(path, creditors[0]) for _side in range(4)])
    assert sorted((one.created, one.unchanged) for one in results) == [(0, 399), (0, 399), (0, 399), (399, 0)]
    accounts = Account.objects.filter(creditor=creditors[0])
    assert accounts.count() == LedgerEntry.objects.filter(creditor=creditors[0]).count() == 399
    assert sum(accounts.values_list("balance", flat=True)) == Decimal(399 * 400 // 2)


def test_one_document_in_two_files_of_two_creditors_is_one_person(creditors, write):
    from cases.models import Address, Person

    paths = [
        write(
            HEAD,
            *(f"{code}{n},1.00,0,Li Na {n},A12345{n:03d},138 0013 {n:04d}" for n in range(300)),
            name=f"{code}.csv",
        )
        for code in ("P", "Q")
    ]
    results = together([importing(path, creditor) for path, creditor in zip(paths, creditors, strict=True)])
    assert [one.created for one in results] == [300, 300]
    assert Person.objects.filter(name__startswith="Li Na").count() == 300
    assert Address.objects.filter(kind="phone").count() == 300
