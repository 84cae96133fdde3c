"""What PostgreSQL refuses, whatever code tries: each rule with the write that keeps it, so that none refuses all."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from cases import ledger
from cases.models import Account, AccountState, Case, LedgerEntry, Note, Payment, Person, Promise
from collections_app.shared.money import Money
from tests.factories import NOW
from tests.factories.cases import (
    AccountFactory,
    CaseFactory,
    ContactPointFactory,
    CreditorFactory,
    NoteFactory,
    PaymentFactory,
    PersonFactory,
    PromiseFactory,
)

pytestmark = pytest.mark.django_db


def run(sql, *params):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, params)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def refused(sql, *params, saying):
    with pytest.raises(DatabaseError) as error:
        run(sql, *params)
    assert saying in str(error.value)


def test_a_case_makes_only_declared_moves_also_by_raw_sql():
    case = CaseFactory(cured=True)
    refused(
        "UPDATE cases_case SET status = 'new', cured_at = NULL, next_action = 'call', next_action_at = now()"
        " WHERE id = %s",
        case.pk,
        saying="may not move from cured to new",
    )
    run("UPDATE cases_case SET version = version + 1 WHERE id = %s", case.pk)


def test_a_bulk_update_is_held_to_the_same_moves():
    case = CaseFactory(working=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        Case.objects.filter(pk=case.pk).update(status="new")
    assert Case.objects.filter(pk=case.pk).update(status="promised") == 1


def test_a_payment_begins_as_received():
    payment = PaymentFactory()
    with pytest.raises(IntegrityError), transaction.atomic():
        PaymentFactory(status="unallocated", unallocated_reason="x", creditor=payment.creditor)


def test_a_person_has_one_open_case_per_creditor():
    case = CaseFactory()
    with pytest.raises(IntegrityError) as error, transaction.atomic():
        CaseFactory(person=case.person, creditor=case.creditor)
    assert "case_is_open_once_per_person_and_creditor" in str(error.value)
    CaseFactory(person=case.person, creditor=CreditorFactory(), points=False)


def test_an_open_case_has_a_future():
    case = CaseFactory(working=True)
    refused(
        "UPDATE cases_case SET next_action = '', next_action_at = NULL WHERE id = %s",
        case.pk,
        saying="case_open_has_a_next_action",
    )


@pytest.mark.parametrize(
    "verb", ["UPDATE {table} SET {column} = {column} WHERE id = %s", "DELETE FROM {table} WHERE id = %s"]
)
@pytest.mark.parametrize(
    ("make", "table", "column"),
    [
        (lambda: AccountFactory().entries.get(), "cases_ledgerentry", "amount"),
        (lambda: AccountFactory().states.get(), "cases_accountstate", "balance"),
        (NoteFactory, "cases_note", "text"),
    ],
    ids=["ledger", "states", "notes"],
)
def test_history_is_neither_changed_nor_removed(make, table, column, verb):
    row = make()
    with pytest.raises(DatabaseError), transaction.atomic():
        run(verb.format(table=table, column=column), row.pk)
    assert type(row).objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize(
    "table", ["cases_ledgerentry", "cases_accountstate", "compliance_decision", "compliance_auditevent"]
)
def test_the_role_of_the_application_may_not_empty_history(table):
    refused(f"TRUNCATE {table} CASCADE", saying="permission denied")


def test_the_application_is_not_the_owner():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, rolsuper FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == ("app", False)
    refused("CREATE TABLE intruder (id int)", saying="permission denied")


def test_an_account_and_its_history_are_of_one_person():
    account, stranger = AccountFactory(), PersonFactory()
    refused(
        "INSERT INTO cases_ledgerentry (account_id, person_id, creditor_id, kind, component, amount, currency,"
        " effective_on, recorded_at, source, reference)"
        " VALUES (%s, %s, %s, 'fee', 'fee', 1, 'CNY', now(), now(), 'x', '')",
        account.pk,
        stranger.pk,
        account.creditor_id,
        saying="is_of_the_same_person",
    )


def test_a_merge_carries_the_whole_history_to_the_other_person():
    case, other = CaseFactory(working=True), PersonFactory()
    NoteFactory(case=case)
    run("UPDATE cases_borrower SET person_id = %s WHERE id = %s", other.pk, case.borrower_id)
    for model in (Account, AccountState, LedgerEntry, Case, Note):
        assert set(model.objects.values_list("person_id", flat=True)) == {other.pk}, model


@pytest.mark.parametrize("currency", ["JPY", "KRW", "VND"])
def test_a_currency_without_cents_has_none(currency):
    creditor = CreditorFactory(currency=currency)
    with pytest.raises(IntegrityError), transaction.atomic():
        PaymentFactory(creditor=creditor, amount=Decimal("100.50"))
    assert PaymentFactory(creditor=creditor, amount=Decimal("100.00")).pk


def test_a_currency_with_three_decimals_is_not_kept():
    with pytest.raises(IntegrityError), transaction.atomic():
        CreditorFactory(currency="KWD")


@pytest.mark.parametrize("amount", ["0.00", "-1.00"])
def test_payments_and_promises_are_positive(amount):
    with pytest.raises(IntegrityError), transaction.atomic():
        PaymentFactory(amount=Decimal(amount))
    with pytest.raises(IntegrityError), transaction.atomic():
        PromiseFactory(amount=amount)
    assert not Payment.objects.exists()
    assert not Promise.objects.exists()


def test_an_account_state_states_exactly_one_measure():
    account = AccountFactory()
    common = {
        "account": account,
        "person_id": account.person_id,
        "creditor_id": account.creditor_id,
        "effective_on": NOW.date(),
        "recorded_at": NOW,
        "balance": Decimal("1.00"),
        "currency": "CNY",
    }
    with pytest.raises(IntegrityError), transaction.atomic():
        AccountState.objects.create(**common, stated="days", days_past_due=3, months_past_due=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        AccountState.objects.create(**common, stated="months")
    by_days = AccountState.objects.create(**common, stated="days", days_past_due=3)
    by_months = AccountState.objects.create(**common, stated="months", months_past_due=2)
    unused = AccountState.objects.create(**common, stated="months", months_past_due=-2)
    for state in (by_days, by_months, unused):
        state.refresh_from_db()
    assert by_days.past_due_since == NOW.date() - timedelta(days=3)
    assert by_months.past_due_since == NOW.date() - timedelta(days=31)
    assert unused.past_due_since is None


def test_a_number_is_stored_once_and_never_in_clear():
    point = ContactPointFactory(address__value="+8619900001234")
    with pytest.raises(IntegrityError), transaction.atomic():
        ContactPointFactory(address__value="+8619900001234")
    with connection.cursor() as cursor:
        cursor.execute("SELECT cases_address::text FROM cases_address WHERE id = %s", [point.address_id])
        assert "19900001234" not in cursor.fetchone()[0]


def test_a_person_is_not_deleted_while_anything_hangs_on_him():
    case = CaseFactory()
    refused("DELETE FROM cases_person WHERE id = %s", case.person_id, saying="violates foreign key")
    assert Person.objects.filter(pk=case.person_id).exists()


def test_the_balance_moves_with_its_entries():
    account = AccountFactory(balance="100.00")
    when = {"effective_on": NOW.date(), "at": NOW, "source": "test"}
    first = ledger.post(account=account, kind="fee", amount=Money(Decimal("5.00"), "CNY"), **when)
    ledger.reverse(entry=first, account=account, **when)
    assert Account.objects.get(pk=account.pk).balance == ledger.balance(account.pk) == Decimal("100.00")
    with pytest.raises(IntegrityError), transaction.atomic():
        ledger.reverse(entry=first, account=account, **when)


def test_a_balance_moves_with_its_entries_and_by_nothing_else():
    account = AccountFactory(balance="100.00")
    with pytest.raises(IntegrityError, match="moves with its ledger entries only"), transaction.atomic():
        Account.objects.filter(pk=account.pk).update(balance=Decimal("99.99"))
    account.balance = Decimal("99.99")
    with pytest.raises(IntegrityError, match="moves with its ledger entries only"), transaction.atomic():
        account.save()
    when = {"effective_on": NOW.date(), "at": NOW, "source": "test"}
    ledger.post(account=account, kind="fee", component="fee", amount=Money(Decimal("5.00"), "CNY"), **when)
    assert Account.objects.get(pk=account.pk).balance == Decimal("105.00")
    Account.objects.filter(pk=account.pk).update(status="written_off", balance=Decimal("105.00"))


def test_an_account_begins_with_nothing():
    account = AccountFactory(balance="100.00")
    account.pk, account.number_hash = None, b"0" * 32
    with pytest.raises(IntegrityError, match="moves with its ledger entries only"), transaction.atomic():
        account.save(force_insert=True)
    account.balance = Decimal("0.00")
    account.save(force_insert=True)
