"""Media refused, places agreed, third persons who refused: the edges that no pack's example shows."""

import pytest

from compliance.facts import ContactEvent, Record
from compliance.predicates.reach import (
    complaint_unfounded,
    consented_place,
    media_refused,
    other_means_failed,
    visit_in_order,
)
from tests.compliance.asking import LEARNED, at, call, calls, known

SEOUL = ("KR", "Asia/Seoul")
TOKYO = ("JP", "Asia/Tokyo")
NOW = "2026-04-08T10:00:00+09:00"


def refusal(channel: str | None, day: int = 1, **given: object) -> Record:
    return Record(kind="opt_out", at=at(f"2026-03-{day:02}T10:00:00+09:00"), channel=channel, **given)


def test_a_refusal_of_every_way_binds_whatever_else_was_refused() -> None:
    facts = known(*SEOUL, records=(refusal("sms"), refusal("email", 2), refusal(None, 3)))
    assert not media_refused(call(NOW), facts, most=2).passed


def test_a_number_refused_takes_no_place_among_the_means() -> None:
    facts = known(*SEOUL, records=(refusal("phone", contact_point_id="M9"), refusal("sms", 2), refusal("email", 3)))
    assert not media_refused(call(NOW, channel="email"), facts, most=2).passed
    assert not media_refused(call(NOW, contact_point_id="M9"), facts, most=2).passed
    assert media_refused(call(NOW), facts, most=2).passed


def test_a_recorded_voice_is_a_call_and_one_medium_refused_twice_is_one() -> None:
    facts = known(*SEOUL, records=(refusal("voice_notice"), refusal("phone", 2), refusal("sms", 3)))
    assert not media_refused(call(NOW), facts, most=2).passed
    assert not media_refused(call(NOW, channel="sms"), facts, most=2).passed


def test_calls_refused_first_keep_visits_open() -> None:
    facts = known(*SEOUL, records=(refusal("phone"), refusal("visit", 2)))
    assert not media_refused(call(NOW), facts, most=3).passed
    assert media_refused(call(NOW, channel="visit"), facts, most=3).passed


def test_a_refusal_taken_back_makes_room_for_the_next() -> None:
    gone = refusal("sms", withdrawn_at=at("2026-03-05T00:00:00+09:00"))
    facts = known(*SEOUL, records=(gone, refusal("email", 2), refusal("chat", 3)))
    assert not media_refused(call(NOW, channel="chat"), facts, most=2).passed


@pytest.mark.parametrize("change", [{"valid": False}, {"voluntary": False}, {"place": "home"}, {"channel": "visit"}])
def test_an_agreement_to_a_place_must_stand_and_fit(change: dict) -> None:
    work = call(NOW, point_kind="work_phone")
    given = {"place": "workplace", "channel": "phone"}
    agreed = Record(kind="consent_place", at=LEARNED, **given)
    assert consented_place(work, known(*TOKYO, records=(agreed,))).passed
    other = Record(kind="consent_place", at=LEARNED, **(given | change))
    assert not consented_place(work, known(*TOKYO, records=(other,))).passed


def _dead(*, letter: str = "returned_undeliverable", mobile: str = "not_in_service") -> tuple[ContactEvent, ...]:
    return (
        *calls(["2026-04-01T10:00:00+09:00"], outcome=mobile),
        *calls(["2026-04-02T10:00:00+09:00"], channel="letter", outcome=letter, contact_point_id="P1"),
    )


def test_means_are_left_while_any_point_may_still_lead_to_him() -> None:
    work = call(NOW, contact_point_id="W1", point_kind="work_phone")
    assert other_means_failed(work, known(*TOKYO, contacts=_dead())).passed
    for contacts in (
        _dead(letter="delivered"),
        _dead(mobile="no_answer"),
        _dead()[:1],
        _dead()[1:],
        (*_dead(), *calls(["2026-04-03T10:00:00+09:00"], channel="sms", outcome="delivered", contact_point_id="M3")),
        (*_dead(), *calls(["2026-04-03T10:00:00+09:00"], direction="inbound", outcome="received", channel="email")),
    ):
        assert not other_means_failed(work, known(*TOKYO, contacts=contacts)).passed


def test_only_the_latest_contact_at_a_point_tells_whether_it_is_dead() -> None:
    work = call(NOW, contact_point_id="W1")
    revived = (*_dead(), *calls(["2026-04-03T10:00:00+09:00"], outcome="no_answer"))
    assert not other_means_failed(work, known(*TOKYO, contacts=revived)).passed
    dead_again = (*revived, *calls(["2026-04-04T10:00:00+09:00"], outcome="not_in_service"))
    assert other_means_failed(work, known(*TOKYO, contacts=dead_again)).passed


def test_at_night_he_must_have_been_missed_at_this_very_point() -> None:
    home = call("2026-04-08T21:30:00+09:00", channel="visit", contact_point_id="H1")
    missed = calls(["2026-04-05T14:00:00+09:00"], channel="visit", outcome="not_met", contact_point_id="H1")
    met = calls(["2026-04-05T14:00:00+09:00"], channel="visit", outcome="met", contact_point_id="H1")
    assert other_means_failed(home, known(*TOKYO, contacts=(*_dead(), *missed)), tried_here=True).passed
    assert not other_means_failed(home, known(*TOKYO, contacts=(*_dead(), *met)), tried_here=True).passed
    assert not other_means_failed(home, known(*TOKYO, contacts=_dead()), tried_here=True).passed


def test_one_founded_complaint_keeps_the_hold() -> None:
    bad = Record(kind="complaint_open", at=LEARNED, valid=False)
    good = Record(kind="complaint_open", at=LEARNED)
    assert complaint_unfounded(call(NOW), known("IN", "Asia/Kolkata", records=(bad,))).passed
    assert not complaint_unfounded(call(NOW), known("IN", "Asia/Kolkata", records=(bad, good))).passed
    assert not complaint_unfounded(call(NOW), known("IN", "Asia/Kolkata")).passed


def test_a_place_that_the_person_chose_goes_before_every_order() -> None:
    chosen = Record(kind="consent_place", at=LEARNED, place="workplace")
    facts = known("IN", "Asia/Kolkata", records=(chosen,))
    work = call(NOW, channel="visit", place="workplace")
    assert visit_in_order(work, facts, missed=1, first="home").passed
    assert not visit_in_order(call(NOW, channel="visit", place="home"), facts, missed=1, first="home").passed
    assert not visit_in_order(work, known("IN", "Asia/Kolkata"), missed=1, first="home").passed
