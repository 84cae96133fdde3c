"""The case page in a call: the key rings the desk, the page says how it stands, and the collector saves."""

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse

from collections_app import doctor
from collections_app.shared import clock
from collections_app.shared.actor import Actor
from contacts.channels import telephony
from contacts.models import ContactAttempt, TelephoneCall, TelephoneLine
from tests.contacts.conftest import TEN
from tests.contacts.telephone import DESK, Phone, listening, use_telephone
from tests.factories.cases import CaseFactory, CreditorFactory
from tests.factories.staff import set_clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def phone(carrier: Any, settings: Any, client: Any, collector: Any, team: Any) -> Any:
    use_telephone(settings, carrier)
    set_clock(settings, TEN)
    collector.extension = DESK
    collector.save(update_fields=["extension"])
    client.force_login(collector)
    case = CaseFactory(creditor=CreditorFactory(team=team), at=TEN, working=True)
    made = Phone(carrier, clock.now, case, Actor.of(collector))
    with listening(clock.now) as made.line:
        yield made


def press(client: Any, phone: Phone, **more: str) -> Any:
    address = reverse("contacts:call", args=[phone.case.ref])
    return client.post(address, {"point": phone.case.point.pk, **more}, follow=True)


def look(client: Any, phone: Phone, seen: str = "") -> Any:
    attempt = TelephoneCall.objects.get().attempt_id
    address = reverse("contacts:call-live", args=[phone.case.ref])
    return client.get(address, {"attempt": attempt, "seen": seen}, headers={"HX-Request": "true"})


def test_the_key_rings_the_desk_and_the_page_follows_the_call(client, phone):
    phone.does("busy")
    page = press(client, phone).content.decode()
    assert "Your telephone rings: take it up" in page
    assert 'href="tel:' not in page
    seen = look(client, phone)
    mark = seen.context["live"].mark
    assert look(client, phone, seen=mark).status_code == 204
    phone.hear(lambda: TelephoneCall.objects.get().ended_at)
    ended = look(client, phone, seen=mark)
    assert 'data-suggests="busy"' in ended.content.decode()
    assert "every 1s" not in ended.content.decode()
    page = client.get(reverse("cases:case", args=[phone.case.ref]))
    assert page.context["form"]["outcome"].value() == "busy"
    assert ContactAttempt.objects.get().status == "in_progress"


def test_by_hand_the_number_is_shown_and_nothing_rings(client, phone):
    page = press(client, phone, by_hand="1").content.decode()
    assert f'href="tel:{phone.number}"' in page
    assert (phone.pbx.dialled, TelephoneCall.objects.count()) == ([], 0)


def test_a_telephone_system_that_is_down_is_said_and_the_hand_is_offered(client, phone, settings):
    settings.ARI_URL = "http://127.0.0.1:1/ari"
    page = press(client, phone).content.decode()
    assert "The telephone system cannot be reached. Nobody was called and nothing is counted." in page
    assert 'name="by_hand"' in page
    assert ContactAttempt.objects.get().status == "cancelled"


def test_somebody_without_an_extension_dials_by_hand(client, phone, collector):
    collector.extension = ""
    collector.save(update_fields=["extension"])
    page = press(client, phone).content.decode()
    assert f'href="tel:{phone.number}"' in page
    assert 'name="by_hand"' not in page


def test_hanging_up_before_the_person_was_dialled_gives_the_permit_back(client, phone):
    press(client, phone)
    attempt = ContactAttempt.objects.get()
    client.post(reverse("contacts:hang-up", args=[phone.case.ref]), {"attempt": attempt.pk})
    attempt.refresh_from_db()
    assert (attempt.status, phone.live) == ("cancelled", [])
    assert look(client, phone).headers["HX-Refresh"] == "true"


@pytest.mark.parametrize(("then", "legs"), [("stay", 2), ("next", 0)])
def test_going_on_to_the_next_case_ends_the_line_and_staying_does_not(client, phone, then, legs):
    phone.does("answers")
    press(client, phone)
    phone.hear(lambda: TelephoneCall.objects.get().answered_at)
    phone.case.refresh_from_db()
    attempt = ContactAttempt.objects.get()
    typed = {"version": phone.case.version, "attempt": attempt.pk, "outcome": "no-answer", "note": "", "then": then}
    client.post(reverse("contacts:log-call", args=[phone.case.ref]), typed)
    attempt.refresh_from_db()
    assert (attempt.outcome, len(phone.live)) == ("no_answer", legs)


def test_nobody_sees_or_ends_the_call_of_somebody_else(client, phone, make_user, team):
    press(client, phone)
    client.force_login(make_user("collector", username="other", team=team))
    attempt = TelephoneCall.objects.get().attempt_id
    assert look(client, phone).status_code == 404
    for number in (attempt, "x", "9" * 30, ""):
        answer = client.post(reverse("contacts:hang-up", args=[phone.case.ref]), {"attempt": number})
        assert answer.status_code == 404
    assert phone.live == ["desk"]


def test_the_doctor_says_whether_anybody_listens(phone):
    assert doctor.telephone().ok
    TelephoneLine.objects.update(open_since=None, reason_code="provider-refuses-us")
    assert not doctor.telephone().ok


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [("CTI_PROVIDER", "ami", "must be one of"), ("ARI_PASSWORD", "", "needs ARI_PASSWORD"),
     ("ARI_URL", "http://pbx.example.com/ari", "https"), ("CALL_FROM", "12345", "CALL_FROM"),
     ("ARI_LINE", "PJSIP/trunk", "must hold"), ("ARI_DESK", "PJSIP/{who}", "known are extension"),
     ("ARI_RING_S", 600, "between 5 and 60"), ("VOICE_NOTICE_MEDIA", "say {text}", "media address"),
     ("VOICE_NOTICE_MEDIA", "sound:hello", "must hold"), ("CALL_ANNOUNCEMENT", "hello", "media address"),
     ("ARI_APP", "a b", "ARI_APP"), ("ARI_USER", "a:b", "colon")],
)  # fmt: skip
def test_a_start_with_a_telephone_that_could_not_dial_is_refused(carrier, settings, name, value, said):
    use_telephone(settings, carrier)
    setattr(settings, name, value)
    with pytest.raises(ImproperlyConfigured, match=said):
        telephony.check()
