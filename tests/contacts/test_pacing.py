"""A provider that refuses us is held once for all; each provider gets no more a second than it allows."""

import itertools
import time
from datetime import timedelta

import pytest
from django.db import connection

from cases.models import Instruction
from compliance.models import AuditEvent
from contacts import dispatch
from contacts.dispatch import carriers, pacing
from contacts.models import ContactAttempt, PlannedContact, ProviderState
from tests.contacts.conftest import TEN, WORDING
from tests.factories.contacts import StepFactory, TemplateFactory

pytestmark = pytest.mark.django_db
HTTP = "sms-http"


@pytest.fixture
def five(plan):
    """Return five due messages, oldest first."""
    step = StepFactory(template=TemplateFactory(channel="sms", versions=WORDING))
    return [plan(step=step) for _ in range(5)]


def places(rows):
    return list(
        PlannedContact.objects.filter(pk__in=[row.pk for row in rows])
        .order_by("try_again_at", "pk")
        .values_list("pk", "try_again_at")
    )


@pytest.mark.parametrize("fault", ["credentials", "no_funds", "redirect"])
def test_a_refusal_of_us_costs_one_request_and_no_row_its_place(carrier, five, now, fault):
    before = places(five)
    carrier.order(fault, times=None)
    assert dispatch.run(channel="sms", now=now) == {"held": 5}
    assert carrier.stats()["counts"]["sms.posts"] == 1
    assert places(five) == before
    assert not ContactAttempt.objects.exclude(status="withheld").exists()
    state = ProviderState.objects.get()
    assert (state.provider, state.refusals, state.held_until) == (HTTP, 1, TEN + timedelta(minutes=1))
    assert dispatch.run(channel="sms", now=now) == {"held": 1}
    assert carrier.stats()["counts"]["sms.posts"] == 1


def test_without_holding_every_row_would_have_tried_for_itself(carrier, five, now, monkeypatch):
    """The control: the same night with a hold that nobody heeds."""
    monkeypatch.setattr(pacing, "is_held", lambda provider: False)
    monkeypatch.setattr(pacing, "room", lambda provider, **more: pacing.Room(more["most"]))
    carrier.order("credentials", times=5)
    dispatch.run(channel="sms", limit=5, now=now)
    assert carrier.stats()["counts"]["sms.posts"] == 5


def test_when_the_time_is_over_one_message_tries_and_the_pause_doubles(carrier, five, now):
    carrier.order("credentials", times=None)
    dispatch.run(channel="sms", now=now)
    for tried, minutes in ((2, 2), (3, 4), (4, 8), (5, 15), (6, 15)):
        now.at = ProviderState.objects.get().held_until
        assert dispatch.run(channel="sms", now=now) == {"held": 1}
        assert carrier.stats()["counts"]["sms.posts"] == tried
        assert ProviderState.objects.get().held_until == now.at + timedelta(minutes=minutes)
    assert ProviderState.objects.get().held_since == TEN


def test_the_first_message_that_is_taken_frees_the_provider_and_the_rest_follows(carrier, five, now):
    carrier.order("credentials", times=1)
    dispatch.run(channel="sms", now=now)
    now.move(minutes=1)
    assert sum(dispatch.run(channel="sms", now=now).values()) == 5
    assert [message.reference for message in reversed(carrier.messages())] == [row.case.ref for row in five]
    state = ProviderState.objects.get()
    assert (state.held_until, state.held_since, state.refusals, state.reason_code) == (None, None, 0, "")
    names = AuditEvent.objects.filter(name__startswith="provider.").order_by("pk").values_list("name", flat=True)
    assert list(names) == ["provider.held", "provider.released"]


def test_one_refusal_that_several_workers_met_is_one(five):
    first = pacing.hold(HTTP, code="provider-refuses-us", began_at=TEN, at=TEN)
    again = pacing.hold(HTTP, code="provider-refuses-us", began_at=TEN, at=TEN + timedelta(seconds=2))
    assert (first.refusals, again.refusals, again.held_until) == (1, 1, first.held_until)
    later = pacing.hold(HTTP, code="provider-refuses-us", began_at=TEN + timedelta(minutes=1), at=TEN)
    assert later.refusals == 2


def test_another_provider_goes_on(carrier, five, now):
    pacing.hold("smtp", code="provider-refuses-us", began_at=TEN, at=TEN)
    assert dispatch.run(channel="sms", limit=5, now=now) == {"sent": 5}


def test_a_busy_provider_is_not_held(carrier, five, now):
    carrier.order("rate_limited", times=1)
    dispatch.run(channel="sms", limit=5, now=now)
    assert len(carrier.messages()) == 4
    assert not ProviderState.objects.exclude(held_until=None).exists()


def test_who_asked_the_provider_for_silence_has_it_here(carrier, plan, now):
    planned = plan()
    carrier.order("opted_out")
    dispatch.run(channel="sms", now=now)
    planned.refresh_from_db()
    told = Instruction.objects.get()
    assert (told.kind, told.channel, told.person_id) == ("opt_out", "sms", planned.person_id)
    assert (planned.status, planned.reason_code) == ("cancelled", "opted-out-at-provider")
    again = plan(case=planned.case)
    now.move(days=1)
    dispatch.run(channel="sms", now=now)
    again.refresh_from_db()
    assert again.status == "withheld"
    assert carrier.messages() == []


def test_the_parts_of_a_message_are_kept(carrier, plan, now, only_attempt):
    planned = plan()
    dispatch.run(channel="sms", now=now)
    assert only_attempt(planned).segments == 1


def test_the_pace_of_a_provider_is_kept(carrier, five, now, settings):
    settings.PROVIDER_RATES = ["sms=10"]
    begun = time.time()
    assert sum(dispatch.run(channel="sms", limit=5, now=now).values()) == 5
    sent = sorted(message.at for message in carrier.messages())
    # None came before its tenth of a second. One may be late, as machines are; never do three come within a tenth.
    assert all(at - begun >= number / 10 for number, at in enumerate(sent))
    assert min(third - first for first, third in zip(sent, sent[2:], strict=False)) > 0.1
    gaps = sorted(later - earlier for earlier, later in itertools.pairwise(sent))
    assert gaps[1] > 0.07  # one that was taken late shortens the gap after it, and no other


def test_a_slot_that_passed_is_not_made_up_for(settings):
    settings.PROVIDER_RATES = ["sms=20"]
    pacing.take_slot(HTTP, channel="sms")
    time.sleep(0.3)
    assert pacing.take_slot(HTTP, channel="sms") == 0.0
    assert pacing.take_slot(HTTP, channel="sms") > 0.03


def test_without_a_pace_nobody_waits(settings):
    settings.PROVIDER_RATES = ["email=1"]
    assert [pacing.take_slot(HTTP, channel="sms") for _ in range(3)] == [0.0, 0.0, 0.0]
    assert not ProviderState.objects.exists()


def test_no_more_is_claimed_than_will_leave_within_a_second(settings):
    settings.PROVIDER_RATES = ["sms=2"]
    assert pacing.room(HTTP, channel="sms", most=8, at=TEN).rows == 8
    pacing.take_slot(HTTP, channel="sms")
    assert pacing.room(HTTP, channel="sms", most=8, at=TEN).rows == 1
    with connection.cursor() as cursor:
        cursor.execute("UPDATE contacts_providerstate SET next_free_at = clock_timestamp() + interval '3 seconds'")
    full = pacing.room(HTTP, channel="sms", most=8, at=TEN)
    assert (full.rows, full.held) == (0, False)
    assert 2.5 < full.wait_s <= 3.0


def test_the_provider_of_a_channel_without_one_has_no_name(settings):
    settings.SMS_PROVIDER_URL = ""
    carriers.forget()
    assert carriers.provider_of("sms") == ""
    carriers.forget()


def test_the_doctor_and_the_dashboard_say_who_refuses_us(client):
    from collections_app import doctor
    from tests.factories.staff import UserFactory

    assert doctor.providers().ok
    pacing.hold(HTTP, code="provider-refuses-us", began_at=TEN, at=TEN)
    found = doctor.providers()
    assert (found.ok, "sms-http refuses us (provider-refuses-us) since 2026-03-04 02:00" in found.says) == (False, True)
    client.force_login(UserFactory(supervisor=True))
    page = client.get("/dashboard/widgets/queue/").content.decode()
    assert "sms-http refuses our account" in page
    pacing.release(HTTP, at=TEN)
    assert "refuses our account" not in client.get("/dashboard/widgets/queue/").content.decode()
