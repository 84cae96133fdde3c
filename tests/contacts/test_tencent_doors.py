"""What WeChat and enterprise WeChat post, through the served product: proved, taken once, acted on, in time."""

import base64
import time
import urllib.error
import urllib.request
import uuid
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from cases.models import Address, ContactPoint, Instruction
from collections_app.carrier import chat as fake
from collections_app.carrier import tencent
from collections_app.shared import clock, sealed
from contacts.channels import tencent as ours
from contacts.channels import tencent_events
from contacts.dispatch import carriers, media
from contacts.models import ContactAttempt, DeliveryReceipt, InboundMessage, RefusedCallback
from tests.contacts.conftest import TOKEN
from tests.factories.cases import AddressFactory, CaseFactory, ContactPointFactory
from tests.factories.contacts import AttemptFactory

AES = base64.b64encode(bytes(range(32))).decode().rstrip("=")
PICTURE = b"\xff\xd8\xff\xe0 a picture"
DOORS = {
    "wechat": tencent.Door("door-token", fake.APP_ID, AES),
    "wecom": tencent.Door("desk-token", fake.CORP_ID, AES),
    "plain": tencent.Door("door-token", fake.APP_ID, ""),
}


@pytest.fixture
def hooks(site: Any, carrier: Any, settings: Any) -> Any:
    """Return the carrier, with both doors of the served product open."""
    settings.WECHAT_URL, settings.WECOM_URL = f"{carrier.url}/wechat", f"{carrier.url}/wecom"
    settings.WECHAT_APP_ID, settings.WECHAT_APP_SECRET, settings.WECHAT_TEMPLATES = fake.APP_ID, TOKEN, '{"T": "x"}'
    settings.WECOM_CORP_ID, settings.WECOM_SECRET, settings.WECOM_AGENT_ID = fake.CORP_ID, TOKEN, "1000002"
    settings.WECHAT_CALLBACK_TOKEN, settings.WECHAT_CALLBACK_AES_KEY = "door-token", AES
    settings.WECOM_CALLBACK_TOKEN, settings.WECOM_CALLBACK_AES_KEY = "desk-token", AES
    carriers.forget()
    media.forget()
    carrier.door = f"{site.url}/api/v1/webhooks"
    carrier.web.chat_files = {"picture-1": PICTURE, "page": b"<html><script>x</script></html>"}
    yield carrier
    media.forget()


@pytest.fixture(params=["wechat", "wecom"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def person_at(kind: str) -> tuple[ContactPoint, str]:
    """Return the messaging account of somebody with a case, and his name at the provider."""
    name = f"o{uuid.uuid4().hex[:27]}"
    case = CaseFactory()
    address = AddressFactory(kind="chat", value=f"{kind}:{name}")
    return ContactPointFactory(person=case.person, kind="chat_account", address=address, position=8), name


def told(name: str, text: str = "您好", **more: Any) -> dict[str, Any]:
    """Return a message of a person."""
    return {
        "ToUserName": "gh_1", "FromUserName": name, "CreateTime": int(time.time()), "MsgType": "text",
        "Content": text, "MsgId": uuid.uuid4().int % 10**17, **more,
    }  # fmt: skip


def event(name: str, what: str, **more: Any) -> dict[str, Any]:
    return {"ToUserName": "gh_1", "FromUserName": name, "CreateTime": 1772589600, "MsgType": "event",
            "Event": what, **more}  # fmt: skip


def fetch(url: str, body: bytes | None = None) -> tuple[int, str]:
    request = urllib.request.Request(url, data=body, headers=tencent.HEADERS)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        error.close()
        return error.code, ""


def post(hooks: Any, kind: str, fields: dict[str, Any], *, door: tencent.Door | None = None, **more: Any) -> int:
    path = "wechat" if kind == "plain" else kind
    status, said = fetch(*tencent.posted(f"{hooks.door}/{path}", door or DOORS[kind], fields, **more))
    assert said == ("success" if status == 200 and path == "wechat" else "")
    return status


def opted_out(point: ContactPoint) -> int:
    return Instruction.objects.filter(contact_point=point, kind="opt_out", channel="chat").count()


# -- whose door it is --------------------------------------------------------------------------------------------------


def test_the_provider_gets_its_own_word_back(hooks, kind):
    url = tencent.asked(f"{hooks.door}/{kind}", DOORS[kind], "6049285130 ü", hidden=kind == "wecom")
    assert fetch(url) == (200, "6049285130 ü")


def test_who_asks_with_another_token_gets_nothing_back(hooks, kind):
    wrong = tencent.Door("guessed", DOORS[kind].receiver, AES)
    assert fetch(tencent.asked(f"{hooks.door}/{kind}", wrong, "word", hidden=kind == "wecom")) == (401, "")


# -- words -------------------------------------------------------------------------------------------------------------


def test_words_reach_the_case_of_the_account_they_came_from(hooks, kind):
    point, name = person_at(kind)
    began = time.monotonic()
    assert post(hooks, kind, told(name, "我下周三还一千元")) == 200
    assert time.monotonic() - began < 5
    attempt = ContactAttempt.objects.get(contact_point=point, direction="inbound")
    message = InboundMessage.objects.get(bindings__attempt=attempt)
    assert (message.text, message.source, message.channel) == ("我下周三还一千元", f"chat-{kind}", "chat")


@pytest.mark.parametrize("words", ["退订", "TD", "STOP"])
def test_a_stop_is_in_force_when_the_provider_has_its_answer(hooks, kind, words):
    point, name = person_at(kind)
    assert post(hooks, kind, told(name, words)) == 200
    assert opted_out(point) == 1


def test_the_same_message_five_times_is_one(hooks, kind):
    point, name = person_at(kind)
    fields = told(name, "退订")
    assert [post(hooks, kind, fields) for _ in range(5)] == [200] * 5
    assert ContactAttempt.objects.filter(contact_point=point, direction="inbound").count() == 1
    assert opted_out(point) == 1
    again = told(name, "退订")  # the control: another message is another one
    post(hooks, kind, again)
    assert ContactAttempt.objects.filter(contact_point=point, direction="inbound").count() == 2


def test_a_user_id_of_an_enterprise_does_not_heed_capitals(hooks):
    case = CaseFactory()
    address = AddressFactory(kind="chat", value="wecom:wangfang")
    ContactPointFactory(person=case.person, kind="chat_account", address=address, position=8)
    post(hooks, "wecom", told("WangFang", "在吗"))
    assert InboundMessage.objects.get(bindings__person=case.person).text == "在吗"


def test_a_stop_of_somebody_unknown_silences_the_account_before_a_file_brings_it(hooks, kind):
    name = f"o{uuid.uuid4().hex[:27]}"
    post(hooks, kind, told(name, "退订"))
    assert Address.objects.get(value_hash=sealed.digest("chat", f"{kind}:{name}")).suppressed_at is not None


def test_without_encryption_the_signature_of_the_address_is_asked_for(hooks, settings):
    point, name = person_at("wechat")
    assert post(hooks, "plain", told(name)) == 401  # a key is agreed on: nothing plain is taken
    settings.WECHAT_CALLBACK_AES_KEY = ""
    assert post(hooks, "plain", told(name)) == 200
    assert ContactAttempt.objects.filter(contact_point=point, direction="inbound").count() == 1


# -- wrong proofs ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", ["token", "key", "receiver", "late", "early", "unsigned"])
def test_what_is_not_proved_is_refused_and_counted(hooks, kind, wrong):
    point, name = person_at(kind)
    door, now = DOORS[kind], time.time()
    door = {
        "token": tencent.Door("guessed", door.receiver, AES),
        "key": tencent.Door(door.token, door.receiver, base64.b64encode(bytes(32)).decode().rstrip("=")),
        "receiver": tencent.Door(door.token, "wx0000000000000002", AES),
    }.get(wrong, door)
    url, body = tencent.posted(f"{hooks.door}/{kind}", door, told(name, "退订"),
                               at=now + {"late": -301, "early": 310}.get(wrong, 0))  # fmt: skip
    before = RefusedCallback.objects.filter(door=kind).values_list("count", flat=True).first() or 0
    status, _ = fetch(url.partition("?")[0] if wrong == "unsigned" else url, body)
    counted = (RefusedCallback.objects.filter(door=kind).values_list("count", flat=True).first() or 0) - before
    # Signed with our token but hidden with another key, or for somebody else: proved, and not readable.
    assert (status, counted) == ((422, 0) if wrong in ("key", "receiver") else (401, 1))
    assert opted_out(point) == 0


def test_a_signature_does_not_fit_another_text(hooks, kind):
    _, name = person_at(kind)
    url, _ = tencent.posted(f"{hooks.door}/{kind}", DOORS[kind], told(name))
    _, other = tencent.posted(f"{hooks.door}/{kind}", DOORS[kind], told(name, "退订"))
    assert fetch(url, other) == (401, "")


def test_a_door_that_is_not_set_up_is_shut(hooks, kind, settings):
    settings.WECHAT_CALLBACK_TOKEN = settings.WECOM_CALLBACK_TOKEN = ""
    _, name = person_at(kind)
    assert post(hooks, kind, told(name)) == 401


BOMBS = [
    b'<!DOCTYPE xml [<!ENTITY a "b">]><xml><Content>&a;</Content></xml>',
    b'<!DOCTYPE xml SYSTEM "http://127.0.0.1:9/x"><xml/>',
    b'<!DOCTYPE xml [<!ENTITY a SYSTEM "file:///etc/passwd">]><xml><Content>&a;</Content></xml>',
    b"<html/>",
    b"<xml>",
    b"",
    b"\xff\xfe<xml/>",
    b"<xml>" + b"<a/>" * 201 + b"</xml>",
]


@pytest.mark.parametrize("body", BOMBS)
def test_xml_that_could_do_harm_is_refused(hooks, body, settings):
    settings.WECHAT_CALLBACK_AES_KEY = ""
    url, _ = tencent.posted(f"{hooks.door}/wechat", DOORS["plain"], {})
    assert fetch(url, body) == (422, "")
    with pytest.raises(ours.NotReadable):
        ours.read_xml(body)


# -- pictures ----------------------------------------------------------------------------------------------------------


def shown(name: str, media_id: str) -> dict[str, Any]:
    fields = told(name, MsgType="image", PicUrl="http://127.0.0.1:9/never-asked", MediaId=media_id)
    del fields["Content"]
    return fields


@pytest.mark.parametrize(
    ("media_id", "refused", "kept"), [("picture-1", "", True), ("page", "type", False), ("gone", "not-fetched", False)]
)
def test_a_picture_is_fetched_from_the_provider_and_kept_or_refused(hooks, kind, media_id, refused, kept):
    point, name = person_at(kind)
    fields = shown(name, media_id)
    assert post(hooks, kind, fields) == 200
    assert post(hooks, kind, fields) == 200  # the same one again
    (file,) = InboundMessage.objects.get(bindings__person=point.person).attachments.all()
    assert (file.refused, file.is_kept, file.media_type) == (refused, kept, "image/jpeg" if kept else "")


def test_a_slow_provider_of_pictures_costs_no_message_and_not_the_answer(hooks, kind):
    point, name = person_at(kind)
    hooks.order("delay", delay_s=1.5)
    began = time.monotonic()
    assert post(hooks, kind, shown(name, "picture-1")) == 200
    assert time.monotonic() - began < 5
    (file,) = InboundMessage.objects.get(bindings__person=point.person).attachments.all()
    assert file.refused == "not-fetched"


# -- events ------------------------------------------------------------------------------------------------------------


def test_who_leaves_the_account_is_not_written_to_there_and_joining_withdraws_nothing(hooks):
    point, name = person_at("wechat")
    assert [post(hooks, "wechat", event(name, "unsubscribe")) for _ in range(3)] == [200] * 3
    assert opted_out(point) == 1
    assert post(hooks, "wechat", event(name, "subscribe")) == 200
    standing = Instruction.objects.get(contact_point=point, kind="opt_out")
    assert not hasattr(standing, "withdrawal")
    assert not ContactAttempt.objects.filter(contact_point=point, direction="inbound").exists()  # he said nothing


def test_joining_alone_asks_for_nothing(hooks):
    point, name = person_at("wechat")
    assert post(hooks, "wechat", event(name, "subscribe")) == 200
    assert opted_out(point) == 0


def sent_to(point: ContactPoint) -> ContactAttempt:
    attempt = AttemptFactory(sms=True)
    ContactAttempt.objects.filter(pk=attempt.pk).update(
        provider="chat-wechat", provider_ref=str(uuid.uuid4().int % 10**15)
    )
    attempt.refresh_from_db()
    return attempt


@pytest.mark.parametrize(
    ("word", "ends", "stops"),
    [
        ("success", "delivered", 0),
        ("failed:user block", "failed", 1),
        ("failed: system failed", "failed", 0),
        ("a word of next year", "sent", 0),
    ],
)
def test_what_became_of_a_template_message_moves_its_attempt_once(hooks, word, ends, stops):
    _, name = person_at("wechat")
    attempt = sent_to(_)
    finished = event(name, "TEMPLATESENDJOBFINISH", MsgID=int(attempt.provider_ref), Status=word)
    assert [post(hooks, "wechat", finished) for _ in range(2)] == [200, 200]
    attempt.refresh_from_db()
    assert attempt.status == ends
    given = Instruction.objects.filter(contact_point=attempt.contact_point, kind="opt_out", channel=attempt.channel)
    assert given.count() == stops
    assert attempt.contact_point.state != "bad"
    assert DeliveryReceipt.objects.filter(provider="chat-wechat", message_ref=attempt.provider_ref).count() == 1 + stops


def test_settings_under_which_nothing_could_be_read_stop_the_start(settings):
    tencent_events.check()
    settings.WECHAT_CALLBACK_AES_KEY = "too-short"
    with pytest.raises(ImproperlyConfigured, match="WECHAT_CALLBACK_AES_KEY"):
        tencent_events.check()
    settings.WECHAT_CALLBACK_AES_KEY, settings.WECOM_CALLBACK_TOKEN = "", "token"
    settings.WECOM_CALLBACK_AES_KEY = ""
    with pytest.raises(ImproperlyConfigured, match="belong together"):
        tencent_events.check()


def test_the_cipher_is_that_of_the_providers_own_example():
    """Values that the provider prints with its own library: key, id of the enterprise, and an encrypted word."""
    key = ours.key_of("jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C")
    receiver = "wx5823bf96d3bd56c7"
    hidden = "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ=="
    signature = ours.sign("QDG6eK", "1409659589", "263014780", hidden)
    assert signature == "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3"
    assert ours.decrypt(hidden, key=key, receiver=receiver) == b"1616140317555161061"
    assert ours.decrypt(ours.encrypt(b"word", key=key, receiver=receiver), key=key, receiver=receiver) == b"word"
    assert clock.offset().total_seconds() == 0
