"""A file of payments: the same rules as one payment alone, once each, bad rows kept with their place and reason."""

import csv
import io
import json
import lzma
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import call_command

from cases import payments, promises
from cases.imports.refusals import FileRefused, MappingUnclear
from cases.models import Account, AccountState, Case, ImportBatch, ImportRow, LedgerEntry, Payment, Promise
from cases.payment_files import formats, loader, rollback
from collections_app.shared.actor import SYSTEM
from compliance.models import AuditEvent
from tests.factories import NOW
from tests.factories.cases import AccountFactory, CaseFactory, CreditorFactory, ProductFactory

pytestmark = pytest.mark.django_db
HEAD = "account_number,paid_on,amount,reference,payer,remark"
UCI = Path(__file__).parents[2] / "data" / "uci"


@pytest.fixture
def bank():
    return CreditorFactory()


def case_of(bank, number, balance="500.00", **more):
    case = CaseFactory(creditor=bank, working=True, balance=balance, accounts=False, **more)
    product = bank.products.order_by("pk").first() or ProductFactory(creditor=bank)
    case.account = AccountFactory(
        person=case.person, borrower=case.borrower, product=product, number=number, balance=balance
    )
    return case


def take(path, bank, *, at=NOW, mapping="auto", **more):
    return loader.import_payments(path, mapping=mapping, creditor=bank, actor=SYSTEM, at=at, **more)


def codes(result):
    return [(error.line, error.column, error.code) for error in result.errors]


def test_a_file_is_taken_as_its_payments_one_by_one_would_be(bank, write):
    """Twice the same book: one takes the file, the other each payment alone. Everything that follows is the same."""
    twin = CreditorFactory()
    books = {}
    for creditor in (bank, twin):
        plain, paid, promised, twice, current, closed = (case_of(creditor, f"62220000{n:04d}") for n in range(6))
        promises.make(
            case_id=promised.pk, amount=Decimal("200.00"), currency="CNY", due_on=date(2026, 3, 7), actor=SYSTEM, at=NOW
        )
        payments.record(
            creditor=creditor, source="bank", external_ref="before", amount=Decimal("500.00"), currency="CNY",
            received_at=NOW, account_id=closed.account.pk, actor=SYSTEM, at=NOW,
        )  # fmt: skip
        books[creditor.pk] = [plain, paid, promised, twice, current, closed]
    rows = [
        ("622200000000", "100.00"), ("622200000001", "500.00"), ("622200000002", "200.00"), ("622200000003", "1.00"),
        ("622200000003", "2.00"), ("622200000004", "700.00"), ("622200000005", "50.00"), ("999", "5.00"),
    ]  # fmt: skip
    lines = [f"{number},2026-03-04,{amount},F{n}" for n, (number, amount) in enumerate(rows)]
    result = take(write("account_number,paid_on,amount,reference", *lines), bank)
    for n, (number, amount) in enumerate(rows):
        payments.record(
            creditor=twin, source="file", external_ref=f"F{n}", amount=Decimal(amount), currency="CNY",
            received_at=NOW, value_on=date(2026, 3, 4), account_number=number, actor=SYSTEM, at=NOW,
        )  # fmt: skip
    assert (result.rows, result.created, result.allocated, result.unallocated) == (8, 8, 7, 1)

    def told(creditor):
        found = []
        for case in books[creditor.pk]:
            case = Case.objects.get(pk=case.pk)
            accounts = case.person.accounts.values_list("balance")
            entries = LedgerEntry.objects.filter(person=case.person).order_by("pk")
            states = AccountState.objects.filter(person=case.person).order_by("pk")
            found.append(
                (
                    case.status, case.balance, case.past_due_since, case.next_action, list(accounts),
                    list(entries.values_list("kind", "component", "amount", "effective_on", "reference")),
                    list(states.values_list("cause", "past_due_since", "amount_past_due", "balance", "effective_on")),
                    list(Promise.objects.filter(case=case).values_list("status", "paid_amount")),
                    sorted(AuditEvent.objects.filter(person_id=case.person_id).values_list("name", flat=True)),
                )
            )  # fmt: skip
        mine = Payment.objects.filter(creditor=creditor).order_by("external_ref")
        return found, list(mine.values_list("external_ref", "status", "amount", "value_on", "unallocated_reason"))

    assert told(bank) == told(twin)
    statuses = [Case.objects.get(pk=case.pk).status for case in books[bank.pk]]
    assert statuses == ["working", "cured", "working", "working", "cured", "cured"]


def test_the_same_file_twice_changes_nothing_and_a_longer_one_adds_what_is_new(bank, write):
    case = case_of(bank, "6222000011112222")
    rows = ["6222000011112222,2026-03-04,100.00,T1,,", "6222000011112222,2026-03-04,100.00,T2,,"]
    path = write(HEAD, *rows)
    first, again = take(path, bank), take(path, bank)
    assert (first.created, first.unchanged) == (2, 0)
    assert (again.created, again.unchanged, again.allocated, again.refused) == (0, 2, 0, 0)
    longer = take(write(HEAD, *rows, "6222000011112222,2026-03-04,5.00,T3,,"), bank)
    assert (longer.created, longer.unchanged) == (1, 2)
    assert Account.objects.get(pk=case.account.pk).balance == Decimal("295.00")


def test_a_naive_twin_that_knows_no_references_would_double_them(bank, write):
    """The control: without the reference in its key, the second reading makes the payments again."""
    case_of(bank, "6222000011112222")
    path = write("account_number,paid_on,amount,reference", "6222000011112222,2026-03-04,100.00,T1")
    take(path, bank)
    Payment.objects.update(external_ref="forgotten")
    assert take(path, bank).created == 1
    assert Payment.objects.count() == 2


def test_without_references_equal_rows_are_as_many_payments_and_the_file_twice_is_still_the_same(bank, write):
    case_of(bank, "6222000011112222")
    row = "6222000011112222,2026-03-04,100.00"
    path = write("account_number,paid_on,amount", row, row, "6222000011112222,2026-03-03,100.00")
    assert (take(path, bank).created, take(path, bank).created) == (3, 0)


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        ("6222000011112222,2026-03-04,0.00,A,,", "amount", "nothing_paid"),
        ("6222000011112222,2026-03-04,-5.00,A,,", "amount", "payment_is_negative"),
        ("6222000011112222,2026-03-04,(5.00),A,,", "amount", "payment_is_negative"),
        ("6222000011112222,2026-03-04,5.001,A,,", "amount", "too_many_decimals"),
        ("6222000011112222,2026-03-04,1e400,A,,", "amount", "scientific_notation"),
        (f"6222000011112222,2026-03-04,{'9' * 400},A,,", "amount", "amount_too_large"),
        ("6222000011112222,2026-03-04,five,A,,", "amount", "bad_amount"),
        ("6222000011112222,2026-03-04,,A,,", "amount", "value_is_missing"),
        ("6222000011112222,2026-03-05,5.00,A,,", "paid_on", "day_is_in_the_future"),
        ("6222000011112222,2026-02-29,5.00,A,,", "paid_on", "no_such_date"),
        ("6222000011112222,,5.00,A,,", "paid_on", "value_is_missing"),
        ("6222000011112222,2026-03-04,5.00,A\x00B,,", "reference", "control_character"),
        (f"6222000011112222,2026-03-04,5.00,{'A' * 81},,", "reference", "too_long"),
        ("6222000011112222,2026-03-04,5.00,A", "", "wrong_width"),
        ("合计,,5.00,,,", "", "total_line"),
    ],
)
def test_a_bad_row_is_kept_with_line_column_and_reason_and_the_others_load(bank, write, row, column, code):
    case_of(bank, "6222000011112222")
    result = take(write(HEAD, "6222000011112222,2026-03-04,1.00,GOOD,,", row), bank)
    assert codes(result) == [(3, column, code)]
    assert (result.rows, result.accepted, result.created, result.refused) == (2, 1, 1, 1)
    kept = ImportRow.objects.get()
    assert (kept.line, kept.code, bool(kept.raw_sealed)) == (3, code, True)
    assert Payment.objects.get().external_ref == "GOOD"


def test_a_reference_twice_in_a_file_and_one_with_another_amount_are_refused(bank, write):
    case_of(bank, "6222000011112222")
    take(write(HEAD, "6222000011112222,2026-03-04,1.00,OLD,,"), bank)
    result = take(
        write(
            HEAD,
            "6222000011112222,2026-03-04,9.00,NEW,,",
            "6222000011112222,2026-03-04,9.00,NEW,,",
            "6222000011112222,2026-03-04,2.00,OLD,,",
        ),
        bank,
    )
    assert codes(result) == [(3, "reference", "duplicate_reference"), (4, "", "reference_is_another_payment")]
    assert (result.created, result.totals["amount"]) == (1, {"file": "20.00", "loaded": "9.00"})


def test_a_chinese_file_names_its_payers_and_its_ways(bank, write):
    case = case_of(bank, "6222000011112222", person__name="王小明")
    path = write(
        "卡号,还款日期,还款金额,流水号,付款人,还款方式,附言",
        "6222000011112222,2026年3月4日,\"１，０００．００\",L1,王小明,微信,",
        "6222000011112222,2026/3/4,￥20,L2,李四,柜台,代王小明还款",
        "6222000011112222,2026-03-04,30元,L3,,转帐了,",
        encoding="gb18030",
    )  # fmt: skip
    result = take(path, bank)
    assert result.encoding == "gb18030"
    assert [(error.line, error.code) for error in result.errors] == [(4, "bad_amount")] or result.created == 3
    mine = Payment.objects.order_by("external_ref").values_list("amount", "payer", "payer_name", "method", "remittance")
    assert list(mine)[:2] == [
        (Decimal("1000.00"), "borrower", "王小明", "app", ""),
        (Decimal("20.00"), "third_party", "李四", "branch", "代王小明还款"),
    ]
    assert Account.objects.get(pk=case.account.pk).balance <= Decimal("-520.00")


def test_a_try_keeps_nothing(bank, write):
    case_of(bank, "6222000011112222")
    result = take(write(HEAD, "6222000011112222,2026-03-04,100.00,T1,,"), bank, dry_run=True)
    assert (result.created, result.allocated, result.batch_id) == (1, 1, None)
    assert (Payment.objects.count(), ImportBatch.objects.count(), LedgerEntry.objects.count()) == (0, 0, 1)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ((b"%PDF-1.7 nothing of a table",), "file_is_no_table"),
        (("",), "file_is_empty"),
        ((HEAD,), "nothing_to_load"),
        ((b"\x89PNG\r\n" + bytes(300),), "file_is_no_table"),
    ],
)
def test_what_is_no_file_of_payments_is_refused_whole(bank, write, content, code):
    with pytest.raises(FileRefused) as refused:
        take(write(*content), bank)
    assert refused.value.code == code
    assert not Payment.objects.exists()


def test_a_file_that_does_not_say_its_day_or_its_amount_is_asked_about(bank, write):
    for head, field in (("account_number,amount", "value_on"), ("account_number,paid_on", "amount")):
        with pytest.raises(MappingUnclear) as unclear:
            take(write(head, "6222,1"), bank)
        assert (unclear.value.code, unclear.value.values["field"]) == ("which_column_holds", field)
    with pytest.raises(MappingUnclear) as unclear:
        take(write("account_number,amount,paid on", "6222,1.00,03/04/2026"), bank)
    assert unclear.value.code == "which_date_format"


def test_a_file_taken_back_leaves_the_book_as_it_was_and_its_references_free(bank, write):
    case = case_of(bank, "6222000011112222")
    wrong = take(write(HEAD, "6222000011112222,2026-03-04,500.00,T1,,", "9,2026-03-04,7.00,T2,,"), bank)
    assert Case.objects.get(pk=case.pk).status == "cured"
    at = NOW + timedelta(hours=1)
    with pytest.raises(rollback.RollbackRefused) as refused:
        rollback.roll_back(batch_id=wrong.batch_id, reason=" ", actor=SYSTEM, at=at)
    assert refused.value.code == "no-reason"
    assert rollback.roll_back(batch_id=wrong.batch_id, reason="another bank's", actor=SYSTEM, at=at) == 2
    after = Case.objects.get(pk=case.pk)
    assert (after.status, after.balance) == ("working", Decimal("500.00"))
    assert ImportBatch.objects.get(pk=wrong.batch_id).status == "rolled_back"
    assert set(Payment.objects.values_list("status", "reversed_kind")) == {("reversed", "rolled_back")}
    right = take(write(HEAD, "6222000011112222,2026-03-04,50.00,T1,,"), bank, at=at)
    assert (right.created, Account.objects.get(pk=case.account.pk).balance) == (1, Decimal("450.00"))
    with pytest.raises(rollback.RollbackRefused):
        rollback.roll_back(batch_id=wrong.batch_id, reason="again", actor=SYSTEM, at=at)


def test_a_loading_that_was_broken_off_goes_on_where_it_stopped(bank, write, monkeypatch):
    case = case_of(bank, "6222000011112222")
    monkeypatch.setattr(loader, "PART", 2)
    path = write(HEAD, *(f"6222000011112222,2026-03-04,1.00,T{n},," for n in range(5)))
    mapping, _stored = loader.find_mapping("auto", path, kind=formats.PAYMENTS, creditor=bank)
    from cases.imports import batches

    batch = batches.upload(
        path=path, file_name="x.csv", creditor_id=bank.pk, as_of=None, kind="payments", mapping=mapping, actor=SYSTEM,
        at=NOW,
    )  # fmt: skip

    def die(rows, _bytes):
        if rows >= 4:
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        loader.load_batch(batch, path=path, mapping=mapping, actor=SYSTEM, at=NOW, progress=die)
    assert (Payment.objects.count(), ImportBatch.objects.get().status) == (4, "uploaded")
    result = loader.load_batch(batch, path=path, mapping=mapping, actor=SYSTEM, at=NOW)
    assert (result.rows, result.created, result.unchanged, result.allocated) == (5, 5, 0, 5)
    assert (ImportBatch.objects.get().status, Account.objects.get(pk=case.account.pk).balance) == (
        "loaded",
        Decimal("495.00"),
    )


def test_the_command_reports_what_became_of_real_payments(creditor, load, tmp_path, capsys):
    """What 400 card holders paid in September 2005, on the arrears of that day (UCI, CC BY 4.0)."""
    for name in ("arrears_tape_2005-09-30.csv", "tape_2005-09.csv"):
        with lzma.open(UCI / f"{name}.xz", "rt", encoding="ascii") as packed:
            (tmp_path / name).write_text("".join(line for line, _n in zip(packed, range(401), strict=False)))
    at = datetime(2005, 10, 1, 3, 0, tzinfo=UTC)
    load(tmp_path / "arrears_tape_2005-09-30.csv", as_of=date(2005, 9, 30), mapping="card-arrears", at=at)
    rows = list(csv.DictReader(io.StringIO((tmp_path / "tape_2005-09.csv").read_text())))
    paid = [Decimal(row["paid_in_month"]) for row in rows]
    call_command(
        "import_payments", str(tmp_path / "tape_2005-09.csv"), mapping="card-monthly", creditor=creditor.code,
        json=True, strict=True,
    )  # fmt: skip
    told = json.loads(capsys.readouterr().out)
    some = sum(1 for amount in paid if amount)
    assert (told["rows"], told["accepted"], told["created"], told["allocated"]) == (400, 400, some, some)
    assert (told["unchanged"], told["refused"], told["unallocated"]) == (400 - some, 0, 0)
    total = f"{sum(paid):.2f}"
    assert told["totals"] == {"amount": {"file": total, "loaded": total}}
    owed = sum(Decimal(row["statement_balance"]) for row in rows) - sum(paid)
    assert sum(Account.objects.values_list("balance", flat=True)) == owed


def test_a_worker_takes_up_an_uploaded_file_and_leaves_that_of_a_command_alone(bank, write):
    from cases.imports import batches, waiting

    case_of(bank, "6222000011112222")
    path = write(HEAD, "6222000011112222,2026-03-04,1.00,T1,,")
    about = {"file_name": "x.csv", "actor": SYSTEM, "at": NOW}
    mapping, _stored = loader.find_mapping("auto", path, kind=formats.PAYMENTS, creditor=bank)
    batches.upload(path=path, creditor_id=bank.pk, as_of=None, kind="payments", mapping=mapping, **about)
    assert waiting.load_all(now=lambda: NOW) == 0
    kept = waiting.keep(write(HEAD, "6222000011112222,2026-03-04,2.00,T2,,", name="other.csv"), suffix=".csv")
    waiting.take(kept, creditor=bank, mapping="auto", as_of=date(2026, 3, 4), kind="payments", **about)
    assert waiting.load_all(now=lambda: NOW) == 1
    assert list(Payment.objects.values_list("external_ref", flat=True)) == ["T2"]
    assert sorted(ImportBatch.objects.values_list("status", flat=True)) == ["loaded", "uploaded"]
