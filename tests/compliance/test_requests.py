"""Requests that lapse, and consents that a law asks for before machines or messages are used."""

from typing import Any

import pytest

from compliance.engine import Outcome
from compliance.facts import Record
from tests.compliance.asking import ask, at, call, calls, known

BOSTON = ("US-MA", "America/New_York")
WORK = {"contact_point_id": "W1", "point_kind": "work_phone"}
ORAL = {"kind": "opt_out", "place": "workplace", "channel": "phone", "form": "oral"}


def _work(when: str, *records: Record, **given: Any) -> Outcome:
    return ask(call(when, **WORK | given), known(*BOSTON, records=records), "US-MA")


def test_an_oral_request_lapses_after_ten_days_not_counting_its_own() -> None:
    asked = Record(at=at("2026-06-01T23:59:00-04:00"), **ORAL)
    before = _work("2026-06-11T20:59:59-04:00", asked)
    assert before.failing == ("US-MA-WORK-REQUEST",)
    assert before.next_permitted == at("2026-06-12T08:00:00-04:00")
    assert _work("2026-06-12T08:00:00-04:00", asked).permitted


def test_the_latest_of_several_oral_requests_decides() -> None:
    first, second = (Record(at=at(f"2026-06-0{day}T10:00:00-04:00"), **ORAL) for day in (1, 4))
    found = _work("2026-06-12T10:00:00-04:00", first, second)
    assert found.next_permitted == at("2026-06-15T08:00:00-04:00")


@pytest.mark.parametrize(
    ("sent", "stands"), [("2026-06-01T10:01:00", True), ("2026-06-08T23:59:59", True), ("2026-06-09T00:00:00", False)]
)
def test_a_confirmation_in_writing_within_seven_days_makes_it_stand(sent: str, stands: bool) -> None:
    asked = Record(at=at("2026-06-01T10:00:00-04:00"), **ORAL)
    confirmed = Record(kind="opt_out_confirmed", at=at(f"{sent}-04:00"), form="written", place="workplace")
    assert _work("2026-09-01T10:00:00-04:00", asked, confirmed).permitted is not stands


@pytest.mark.parametrize("change", [{"form": "oral"}, {"place": "home"}])
def test_what_is_no_confirmation_makes_nothing_stand(change: dict[str, str]) -> None:
    asked = Record(at=at("2026-06-01T10:00:00-04:00"), **ORAL)
    confirmed = Record(
        **{"kind": "opt_out_confirmed", "at": at("2026-06-02T10:00:00-04:00"), "form": "written"} | change
    )
    assert _work("2026-09-01T10:00:00-04:00", asked, confirmed).permitted


def test_a_request_taken_back_is_none() -> None:
    asked = Record(at=at("2026-06-01T10:00:00-04:00"), **ORAL | {"form": "written"})
    assert not _work("2026-06-02T10:00:00-04:00", asked).permitted
    back = Record(
        at=at("2026-06-01T10:00:00-04:00"), withdrawn_at=at("2026-06-02T09:00:00-04:00"), **ORAL | {"form": "written"}
    )
    assert _work("2026-06-02T10:00:00-04:00", back).permitted


def test_the_household_is_called_by_eastern_time_and_the_debtor_by_his_own() -> None:
    honolulu = known("US-MA", "Pacific/Honolulu")
    evening = "2026-06-03T15:00:00-10:00"  # nine in the evening in Boston
    assert ask(call(evening, party="spouse"), honolulu, "US-MA").failing == ("US-MA-HOURS",)
    assert ask(call(evening), honolulu, "US-MA").permitted
    night = "2026-06-03T03:00:00-10:00"  # nine in the morning in Boston
    assert ask(call(night, party="spouse"), honolulu, "US-MA").permitted
    assert ask(call(night), honolulu, "US-MA").failing == ("US-MA-HOURS",)


def test_debtor_and_spouse_share_a_week_in_washington_and_a_joint_debtor_has_his_own() -> None:
    moments = [f"2026-06-0{day}T10:00:00-07:00" for day in (1, 2, 3)]
    seattle = ("US-WA", "America/Los_Angeles")
    for told, asked, permitted in (
        ("debtor", "spouse", False), ("spouse", "debtor", False), ("debtor", "joint_debtor", True),
        ("joint_debtor", "joint_debtor", False), ("joint_debtor", "debtor", True),
    ):  # fmt: skip
        facts = known(*seattle, contacts=calls(moments, actor_kind="agency", party=told, point_kind="home_phone"))
        question = call("2026-06-04T10:00:00-07:00", actor_kind="agency", party=asked)
        assert ask(question, facts, "US-WA").permitted is permitted, (told, asked)


@pytest.mark.parametrize(
    ("consent", "permitted"),
    [
        ({}, True), ({"channel": "phone"}, True), ({"channel": "sms"}, False), ({"contact_point_id": "M1"}, True),
        ({"contact_point_id": "M2"}, False), ({"valid": False}, False), ({"party": "spouse"}, False),
    ],
)  # fmt: skip
def test_a_machine_calls_a_mobile_only_under_a_consent_that_fits(consent: dict[str, Any], permitted: bool) -> None:
    agreed = Record(kind="consent_electronic", at=at("2026-01-01T00:00:00Z"), **consent)
    facts = known("US-TX", "America/Chicago", records=(agreed,))
    question = call("2026-06-03T10:00:00-05:00", automated=True)
    assert ask(question, facts, "US-TCPA").permitted is permitted
    assert ask(call("2026-06-03T10:00:00-05:00"), facts, "US-TCPA").permitted


def test_five_messages_under_consent_and_the_sixth_when_the_first_is_seven_dates_old() -> None:
    agreed = Record(kind="consent_electronic", at=at("2026-01-01T00:00:00Z"))
    moments = [f"2026-06-0{day}T10:00:00-04:00" for day in (1, 2, 3, 4, 5)]
    sent = calls(moments, channel="sms", outcome="delivered")
    question = call("2026-06-06T10:00:00-04:00", channel="email", contact_point_id="E1", point_kind="email")
    facts = known("US-DC", "America/New_York", contacts=sent, records=(agreed,))
    found = ask(question, facts, "US-DC")
    assert found.failing == ("US-DC-FREQ-5EMSG",)
    assert found.next_permitted == at("2026-06-08T00:00:00-04:00")
    result = found.result("US-DC-FREQ-5EMSG")
    assert result is not None
    assert result.finding.counted == (1, 2, 3, 4, 5)
    without = ask(question, known("US-DC", "America/New_York"), "US-DC")
    assert (without.failing, without.next_permitted) == (("US-DC-FREQ-5EMSG",), None)


@pytest.mark.parametrize(("agency", "permitted"), [("A", True), ("B", False), (None, True)])
@pytest.mark.parametrize("kind", ["consent_time", "consent_more_calls"])
def test_a_consent_does_not_pass_with_the_account_to_the_next_agency(
    kind: str, agency: str | None, permitted: bool
) -> None:
    agreed = Record(kind=kind, at=at("2026-06-02T12:00:00-04:00"), agency=agency)
    talk = calls(["2026-06-02T10:00:00-04:00"], outcome="conversation", actor_kind="agency")
    facts = known("US", "America/New_York", records=(agreed,), contacts=() if kind == "consent_time" else talk)
    hour = "21:30" if kind == "consent_time" else "12:00"
    question = call(f"2026-06-03T{hour}:00-04:00", actor_kind="agency", agency="A")
    assert ask(question, facts, "US-FED").permitted is permitted
