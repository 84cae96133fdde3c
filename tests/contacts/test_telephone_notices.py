"""Recorded notices: dialled once under their key by dispatch, played when somebody answers, and counted as calls."""

from datetime import timedelta
from typing import Any

import pytest

from cases import instructions
from collections_app.shared import sealed
from collections_app.shared.actor import SYSTEM, Actor
from contacts import dispatch, facts, rendering
from contacts.calls import hearing
from contacts.channels import telephony
from contacts.channels.senders.base import NotConfigured, Temporary
from contacts.channels.senders.voice.notice import NoticeSender
from contacts.dispatch import carriers
from contacts.models import ContactAttempt, TelephoneLine
from tests.contacts.conftest import TEN
from tests.contacts.telephone import Phone, listening, use_telephone
from tests.factories.staff import set_clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def notice(carrier: Any, settings: Any, now: Any, plan: Any, collector: Any) -> Any:
    use_telephone(settings, carrier)
    set_clock(settings, TEN)
    planned = plan(channel="voice_notice")
    made = Phone(carrier, now, planned.case, Actor.of(collector))
    made.planned = planned
    with listening(now) as made.line:
        TelephoneLine.objects.update(heard_at=TEN + timedelta(minutes=5))
        carriers.forget()
        yield made


def send(notice: Any) -> dict[str, int]:
    return dispatch.run(channel="voice_notice", now=notice.now)


def the_attempt() -> ContactAttempt:
    return ContactAttempt.objects.get(channel="voice_notice")


def event_of(notice: Any) -> str:
    """How the rules see the notice."""
    file = facts.of_case(notice.case.pk, at=notice.now())
    (event,) = [one for one in file.facts(notice.case.point.pk).contacts if one.channel == "voice_notice"]
    return event.outcome


def test_a_notice_is_dialled_once_played_to_its_end_and_then_delivered(notice):
    assert send(notice) == {"sent": 1}
    assert (the_attempt().provider, the_attempt().provider_ref) == ("voice-ari", f"notice-{notice.planned.key}")
    assert event_of(notice) == "uncertain"
    notice.hear(lambda: the_attempt().status == "delivered" and notice.live == [])
    assert (notice.outside, event_of(notice)) == ([notice.number], "notice_played")
    (kept,) = notice.carrier.messages("voice")
    said = sealed.unseal(the_attempt().content_sealed)
    assert kept.text == telephony.notice_media(said, "zh-hans")
    assert send(notice) == {}


@pytest.mark.parametrize(
    ("script", "outcome", "reason", "seen"),
    [("busy", "busy", "line-busy", "busy"), ("rings_out", "no_answer", "nobody-answered", "no_answer"),
     ("invalid", "not_in_service", "number-not-in-service", "not_in_service"),
     ("congested", "sent", "undelivered", "failed")],
)  # fmt: skip
def test_one_that_nobody_hears_failed_and_limits_count_it_as_the_call_it_was(notice, script, outcome, reason, seen):
    notice.does(script)
    send(notice)
    notice.hear_out(for_s=0.3)
    notice.now.move(seconds=3)
    hearing.apply_waiting(now=notice.now)
    attempt = the_attempt()
    assert (attempt.status, attempt.outcome, attempt.reason_code) == ("failed", outcome, reason)
    assert event_of(notice) == seen
    notice.case.point.refresh_from_db()
    assert (notice.case.point.state == "bad") == (script == "invalid")


def test_one_that_is_cut_short_is_not_called_heard(notice):
    notice.does("drops")
    send(notice)
    notice.hear_out(for_s=0.3)
    assert (the_attempt().status, event_of(notice)) == ("sent", "uncertain")


@pytest.mark.parametrize("fault", ["duplicate_receipts", "receipts_out_of_order", "receipt_before_answer"])
def test_events_twice_out_of_order_or_early_end_the_same(notice, fault):
    notice.carrier.order(fault, channel="voice")
    send(notice)
    notice.hear(lambda: the_attempt().status == "delivered")
    assert notice.outside == [notice.number]


@pytest.mark.parametrize("fault", ["error_after_accept", "wrong_json", "timeout_after_accept"])
def test_a_lost_answer_is_asked_for_and_nobody_is_dialled_again(notice, settings, fault):
    settings.PROVIDER_TIMEOUT_S, settings.DISPATCH_LEASE_S = 1, 0.0
    carriers.forget()
    notice.carrier.order(fault, channel="voice", delay_s=0.1)
    settings.DISPATCH_LEASE_S = 10
    assert send(notice) == {"waiting": 1}
    notice.hear_out(for_s=0.2)
    sender = NoticeSender()
    assert sender.look_up(notice.planned.key, since=TEN).ref == f"notice-{notice.planned.key}"
    assert notice.outside == [notice.number]


def test_absence_proves_nothing_unless_somebody_listened_all_the_time(notice):
    sender = NoticeSender()
    assert sender.look_up(notice.planned.key, since=TEN) is None
    TelephoneLine.objects.update(open_since=TEN + timedelta(seconds=1))
    with pytest.raises(Temporary):
        sender.look_up(notice.planned.key, since=TEN)


def test_nobody_is_dialled_while_nobody_listens_or_the_person_asked_for_silence(notice):
    TelephoneLine.objects.update(open_since=None)
    assert send(notice) == {"failed": 1}
    assert the_attempt().reason_code == "line-closed"
    instructions.give(person_id=notice.case.person_id, kind="cease_request", actor=SYSTEM, at=notice.now())
    TelephoneLine.objects.update(open_since=TEN)
    notice.now.move_to_next_try(notice.planned)
    send(notice)
    assert notice.outside == []


def test_without_a_voice_there_is_no_such_sender(settings, notice):
    settings.VOICE_NOTICE_MEDIA = ""
    with pytest.raises(NotConfigured):
        NoticeSender()


def test_how_long_a_notice_takes_is_estimated():
    assert rendering.spoken_seconds("请您回电。") == 1
    assert rendering.spoken_seconds("请" * 80) == 20
    assert rendering.spoken_seconds("word " * 70) == 20
