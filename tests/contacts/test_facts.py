"""What the gate is told: in a constant number of queries, over all creditors and numbers of a person."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from cases import addresses, instructions
from cases.models import Consent, Hold, LocationClaim, PartyRole, Plan
from collections_app.shared.actor import SYSTEM
from compliance import gate, look_back
from compliance.facts import to_json
from contacts import facts
from tests.contacts.conftest import TEN
from tests.factories.cases import (
    CaseFactory,
    ContactPointFactory,
    CreditorFactory,
    HoldFactory,
    PersonFactory,
    PromiseFactory,
)
from tests.factories.contacts import AttemptFactory

pytestmark = pytest.mark.django_db


def known(case: Any, at: datetime = TEN, **more: Any) -> Any:
    return facts.of_case(case.pk, at=at, **more).facts(case.point.pk if case.point else None)


def kinds(found: Any) -> list[str]:
    return sorted(record.kind for record in found.records)


def test_everything_about_a_case_is_read_in_one_query(django_assert_num_queries):
    case = CaseFactory(at=TEN)
    for number in range(3):
        AttemptFactory(case=case, sms=True, at=TEN - timedelta(hours=number))
        ContactPointFactory(person=case.person)
    HoldFactory(case=case)
    known(case)  # which packs bind is read every two seconds, not by the case
    with django_assert_num_queries(1):
        file = facts.of_case(case.pk, at=TEN)
        for point in file.found.points:
            to_json(file.facts(point.pk))
            to_json(file.question(channel="phone", contact_point_id=point.pk))


def test_a_case_is_told_with_its_place_product_and_age():
    case = CaseFactory(at=TEN, dpd=30, creditor=CreditorFactory(kind="bank", hours=("09:00", "20:00")))
    case.creditor.refresh_from_db()
    found = known(case)
    assert (found.jurisdictions, found.product, found.creditor_kind, found.dpd) == (("CN",), "credit_card", "bank", 30)
    assert found.outsourced is False
    assert [(claim.zone, claim.basis) for claim in found.locations] == [("Asia/Shanghai", "address")]
    assert (found.firm_policy.opens, found.firm_policy.closes) == ("09:00", "20:00")
    assert "CEASE" in found.firm_policy.enabled


def test_what_is_not_known_about_the_place_stays_unknown():
    case = CaseFactory(at=TEN, person=PersonFactory(jurisdiction="", time_zone="", location=False))
    found = known(case)
    assert (found.jurisdictions, found.locations) == ((), ())
    question = facts.of_case(case.pk, at=TEN).question(channel="phone", contact_point_id=case.point.pk)
    assert gate.preview(question, found).failing == ("POLICY-FAILCLOSED",)


def test_the_area_of_a_number_that_disagrees_is_evidence_too():
    case = CaseFactory(at=TEN, person=PersonFactory(new_york=True), points=False)
    case.point = ContactPointFactory(person=case.person, time_zone="America/Los_Angeles")
    assert {claim.zone for claim in known(case).locations} == {"America/New_York", "America/Los_Angeles"}
    LocationClaim.objects.create(
        person=case.person, basis="statement", time_zone="America/New_York", jurisdiction="US-NY", authoritative=True,
        learned_at=TEN,
    )  # fmt: skip
    assert any(claim.authoritative for claim in known(case).locations)


def test_every_contact_of_the_person_counts_whoever_the_creditor_is():
    person = PersonFactory()
    case = CaseFactory(at=TEN, person=person)
    other = CaseFactory(at=TEN, person=person, points=False)
    attempts = [
        AttemptFactory(case=case, completed=True, outcome="conversation", at=TEN - timedelta(days=1)),
        AttemptFactory(case=other, sms=True, at=TEN - timedelta(hours=5)),
        AttemptFactory(case=case, uncertain=True, at=TEN - timedelta(hours=4)),
        AttemptFactory(case=case, at=TEN - timedelta(hours=3)),
        AttemptFactory(case=case, inbound=True, at=TEN - timedelta(hours=2)),
        AttemptFactory(case=case, reported=True, at=TEN - timedelta(hours=1)),
    ]
    AttemptFactory(case=case, withheld=True, at=TEN)
    begin = TEN - look_back.longest(TEN)
    old = [AttemptFactory(case=case, completed=True, at=begin - timedelta(seconds=ago)) for ago in (4, 3, 2, 1)]
    found = known(case)
    # Of what lies before the longest window only the last three at an address are told, whatever they were.
    assert [event.id for event in found.contacts] == [attempt.pk for attempt in (*old[1:], *attempts)]
    assert [event.outcome for event in found.contacts[3:]] == [
        "conversation", "sent", "uncertain", "cleared", "conversation", "conversation"
    ]  # fmt: skip
    assert {event.person_id for event in found.contacts} == {person.pk}


def test_a_message_that_certainly_failed_is_told_as_failed():
    case = CaseFactory(at=TEN)
    AttemptFactory(case=case, failed=True, at=TEN)
    assert [event.outcome for event in known(case).contacts] == ["failed"]


def test_a_contact_at_a_shared_number_is_told_as_a_strangers():
    case = CaseFactory(at=TEN)
    other = CaseFactory(at=TEN, points=False)
    point = ContactPointFactory(person=other.person, address=case.point.address)
    AttemptFactory(case=other, contact_point=point, completed=True, at=TEN)
    (event,) = known(case).contacts
    assert (event.party, event.person_id, event.contact_point_id) == ("stranger", other.person_id, case.point.pk)
    elsewhere = ContactPointFactory(person=case.person, position=1)
    assert facts.of_case(case.pk, at=TEN).facts(elsewhere.pk).contacts == ()


def test_what_was_written_by_a_faster_clock_is_not_in_the_future():
    case = CaseFactory(at=TEN)
    AttemptFactory(case=case, completed=True, at=TEN + timedelta(seconds=20))
    HoldFactory(case=case, starts_at=TEN + timedelta(seconds=20), recorded_at=TEN + timedelta(seconds=20))
    found = known(case)
    assert [event.at for event in found.contacts] == [TEN]
    assert [record.at for record in found.records] == [TEN]


def test_what_is_meant_for_later_stays_in_the_future():
    case = CaseFactory(at=TEN)
    HoldFactory(case=case, starts_at=TEN + timedelta(days=1), recorded_at=TEN)
    assert [record.at for record in known(case).records] == [TEN + timedelta(days=1)]


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (Hold.Kind.DISPUTE, "dispute_open"),
        (Hold.Kind.COMPLAINT, "complaint_open"),
        (Hold.Kind.BANKRUPTCY, "bankrupt"),
        (Hold.Kind.DECEASED, "deceased"),
        (Hold.Kind.REPRESENTED, "attorney_represented"),
        (Hold.Kind.BREATHING_SPACE, "breathing_space"),
        (Hold.Kind.HARDSHIP, "hardship_hold"),
        (Hold.Kind.VULNERABLE, "vulnerability_hold"),
        (Hold.Kind.MINOR, "minor"),
        (Hold.Kind.FRAUD, "hold"),
        (Hold.Kind.POLICY, "hold"),
    ],
)
def test_every_kind_of_hold_refuses_collection(kind, told):
    case = CaseFactory(at=TEN)
    HoldFactory(case=case, kind=kind, starts_at=TEN - timedelta(days=1), recorded_at=TEN - timedelta(days=1),
                ends_on=date(2026, 4, 1))  # fmt: skip
    file = facts.of_case(case.pk, at=TEN)
    assert told in kinds(file.facts(case.point.pk))
    outcome = gate.preview(file.question(channel="phone", contact_point_id=case.point.pk), file.facts(case.point.pk))
    assert not outcome.permitted


def test_a_released_hold_and_one_of_another_creditor_are_not_told():
    case = CaseFactory(at=TEN)
    HoldFactory(case=case, released=True)
    HoldFactory(case=CaseFactory(at=TEN, person=case.person, points=False))
    assert kinds(known(case)) == []


def test_a_withdrawn_or_expired_instruction_ends_when_it_did():
    case = CaseFactory(at=TEN)
    told = instructions.give(person_id=case.person_id, kind="cease_request", actor=SYSTEM, at=TEN)
    instructions.withdraw(instruction_id=told.pk, reason="mistake", actor=SYSTEM, at=TEN + timedelta(hours=1))
    instructions.give(
        person_id=case.person_id,
        kind="opt_out",
        channel="sms",
        expires_at=TEN + timedelta(hours=2),
        actor=SYSTEM,
        at=TEN,
    )
    ends = {record.kind: record.withdrawn_at for record in known(case).records}
    assert ends == {"cease_request": TEN + timedelta(hours=1), "opt_out": TEN + timedelta(hours=2)}


def test_leave_me_alone_without_naming_anything_means_everything():
    case = CaseFactory(at=TEN)
    instructions.give(person_id=case.person_id, kind="opt_out", actor=SYSTEM, at=TEN)
    file = facts.of_case(case.pk, at=TEN)
    for channel in ("phone", "sms", "letter"):
        question = file.question(channel=channel, contact_point_id=case.point.pk)
        assert not gate.preview(question, file.facts(case.point.pk)).permitted


def test_a_suppressed_number_and_a_bad_one_are_told():
    case = CaseFactory(at=TEN)
    addresses.suppress(address_id=case.point.address_id, reason="stranger", actor=SYSTEM, at=TEN)
    bad = ContactPointFactory(person=case.person, bad=True)
    assert {record.contact_point_id for record in known(case).records} == {case.point.pk, bad.pk}


def test_promises_plans_and_consents_are_told():
    case = CaseFactory(at=TEN, promised=True)
    PromiseFactory(case=case, due_on=date(2026, 3, 6), made_at=TEN)
    Plan.objects.create(
        case=case, person=case.person, creditor=case.creditor, status="draft", total="300.00", currency="CNY", months=3,
        first_due_on=date(2026, 4, 1), drafted_at=TEN,
    )  # fmt: skip
    Consent.objects.create(
        person=case.person, kind="consent_time", details={"days": ["Sun"], "start": "20:00", "end": "22:00"},
        given_at=TEN, recorded_at=TEN,
    )  # fmt: skip
    found = known(case)
    assert kinds(found) == ["consent_time", "promise_made"]
    consent = next(record for record in found.records if record.kind == "consent_time")
    assert (consent.days, consent.start, consent.end) == (("Sun",), "20:00", "22:00")


def test_a_guarantor_is_free_when_the_six_months_are_over():
    def failing(dpd):
        case = CaseFactory(at=TEN, dpd=dpd)
        guarantor = PersonFactory()
        point = ContactPointFactory(person=guarantor)
        PartyRole.objects.create(
            borrower=case.borrower, person=guarantor, role="guarantor", since=TEN - timedelta(days=900)
        )
        file = facts.of_case(case.pk, at=TEN, contacted_id=guarantor.pk, party="guarantor")
        question = file.question(channel="phone", contact_point_id=point.pk, purpose="collection")
        return gate.preview(question, file.facts(point.pk)).failing

    assert "CN-GUAR-6M" not in failing(100)
    assert "CN-GUAR-6M" in failing(200)


def test_a_guarantor_is_asked_about_as_himself():
    case = CaseFactory(at=TEN)
    guarantor = PersonFactory(new_york=True)
    point = ContactPointFactory(person=guarantor)
    PartyRole.objects.create(borrower=case.borrower, person=guarantor, role="guarantor", since=TEN - timedelta(days=9))
    AttemptFactory(case=case, completed=True, at=TEN)
    file = facts.of_case(case.pk, at=TEN, contacted_id=guarantor.pk, party="guarantor")
    question, found = file.question(channel="phone", contact_point_id=point.pk), file.facts(point.pk)
    assert (question.person_id, question.party, question.debts) == (guarantor.pk, "guarantor", (case.account.pk,))
    assert found.jurisdictions == ("US-NY",)
    assert {claim.zone for claim in found.locations} == {"America/New_York"}
    assert kinds(found) == ["guarantee", "overdue_since"]
    assert [(event.party, event.person_id) for event in found.contacts] == [("debtor", case.person_id)]


def test_equal_facts_are_equal_bytes():
    case = CaseFactory(at=TEN)
    AttemptFactory(case=case, completed=True, at=TEN)
    assert to_json(known(case)) == to_json(known(case))


def test_a_number_at_work_is_asked_about_with_the_other_numbers_that_were_given():
    case = CaseFactory(at=TEN)
    work = ContactPointFactory(person=case.person, kind="work_phone", position=1)

    def others(point: Any) -> bool | None:
        return facts.of_case(case.pk, at=TEN).question(channel="phone", contact_point_id=point.pk).other_numbers

    assert others(work) is True
    assert others(case.point) is None  # asked of a number at work only
    type(case.point).objects.filter(person=case.person).exclude(pk=work.pk).update(state="bad")
    assert others(work) is False
