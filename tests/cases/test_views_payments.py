"""The pages of payments: by hand, a look-alike asked about once, receipts, reversal, placing, the bank."""

from datetime import date
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from cases import payments
from cases.models import Account, BankDay, BankLine, ImportBatch, Payment
from cases.views.payments import ref_of
from collections_app.shared.actor import SYSTEM
from tests.factories import NOW
from tests.factories.cases import AccountFactory, CaseFactory, PaymentFactory
from tests.factories.staff import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def case():
    return CaseFactory(working=True, balance="500.00", person__name="王小明")


@pytest.fixture
def desk(case):
    client = Client()
    client.force_login(UserFactory(team=case.team, supervisor=True))
    return client


def typed(case, **more):
    return {
        "key": "1" * 32, "amount": "￥１００", "value_on": "2026-03-04", "method": "cash", "payer": "borrower",
        "account": case.account.pk, **more,
    }  # fmt: skip


def post(desk, case, **more):
    return desk.post(reverse("cases:receive-payment", args=[case.ref]), typed(case, **more))


def test_a_payment_is_taken_by_hand_and_two_clicks_are_one(desk, case):
    for _click in range(2):
        assert post(desk, case).status_code == 302
    payment = Payment.objects.get()
    assert (payment.amount, payment.source, payment.method, payment.external_ref) == (
        Decimal("100.00"), "manual", "cash", "R-111111111111",
    )  # fmt: skip
    assert Account.objects.get(pk=case.account.pk).balance == Decimal("400.00")


def test_a_look_alike_is_asked_about_once_and_nothing_typed_is_lost(desk, case):
    post(desk, case, reference="S-1")
    asked = post(desk, case, key="2" * 32, reference="S-2", remittance="second of two")
    body = asked.content.decode()
    assert (asked.status_code, Payment.objects.count()) == (200, 1)
    assert "S-1 is the same amount on the same account and day" in body
    assert 'value="second of two"' in body
    assert 'name="is_another" value="on"' in body
    assert post(desk, case, key="2" * 32, reference="S-2", is_another="on").status_code == 302
    assert Payment.objects.count() == 2


def test_more_than_is_owed_is_asked_about_once(desk, case):
    asked = post(desk, case, amount="5,000,000")
    assert (asked.status_code, Payment.objects.count()) == (200, 0)
    assert "5000000.00 is more than the 500.00 that is owed in all" in asked.content.decode()
    assert post(desk, case, amount="5,000,000", is_another="on").status_code == 302
    assert Account.objects.get(pk=case.account.pk).balance == Decimal("-4999500.00")


@pytest.mark.parametrize(
    ("more", "field", "sentence"),
    [
        ({"amount": "a lot"}, "amount", "“a lot” is not an amount. Write it like 1250.50."),
        ({"amount": "USD 5"}, "amount", "“USD 5” is in USD; this is in CNY."),
        ({"amount": "0"}, "amount", "The amount must be more than zero."),
        ({"value_on": "2036-03-04"}, "value_on", "2036-03-04 is in the future."),
        ({"value_on": "2027-02-29"}, "value_on", "Counts from: 2027 has no 29 February."),
        ({"payer": "third_party"}, "payer_name", "Say who paid: a third party is named."),
    ],
)
def test_what_cannot_be_a_payment_is_refused_at_its_field(desk, case, more, field, sentence):
    page = post(desk, case, **more)
    assert page.context["form"].errors[field] == [sentence]
    assert not Payment.objects.exists()


def test_the_payer_divides_a_payment_on_the_page(desk, case):
    other = AccountFactory(person=case.person, borrower=case.borrower, product=case.account.product, balance="300.00")
    told = {"division": "instructed", f"part_{case.account.pk}": "60", f"part_{other.pk}": "39"}
    page = post(desk, case, **told)
    assert page.context["form"].errors["division"] == ["The parts add up to 99.00, the payment is 100.00."]
    post(desk, case, **told | {f"part_{other.pk}": "40"})
    assert payments.parts_of(Payment.objects.get()) == {case.account.pk: Decimal("60.00"), other.pk: Decimal("40.00")}


def taken(case, amount="100.00", ref="R1", **more):
    return payments.record(
        creditor=case.creditor, source="bank", external_ref=ref, amount=Decimal(amount), currency="CNY",
        received_at=NOW, account_id=case.account.pk, actor=SYSTEM, at=NOW, **more,
    ).payment  # fmt: skip


def test_a_receipt_has_its_number_in_both_languages_and_a_reversed_one_is_no_proof(desk, case):
    payment = taken(case, payer="third_party", payer_name="李四")
    url = reverse("cases:receipt", args=[case.ref, ref_of(payment)])
    english = desk.get(f"{url}?language=en").content.decode()
    assert ref_of(payment) in english
    assert "李四" in english
    assert "100.00" in english
    assert "no proof of payment" not in english
    reverse_url = reverse("cases:reverse-payment", args=[case.ref, ref_of(payment)])
    desk.post(reverse_url, {"kind": "bounced", "reason": "no funds"})
    assert "no proof of payment" in desk.get(f"{url}?language=en").content.decode()
    assert 'lang="zh-hans"' in desk.get(f"{url}?language=zh-hans").content.decode()


def test_a_payment_of_another_case_is_not_there(desk, case):
    stranger = taken(CaseFactory(working=True))
    for name in ("payment", "receipt", "reverse-payment"):
        assert desk.get(reverse(f"cases:{name}", args=[case.ref, ref_of(stranger)])).status_code == 404


def test_credit_is_moved_and_marked_on_the_page_of_its_payment(desk, case):
    payment = taken(case, "620.00")
    url = reverse("cases:payment", args=[case.ref, ref_of(payment)])
    assert "120.00" in desk.get(url).content.decode()
    acts = reverse("cases:credit", args=[case.ref, ref_of(payment)])
    desk.post(acts, {"act": "refund", "account_id": case.account.pk, "amount": "120", "payee": "王小明"})
    refund = payment.refunds.get()
    desk.post(acts, {"act": "send", "refund": refund.pk, "reference": "T1"})
    refund.refresh_from_db()
    assert refund.sent_at is None  # whoever marked it does not send it
    second = Client()
    second.force_login(UserFactory(team=case.team, supervisor=True))
    second.post(acts, {"act": "send", "refund": refund.pk, "reference": "T1"})
    assert Account.objects.get(pk=case.account.pk).balance == 0


def test_what_nobody_placed_comes_with_reasons_and_is_placed_by_one_button(desk, case):
    payment = PaymentFactory(
        creditor=case.creditor, amount=Decimal("500.00"), payer_name="小明 王", remittance=f"还款 {case.ref.lower()}"
    )
    payment.set_aside(reason="unknown-account")
    payment.save()
    page = desk.get(reverse("cases:unallocated"))
    guess = page.context["guesses"][0]
    assert guess["account"].pk == case.account.pk
    assert guess["reasons"][0] == f"the payer wrote {case.ref}"
    assert 'data-key="1"' in page.content.decode()
    desk.post(reverse("cases:allocate", args=[payment.pk]), {"account_id": guess["account"].pk})
    payment.refresh_from_db()
    assert (payment.status, payment.account_id) == ("allocated", case.account.pk)


def test_a_payment_is_put_on_no_account_of_another_creditor(desk, case):
    stranger = CaseFactory(working=True)
    payment = PaymentFactory(creditor=case.creditor)
    payment.set_aside(reason="unknown-account")
    payment.save()
    desk.post(reverse("cases:allocate", args=[payment.pk]), {"account_id": stranger.account.pk})
    payment.refresh_from_db()
    assert payment.status == "unallocated"


def test_a_file_of_payments_is_uploaded_loaded_and_rolled_back(case, tmp_path):
    admin = Client()
    admin.force_login(UserFactory(admin=True))
    file = tmp_path / "payments.csv"
    file.write_text("account_number,paid_on,amount,reference\n1,2026-03-01,5.00,A\n")
    told = {"kind": "payments", "creditor": case.creditor.pk, "mapping": "auto"}
    with file.open("rb") as opened:
        sent = admin.post(reverse("cases:imports"), {**told, "file": opened})
    batch = ImportBatch.objects.get()
    assert (sent.status_code, batch.kind, batch.status) == (302, "payments", "uploaded")
    admin.post(reverse("cases:import-load", args=[batch.pk]))
    page = admin.get(reverse("cases:import", args=[batch.pk]))
    assert (page.context["placed"], page.context["standing"]) == ({"allocated": 0, "unallocated": 1}, 1)
    admin.post(reverse("cases:import-roll-back", args=[batch.pk]), {"reason": "wrong file"})
    assert (Payment.objects.get().status, ImportBatch.objects.get().status) == ("reversed", "rolled_back")


def test_a_day_of_the_bank_is_stated_on_its_page_and_closed_by_another(desk, case):
    taken(case, "30.00", value_on=date(2026, 3, 4))
    batch = ImportBatch.objects.create(creditor=case.creditor, kind="bank", file_name="x", uploaded_at=NOW)
    line = BankLine.objects.create(
        creditor=case.creditor, batch=batch, line=2, key=b"1", booked_on=date(2026, 3, 4), amount=Decimal("29.00"),
        currency="CNY", reference="R1", payment=Payment.objects.get(), matched_by="reference", matched_at=NOW,
    )  # fmt: skip
    where = [case.creditor.code, "2026-03-04", "CNY"]
    assert "29.00" in desk.get(reverse("cases:bank-days")).content.decode()
    page = desk.get(reverse("cases:bank-day", args=where))
    assert (page.context["unsaid"], page.context["found"].difference) == (1, Decimal("-1.00"))
    assert desk.post(reverse("cases:bank-state", args=where)).context["unsaid"] == 1
    desk.post(reverse("cases:bank-line", args=[line.pk]), {"act": "explain", "text": "fee of the bank"})
    desk.post(reverse("cases:bank-state", args=where))
    desk.post(reverse("cases:bank-close", args=where))
    assert BankDay.objects.get().closed_at is None
    second = Client()
    second.force_login(UserFactory(team=case.team, supervisor=True))
    second.post(reverse("cases:bank-close", args=where))
    assert BankDay.objects.get().closed_at is not None


@pytest.mark.parametrize("day", ["2026-02-30", "x", "2026-03-04T00"])
def test_a_day_that_is_none_is_not_found(desk, case, day):
    assert desk.get(f"/bank/{case.creditor.code}/{day}/CNY/").status_code == 404
