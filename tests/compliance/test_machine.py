"""A machine that contacts somebody for months, anywhere, and asks before each time: what holds whatever happens.

Every step proposes a contact under all packs that bind where the person lives. The counting of the firm's limits and
the choice of what is remembered of a long past share no code with the engine. MACHINE_EXAMPLES makes it longer.
"""

import os
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from compliance import engine, gate, look_back, packs_loader
from compliance.facts import Cap, ContactEvent, Facts, FirmPolicy, LocationClaim, Question, Record
from compliance.releases.in_force import Edition
from tests.compliance.asking import LEARNED

PACKS = packs_loader.all_packs()
EDITION = Edition(PACKS, PACKS, {pack.id: pack for pack in PACKS})
PLACES = [
    ("CN", "Asia/Shanghai"), ("TW", "Asia/Taipei"), ("HK", "Asia/Hong_Kong"), ("SG", "Asia/Singapore"),
    ("MY", "Asia/Kuala_Lumpur"), ("JP", "Asia/Tokyo"), ("KR", "Asia/Seoul"), ("VN", "Asia/Ho_Chi_Minh"),
    ("PH", "Asia/Manila"), ("ID", "Asia/Jakarta"), ("IN", "Asia/Kolkata"), ("US-NY", "America/New_York"),
    ("US-MA", "America/New_York"), ("US-WA", "America/Los_Angeles"), ("US-CA", "America/Los_Angeles"),
    ("US-DC", "America/New_York"), ("US-WV", "America/New_York"), ("GB", "Europe/London"), ("GB-EW", "Europe/London"),
    ("AU", "Australia/Sydney"), ("CA-ON", "America/Toronto"), ("CA-QC", "America/Montreal"),
    ("CA-AB", "America/Edmonton"), ("CA-BC", "America/Vancouver"), ("GR", "Europe/Athens"),
]  # fmt: skip
LOANS = [("credit_card", "bank_cba_member"), ("online_consumer_loan", "microloan_company"), ("personal_loan", "bank"),
         ("consumer_debt", "unspecified")]  # fmt: skip
POINTS = {"phone": ("M1", "mobile"), "sms": ("M1", "mobile"), "email": ("E1", "email"), "letter": ("P1", "postal"),
          "visit": ("A1", "home"), "voice_notice": ("H1", "home_phone")}  # fmt: skip
AT_WORK = ("W1", "work_phone")
OUTCOMES = {
    "phone": ("no_answer", "busy", "conversation", "voicemail_message", "cleared", "uncertain"),
    "voice_notice": ("notice_played", "no_answer"),
    "sms": ("sent", "delivered", "failed"),
    "email": ("sent", "delivered"),
    "letter": ("sent", "returned_undeliverable"),
    "visit": ("met", "not_met"),
}
PER_DAY, PER_WEEK = 2, 3  # what the firm allows itself: calls a day, messages in seven dates
CAPS = (Cap(channels=("phone",), limit=PER_DAY), Cap(channels=("email", "sms"), limit=PER_WEEK, days=7))
ASKED = ("opt_out", "cease_request", "hold", "dispute_open", "complaint_open", "inconvenient_window", "consent_time",
         "attorney_represented", "promise_made", "plan_performing", "consent_more_calls")  # fmt: skip


class Collector(RuleBasedStateMachine):
    """Somebody who contacts a person, and never without having asked."""

    @initialize(
        place=st.sampled_from(PLACES),
        loan=st.sampled_from(LOANS),
        actor=st.sampled_from(["creditor", "agency", "debt_buyer"]),
        caps=st.sampled_from([(), CAPS]),
        begin=st.datetimes(datetime(2026, 2, 25), datetime(2026, 9, 30)),
        dpd=st.sampled_from([0, 2, 12, 40]),
    )
    def meet(self, place: Any, loan: Any, actor: str, caps: tuple[Cap, ...], begin: datetime, dpd: int) -> None:
        self.jurisdiction, self.zone = place
        self.at = begin.replace(tzinfo=UTC)
        self.actor, self.caps = actor, caps
        self.facts = Facts(
            jurisdictions=(self.jurisdiction,),
            product=loan[0],
            creditor_kind=loan[1],
            dpd=dpd,
            locations=(LocationClaim(zone=self.zone, at=LEARNED, person_id=1),),
            firm_policy=FirmPolicy(opens="08:00", closes="21:00", guard_minutes=(("phone", 10),), caps=caps),
            records=(
                Record(kind="validation_notice_sent", at=begin.replace(tzinfo=UTC) - timedelta(days=60), person_id=1),
                Record(kind="collection_notice_sent", at=begin.replace(tzinfo=UTC) - timedelta(days=60), person_id=1),
            ),
        )
        self.packs = (*gate.choose_from(EDITION, self.facts), packs_loader.get("POLICY"))
        self.number = 0

    @rule(minutes=st.one_of(st.integers(1, 600), st.integers(600, 60 * 24 * 12)))
    def wait(self, minutes: int) -> None:
        self.at += timedelta(minutes=minutes, seconds=self.number % 60)
        self.facts = replace(self.facts, dpd=(self.facts.dpd or 0) + minutes // 1440)

    @rule(kind=st.sampled_from(ASKED), channel=st.sampled_from([None, "phone", "sms"]), days=st.integers(1, 20))
    def tell(self, kind: str, channel: str | None, days: int) -> None:
        """The person asks for something, or something becomes known; it is over after some days."""
        window = {"start": "12:00", "end": "15:00"} if kind in {"inconvenient_window", "consent_time"} else {}
        per_day = {"per_day": 9} if kind == "consent_more_calls" else {}
        self.number += 1
        record = Record(kind=kind, at=self.at, id=f"r{self.number}", person_id=1, form="written", channel=channel,
                        withdrawn_at=self.at + timedelta(days=days), **window, **per_day)  # fmt: skip
        self.facts = replace(self.facts, records=(*self.facts.records, record))

    @rule(channel=st.sampled_from(["phone", "email", "sms"]))
    def hear(self, channel: str) -> None:
        """The person contacts us."""
        outcome = "conversation" if channel == "phone" else "received"
        self._add(channel, POINTS[channel], outcome, direction="inbound", purpose=None)

    @rule(
        channel=st.sampled_from(sorted(POINTS)),
        purpose=st.sampled_from(["collection", "collection", "collection", "service_reminder", "reply"]),
        work=st.booleans(),
        automated=st.booleans(),
        outcome=st.integers(0, 9),
        seed=st.integers(0, 2**16),
    )
    def propose(self, channel: str, purpose: str, work: bool, automated: bool, outcome: int, seed: int) -> None:
        point = AT_WORK if work and channel == "phone" else POINTS[channel]
        question = Question(
            at=self.at, channel=channel, person_id=1, contact_point_id=point[0], point_kind=point[1], debts=(1,),
            purpose=purpose, actor_kind=self.actor, automated=automated, content_class="reminder", other_numbers=True,
            opt_out_notice=True, recording_announced=True,
        )  # fmt: skip
        said = engine.evaluate(question, self.facts, self.packs)
        assert engine.ENGINE_ERROR not in said.failing, said.results[-1]
        self._is_the_same_again_in_any_order(question, said, random.Random(seed))
        self._next_time_is_the_first(question, said)
        self._less_known_is_never_more_permitted(question, said)
        self._what_is_forgotten_changes_nothing(question, said)
        if said.permitted:
            self._add(channel, point, OUTCOMES[channel][outcome % len(OUTCOMES[channel])], purpose=purpose)
            self._nobody_went_over()

    @rule(seed=st.integers(0, 2**32), contacts=st.integers(5, 25), hours=st.sampled_from([3, 20, 90]))
    def keep_on(self, seed: int, contacts: int, hours: int) -> None:
        """Somebody goes on trying, for a day, for weeks or for months."""
        dice = random.Random(seed)
        for _ in range(contacts):
            self.wait(minutes=dice.randint(1, hours * 60))
            channel = dice.choice(["phone", "phone", "phone", "sms", "email", *sorted(POINTS)])
            self.propose(
                channel=channel,
                purpose="collection",
                work=dice.random() < 0.2,
                automated=dice.random() < 0.5,
                outcome=dice.randint(0, 9),
                seed=dice.randint(0, 999),
            )

    def _add(self, channel: str, point: tuple[str, str], outcome: str, **more: Any) -> None:
        self.number += 1
        event = ContactEvent(at=self.at, channel=channel, outcome=outcome, id=self.number, person_id=1, debts=(1,),
                             contact_point_id=point[0], point_kind=point[1], actor_kind=self.actor, **more)  # fmt: skip
        self.facts = replace(self.facts, contacts=(*self.facts.contacts, event))

    def _is_the_same_again_in_any_order(self, question: Question, said: Any, dice: random.Random) -> None:
        again = engine.evaluate(question, self.facts, self.packs)
        assert again == said
        assert engine.permits(question, self.facts, self.packs) == said.permitted
        contacts, records = list(self.facts.contacts), list(self.facts.records)
        dice.shuffle(contacts)
        dice.shuffle(records)
        mixed = engine.evaluate(
            question, replace(self.facts, contacts=tuple(contacts), records=tuple(records)), self.packs
        )
        assert (mixed.verdict, mixed.failing, mixed.next_permitted) == (said.verdict, said.failing, said.next_permitted)

    def _later(self, question: Question, at: datetime) -> bool:
        """Whether it would be permitted at a later instant, the debt being as many local days older."""
        zone = ZoneInfo(self.zone)
        days = (at.astimezone(zone).date() - question.at.astimezone(zone).date()).days
        aged = replace(self.facts, dpd=(self.facts.dpd or 0) + days)
        return engine.evaluate(question.moved_to(at), aged, self.packs).permitted

    def _next_time_is_the_first(self, question: Question, said: Any) -> None:
        if said.permitted:
            assert said.next_permitted == question.at
        elif said.next_permitted is not None:
            assert self._later(question, said.next_permitted)
            assert not self._later(question, said.next_permitted - timedelta(seconds=1))

    def _less_known_is_never_more_permitted(self, question: Question, said: Any) -> None:
        policy = self.facts.firm_policy
        assert policy is not None
        for less in (
            replace(self.facts, locations=()),
            replace(self.facts, jurisdictions=()),
            replace(self.facts, jurisdictions=(self.jurisdiction, "XX")),
            replace(self.facts, dpd=None),
        ):
            known = engine.evaluate(question, less, self.packs)
            assert said.permitted or not known.permitted, "a fact was taken away, and a refusal with it"
        assert not engine.evaluate(question, replace(self.facts, locations=()), self.packs).permitted
        if self.jurisdiction.startswith("GB"):  # the law has words, and the hours are the firm's
            unset = replace(self.facts, firm_policy=replace(policy, opens=None, closes=None))
            assert not engine.evaluate(question, unset, self.packs).permitted or question.channel != "phone"

    def _what_is_forgotten_changes_nothing(self, question: Question, said: Any) -> None:
        kept = engine.evaluate(question, replace(self.facts, contacts=tuple(self._remembered(question))), self.packs)
        assert (kept.verdict, kept.next_permitted) == (said.verdict, said.next_permitted)

    def _remembered(self, question: Question) -> list[ContactEvent]:
        """Return what the product reads of the past: the longest window, and what is never forgotten."""
        since = question.at - look_back.of_edition(EDITION)
        early = [event for event in self.facts.contacts if event.at < since]
        talks = [event for event in early if event.outcome in {"conversation", "met"}]
        kept = {event.id for event in (*talks[:1], *talks[-1:])}
        for point in {event.contact_point_id for event in early}:
            there = [event for event in early if event.contact_point_id == point]
            kept |= {event.id for event in [each for each in there if each.direction == "inbound"][-1:]}
            kept |= {event.id for event in (there[-10:] if point == AT_WORK[0] else there[-3:])}
        return [event for event in self.facts.contacts if event.at >= since or event.id in kept]

    def _nobody_went_over(self) -> None:
        if not self.caps:
            return
        zone = ZoneInfo(self.zone)
        ours = [e for e in self.facts.contacts if e.direction == "outbound" and e.outcome != "failed"]
        calls = [e.at.astimezone(zone).date() for e in ours if e.channel == "phone"]
        messages = [e.at.astimezone(zone).date() for e in ours if e.channel in {"sms", "email"}]
        assert all(calls.count(day) <= PER_DAY for day in calls)
        for first in messages:
            assert sum(timedelta(0) <= day - first < timedelta(days=7) for day in messages) <= PER_WEEK


Collector.TestCase.settings = settings(
    max_examples=int(os.environ.get("MACHINE_EXAMPLES", "8")),
    stateful_step_count=20,
    deadline=None,
    derandomize="MACHINE_EXAMPLES" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TestCollector = Collector.TestCase


def _collector(caps: tuple[Cap, ...]) -> Collector:
    one = Collector()
    one.meet(place=PLACES[0], loan=LOANS[0], actor="creditor", caps=caps, begin=datetime(2026, 3, 10, 2), dpd=40)
    return one


def test_who_does_not_ask_goes_over() -> None:
    """The negative control of the counting: it sees a third call of a day, and nothing before that."""
    collector = _collector(CAPS)
    for _ in range(PER_DAY):
        collector._add("phone", POINTS["phone"], "no_answer")
        collector._nobody_went_over()
    collector._add("phone", POINTS["phone"], "no_answer")
    with pytest.raises(AssertionError):
        collector._nobody_went_over()


def test_who_forgets_too_early_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control of the memory: with a window of an hour, the calls of the morning no longer refuse."""
    collector = _collector(CAPS)
    for _ in range(PER_DAY):
        collector._add("phone", POINTS["phone"], "no_answer")
    for _ in range(3):  # the last three at a number are always remembered
        collector._add("sms", POINTS["sms"], "failed")
    collector.wait(minutes=120)
    collector.propose(channel="phone", purpose="collection", work=False, automated=False, outcome=0, seed=1)
    monkeypatch.setattr(look_back, "of_edition", lambda _edition: timedelta(hours=1))
    with pytest.raises(AssertionError):
        collector.propose(channel="phone", purpose="collection", work=False, automated=False, outcome=0, seed=1)
