"""Duties beside the contact: notices in time, what may be reported or sold, and what is said to whom it may concern."""

from typing import Any

import pytest

from compliance.facts import ContactEvent, Facts, Question, Record
from compliance.predicates import duties
from tests.compliance.asking import at, call, calls, known

ZONE = "America/New_York"
SENT = {"kind": "validation_notice_sent", "at": at("2026-05-20T10:00:00-04:00")}


def _facts(**given: Any) -> Facts:
    return known("US", ZONE, **given)


def _talk(when: str, **given: Any) -> tuple[ContactEvent, ...]:
    return calls([when], **{"outcome": "conversation"} | given)


@pytest.mark.parametrize(
    ("when", "in_time"), [("2026-06-06T23:59:59-04:00", True), ("2026-06-07T00:00:00-04:00", False)]
)
def test_a_notice_is_due_within_five_days_of_the_first_word(when: str, in_time: bool) -> None:
    facts = _facts(contacts=_talk("2026-06-01T10:00:00-04:00"))
    found = duties.notice_in_time(call(when), facts, kinds=("validation_notice_sent",), days=5)
    assert found.passed is in_time
    assert found.values == {"since": "2026-06-01", "days": 5}
    sent = _facts(contacts=facts.contacts, records=(Record(**SENT),))
    assert duties.notice_in_time(call(when), sent, kinds=("validation_notice_sent",), days=5).passed
    attempted = _facts(contacts=calls(["2026-06-01T10:00:00-04:00"]))
    assert duties.notice_in_time(call(when), attempted, kinds=("validation_notice_sent",), days=5).passed


@pytest.mark.parametrize(("when", "over"), [("2026-06-27T23:59:59-04:00", False), ("2026-06-28T00:00:00-04:00", True)])
def test_the_validation_period_is_two_calendars_one_after_the_other(when: str, over: bool) -> None:
    # Sent on Wednesday 20 May; Memorial Day and a weekend are skipped; received on 28 May; thirty days after it.
    found = duties.validation_period_over(
        call(when), _facts(records=(Record(**SENT),)), receipt_days=5, period_days=30, calendar="US-FED"
    )
    assert (found.passed, found.values) == (over, {"period_end": "2026-06-27"})
    none = duties.validation_period_over(call(when), _facts(), receipt_days=5, period_days=30, calendar="US-FED")
    assert none.passed


@pytest.mark.parametrize(
    ("when", "answered"), [("2026-07-31T23:59:59-04:00", True), ("2026-08-01T00:00:00-04:00", False)]
)
def test_a_dispute_is_answered_within_sixty_days(when: str, answered: bool) -> None:
    disputed = Record(kind="dispute_open", at=at("2026-06-01T10:00:00-04:00"))
    asked = {"kinds": ("dispute_open",), "ended_by": ("verification_sent",), "days": 60}
    assert duties.answered_in_time(call(when), _facts(records=(disputed,)), **asked).passed is answered
    verified = Record(kind="verification_sent", at=at("2026-06-02T10:00:00-04:00"))
    assert duties.answered_in_time(call(when), _facts(records=(disputed, verified)), **asked).passed
    early = Record(kind="verification_sent", at=at("2026-05-02T10:00:00-04:00"))
    assert duties.answered_in_time(call(when), _facts(records=(disputed, early)), **asked).passed is answered


def _step(when: str, action: str) -> Question:
    return Question(at=at(when), kind="action", action=action, debts=("D1",), actor_kind="agency")


@pytest.mark.parametrize(
    ("event", "waits_until"),
    [
        ({"outcome": "conversation"}, "now"), ({"outcome": "met", "channel": "visit"}, "now"),
        ({"outcome": "sent", "channel": "letter"}, "2026-06-16T00:00:00-04:00"),
        ({"outcome": "delivered", "channel": "email"}, "2026-06-16T00:00:00-04:00"),
        ({"outcome": "returned_undeliverable", "channel": "letter"}, None), ({"outcome": "no_answer"}, None),
        ({"outcome": "received", "channel": "sms", "direction": "inbound"}, None),
        ({"outcome": "conversation", "debts": ("D2",)}, None), ({"outcome": "conversation", "party": "spouse"}, None),
    ],
)  # fmt: skip
def test_nothing_is_furnished_before_a_talk_or_fourteen_days_after_a_letter(
    event: dict[str, Any], waits_until: str | None
) -> None:
    facts = _facts(contacts=calls(["2026-06-01T10:00:00-04:00"], **event))
    found = duties.furnishing_permitted(_step("2026-06-03T10:00:00-04:00", "report_negative"), facts, days=14)
    assert found.passed is (waits_until == "now")
    assert found.next_at == (at(waits_until) if waits_until not in {None, "now"} else None)
    if found.next_at is not None:
        later = _step(found.next_at.isoformat(), "report_negative")
        assert duties.furnishing_permitted(later, facts, days=14).passed


@pytest.mark.parametrize("kind", ["debt_settled", "bankrupt"])
def test_a_debt_that_is_settled_is_not_passed_on(kind: str) -> None:
    asked = {"kinds": ("debt_settled", "bankrupt")}
    step = _step("2026-06-03T10:00:00-04:00", "sell_debt")
    assert duties.debt_may_be_sold(step, _facts(), **asked).passed
    over = Record(kind=kind, at=at("2026-06-01T00:00:00Z"))
    assert duties.debt_may_be_sold(step, _facts(records=(over,)), **asked).values == {"ground": kind}
    later = Record(kind=kind, at=at("2026-07-01T00:00:00Z"))
    assert duties.debt_may_be_sold(step, _facts(records=(later,)), **asked).passed


def test_a_flag_about_another_person_is_not_this_persons() -> None:
    flag = Record(kind="vulnerable", at=at("2026-06-01T00:00:00Z"), party="spouse")
    question = call("2026-06-03T10:00:00-04:00")
    assert duties.flagged(question, _facts(records=(flag,)), kinds=("vulnerable",)).passed
    asked = call("2026-06-03T10:00:00-04:00", party="spouse")
    assert not duties.flagged(asked, _facts(records=(flag,)), kinds=("vulnerable",)).passed
