"""How long things are kept follows from the rules that bind, and from what has happened since; never from a stamp."""

from datetime import date

import pytest

from compliance import packs_loader
from compliance.facts import ContactEvent, Facts, MissingFact, Question, Record
from compliance.predicates.retention import retention_maximum, retention_minimum
from compliance.retention import Term, term
from tests.compliance.asking import at, known

MADE = "2024-03-09T10:00:00+08:00"
TALK = ContactEvent(at=at(MADE), channel="phone", outcome="conversation", recording="R1", debts=("D1",))


def _facts(*records: Record, contacts: tuple[ContactEvent, ...] = (TALK,), **given: str) -> Facts:
    return known("CN", "Asia/Shanghai", records=records, contacts=contacts, **{"product": "credit_card"} | given)


def _record(kind: str, when: str = "2026-01-05T10:00:00+08:00", **given: object) -> Record:
    return Record(kind=kind, at=at(when), **given)  # type: ignore[arg-type]


def _term(facts: Facts, when: str, *packs: str, **given: object) -> Term:
    chosen = [packs_loader.get(pack) for pack in packs or ("CN-CC-2011", "CN-LAW", "POLICY")]
    return term(facts, at(when), packs=chosen, **given)  # type: ignore[arg-type]


def _keep(when: str, **given: object) -> Question:
    return Question(at=at(when), kind="action", action="keep_recording", recording="R1", **given)  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------------------ the answer


def test_a_card_recording_is_kept_two_years_and_may_then_be_deleted() -> None:
    kept = _term(_facts(), "2026-03-09T23:00:00+08:00", recording="R1")
    assert (kept.verdict, kept.keep_until) == ("keep", date(2026, 3, 9))
    assert [ground.rule for ground in kept.minima] == ["CN-REC-2Y"]
    free = _term(_facts(), "2026-03-10T00:00:00+08:00", recording="R1")
    assert (free.verdict, free.destroy_from, free.held) == ("may delete", None, False)


def test_the_longest_minimum_decides() -> None:
    facts = _facts(creditor_kind="consumer_finance_company", product="consumer_loan")
    both = _term(facts, "2026-03-10T00:00:00+08:00", "CN-CFC-2024", "TW-2023", "POLICY", recording="R1")
    assert {ground.rule: ground.until for ground in both.minima} == {
        "CN-REC-5Y": date(2029, 3, 9),
        "TW-REC": date(2024, 9, 9),
    }
    assert (both.verdict, both.keep_until) == ("keep", date(2029, 3, 9))


def test_a_recording_of_an_oral_agreement_is_kept_until_the_debt_is_settled() -> None:
    agreed = _record("oral_repayment_agreement", MADE, recording="R1")
    open_ended = _term(_facts(agreed), "2026-06-01T10:00:00+08:00", recording="R1")
    assert (open_ended.verdict, open_ended.keep_until) == ("keep", None)
    settled = _facts(agreed, _record("debt_settled", "2026-05-01T10:00:00+08:00"))
    assert _term(settled, "2026-06-01T10:00:00+08:00", recording="R1").verdict == "may delete"


def test_a_legal_hold_keeps_what_no_rule_would_and_stops_what_must_go() -> None:
    hold = _record("legal_hold")
    held = _term(_facts(hold), "2030-01-01T10:00:00+08:00", recording="R1")
    assert (held.verdict, held.keep_until, held.held) == ("keep", None, True)
    settled = _record("debt_settled")
    over = {"kind": "personal_data"}
    assert _term(_facts(settled), "2026-06-01T10:00:00+08:00", **over).verdict == "destroy"
    assert _term(_facts(settled, hold), "2026-06-01T10:00:00+08:00", **over).verdict == "keep"
    released = _record("legal_hold", withdrawn_at=at("2026-02-01T10:00:00+08:00"))
    assert _term(_facts(settled, released), "2026-06-01T10:00:00+08:00", **over).verdict == "destroy"


def test_personal_data_go_when_the_purpose_is_done_and_not_before() -> None:
    kind = {"kind": "personal_data"}
    assert _term(_facts(), "2026-06-01T10:00:00+08:00", **kind).verdict == "may delete"
    settled = _facts(_record("debt_settled", "2026-05-31T10:00:00+08:00"))
    last = _term(settled, "2026-05-31T23:00:00+08:00", **kind)
    assert (last.verdict, last.destroy_from) == ("may delete", date(2026, 6, 1))
    assert _term(settled, "2026-06-01T00:00:00+08:00", **kind).verdict == "destroy"


def test_a_recording_that_nobody_knows_and_an_unknown_place_are_kept() -> None:
    unknown = _term(_facts(), "2036-01-01T10:00:00+08:00", recording="R9")
    assert (unknown.verdict, unknown.keep_until) == ("keep", None)
    nowhere = Facts(jurisdictions=(), contacts=(TALK,))
    assert _term(nowhere, "2036-01-01T10:00:00+08:00", recording="R1").verdict == "keep"


def test_without_a_rule_a_recording_may_be_deleted() -> None:
    assert _term(_facts(), "2024-03-10T10:00:00+08:00", "CN-CBA-2026", "POLICY", recording="R1").verdict == "may delete"


# ------------------------------------------------------------------------------------------------ the predicates


def test_a_minimum_from_the_last_attempt_starts_anew_with_each() -> None:
    later = ContactEvent(at=at("2026-02-01T10:00:00+08:00"), channel="sms", outcome="sent", debts=("D1",))
    delete = Question(at=at("2027-03-10T10:00:00+08:00"), kind="action", action="delete_record", data_type="log")
    rule = {"kinds": ("log",), "months": 36, "runs_from": "last_activity"}
    assert retention_minimum(delete, _facts(), **rule).passed
    found = retention_minimum(delete, _facts(contacts=(TALK, later)), **rule)
    assert (found.passed, found.values["keep_until"]) == (False, "2029-02-01")
    assert found.next_at == at("2029-02-02T00:00:00+08:00")
    assert retention_minimum(delete.moved_to(found.next_at), _facts(contacts=(TALK, later)), **rule).passed
    inbound = ContactEvent(at=later.at, channel="sms", outcome="received", direction="inbound", debts=("D1",))
    assert retention_minimum(delete, _facts(contacts=(TALK, inbound)), **rule).passed
    assert not retention_minimum(delete, _facts(contacts=()), **rule).passed  # nobody knows when the last one was


def test_a_rule_is_about_its_own_kinds_of_records() -> None:
    delete = Question(at=at("2024-03-10T10:00:00+08:00"), kind="action", action="delete_record", data_type="log")
    assert retention_minimum(delete, _facts(), months=24).passed
    assert retention_maximum(delete, _facts(), months=0).passed


def test_a_maximum_holds_to_its_last_day_unless_somebody_asked() -> None:
    facts = _facts()
    rule = {"months": 12, "unless": ("retention_requested",), "zone": "Asia/Shanghai"}
    assert retention_maximum(_keep("2025-03-09T23:59:59+08:00"), facts, **rule).passed
    over = retention_maximum(_keep("2025-03-10T00:00:00+08:00"), facts, **rule)
    assert (over.passed, over.values["destroy_from"]) == (False, "2025-03-10")
    asked = _facts(_record("retention_requested", "2024-06-01T10:00:00+08:00"))
    assert retention_maximum(_keep("2025-03-10T00:00:00+08:00"), asked, **rule).passed
    assert not retention_maximum(_keep("2025-03-10T00:00:00+08:00"), asked, months=12).passed


def test_days_are_added_to_months_and_the_latest_zone_decides() -> None:
    two = known("US-TX", "America/Chicago", "America/New_York", contacts=(TALK,))
    delete = Question(at=at("2024-04-20T00:00:00-05:00"), kind="action", action="delete_recording", recording="R1")
    found = retention_minimum(delete, two, months=1, days=10)
    assert found.values["keep_until"] == "2024-04-18"
    early = delete.moved_to(at("2024-04-19T00:30:00-04:00"))
    assert retention_minimum(early, two, months=1, days=10).next_at == at("2024-04-19T00:00:00-05:00")


def test_a_start_that_nobody_knows_is_a_mistake_of_the_pack() -> None:
    with pytest.raises(MissingFact, match="runs_from birth"):
        retention_minimum(_keep(MADE), _facts(), months=1, runs_from="birth")
