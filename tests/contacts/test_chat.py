"""Messaging accounts over real sockets: what is known after each answer, and a token that ends in the middle."""

import json
import threading
import uuid
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from cases.models import ContactPoint
from collections_app.carrier import chat as fake
from collections_app.shared.actor import SYSTEM
from compliance import gate
from compliance.gate import Permit
from contacts import dispatch, facts
from contacts.channels import chat
from contacts.channels.senders.base import (
    AccountRefused,
    NotConfigured,
    NotPermitted,
    Permanent,
    Sender,
    Temporary,
    Unknown,
)
from contacts.channels.senders.chat import ChatSender
from contacts.dispatch import carriers
from contacts.models import PlannedContact
from tests.contacts.conftest import TEN, TOKEN, Running
from tests.contacts.test_senders import message
from tests.factories.cases import AddressFactory, CaseFactory, ContactPointFactory

pytestmark = pytest.mark.django_db
OPEN_ID = "oABCdefGHIjklMNOpqrSTUvwx123"
ACCOUNTS = {"wechat": f"wechat:{OPEN_ID}", "wecom": "wecom:wangfang", "webhook": "webhook:reader-7"}
TEXT = "王芳，您的账户逾期¥1,234.00，退订回T"
TEMPLATES = {"T2": "您好，{{thing1.DATA}}", "T1": "{{thing1.DATA}}，您的账户逾期{{amount2.DATA}}，退订回T"}


@pytest.fixture
def connected(carrier: Running, settings: Any) -> Running:
    settings.PROVIDER_TIMEOUT_S = 0.3
    settings.WECHAT_URL, settings.WECOM_URL = f"{carrier.url}/wechat", f"{carrier.url}/wecom"
    settings.WECHAT_APP_ID, settings.WECHAT_APP_SECRET = fake.APP_ID, TOKEN
    settings.WECHAT_TEMPLATES = json.dumps(TEMPLATES)
    settings.WECOM_CORP_ID, settings.WECOM_SECRET, settings.WECOM_AGENT_ID = fake.CORP_ID, TOKEN, "1000002"
    settings.CHAT_WEBHOOK_URL, settings.CHAT_WEBHOOK_SECRET = f"{carrier.url}{fake.WEBHOOK}", TOKEN
    settings.CHAT_WEBHOOK_LOOK_UP = True
    carriers.forget()
    return carrier


@pytest.fixture(params=list(ACCOUNTS))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def permit(db: None) -> Permit:
    case = CaseFactory(at=TEN)
    point = account_of(case, ACCOUNTS["wechat"])
    file = facts.of_case(case.pk, at=TEN)
    decided = gate.decide(
        file.question(channel="chat", contact_point_id=point.pk), file.facts(point.pk), actor=SYSTEM, at=TEN,
        entrance="test", creditor_id=case.creditor_id, case_id=case.pk,
    )  # fmt: skip
    assert isinstance(decided, Permit)
    return decided


def account_of(case: Any, account: str) -> ContactPoint:
    return ContactPointFactory(
        person=case.person, kind="chat_account", address=AddressFactory(kind="chat", value=account), position=8
    )


@pytest.fixture
def send(connected: Running, permit: Permit) -> Any:
    sender = ChatSender()

    def hand_over(to: str, *, using: Sender = sender, **more: Any) -> Any:
        return using.send(message(**{"text": TEXT, **more}), to=ACCOUNTS.get(to, to), permit=permit, at=TEN)

    hand_over.sender = sender  # type: ignore[attr-defined]
    return hand_over


# -- what is known afterwards ------------------------------------------------------------------------------------------


def test_it_leaves_once_with_its_words_and_its_reference(connected, send, kind):
    key = uuid.uuid4()
    receipt = send(kind, key=key)
    (kept,) = connected.messages("chat")
    assert (receipt.provider, receipt.ref) == (f"chat-{kind}", kept.id)
    assert kept.to == ACCOUNTS[kind].partition(":")[2]
    if kind == "wechat":
        assert kept.text == 'T1 {"thing1": {"value": "王芳"}, "amount2": {"value": "¥1,234.00"}}'
        assert kept.key == str(key)
    else:
        assert kept.text == TEXT


# fault -> what is known, the code of it, whether it was taken
FAULTS: list[tuple[str, type[Exception], str, int]] = [
    ("rate_limited", Temporary, "provider-busy", 0),
    ("credentials", AccountRefused, "provider-refuses-us", 0),
    ("no_funds", AccountRefused, "provider-refuses-us", 0),
    ("redirect", AccountRefused, "provider-moved", 0),
    ("refused", Permanent, "address-unknown", 0),
    ("error", Unknown, "", 0),
    ("cut", Unknown, "", 0),
    ("delay", Unknown, "", 1),
    ("error_after_accept", Unknown, "", 1),
    ("timeout_after_accept", Unknown, "", 1),
    ("wrong_json", Unknown, "", 1),
    ("slow_body", Unknown, "", 1),
]


@pytest.mark.parametrize(("fault", "known", "code", "taken"), FAULTS)
def test_what_a_provider_does_is_told_apart(connected, send, kind, fault, known, code, taken):
    connected.order(fault, delay_s=0.7, retry_after_s=7)
    with pytest.raises(known) as raised:
        send(kind)
    assert type(raised.value) is known
    assert getattr(raised.value, "code", "") == code
    if fault == "delay":
        threading.Event().wait(0.7)
    assert len(connected.messages("chat")) == taken
    if fault == "refused":
        assert raised.value.address_is_bad
    if fault == "rate_limited":
        assert raised.value.retry_after == 7


@pytest.mark.parametrize("account", [fake.NEVER_SEEN, fake.UNFOLLOWED])
def test_who_is_unknown_or_has_unfollowed_is_a_bad_address(connected, send, account):
    with pytest.raises(Permanent) as raised:
        send(f"wechat:{account}")
    assert (raised.value.code, raised.value.address_is_bad) == ("address-unknown", True)


def test_who_refuses_our_messages_has_opted_out(connected, send):
    connected.order("opted_out")
    with pytest.raises(Permanent) as raised:
        send("wechat")
    assert (raised.value.opted_out, raised.value.address_is_bad) == (True, False)


@pytest.mark.parametrize("kind", ["wechat", "wecom"])
def test_a_port_where_nobody_listens_certainly_took_nothing(permit, connected, settings, kind):
    settings.WECHAT_URL = settings.WECOM_URL = "http://127.0.0.1:9"
    with pytest.raises(Temporary) as raised:
        ChatSender().send(message(text=TEXT), to=ACCOUNTS[kind], permit=permit, at=TEN)
    assert raised.value.code == "provider-unreachable"


# -- tokens ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["wechat", "wecom"])
def test_one_token_serves_many_messages(connected, send, kind):
    for number in range(3):
        send(kind, text=TEXT.replace("王芳", f"王芳{number}"))
    assert connected.store.counts["chat.tokens"] == 1


@pytest.mark.parametrize("kind", ["wechat", "wecom"])
@pytest.mark.parametrize("code", [42001, 40014, 40001])
def test_a_token_that_ends_in_the_middle_is_renewed_and_the_message_leaves_once(connected, send, kind, code):
    send(kind)
    connected.web.chat_tokens.expire()
    connected.web.chat_tokens.refuse_next.append(code)
    send(kind, text=TEXT.replace("王芳", "王方"))
    assert len(connected.messages("chat")) == 2
    assert connected.web.chat_tokens.fetched == 2


@pytest.mark.parametrize("kind", ["wechat", "wecom"])
def test_a_token_is_renewed_once_and_then_the_account_is_held(connected, send, kind):
    connected.web.chat_tokens.refuse_next.extend([42001] * 5)
    with pytest.raises(AccountRefused):
        send(kind)
    assert connected.store.counts["chat.posts"] == 2
    assert connected.messages("chat") == []


@pytest.mark.parametrize("kind", ["wechat", "wecom"])
def test_a_wrong_secret_refuses_us_before_a_message_is_begun(connected, permit, settings, kind):
    settings.WECHAT_APP_SECRET = settings.WECOM_SECRET = "wrong"
    with pytest.raises(AccountRefused):
        ChatSender().send(message(text=TEXT), to=ACCOUNTS[kind], permit=permit, at=TEN)
    assert connected.store.counts["chat.posts"] == 0


def test_many_threads_fetch_one_token(connected, send):
    token = send.sender.providers["wechat"].token
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(token.get())) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(found) == 8
    assert len(set(found)) == 1
    assert connected.store.counts["chat.tokens"] == 1


def test_whoever_comes_second_takes_the_token_that_the_first_has_fetched(connected, send):
    token = send.sender.providers["wecom"].token
    old = token.get()
    connected.web.chat_tokens.expire()
    assert token.renew(old) == token.renew(old)
    assert connected.store.counts["chat.tokens"] == 2


# -- duplicates, words, addresses --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["wechat", "wecom", "webhook"])
def test_the_same_key_is_taken_once(connected, send, kind):
    key = uuid.uuid4()
    assert send(kind, key=key) == send(kind, key=key)
    assert len(connected.messages("chat")) == 1


def test_a_key_under_which_something_else_left_is_not_called_a_failure(connected, send):
    key = uuid.uuid4()
    send("webhook", key=key)
    with pytest.raises(Unknown):
        send("webhook", key=key, text="another amount")


def test_a_webhook_says_what_it_has_and_the_others_cannot_be_asked(connected, send):
    key = uuid.uuid4()
    receipt = send("webhook", key=key)
    assert send.sender.can_look_up
    assert send.sender.look_up(key, to=ACCOUNTS["webhook"]) == receipt
    assert send.sender.look_up(uuid.uuid4(), to=ACCOUNTS["webhook"]) is None
    for other in ("wechat", "wecom"):
        with pytest.raises(Temporary):
            send.sender.look_up(key, to=ACCOUNTS[other])


def test_a_webhook_that_knows_another_secret_takes_nothing(connected, permit, settings):
    settings.CHAT_WEBHOOK_SECRET = "wrong"
    with pytest.raises(AccountRefused):
        ChatSender().send(message(text=TEXT), to=ACCOUNTS["webhook"], permit=permit, at=TEN)
    assert connected.messages("chat") == []


def test_a_text_that_no_registered_template_gives_back_is_never_sent_in_other_words(connected, send):
    with pytest.raises(Permanent) as raised:
        send("wechat", text="王芳，请还款")
    assert raised.value.code == "wording-not-registered"
    assert connected.store.counts["chat.posts"] == 0


def test_a_value_that_the_template_cannot_hold_is_refused_before_it_leaves(connected, send):
    with pytest.raises(Permanent) as raised:
        send("wechat", text=TEXT.replace("王芳", "王" * 21))
    assert raised.value.code == "wording-argument-refused"
    assert connected.store.counts["chat.posts"] == 0


def test_a_text_that_the_enterprise_would_cut_is_refused(connected, send):
    with pytest.raises(Permanent) as raised:
        send("wecom", text="长" * 683)
    assert raised.value.code == "wording-argument-refused"
    send("wecom", text="长" * 682)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (f" WeChat:{OPEN_ID} ", f"wechat:{OPEN_ID}"),
        ("wecom:WangFang", "wecom:wangfang"),
        ("webhook:a.b@example.com", "webhook:a.b@example.com"),
    ],
)
def test_an_account_has_one_written_form(given, kept):
    assert chat.canonical(given) == kept


@pytest.mark.parametrize(
    "given",
    ["", "tel", "wechat:", "wechat:short", "qq:12345678", "wecom:a b", "wecom:@all", "wecom:a|b", "webhook:../x"],
)
def test_what_is_no_account_is_refused(given, send, connected):
    with pytest.raises(chat.BadAccount):
        chat.canonical(given)
    with pytest.raises(Permanent) as raised:
        send(given)
    assert raised.value.address_is_bad
    assert connected.store.counts["chat.posts"] == 0


def test_an_account_of_a_provider_that_is_not_set_up_waits(connected, permit, settings):
    settings.WECOM_CORP_ID = ""
    with pytest.raises(NotConfigured):
        ChatSender().send(message(text=TEXT), to=ACCOUNTS["wecom"], permit=permit, at=TEN)


def test_without_a_permit_nothing_leaves(connected, kind):
    for permit in (None, object()):
        with pytest.raises(NotPermitted):
            ChatSender().send(message(text=TEXT), to=ACCOUNTS[kind], permit=permit, at=TEN)
    assert connected.store.counts["chat.posts"] == 0


def test_a_planned_message_leaves_through_the_whole_chain(connected, plan, now):
    case = CaseFactory(at=TEN)
    account_of(case, ACCOUNTS["webhook"])
    planned = plan(case=case, channel="chat")
    dispatch.run(channel="chat", limit=5, budget_s=30, now=now)
    planned.refresh_from_db()
    assert planned.status == PlannedContact.Status.DONE, planned.reason_code
    (kept,) = connected.messages("chat")
    assert kept.key == str(planned.key)


def test_a_reader_who_has_unfollowed_is_marked(connected, plan, now, settings):
    settings.WECHAT_TEMPLATES = json.dumps({"T": "【{{thing1.DATA}}】{{thing2.DATA}}，逾期 {{amount3.DATA}}。"})
    carriers.forget()
    case = CaseFactory(at=TEN)
    point = account_of(case, f"wechat:{fake.UNFOLLOWED}")
    plan(case=case, channel="chat")
    dispatch.run(channel="chat", limit=5, budget_s=30, now=now)
    point.refresh_from_db()
    assert point.state == "bad"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("WECHAT_APP_SECRET", "", "belong together"),
        ("WECOM_SECRET", "", "belong together"),
        ("CHAT_WEBHOOK_SECRET", "", "belong together"),
        ("WECHAT_URL", "http://api.weixin.qq.com", "https"),
        ("WECOM_URL", "http://qyapi.weixin.qq.com", "https"),
        ("CHAT_WEBHOOK_URL", "http://chat.example.com", "https"),
        ("WECOM_AGENT_ID", "app", "number"),
        ("WECHAT_TEMPLATES", "", "no registered template"),
        ("WECHAT_TEMPLATES", "[", "no JSON"),
        ("WECHAT_TEMPLATES", '{"T": "{{thing1.DATA}}{{thing2.DATA}}"}', "side by side"),
        ("WECHAT_TEMPLATES", '{"T": "{{thing1.DATA}} {{thing1.DATA}}"}', "twice"),
    ],
)
def test_settings_by_which_nothing_could_leave_stop_the_start(connected, settings, name, value, words):
    chat.check()
    setattr(settings, name, value)
    with pytest.raises(ImproperlyConfigured, match=words):
        chat.check()
