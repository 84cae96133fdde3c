"""The doors for messages: signed or with a token, once per event, no larger than allowed; mail as its writer meant."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.test import Client

from cases import clients
from cases.models import Hold, Instruction
from collections_app.carrier.receipts import signature
from collections_app.shared.actor import SYSTEM
from contacts.api.inbound import MOST_BYTES
from contacts.inbound import attachments, mail
from contacts.models import InboundAttachment, InboundMessage
from tests.contacts.conftest import SECRET
from tests.factories.cases import AddressFactory, CaseFactory, ContactPointFactory
from tests.factories.staff import UserFactory

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 64
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n"


@pytest.fixture(autouse=True)
def secret(settings, tmp_path):
    settings.WEBHOOK_SECRET = SECRET
    settings.MEDIA_ROOT = tmp_path / "files"


@pytest.fixture
def case():
    case = CaseFactory(working=True)
    ContactPointFactory(person=case.person, address=AddressFactory(value="+8613800001234"))
    return case


def hook(body, *, channel="sms", content_type="application/json", key=SECRET, at=None):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    stamp = int((at or datetime.now(UTC)).timestamp())
    return Client().post(
        f"/api/v1/webhooks/inbound/{channel}",
        raw,
        content_type=content_type,
        headers={"X-Carrier-Signature": signature(key, raw, stamp)},
    )


class Tester:
    def __init__(self, creditor, scopes=("contacts:write",)):
        _client, token = clients.create(name="crm", scopes=scopes, creditors=[creditor], actor=SYSTEM,
                                        at=datetime.now(UTC))  # fmt: skip
        self.headers = {"Authorization": f"Bearer {token}"}

    def post(self, **body):
        event = {"event_id": "e1", "channel": "sms", "sender": "+8613800001234", "text": "STOP"} | body
        return Client().post("/api/v1/inbound", event, content_type="application/json", headers=self.headers)


def opted_out(case):
    return Instruction.objects.filter(person=case.person, kind="opt_out").count()


def test_a_signed_message_is_in_force_when_the_door_answers(case):
    assert hook({"event_id": "e1", "from": "+8613800001234", "text": "退订"}).status_code == 204
    assert opted_out(case) == 1


def test_what_is_not_signed_is_refused_and_kept_nowhere(case):
    assert hook({"event_id": "e1", "from": "+8613800001234", "text": "STOP"}, key="other").status_code == 401
    old = datetime(2020, 1, 1, tzinfo=UTC)
    assert hook({"event_id": "e1", "from": "+8613800001234", "text": "STOP"}, at=old).status_code == 401
    assert (opted_out(case), InboundMessage.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b"null", b'{"event_id": 1}', b'{"event_id":"e","from":"+1","text":3}', b"\xff\xfe",
             b"[" * 20_000, b'{"event_id":"e","from":"x","text":"y","files":"z"}', b'{"event_id":"","from":"x"}']
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_a_reason(body):
    answer = hook(body)
    assert answer.status_code == 400 or answer.status_code == 422
    assert not InboundMessage.objects.exists()


def test_an_unknown_channel_is_refused():
    assert hook({"event_id": "e", "from": "x", "text": "y"}, channel="pigeon").status_code in (400, 422)


@pytest.mark.parametrize("size", [MOST_BYTES + 1])
def test_what_is_too_large_is_not_read(size):
    assert hook(b"x" * size).status_code == 413


def test_ten_megabytes_of_text_are_cut_and_kept(case):
    assert hook({"event_id": "e1", "from": "+8613800001234", "text": "STOP " + "x" * 10_000_000}).status_code == 204
    assert len(InboundMessage.objects.get().text) == 100_000
    assert opted_out(case) == 0 or opted_out(case) == 1


def test_a_system_with_a_token_tells_a_message_once(case):
    tester = Tester(case.creditor)
    first, second = tester.post(), tester.post()
    assert (first.status_code, first.json()["is_new"]) == (202, True)
    assert (second.status_code, second.json()) == (202, {"ref": first.json()["ref"], "is_new": False})
    assert opted_out(case) == 1


def test_the_answer_does_not_tell_whether_somebody_is_known(case):
    tester = Tester(case.creditor)
    known, unknown = tester.post(), tester.post(event_id="e2", sender="+8613900009999")
    assert set(known.json()) == set(unknown.json()) == {"ref", "is_new"}


def test_a_case_named_by_the_source_is_within_its_creditors(case):
    other = CaseFactory(working=True)
    tester = Tester(case.creditor)
    assert tester.post(sender="+8613900009999", case=case.ref, text="I dispute this").status_code == 202
    assert Hold.objects.get().person == case.person
    assert tester.post(event_id="e2", case=other.ref).status_code == 404


def test_a_token_without_the_scope_is_refused(case):
    assert Tester(case.creditor, scopes=("contacts:read",)).post().status_code == 403


@pytest.mark.parametrize("body", [{"channel": "pigeon"}, {"event_id": ""}, {"text": None}, {"sender": ""},
                                  {"files": [{"name": "x"}]}, {"sent_at": "yesterday"}])  # fmt: skip
def test_a_wrong_message_is_refused_field_by_field(case, body):
    assert Tester(case.creditor).post(**body).status_code in (400, 422)


# -- E-mail ------------------------------------------------------------------------------------------------------------


def mime(body, *, subject="Re: your account", sender="person@example.com", headers="", message_id="<1@example.com>"):
    return (
        f"From: Wang <{sender}>\r\nTo: us@example.com\r\nSubject: {subject}\r\nMessage-ID: {message_id}\r\n{headers}"
        f"Content-Type: text/plain; charset=utf-8\r\n\r\n{body}"
    ).encode()


def person_by_mail(case):
    point = case.person.contact_points.get(kind="email")
    from collections_app.shared import sealed

    return sealed.unseal(point.address.value_sealed)


def test_what_the_person_quotes_is_not_his_word(case):
    body = (
        "Thanks, I will pay on Friday.\r\n\r\nOn Mon, 1 Mar 2026 at 10:00, Bank <us@example.com> wrote:\r\n> Reply STOP"
    )
    sender = person_by_mail(case)
    assert hook(mime(body, sender=sender), channel="email", content_type="message/rfc822").status_code == 204
    message = InboundMessage.objects.get()
    assert (message.text, "STOP" in message.whole, opted_out(case)) == ("Thanks, I will pay on Friday.", True, 0)


def test_a_stop_above_the_quotation_counts(case):
    raw = mime("Unsubscribe me\r\n\r\n-----Original Message-----\r\nFrom: us", sender=person_by_mail(case))
    hook(raw, channel="email", content_type="message/rfc822")
    assert opted_out(case) == 1


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("Hello\n--\nWang\nAttorney at law", "Hello"),
        ("STOP\n\nSent from my iPhone", "STOP"),
        ("好的\n\n发自我的iPhone", "好的"),
        ("我会还\n\n在 2026年3月1日，示例银行 写道：\n> 回复TD退订", "我会还"),
        ("不欠\n\n------------------ 原始邮件 ------------------\n发件人: bank", "不欠"),
        ("> first question\nyes\n> second\nno", "yes\nno"),
        ("Hi\n________________________________\nFrom: Bank\nSent: Monday", "Hi"),
        ("On second thought I will call you", "On second thought I will call you"),
    ],
)
def test_quoted_history_and_signatures_are_cut_off(text, own):
    assert mail.own_words(text) == own


@pytest.mark.parametrize(
    ("headers", "subject", "sender", "kind"),
    [
        ("Auto-Submitted: auto-replied\r\n", "Re: x", "a@example.com", "auto_reply"),
        ("X-Autoreply: yes\r\n", "x", "a@example.com", "auto_reply"),
        ("", "Out of office: back Monday", "a@example.com", "auto_reply"),
        ("", "自动回复: 休假", "a@example.com", "auto_reply"),
        ("Auto-Submitted: no\r\n", "Re: x", "a@example.com", "words"),
        ("", "Undelivered Mail Returned to Sender", "MAILER-DAEMON@example.com", "bounce"),
        ("", "stop", "a@example.com", "words"),
    ],
)
def test_machines_are_told_from_people(headers, subject, sender, kind):
    assert mail.read(mime("STOP", headers=headers, subject=subject, sender=sender)).kind == kind


def test_a_bounce_marks_the_address_that_does_not_exist(case):
    sender = person_by_mail(case)
    raw = (
        "From: MAILER-DAEMON@example.com\r\nSubject: Undelivered Mail\r\nMessage-ID: <b@x>\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nSTOP it failed\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\n"
        f"Final-Recipient: rfc822; {sender}\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
    ).encode()
    assert hook(raw, channel="email", content_type="message/rfc822").status_code == 204
    assert case.person.contact_points.get(kind="email").state == "bad"
    assert opted_out(case) == 0


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\0" * 500,
        b"From: \xff\xfe\r\nSubject: =?utf-8?b?////?=\r\n\r\nSTOP",
        b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n--x\r\n--x\r\n--x',
        b"Content-Type: text/plain; charset=no-such\r\n\r\nSTOP",
        b"Content-Transfer-Encoding: base64\r\n\r\n!!!notbase64",
        b"Content-Type: multipart/mixed\r\n\r\nno boundary",
        b"Subject: " + b"a" * 200_000 + b"\r\n\r\nx",
        b"Content-Type: multipart/mixed; boundary=a\r\n\r\n"
        + b"--a\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n" * 300,
        b"Date: not a date\r\nFrom: <<<>>>\r\n\r\nx",
        b"Content-Type: text/html\r\n\r\n<p>STOP<br>" + b"<div>" * 20_000,
        b"\x80" * 10_000,
    ],
)
def test_broken_mail_is_read_as_far_as_it_goes_and_never_fails(raw):
    read = mail.read(raw)
    assert read.kind in ("words", "auto_reply", "bounce")
    assert hook(raw, channel="email", content_type="message/rfc822").status_code == (204 if raw else 422)


def test_html_alone_is_read_without_tags_scripts_and_quotations():
    raw = (
        b"From: a@example.com\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
        b"<html><style>p{}</style><script>stop()</script><p>I dispute this &amp; that</p>"
        b'<div class="gmail_quote">Reply STOP to stop</div></html>'
    )
    assert mail.read(raw).text == "I dispute this & that"


# -- Files -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PNG, "image/png"),
        (PDF, "application/pdf"),
        (b"\xff\xd8\xff\xe0abc", "image/jpeg"),
        (b"plain text", "text/plain"),
        ("中文".encode(), "text/plain"),
        (b"MZ\x90\0", ""),
        (b"PK\x03\x04docx", ""),
        (b"<svg onload=alert(1)>", ""),
        (b"<!DOCTYPE html>", ""),
        (b"  <script>", ""),
        (b"", ""),
        (b"\x7fELF", ""),
        (b"\x1b[31m", ""),
    ],
)
def test_a_file_is_what_its_content_says(content, kind):
    got = attachments.media_type(content)
    assert (got if got in attachments.ALLOWED else "") == kind


def send_files(case, *files):
    listed = [{"name": name, "content": base64.b64encode(content).decode()} for name, content in files]
    hook({"event_id": "f1", "from": "+8613800001234", "text": "see file", "files": listed})
    return list(InboundAttachment.objects.order_by("pk"))


def test_files_are_kept_sealed_under_their_hash_outside_the_web_root(case):
    (kept,) = send_files(case, ("../../etc/passwd\u202egnp.png", PNG))
    (path,) = [path for path in Path(django_settings.MEDIA_ROOT).rglob("*") if path.is_file()]
    assert path.name == kept.sha256
    assert (b"PNG" in path.read_bytes(), oct(path.stat().st_mode & 0o777)) == (False, "0o600")
    assert attachments.read(kept) == PNG
    assert kept.name == "passwdgnp.png"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"MZ\x90\0", "type"),
        (b"", "empty"),
        (PDF + b"/JavaScript (app.alert(1))", "active"),
        (b"a" * (8 * 1024 * 1024 + 1), "too-large"),
    ],
)
def test_a_file_that_is_not_taken_is_named_with_the_reason(case, content, why):
    (refused,) = send_files(case, ("invoice.pdf", content))
    assert (refused.refused, refused.is_kept) == (why, False)
    assert not [path for path in Path(django_settings.MEDIA_ROOT).rglob("*") if path.is_file()]


def test_more_than_ten_files_are_not_kept(case):
    rows = send_files(case, *[(f"{n}.txt", f"text {n}".encode()) for n in range(12)])
    assert [row.refused for row in rows].count("too-many") == 2


def test_a_file_is_handed_over_to_be_saved_and_only_within_reach(case):
    (kept,) = send_files(case, ('a"b\r\nX: y.html', PNG))
    reader = Client()
    reader.force_login(UserFactory(role="collector", team=case.team))
    answer = reader.get(f"/inbox/files/{kept.pk}/")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "image/png"
    assert answer["Content-Disposition"].startswith("attachment; filename=")
    assert "\n" not in answer["Content-Disposition"]
    assert answer["Content-Disposition"].endswith(".png")
    assert (answer["X-Content-Type-Options"], answer["Content-Security-Policy"]) == (
        "nosniff",
        "sandbox; default-src 'none'",
    )
    stranger = Client()
    stranger.force_login(UserFactory(role="collector"))
    assert stranger.get(f"/inbox/files/{kept.pk}/").status_code == 404
    assert Client().get(f"/inbox/files/{kept.pk}/").status_code == 302
