"""Delivery receipts and replies: signed, once each, in any order, before or after the answer to our own request."""

import hashlib
import hmac
import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from cases.models import Address, Instruction
from collections_app.carrier.receipts import signature
from contacts import dispatch
from contacts.channels import receipts
from contacts.channels.receipts import BadReceipt, BadSignature
from contacts.models import ContactAttempt, DeliveryReceipt
from tests.contacts.conftest import SECRET, TEN
from tests.factories.cases import CaseFactory, ContactPointFactory, PersonFactory
from tests.factories.contacts import AttemptFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def secret(settings: Any) -> None:
    settings.WEBHOOK_SECRET = SECRET


def signed(event: Any, *, secret: str = SECRET, at: float | None = None) -> tuple[bytes, dict[str, str]]:
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    return body, {"X-Carrier-Signature": signature(secret, body, int(at or TEN.timestamp()))}


def receipt(attempt: ContactAttempt, status: str, **more: Any) -> dict[str, Any]:
    return {
        "event_id": f"evt_{uuid.uuid4().hex}",
        "type": "receipt",
        "channel": "sms",
        "id": attempt.provider_ref,
        "key": str(attempt.key),
        "status": status,
        "code": "",
        "at": TEN.isoformat(),
        **more,
    }


def take(event: Any, **more: Any) -> str:
    body, headers = signed(event, **more)
    return receipts.take(body, headers, TEN)


@pytest.fixture
def sent() -> ContactAttempt:
    """Return a text message that the provider has."""
    attempt = AttemptFactory(sms=True, at=TEN)
    ContactAttempt.objects.filter(pk=attempt.pk).update(provider="sms-http")
    attempt.refresh_from_db()
    return attempt


def status_of(attempt: ContactAttempt) -> str:
    return str(ContactAttempt.objects.values_list("status", flat=True).get(pk=attempt.pk))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Carrier-Signature": ""},
        {"X-Carrier-Signature": "t=1,v1=zz"},
        {"X-Carrier-Signature": "v1=" + "0" * 64},
        signed({}, secret="other")[1],
        signed({}, at=TEN.timestamp() - 301)[1],
        signed({}, at=TEN.timestamp() + 301)[1],
        signed({"another": "body"})[1],
    ],
)
def test_a_receipt_that_is_not_signed_now_by_the_carrier_is_refused(headers):
    with pytest.raises(BadSignature):
        receipts.take(b"{}", headers, TEN)
    assert not DeliveryReceipt.objects.exists()


def test_without_a_secret_nothing_is_believed(settings):
    settings.WEBHOOK_SECRET = ""
    body = b"{}"
    stamp = int(TEN.timestamp())
    digest = hmac.new(b"", f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    with pytest.raises(BadSignature):
        receipts.take(body, {"X-Carrier-Signature": f"t={stamp},v1={digest}"}, TEN)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"x"', b'{"type": 3}', b'{"type": "receipt"}', b"\xff"])
def test_a_signed_body_that_says_nothing_is_an_error(body):
    with pytest.raises(BadReceipt):
        take(body)


def test_the_age_of_a_signature_is_measured_by_the_real_clock(settings, sent):
    settings.CLOCK_SHIFT = True
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO clock_offset (id, seconds) VALUES (1, 86400) ON CONFLICT (id) DO UPDATE SET seconds = 86400"
        )
    body, headers = signed(receipt(sent, "delivered"))
    assert receipts.take(body, headers, TEN + timedelta(days=1)) == "receipt"


def test_a_message_that_arrived_is_delivered(sent):
    assert take(receipt(sent, "sent")) == "receipt"
    assert status_of(sent) == "sent"
    assert take(receipt(sent, "delivered")) == "receipt"
    sent.refresh_from_db()
    assert (sent.status, sent.outcome) == ("delivered", "delivered")
    assert DeliveryReceipt.objects.filter(applied=True, attempt=sent).count() == 2
    connection.check_constraints()


def test_the_same_event_is_taken_once(sent):
    event = receipt(sent, "delivered")
    assert [take(event), take(event)] == ["receipt", "repeated"]
    assert DeliveryReceipt.objects.count() == 1


def test_receipts_in_the_wrong_order_change_nothing_back(sent):
    for status in ("delivered", "sent", "failed"):
        take(receipt(sent, status))
    assert status_of(sent) == "delivered"


def test_a_message_that_nobody_can_receive_fails_and_marks_the_number(sent):
    take(receipt(sent, "failed", code="absent_subscriber"))
    sent.refresh_from_db()
    sent.contact_point.refresh_from_db()
    assert (sent.status, sent.reason_code, sent.is_permanent_failure) == ("failed", "undelivered", True)
    assert sent.contact_point.state == "bad"


def test_a_receipt_settles_what_nobody_knew():
    attempt = AttemptFactory(uncertain=True, at=TEN)
    take(receipt(attempt, "delivered", id="p-1"))
    attempt.refresh_from_db()
    assert (attempt.status, attempt.provider_ref) == ("delivered", "p-1")
    connection.check_constraints()


def test_any_word_of_the_carrier_proves_that_it_left():
    attempt = AttemptFactory(uncertain=True, at=TEN)
    take(receipt(attempt, "sent", id="p-1"))
    assert status_of(attempt) == "sent"


def test_a_receipt_before_the_answer_waits_for_it(carrier, plan, now, only_attempt):
    planned = plan()
    (claim,) = dispatch.claim_due(channel="sms", limit=5, at=now())
    cleared = dispatch.clear(claim, now=now)
    early = receipt(only_attempt(planned), "delivered", id="", key=str(planned.key))
    assert take(early) == "receipt"
    assert status_of(only_attempt(planned)) == "cleared"
    assert dispatch.hand_over(cleared, now=now) == "delivered"
    assert DeliveryReceipt.objects.get().applied


def test_a_receipt_that_could_not_be_applied_is_taken_in_by_the_sweep(carrier, plan, now, only_attempt):
    planned = plan()
    dispatch.run(channel="sms", now=now)
    attempt = only_attempt(planned)
    DeliveryReceipt.objects.create(
        provider="sms-http", event_id="e1", message_ref=attempt.provider_ref, status="delivered", received_at=TEN
    )
    assert dispatch.sweep(now=now)["receipts"] == 1
    assert status_of(attempt) == "delivered"


def test_a_receipt_for_something_unknown_is_kept_and_harms_nothing():
    assert take({"event_id": "e", "type": "receipt", "channel": "sms", "id": "x", "status": "delivered"}) == "receipt"
    assert DeliveryReceipt.objects.get().applied is False


def test_events_of_a_later_carrier_are_ignored():
    assert take({"event_id": "e", "type": "price_list"}) == "ignored"


def reply(case: Any, text: str, event_id: str = "r1", **more: Any) -> str:
    from collections_app.shared import sealed

    number = sealed.unseal(case.point.address.value_sealed)
    return take({"event_id": event_id, "type": "reply", "from": number, "text": text, "at": TEN.isoformat(), **more})


@pytest.mark.parametrize(
    "text",
    ["STOP", "stop.", " Stop! ", "ＳＴＯＰ", "退订", "TD", "t", "T", "请勿再发！", "Please stop texting me",
     "unsubscribe me now", "Don’t text me again", "别再发了", "stopall", "QUIT", "opt out"],
)  # fmt: skip
def test_words_that_mean_stop_are_in_force_at_once(text):
    case = CaseFactory(at=TEN)
    assert reply(case, text) == "reply"
    told = Instruction.objects.get()
    assert (told.kind, told.channel, told.contact_point_id, told.words) == ("opt_out", "sms", case.point.pk, text)
    assert told.confirmed_at == TEN
    attempt = ContactAttempt.objects.get()
    assert (attempt.origin, attempt.status, attempt.outcome) == ("inbound", "recorded", "received")


@pytest.mark.parametrize(
    "text", ["I will pay on Friday", "this won't stop me", "好的，周五还", "至", "", "end of the month"]
)
def test_other_words_stop_nothing_and_are_put_before_a_person(text):
    case = CaseFactory(at=TEN, waiting=True)
    assert reply(case, text) == "reply"
    assert not Instruction.objects.exists()
    case.refresh_from_db()
    assert (case.next_action, case.next_action_at) == ("review", TEN)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("this is not my debt", "dispute"),
        ("联系我的律师", "lawyer"),
        ("I lost my job", "hardship"),
        ("发错了，不认识", "wrong number"),
    ],
)
def test_grave_words_say_why_a_person_must_look(text, why):
    case = CaseFactory(at=TEN)
    reply(case, text)
    case.refresh_from_db()
    assert case.next_action_note == f"reply: {why}"


def test_after_a_stop_the_next_planned_message_stays(carrier, plan, now):
    planned = plan()
    reply(planned.case, "退订")
    dispatch.run(channel="sms", now=now)
    planned.refresh_from_db()
    assert planned.status == "withheld"
    assert carrier.messages() == []


def test_the_same_reply_twice_is_recorded_once():
    case = CaseFactory(at=TEN)
    assert [reply(case, "STOP"), reply(case, "STOP")] == ["reply", "repeated"]
    reply(case, "STOP", event_id="r2")
    assert Instruction.objects.count() == 1
    assert ContactAttempt.objects.count() == 2


def test_everybody_who_has_the_number_is_left_alone():
    first = CaseFactory(at=TEN)
    second = CaseFactory(at=TEN, points=False)
    ContactPointFactory(person=second.person, address=first.point.address)
    nobody = ContactPointFactory(person=PersonFactory(), address=first.point.address)
    reply(first, "STOP")
    people = set(Instruction.objects.values_list("person_id", flat=True))
    assert people == {first.person_id, second.person_id, nobody.person_id}
    assert ContactAttempt.objects.count() == 2


def test_a_reply_from_an_unknown_number_is_taken_and_forgotten():
    assert take({"event_id": "r1", "type": "reply", "from": "+12025550100", "text": "who is this?"}) == "reply"
    assert not Address.objects.exists()
    assert not ContactAttempt.objects.exists()


def test_a_strangers_stop_silences_his_number_before_a_file_brings_it():
    assert take({"event_id": "r1", "type": "reply", "from": "+12025550100", "text": "STOP"}) == "reply"
    assert Address.objects.get().suppressed_at == TEN
    assert not Instruction.objects.exists()


def test_a_stop_from_what_is_no_number_silences_nothing():
    assert take({"event_id": "r1", "type": "reply", "from": "BANK", "text": "STOP"}) == "reply"
    assert not Address.objects.exists()


@pytest.mark.parametrize("text", ["Wrong number!", "you have the wrong person", "打错了", "发错了，我不是本人"])
def test_whoever_says_that_we_have_the_wrong_number_silences_it_for_everybody(text):
    first = CaseFactory(at=TEN, waiting=True)
    second = CaseFactory(at=TEN, points=False)
    shared = ContactPointFactory(person=second.person, address=first.point.address)
    reply(first, text)
    reply(first, text, event_id="again")
    assert Instruction.objects.filter(kind="wrong_party", source="message").count() == 2  # one for each who has it
    first.point.address.refresh_from_db()
    assert first.point.address.suppressed_reason == "stranger"
    assert {point.state for point in (type(shared).objects.filter(address=shared.address))} == {"stranger"}
    first.refresh_from_db()
    assert first.next_action == "review"


def test_words_about_a_wrong_amount_silence_nothing():
    case = CaseFactory(at=TEN)
    reply(case, "the amount is wrong")
    assert not Instruction.objects.exists()


def test_a_late_word_about_a_message_that_failed_is_kept_with_it_and_changes_nothing():
    attempt = AttemptFactory(failed=True, provider="sms-http", provider_ref="m-late")
    told = {"provider": "sms-http", "message_ref": "m-late", "received_at": attempt.at}
    late = DeliveryReceipt.objects.create(event_id="late", status="accepted", **told)
    assert receipts.apply(late, at=attempt.at)
    late.refresh_from_db()
    attempt.refresh_from_db()
    assert (late.attempt_id, late.applied, attempt.status) == (attempt.pk, True, "failed")
