"""Who asks before every contact and obeys never makes more than the law allows, in any window, counted by hand.

A random collector proposes contacts at random times over some weeks around a clock change; what is permitted he makes,
with a random outcome. Then every run of dates of his history is counted, by code that knows nothing of the engine.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compliance import engine, examples, packs_loader
from compliance.facts import ContactEvent, Facts, FirmPolicy, LocationClaim, Question, Record
from tests.compliance.asking import LEARNED

EXAMPLES = settings(max_examples=int(os.environ.get("RULE_EXAMPLES", "12")), deadline=None, derandomize=True)
NEVER_CONNECTED = {"busy", "not_in_service"}
CALLS = {"phone", "voice_notice"}
OUTCOMES = {
    "phone": ("no_answer", "no_answer", "busy", "not_in_service", "voicemail_message", "conversation", "uncertain"),
    "voice_notice": ("notice_played", "no_answer", "uncertain"),
    "sms": ("sent", "delivered", "uncertain"),
    "email": ("sent", "delivered"),
    "chat": ("delivered",),
    "visit": ("met", "not_met"),
    "letter": ("sent",),
}
POINTS = {
    "phone": (("M1", "mobile"), ("H1", "home_phone"), ("W1", "work_phone")),
    "voice_notice": (("M1", "mobile"), ("H1", "home_phone")),
    "sms": (("M1", "mobile"),),
    "email": (("E1", "email"),),
    "chat": (("C1", "chat_account"),),
    "visit": (("A1", "home"),),
    "letter": (("P1", "postal"),),
}


@dataclass(frozen=True)
class Promise:
    """A limit as a reader of the law would say it: at most so many of these within so many dates."""

    limit: int
    dates: int
    counts: Callable[[ContactEvent], bool]
    per_debt: bool = True
    calendar: str = ""  # "week" or "month": within one of them instead of any run of dates


def _connected(event: ContactEvent) -> bool:
    return event.outcome not in NEVER_CONNECTED


def _is_contact(event: ContactEvent) -> bool:
    spoken = {"conversation", "voicemail_message", "notice_played", "sent", "delivered", "uncertain"}
    return event.channel in {*CALLS, "sms", "email", "chat"} and event.outcome in spoken


def _personal(event: ContactEvent) -> bool:
    return event.channel in {*CALLS, "sms"} and event.point_kind in {"mobile", "home_phone"} and _connected(event)


PROMISES = {
    "US-MA": (
        Promise(2, 7, _personal),
        Promise(2, 30, lambda e: e.channel in {*CALLS, "sms"} and e.point_kind == "work_phone" and _connected(e)),
        Promise(1, 30, lambda e: e.channel == "visit" and e.outcome == "met"),
    ),
    "US-WA": (
        Promise(3, 7, _connected, per_debt=False),
        Promise(3, 7, _connected, per_debt=False, calendar="week"),
        Promise(1, 7, lambda e: e.point_kind == "work_phone" and _connected(e), per_debt=False),
        Promise(2, 1, lambda e: e.point_kind == "mobile" and e.channel in {*CALLS, "sms"}, per_debt=False),
    ),
    "US-NYC": (Promise(3, 7, lambda e: e.channel != "letter"),),
    "US-DC": (
        Promise(4, 7, lambda e: e.channel in CALLS),
        Promise(5, 7, lambda e: e.channel in {"sms", "email", "chat"}),
    ),
    "US-FED": (Promise(7, 7, lambda e: e.channel in CALLS and _connected(e)),),
    "US-TCPA": (
        Promise(3, 30, lambda e: e.channel == "voice_notice" and e.point_kind == "home_phone", per_debt=False),
    ),
    "AU-RG96": (
        Promise(3, 7, _is_contact),
        Promise(3, 7, _is_contact, calendar="week"),
        Promise(10, 30, _is_contact),
        Promise(10, 30, _is_contact, calendar="month"),
        Promise(1, 30, lambda e: e.channel == "visit" and e.outcome == "met", calendar="month"),
    ),
}
PLACES = {
    "US-MA": ("US-MA", "America/New_York"),
    "US-WA": ("US-WA", "America/Los_Angeles"),
    "US-NYC": ("US-NY-NYC", "America/New_York"),
    "US-DC": ("US-DC", "America/New_York"),
    "US-FED": ("US-TX", "America/Chicago"),
    "US-TCPA": ("US-TX", "America/Chicago"),
    "AU-RG96": ("AU-NSW", "Australia/Sydney"),
}
OFTEN = {"US-FED": ("phone", "voice_notice", "voice_notice", "sms"), "US-TCPA": ("voice_notice", "phone"),
         "AU-RG96": ("phone", "sms", "email", "visit")}  # fmt: skip
GAPS = {"AU-RG96": 1800}  # a month of contacts takes more than three weeks
STARTS = {"US": datetime(2026, 10, 12, tzinfo=UTC), "AU": datetime(2026, 9, 28, tzinfo=UTC)}  # clocks change after


def _runs(days: set[date], promise: Promise) -> list[set[date]]:
    """Return every stretch of dates within which the promise holds, as sets of dates."""
    if promise.calendar == "week":
        firsts = {day - timedelta(days=day.weekday()) for day in days}
        return [{first + timedelta(days=n) for n in range(7)} for first in firsts]
    if promise.calendar == "month":
        months = {(day.year, day.month) for day in days}
        return [{day for day in days if (day.year, day.month) == month} for month in months]
    return [{day + timedelta(days=n) for n in range(promise.dates)} for day in days]


def _most(history: list[ContactEvent], promise: Promise, zone: str) -> int:
    """Return the most of these contacts that any stretch of dates holds."""
    most = 0
    for debt in ("D1", "D2") if promise.per_debt else ("",):
        counted = [event for event in history if promise.counts(event) and (not debt or debt in event.debts)]
        days = [event.at.astimezone(ZoneInfo(zone)).date() for event in counted]
        most = max([most, *(sum(day in run for day in days) for run in _runs(set(days), promise))])
    return most


@st.composite
def proposals(draw: st.DrawFn, channels: tuple[str, ...], gap: int) -> list[tuple[int, str, int, str, int]]:
    """Return proposals: minutes since the last one, channel, point, debt, outcome."""
    return draw(
        st.lists(
            st.tuples(
                st.integers(1, gap),
                st.sampled_from(channels),
                st.integers(0, 2),
                st.sampled_from(("D1", "D1", "D2")),
                st.integers(0, 6),
            ),
            min_size=40,
            max_size=90,
        )
    )


def _made(pack_id: str, asked: list[tuple[int, str, int, str, int]]) -> list[ContactEvent]:
    place, zone = PLACES[pack_id]
    at = STARTS[place[:2]]
    facts = Facts(
        jurisdictions=(place,),
        locations=(LocationClaim(zone=zone, at=LEARNED),),
        records=(Record(kind="consent_electronic", at=LEARNED, channel="email"),) if pack_id == "US-TCPA" else
                (Record(kind="consent_electronic", at=LEARNED),),
        firm_policy=FirmPolicy(enabled=()),
    )  # fmt: skip
    packs = [packs_loader.get(pack_id)]
    history: list[ContactEvent] = []
    for minutes, channel, point, debt, outcome in asked:
        at += timedelta(minutes=minutes)
        name, kind = POINTS[channel][point % len(POINTS[channel])]
        question = Question(
            at=at, channel=channel, contact_point_id=name, point_kind=kind, debts=(debt,), actor_kind="agency"
        )
        if engine.permits(question, replace(facts, contacts=tuple(history)), packs):
            said = OUTCOMES[channel][outcome % len(OUTCOMES[channel])]
            history.append(
                ContactEvent(
                    at=at, channel=channel, outcome=said, contact_point_id=name, point_kind=kind, debts=(debt,),
                    actor_kind="agency",
                )
            )  # fmt: skip
    return history


@pytest.mark.parametrize("pack_id", sorted(PROMISES))
def test_who_obeys_never_makes_more_than_is_allowed(pack_id: str) -> None:
    reached: set[int] = set()

    @EXAMPLES
    @given(proposals(OFTEN.get(pack_id, tuple(OUTCOMES)), GAPS.get(pack_id, 700)))
    def obeys(asked: list[tuple[int, str, int, str, int]]) -> None:
        history = _made(pack_id, asked)
        for number, promise in enumerate(PROMISES[pack_id]):
            most = _most(history, promise, PLACES[pack_id][1])
            assert most <= promise.limit, promise
            if most == promise.limit:
                reached.add(number)
        if pack_id == "US-FED":
            _no_call_after_a_talk(history)

    obeys()
    assert reached == set(range(len(PROMISES[pack_id]))), "a limit that was never reached proves nothing"


def _no_call_after_a_talk(history: list[ContactEvent]) -> None:
    zone = ZoneInfo(PLACES["US-FED"][1])
    for talk in history:
        if talk.outcome != "conversation":
            continue
        for later in history:
            days = (later.at.astimezone(zone).date() - talk.at.astimezone(zone).date()).days
            assert not (later.at > talk.at and later.channel in CALLS and later.debts == talk.debts and days < 7)


@pytest.mark.parametrize("pack_id", packs_loader.installed())
def test_nothing_is_permitted_once_a_fact_is_gone_that_every_rule_needs(pack_id: str) -> None:
    for case in examples.cases(packs_loader.get(pack_id)):
        contact = case.question.kind == "contact" and case.question.direction == "outbound"
        lost = [replace(case.facts, jurisdictions=()), replace(case.facts, jurisdictions=("XX",))]
        if contact:
            lost.append(replace(case.facts, locations=()))
        for facts in lost:
            outcome = engine.evaluate(case.question, facts, case.packs)
            assert not outcome.permitted, case.name
            assert outcome.next_permitted is None
