"""How often: what counts, for whom, in which window, and until when."""

from typing import Any

import pytest

from compliance.engine import Outcome
from compliance.facts import Cap, ContactEvent, FirmPolicy, Override, Record
from tests.compliance.asking import LEARNED, ask, at, call, calls, known

US = "US-FED"
NEW_YORK = ("US", "America/New_York")
SHANGHAI = ("CN", "Asia/Shanghai")
WEEK = tuple(f"2026-04-0{day}T18:00:00-04:00" for day in range(1, 8))


def _us(when: str, events: tuple[ContactEvent, ...], **given: Any) -> Outcome:
    question = call(when, actor_kind="agency", **given)
    return ask(question, known(*NEW_YORK, contacts=events), US)


def test_seven_calls_in_seven_dates_are_allowed_and_the_eighth_is_not() -> None:
    seventh = _us("2026-04-07T12:00:00-04:00", calls(WEEK[:6], actor_kind="agency"))
    assert seventh.permitted
    eighth = _us("2026-04-07T19:00:00-04:00", calls(WEEK, actor_kind="agency"))
    assert eighth.failing == ("US-F-FREQ-7IN7",)
    assert eighth.strength == "presumption"
    assert eighth.next_permitted == at("2026-04-08T08:00:00-04:00")
    found = eighth.result("US-F-FREQ-7IN7")
    assert found is not None
    assert found.finding.counted == (1, 2, 3, 4, 5, 6, 7)
    assert found.finding.values["count"] == 7


def test_dates_are_counted_not_hours() -> None:
    assert _us("2026-04-08T09:00:00-04:00", calls(WEEK, actor_kind="agency")).permitted


def test_the_date_is_the_persons_own() -> None:
    # 23:30 UTC on the 1st is still the 1st in New York; 03:30 UTC on the 2nd too.
    late = calls(["2026-04-02T00:30:00Z"] * 7, actor_kind="agency")
    assert _us("2026-04-07T12:00:00-04:00", late).failing == ("US-F-FREQ-7IN7",)
    assert _us("2026-04-08T12:00:00-04:00", late).permitted


@pytest.mark.parametrize("outcome", ["busy", "not_in_service"])
def test_never_connected_calls_are_not_counted(outcome: str) -> None:
    events = (*calls(WEEK[:6], actor_kind="agency"), *calls(WEEK[6:], actor_kind="agency", outcome=outcome))
    assert _us("2026-04-07T19:00:00-04:00", events).permitted


@pytest.mark.parametrize("outcome", ["cleared", "in_progress", "uncertain", "voicemail_limited_content"])
def test_a_call_whose_end_is_not_known_counts(outcome: str) -> None:
    events = (*calls(WEEK[:6], actor_kind="agency"), *calls(WEEK[6:], actor_kind="agency", outcome=outcome))
    assert not _us("2026-04-07T19:00:00-04:00", events).permitted


@pytest.mark.parametrize(
    "other", [{"debts": ("D2",)}, {"party": "joint_debtor"}, {"channel": "sms"}, {"direction": "inbound"}]
)
def test_another_debt_person_or_channel_has_its_own_count(other: dict) -> None:
    assert _us("2026-04-07T19:00:00-04:00", calls(WEEK, actor_kind="agency", **other)).permitted


def test_another_number_of_the_person_has_not() -> None:
    assert not _us("2026-04-07T19:00:00-04:00", calls(WEEK, actor_kind="agency", contact_point_id="M2")).permitted


def test_a_question_about_two_debts_is_bound_by_the_fuller_one() -> None:
    outcome = _us("2026-04-07T19:00:00-04:00", calls(WEEK, actor_kind="agency"), debts=("D2", "D1"))
    assert outcome.failing == ("US-F-FREQ-7IN7",)


def test_two_limits_open_when_the_later_one_does() -> None:
    events = (
        *calls(WEEK, actor_kind="agency"),
        *calls(["2026-04-03T12:00:00-04:00"], actor_kind="agency", outcome="conversation"),
    )
    outcome = _us("2026-04-07T22:00:00-04:00", events)
    assert set(outcome.failing) == {"US-F-FREQ-7IN7", "US-F-FREQ-CONV7", "US-F-HOURS"}
    # The eight calls first fall below seven on the 9th, the conversation ends on the 10th, the day opens at eight.
    assert outcome.next_permitted == at("2026-04-10T08:00:00-04:00")


def test_calls_resume_seven_dates_after_the_date_of_a_conversation() -> None:
    talk = calls(["2026-04-14T11:00:00-04:00"], actor_kind="agency", outcome="conversation", direction="inbound")
    assert not _us("2026-04-20T20:59:00-04:00", talk).permitted
    assert _us("2026-04-21T08:00:00-04:00", talk).permitted
    assert _us("2026-04-15T08:00:00-04:00", talk, channel="sms").permitted


def test_consent_lasts_seven_dates_and_ends_with_a_conversation() -> None:
    consent = Record(kind="consent_more_calls", at=at("2026-04-07T12:00:00-04:00"))
    facts = known(*NEW_YORK, contacts=calls(WEEK[:6] * 2, actor_kind="agency"), records=(consent,))
    for when, permitted in (("2026-04-07T12:01:00-04:00", True), ("2026-04-07T11:00:00-04:00", False)):
        assert ask(call(when, actor_kind="agency"), facts, US).permitted is permitted
    talked = calls(["2026-04-07T13:00:00-04:00"], actor_kind="agency", outcome="conversation")
    spent = known(*NEW_YORK, contacts=talked, records=(consent,))
    outcome = ask(call("2026-04-08T12:00:00-04:00", actor_kind="agency"), spent, US)
    assert outcome.failing == ("US-F-FREQ-CONV7",)
    assert "US-F-FREQ-EXCL-CONSENT" in outcome.contributing


def test_one_effective_budget_over_bank_agency_people_and_bots() -> None:
    day = ["2026-03-10T09:00:00+08:00", "2026-03-10T10:00:00+08:00"]
    events = (
        *calls(day, outcome="conversation", automated=True, debts=("D2",), contact_point_id="M2"),
        *calls(["2026-03-10T11:00:00+08:00"], outcome="conversation", actor_kind="agency", agency="X"),
    )
    facts = known(*SHANGHAI, contacts=events)
    outcome = ask(call("2026-03-10T12:00:00+08:00"), facts, "CN-GBT-45251-2025")
    assert outcome.failing == ("CN-FREQ-EFF",)
    assert ask(call("2026-03-11T08:00:00+08:00"), facts, "CN-GBT-45251-2025").permitted


def test_a_soft_rule_stops_machines_and_yields_to_a_recorded_reason() -> None:
    facts = known(*SHANGHAI, contacts=calls([f"2026-03-10T{hour:02}:00:00+08:00" for hour in range(9, 15)]))
    reason = Override(supervisor_id=5, reason="agreed on the phone with the debtor's employer")
    plain = call("2026-03-10T18:00:00+08:00")
    assert ask(plain, facts, "CN-CBA-2026").strength == "soft"
    overridden = call("2026-03-10T18:00:00+08:00", override=reason)
    assert ask(overridden, facts, "CN-CBA-2026").overridden == ("CN-FREQ-ATT",)
    automated = call("2026-03-10T18:00:00+08:00", override=reason, automated=True)
    assert not ask(automated, facts, "CN-CBA-2026").permitted
    empty = call("2026-03-10T18:00:00+08:00", override=Override(supervisor_id=5, reason=" "))
    assert not ask(empty, facts, "CN-CBA-2026").permitted


def test_a_reason_never_sets_a_hard_rule_aside() -> None:
    question = call("2026-03-10T22:30:00+08:00", override=Override(supervisor_id=5, reason="urgent"))
    assert ask(question, known(*SHANGHAI), "CN-CBA-2026").failing == ("CN-TIME-CBA",)


def test_a_firm_cap_can_only_restrict_and_names_itself() -> None:
    policy = FirmPolicy(caps=(Cap(channels=("sms", "chat"), limit=1),), enabled=())
    events = calls(["2026-03-10T09:00:00+08:00"], channel="sms", outcome="sent")
    facts = known(*SHANGHAI, contacts=events, firm_policy=policy)
    outcome = ask(call("2026-03-10T12:00:00+08:00", channel="chat"), facts, "CN-CBA-2026")
    assert outcome.failing == ("POLICY-CAP",)
    assert outcome.strength == "firm policy"
    assert outcome.next_permitted == at("2026-03-11T08:00:00+08:00")
    assert ask(call("2026-03-10T12:00:00+08:00"), facts, "CN-CBA-2026").permitted


def test_weeks_and_months_hold_in_the_rolling_and_in_the_calendar_reading() -> None:
    sydney = ("AU", "Australia/Sydney")
    # Monday to Wednesday of one week: the rolling week ends on Monday 18th, the calendar week likewise.
    events = calls([f"2026-05-{day}T10:00:00+10:00" for day in (11, 12, 13)], outcome="conversation")
    outcome = ask(call("2026-05-14T10:00:00+10:00"), known(*sydney, contacts=events), "AU-RG96")
    assert outcome.failing == ("AU-FREQ-3WEEK",)
    assert outcome.next_permitted == at("2026-05-18T07:30:00+10:00")
    # Thursday to Saturday: on Monday a new calendar week begins, but the rolling one still holds three.
    events = calls([f"2026-05-{day}T10:00:00+10:00" for day in (14, 15, 16)], outcome="conversation")
    outcome = ask(call("2026-05-18T10:00:00+10:00"), known(*sydney, contacts=events), "AU-RG96")
    assert outcome.next_permitted == at("2026-05-21T07:30:00+10:00")


def test_facts_learned_after_the_question_do_not_count() -> None:
    later = Record(kind="opt_out", at=at("2026-04-08T00:00:00Z"), channel="phone")
    early = Record(kind="opt_out", at=LEARNED, channel="phone")
    question = call("2026-04-07T12:00:00-04:00", actor_kind="agency")
    assert ask(question, known(*NEW_YORK, records=(later,)), US).permitted
    assert not ask(question, known(*NEW_YORK, records=(early,)), US).permitted
