"""A day of the bank beside the books: every line once, every difference said, two people to close it."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from cases import bank_days, payments, reconciliation
from cases.bank_days import BankRefused
from cases.imports import batches
from cases.models import BankDay, BankLine, Payment
from cases.payment_files import bank as statements
from cases.payment_files import formats, loader
from cases.reconciliation import Movement
from collections_app.shared.actor import SYSTEM, Actor
from tests.factories import NOW
from tests.factories.cases import CaseFactory
from tests.factories.staff import UserFactory

DAY = date(2026, 3, 4)
HEAD = "booking date,amount,reference,counterparty,remark"


@pytest.fixture
def case(db):
    return CaseFactory(working=True, balance="5000.00")


@pytest.fixture
def people(db):
    return [Actor.of(UserFactory(supervisor=True)) for _each in range(2)]


def paid(case, amount, ref, *, on=DAY, **more):
    return payments.record(
        creditor=case.creditor, source="file", external_ref=ref, amount=Decimal(amount), currency="CNY",
        received_at=NOW, value_on=on, account_id=case.account.pk, actor=SYSTEM, at=NOW, **more,
    ).payment  # fmt: skip


def statement(case, tmp_path, *rows, head=HEAD):
    path = tmp_path / "bank.csv"
    path.write_text("\n".join([head, *rows]) + "\n")
    mapping, _stored = loader.find_mapping("auto", path, kind=formats.BANK, creditor=case.creditor)
    batch = batches.upload(
        path=path, file_name="bank.csv", creditor_id=case.creditor_id, as_of=None, kind="bank", mapping=mapping,
        actor=SYSTEM, at=NOW,
    )  # fmt: skip
    return statements.load_batch(batch, path=path, mapping=mapping, actor=SYSTEM, at=NOW)


def compared(case, day=DAY):
    found = reconciliation.compare(case.creditor, day=day, currency="CNY")
    assert found.difference == found.accounted
    return found


def test_a_day_falls_into_both_bank_alone_books_alone_and_another_amount(case, tmp_path):
    paid(case, "100.00", "R-1")
    paid(case, "200.00", "R 2")
    paid(case, "33.00", "R-3", payer_name="王小明")
    paid(case, "44.00", "R-4")
    result = statement(
        case, tmp_path,
        "2026-03-04,100.00,r1,,", "2026-03-04,199.50,R-2,,", "2026-03-04,33.00,X9,王 小明,", "2026-03-04,7.77,X8,,",
    )  # fmt: skip
    assert (result.created, result.allocated) == (4, 3)
    found = compared(case)
    assert (found.bank_total, found.books_total, found.difference) == (
        Decimal("340.27"), Decimal("377.00"), Decimal("-36.73"),
    )  # fmt: skip
    assert [pair.movement.reference for pair in found.matched] == ["R-1", "R-3"]
    assert [(pair.movement.reference, pair.difference) for pair in found.differing] == [("R 2", Decimal("-0.50"))]
    assert [line.reference for line in found.only_bank] == ["X8"]
    assert [movement.reference for movement in found.only_books] == ["R-4"]
    assert list(BankLine.objects.order_by("line").values_list("matched_by", flat=True)) == [
        "reference", "reference", "payer", "",
    ]  # fmt: skip


def test_the_same_statement_twice_adds_nothing_and_debits_are_money_that_went(case, tmp_path):
    rows = ["2026-03-04,,12.00,FEE", "2026-03-04,50.00,,IN"]
    head = "date,credit,debit,reference"
    first = statement(case, tmp_path, *rows, head=head)
    again = statement(case, tmp_path, *rows, head=head)
    assert (first.created, again.created, again.unchanged) == (2, 0, 2)
    assert list(BankLine.objects.order_by("line").values_list("amount", flat=True)) == [Decimal("-12.00"), Decimal(50)]


def test_two_equal_lines_and_two_equal_payments_are_left_to_a_person(case, tmp_path, people):
    paid(case, "50.00", "A1")
    second = paid(case, "50.00", "A2")
    statement(case, tmp_path, "2026-03-04,50.00,,,", "2026-03-04,50.00,,,")
    found = compared(case)
    assert (len(found.only_bank), len(found.only_books), found.difference) == (2, 2, 0)
    line = found.only_bank[0]
    bank_days.pair(line_id=line.pk, key=f"p{second.pk}", actor=people[0], at=NOW)
    with pytest.raises(BankRefused) as refused:
        bank_days.pair(line_id=found.only_bank[1].pk, key=f"p{second.pk}", actor=people[0], at=NOW)
    assert refused.value.code == "taken"
    bank_days.part(line_id=line.pk, actor=people[0], at=NOW)
    assert len(compared(case).only_bank) == 2


def test_a_returned_payment_is_a_line_that_went_and_a_mistyped_one_is_none(case, tmp_path):
    returned, mistyped = paid(case, "80.00", "B1"), paid(case, "90.00", "B2")
    payments.reverse(payment_id=returned.pk, reason="no funds", kind="bounced", actor=SYSTEM, at=NOW)
    payments.reverse(payment_id=mistyped.pk, reason="slip", kind="mistyped", actor=SYSTEM, at=NOW)
    statement(case, tmp_path, "2026-03-04,80.00,B1,,", "2026-03-04,-80.00,B1,,")
    found = compared(case)
    assert (found.bank_total, found.books_total, len(found.matched)) == (0, 0, 2)
    assert list(BankLine.objects.order_by("line").values_list("is_reversal", flat=True)) == [False, True]


def test_money_of_another_day_is_matched_and_told_on_both_days(case, tmp_path):
    before = DAY - timedelta(days=2)
    paid(case, "61.00", "W1", on=before)
    statement(case, tmp_path, "2026-03-04,61.00,W1,,")
    assert [pair.movement.day for pair in compared(case).elsewhere_bank] == [before]
    assert [pair.line.booked_on for pair in compared(case, before).elsewhere_books] == [DAY]


def test_a_line_that_nobody_knew_is_taken_in_and_put_where_the_payer_wrote(case, tmp_path, people):
    statement(case, tmp_path, f"2026-03-04,70.00,N1,王小明,还款 {case.ref}", "2026-03-04,5.00,N2,,")
    known, unknown = BankLine.objects.order_by("line")
    placed = bank_days.take_in(line_id=known.pk, actor=people[0], at=NOW)
    assert (placed.status, placed.account_id, placed.source) == ("allocated", case.account.pk, "bank")
    assert bank_days.take_in(line_id=unknown.pk, actor=people[0], at=NOW).status == "unallocated"
    assert len(compared(case).matched) == 2
    with pytest.raises(BankRefused) as refused:
        bank_days.take_in(line_id=known.pk, actor=people[0], at=NOW)
    assert (refused.value.code, Payment.objects.count()) == ("matched", 2)


def test_a_day_is_stated_when_everything_is_said_and_closed_by_somebody_else(case, tmp_path, people):
    first, second = people
    paid(case, "10.00", "C1")
    lone = paid(case, "20.00", "C2")
    statement(case, tmp_path, "2026-03-04,10.00,C1,,", "2026-03-04,3.00,INTEREST,,")
    about = {"creditor": case.creditor, "day": DAY, "currency": "CNY", "at": NOW}
    with pytest.raises(BankRefused) as refused:
        bank_days.state(reasons={}, actor=first, **about)
    assert (refused.value.code, refused.value.values["count"]) == ("unsaid", 2)
    line = BankLine.objects.get(reference="INTEREST")
    bank_days.explain(line_id=line.pk, text="interest of the bank", actor=first, at=NOW)
    why = {f"p{lone.pk}": "cash, paid in tomorrow"}
    bank_days.state(reasons=why, actor=first, **about)
    with pytest.raises(BankRefused) as refused:
        bank_days.close(actor=first, **about)
    assert refused.value.code == "same-person"
    paid(case, "1.00", "C3")
    with pytest.raises(BankRefused) as refused:
        bank_days.close(actor=second, **about)
    assert refused.value.code == "changed"
    bank_days.state(reasons=why | {f"p{Payment.objects.get(external_ref='C3').pk}": "cash"}, actor=first, **about)
    closed = bank_days.close(actor=second, **about)
    assert (closed.bank_total, closed.books_total, closed.explained_total) == (
        Decimal("13.00"), Decimal("31.00"), Decimal("-18.00"),
    )  # fmt: skip
    with pytest.raises(BankRefused):
        bank_days.explain(line_id=line.pk, text="other", actor=first, at=NOW)
    late = statement(case, tmp_path, "2026-03-04,10.00,C1,,", "2026-03-04,9.00,LATE,,", "2026-03-03,9.00,LATE,,")
    assert (late.unchanged, [(error.line, error.code) for error in late.errors]) == (1, [(3, "day_is_closed")])
    with pytest.raises(IntegrityError, match="closed_by_somebody_else"), transaction.atomic():
        BankDay.objects.update(closed_by=closed.stated_by)


def line_of(place, units, day, reference):
    return BankLine(pk=place + 1, amount=Decimal(units) / 100, booked_on=DAY + timedelta(days=day), reference=reference)


amounts = st.sampled_from([-500, -100, 100, 200, 200, 500])
entries = st.lists(st.tuples(amounts, st.integers(-5, 5), st.sampled_from(["", "a", "b"])), max_size=8)


@given(entries, entries)
def test_no_line_and_no_movement_is_used_twice_and_signs_agree(lines, moved):
    of_bank = [line_of(place, *each) for place, each in enumerate(lines)]
    of_books = [
        Movement(f"p{place}", DAY + timedelta(days=day), Decimal(units) / 100, reference, "")
        for place, (units, day, reference) in enumerate(moved)
    ]
    found = reconciliation.pair(of_bank, of_books)
    assert (
        len({line.pk for line, _movement, _how in found}) == len({each.key for _l, each, _how in found}) == len(found)
    )
    assert all((line.amount < 0) == (movement.amount < 0) for line, movement, _how in found)
    assert all(line.amount == movement.amount for line, movement, how in found if how != "reference")
