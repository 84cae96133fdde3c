"""A text message to oneself, over real sockets: to one's own number, marked and counted, and to nobody else."""

import pytest
from django.urls import reverse

from compliance.models import AuditEvent
from contacts import stops, trial_sends, wordings
from contacts.channels.senders.base import Message, NotPermitted, OwnNumber
from contacts.channels.senders.sms.generic import GenericSms
from contacts.dispatch import pacing
from contacts.models import ContactAttempt
from contacts.trial_sends import TrialRefused
from tests.contacts.conftest import TEN
from tests.contacts.test_views_templates import SMS, signed_in
from tests.factories import NOW
from tests.factories.cases import AddressFactory
from tests.factories.contacts import TemplateFactory
from tests.factories.staff import UserFactory

pytestmark = pytest.mark.django_db
MINE = "+8613912345678"


@pytest.fixture
def writer():
    return UserFactory(admin=True, email="writer@example.com", phone=MINE)


def wording(writer, channel="sms"):
    template = TemplateFactory(versions=False, channel=channel)
    subject = "A subject" if channel == "email" else ""
    return wordings.write(template_id=template.pk, language="en", subject=subject, body=SMS, by=writer, at=NOW)


def code_of(version, writer):
    with pytest.raises(TrialRefused) as refused:
        trial_sends.send_sms(version_id=version.pk, by=writer, at=NOW)
    return refused.value.code


def test_a_test_goes_to_ones_own_number_whatever_the_page_asks_for(carrier, writer):
    version = wording(writer)
    asked = {"by": "sms", "to": "+8613800000000", "phone": "+8613800000000"}
    page = signed_in(writer).post(reverse("contacts:test-wording", args=[version.pk]), asked, follow=True)
    (left,) = carrier.messages()
    assert (left.to, left.text[:41]) == (MINE, "[Test] Example Bank: NT$1,234.00 is past ")
    assert f"Sent to {MINE}, with samples." in page.content.decode()
    event = AuditEvent.objects.get(name="template.tested")
    assert (event.actor_id, event.subject_id, event.details["by"]) == (writer.pk, version.pk, "sms")
    assert not ContactAttempt.objects.exists()  # nobody was contacted


def test_no_test_goes_to_the_number_of_somebody_in_a_case(carrier, writer):
    AddressFactory(kind="phone", value=MINE)
    assert code_of(wording(writer), writer) == "somebodys"
    assert carrier.messages() == []


def test_the_number_is_the_one_that_is_kept_and_not_what_a_page_holds(carrier, writer):
    version = wording(writer)
    writer.phone = "+8613800000000"  # not saved
    trial_sends.send_sms(version_id=version.pk, by=writer, at=NOW)
    assert [left.to for left in carrier.messages()] == [MINE]


def test_e_mail_and_text_messages_are_counted_together(carrier, writer):
    version = wording(writer)
    for _ in range(trial_sends.MOST_AN_HOUR - 1):
        trial_sends.send(version_id=version.pk, by=writer, at=NOW)
    trial_sends.send_sms(version_id=version.pk, by=writer, at=NOW)
    assert code_of(version, writer) == "too-often"
    assert len(carrier.messages()) == 1


def test_what_comes_in_the_way_is_said_and_nothing_leaves(carrier, writer, settings):
    version = wording(writer)
    assert code_of(wording(writer, "email"), writer) == "not-sms"
    assert code_of(version, UserFactory(admin=True, phone="")) == "no-phone"
    carrier.order("credentials")
    assert code_of(version, writer) == "not-taken"
    pacing.hold("sms-http", code="provider-refuses-us", began_at=TEN, at=TEN)
    assert code_of(version, writer) == "held"
    stops.order_stop(scope="channel", target="sms", reason="fire", actor=trial_sends.Actor.of(writer), at=NOW)
    assert code_of(version, writer) == "stopped"
    assert carrier.messages() == []


def test_a_test_without_an_answer_may_have_left_and_the_page_says_so(carrier, writer, settings):
    settings.PROVIDER_TIMEOUT_S = 0.2
    carrier.order("timeout_after_accept", delay_s=0.5)
    version = wording(writer)
    page = signed_in(writer).post(reverse("contacts:test-wording", args=[version.pk]), {"by": "sms"}, follow=True)
    assert "the test may have left" in page.content.decode()


def test_a_sender_takes_a_test_for_a_checked_number_only(carrier):
    for other in (MINE, None, object()):
        with pytest.raises(NotPermitted):
            GenericSms().send_test(Message(key=NOW, text="x"), own=other)
    assert carrier.messages() == []


def test_only_one_module_makes_a_number_of_ones_own():
    from pathlib import Path

    made = [path for path in Path("contacts").rglob("*.py") if f"{OwnNumber.__name__}(" in path.read_text()]
    assert [path.as_posix() for path in made] == ["contacts/dispatch/trying.py"]
