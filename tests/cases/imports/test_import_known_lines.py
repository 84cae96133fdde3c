"""Lines that say what they said before are passed over, and the book ends as if every line had been read."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection

from cases.imports import canonical, lines, staging
from cases.models import (
    AccountLine,
    AccountState,
    ContactPoint,
    Creditor,
    ImportBatch,
    LedgerEntry,
    LocationClaim,
    Person,
    Product,
)

pytestmark = pytest.mark.django_db
HEAD = "account_id,balance,oldest_unpaid_due_date,customer_id,name,mobile,address,country_code,time_zone"
PLACE = "上海市示例路1号,CN,Asia/Shanghai"
FEB, MAR = date(2026, 2, 28), date(2026, 3, 3)
AT = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)


def row(number: int, balance: str = "100.00", due: str = "2026-02-01", name: str = "李娜") -> str:
    return f"A{number},{balance},{due},C{number},{name},138 0013 80{number:02d},{PLACE}"


def tape(*changed: str, of: int = 5) -> list[str]:
    """Five lines; those given stand for the ones of the same account."""
    by_account = {line.split(",")[0]: line for line in changed}
    return [HEAD, *(by_account.get(f"A{number}", row(number)) for number in range(of))]


@pytest.fixture
def parsed(monkeypatch):
    """How many rows each load read in full."""
    seen: list[int] = []
    real = staging.stage

    def stage(cursor, tape, **more):
        real(cursor, tape, **more)
        seen.append(tape.rows - tape.settled_rows)

    monkeypatch.setattr(staging, "stage", stage)
    return seen


def counts(result):
    return (result.accepted, result.created, result.updated, result.unchanged, result.refused)


def book() -> dict[str, list]:
    """What the tapes left behind, by the creditor's own references."""
    of = "account__borrower__external_ref"
    ref = "borrowers__external_ref"
    return {
        "states": sorted(AccountState.objects.values_list(of, "effective_on", "balance", "oldest_unpaid_due_on")),
        "ledger": sorted(LedgerEntry.objects.values_list(of, "kind", "amount", "effective_on")),
        "persons": sorted(Person.objects.values_list(ref, "name", "time_zone", "jurisdiction")),
        "points": sorted(ContactPoint.objects.values_list(f"person__{ref}", "kind", "address__value_last4")),
        "places": sorted(LocationClaim.objects.values_list(f"person__{ref}", "time_zone", "basis")),
        "lines": sorted(AccountLine.objects.values_list(of, "digest")),
    }


def test_of_the_next_tape_only_the_changed_lines_are_read_in_full(write, load, parsed):
    assert counts(load(write(*tape()))) == (5, 5, 0, 0, 0)
    result = load(write(*tape(row(3, "90.00"))), as_of=MAR)
    assert counts(result) == (5, 0, 1, 4, 0)
    assert parsed == [5, 1]
    assert result.totals == {"balance": {"file": "490.00", "loaded": "490.00"}}
    assert ImportBatch.objects.latest("pk").rows_read == 5


def test_the_book_ends_as_if_every_line_had_been_read(write, load, parsed, monkeypatch):
    files = [tape(), tape(row(3, "90.00"), row(1, due="2026-03-01")), tape(row(3, "90.00"), row(2, name="王芳"))]

    def three_days() -> dict[str, list]:
        with connection.cursor() as cursor:
            cursor.execute("SAVEPOINT before_the_first")
        for number, text in enumerate(files):
            load(write(*text), as_of=FEB + timedelta(days=number))
        found = book()
        with connection.cursor() as cursor:
            cursor.execute("ROLLBACK TO SAVEPOINT before_the_first")
        return found

    short = three_days()
    monkeypatch.setattr(lines.KnownLines, "settle", lambda known: None)
    assert three_days() == short
    assert parsed == [5, 2, 2, 5, 5, 5]
    assert len(short["states"]) == 8


def test_a_stated_age_grows_so_its_line_is_read_again(write, load, parsed):
    aged = ["account_id,balance,days_past_due", "A1,100.00,5", "A2,50.00,0"]
    load(write(*aged))
    load(write(*aged), as_of=MAR)
    assert parsed == [2, 1]
    assert AccountState.objects.filter(effective_on=MAR, days_past_due=5).count() == 1


def test_what_was_paid_in_between_makes_its_line_count_again(write, load, parsed):
    load(write(*tape()))
    account = AccountLine.objects.order_by("account_id")[0].account
    LedgerEntry.objects.create(
        account=account, person=account.person, creditor=account.creditor, kind="adjustment", component="unsplit",
        amount=Decimal(-40), currency="TWD", effective_on=FEB + timedelta(days=1), recorded_at=AT, source="test",
    )  # fmt: skip
    load(write(*tape()), as_of=MAR)
    assert parsed == [5, 1]
    account.refresh_from_db()
    assert account.balance == Decimal("100.00")


def test_an_entry_that_takes_effect_after_the_tape_does_not_disturb_its_line(write, load, parsed):
    load(write(*tape()))
    account = AccountLine.objects.order_by("account_id")[0].account
    LedgerEntry.objects.create(
        account=account, person=account.person, creditor=account.creditor, kind="adjustment", component="unsplit",
        amount=Decimal(-40), currency="TWD", effective_on=MAR + timedelta(days=1), recorded_at=AT, source="test",
    )  # fmt: skip
    load(write(*tape()), as_of=MAR)
    assert parsed == [5, 0]
    account.refresh_from_db()
    assert account.balance == Decimal("60.00")


def test_of_a_line_that_says_the_same_of_people_only_the_account_is_read(write, load, parsed, monkeypatch):
    load(write(*tape()))
    asked: list[str] = []
    real = canonical.phone
    monkeypatch.setattr(canonical, "phone", lambda text, region: asked.append(text) or real(text, region))
    before = book()
    load(write(*tape(row(3, "90.00"), row(1, "80.00").replace("138 0013 8001", "138 0013 8091"))), as_of=MAR)
    assert (parsed, asked) == ([5, 2], ["138 0013 8091"])
    after = book()
    assert len(after["points"]) == len(before["points"]) + 1
    assert [after[name] == before[name] for name in ("persons", "places")] == [True, True]


def test_people_of_a_changed_line_are_set_again_where_somebody_else_changed_them(write, load, parsed):
    load(write(*tape()))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE cases_person SET name = 'another' WHERE id IN (SELECT min(id) FROM cases_person)")
    load(write(*tape(*(row(number, "90.00") for number in range(5)))), as_of=MAR)
    assert parsed == [5, 5]
    assert set(Person.objects.values_list("name", flat=True)) == {"李娜"}


def test_a_person_changed_while_the_tape_is_read_is_set_again(write, load, parsed, monkeypatch):
    load(write(*tape()))
    real = staging.stage

    def stage(cursor, read, **more):
        real(cursor, read, **more)
        if len(parsed) == 2:
            Person.objects.filter(borrowers__external_ref="C0").update(name="another")

    monkeypatch.setattr(staging, "stage", stage)
    load(write(*tape(row(0, "90.00"))), as_of=MAR)
    assert parsed == [5, 1, 5]  # once with the short cut, then everything
    assert set(Person.objects.values_list("name", flat=True)) == {"李娜"}


def test_another_name_for_the_same_account_is_read_with_the_same_balance(write, load, parsed):
    load(write(*tape()))
    load(write(*tape(row(2, name="王芳"))), as_of=MAR)
    assert parsed == [5, 1]
    assert Person.objects.filter(name="王芳").count() == 1


CHANGES = {
    "name": "UPDATE cases_person SET name = 'another' WHERE id = %s",
    "zone": "UPDATE cases_person SET time_zone = 'Asia/Taipei' WHERE id = %s",
    "place": "UPDATE cases_locationclaim SET ended_at = now() WHERE person_id = %s AND basis = 'address'",
    "point": "DELETE FROM cases_contactpoint WHERE person_id = %s AND kind = 'mobile'",
    "limit": "UPDATE cases_account SET credit_limit = 1 WHERE person_id = %s",
    "reference": "UPDATE cases_borrower SET external_ref = 'account-x' WHERE person_id = %s",
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_somebody_else_changed_is_read_again_and_set_again(write, load, parsed, what):
    load(write(*tape()))
    person = Person.objects.order_by("pk")[0]
    with connection.cursor() as cursor:
        cursor.execute(CHANGES[what], [person.pk])
    before = book() | {"lines": []}
    load(write(*tape()), as_of=MAR)
    assert parsed == [5, 1]
    assert (book() | {"lines": []} != before) == (what != "limit")  # the line says no limit: nothing to set again


def test_a_change_that_no_line_sets_leaves_the_lines_known(write, load, parsed):
    load(write(*tape()))
    Person.objects.update(vulnerability="none")
    load(write(*tape()), as_of=MAR)
    assert parsed == [5, 0]


def test_an_account_named_twice_is_refused_as_ever(write, load, parsed):
    load(write(*tape()))
    result = load(write(*tape(), row(2, "70.00")), as_of=MAR)
    assert [(one.line, one.code, one.values) for one in result.errors] == [(7, "duplicate_account", {"first_line": 4})]
    assert counts(result) == (5, 0, 0, 5, 1)
    assert parsed == [5, 1, 6]  # once with the short cut, then everything


def test_the_same_line_twice_is_refused_as_ever(write, load, parsed):
    load(write(*tape()))
    result = load(write(*tape(), row(2)), as_of=MAR)
    assert [(one.line, one.code) for one in result.errors] == [(7, "duplicate_account")]
    assert parsed == [5, 2]


def test_another_mapping_reads_every_line(write, load, parsed):
    load(write(*tape()))
    text = [line.replace("oldest_unpaid_due_date", "due_date") for line in tape()]
    load(write(*text), as_of=MAR)
    assert parsed == [5, 5]


def test_a_tape_with_wishes_is_read_in_full(write, load, parsed):
    text = ["account_id,balance,days_past_due,do_not_call", "A1,100.00,0,yes", "A2,50.00,0,no"]
    load(write(*text))
    load(write(*text), as_of=MAR)
    assert parsed == [2, 2]
    assert not AccountLine.objects.exists()


def test_a_line_with_a_cell_left_out_is_told_of_every_time(write, load, parsed):
    bad = row(1).replace("138 0013 8001", "12")
    assert len(load(write(*tape(bad))).remarks) == 1
    assert len(load(write(*tape(bad)), as_of=MAR).remarks) == 1
    assert parsed == [5, 1]


def test_after_a_crash_everything_is_read_once_more(write, load, parsed):
    load(write(*tape()))
    AccountLine.objects.all().delete()  # what PostgreSQL does to a table that is not logged
    load(write(*tape()), as_of=MAR)
    load(write(*tape()), as_of=MAR + timedelta(days=1))
    assert parsed == [5, 5, 0]


def test_only_marked_lines_are_passed_over_and_counted():
    marks = lines.Marks()
    marks.settle(b"".join(number.to_bytes(4) for number in (2, 3, 5, 70_000)))
    marks.join(5, 3)  # a record of the lines 5, 6 and 7
    assert [marks.pass_over(line, 10) for line in (1, 2, 4, 5)] == [1, 4, 4, 8]
    assert marks.passed == 3
    assert [marks.pass_over(70_000, end) for end in (70_000, 70_001, 90_000)] == [70_000, 70_001, 70_001]
    assert marks.pass_over(500_000, 500_010) == 500_000


QUOTED = "account_id,balance,days_past_due,note"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "big5", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_are_known_in_every_encoding_and_with_every_end(write, load, parsed, encoding, end):
    text = ["帳號,balance,days_past_due,姓名", "A1,100.00,0,張偉", 'A2,50.00,0,"陳美玲, 小姐"', "A3,25.00,0,黃淑芬"]
    load(write(*text, encoding=encoding, end=end))
    changed = [*text[:3], "A3,24.00,0,黃淑芬"]
    assert counts(load(write(*changed, encoding=encoding, end=end), as_of=MAR)) == (3, 0, 1, 2, 0)
    assert parsed == [3, 1]


def test_a_record_of_several_lines_is_known_as_a_whole(write, load, parsed):
    text = [QUOTED, 'A1,100.00,0,"first\nsecond ""word""\nA2,1.00,0,x"', "A2,50.00,0,", 'A3,25.00,0,"a\nb"']
    assert counts(load(write(*text))) == (3, 3, 0, 0, 0)
    assert counts(load(write(*text), as_of=MAR)) == (3, 0, 0, 3, 0)
    text[1] = text[1].replace("second", "2nd")
    assert counts(load(write(*text), as_of=MAR)) == (3, 0, 0, 3, 0)
    assert parsed == [3, 0, 1]


def test_a_known_line_inside_a_quotation_is_no_line_of_its_own(write, load, parsed):
    text = [QUOTED, "A1,100.00,0,a", "A2,50.00,0,b"]
    load(write(*text))
    result = load(write(QUOTED, "A1,100.00,0,a", 'A3,25.00,0,"begins', "A2,50.00,0,b", 'ends"'), as_of=MAR)
    assert counts(result) == (2, 1, 0, 1, 0)
    assert result.totals == {"balance": {"file": "125.00", "loaded": "125.00"}}
    assert parsed == [2, 1]


def test_an_unclosed_quotation_spoils_its_line_and_those_after_it_are_known(write, load, parsed):
    text = [QUOTED, "A1,100.00,0,a", "A2,50.00,0,b"]
    load(write(*text))
    result = load(write(QUOTED, 'A3,25.00,0,"begins', *text[1:]), as_of=MAR)
    assert [(one.line, one.code) for one in result.errors] == [(2, "bad_quoting")]
    assert counts(result) == (2, 0, 0, 2, 1)
    assert parsed == [2, 1]


def test_every_amount_of_a_known_line_counts_in_the_totals(write, load, parsed):
    text = ["account_id,balance,days_past_due,credit_limit,last_payment_amount,principal_owed",
            "A1,100.00,0,500.00,7.00,90.00", "A2,50.00,0,,3.50,", "A3,25.00,0,200.00,,20.00"]  # fmt: skip
    first = load(write(*text))
    again = load(write(*text[:3], "A3,25.00,0,250.00,,20.00"), as_of=MAR)
    assert parsed == [3, 1]
    assert first.totals["credit_limit"] == {"file": "700.00", "loaded": "700.00"}
    assert again.totals == first.totals | {"credit_limit": {"file": "750.00", "loaded": "750.00"}}
    assert again.totals["last_payment_amount"] == {"file": "10.50", "loaded": "10.50"}
    assert again.totals["principal_owed"] == {"file": "110.00", "loaded": "110.00"}


def test_a_state_that_somebody_else_stated_makes_its_line_forgotten(write, load, parsed):
    load(write(*tape()))
    state = AccountState.objects.order_by("account_id")[0]
    state.pk, state.cause, state.batch = None, "test", None
    state.save(force_insert=True)
    assert AccountLine.objects.count() == 4
    load(write(*tape()), as_of=MAR)
    assert parsed == [5, 1]


def test_entries_that_cancel_out_but_count_for_different_days_are_seen(write, load, parsed):
    load(write(*tape()))
    account = AccountLine.objects.order_by("account_id")[0].account
    LedgerEntry.objects.bulk_create(
        LedgerEntry(
            account=account, person=account.person, creditor=account.creditor, kind="adjustment", component="unsplit",
            amount=Decimal(amount), currency="TWD", effective_on=day, recorded_at=AT, source="test",
        )
        for amount, day in ((-40, FEB), (40, MAR + timedelta(days=1)))
    )  # fmt: skip
    assert list(AccountLine.objects.filter(is_in_doubt=True).values_list("account_id", flat=True)) == [account.pk]
    load(write(*tape()), as_of=MAR)
    assert parsed == [5, 1]


def test_a_line_that_the_own_books_contradict_is_told_of_every_time(write, load, parsed, creditor):
    load(write(*tape()))
    account = AccountLine.objects.order_by("account_id")[0].account
    creditor.books = "ours"
    creditor.save(update_fields=["books"])
    LedgerEntry.objects.create(
        account=account, person=account.person, creditor=account.creditor, kind="adjustment", component="unsplit",
        amount=Decimal(-40), currency="TWD", effective_on=FEB + timedelta(days=1), recorded_at=AT, source="test",
    )  # fmt: skip
    remarks = [load(write(*tape()), as_of=MAR + timedelta(days=number)).remarks for number in range(2)]
    assert [[one.code for one in told] for told in remarks] == [["own_books_differ"], ["own_books_differ"]]
    assert parsed == [5, 1, 1]


def test_a_line_of_another_creditor_is_not_known(write, load, parsed, creditor):
    load(write(*tape()))
    other = Creditor.objects.create(
        code="other", name="Other", kind="bank", time_zone="Asia/Taipei", currency="TWD", freshness_days=35
    )
    Product.objects.create(creditor=other, code="card", name="Card", kind="credit_card")
    assert counts(load(write(*tape()), as_of=MAR, creditor=other)) == (5, 5, 0, 0, 0)
    assert counts(load(write(*tape()), as_of=MAR, creditor=other)) == (5, 0, 0, 5, 0)
    assert parsed == [5, 5, 0]
