"""The API: one payment per request, problems that say what is wrong, and nothing of another creditor."""

import threading
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client

from cases import clients
from cases.models import Account, IdempotencyKey, Payment
from collections_app.shared.actor import SYSTEM
from tests.factories import NOW
from tests.factories.cases import AccountFactory, CaseFactory, CreditorFactory

ALL = ["payments:write", "cases:read", "contacts:read", "decisions:read"]


class Api:
    """A client of the API as another system would write it."""

    def __init__(self, *creditors, scopes=ALL, name="bank"):
        self.row, self.token = clients.create(name=name, scopes=scopes, creditors=creditors, actor=SYSTEM, at=NOW)

    def get(self, path):
        return Client().get(f"/api/v1/{path}", headers={"Authorization": f"Bearer {self.token}"})

    def post(self, path, body, key="k1"):
        headers = {"Authorization": f"Bearer {self.token}"}
        if key is not None:
            headers["Idempotency-Key"] = key
        return Client().post(f"/api/v1/{path}", body, content_type="application/json", headers=headers)


def body_for(case, **more):
    return {
        "creditor": case.creditor.code,
        "reference": "REF-1",
        "account": "6222000012345678",
        "amount": "200.00",
        "currency": case.currency,
        "received_at": "2026-03-04T14:00:00Z",
        **more,
    }


@pytest.fixture
def case(db):
    case = CaseFactory(working=True, balance="500.00", accounts=False)
    case.account = AccountFactory(
        person=case.person,
        borrower=case.borrower,
        product__creditor=case.creditor,
        number="6222000012345678",
        balance="500.00",
    )
    return case


def test_a_payment_is_taken_and_allocated(case):
    answer = Api(case.creditor).post("payments", body_for(case))
    assert answer.status_code == 201
    told = answer.json()
    assert (told["status"], told["amount"], told["account_last4"]) == ("allocated", "200.00", "5678")
    assert Account.objects.get(pk=case.account.pk).balance == Decimal("300.00")


def test_the_same_key_gets_the_same_answer_and_makes_nothing_new(case):
    api = Api(case.creditor)
    first, again = api.post("payments", body_for(case)), api.post("payments", body_for(case))
    assert (again.status_code, again.json()) == (201, first.json())
    assert again["Idempotent-Replayed"] == "true"
    assert Payment.objects.count() == 1


def test_the_same_key_with_another_body_is_refused(case):
    api = Api(case.creditor)
    api.post("payments", body_for(case))
    answer = api.post("payments", body_for(case, amount="201.00"))
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-key-reused")
    assert Payment.objects.count() == 1


def test_another_key_with_the_same_reference_is_the_same_payment(case):
    api = Api(case.creditor)
    first = api.post("payments", body_for(case), key="k1")
    again = api.post("payments", body_for(case), key="k2")
    assert (again.status_code, again.json()["ref"]) == (200, first.json()["ref"])
    assert Payment.objects.count() == 1


def test_the_same_reference_with_another_amount_is_a_conflict(case):
    api = Api(case.creditor)
    api.post("payments", body_for(case), key="k1")
    answer = api.post("payments", body_for(case, amount="201.00"), key="k2")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


def test_a_refused_request_leaves_its_key_free(case):
    api = Api(case.creditor)
    assert api.post("payments", body_for(case, amount="-1.00")).status_code == 422
    assert not IdempotencyKey.objects.exists()
    assert api.post("payments", body_for(case)).status_code == 201


def test_without_a_key_nothing_is_taken(case):
    answer = Api(case.creditor).post("payments", body_for(case), key=None)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-key-missing")
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount", 200),
        ("amount", "２００.00"),
        ("amount", "1_000"),
        ("amount", "1e3"),
        ("amount", "10.001"),
        ("reference", "a\u0000b"),
        ("reference", "a\u202eb"),
        ("received_at", "2026-03-04T14:00:00"),
        ("received_at", "31/02/2026"),
        ("value_on", "2026-02-31"),
        ("currency", "DOLLAR"),
        ("surprise", "x"),
    ],
)
def test_odd_input_is_named_by_its_field(case, field, value):
    answer = Api(case.creditor).post("payments", body_for(case, **{field: value}))
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert not Payment.objects.exists()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"currency": "XYZ"}, "currency"),
        ({"amount": "-5.00"}, "not-positive"),
        ({"creditor": "no"}, "unknown-creditor"),
    ],
)
def test_what_cannot_be_a_payment_says_why(case, change, code):
    answer = Api(case.creditor).post("payments", body_for(case, **change))
    assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_a_payment_for_an_unknown_account_is_kept(case):
    answer = Api(case.creditor).post("payments", body_for(case, account="0000000000"))
    assert answer.status_code == 201
    assert answer.json()["unallocated_reason"] == "unknown-account"
    assert Payment.objects.get().status == "unallocated"


@pytest.mark.parametrize("spelling", ["6222 0000 1234 5678", " 6222000012345678", "６２２２０００012345678"])
def test_an_account_is_found_however_its_number_is_spelled(case, spelling):
    answer = Api(case.creditor).post("payments", body_for(case, account=spelling))
    assert answer.json()["status"] == "allocated"


def test_a_reversal_over_the_api_gives_the_money_back(case):
    api = Api(case.creditor)
    ref = api.post("payments", body_for(case)).json()["ref"]
    answer = api.post(f"payments/{ref}/reverse", {"reason": "bounced"}, key="r1")
    assert (answer.status_code, answer.json()["status"]) == (200, "reversed")
    assert Account.objects.get(pk=case.account.pk).balance == Decimal("500.00")


def test_nobody_sees_the_rows_of_a_creditor_that_is_not_his(case):
    other = Api(CreditorFactory(), name="other")
    assert other.get("cases").json()["results"] == []
    assert other.get(f"cases/{case.ref}").status_code == 404
    assert other.post("payments", body_for(case)).json()["code"] == "unknown-creditor"
    mine = Api(case.creditor)
    assert [row["ref"] for row in mine.get("cases").json()["results"]] == [case.ref]
    assert mine.get(f"cases/{case.ref}").json()["balance"] == "500.00"


def test_a_token_without_the_scope_is_refused(case):
    api = Api(case.creditor, scopes=["cases:read"])
    assert api.get("cases").status_code == 200
    answer = api.post("payments", body_for(case))
    assert (answer.status_code, answer.json()["code"]) == (403, "permission-denied")


def test_a_token_switched_off_is_out_at_once(case):
    api = Api(case.creditor)
    clients.revoke(client_id=api.row.pk, actor=SYSTEM, at=NOW)
    answer = api.get("cases")
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")


def test_no_token_is_refused(db):
    assert Client().get("/api/v1/cases").status_code == 401


def test_broken_json_is_a_problem_and_not_a_crash(case):
    api = Api(case.creditor)
    headers = {"Authorization": f"Bearer {api.token}", "Idempotency-Key": "k"}
    answer = Client().post("/api/v1/payments", b'{"amount": ', content_type="application/json", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "parse-error")


def test_the_openapi_document_and_its_page_are_served(db):
    document = Client().get("/api/v1/schema", headers={"Accept": "application/vnd.oai.openapi+json"})
    assert document.status_code == 200
    assert b"3.1.0" in document.content
    assert b"/api/v1/payments" in document.content
    assert Client().get("/api/v1/docs").status_code == 200


@pytest.mark.usefixtures("own_database")
def test_twenty_requests_at_once_with_one_key_have_one_effect():
    case = CaseFactory(working=True, balance="500.00", accounts=False)
    account = AccountFactory(
        person=case.person, borrower=case.borrower, product__creditor=case.creditor, number="6222000012345678"
    )
    api, answers = Api(case.creditor, name="parallel"), []

    def send():
        try:
            answers.append(api.post("payments", body_for(case), key="parallel"))
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(20)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["ref"] for answer in answers}) == 1
    assert Payment.objects.filter(account=account).count() == 1
    assert Account.objects.get(pk=account.pk).balance == Decimal("300.00")


def test_a_payment_over_several_accounts_says_who_paid_and_gives_its_receipt(case):
    AccountFactory(
        person=case.person, borrower=case.borrower, product=case.account.product, number="6222000099990000",
        balance="80.00",
    )  # fmt: skip
    parts = [{"account": "6222000012345678", "amount": "150.00"}, {"account": "6222 0000 9999 0000", "amount": "50.00"}]
    body = body_for(case, accounts=parts, payer="third_party", payer_name="李四", method="transfer")
    del body["account"]
    api = Api(case.creditor)
    told = api.post("payments", body).json()
    assert (told["status"], told["division"], told["payer"]) == ("allocated", "instructed", "third_party")
    receipt = api.get(f"payments/{told['ref']}/receipt").json()
    assert (receipt["number"], receipt["amount"]) == (told["ref"], "200.00")
    assert [(line["account_last4"], line["amount"], line["components"]) for line in receipt["accounts"]] == [
        ("5678", "150.00", {"unsplit": "150.00"}),
        ("0000", "50.00", {"unsplit": "50.00"}),
    ]
    undone = api.post(
        f"payments/{told['ref']}/reverse", {"reason": "no funds", "kind": "bounced", "fee": "9.00"}, key="k2"
    )
    assert (undone.status_code, undone.json()["reversed_kind"]) == (200, "bounced")
    assert Account.objects.get(pk=case.account.pk).balance == Decimal("509.00")


def test_accounts_that_do_not_add_up_or_are_of_nobody_are_refused_whole(case):
    api = Api(case.creditor)
    body = body_for(case)
    del body["account"]
    short = api.post("payments", {**body, "accounts": [{"account": "6222000012345678", "amount": "150.00"}]})
    assert (short.status_code, short.json()["code"]) == (422, "parts-differ")
    stranger = api.post("payments", {**body, "accounts": [{"account": "1", "amount": "200.00"}]}, key="k2")
    assert (stranger.status_code, stranger.json()["code"]) == (422, "no-such-account")
    both = api.post("payments", body_for(case, accounts=[{"account": "1", "amount": "200.00"}]), key="k3")
    assert (both.status_code, both.json()["code"]) == (422, "invalid")
    assert not Payment.objects.exists()


def test_a_receipt_of_another_creditors_payment_is_not_found(case):
    ref = Api(case.creditor).post("payments", body_for(case)).json()["ref"]
    assert Api(CreditorFactory(), name="other").get(f"payments/{ref}/receipt").status_code == 404
    assert Api(case.creditor, scopes=["cases:read"], name="reader").get(f"payments/{ref}/receipt").status_code == 403
