"""Lines that say what they said before are passed over, and the book ends as if every line had been read."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection

from cases.imports import lines, staging
from cases.models import (
    AccountLine,
    AccountState,
    ContactPoint,
    ImportBatch,
    LedgerEntry,
    LocationClaim,
    Person,
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


def test_lines_are_marked_however_the_text_is_cut():
    marked = lines.Lines()
    for part in (b"1\n3", b"0\n70000", b"\n"):
        marked.write(part)
    assert [number for number in (0, 1, 3, 30, 70_000, 70_001) if number in marked] == [1, 30, 70_000]
