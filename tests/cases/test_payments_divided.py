"""Payments over several accounts, their payers, look-alikes, returns with a fee, and what was paid too much."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from cases import credits, invariants, ledger, payments
from cases.models import Account, Case, Payment, Refund
from cases.payments import PaymentRefused
from collections_app.shared.actor import SYSTEM, Actor
from tests.factories import NOW
from tests.factories.cases import AccountFactory, CaseFactory
from tests.factories.staff import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def case():
    case = CaseFactory(working=True, balance="500.00", dpd=40)
    case.other = AccountFactory(
        person=case.person, borrower=case.borrower, product=case.account.product, balance="300.00", dpd=70
    )
    return case


def pay(case, amount, *, ref="R1", at=NOW, **more):
    given = {"account_id": case.account.pk, "currency": case.currency, "source": "bank", **more}
    return payments.record(
        creditor=case.creditor, external_ref=ref, amount=Decimal(amount), received_at=at, actor=SYSTEM, at=at, **given
    ).payment


def balances(case):
    found = dict(Account.objects.filter(person=case.person).values_list("pk", "balance"))
    assert all(ledger.balance(pk) == balance for pk, balance in found.items())
    return str(found[case.account.pk]), str(found[case.other.pk])


def test_a_payment_over_several_accounts_is_one_payment_with_lines_on_each(case):
    payment = pay(case, "350.00", division="oldest")
    assert balances(case) == ("450.00", "0.00")
    assert payments.parts_of(payment) == {case.other.pk: Decimal("300.00"), case.account.pk: Decimal("50.00")}
    assert (payment.division, payment.account_id) == ("oldest", case.other.pk)


def test_the_payers_instruction_goes_before_every_rule_and_adds_up(case):
    parts = {case.account.pk: Decimal("20.00"), case.other.pk: Decimal("30.00")}
    payment = pay(case, "50.00", parts=parts)
    assert (balances(case), payment.division) == (("480.00", "270.00"), "instructed")
    with pytest.raises(PaymentRefused) as refused:
        pay(case, "51.00", ref="R2", parts=parts)
    assert (refused.value.code, str(refused.value)) == (
        "parts-differ",
        "The parts add up to 50.00, the payment is 51.00.",
    )
    assert Payment.objects.count() == 1


def test_accounts_of_two_persons_are_not_one_payment(case):
    stranger = CaseFactory(creditor=case.creditor, working=True)
    with pytest.raises(PaymentRefused) as refused:
        pay(case, "50.00", parts={case.account.pk: Decimal("20.00"), stranger.account.pk: Decimal("30.00")})
    assert refused.value.code == "other-person"


def test_the_reversal_of_a_divided_payment_puts_every_account_back_to_the_cent(case):
    payment = pay(case, "800.00", division="proportional")
    assert (balances(case), Case.objects.get(pk=case.pk).status) == (("0.00", "0.00"), "cured")
    payments.reverse(payment_id=payment.pk, reason="bounced", kind="bounced", actor=SYSTEM, at=NOW + timedelta(days=1))
    after = Case.objects.get(pk=case.pk)
    assert balances(case) == ("500.00", "300.00")
    assert (after.status, after.balance, after.dpd_on(date(2026, 3, 5))) == ("working", Decimal("800.00"), 71)
    payment.refresh_from_db()
    assert (payment.status, payment.reversed_kind, payments.parts_of(payment)) == ("reversed", "bounced", {})


def test_a_returned_payment_may_cost_a_fee_and_a_mistake_may_not(case):
    returned, mistaken = pay(case, "100.00"), pay(case, "50.00", ref="R2")
    payments.reverse(
        payment_id=returned.pk, reason="no funds", kind="bounced", fee=Decimal("15.00"), actor=SYSTEM, at=NOW
    )
    assert ledger.components(case.account.pk) == {"fee": Decimal("15.00"), "unsplit": Decimal("450.00")}
    with pytest.raises(PaymentRefused) as refused:
        payments.reverse(
            payment_id=mistaken.pk, reason="typed twice", kind="duplicate", fee=Decimal("15.00"), actor=SYSTEM, at=NOW
        )
    assert refused.value.code == "no-fee"
    assert Payment.objects.get(pk=mistaken.pk).status == "allocated"


def test_a_third_party_is_named(case):
    with pytest.raises(PaymentRefused) as refused:
        pay(case, "10.00", payer="third_party")
    assert refused.value.code == "no-payer-name"
    assert pay(case, "10.00", payer="third_party", payer_name="王父").payer_name == "王父"
    with pytest.raises(IntegrityError, match="third_party_names_it"), transaction.atomic():
        Payment.objects.update(payer_name="")


def by_hand(case, amount, *, ref, **more):
    return payments.receive(
        account=case.account, value_on=date(2026, 3, 4), amount=Decimal(amount), external_ref=ref, currency="CNY",
        received_at=NOW, actor=SYSTEM, at=NOW, **more,
    )  # fmt: skip


def test_a_look_alike_taken_by_hand_is_asked_about_once(case):
    pay(case, "100.00")
    with pytest.raises(PaymentRefused) as refused:
        by_hand(case, "100.00", ref="S1")
    assert (refused.value.code, Payment.objects.count()) == ("looks-double", 1)
    assert by_hand(case, "100.00", ref="S1", is_another=True).is_new
    assert not by_hand(case, "100.00", ref="S1").is_new  # the same slip again is the same payment, not a look-alike
    assert by_hand(case, "100.01", ref="S2").is_new
    assert balances(case)[0] == "199.99"


# -- paid too much ---------------------------------------------------------------------------------------------------


def test_what_is_paid_too_much_waits_as_credit_and_moves_to_another_account_as_the_payer_asks(case):
    payment = pay(case, "620.00")
    assert (balances(case), credits.of_payment(payment)) == (
        ("-120.00", "300.00"),
        {case.account.pk: Decimal("120.00")},
    )
    told = {"account_id": case.account.pk, "to_id": case.other.pk, "actor": SYSTEM, "at": NOW}
    with pytest.raises(credits.CreditRefused) as refused:
        credits.move(payment_id=payment.pk, amount=Decimal("120.01"), instruction="by telephone", **told)
    assert refused.value.code == "too-much"
    credits.move(payment_id=payment.pk, amount=Decimal("100.00"), instruction="by telephone", **told)
    assert balances(case) == ("-20.00", "200.00")
    assert ledger.components(case.account.pk) == {"credit": Decimal("-20.00")}
    assert sum(payments.parts_of(payment).values()) == payment.amount
    payments.reverse(payment_id=payment.pk, reason="bounced", kind="bounced", actor=SYSTEM, at=NOW)
    assert balances(case) == ("500.00", "300.00")


def test_a_refund_is_marked_by_one_and_sent_by_another_and_leaves_no_credit(case):
    first, second = (Actor.of(UserFactory(supervisor=True)) for _each in range(2))
    payment = pay(case, "620.00")
    refund = credits.mark(
        payment_id=payment.pk, account_id=case.account.pk, amount=Decimal("120.00"), payee="王示例", actor=first, at=NOW
    )
    assert balances(case)[0] == "-120.00"
    with pytest.raises(credits.CreditRefused) as refused:
        credits.send(refund_id=refund.pk, reference="T1", actor=first, at=NOW)
    assert refused.value.code == "same-person"
    with pytest.raises(credits.CreditRefused):  # what is marked is not there to be moved
        credits.move(
            payment_id=payment.pk, account_id=case.account.pk, to_id=case.other.pk, amount=Decimal("1.00"),
            instruction="x", actor=first, at=NOW,
        )  # fmt: skip
    credits.send(refund_id=refund.pk, reference="T1", actor=second, at=NOW)
    assert (balances(case)[0], ledger.components(case.account.pk), credits.of_payment(payment)) == ("0.00", {}, {})
    with pytest.raises(credits.CreditRefused):
        credits.send(refund_id=refund.pk, reference="T1", actor=second, at=NOW)
    with pytest.raises(IntegrityError, match="sent_by_somebody_else"), transaction.atomic():
        Refund.objects.update(sent_by=refund.marked_by)


def broken(case):
    return invariants.check_creditor(case.creditor_id, None)["payments_equal_their_lines"]


def test_the_lines_of_every_payment_add_up_to_it_whatever_happened_to_it(case):
    first, second = (Actor.of(UserFactory(supervisor=True)) for _each in range(2))
    over, gone, split = (
        pay(case, "620.00"),
        pay(case, "30.00", ref="R2"),
        pay(case, "40.00", ref="R3", division="oldest"),
    )
    told = {"payment_id": over.pk, "account_id": case.account.pk}
    credits.move(to_id=case.other.pk, amount=Decimal("20.00"), instruction="letter", actor=first, at=NOW, **told)
    refund = credits.mark(amount=Decimal("30.00"), payee="王示例", actor=first, at=NOW, **told)
    credits.send(refund_id=refund.pk, reference="T1", actor=second, at=NOW)
    payments.reverse(payment_id=gone.pk, reason="bounced", actor=SYSTEM, at=NOW)
    assert broken(case) == []
    Payment.objects.filter(pk=split.pk).update(amount=Decimal("40.01"))
    assert broken(case) == [split.pk]
