"""What a tape does to the book: all good rows or none, only what differs, never twice, never backwards."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from cases.imports.refusals import FileRefused, MappingUnclear

pytestmark = pytest.mark.django_db

HEAD = "account_id,balance,days_past_due"
FULL = "account_id,balance,days_past_due,customer_id,name,id_number,mobile,email,address,country_code,time_zone"
LI = "C1,李娜,11010519491231002X,138 0013 8000,li.na@example.com,上海市示例路1号,CN,Asia/Shanghai"
FEB, MAR = date(2026, 2, 28), date(2026, 3, 3)


def counts(result):
    return (result.created, result.updated, result.unchanged, result.refused)


def account(number: str):
    from cases.imports import canonical
    from cases.models import Account

    return Account.objects.get(number_hash=canonical.seal("account", number).hash)


def states(number: str) -> list[tuple]:
    found = account(number).states.order_by("effective_on", "pk")
    return [(one.effective_on, one.days_past_due, one.balance) for one in found]


def test_good_rows_are_loaded_and_bad_ones_kept_with_their_reasons(write, load):
    from cases.models import ImportBatch, ImportRow
    from collections_app.shared import sealed

    result = load(write(HEAD, "A1,100.00,5", "A2,1e5,0", "A3,7.00,31/02", "A4,8.00,0"))
    assert (result.rows, result.accepted, counts(result)) == (4, 2, (2, 0, 0, 2))
    assert [(one.line, one.column, one.code) for one in result.errors] == [
        (3, "balance", "scientific_notation"),
        (4, "days_past_due", "bad_count"),
    ]
    kept = ImportRow.objects.order_by("line")
    assert [(one.line, one.code, sealed.unseal(one.raw_sealed)) for one in kept] == [
        (3, "scientific_notation", '["A2", "1e5", "0"]'),
        (4, "bad_count", '["A3", "7.00", "31/02"]'),
    ]
    assert {one.purge_on for one in kept} == {date(2026, 6, 2)}
    batch = ImportBatch.objects.get()
    assert (batch.status, batch.rows_read, batch.rows_accepted, batch.rows_refused) == ("loaded", 4, 2, 2)
    assert batch.totals == {"balance": {"file": "115.00", "loaded": "108.00"}}


def test_a_new_account_has_its_state_its_ledger_and_its_balance(write, load):
    load(write(HEAD, "A1,100.00,5"))
    one = account("A1")
    assert (one.balance, one.currency, one.status) == (Decimal("100.00"), "TWD", "open")
    assert states("A1") == [(FEB, 5, Decimal("100.00"))]
    assert one.states.get().past_due_since == date(2026, 2, 23)
    assert [(entry.kind, entry.amount, entry.effective_on) for entry in one.entries.all()] == [
        ("principal", Decimal("100.00"), FEB)
    ]
    assert (one.person.is_named, one.person.contact_points.count()) == (False, 0)


def test_the_same_file_twice_changes_nothing(write, load):
    from cases.models import AccountState, Address, Borrower, ContactPoint, LedgerEntry, LocationClaim, Person
    from compliance.models import AuditEvent

    path = write(FULL, f"A1,100.00,5,{LI}", f"A2,50.00,0,{LI}")
    assert counts(load(path)) == (2, 0, 0, 0)
    tables = (Person, Borrower, Address, ContactPoint, LocationClaim, AccountState, LedgerEntry)
    before = [list(table.objects.order_by("pk").values()) for table in tables]
    events = AuditEvent.objects.filter(name="import.row_changed").count()
    assert counts(load(path, at=datetime(2026, 3, 5, tzinfo=UTC))) == (0, 0, 2, 0)
    assert [list(table.objects.order_by("pk").values()) for table in tables] == before
    assert AuditEvent.objects.filter(name="import.row_changed").count() == events == 2


def test_only_the_row_that_differs_is_written(write, load):
    load(write(HEAD, "A1,100.00,0", "A2,50.00,0"))
    assert counts(load(write(HEAD, "A1,100.00,0", "A2,40.00,0"), as_of=MAR)) == (0, 1, 1, 0)
    assert len(states("A1")) == 1
    assert states("A2") == [(FEB, 0, Decimal("50.00")), (MAR, 0, Decimal("40.00"))]
    assert account("A2").balance == Decimal("40.00")


def test_the_same_number_of_days_late_on_a_later_day_is_news(write, load):
    load(write(HEAD, "A1,100.00,5"))
    assert counts(load(write(HEAD, "A1,100.00,5"), as_of=MAR)) == (0, 1, 0, 0)
    assert [one.past_due_since for one in account("A1").states.order_by("pk")] == [date(2026, 2, 23), date(2026, 2, 26)]


def test_the_same_due_date_on_a_later_day_is_no_news(write, load):
    head = "account_id,balance,oldest_unpaid_due_date"
    load(write(head, "A1,100.00,2026-02-01"))
    assert counts(load(write(head, "A1,100.00,2026-02-01"), as_of=MAR)) == (0, 0, 1, 0)


def test_a_tape_may_correct_its_own_day_and_both_statements_stay(write, load):
    load(write(HEAD, "A1,100.00,5"))
    assert counts(load(write(HEAD, "A1,90.00,4"))) == (0, 1, 0, 0)
    assert states("A1") == [(FEB, 5, Decimal("100.00")), (FEB, 4, Decimal("90.00"))]
    assert account("A1").balance == Decimal("90.00")


def test_an_older_tape_that_says_otherwise_is_refused_and_one_that_agrees_is_not(write, load):
    first = write(HEAD, "A1,100.00,5", name="first.csv")
    load(first)
    load(write(HEAD, "A1,90.00,8"), as_of=MAR)
    assert counts(load(first)) == (0, 0, 1, 0)
    late = load(write(HEAD, "A1,95.00,5"))
    assert [(one.code, one.values) for one in late.errors] == [("older_than_book", {"newest": "2026-03-03"})]
    assert account("A1").balance == Decimal("90.00")


def test_a_payment_that_the_tape_already_knows_is_not_taken_off_twice(write, load):
    from cases import ledger
    from collections_app.shared.money import Money

    load(write(HEAD, "A1,100.00,5"))
    ledger.post(
        account=account("A1"), kind="payment", amount=Money(Decimal(-30), "TWD"), effective_on=date(2026, 3, 2),
        at=datetime(2026, 3, 2, 9, tzinfo=UTC), source="bank",
    )  # fmt: skip
    load(write(HEAD, "A1,70.00,8"), as_of=MAR)
    assert account("A1").balance == Decimal("70.00")
    assert [entry.amount for entry in account("A1").entries.order_by("pk")] == [Decimal("100.00"), Decimal("-30.00")]


def test_a_payment_after_the_day_of_the_tape_still_counts(write, load):
    from cases import ledger
    from collections_app.shared.money import Money

    load(write(HEAD, "A1,100.00,5"))
    ledger.post(
        account=account("A1"), kind="payment", amount=Money(Decimal(-30), "TWD"), effective_on=date(2026, 3, 4),
        at=datetime(2026, 3, 4, 9, tzinfo=UTC), source="bank",
    )  # fmt: skip
    load(write(HEAD, "A1,120.00,8"), as_of=MAR)
    assert account("A1").balance == Decimal("90.00")


def test_the_second_line_of_one_account_is_refused_and_names_the_first(write, load):
    result = load(write(HEAD, "A1,100.00,5", "A2,1.00,0", "a1,200.00,9"))
    assert [(one.line, one.column, one.code, one.values) for one in result.errors] == [
        (4, "account_id", "duplicate_account", {"first_line": 2})
    ]
    assert account("A1").balance == Decimal("100.00")


def test_another_currency_than_the_account_has_is_refused(write, load):
    load(write(HEAD + ",currency", "A1,100.00,5,TWD"))
    result = load(write(HEAD + ",currency", "A1,100.00,6,USD", "A2,1.00,0,XYZ"), as_of=MAR)
    assert [(one.line, one.code) for one in result.errors] == [
        (2, "account_in_other_currency"),
        (3, "unknown_currency"),
    ]


def test_an_unknown_product_is_refused_and_a_known_one_kept(write, load):
    result = load(write(HEAD + ",product", "A1,1.00,0,CARD", "A2,1.00,0,yacht", "A3,1.00,0,"))
    assert [(one.line, one.column, one.code) for one in result.errors] == [(3, "product", "unknown_product")]
    assert account("A1").product.code == account("A3").product.code == "card"


def test_two_accounts_of_one_customer_belong_to_one_person(write, load):
    load(write(FULL, f"A1,100.00,5,{LI}", f"A2,50.00,0,{LI}"))
    one, two = account("A1"), account("A2")
    assert (one.person_id, one.borrower_id) == (two.person_id, two.borrower_id)
    assert (one.person.name, one.person.language, one.person.jurisdiction) == ("李娜", "zh-hans", "CN")
    assert one.borrower.external_ref == "C1"
    assert one.person.document_last4 == "002X"
    assert sorted(one.person.contact_points.values_list("kind", flat=True)) == ["email", "mobile", "postal"]
    assert list(one.person.locations.values_list("time_zone", "jurisdiction")) == [("Asia/Shanghai", "CN")]


def test_one_document_is_one_person_for_two_creditors(write, load, creditor):
    from cases.models import Creditor, Person, Product

    other = Creditor.objects.create(code="other", name="Other", time_zone="Asia/Shanghai", currency="TWD")
    Product.objects.create(creditor=other, code="loan", name="Loan", kind="personal_loan")
    load(write(FULL, f"A1,100.00,5,{LI}"))
    load(write(FULL, "B1,1.00,0," + LI.replace("C1", "X9")), creditor=other)
    assert Person.objects.count() == 1
    assert sorted(Person.objects.get().borrowers.values_list("external_ref", flat=True)) == ["C1", "X9"]


def test_people_without_a_document_stay_apart_across_creditors(write, load, creditor):
    from cases.models import Creditor, Person, Product

    other = Creditor.objects.create(code="other", name="Other", time_zone="Asia/Shanghai", currency="TWD")
    Product.objects.create(creditor=other, code="loan", name="Loan", kind="personal_loan")
    bare = LI.replace("11010519491231002X", "")
    load(write(FULL, f"A1,100.00,5,{bare}"))
    load(write(FULL, f"B1,1.00,0,{bare}"), creditor=other)
    assert Person.objects.count() == 2


def test_a_number_that_two_people_use_is_one_address(write, load):
    from cases.models import Address

    wang = LI.replace("C1,李娜,11010519491231002X", "C2,王芳,")
    load(write(FULL, f"A1,100.00,5,{LI}", f"A2,50.00,0,{wang}"))
    assert account("A1").person_id != account("A2").person_id
    assert Address.objects.filter(kind="phone").count() == 1
    assert Address.objects.get(kind="phone").contact_points.count() == 2


def test_an_unnamed_person_gets_his_name_when_a_later_tape_tells_it(write, load):
    load(write(HEAD, "A1,100.00,5"))
    before = account("A1").person_id
    assert counts(load(write(FULL, f"A1,100.00,8,{LI}"), as_of=MAR)) == (0, 1, 0, 0)
    one = account("A1")
    assert (one.person_id, one.person.name, one.person.is_named, one.borrower.external_ref) == (
        before,
        "李娜",
        True,
        "C1",
    )


def test_an_account_does_not_change_hands_by_a_tape(write, load):
    load(write(FULL, f"A1,100.00,5,{LI}"))
    result = load(write(FULL, "A1,100.00,8," + LI.replace("C1,李娜", "C2,王芳")), as_of=MAR)
    assert [(one.column, one.code) for one in result.errors] == [("customer_id", "account_of_other_borrower")]
    assert account("A1").person.name == "李娜"


def test_a_moved_borrower_leaves_his_old_place_ended_and_a_new_one_standing(write, load):
    load(write(FULL, f"A1,100.00,5,{LI}"))
    load(write(FULL, "A1,100.00,8," + LI.replace("CN,Asia/Shanghai", "AU-NSW,Australia/Sydney")), as_of=MAR)
    places = account("A1").person.locations.order_by("pk").values_list("time_zone", "ended_at")
    assert [(zone, ended is None) for zone, ended in places] == [("Asia/Shanghai", False), ("Australia/Sydney", True)]


def test_a_guarantor_is_a_party_of_the_borrower_with_his_own_number(write, load):
    path = write(FULL + ",guarantor_name,guarantor_mobile", f"A1,100.00,5,{LI},赵强,139 0013 9000")
    load(path)
    assert counts(load(path)) == (0, 0, 1, 0)
    part = account("A1").borrower.parties.get()
    assert (part.role, part.person.name) == ("guarantor", "赵强")
    assert part.person.contact_points.get().address.value_last4 == "9000"


def test_a_rehearsal_says_everything_and_keeps_nothing(write, load):
    from cases.models import Account, ImportBatch
    from compliance.models import AuditEvent

    result = load(write(HEAD, "A1,100.00,5", "A2,x,0"), dry_run=True)
    assert (counts(result), result.batch_id) == ((1, 0, 0, 1), None)
    assert not Account.objects.exists()
    assert not ImportBatch.objects.exists()
    assert not AuditEvent.objects.exists()


def test_a_file_that_breaks_off_is_refused_whole_and_says_where(write, load):
    from cases.models import Account, ImportBatch

    path = write((HEAD + "\nA1,100.00,5\n").encode() + b"9" * 1_100_000)
    with pytest.raises(FileRefused):
        load(path, mapping="auto")
    batch = ImportBatch.objects.get()
    assert (batch.status, batch.error_code, batch.error_values["line"]) == ("refused", "line_is_too_long", 3)
    assert not Account.objects.exists()


def test_when_the_sums_do_not_agree_nothing_is_kept(write, load, monkeypatch):
    from cases.imports import loader, sql
    from cases.models import Account, AccountState, LedgerEntry

    monkeypatch.setattr(sql, "INSERT_STATES", sql.INSERT_STATES.replace("months, balance,", "months, balance + 1,"))
    with pytest.raises(loader.TotalsDiffer):
        load(write(HEAD, "A1,100.00,5"))
    assert (Account.objects.count(), AccountState.objects.count(), LedgerEntry.objects.count()) == (0, 0, 0)


def test_balances_of_tomorrow_are_refused(write, load):
    with pytest.raises(FileRefused) as why:
        load(write(HEAD, "A1,100.00,5"), as_of=date(2026, 3, 6))
    assert why.value.code == "as_of_is_in_the_future"


def test_a_file_without_rows_is_refused(write, load):
    with pytest.raises(FileRefused) as why:
        load(write(HEAD))
    assert why.value.code == "nothing_to_load"


def test_an_unclear_file_is_asked_about_and_not_recorded(write, load):
    from cases.models import ImportBatch

    with pytest.raises(MappingUnclear) as question:
        load(write("account_id,balance,oldest_unpaid_due_date", "A1,100.00,03/04/2026"))
    assert question.value.code == "which_date_format"
    assert not ImportBatch.objects.exists()


def test_the_newest_mapping_of_the_creditor_is_used(write, load, creditor, at):
    from cases.models import ImportMapping

    for version, heading in ((1, "old"), (2, "sum")):
        ImportMapping.objects.create(
            creditor=creditor, name="house", version=version, created_at=at,
            spec={"columns": [{"heading": "no", "field": "account_number"}, {"heading": heading, "field": "balance"},
                              {"heading": "late", "field": "days_past_due"}], "decimal_mark": ","},
        )  # fmt: skip
    result = load(write("no;sum;late", "A1;1.234,50;3"), mapping="house")
    assert result.totals == {"balance": {"file": "1234.50", "loaded": "1234.50"}}


def test_the_text_of_a_refused_row_is_forgotten_after_ninety_days_and_its_reason_stays(write, load):
    from cases.imports import batches
    from cases.models import ImportRow

    load(write(HEAD, "A1,x,5"))
    assert batches.purge_rows(today=date(2026, 6, 1)) == 0
    assert batches.purge_rows(today=date(2026, 6, 2)) == 1
    row = ImportRow.objects.get()
    assert (row.raw_sealed, row.code) == (None, "bad_amount")


def test_every_move_of_a_batch_is_in_the_audit_trail(write, load):
    from cases.models import ImportBatch
    from compliance import audit

    load(write(HEAD, "A1,100.00,5"))
    names = [event.name for event in audit.timeline(ImportBatch.objects.get())]
    assert names == ["import.uploaded", "import.staged", "import.checked", "import.loaded"]
    (row,) = audit.timeline(account("A1"))
    assert (row.name, row.details["line"], row.details["new"], row.person_id) == (
        "import.row_changed", 2, True, account("A1").person_id,
    )  # fmt: skip


def test_money_that_met_what_a_tape_no_longer_owes_meets_the_rest(write, load):
    from cases import ledger
    from collections_app.shared.money import Money

    load(write(HEAD, "A1,100.00,5"))
    when = {"effective_on": FEB, "at": datetime(2026, 3, 1, 9, tzinfo=UTC), "source": "test"}
    ledger.charge(account("A1"), "fee", Money(Decimal(40), "TWD"), None, **when)
    ledger.take(account("A1"), Money(Decimal(90), "TWD"), kind="payment", **when)
    assert ledger.components(account("A1").pk) == {"unsplit": Decimal("50.00")}
    load(write(HEAD, "A1,-20.00,8"), as_of=MAR)  # seventy less: of the charge of 100 only 30 stand, 50 had met it
    assert ledger.components(account("A1").pk) == {"credit": Decimal("-20.00")}
    load(write(HEAD, "A1,15.00,9"), as_of=date(2026, 3, 4))
    assert ledger.components(account("A1").pk) == {"unsplit": Decimal("15.00")}


def test_a_tape_that_states_components_is_kept_by_component(write, load):
    from cases import ledger
    from collections_app.shared.money import Money

    head = f"{HEAD},principal_owed,interest_owed,penalty_owed"
    load(write(head, "A1,100.00,5,70.00,20.00,"))
    one = account("A1")
    assert ledger.components(one.pk) == {
        "principal": Decimal("70.00"), "interest": Decimal("20.00"), "unsplit": Decimal("10.00"),
    }  # fmt: skip
    ledger.take(
        one, Money(Decimal(25), "TWD"), kind="payment", effective_on=MAR, at=datetime(2026, 3, 3, 9, tzinfo=UTC),
        source="test",
    )  # fmt: skip
    load(write(head, "A1,78.00,8,66.00,2.00,4.00"), as_of=MAR)
    assert ledger.components(one.pk) == {
        "principal": Decimal("66.00"), "interest": Decimal("2.00"), "penalty": Decimal("4.00"),
        "unsplit": Decimal("6.00"),
    }  # fmt: skip
    assert account("A1").balance == Decimal("78.00")
    refused = load(write(head, "A1,50.00,9,66.00,2.00,4.00"), as_of=date(2026, 3, 4))
    assert [one.code for one in refused.errors] == ["components_exceed_balance"]
    assert account("A1").balance == Decimal("78.00")


def test_where_the_books_are_kept_here_a_differing_tape_is_a_remark(write, load):
    from cases.models import ImportRow

    load(write(HEAD, "A1,100.00,5"))
    creditor = account("A1").creditor
    creditor.books = "ours"
    creditor.save()
    result = load(write(HEAD, "A1,95.00,8"), as_of=MAR)
    assert (account("A1").balance, account("A1").entries.count()) == (Decimal("100.00"), 1)
    values = {"stated": "95.00", "booked": "100.00"}
    assert [(one.line, one.code, one.values) for one in result.remarks] == [(2, "own_books_differ", values)]
    assert ImportRow.objects.get().values == {**values, "remark": True}
