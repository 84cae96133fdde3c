"""The figures of a real portfolio: 24,000 card accounts over six months, against answers worked out elsewhere."""

import calendar
import csv
import json
import lzma
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

DATA = Path(__file__).parents[2] / "data" / "uci"
MONTHS = [date(2005, month, calendar.monthrange(2005, month)[1]) for month in range(4, 10)]
PAIRS = list(pairwise(MONTHS))
LABELS = ["M0", "M1", "M2", "M3", "M4", "M5", "M6", "M7+"]
ARREARS_ON = date(2005, 9, 30)


def unpacked(name: str) -> bytes:
    return lzma.decompress((DATA / f"{name}.xz").read_bytes())


@pytest.fixture(scope="module")
def expected() -> Any:
    return json.loads(unpacked("expected_dev.json"))["result"]


@pytest.fixture(scope="module")
def book(own_database: Any, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Import the six monthly tapes in order, then the same months again, then the arrears tape; yield the results."""
    from cases.imports import loader
    from cases.models import Creditor, Product
    from collections_app.shared import clock
    from collections_app.shared.actor import SYSTEM

    folder = tmp_path_factory.mktemp("tapes")
    with django_db_blocker.unblock():
        creditors = {}
        for code in ("monthly", "arrears"):
            creditors[code] = Creditor.objects.create(
                code=code, name=code, kind="bank", time_zone="Asia/Taipei", currency="TWD"
            )
            Product.objects.create(creditor=creditors[code], code="card", name="Card", kind="credit_card")

        def load(name: str, mapping: str, as_of: date, creditor: str) -> Any:
            path = folder / name
            path.write_bytes(unpacked(name))
            return loader.import_tape(
                path, mapping=mapping, creditor=creditors[creditor], as_of=as_of, actor=SYSTEM, at=clock.now()
            )

        results = {day: load(f"tape_{day:%Y-%m}.csv", "card-monthly", day, "monthly") for day in MONTHS}
        again = [load(f"tape_{day:%Y-%m}.csv", "card-monthly", day, "monthly") for day in MONTHS[5:]]
        arrears = load("arrears_tape_2005-09-30.csv", "auto", ARREARS_ON, "arrears")
        yield {"creditors": creditors, "results": results, "again": again, "arrears": arrears}


def test_every_row_of_every_month_is_taken(book, expected):
    assert [result.accepted for result in book["results"].values()] == [24_000] * 6
    assert [result.refused for result in book["results"].values()] == [0] * 6
    assert [result.created for result in book["results"].values()] == [24_000, 0, 0, 0, 0, 0]


@pytest.mark.parametrize("month", MONTHS, ids=str)
def test_control_totals_agree_with_the_source(book, expected, month):
    answer = expected["months"][f"{month:%Y-%m}"]
    totals = book["results"][month].totals
    balance = f"{sum(answer['statement_balance_by_bucket'].values())}.00"
    assert totals["balance"] == {"file": balance, "loaded": balance}
    assert totals["paid_in_month"]["loaded"] == f"{answer['paid_in_month_total']}.00"


def test_the_same_file_twice_changes_nothing(book, django_db_blocker):
    from cases.models import AccountState, ImportBatch, LedgerEntry

    assert [(one.created, one.updated, one.unchanged, one.refused) for one in book["again"]] == [(0, 0, 24_000, 0)]
    with django_db_blocker.unblock():
        written = [
            (
                AccountState.objects.filter(batch=one.batch_id).count(),
                LedgerEntry.objects.filter(batch=one.batch_id).count(),
            )
            for one in book["again"]
        ]
        assert ImportBatch.objects.filter(status="loaded").count() == 8
    assert written == [(0, 0)]


@pytest.mark.parametrize("month", MONTHS, ids=str)
def test_accounts_and_balances_per_bucket_are_those_of_the_source(book, expected, month, django_db_blocker):
    from cases import portfolio

    answer = expected["months"][f"{month:%Y-%m}"]
    with django_db_blocker.unblock():
        (found,) = portfolio.books(as_of=month, creditor_ids=[book["creditors"]["monthly"].pk])
    assert {label: share.accounts for label, share in found.buckets.items()} == answer["count_by_bucket"]
    assert {label: share.balance for label, share in found.buckets.items()} == {
        label: Decimal(balance) for label, balance in answer["statement_balance_by_bucket"].items()
    }
    assert found.total.accounts == 24_000


@pytest.mark.parametrize(("since", "as_of"), PAIRS, ids=lambda day: f"{day:%Y-%m}")
def test_every_transition_matrix_is_that_of_the_source(book, expected, since, as_of, django_db_blocker):
    from cases import portfolio

    answer = expected["transitions"][f"{since:%Y-%m}->{as_of:%Y-%m}"]
    with django_db_blocker.unblock():
        found = portfolio.moves(
            since=since, as_of=as_of, currency="TWD", creditor_ids=[book["creditors"]["monthly"].pk]
        )
    counts = {before: {after: share.accounts for after, share in row.items()} for before, row in found.matrix.items()}
    balances = {before: {after: share.balance for after, share in row.items()} for before, row in found.matrix.items()}
    assert counts == answer["count_matrix"]
    assert balances == {
        before: {after: Decimal(amount) for after, amount in row.items()}
        for before, row in answer["balance_matrix_by_opening_statement_balance"].items()
    }
    assert (found.entered, found.cured, found.rolled, found.stayed, found.improved) == (
        answer["newly_delinquent_from_M0"],
        answer["cured"],
        answer["rolled_forward"],
        answer["stayed"],
        answer["rolled_back_but_still_past_due"],
    )


def test_days_past_due_and_both_schemes_are_those_worked_out_for_every_account(book, django_db_blocker):
    from cases import ageing
    from cases.imports import canonical
    from cases.models import AccountState

    with django_db_blocker.unblock():
        states = AccountState.objects.filter(creditor=book["creditors"]["arrears"]).select_related("account")
        since = {bytes(state.account.number_hash): state.past_due_since for state in states}
        wrong = []
        for row in csv.DictReader(unpacked("arrears_expected_2005-09-30.csv").decode().splitlines()):
            found = since[canonical.seal("account", row["account_id"]).hash]
            dpd = ageing.dpd(found, ARREARS_ON)
            got = (str(dpd), ageing.MONTHS.bucket(dpd), ageing.US.bucket(dpd))
            if got != (row["expected_days_past_due"], row["expected_bucket_30_day"], row["expected_bucket_us_style"]):
                wrong.append((row, got))
    assert len(since) == 24_000
    assert wrong == []


def test_every_balance_is_the_sum_of_its_ledger_and_the_last_tape(book, django_db_blocker):
    from django.db.models import Sum

    from cases.models import Account, LedgerEntry

    monthly = book["creditors"]["monthly"].pk
    with django_db_blocker.unblock():
        balances = dict(Account.objects.filter(creditor=monthly).values_list("pk", "balance"))
        entries = LedgerEntry.objects.filter(creditor=monthly).values_list("account").annotate(total=Sum("amount"))
        sums = {account: Decimal("0.00") for account in balances} | dict(entries)
    assert balances == sums
    assert sum(balances.values()) == Decimal("1219078485.00")


def test_an_account_without_a_name_has_a_person_of_its_own_and_no_way_to_be_reached(book, django_db_blocker):
    from cases.models import ContactPoint, Person

    with django_db_blocker.unblock():
        assert Person.objects.count() == 48_000
        assert Person.objects.filter(is_named=True).count() == 0
        assert ContactPoint.objects.count() == 0


def test_a_report_of_the_command_says_the_same(book, expected, django_db_blocker, capsys):
    from django.core.management import call_command

    with django_db_blocker.unblock():
        call_command(
            "portfolio_report", "--as-of", "2005-09-30", "--since", "2005-08-31", "--creditor", "monthly", "--json"
        )
    report = json.loads(capsys.readouterr().out)
    answer = expected["months"]["2005-09"]
    assert {label: share["accounts"] for label, share in report["buckets"].items()} == answer["count_by_bucket"]
    assert (report["accounts"], report["balance"], report["cured"]) == (24_000, "1219078485.00", 359)
    assert list(report["transitions"]) == LABELS
