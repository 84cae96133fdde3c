"""E-mail by SMTP and by a provider's API: the same words twice over, a way out, and what is known afterwards."""

import threading
import uuid
from typing import Any

import pytest

from contacts import way_out
from contacts.channels.senders import email_text
from contacts.channels.senders.base import AccountRefused, NotConfigured, Permanent, Sender, Temporary, Unknown
from contacts.channels.senders.email import EmailSender, email_sender
from contacts.dispatch import carriers
from tests.contacts.conftest import TEN, TOKEN, Running
from tests.contacts.test_senders import mail, message, send  # noqa: F401  (a fixture)
from tests.contacts.test_senders_faults import behind_tls, certificate  # noqa: F401  (fixtures)

pytestmark = pytest.mark.django_db
TO = "a@example.com"
ANSWERS: list[tuple[str, type[Exception], str, int]] = [
    ("rate_limited", Temporary, "provider-busy", 0),
    ("credentials", AccountRefused, "provider-refuses-us", 0),
    ("redirect", Unknown, "", 0),
    ("refused", Permanent, "address-unknown", 0),
    ("opted_out", Permanent, "address-unknown", 0),
    ("no_funds", Permanent, "provider-refused", 0),
    ("error", Unknown, "", 0),
    ("cut", Unknown, "", 0),
    ("delay", Unknown, "", 1),
    ("error_after_accept", Unknown, "", 1),
    ("timeout_after_accept", Unknown, "", 1),
    ("wrong_json", Unknown, "", 1),
]


def by_api(url: str, settings: Any, token: str = TOKEN) -> Sender:
    """Return the sender of a provider with Postmark's interface at this address."""
    settings.EMAIL_PROVIDER = "anymail"
    settings.MAILERS = {
        "default": {
            "BACKEND": "anymail.backends.postmark.EmailBackend",
            "OPTIONS": {"server_token": token, "api_url": f"{url}/postmark/", "requests_timeout": 0.3},
        }
    }
    carriers.forget()
    return email_sender()


@pytest.fixture
def api(carrier: Running, settings: Any) -> Sender:
    return by_api(carrier.url, settings)


@pytest.mark.parametrize(("fault", "known", "code", "taken"), ANSWERS)
def test_what_a_mail_provider_does_is_told_apart(carrier, api, fault, known, code, taken):
    carrier.order(fault, delay_s=0.7, retry_after_s=7, channel="email")
    with pytest.raises(known) as raised:
        send(api, to=TO)
    assert type(raised.value) is known
    assert getattr(raised.value, "code", "") == code
    if fault == "delay":
        threading.Event().wait(0.7)
    assert len(carrier.messages("email")) == taken
    if fault == "rate_limited":
        assert raised.value.retry_after == 7


def test_by_an_api_it_leaves_once_with_words_key_and_way_out(carrier, api, settings):
    settings.PUBLIC_URL = "https://collections.example.com"
    key = uuid.uuid4()
    receipt = send(api, to=TO, key=key)
    (kept,) = carrier.messages("email")
    assert (receipt.provider, receipt.ref, kept.key) == ("anymail", kept.id, str(key))
    assert (kept.to, kept.subject, kept.text) == (TO, "提醒", "您的账户已逾期。")
    assert "<p>您的账户已逾期。</p>" in kept.html
    assert kept.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_a_wrong_token_of_a_mail_provider_is_our_fault(carrier, settings):
    with pytest.raises(AccountRefused):
        send(by_api(carrier.url, settings, token="wrong"), to=TO)


def test_a_mail_provider_that_is_not_there_certainly_took_nothing(settings):
    with pytest.raises(Temporary):
        send(by_api("http://127.0.0.1:1", settings), to=TO)


def test_a_mail_provider_behind_an_unsigned_certificate_is_told_nothing(behind_tls, settings):  # noqa: F811
    carrier = behind_tls()
    with pytest.raises(Temporary) as raised:
        send(by_api(carrier.url, settings), to=TO)
    assert raised.value.code == "provider-unreachable"
    assert carrier.messages("email") == []


def test_an_api_without_settings_is_not_configured(settings):
    settings.EMAIL_PROVIDER, settings.MAILERS = "anymail", {}
    with pytest.raises(NotConfigured):
        email_sender()


def test_a_mail_is_plain_words_and_the_same_as_html(mail, carrier):  # noqa: F811
    words = "Dear <b>Wang</b> & Co,\n\nplease pay 10 < 20.\nThank you\n"
    send(mail, to=TO, text=words)
    (kept,) = carrier.messages("email")
    assert kept.text.splitlines() == words.splitlines()
    assert "<p>Dear &lt;b&gt;Wang&lt;/b&gt; &amp; Co,</p><p>please pay 10 &lt; 20.<br>Thank you</p>" in kept.html
    assert not any(trace in kept.html for trace in ("<img", "<script", "http", "src="))
    assert kept.headers["Auto-Submitted"] == "auto-generated"
    assert kept.headers["Content-Type"].startswith("multipart/alternative")


def test_the_same_message_has_the_same_name_and_date_at_every_try():
    sent = message(at=TEN)
    again = message(at=TEN, key=sent.key)
    assert email_text.headers(sent) == email_text.headers(again)
    assert email_text.headers(sent)["Date"] == "Wed, 04 Mar 2026 02:00:00 -0000"
    assert email_text.headers(message(at=TEN))["Message-ID"] != email_text.headers(sent)["Message-ID"]


def test_it_comes_from_the_one_domain_that_is_signed_for(settings):
    settings.DEFAULT_FROM_EMAIL = "Desk <desk@mail.example.com>"
    sent = message()
    assert email_text.from_line(sent) == '"Bank Bcc: x@example.com" <desk@mail.example.com>'
    assert email_text.sender_address() == "desk@mail.example.com"
    assert email_text.message_id(sent).endswith("@mail.example.com")


def test_one_press_of_a_mail_program_is_offered_only_over_a_secure_address(settings):
    sent = message()
    settings.PUBLIC_URL = "https://collections.example.com"
    found = email_text.headers(sent)
    link = f"https://collections.example.com/stop/{way_out.token_of(sent.key)}/"
    assert found["List-Unsubscribe"] == f"<{link}>, <mailto:collections@example.com?subject=STOP%20C-1>"
    assert found["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    settings.PUBLIC_URL = ""
    found = email_text.headers(sent)
    assert found["List-Unsubscribe"] == "<mailto:collections@example.com?subject=STOP%20C-1>"
    assert "List-Unsubscribe-Post" not in found


def test_a_wrong_password_at_the_mail_server_is_our_fault(mail, settings):  # noqa: F811
    options = settings.MAILERS["default"]["OPTIONS"] | {"username": "us", "password": "wrong"}
    settings.MAILERS = {"default": {"OPTIONS": options}}
    with pytest.raises((AccountRefused, Temporary)):
        send(EmailSender(), to=TO)
