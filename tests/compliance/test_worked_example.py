"""The worked example of compliance/README.md says what the page says."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from compliance import gate
from compliance.facts import Cap, Facts, FirmPolicy, LocationClaim, Question, Record
from tests.compliance.asking import LEARNED, calls

SIX = calls(
    [f"2026-03-10T0{hour}:00:00Z" for hour in range(1, 7)],
    person_id=7, contact_point_id=3, point_kind="mobile", debts=(1,), purpose="collection",
)  # fmt: skip
QUESTION = Question(
    at=datetime(2026, 3, 10, 10, 0, tzinfo=UTC), channel="phone", person_id=7, contact_point_id=3, point_kind="mobile",
    debts=(1,), content_class="call",
)  # fmt: skip
FACTS = Facts(
    jurisdictions=("CN",),
    product="credit_card",
    creditor_kind="bank_cba_member",
    dpd=20,
    firm_policy=FirmPolicy(
        opens="08:00",
        closes="21:00",
        guard_minutes=(("phone", 10),),
        caps=(Cap(channels=("sms",), limit=1),),
    ),
    locations=(LocationClaim(zone="Asia/Shanghai", at=LEARNED, person_id=7),),
    contacts=SIX,
    records=(Record(kind="opt_out", id=9, at=LEARNED, person_id=7, channel="sms"),),
)


def test_the_seventh_call_waits_for_the_morning() -> None:
    outcome = gate.preview(QUESTION, FACTS)
    assert (outcome.failing, outcome.strength) == (("CN-FREQ-ATT",), "soft")
    assert outcome.next_permitted == datetime(2026, 3, 11, 0, 0, tzinfo=UTC)


def test_the_sixth_did_not_and_a_refused_channel_stays_refused() -> None:
    assert gate.preview(QUESTION, replace(FACTS, contacts=SIX[:5])).permitted
    refused = gate.preview(replace(QUESTION, channel="sms"), FACTS)
    assert (refused.failing, refused.next_permitted) == (("POLICY-OPT-OUT",), None)


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        ("dispute_open", "POLICY-DISPUTE"),
        ("complaint_open", "POLICY-COMPLAINT"),
        ("breathing_space", "POLICY-MORATORIUM"),
        ("sensitive_occasion", "POLICY-CARE"),
        ("bankrupt", "POLICY-BANKRUPT"),
        ("deceased", "POLICY-DECEASED"),
        ("cease_request", "POLICY-CEASE"),
        ("attorney_represented", "POLICY-REPRESENTED"),
        ("hold", "POLICY-HOLD"),
    ],
)
def test_what_the_law_does_not_stop_a_decent_firm_stops(kind: str, rule: str) -> None:
    stopped = replace(FACTS, contacts=(), records=(Record(kind=kind, at=LEARNED, person_id=7),))
    assert gate.preview(QUESTION, stopped).failing == (rule,)
    over = replace(FACTS, contacts=(), records=(Record(kind=kind, at=LEARNED, person_id=7, withdrawn_at=QUESTION.at),))
    assert gate.preview(QUESTION, over).permitted


def test_deciding_takes_well_under_a_millisecond() -> None:
    """The budget is a millisecond; a busy machine is given ten."""
    from time import perf_counter

    gate.preview(QUESTION, replace(FACTS, contacts=SIX[:5]))
    facts = replace(FACTS, contacts=SIX[:5])
    fastest = timedelta.max
    for _ in range(20):
        started = perf_counter()
        gate.preview(QUESTION, facts)
        fastest = min(fastest, timedelta(seconds=perf_counter() - started))
    assert fastest < timedelta(milliseconds=10)
