"""Money that arrives: once, on its account, to its promise, to the cure; and all of it backwards."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from cases import arrears, ledger, payments, promises
from cases.models import Account, Case, LedgerEntry, Payment, Promise
from cases.payments import PaymentRefused
from collections_app.shared.actor import SYSTEM
from compliance.models import AuditEvent
from tests.factories import NOW
from tests.factories.cases import AccountFactory, CaseFactory

pytestmark = pytest.mark.django_db


def pay(case, amount, *, ref="R1", at=NOW, **more):
    given = {"account_id": case.account.pk, "currency": case.currency, "source": "bank", **more}
    return payments.record(
        creditor=case.creditor,
        external_ref=ref,
        amount=Decimal(amount),
        received_at=at,
        actor=SYSTEM,
        at=at,
        **given,
    )


def promise(case, amount="200.00", days=3, at=NOW):
    due_on = date(2026, 3, 4) + timedelta(days=days)
    return promises.make(
        case_id=case.pk, amount=Decimal(amount), currency=case.currency, due_on=due_on, actor=SYSTEM, at=at
    )


def balance_of(case):
    return Account.objects.get(pk=case.account.pk).balance


def names():
    return list(AuditEvent.objects.order_by("pk").values_list("name", flat=True))


def test_a_payment_lowers_the_balance_by_one_entry():
    case = CaseFactory(working=True, balance="500.00")
    recorded = pay(case, "120.50")
    assert recorded.is_new
    assert balance_of(case) == Decimal("379.50") == ledger.balance(case.account.pk)
    assert [entry.amount for entry in recorded.payment.entries.all()] == [Decimal("-120.50")]
    assert recorded.payment.status == Payment.Status.ALLOCATED


def test_the_same_payment_told_twice_is_one_payment():
    case = CaseFactory(working=True, balance="500.00")
    first, again = pay(case, "100.00"), pay(case, "100.00")
    assert (first.is_new, again.is_new) == (True, False)
    assert first.payment.pk == again.payment.pk
    assert balance_of(case) == Decimal("400.00")


def test_a_reference_used_for_another_amount_is_refused_and_changes_nothing():
    case = CaseFactory(working=True, balance="500.00")
    pay(case, "100.00")
    with pytest.raises(PaymentRefused) as refused:
        pay(case, "101.00")
    assert refused.value.code == "conflict"
    assert balance_of(case) == Decimal("400.00")


@pytest.mark.parametrize(
    ("amount", "more", "code"),
    [
        ("-5.00", {}, "not-positive"),
        ("0.00", {}, "not-positive"),
        ("5.001", {}, "inexact"),
        ("5.00", {"currency": "XYZ"}, "currency"),
        ("5.00", {"currency": "KWD"}, "currency"),
        ("5.00", {"ref": "  "}, "no-reference"),
        ("5.00", {"value_on": date(2026, 3, 6)}, "future"),
    ],
)
def test_what_is_no_payment_is_refused_with_its_reason(amount, more, code):
    case = CaseFactory(working=True)
    with pytest.raises(PaymentRefused) as refused:
        pay(case, amount, **more)
    assert refused.value.code == code
    assert not Payment.objects.exists()


def test_a_payment_for_an_unknown_account_is_kept_for_a_person_to_place():
    case = CaseFactory(working=True, balance="500.00")
    payment = pay(case, "80.00", account_id=None, account_number="99990000").payment
    assert (payment.status, payment.unallocated_reason) == ("unallocated", "unknown-account")
    payments.allocate(payment_id=payment.pk, account_id=case.account.pk, actor=SYSTEM, at=NOW)
    assert balance_of(case) == Decimal("420.00")
    with pytest.raises(PaymentRefused):
        payments.allocate(payment_id=payment.pk, account_id=case.account.pk, actor=SYSTEM, at=NOW)


def test_a_payment_in_another_currency_waits_for_a_person():
    case = CaseFactory(working=True)
    payment = pay(case, "80.00", currency="USD").payment
    assert (payment.status, payment.unallocated_reason) == ("unallocated", "wrong-currency")


def test_a_full_payment_keeps_the_promise_and_cures_the_case():
    case = CaseFactory(working=True, balance="500.00")
    made = promise(case, "500.00")
    assert Case.objects.get(pk=case.pk).status == "promised"
    pay(case, "500.00", at=NOW + timedelta(days=1))
    made.refresh_from_db()
    after = Case.objects.get(pk=case.pk)
    assert (made.status, made.paid_amount) == ("kept", Decimal("500.00"))
    assert (after.status, after.next_action, after.past_due_since) == ("cured", "", None)
    assert arrears.of_account(after.person.accounts.get(), on=date(2026, 3, 5)).is_current
    assert [name for name in names() if name in {"payment.recorded", "promise.kept", "case.cured"}] == [
        "payment.recorded",
        "promise.kept",
        "case.cured",
    ]


def test_a_cent_short_does_not_cure():
    case = CaseFactory(working=True, balance="500.00")
    pay(case, "499.99")
    after = Case.objects.get(pk=case.pk)
    assert (after.status, after.balance) == ("working", Decimal("0.01"))


def test_two_payments_together_cure():
    case = CaseFactory(working=True, balance="500.00")
    pay(case, "300.00", ref="A")
    pay(case, "200.00", ref="B")
    assert Case.objects.get(pk=case.pk).status == "cured"


def test_tolerance_of_the_product_forgives_the_last_cents():
    case = CaseFactory(working=True, balance="500.00")
    case.account.product.tolerance = Decimal("10.00")
    case.account.product.save()
    pay(case, "490.00")
    assert Case.objects.get(pk=case.pk).status == "cured"


def test_a_case_is_not_cured_while_another_account_is_past_due():
    case = CaseFactory(working=True, balance="500.00")
    AccountFactory(person=case.person, product=case.account.product, borrower=case.borrower, balance="70.00", dpd=40)
    pay(case, "500.00")
    after = Case.objects.get(pk=case.pk)
    assert (after.status, after.dpd_on(date(2026, 3, 4)), after.balance) == ("working", 40, Decimal("70.00"))


def test_a_kept_promise_with_arrears_left_returns_the_case_to_work():
    case = CaseFactory(working=True, balance="500.00")
    made = promise(case, "200.00")
    pay(case, "200.00")
    made.refresh_from_db()
    after = Case.objects.get(pk=case.pk)
    assert (made.status, after.status, after.next_action) == ("kept", "working", "call")


def test_a_payment_after_the_grace_does_not_keep_the_promise():
    case = CaseFactory(working=True, balance="500.00")
    made = promise(case, "200.00", days=3)
    pay(case, "200.00", at=NOW + timedelta(days=5))
    made.refresh_from_db()
    assert (made.status, made.paid_amount) == ("open", Decimal("0.00"))


def test_a_reversal_reopens_the_case_breaks_the_promise_and_restores_the_age():
    case = CaseFactory(working=True, balance="500.00", dpd=12)
    made = promise(case, "500.00")
    paid = pay(case, "500.00").payment
    payments.reverse(payment_id=paid.pk, reason="bounced", actor=SYSTEM, at=NOW + timedelta(days=6))
    made.refresh_from_db()
    after = Case.objects.get(pk=case.pk)
    assert (after.status, after.next_action, made.status) == ("working", "review", "broken")
    assert after.dpd_on(date(2026, 3, 10)) == 18
    assert balance_of(case) == Decimal("500.00") == ledger.balance(case.account.pk)
    assert LedgerEntry.objects.filter(account=case.account).count() == 3


def test_a_payment_is_reversed_once():
    case = CaseFactory(working=True, balance="500.00")
    paid = pay(case, "100.00").payment
    payments.reverse(payment_id=paid.pk, reason="bounced", actor=SYSTEM, at=NOW)
    with pytest.raises(PaymentRefused) as refused:
        payments.reverse(payment_id=paid.pk, reason="bounced", actor=SYSTEM, at=NOW)
    assert refused.value.code == "not-possible"
    assert balance_of(case) == Decimal("500.00")


def test_a_reversal_needs_a_reason():
    case = CaseFactory(working=True)
    paid = pay(case, "100.00").payment
    with pytest.raises(PaymentRefused):
        payments.reverse(payment_id=paid.pk, reason=" ", actor=SYSTEM, at=NOW)
    assert Payment.objects.get(pk=paid.pk).status == "allocated"


def test_a_part_payment_leaves_less_to_be_paid():
    case = CaseFactory(working=True, balance="500.00")
    pay(case, "180.00")
    account = Account.objects.get(pk=case.account.pk)
    assert arrears.of_account(account, on=date(2026, 3, 4)).amount == Decimal("320.00")


def test_stated_arrears_smaller_than_the_balance_are_what_cures():
    case = CaseFactory(working=True, balance="500.00", accounts=False)
    case.account = AccountFactory(
        person=case.person, borrower=case.borrower, product__creditor=case.creditor, balance="500.00", past_due="60.00"
    )
    pay(case, "60.00")
    after = Case.objects.get(pk=case.pk)
    assert (after.status, after.balance) == ("cured", Decimal("440.00"))


def test_a_broken_promise_is_found_after_its_grace_and_not_before():
    case = CaseFactory(working=True, balance="500.00")
    made = promise(case, "200.00", days=3)  # due on the 7th, grace to the 8th
    creditor = case.creditor_id
    assert promises.break_overdue(creditor_id=creditor, business_date=date(2026, 3, 8), actor=SYSTEM, at=NOW) == 0
    assert promises.break_overdue(creditor_id=creditor, business_date=date(2026, 3, 9), actor=SYSTEM, at=NOW) == 1
    assert promises.break_overdue(creditor_id=creditor, business_date=date(2026, 3, 9), actor=SYSTEM, at=NOW) == 0
    made.refresh_from_db()
    after = Case.objects.get(pk=case.pk)
    assert (made.status, after.status, after.next_action) == ("broken", "working", "call")


def test_a_promise_paid_in_part_is_partly_kept():
    case = CaseFactory(working=True, balance="500.00")
    made = promise(case, "200.00", days=3)
    pay(case, "50.00", at=NOW + timedelta(days=1))
    promises.break_overdue(creditor_id=case.creditor_id, business_date=date(2026, 3, 9), actor=SYSTEM, at=NOW)
    assert Promise.objects.get(pk=made.pk).status == "partly_kept"


@pytest.mark.parametrize(
    ("amount", "days", "code"),
    [("0.00", 3, "not-positive"), ("500.01", 3, "too-much"), ("10.00", -1, "past"), ("10.00", 32, "too-late")],
)
def test_a_promise_that_cannot_be_is_refused(amount, days, code):
    case = CaseFactory(working=True, balance="500.00")
    with pytest.raises(promises.PromiseRefused) as refused:
        promise(case, amount, days)
    assert refused.value.code == code
    assert not Promise.objects.exists()
    assert Case.objects.get(pk=case.pk).status == "working"


def test_a_second_promise_is_refused_unless_it_replaces_the_first():
    case = CaseFactory(working=True, balance="500.00")
    first = promise(case, "200.00")
    with pytest.raises(promises.PromiseRefused):
        promise(case, "100.00")
    second = promises.make(
        case_id=case.pk,
        amount=Decimal("100.00"),
        currency="CNY",
        due_on=date(2026, 3, 6),
        actor=SYSTEM,
        at=NOW,
        replace=True,
    )
    first.refresh_from_db()
    assert (first.status, second.status) == ("cancelled", "open")


def test_nothing_is_promised_on_a_cured_case():
    case = CaseFactory(cured=True)
    with pytest.raises(promises.PromiseRefused) as refused:
        promise(case)
    assert refused.value.code == "resolved"
