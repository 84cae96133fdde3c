"""Attempts for other systems, and the door of the providers' receipts."""

import hashlib
import hmac
import json
import time

import pytest
from django.test import Client

from cases import clients
from collections_app.shared.actor import SYSTEM
from contacts.models import ContactAttempt, DeliveryReceipt
from tests.factories import NOW
from tests.factories.cases import CreditorFactory
from tests.factories.contacts import AttemptFactory

pytestmark = pytest.mark.django_db
SECRET = "a secret of the carrier"


def signed(body, *, secret=SECRET, at=None):
    stamp = int(at or time.time())
    digest = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return {"X-Carrier-Signature": f"t={stamp},v1={digest}"}


def post(body, headers):
    return Client().post("/api/v1/webhooks/receipts", body, content_type="application/json", headers=headers)


def receipt_of(attempt, event="e1", status="delivered"):
    told = {"type": "receipt", "channel": "sms", "event_id": event, "status": status, "id": attempt.provider_ref}
    return json.dumps(told | {"key": str(attempt.key)}).encode()


@pytest.fixture(autouse=True)
def carrier(settings):
    settings.WEBHOOK_SECRET = SECRET


def test_a_signed_receipt_is_taken_once():
    attempt = AttemptFactory(sms=True, provider="sms")
    body = receipt_of(attempt)
    assert [post(body, signed(body)).status_code for _ in range(2)] == [204, 204]
    assert DeliveryReceipt.objects.count() == 1


@pytest.mark.parametrize(
    "headers",
    [
        lambda body: {},
        lambda body: {"X-Carrier-Signature": "t=1,v1=00"},
        lambda body: signed(body, secret="another"),
        lambda body: signed(body, at=time.time() - 3600),
    ],
    ids=["unsigned", "nonsense", "other secret", "an hour old"],
)
def test_a_receipt_that_is_not_the_carriers_is_refused(headers):
    body = receipt_of(AttemptFactory(sms=True))
    assert post(body, headers(body)).status_code == 401
    assert not DeliveryReceipt.objects.exists()


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"type": 3}', b'{"type": "receipt"}'])
def test_a_signed_body_that_says_nothing_is_a_problem(body):
    assert post(body, signed(body)).status_code == 422


def test_attempts_are_seen_within_the_creditors_of_the_client():
    mine, other = AttemptFactory(sms=True), AttemptFactory(sms=True)
    _row, token = clients.create(name="bank", scopes=["contacts:read"], creditors=[mine.creditor], actor=SYSTEM, at=NOW)
    headers = {"Authorization": f"Bearer {token}"}
    rows = Client().get("/api/v1/attempts", headers=headers).json()["results"]
    assert [row["ref"] for row in rows] == [mine.ref]
    assert Client().get(f"/api/v1/attempts/{other.ref}", headers=headers).status_code == 404
    assert ContactAttempt.objects.count() == 2


def test_pages_are_walked_by_cursor():
    creditor = CreditorFactory()
    attempts = [AttemptFactory(sms=True, case__creditor=creditor) for _ in range(3)]
    _row, token = clients.create(name="bank", scopes=["contacts:read"], creditors=[creditor], actor=SYSTEM, at=NOW)
    headers, seen = {"Authorization": f"Bearer {token}"}, []
    url = "/api/v1/attempts?limit=2"
    while url:
        page = Client().get(url, headers=headers).json()
        seen += [row["ref"] for row in page["results"]]
        url = page["next"]
    assert seen == [attempt.ref for attempt in reversed(attempts)]
