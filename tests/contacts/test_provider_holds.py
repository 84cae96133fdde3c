"""Each messaging provider stands for itself; a person holds and lifts, with a reason, and nothing tries meanwhile."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from compliance.models import AuditEvent
from contacts import dispatch
from contacts.dispatch import carriers, pacing
from contacts.dispatch.pacing import HoldRefused
from contacts.models import ContactAttempt, ProviderState
from tests.contacts.conftest import TEN
from tests.contacts.test_chat import ACCOUNTS, account_of, connected  # noqa: F401  (a fixture)
from tests.factories.cases import CaseFactory
from tests.factories.staff import UserFactory

pytestmark = pytest.mark.django_db
HTTP = "sms-http"


@pytest.fixture
def lead():
    return UserFactory(supervisor=True)


@pytest.fixture
def two(connected, plan, settings):  # noqa: F811
    """Return a message by WeChat and one by webhook, the first older."""
    settings.WECHAT_TEMPLATES = json.dumps({"T": "【{{thing1.DATA}}】{{thing2.DATA}}，逾期 {{amount3.DATA}}。"})
    settings.PROVIDER_TIMEOUT_S = 2
    carriers.forget()
    rows = {}
    for kind in ("wechat", "webhook"):
        case = CaseFactory(at=TEN)
        account_of(case, ACCOUNTS[kind])
        rows[kind] = plan(case=case, channel="chat")
    return rows


def status_of(row):
    row.refresh_from_db()
    return str(row.status), row.reason_code


def test_a_messaging_provider_that_refuses_us_does_not_hold_the_others(connected, two, now):  # noqa: F811
    connected.order("credentials")  # the first request: WeChat's
    dispatch.run(channel="chat", limit=2, now=now)
    assert status_of(two["wechat"]) == ("withheld", "provider-refuses-us")
    assert status_of(two["webhook"])[0] == "done"
    assert list(ProviderState.objects.filter(held_until__isnull=False).values_list("provider", flat=True)) == [
        "chat-wechat"
    ]
    now.move(minutes=2)
    dispatch.run(channel="chat", limit=2, now=now)
    assert status_of(two["wechat"])[0] == "done"
    assert not ProviderState.objects.exclude(held_until=None).exists()


def test_what_waits_for_a_held_messaging_provider_asks_it_nothing(connected, two, now, lead):  # noqa: F811
    pacing.hold_by_hand("chat-wechat", reason="their outage", by=lead, at=TEN)
    for _ in range(3):
        dispatch.run(channel="chat", limit=2, now=now)
        now.move(minutes=20)
    assert status_of(two["wechat"]) == ("withheld", "channel-held")
    assert status_of(two["webhook"])[0] == "done"
    assert connected.store.counts["chat.posts"] == 1
    pacing.lift("chat-wechat", reason="they are back", by=lead, at=now.at)
    now.move(minutes=20)
    dispatch.run(channel="chat", limit=2, now=now)
    assert status_of(two["wechat"])[0] == "done"


def test_a_provider_held_by_hand_is_tried_by_nobody_until_a_person_lifts_it(carrier, plan, now, lead):
    row = plan()
    pacing.hold_by_hand(HTTP, reason="wrong sender name", by=lead, at=TEN)
    for _ in range(3):
        assert dispatch.run(channel="sms", now=now) == {"held": 1}
        now.move(minutes=20)
    pacing.hold(HTTP, code="provider-refuses-us", began_at=now.at, at=now.at)  # one that was under way
    assert pacing.release(HTTP, at=now.at) is False  # and one that was taken
    state = ProviderState.objects.get()
    assert (state.held_by_id, state.reason_code, state.note) == (lead.pk, "held-by-hand", "wrong sender name")
    assert carrier.messages() == []
    pacing.lift(HTTP, reason="mended", by=lead, at=now.at)
    dispatch.run(channel="sms", now=now)
    assert status_of(row)[0] == "done"
    names = ["provider.held_by_hand", "provider.lifted"]
    found = AuditEvent.objects.filter(name__in=names).order_by("pk").values_list("name", "actor_id", "details__reason")
    assert list(found) == [(names[0], lead.pk, "wrong sender name"), (names[1], lead.pk, "mended")]


def test_the_control_one_that_refusals_hold_is_tried_when_the_time_is_over(carrier, plan, now):
    row = plan()
    pacing.hold(HTTP, code="provider-refuses-us", began_at=TEN, at=TEN)
    now.move(minutes=1)
    dispatch.run(channel="sms", now=now)
    assert status_of(row)[0] == "done"


def test_a_person_lifts_what_refusals_held_and_the_next_message_goes_at_once(carrier, plan, now, lead):
    row = plan()
    pacing.hold(HTTP, code="provider-refuses-us", began_at=TEN, at=TEN + timedelta(minutes=10))
    pacing.lift(HTTP, reason="paid the bill", by=lead, at=TEN)
    dispatch.run(channel="sms", now=now)
    assert status_of(row)[0] == "done"
    assert ContactAttempt.objects.count() == 1


@pytest.mark.parametrize(
    ("verb", "name", "reason", "code"),
    [
        ("hold", HTTP, " ", "no-reason"),
        ("hold", "sms-nobody", "x", "unknown"),
        ("lift", HTTP, "x", "not-held"),
        ("lift", HTTP, "", "no-reason"),
    ],
)
def test_a_hold_needs_a_provider_and_a_reason(carrier, lead, verb, name, reason, code):
    change = pacing.hold_by_hand if verb == "hold" else pacing.lift
    with pytest.raises(HoldRefused) as refused:
        change(name, reason=reason, by=lead, at=TEN)
    assert refused.value.code == code
    assert not ProviderState.objects.exists()


def test_the_page_holds_and_lifts(carrier, lead):
    client = Client()
    client.force_login(lead)
    page, change = reverse("contacts:providers"), reverse("contacts:change-provider", args=[HTTP])
    assert "takes messages" in client.get(page).content.decode()
    said = client.post(change, {"verb": "hold", "reason": "a fire"}, follow=True).content.decode()
    assert "a fire" in said
    assert pacing.is_held(HTTP)
    client.post(change, {"verb": "hold", "reason": "again"})
    client.post(change, {"verb": "lift", "reason": "out"})
    assert not pacing.is_held(HTTP)


def test_a_collector_neither_sees_nor_holds(carrier):
    client = Client()
    client.force_login(UserFactory())
    assert client.get(reverse("contacts:providers")).status_code == 403
    assert client.post(reverse("contacts:change-provider", args=[HTTP]), {"verb": "hold"}).status_code == 403
    assert not ProviderState.objects.exists()
