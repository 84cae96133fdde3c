"""Every wish, consent and hold reaches the rule that reads it: what was permitted before is refused after."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cases import consents, holds, instructions
from cases.models import Hold, Instruction
from collections_app.shared.actor import SYSTEM
from compliance import gate
from compliance.vocabulary import RECORDS
from contacts import facts
from contacts.facts.asked import complement
from tests.contacts.conftest import TEN
from tests.factories.cases import CaseFactory, ContactPointFactory, CreditorFactory, PersonFactory

pytestmark = pytest.mark.django_db
NEW_YORK_TEN = datetime(2026, 3, 4, 15, tzinfo=UTC)


def outcome(case: Any, *, at: datetime = TEN, channel: str = "phone", point: Any = None, **more: Any) -> Any:
    file = facts.of_case(case.pk, at=at)
    point_id = (point or case.point).pk
    return gate.preview(file.question(channel=channel, contact_point_id=point_id, **more), file.facts(point_id))


def in_china() -> Any:
    return CaseFactory(at=TEN)


def in_america() -> Any:
    return CaseFactory(at=TEN, creditor=CreditorFactory(us=True), person=PersonFactory(new_york=True))


def ask(case: Any, kind: str, at: datetime = TEN, **more: Any) -> Instruction:
    return instructions.give(person_id=case.person_id, kind=kind, actor=SYSTEM, at=at, **more)


# Kind and scope -> which rules of the firm's own refuse the call, wherever the person lives.
STOPS = {
    "cease_request": ({}, "POLICY-CEASE"),
    "opt_out": ({"channel": "phone"}, "POLICY-OPT-OUT"),
    "inconvenient_window": ({"details": {"start": "09:00", "end": "12:00"}}, "POLICY-WISHES"),
    "only_times": ({"details": {"start": "18:00", "end": "20:00"}}, "POLICY-WISHES"),
    "attorney_represented": ({"details": {"attorney_contact_known": True}}, "POLICY-REPRESENTED"),
    "dispute_open": ({}, "POLICY-DISPUTE"),
    "debt_adviser_engaged": ({}, "POLICY-CARE"),
    "complaint_open": ({}, "POLICY-COMPLAINT"),
    "sensitive_occasion": ({"details": {"occasion": "bereavement"}}, "POLICY-CARE"),
    "vulnerable": ({"details": {"channels": ["phone"]}}, "POLICY-OPT-OUT"),
}


@pytest.mark.parametrize("where", [in_china, in_america])
@pytest.mark.parametrize("kind", STOPS)
def test_what_a_person_asks_refuses_the_call_that_was_permitted_before(where, kind):
    case = where()
    when = TEN if where is in_china else NEW_YORK_TEN
    assert outcome(case, at=when).permitted
    more, rule = STOPS[kind]
    if kind == "inconvenient_window" and where is in_america:
        more = {"details": {"start": "09:00", "end": "12:00"}}
    given = ask(case, kind, at=when, **more)
    assert rule in outcome(case, at=when).failing
    instructions.withdraw(instruction_id=given.pk, reason="mistake", actor=SYSTEM, at=when)
    assert outcome(case, at=when + timedelta(seconds=1)).permitted


HOLDS = {
    "dispute": "POLICY-DISPUTE", "complaint": "POLICY-HOLD", "bankruptcy": "POLICY-BANKRUPT",
    "deceased": "POLICY-DECEASED", "represented": "POLICY-REPRESENTED", "hardship": "POLICY-HARDSHIP",
    "vulnerable": "POLICY-VULNERABLE", "breathing_space": "POLICY-HOLD", "fraud": "POLICY-HOLD",
    "policy": "POLICY-HOLD",
    "crisis_moratorium": "POLICY-HOLD", "capacity_limited": "POLICY-HOLD", "minor": "POLICY-MINOR",
    "debt_adviser": "POLICY-CARE", "deferral": "POLICY-HOLD", "occasion": "POLICY-CARE",
}  # fmt: skip


def test_every_kind_of_hold_is_tried_below():
    assert set(HOLDS) == set(Hold.Kind.values)


@pytest.mark.parametrize("kind", HOLDS)
def test_every_hold_refuses_the_call_and_its_release_permits_it(kind):
    case = in_china()
    more = {"ends_on": (TEN + timedelta(days=30)).date()} if kind == "deferral" else {}
    held = holds.place(case=case, kind=kind, actor=SYSTEM, at=TEN, **more)
    assert HOLDS[kind] in outcome(case).failing
    holds.release(hold_id=held.pk, reason="cleared", actor=SYSTEM, at=TEN)
    assert outcome(case, at=TEN + timedelta(seconds=1)).permitted


def test_every_kind_of_instruction_is_a_record_that_rules_know():
    case = in_china()
    asked = ask(case, "workplace_request", channel="phone", place="workplace")
    details = {"start": "09:00", "end": "12:00", "channels": ["phone"]}
    for kind in Instruction.Kind.values:
        more = {"contact_point_id": case.point.pk} if kind == "wrong_party" else {}
        confirms = {"confirms_id": asked.pk} if kind == "opt_out_confirmed" else {}
        ask(case, kind, place="workplace", details=details, **more, **confirms)
    found = facts.of_case(case.pk, at=TEN).facts(case.point.pk).records
    known = {record.kind for record in found}
    assert known <= RECORDS
    plain = set(Instruction.Kind.values) - {
        "only_times", "inconvenient_place", "workplace_request", "vulnerable", "wrong_party", "third_party_refused",
    }  # fmt: skip
    assert plain <= known
    assert "point_suppressed" in known


def test_a_stop_of_one_medium_leaves_the_others():
    case = in_china()
    ask(case, "opt_out", channel="phone")
    assert outcome(case, channel="sms").permitted


def test_only_these_times_closes_all_others_and_several_add_up():
    case = in_china()
    ask(case, "only_times", details={"start": "18:00", "end": "20:00", "days": ["Wed"]})
    evening = TEN + timedelta(hours=9)  # 19:00 on Wednesday in Shanghai
    assert not outcome(case).permitted
    assert outcome(case, at=evening).permitted
    assert outcome(case).next_permitted == TEN + timedelta(hours=8)
    ask(case, "only_times", details={"start": "10:00", "end": "11:00", "days": ["Wed"]})
    assert outcome(case).permitted
    assert not outcome(case, at=TEN + timedelta(hours=1)).permitted
    assert not outcome(case, at=TEN + timedelta(days=1)).permitted


def test_only_these_times_never_opens_what_the_law_closes():
    case = in_china()
    ask(case, "only_times", details={"start": "22:30", "end": "23:30"})
    night = TEN + timedelta(hours=13)  # 23:00 in Shanghai
    assert "CN-TIME-CBA" in outcome(case, at=night).failing


@pytest.mark.parametrize(
    ("windows", "left"),
    [
        ([((), "00:00", "24:00")], []),
        ([], [(("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), "00:00", "24:00")]),
    ],
)
def test_the_rest_of_the_week_is_exact_at_its_edges(windows, left):
    every = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    assert complement([(days or every, start, end) for days, start, end in windows]) == left


def test_the_rest_of_the_week_minds_windows_over_midnight_and_overlaps():
    every = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    assert complement([(every, "22:00", "02:00")]) == [(every, "02:00", "22:00")]
    assert complement([(every, "08:00", "12:00"), (every, "10:00", "14:00")]) == [
        (every, "00:00", "08:00"),
        (every, "14:00", "24:00"),
    ]
    (sunday, *_rest) = complement([(("Sat",), "22:00", "02:00")])
    assert sunday == (("Mon", "Tue", "Wed", "Thu", "Fri"), "00:00", "24:00")


def test_a_consent_given_in_a_contact_that_was_not_permitted_is_worth_nothing():
    case = in_china()
    night = TEN + timedelta(hours=13)
    wanted = {"details": {"start": "22:00", "end": "23:59"}, "evidence": "recording 4", "channel": "phone"}
    given = {"person_id": case.person_id, "kind": "consent_time", "creditor_id": case.creditor_id, **wanted}
    consents.give(**given, context="not_permitted", actor=SYSTEM, at=TEN)
    assert not outcome(case, at=night).permitted
    lawful = consents.give(**given, context="permitted", actor=SYSTEM, at=TEN)
    assert outcome(case, at=night).permitted
    consents.withdraw(consent_id=lawful.pk, reason="changed his mind", actor=SYSTEM, at=TEN)
    assert not outcome(case, at=night).permitted


def test_a_consent_for_one_creditor_opens_nothing_for_another():
    case = in_china()
    other = CaseFactory(at=TEN, person=case.person, points=False)
    other.point = case.point
    consents.give(
        person_id=case.person_id, kind="consent_time", creditor_id=case.creditor_id, evidence="letter",
        details={"start": "22:00", "end": "23:59"}, actor=SYSTEM, at=TEN,
    )  # fmt: skip
    night = TEN + timedelta(hours=13)
    assert outcome(case, at=night).permitted
    assert not outcome(other, at=night).permitted


def test_a_number_of_a_stranger_is_silent_for_everybody_and_comes_back():
    first, second = in_china(), in_china()
    shared = ContactPointFactory(person=second.person, address=first.point.address)
    given = ask(first, "wrong_party", contact_point_id=first.point.pk)
    assert outcome(first).failing == outcome(second, point=shared).failing == ("POLICY-POINT",)
    assert outcome(second).permitted  # by his own number
    instructions.withdraw(instruction_id=given.pk, reason="it is his", actor=SYSTEM, at=TEN)
    later = TEN + timedelta(seconds=1)
    assert outcome(first, at=later).permitted
    assert outcome(second, at=later, point=shared).permitted


def test_a_crisis_lasts_until_thirty_days_after_the_treatment():
    case = in_china()
    held = holds.place(case=case, kind="crisis_moratorium", actor=SYSTEM, at=TEN)
    assert outcome(case).next_permitted is None
    today = TEN.date()
    holds.end_treatment(hold_id=held.pk, on=today, today=today, actor=SYSTEM, at=TEN)
    last = TEN + timedelta(days=30)
    assert not outcome(case, at=last).permitted
    assert outcome(case, at=last + timedelta(days=1)).permitted


def test_a_breathing_space_ends_by_itself_after_sixty_days():
    case = in_china()
    held = holds.place(case=case, kind="breathing_space", actor=SYSTEM, at=TEN)
    assert held.ends_on == TEN.date() + timedelta(days=60)
    assert not outcome(case, at=TEN + timedelta(days=60)).permitted
    assert outcome(case, at=TEN + timedelta(days=61)).permitted


@pytest.mark.parametrize(
    ("kind", "rule"),
    [("inconvenient_place", "POLICY-PLACE"), ("employer_prohibits_contact", "POLICY-WORKPLACE"),
     ("workplace_request", "POLICY-OPT-OUT")],
)  # fmt: skip
def test_a_place_that_is_not_wanted_is_avoided_and_the_mobile_is_not(kind, rule):
    case = in_china()
    at_work = ContactPointFactory(person=case.person, work=True)
    before = outcome(case, point=at_work)
    more = {} if kind == "employer_prohibits_contact" else {"place": "workplace"}
    ask(case, kind, channel="phone" if kind == "workplace_request" else "", **more)
    assert rule not in before.failing
    assert rule in outcome(case, point=at_work).failing
    assert outcome(case).permitted


def test_a_spoken_request_about_calls_at_work_lapses_where_the_law_lets_it_unless_confirmed():
    person = PersonFactory(jurisdiction="US-MA", time_zone="America/New_York", language="en")
    itself = CreditorFactory(us=True, acting_as="creditor")
    case = CaseFactory(at=TEN, creditor=itself, person=person)
    spoken = {"channel": "phone", "place": "workplace", "creditor_id": itself.pk}
    asked = ask(case, "workplace_request", **spoken)
    assert asked.expires_at == TEN + timedelta(days=10)
    agency = CreditorFactory(us=True)
    assert ask(case, "workplace_request", **spoken | {"creditor_id": agency.pk}).expires_at is None
    assert ask(case, "workplace_request", form="written", **spoken).expires_at is None
    in_time = TEN + timedelta(days=6)
    written = instructions.confirm_in_writing(
        instruction_id=asked.pk, received_at=in_time, evidence="letter 9", actor=SYSTEM, at=in_time
    )
    assert (written.kind, written.confirms_id, written.expires_at) == ("opt_out_confirmed", asked.pk, None)


def test_a_place_is_opened_by_the_consent_to_it_alone():
    person = PersonFactory(jurisdiction="ID", time_zone="Asia/Jakarta")
    case = CaseFactory(at=TEN, person=person)
    at_work = ContactPointFactory(person=person, kind="work_phone")
    assert "ID-PLACE" in outcome(case, point=at_work).failing

    def agree(place: str) -> None:
        consents.give(
            person_id=person.pk, kind="consent_place", evidence="letter", details={"place": place}, actor=SYSTEM,
            given_at=TEN - timedelta(days=1), at=TEN,
        )  # fmt: skip

    with pytest.raises(consents.ConsentRefused) as refused:
        agree("somewhere")
    assert refused.value.code == "place"
    agree("home")
    assert "ID-PLACE" in outcome(case, point=at_work).failing
    agree("workplace")
    assert "ID-PLACE" not in outcome(case, point=at_work).failing
