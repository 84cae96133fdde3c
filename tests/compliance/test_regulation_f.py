"""Regulation F over random histories, told again by counting dates one by one: another program with the same answer."""

import os
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compliance import engine, packs_loader
from compliance.facts import ContactEvent, Facts, LocationClaim, Question, Record
from tests.compliance.asking import LEARNED, at

ZONES = (
    "America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles",
    "America/Anchorage", "America/Adak", "Pacific/Honolulu", "America/Puerto_Rico", "America/Indiana/Tell_City",
    "Pacific/Guam",
)  # fmt: skip
TURNS = (date(2026, 3, 8), date(2026, 11, 1), date(2027, 3, 14), date(2026, 6, 15))  # clock changes, and none
EXAMPLES = settings(max_examples=int(os.environ.get("RULE_EXAMPLES", "60")), deadline=None)
OUTCOMES = ("no_answer", "busy", "not_in_service", "voicemail_message", "answered_dropped", "in_progress")
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
KEPT_OUT = {"busy", "not_in_service"}


# ------------------------------------------------------------------------------------------------ the other program


@dataclass(frozen=True)
class Told:
    """One contact of a history, as the other program reads it."""

    at: datetime
    channel: str
    outcome: str
    outbound: bool
    debts: frozenset[str]
    ours: bool
    debtor: bool


def _date(moment: datetime, zone: str) -> date:
    return moment.astimezone(ZoneInfo(zone)).date()


def _spent(given_at: datetime, told: list[Told], until: datetime, debt: str) -> bool:
    """Whether a conversation about the debt lies between a consent and an instant."""
    return any(
        given_at < one.at < until and one.outcome == "conversation" and one.channel != "sms" and debt in one.debts
        for one in told
        if one.debtor
    )


def _covered(moment: datetime, consents: list[datetime], told: list[Told], zone: str, debt: str) -> bool:
    for given_at in consents:
        dates = {_date(given_at, zone) + timedelta(days=n) for n in range(7)}
        if given_at <= moment and _date(moment, zone) in dates and not _spent(given_at, told, moment, debt):
            return True
    return False


def permitted(moment: datetime, told: list[Told], zones: list[str], debt: str, consents: list[datetime]) -> bool:
    """Whether an agency may call about the debt, by counting the calls on each of seven dates in every zone."""
    past = [one for one in told if one.at <= moment and one.channel != "sms" and one.debtor and one.ours]
    past = [one for one in past if not one.debts or debt in one.debts]
    everything = [one for one in told if one.at <= moment]
    if any(not 8 <= moment.astimezone(ZoneInfo(zone)).hour < 21 for zone in zones):
        return False
    if consents and _covered(moment, [one for one in consents if one <= moment], everything, zones[0], debt):
        return True
    for zone in zones:
        week = [_date(moment, zone) - timedelta(days=n) for n in range(7)]
        calls = 0
        for day in week:
            for one in past:
                counts = one.outbound and one.outcome not in KEPT_OUT and _date(one.at, zone) == day
                calls += counts and not _covered(one.at, consents, everything, zone, debt)
        talked = any(one.outcome == "conversation" and _date(one.at, zone) in week for one in past)
        if calls >= 7 or talked:
            return False
    return True


def first_permitted(moment: datetime, *rest: Any) -> datetime | None:
    """Return the first instant permitted: now, or at a full hour (every zone here is hours away from UTC)."""
    if permitted(moment, *rest):
        return moment
    hour = moment.replace(minute=0, second=0, microsecond=0) + HOUR
    for _ in range(24 * 20):
        if permitted(hour, *rest):
            return hour
        hour += HOUR
    return None


# ------------------------------------------------------------------------------------------------ random histories


@st.composite
def histories(draw: st.DrawFn, *, zones: int = 1, consents: int = 0) -> tuple[Question, Facts, list[Told], list[str]]:
    """Return a proposed call, its facts, and the same told to the other program."""
    turn = draw(st.sampled_from(TURNS))
    middle = datetime(turn.year, turn.month, turn.day, tzinfo=UTC)
    now = middle + timedelta(seconds=draw(st.integers(0, 8 * 86_400)))
    places = sorted(draw(st.sets(st.sampled_from(ZONES), min_size=1, max_size=zones)))
    dense = draw(st.booleans())
    told = []
    for _ in range(draw(st.integers(8 if consents else 0, 14))):
        before = draw(st.integers(0, (2 if consents else 7 if dense else 12) * 24 * 60))
        talked = not dense and draw(st.integers(0, 9)) == 0
        told.append(
            Told(
                at=now - timedelta(minutes=before),
                channel=draw(st.sampled_from(("phone", "phone", "phone", "voice_notice", "sms"))),
                outcome="conversation" if talked else draw(st.sampled_from(OUTCOMES)),
                outbound=dense or draw(st.integers(0, 4)) > 0,
                debts=frozenset(draw(st.sets(st.sampled_from(("D1", "D2")), min_size=0 if dense else 1, max_size=2))),
                ours=draw(st.integers(0, 9)) > 0,
                debtor=draw(st.integers(0, 9)) > 0,
            )
        )
    # a consent is near its end: seven dates ago, give or take one, with most calls around the change of date
    agreed = [now - timedelta(minutes=draw(st.integers(5 * 24 * 60, 8 * 24 * 60))) for _ in range(consents)]
    facts = Facts(
        jurisdictions=("US",),
        locations=tuple(LocationClaim(zone=zone, at=LEARNED) for zone in places),
        contacts=tuple(
            ContactEvent(
                id=number, at=one.at, channel=one.channel, outcome=one.outcome, debts=tuple(sorted(one.debts)),
                direction="outbound" if one.outbound else "inbound", actor_kind="agency" if one.ours else "creditor",
                party="debtor" if one.debtor else "neighbour",
            )
            for number, one in enumerate(told, 1)
        ),
        records=tuple(Record(kind="consent_more_calls", at=given_at, debts=("D1",)) for given_at in agreed),
    )  # fmt: skip
    question = Question(
        at=now, channel="phone", contact_point_id="M1", point_kind="mobile", debts=("D1",), actor_kind="agency"
    )
    return question, facts, told, places


def _ask(question: Question, facts: Facts) -> engine.Outcome:
    return engine.evaluate(question, facts, [packs_loader.get("US-FED")])


def _same(case: tuple[Question, Facts, list[Told], list[str]]) -> None:
    question, facts, told, places = case
    consents = [record.at for record in facts.records]
    outcome = _ask(question, facts)
    assert engine.ENGINE_ERROR not in outcome.failing
    assert outcome.permitted is permitted(question.at, told, places, "D1", consents)
    expected = first_permitted(question.at, told, places, "D1", consents)
    assert outcome.next_permitted == expected
    if expected is not None and expected > question.at:
        packs = [packs_loader.get("US-FED")]
        assert engine.permits(question.moved_to(expected), facts, packs)
        assert not engine.permits(question.moved_to(expected - SECOND), facts, packs)


@EXAMPLES
@given(histories())
def test_seven_dates_and_conversation_plus_seven_are_those_of_a_plain_count(case: Any) -> None:
    _same(case)


@EXAMPLES
@given(histories(zones=3))
def test_where_the_place_is_uncertain_every_place_must_allow_it(case: Any) -> None:
    _same(case)


@EXAMPLES
@given(histories(consents=1))
def test_a_consent_to_more_calls_covers_seven_dates_until_a_talk(case: Any) -> None:
    _same(case)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("calls_on", range(5, 9))
@pytest.mark.parametrize("asked_on", range(5, 9))
def test_a_consent_ends_with_its_seventh_date_for_what_is_counted_and_for_what_is_asked(
    zone: str, calls_on: int, asked_on: int
) -> None:
    def local(days: int, hour: int) -> datetime:
        return datetime(2026, 3, 3 + days, hour, tzinfo=ZoneInfo(zone)).astimezone(UTC)  # the clocks change on the 8th

    one = Told(LEARNED, "phone", "no_answer", outbound=True, debts=frozenset({"D1"}), ours=True, debtor=True)
    told = [replace(one, at=local(calls_on, 9 + number)) for number in range(7)]
    facts = Facts(
        jurisdictions=("US",),
        locations=(LocationClaim(zone=zone, at=LEARNED),),
        contacts=tuple(
            ContactEvent(at=each.at, channel="phone", outcome="no_answer", debts=("D1",), actor_kind="agency")
            for each in told
        ),
        records=(Record(kind="consent_more_calls", at=local(0, 12), debts=("D1",)),),
    )
    question = Question(at=local(asked_on, 20), channel="phone", contact_point_id="M1", debts=("D1",),
                        actor_kind="agency")  # fmt: skip
    _same((question, facts, told, [zone]))


def test_the_other_program_is_not_blind() -> None:
    one = Told(LEARNED, "phone", "no_answer", outbound=True, debts=frozenset({"D1"}), ours=True, debtor=True)
    seven = [replace(one, at=at(f"2026-04-0{day}T22:00:00Z")) for day in range(1, 8)]
    zone = ["America/New_York"]
    assert not permitted(at("2026-04-07T23:00:00Z"), seven, zone, "D1", [])
    assert permitted(at("2026-04-08T13:00:00Z"), seven, zone, "D1", [])
    assert permitted(at("2026-04-07T23:00:00Z"), seven[:6], zone, "D1", [])
    assert first_permitted(at("2026-04-07T23:00:00Z"), seven, zone, "D1", []) == at("2026-04-08T12:00:00Z")


# ------------------------------------------------------------------------------------------------ uncertain places


CLAIM = st.tuples(
    st.sampled_from(ZONES),
    st.integers(-20, 20),  # days before (or after) the question at which it was learned
    st.booleans(),  # authoritative
    st.sampled_from(("debtor", "debtor", "debtor", "neighbour")),
)


@EXAMPLES
@given(
    minute=st.integers(0, 2 * 365 * 24 * 60),
    claims=st.lists(CLAIM, min_size=1, max_size=5, unique_by=lambda claim: (claim[0], claim[1])),
)
def test_the_hours_are_the_intersection_of_all_places_that_still_stand(
    minute: int, claims: list[tuple[str, int, bool, str]]
) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    facts = Facts(
        jurisdictions=("US",),
        locations=tuple(
            LocationClaim(zone=zone, at=now - timedelta(days=days), authoritative=sure, party=party)
            for zone, days, sure, party in claims
        ),
    )
    known = [claim for claim in claims if claim[1] >= 0 and claim[3] == "debtor"]
    certain = sorted((claim for claim in known if claim[2]), key=lambda claim: -claim[1])
    if certain and len({claim[1] for claim in certain if claim[1] == certain[-1][1]}) == 1:
        latest = [claim for claim in certain if claim[1] == certain[-1][1]]
        if len(latest) > 1:
            return  # two certainties of the same instant: which is later is not said
        places = [latest[0][0]]
    else:
        places = sorted({claim[0] for claim in known})
    question = Question(at=now, channel="phone", contact_point_id="M1", point_kind="mobile", debts=("D1",),
                        actor_kind="agency")  # fmt: skip
    outcome = _ask(question, facts)
    if not places:
        assert outcome.failing == (engine.FAILCLOSED,)
        return
    inside = all(8 <= now.astimezone(ZoneInfo(zone)).hour < 21 for zone in places)
    assert outcome.permitted is inside
    assert ("US-F-LOC-AMBIG" in outcome.failing) is (not inside and len(places) > 1)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("turn", TURNS)
def test_every_second_around_eight_and_nine_on_the_days_of_the_clock_changes(zone: str, turn: date) -> None:
    facts = Facts(jurisdictions=("US",), locations=(LocationClaim(zone=zone, at=LEARNED),))
    packs = [packs_loader.get("US-FED")]
    for hour, before, after in ((8, False, True), (21, True, False)):
        edge = datetime(turn.year, turn.month, turn.day, hour, tzinfo=ZoneInfo(zone)).astimezone(UTC)
        for moment, allowed in ((edge - SECOND, before), (edge, after), (edge + SECOND, after)):
            question = Question(at=moment, channel="phone", contact_point_id="M1", debts=("D1",), actor_kind="agency")
            assert engine.permits(question, facts, packs) is allowed
