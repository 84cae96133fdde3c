"""Providers report in their own words: proved, taken once, in any order; bounces mark, complaints silence."""

import json
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from cases.models import Instruction
from collections_app.carrier import aliyun, postmark, twilio
from collections_app.carrier.store import Message
from contacts import dispatch
from contacts.channels import formats
from contacts.channels.senders.sms.aliyun import sign_v1, sign_v3
from contacts.models import ContactAttempt, DeliveryReceipt
from tests.contacts.conftest import TEN, TOKEN
from tests.contacts.test_senders_faults import TEXT, use
from tests.factories.cases import CaseFactory
from tests.factories.contacts import AttemptFactory

pytestmark = pytest.mark.django_db
OURS = "https://collections.example.com"
MAIL_SECRET = "desk:a-long-password"
DOORS = {
    "twilio": "/api/v1/webhooks/twilio",
    "aliyun": "/api/v1/webhooks/aliyun/hook-token",
    "email": "/api/v1/webhooks/email",
}


@pytest.fixture(autouse=True)
def known(settings: Any) -> None:
    settings.PUBLIC_URL, settings.TWILIO_AUTH_TOKEN, settings.CALLBACK_TOKEN = OURS, TOKEN, "hook-token"
    settings.EMAIL_PROVIDER = "anymail"
    settings.EMAIL_ANYMAIL = json.dumps({"backend": "postmark", "webhook_secret": MAIL_SECRET})


def sent_by(provider: str, **fields: Any) -> ContactAttempt:
    attempt = AttemptFactory(at=TEN, **(fields or {"sms": True}))
    ContactAttempt.objects.filter(pk=attempt.pk).update(provider=provider)
    attempt.refresh_from_db()
    return attempt


def as_kept(attempt: ContactAttempt, via: str, **more: Any) -> Message:
    """Return the message as a carrier has it."""
    callback = f"{OURS}{DOORS['twilio']}?key={attempt.key}"
    return Message(id=attempt.provider_ref, channel="sms", to="13800000001", sender="x", text="", key=str(attempt.key),
                   via=via, callback=callback, **more)  # fmt: skip


def post(door: str, body: bytes, headers: dict[str, str], *, query: str = "") -> int:
    kind = headers.get("Content-Type", "application/json")
    rest = {name: value for name, value in headers.items() if name != "Content-Type"}
    client = Client(headers={**rest, "Host": "localhost"})
    return client.post(DOORS[door] + query, body, content_type=kind, secure=True).status_code


def from_twilio(attempt: ContactAttempt, status: str, *, token: str = TOKEN) -> int:
    _, body, headers = twilio.receipt(as_kept(attempt, "twilio"), status, token=token)
    return post("twilio", body, headers, query=f"?key={attempt.key}")


def from_aliyun(attempt: ContactAttempt, status: str) -> int:
    return post("aliyun", *aliyun.receipt(as_kept(attempt, "aliyun"), status))


def from_mail(attempt: ContactAttempt, what: str, *, secret: str = MAIL_SECRET) -> int:
    return post("email", *postmark.happened(as_kept(attempt, "postmark"), what, secret=secret))


REPORTS = {"sms-twilio": from_twilio, "sms-aliyun": from_aliyun}


def status_of(attempt: ContactAttempt) -> str:
    attempt.refresh_from_db()
    return str(attempt.status)


def test_the_signatures_are_those_of_the_providers_own_examples():
    """Values printed in the documents of Twilio and Aliyun."""
    form = {"CallSid": "CA1234567890ABCDE", "Caller": "+12349013030", "Digits": "1234", "From": "+12349013030",
            "To": "+18005551212"}  # fmt: skip
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert formats.sign_twilio(url, list(form.items()), "12345") == "0/KCTR6DLpKmkAf8muzZqo1nDgQ="
    rpc = {
        "AccessKeyId": "testId", "Action": "SendSms", "Format": "XML", "OutId": "123", "PhoneNumbers": "15300000001",
        "RegionId": "cn-hangzhou", "SignName": "阿里云短信测试专用", "SignatureMethod": "HMAC-SHA1",
        "SignatureNonce": "45e25e9b-0a6f-4070-8c85-2956eda1b466", "SignatureVersion": "1.0",
        "TemplateCode": "SMS_71390007", "TemplateParam": '{"customer":"test"}', "Timestamp": "2017-07-12T02:42:19Z",
        "Version": "2017-05-25",
    }  # fmt: skip
    assert sign_v1("GET", rpc, "testSecret") == "zJDF+Lrzhj/ThnlvIToysFRq6t4="
    headers = {
        "host": "ecs.cn-shanghai.aliyuncs.com", "x-acs-action": "RunInstances", "x-acs-version": "2014-05-26",
        "x-acs-content-sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "x-acs-date": "2023-10-26T10:22:32Z", "x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
    }  # fmt: skip
    asked = {"ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd", "RegionId": "cn-shanghai"}
    signed = sign_v3("POST", asked, headers, "YourAccessKeySecret")
    assert signed == "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"


@pytest.mark.parametrize("provider", REPORTS)
@pytest.mark.parametrize(
    ("told", "ends"),
    [
        (["delivered"], "delivered"),
        (["delivered", "delivered"], "delivered"),
        (["delivered", "failed"], "delivered"),
        (["failed", "delivered"], "failed"),
    ],
)
def test_reports_are_taken_once_and_in_any_order(provider, told, ends):
    attempt = sent_by(provider)
    statuses = [REPORTS[provider](attempt, each) for each in told]
    assert set(statuses) <= {200, 204}
    assert status_of(attempt) == ends
    assert DeliveryReceipt.objects.count() == len(set(told))
    connection.check_constraints()


@pytest.mark.parametrize("provider", REPORTS)
def test_a_report_with_our_key_settles_what_nobody_knew(provider):
    attempt = AttemptFactory(uncertain=True, at=TEN)
    attempt.provider_ref = "theirs-1"
    REPORTS[provider](attempt, "delivered")
    assert (status_of(attempt), attempt.provider, attempt.provider_ref) == ("delivered", provider, "theirs-1")


@pytest.mark.parametrize("provider", REPORTS)
def test_a_number_that_nobody_has_is_marked(provider):
    attempt = sent_by(provider)
    REPORTS[provider](attempt, "failed")
    assert status_of(attempt) == "failed"
    attempt.contact_point.refresh_from_db()
    assert attempt.contact_point.state == "bad"
    assert DeliveryReceipt.objects.get().code in ("30005", "MK:0001")


def test_a_phone_that_is_only_switched_off_keeps_its_number():
    attempt = sent_by("sms-twilio")
    url = f"{OURS}{DOORS['twilio']}"
    form = {"MessageSid": attempt.provider_ref, "MessageStatus": "undelivered", "ErrorCode": "30003"}
    body, headers = twilio._signed(url, form, TOKEN)
    assert post("twilio", body, headers) == 204
    assert status_of(attempt) == "failed"
    attempt.contact_point.refresh_from_db()
    assert attempt.contact_point.state != "bad"


def test_what_is_not_proved_is_refused_and_changes_nothing(settings):
    attempt = sent_by("sms-twilio")
    assert from_twilio(attempt, "delivered", token="wrong") == 401
    assert post("twilio", b"MessageSid=x&MessageStatus=delivered", {}) == 401
    assert from_mail(attempt, "hard", secret="desk:guess") == 401
    assert Client().post("/api/v1/webhooks/aliyun/guess", b"[]", content_type="application/json").status_code == 401
    settings.CALLBACK_TOKEN = settings.TWILIO_AUTH_TOKEN = settings.EMAIL_ANYMAIL = ""
    assert from_aliyun(attempt, "delivered") == 401
    assert from_twilio(attempt, "delivered", token="") == 401
    assert from_mail(attempt, "hard") == 401
    assert status_of(attempt) == "sent"
    assert not DeliveryReceipt.objects.exists()


def test_a_callback_to_another_address_of_ours_is_not_the_same_proof():
    attempt = sent_by("sms-twilio")
    _, body, headers = twilio.receipt(as_kept(attempt, "twilio"), "delivered", token=TOKEN)
    assert post("twilio", body, headers, query=f"?key={uuid.uuid4()}") == 401


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b"[", b'[{"biz_id": "x"}]', b'[{"success": true}]', b"\xff"])
def test_a_report_that_says_nothing_is_an_error(body):
    assert post("aliyun", body, {}) == 422


def test_one_list_may_hold_many_reports():
    first, second = sent_by("sms-aliyun"), sent_by("sms-aliyun")
    bodies = [json.loads(aliyun.receipt(as_kept(each, "aliyun"), "delivered")[0])[0] for each in (first, second)]
    assert post("aliyun", json.dumps(bodies).encode(), {}) == 200
    assert [status_of(first), status_of(second)] == ["delivered", "delivered"]


def words_of(case: Any) -> str:
    from collections_app.shared import sealed

    return sealed.unseal(case.point.address.value_sealed)


@pytest.mark.parametrize(("words", "opt_out_type", "stops"), [("STOP", "", 1), ("Adios", "STOP", 1), ("ok", "", 0)])
def test_a_word_of_stopping_by_twilio_is_in_force_at_once(words, opt_out_type, stops):
    case = CaseFactory(at=TEN)
    form = {
        "MessageSid": "SM1",
        "From": words_of(case),
        "To": "+12025550100",
        "Body": words,
        "OptOutType": opt_out_type,
    }
    body, headers = twilio._signed(f"{OURS}{DOORS['twilio']}", form, TOKEN)
    assert [post("twilio", body, headers), post("twilio", body, headers)] == [204, 204]
    assert Instruction.objects.filter(kind="opt_out").count() == stops
    assert ContactAttempt.objects.filter(direction="inbound").count() == 1


def test_a_word_of_stopping_by_aliyun_is_in_force_at_once():
    case = CaseFactory(at=TEN)
    bare = words_of(case).removeprefix("+86")
    body, headers = aliyun.reply(sender=bare, text="退订")
    assert [post("aliyun", body, headers), post("aliyun", body, headers)] == [200, 200]
    assert Instruction.objects.filter(kind="opt_out").count() == 1
    assert bare not in DeliveryReceipt.objects.get().event_id


@pytest.mark.parametrize(
    ("what", "status", "state", "stops"),
    [
        ("delivered", "delivered", "unchanged", 0),
        ("hard", "failed", "bad", 0),
        ("soft", "sent", "unchanged", 0),
        ("complaint", "sent", "unchanged", 1),
    ],
)
def test_bounces_mark_complaints_silence_and_a_full_mailbox_is_only_noted(what, status, state, stops):
    attempt = sent_by("anymail")
    before = attempt.contact_point.state
    assert from_mail(attempt, what) == 204
    assert status_of(attempt) == status
    attempt.contact_point.refresh_from_db()
    assert attempt.contact_point.state == (before if state == "unchanged" else state)
    assert Instruction.objects.filter(kind="opt_out").count() == stops
    assert DeliveryReceipt.objects.get().applied


def test_a_complaint_twice_is_one_wish():
    attempt = sent_by("anymail")
    from_mail(attempt, "complaint")
    from_mail(attempt, "complaint")
    assert Instruction.objects.filter(kind="opt_out").count() == 1


@pytest.mark.parametrize("provider", ["twilio", "aliyun-v3"])
def test_a_report_before_the_answer_waits_for_it(carrier, plan, now, only_attempt, settings, provider, monkeypatch):
    """The carrier reports while the hand-over still waits for its answer; here the report is taken just before it."""
    use(provider, carrier.url, settings)
    monkeypatch.setattr("contacts.dispatch.wording.write", lambda *_, **__: _Words())
    planned = plan()
    (claim,) = dispatch.claim_due(channel="sms", limit=5, at=now())
    cleared = dispatch.clear(claim, now=now)
    attempt = only_attempt(planned)
    early = as_kept(attempt, provider)
    early.key, early.id = str(planned.key), "theirs-1"
    early.callback = f"{OURS}{DOORS['twilio']}?key={planned.key}"
    if provider == "twilio":
        _, body, headers = twilio.receipt(early, "delivered", token=TOKEN)
        assert post("twilio", body, headers, query=f"?key={planned.key}") == 204
    else:
        assert post("aliyun", *aliyun.receipt(early, "delivered")) == 200
    assert status_of(attempt) == "cleared"
    assert dispatch.hand_over(cleared, now=now) == "delivered"
    assert DeliveryReceipt.objects.get().applied


class _Words:
    subject, body = "", TEXT
