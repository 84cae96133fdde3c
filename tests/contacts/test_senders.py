"""Adapters: no permit, nothing leaves; and what is known afterwards is said plainly, whatever the other side does."""

import smtplib
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from collections_app.carrier import smtp
from collections_app.embedded.valkey import free_port
from collections_app.shared.actor import SYSTEM
from compliance import gate
from compliance.gate import Permit
from contacts import facts
from contacts.channels import catalogue
from contacts.channels.senders.base import (
    AccountRefused,
    Message,
    NotConfigured,
    NotPermitted,
    Permanent,
    Receipt,
    Sender,
    Temporary,
    Unknown,
)
from contacts.channels.senders.email import EmailSender
from contacts.channels.senders.letter import LetterSender
from contacts.channels.senders.sms import sms_sender
from contacts.channels.senders.sms.generic import GenericSms as SmsSender
from tests.contacts.conftest import TEN
from tests.factories.cases import CaseFactory, ContactPointFactory

pytestmark = pytest.mark.django_db
NUMBER = "+8619900000001"


def permit_for(channel: str) -> Permit:
    case = CaseFactory(at=TEN)
    if channel == "letter":
        case.point = ContactPointFactory(person=case.person, postal=True)
    file = facts.of_case(case.pk, at=TEN)
    point = catalogue.best(channel, file.points)
    decided = gate.decide(
        file.question(channel=channel, contact_point_id=point.pk),
        file.facts(point.pk),
        actor=SYSTEM,
        at=TEN,
        entrance="test",
        creditor_id=case.creditor_id,
        case_id=case.pk,
    )
    assert isinstance(decided, Permit)
    return decided


def message(**more: Any) -> Message:
    words = {
        "text": "您的账户已逾期。",
        "subject": "提醒",
        "reference": "C-1",
        "sender_name": "Bank\r\nBcc: x@example.com",
    }
    return Message(**{"key": uuid.uuid4(), "at": TEN, **words, **more})


@pytest.fixture
def mail(carrier: Any, settings: Any) -> Iterator[EmailSender]:
    port = free_port()
    server = smtp.start(carrier.store, carrier.faults, host="127.0.0.1", port=port)
    settings.MAILERS = {"default": {"OPTIONS": {"host": "127.0.0.1", "port": port, "timeout": 2, "use_tls": False}}}
    yield EmailSender()
    server.stop()


def send(sender: Sender, *, to: str = NUMBER, **more: Any) -> Receipt:
    return sender.send(message(**more), to=to, permit=permit_for(sender.channel), at=TEN)


@pytest.mark.parametrize("permit", [None, object(), "permit"])
def test_without_a_permit_nothing_leaves(carrier, permit):
    with pytest.raises(NotPermitted):
        SmsSender().send(message(), to=NUMBER, permit=permit, at=TEN)
    assert carrier.stats()["messages"] == {}


def test_a_permit_is_for_its_channel_and_its_minutes(carrier):
    permit = permit_for("email")
    with pytest.raises(NotPermitted):
        SmsSender().send(message(), to=NUMBER, permit=permit, at=TEN)
    permit = permit_for("sms")
    for at in (permit.valid_from - timedelta(seconds=1), permit.valid_until):
        with pytest.raises(NotPermitted):
            SmsSender().send(message(), to=NUMBER, permit=permit, at=at)
    assert carrier.stats()["messages"] == {}


def test_a_permit_cannot_be_made_by_hand():
    good = permit_for("sms")
    fields = {name: getattr(good, name) for name in Permit.__slots__ if name != "_seal"}
    with pytest.raises(TypeError):
        Permit(**fields)


def test_every_channel_with_a_sender_has_one_and_the_others_say_so(settings):
    from contacts.dispatch import carriers

    assert set(carriers._BY_CHANNEL) == set(catalogue.SENDING)
    for channel in set(catalogue.CHANNELS) - set(catalogue.SENDING):
        with pytest.raises(NotConfigured):
            carriers.sender_of(channel)
    settings.SMS_PROVIDER_URL, settings.MAILERS = "", {}
    for unconnected in (sms_sender, EmailSender):
        with pytest.raises(NotConfigured):
            unconnected()


def test_a_text_message_is_taken_once_under_its_key(carrier):
    sender, key = SmsSender(), uuid.uuid4()
    first, second = send(sender, key=key), send(sender, key=key)
    assert first == second
    assert sender.look_up(key) == first
    assert sender.look_up(uuid.uuid4()) is None
    (kept,) = carrier.messages()
    assert (kept.text, kept.reference) == ("您的账户已逾期。", "C-1")


def test_a_key_under_which_something_else_left_is_not_called_a_failure(carrier):
    sender, key = SmsSender(), uuid.uuid4()
    first = send(sender, key=key)
    with pytest.raises(Unknown):
        send(sender, key=key, text="another amount")
    assert sender.look_up(key) == first


@pytest.mark.parametrize(
    ("fault", "error", "code"),
    [
        ("rate_limited", Temporary, "provider-busy"),
        ("refused", Permanent, "address-unknown"),
        ("error", Unknown, None),
        ("error_after_accept", Unknown, None),
        ("timeout_after_accept", Unknown, None),
        ("cut", Unknown, None),
        ("wrong_json", Unknown, None),
        ("delay", Unknown, None),
        ("slow_body", Unknown, None),
    ],
)
def test_what_a_text_provider_does_is_told_apart(carrier, fault, error, code):
    sender = SmsSender()
    sender.wire.timeout = 0.4
    carrier.order(fault, delay_s=1.5)
    with pytest.raises(error) as raised:
        send(sender)
    assert code is None or raised.value.code == code


def test_a_provider_that_is_not_there_certainly_took_nothing(settings):
    settings.SMS_PROVIDER_URL, settings.SMS_PROVIDER_TOKEN = "http://127.0.0.1:1/sms", "x"
    with pytest.raises(Temporary):
        send(SmsSender())
    with pytest.raises(Temporary):
        SmsSender().look_up(uuid.uuid4())


def test_a_wrong_token_is_nobodys_dead_number(carrier, settings):
    settings.SMS_PROVIDER_TOKEN = "wrong"
    with pytest.raises(Temporary) as refused:
        send(SmsSender())
    assert refused.value.code == "provider-refuses-us"


def test_a_mail_carries_its_key_and_a_way_out_and_no_stray_header(mail, carrier):
    key = uuid.uuid4()
    receipt = send(mail, to="a@example.com", key=key)
    (kept,) = carrier.messages("email")
    assert receipt == Receipt("smtp", f"{key}@example.com")
    assert (kept.key, kept.subject, kept.to) == (receipt.ref, "提醒", "a@example.com")
    composed, _ = mail._compose(message(), "a@example.com")
    assert composed["List-Unsubscribe"] == "<mailto:collections@example.com?subject=STOP%20C-1>"
    assert composed["Bcc"] is None


def test_a_long_mail_arrives_whole(mail, carrier):
    paragraphs = [f"{n}. 您好，您的信用卡账户已逾期，请尽快还款。 Please pay what is past due." for n in range(60)]
    send(mail, to="a@example.com", text="\n".join(paragraphs))
    (kept,) = carrier.messages("email")
    assert [line for line in kept.text.splitlines() if line] == paragraphs


def test_a_server_that_refuses_us_costs_nobody_his_message(mail, monkeypatch):
    class Closed(smtplib.SMTP):
        def mail(self, sender, options=()):
            return 530, b"authentication required"

    monkeypatch.setattr(smtplib, "SMTP", Closed)
    with pytest.raises(AccountRefused):
        send(mail, to="a@example.com")


@pytest.mark.parametrize(
    ("fault", "error"),
    [("error", Temporary), ("refused", Permanent), ("cut", Unknown), ("timeout_after_accept", Unknown)],
)
def test_what_a_mail_server_does_is_told_apart(mail, carrier, fault, error):
    carrier.order(fault, delay_s=0.2, channel="email")
    with pytest.raises(error):
        send(mail, to="a@example.com")


def test_a_mail_server_that_is_not_there_certainly_took_nothing(settings):
    settings.MAILERS = {"default": {"OPTIONS": {"host": "127.0.0.1", "port": 1, "timeout": 1}}}
    with pytest.raises(Temporary):
        send(EmailSender(), to="a@example.com")
    with pytest.raises(Temporary):
        EmailSender().look_up(uuid.uuid4())


def test_a_letter_can_be_asked_about_by_its_key(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    case, key = CaseFactory(at=TEN), uuid.uuid4()
    sender = LetterSender()
    assert sender.look_up(key) is None
    receipt = send(sender, to="1 High St", key=key, case_id=case.pk, person_id=case.person_id)
    assert sender.look_up(key) == receipt
