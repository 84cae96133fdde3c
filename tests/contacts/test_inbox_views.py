"""The inbox and the threads on the case page: what is shown, what may be undone by whom, what may be written when."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from cases.models import Instruction
from contacts import inbound
from contacts.inbound.receiving import Incoming
from contacts.models import ContactAttempt, InboundAction, InboundMessage
from tests.factories.cases import AddressFactory, CaseFactory, ContactPointFactory, CreditorFactory, PersonFactory
from tests.factories.staff import set_clock

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 4, 3, 0, tzinfo=UTC)  # 11:00 in Shanghai
NIGHT = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)
NUMBER = "+8613800001234"


@pytest.fixture
def case(team, settings, carrier):
    set_clock(settings, NOON)
    case = CaseFactory(creditor=CreditorFactory(team=team), person=PersonFactory(name="王小明"), at=NOON, working=True)
    ContactPointFactory(person=case.person, address=AddressFactory(value=NUMBER), position=0)
    return case


def bring(text, *, sender=NUMBER, event_id="e1", at=NOON - timedelta(minutes=5)):
    return inbound.take(Incoming("t", event_id, "sms", sender, text), at=at)


def as_(user):
    client = Client()
    client.force_login(user)
    return client


def page(client, path):
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_inbox_shows_the_words_that_led_to_what_was_done(case, collector):
    bring("Hello. Stop texting me <script>")
    shown = page(as_(collector), "/inbox/")
    assert "<mark>Stop texting</mark>" in shown
    assert "&lt;script&gt;" in shown
    assert "in force at once" in shown


def test_what_is_held_is_said_once(case, collector):
    bring("我已经还了，请查一下")
    shown = page(as_(collector), "/inbox/")
    assert "contact is held: dispute" in shown
    assert "hold: dispute" not in shown


def test_an_empty_inbox_says_what_is_empty(case, collector):
    desk = as_(collector)
    assert "Every message has been seen" in page(desk, "/inbox/")
    assert "Nothing is asked to be undone" in page(desk, "/inbox/?view=undo")
    assert "Nothing here" in page(desk, "/inbox/?view=all")


def test_another_teams_messages_are_not_there(case, outsider):
    bring("Stop texting me")
    assert "Stop texting" not in page(as_(outsider), "/inbox/")


def test_the_case_page_shows_what_came_in_until_somebody_has_seen_it(case, collector):
    bring("I lost my job")
    client = as_(collector)
    assert "<mark>lost my job</mark>" in page(client, f"/cases/{case.ref}/")
    ref = InboundMessage.objects.get().ref
    client.post(f"/inbox/{ref}/seen/", {"case": case.ref})
    assert "<mark>lost my job</mark>" not in page(client, f"/cases/{case.ref}/")
    assert InboundMessage.objects.get().seen_by == collector


def test_a_collector_asks_and_a_supervisor_undoes_what_was_said_in_plain_words(case, collector, supervisor):
    bring("STOP")
    action = InboundAction.objects.get()
    as_(collector).post(f"/inbox/actions/{action.pk}/undo/", {"reason": "he meant the bus stop"})
    assert not Instruction.objects.filter(withdrawal__isnull=False).exists()
    assert "he meant the bus stop" in page(as_(supervisor), "/inbox/?view=undo")
    as_(supervisor).post(f"/inbox/actions/{action.pk}/undo/", {"reason": "yes, the bus stop"})
    assert Instruction.objects.get(withdrawal__isnull=False).withdrawal.reason == "yes, the bus stop"


def test_undoing_without_a_reason_does_nothing(case, supervisor):
    bring("STOP")
    as_(supervisor).post(f"/inbox/actions/{InboundAction.objects.get().pk}/undo/", {"reason": " "})
    assert not Instruction.objects.filter(withdrawal__isnull=False).exists()


def test_unknown_senders_are_shown_to_a_supervisor_and_given_to_a_case(case, collector, supervisor):
    bring("STOP", sender="+8613900009999")
    assert "9999" not in page(as_(collector), "/inbox/?view=unmatched")
    client = as_(supervisor)
    assert "…9999" in page(client, "/inbox/?view=unmatched&q=9999")
    assert "…9999" not in page(client, "/inbox/?view=unmatched&q=1111")
    tail = client.post("/inbox/", {"view": "unmatched", "q": "9999"})
    assert (tail.status_code, tail.url) == (302, "/inbox/?view=unmatched&q=9999")
    whole = client.post("/inbox/", {"view": "unmatched", "q": "+86 139 0000 9999"})
    assert whole.status_code == 200  # a whole number leads to no address
    assert "…9999" in whole.content.decode()
    other = client.post("/inbox/", {"view": "unmatched", "q": "+86 139 0000 1111"})
    assert "…9999" not in other.content.decode()
    assert "A whole number is looked for in the search field" in page(client, "/inbox/?view=unmatched&q=13900009999")
    ref = InboundMessage.objects.get().ref
    client.post(f"/inbox/{ref}/assign/", {"case": case.ref})
    assert Instruction.objects.get().person == case.person


def test_a_thread_shows_both_sides_and_a_composer(case, collector):
    bring("when can I pay?")
    shown = page(as_(collector), f"/cases/{case.ref}/?thread=sms")
    assert "when can I pay?" in shown
    assert 'id="composer"' in shown
    assert case.creditor.name in shown


def test_at_night_the_composer_gives_way_to_the_reason_and_the_next_time(case, collector, settings):
    set_clock(settings, NIGHT)
    shown = page(as_(collector), f"/cases/{case.ref}/?thread=sms")
    assert 'id="composer"' not in shown
    assert "Nothing may be written here now." in shown
    assert re.search(r"Not before .*their time", shown)


def test_a_message_is_written_and_taken_back_from_the_page(case, collector):
    bring("when can I pay?")
    client = as_(collector)
    point = case.person.contact_points.filter(kind="mobile").first()
    asked = ContactAttempt.objects.get(direction="inbound")
    text = f"您好，明天可以。{case.creditor.name}。回复TD退订"
    body = {"channel": "sms", "point": point.pk, "text": text, "in_reply_to": asked.pk}
    assert client.post(f"/cases/{case.ref}/write/", body).status_code == 302
    attempt = ContactAttempt.objects.get(direction="outbound")
    assert (attempt.status, attempt.purpose, attempt.made_by) == ("cleared", "reply", collector)
    assert "Take back" in page(client, f"/cases/{case.ref}/?thread=sms")
    client.post(f"/cases/{case.ref}/write/back/", {"attempt": attempt.pk})
    attempt = ContactAttempt.objects.get(pk=attempt.pk)
    assert attempt.status == "cancelled"


def test_a_refused_message_keeps_what_was_typed(case, collector):
    point = case.person.contact_points.filter(kind="mobile").first()
    body = {"channel": "sms", "point": point.pk, "text": "再不还款就抓你坐牢"}
    answer = as_(collector).post(f"/cases/{case.ref}/write/", body)
    assert answer.status_code == 200
    assert "再不还款就抓你坐牢" in answer.content.decode()
    assert not ContactAttempt.objects.filter(direction="outbound").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [("hello", "5 characters, 1 part"), ("你好" * 40, "80 characters, 2 parts"), ("", "0 characters")],
)
def test_parts_are_counted_while_it_is_typed(case, collector, text, said):
    answer = as_(collector).post(f"/cases/{case.ref}/write/count/", {"channel": "sms", "text": text})
    assert said in answer.content.decode()


@pytest.mark.parametrize("point", ["", "0", "x", "999999999999999999999", "-1"])
def test_a_point_that_is_none_is_refused_in_words(case, collector, point):
    body = {"channel": "sms", "point": point, "text": f"您好。{case.creditor.name}。回复TD退订"}
    assert as_(collector).post(f"/cases/{case.ref}/write/", body).status_code == 200
    assert not ContactAttempt.objects.filter(direction="outbound").exists()


def test_the_list_of_wishes_is_no_way_round_the_second_look(case, collector, supervisor):
    bring("STOP")
    given = Instruction.objects.get()
    address = reverse("cases:withdraw", args=[case.ref, given.pk])
    as_(collector).post(address, {"reason": "I say so"})
    assert not Instruction.objects.filter(withdrawal__isnull=False).exists()
    as_(supervisor).post(address, {"reason": "he meant the bus stop"})
    assert Instruction.objects.filter(withdrawal__isnull=False).exists()
