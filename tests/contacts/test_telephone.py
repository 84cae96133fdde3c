"""Calls by the telephone system: the desk first, the person only if it is permitted then, and nobody ever twice."""

from typing import Any

import pytest
import requests
from django.db import connection

from cases import holds, instructions
from collections_app.shared.actor import SYSTEM, Actor
from contacts import calls, stops
from contacts.calls import connecting, dialling, hearing
from contacts.calls.dialling import DialRefused
from contacts.channels.senders import voice
from contacts.channels.senders.base import NotPermitted
from contacts.channels.senders.voice import line
from contacts.models import ContactAttempt, TelephoneCall, TelephoneEvent, TelephoneLine
from tests.contacts.conftest import TEN, TOKEN
from tests.contacts.telephone import DESK, Phone, listening, use_telephone
from tests.factories.cases import CaseFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def phone(carrier: Any, settings: Any, now: Any, collector: Any) -> Any:
    use_telephone(settings, carrier)
    made = Phone(carrier, now, CaseFactory(at=TEN), Actor.of(collector))
    with listening(now) as made.line:
        yield made


def the_call() -> TelephoneCall:
    return TelephoneCall.objects.select_related("attempt").get()


def test_the_desk_is_rung_first_then_the_person_and_both_are_connected(phone):
    call = phone.dials()
    assert (phone.outside, call.attempt.status) == ([], "cleared")
    phone.hear(lambda: the_call().connected_at)
    call = the_call()
    assert (call.state, call.attempt.status, call.attempt.started_at) == ("answered", "in_progress", TEN)
    assert phone.outside == [phone.number]
    (bridge,) = phone.pbx.bridges.values()
    assert bridge == {f"desk-{call.key}", f"person-{call.key}"}
    assert (call.recording, phone.pbx.recordings) == ("", {})
    assert not dialling.hang_up(attempt_id=call.attempt_id, actor=phone.actor, at=phone.now())
    phone.hear(lambda: the_call().ended_at)
    assert (phone.live, phone.pbx.bridges, the_call().outcome) == ([], {}, "")
    calls.log_call(attempt_id=call.attempt_id, outcome="conversation", actor=phone.actor, at=phone.now.move(minutes=2))
    connection.check_constraints()


@pytest.mark.parametrize(
    ("script", "outcome"),
    [("busy", "busy"), ("rings_out", "no_answer"), ("invalid", "not_in_service"), ("rejects", "no_answer"),
     ("congested", "")],
)  # fmt: skip
def test_how_an_unanswered_call_ended_is_known_and_still_the_collector_saves_it(phone, script, outcome):
    phone.does(script)
    phone.dials()
    phone.hear(lambda: the_call().ended_at and phone.live == [])
    call = the_call()
    assert (call.outcome, call.answered_at, call.attempt.status, call.attempt.outcome) == (
        outcome,
        None,
        "in_progress",
        "",
    )


@pytest.mark.parametrize("fault", ["duplicate_receipts", "receipts_out_of_order", "receipt_before_answer"])
@pytest.mark.parametrize(("script", "outcome"), [("busy", "busy"), ("rings_out", "no_answer"), ("drops", "")])
def test_events_twice_out_of_order_or_before_the_answer_end_the_same(phone, fault, script, outcome):
    phone.does(script)
    phone.carrier.order(fault, channel="voice", to=phone.number)
    phone.dials()
    phone.hear(lambda: the_call().ended_at and phone.live == [])
    phone.hear_out(for_s=0.1)
    call = the_call()
    assert (call.outcome, call.attempt.status, phone.outside) == (outcome, "in_progress", [phone.number])


def test_a_desk_that_does_not_answer_calls_nobody_and_counts_nothing(phone):
    phone.does("rings_out", to=DESK)
    phone.dials()
    phone.hear(lambda: the_call().ended_at)
    call = the_call()
    assert (call.problem, call.attempt.status, phone.outside) == ("desk-no-answer", "cancelled", [])
    assert phone.opens().status == "cleared"


def between_a_stop(phone):
    stops.order_stop(scope="everything", reason="drill", actor=SYSTEM, at=phone.now())


def between_an_instruction(phone):
    instructions.give(person_id=phone.case.person_id, kind="opt_out", channel="phone",
                      contact_point_id=phone.case.point.pk, actor=SYSTEM, at=phone.now())  # fmt: skip


def between_a_hold(phone):
    holds.place(case=phone.case, kind="dispute", actor=SYSTEM, at=phone.now())


def between_the_end_of_the_permit(phone):
    phone.now.move(minutes=3)


def between_nothing(phone):
    pass


@pytest.mark.parametrize(
    ("happens", "reason"),
    [(between_a_stop, "stopped"), (between_an_instruction, None), (between_a_hold, None),
     (between_the_end_of_the_permit, "permit-expired")],
)  # fmt: skip
def test_what_comes_between_the_legs_keeps_the_person_from_being_dialled(phone, happens, reason):
    phone.dials()
    happens(phone)
    phone.hear(lambda: the_call().ended_at and phone.live == [])
    call = the_call()
    assert (phone.outside, call.attempt.status) == ([], "withheld")
    assert call.problem == call.attempt.reason_code
    assert reason in (None, call.problem)
    connection.check_constraints()


def test_and_where_nothing_comes_between_he_is(phone):
    phone.dials()
    between_nothing(phone)
    phone.hear(lambda: the_call().dialled_at)
    assert phone.outside == [phone.number]


def test_a_call_taken_back_while_the_desk_rings_dials_nobody(phone):
    call = phone.dials()
    calls.cancel(attempt_id=call.attempt_id, actor=phone.actor, at=phone.now())
    phone.hear(lambda: the_call().ended_at and phone.live == [])
    assert (phone.outside, the_call().attempt.status) == ([], "cancelled")


def test_hanging_up_while_the_desk_rings_gives_the_permit_back(phone):
    call = phone.dials()
    assert dialling.hang_up(attempt_id=call.attempt_id, actor=phone.actor, at=phone.now())
    phone.hear_out(for_s=0.15)
    assert (phone.outside, phone.live, the_call().attempt.status) == ([], [], "cancelled")


@pytest.mark.parametrize(
    ("fault", "code"),
    [("credentials", "provider-refuses-us"), ("refused", "number-not-dialled"), ("rate_limited", "provider-busy"),
     ("redirect", "provider-refuses-us")],
)  # fmt: skip
def test_a_telephone_system_that_refuses_gives_the_permit_back_and_says_so(phone, fault, code):
    phone.carrier.order(fault, channel="voice")
    attempt = phone.opens()
    with pytest.raises(DialRefused) as refused:
        phone.dials(attempt)
    attempt.refresh_from_db()
    assert (attempt.status, phone.pbx.dialled) == ("cancelled", [])
    assert refused.value.code in (code, "refused")
    assert "by hand" in str(refused.value)
    assert phone.opens().status == "cleared"


def test_one_that_is_down_or_that_nobody_listens_to_calls_nobody(phone, settings):
    for address in ("http://127.0.0.1:1/ari", "http://nowhere.invalid/ari"):
        settings.ARI_URL = address
        with pytest.raises(DialRefused) as refused:
            phone.dials()
        assert refused.value.code == "provider-unreachable"
    settings.ARI_URL = f"{phone.carrier.url}/ari"
    TelephoneLine.objects.update(open_since=None)
    with pytest.raises(DialRefused) as refused:
        phone.dials()
    assert refused.value.code == "line-closed"
    assert phone.pbx.dialled == []
    assert set(ContactAttempt.objects.values_list("status", flat=True)) == {"cancelled"}


def test_an_answer_that_never_came_leaves_the_call_counted_until_it_was_asked_for(phone):
    phone.carrier.order("error", channel="voice")
    call = phone.dials()
    assert (call.attempt.status, the_call().problem) == ("cleared", "desk-unknown")
    assert phone.ask_later(seconds=11) == 1
    assert (the_call().attempt.status, the_call().attempt.reason_code) == ("cancelled", "never-began")


def test_one_that_was_taken_all_the_same_goes_on(phone):
    phone.carrier.order("error_after_accept", channel="voice")
    phone.dials()
    phone.hear(lambda: the_call().connected_at)
    assert phone.outside == [phone.number]


@pytest.mark.parametrize("fault", ["error_after_accept", "wrong_json", "timeout_after_accept"])
def test_the_person_is_never_dialled_twice_when_the_answer_is_lost(phone, settings, fault):
    settings.PROVIDER_TIMEOUT_S = 1
    phone.does("rings_out")
    phone.pbx.pace = 0.5
    phone.dials()
    phone.carrier.order(fault, channel="voice", to=phone.number, delay_s=0.1)
    phone.hear(lambda: the_call().attempt.status == "in_progress")
    assert (the_call().dialled_at, the_call().problem) == (None, "fate-unknown")
    for _ in range(3):
        phone.ask_later(seconds=11)
    assert (the_call().dialled_at is not None, phone.outside) == (True, [phone.number])


def test_a_request_that_was_lost_is_not_made_again_and_counts(phone):
    phone.dials()
    phone.carrier.order("error", channel="voice", to=phone.number)
    phone.hear(lambda: the_call().attempt.status == "in_progress")
    phone.ask_later(seconds=11)
    assert the_call().ended_at is None
    phone.ask_later(seconds=60)
    call = the_call()
    assert (call.problem, call.attempt.status, phone.outside) == ("fate-unknown", "in_progress", [])


def test_a_process_killed_before_it_dialled_dials_nobody_afterwards(phone, monkeypatch):
    def die(name):
        if name == "before_call":
            raise SystemExit

    monkeypatch.setattr(connecting, "fault", die)
    call = phone.dials()
    with pytest.raises(SystemExit):
        phone.hear(lambda: False)
    monkeypatch.undo()
    phone.hear_out(for_s=0.1)
    for _ in range(2):
        phone.ask_later(seconds=50)
    call.attempt.refresh_from_db()
    assert (phone.outside, call.attempt.status, the_call().problem) == ([], "cleared", "fate-unknown")


def test_the_same_name_dials_once_and_without_a_name_it_dials_twice(phone):
    """The control: what a client without names for its calls does when it tries again."""
    asked = {"endpoint": f"PJSIP/{phone.number}@trunk", "app": "collections"}
    for body in ({**asked, "channelId": "person-1"}, {**asked, "channelId": "person-1"}):
        requests.post(f"{phone.carrier.url}/ari/channels", json=body, auth=("collections", TOKEN), timeout=5)
    assert phone.outside == [phone.number]
    for _ in range(2):
        requests.post(f"{phone.carrier.url}/ari/channels", json=asked, auth=("collections", TOKEN), timeout=5)
    assert phone.outside == [phone.number] * 3


def test_without_a_permit_for_this_instant_nobody_is_dialled(phone):
    for permit in (None, object(), "permit"):
        with pytest.raises(NotPermitted):
            voice.telephone_system().ring_person("person-1", number=phone.number, language="en", permit=permit, at=TEN)
    assert phone.outside == []


def test_it_is_recorded_only_after_the_announcement_was_heard(phone, settings):
    settings.CALL_ANNOUNCEMENT = "sound:recorded-{language}"
    attempt = phone.opens(recorded=True, recording_announced=True)
    phone.dials(attempt, records=True)
    phone.hear(lambda: the_call().answered_at)
    phone.hear(lambda: the_call().connected_at)
    call = the_call()
    assert (call.recording, phone.pbx.recordings) == (f"call-{call.key}", {f"call-{call.key}": f"bridge-{call.key}"})
    dialling.hang_up(attempt_id=call.attempt_id, actor=phone.actor, at=phone.now())
    phone.hear(lambda: the_call().recorded_at)


def test_where_the_announcement_fails_nothing_is_recorded_and_they_talk(phone, settings):
    settings.CALL_ANNOUNCEMENT = "sound:missing-{language}"
    phone.dials(phone.opens(recorded=True, recording_announced=True), records=True)
    phone.hear(lambda: the_call().connected_at)
    assert (the_call().recording, the_call().problem, phone.pbx.recordings) == ("", "announcement-failed", {})


def test_a_call_that_was_not_stated_as_recorded_never_is(phone, settings):
    settings.CALL_ANNOUNCEMENT = "sound:recorded-{language}"
    phone.dials()
    phone.hear(lambda: the_call().connected_at)
    assert phone.pbx.recordings == {}


def test_when_either_end_hangs_up_the_other_is_freed(phone):
    phone.does("hangs_up")
    phone.dials()
    phone.hear(lambda: the_call().ended_at and phone.live == [])
    assert the_call().answered_at is not None


def test_events_about_calls_that_nobody_knows_stay_in_the_list(phone):
    ours = "person-0b8f4a3e-7d0c-4c3a-9f0e-1c2d3e4f5a6b"
    unknown = '{"type": "ChannelDestroyed", "cause": 17, "channel": {"id": "1700000000.7"}}'
    for text in (unknown, unknown, unknown.replace("1700000000.7", ours)):
        heard = line.read(text)
        assert heard is not None
        assert not hearing.take(heard, now=phone.now)
    rows = TelephoneEvent.objects.order_by("pk").values_list("name", "what", "cause", "applied_at")
    assert list(rows) == [("1700000000.7", "ended", 17, None), (ours, "ended", 17, None)]


@pytest.mark.parametrize(
    "text",
    ["", "no json", "[]", "{}", '{"type": 7}', '{"type": "ChannelDestroyed"}', '{"type": "Dial", "peer": 3}', b"\xff",
     '{"type": "StasisStart", "channel": {"id": null}}', '{"type": "ChannelDestroyed", "cause": "x", "channel": {}}',
     '{"type": "PlaybackFinished", "playback": "x", "timestamp": "yesterday"}', "[" * 100_000],
)  # fmt: skip
def test_what_cannot_be_read_moves_nothing(phone, text):
    heard = line.read(text)
    assert heard is None or not hearing.take(heard, now=phone.now)
