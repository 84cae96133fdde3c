"""After a notice, in the first days, at work, and how often once a person was spoken with."""

from datetime import datetime

import pytest

from compliance.facts import ContactEvent, Facts, Question, Record
from compliance.predicates.registry import PREDICATES
from tests.compliance.asking import ask, at, call, calls, known

ZONE = "America/Toronto"
CHANNELS = ("phone", "voice_notice", "sms", "email", "chat", "visit")


def _run(name: str, question: Question, facts: Facts, **params: object) -> tuple[bool, datetime | None]:
    found = PREDICATES[name].function(question, facts, **params)
    return found.passed, found.next_at


def _limited(facts: Facts, when: str = "2026-06-19T10:00:00-04:00", **params: object) -> tuple[bool, datetime | None]:
    usual = {"limit": 3, "windows": ("dates:7",), "channels": CHANNELS} | params
    return _run("contacts_limited", call(when), facts, **usual)


THREE = ("2026-06-16T10:00:00-04:00", "2026-06-17T10:00:00-04:00", "2026-06-18T10:00:00-04:00")


def test_the_third_contact_is_free_and_the_fourth_waits_for_the_seventh_date() -> None:
    two = known("CA-ON", ZONE, contacts=calls(THREE[:2], outcome="conversation"))
    three = known("CA-ON", ZONE, contacts=calls(THREE, outcome="conversation"))
    assert _limited(two) == (True, None)
    assert _limited(three) == (False, at("2026-06-23T00:00:00-04:00"))
    assert _limited(three, "2026-06-23T00:00:00-04:00")[0]


@pytest.mark.parametrize(
    ("outcome", "counts"),
    [
        ("conversation", True),
        ("voicemail_message", True),
        ("delivered", True),
        ("uncertain", True),  # it may have reached him
        ("no_answer", False),
        ("busy", False),
        ("voicemail_no_message", False),
    ],
)
def test_only_what_reached_the_person_counts(outcome: str, counts: bool) -> None:
    facts = known("CA-ON", ZONE, contacts=calls(THREE, outcome=outcome))
    assert _limited(facts)[0] is not counts


def test_a_visit_at_which_nobody_was_met_is_no_contact() -> None:
    met = calls(THREE, channel="visit", outcome="met")
    missed = calls(THREE, channel="visit", outcome="not_met")
    assert not _limited(known("CA-ON", ZONE, contacts=met))[0]
    assert _limited(known("CA-ON", ZONE, contacts=missed))[0]


def test_what_came_before_the_first_talk_is_not_counted() -> None:
    before = calls(THREE, outcome="voicemail_message")
    talk = ContactEvent(
        at=at("2026-06-18T18:00:00-04:00"), channel="phone", outcome="conversation", direction="inbound"
    )
    assert _limited(known("CA-ON", ZONE, contacts=before), after_talk=True)[0]
    assert _limited(known("CA-ON", ZONE, contacts=(*before, talk)), after_talk=True)[0]
    earlier = ContactEvent(at=at("2026-05-01T18:00:00-04:00"), channel="visit", outcome="met")
    assert not _limited(known("CA-ON", ZONE, contacts=(earlier, *before)), after_talk=True)[0]


def test_of_two_possible_zones_the_later_opening_binds() -> None:
    facts = known("CA-ON", ZONE, "America/Winnipeg", contacts=calls(THREE, outcome="conversation"))
    assert _limited(facts) == (False, at("2026-06-23T00:00:00-05:00"))


@pytest.mark.parametrize(
    ("agreement", "covered"),
    [
        (Record(kind="consent_more_calls", at=at("2026-06-18T09:00:00-04:00")), True),
        (Record(kind="consent_more_calls", at=at("2026-06-19T10:00:01-04:00")), False),
        (Record(kind="consent_more_calls", at=at("2026-06-18T09:00:00-04:00"), valid=False), False),
        (Record(kind="consent_more_calls", at=at("2026-06-18T09:00:00-04:00"), until=at(THREE[2]).date()), False),
        (Record(kind="consent_more_calls", at=at("2026-06-18T09:00:00-04:00"), contact_point_id="M2"), False),
        (
            Record(
                kind="consent_more_calls",
                at=at("2026-06-18T09:00:00-04:00"),
                withdrawn_at=at("2026-06-18T20:00:00-04:00"),
            ),
            False,
        ),
    ],
)
def test_an_agreement_covers_its_own_dates_and_points_and_is_not_spent_by_a_talk(
    agreement: Record, covered: bool
) -> None:
    facts = known("CA-ON", ZONE, contacts=calls(THREE, outcome="conversation"), records=(agreement,))
    assert _run("contact_agreed", call("2026-06-19T10:00:00-04:00"), facts)[0] is covered


SENT = Record(kind="collection_notice_sent", at=at("2026-06-01T23:30:00-04:00"))


def _waited(when: str, *records: Record, contacts: tuple[ContactEvent, ...] = ()) -> tuple[bool, datetime | None]:
    facts = known("CA-ON", ZONE, records=records, contacts=contacts)
    kinds = {"kinds": ("collection_notice_sent",), "lost": ("notice_not_received",), "days": 6}
    return _run("written_notice_waited", call(when), facts, **kinds)


def test_the_sixth_day_after_the_local_date_of_sending_is_free() -> None:
    opening = at("2026-06-07T00:00:00-04:00")
    assert _waited("2026-06-06T23:59:59-04:00", SENT) == (False, opening)
    assert _waited("2026-06-07T00:00:00-04:00", SENT) == (True, None)
    assert _waited("2026-06-07T00:00:00-04:00") == (False, None)


def test_a_notice_that_is_sent_again_begins_the_wait_anew_and_a_lost_one_has_no_end() -> None:
    again = Record(kind="collection_notice_sent", at=at("2026-06-05T10:00:00-04:00"))
    lost = Record(kind="notice_not_received", at=at("2026-06-04T10:00:00-04:00"))
    assert _waited("2026-06-07T00:00:00-04:00", SENT, again) == (False, at("2026-06-11T00:00:00-04:00"))
    assert _waited("2026-06-07T00:00:00-04:00", SENT, lost, again) == (False, at("2026-06-11T00:00:00-04:00"))
    assert _waited("2026-06-11T00:00:00-04:00", SENT, lost, again) == (True, None)
    assert _waited("2026-06-07T00:00:00-04:00", SENT, lost) == (False, None)


def test_only_a_returned_notice_is_a_lost_notice() -> None:
    returned = calls(["2026-06-02T10:00:00-04:00"], channel="letter", outcome="returned_undeliverable")
    notice = calls(
        ["2026-06-02T10:00:00-04:00"], channel="letter", outcome="returned_undeliverable", purpose="statutory_notice"
    )
    assert _waited("2026-06-07T00:00:00-04:00", SENT, contacts=returned)[0]
    assert not _waited("2026-06-07T00:00:00-04:00", SENT, contacts=notice)[0]


def _at_work(question: Question, *events: ContactEvent) -> bool:
    facts = known("CA-BC", "America/Vancouver", contacts=events)
    return _run("work_contact_limited", question, facts, purposes=("locate",), attempts=1)[0]


def test_collection_at_work_is_tried_once_and_a_call_never_placed_is_no_try() -> None:
    when = "2026-06-15T10:00:00-07:00"
    there = call(when, contact_point_id="W1", point_kind="work_phone")
    (tried,) = calls(["2026-06-01T10:00:00-07:00"], point_kind="work_phone", purpose="collection")
    (failed,) = calls(["2026-06-01T10:00:00-07:00"], point_kind="work_phone", outcome="failed")
    (elsewhere,) = calls(["2026-06-01T10:00:00-07:00"], point_kind="mobile")
    (placed,) = calls(["2026-06-01T10:00:00-07:00"], point_kind="mobile", place="workplace")
    assert _at_work(there)
    assert not _at_work(there, tried)
    assert not _at_work(there, placed)
    assert _at_work(there, failed, elsewhere)
    assert _at_work(call(when), tried)
    assert _at_work(call(when, point_kind="work_phone", purpose="locate"), tried)
    assert not _at_work(call(when, point_kind="work_phone", purpose="customer_service"))


def _first_days(when: str, *records: Record, **given: object) -> tuple[bool, datetime | None]:
    return _run("first_days_over", call(when), known("GR", "Europe/Athens", records=records, **given), days=10)


def test_the_first_day_unpaid_is_day_one_and_the_eleventh_is_free() -> None:
    since = Record(kind="overdue_since", at=at("2026-06-01T00:00:00+03:00"))
    opening = at("2026-06-11T00:00:00+03:00")
    assert _first_days("2026-06-10T23:59:59+03:00", since) == (False, opening)
    assert _first_days("2026-06-11T00:00:00+03:00", since) == (True, None)


def test_of_two_debts_the_one_overdue_last_decides_unless_it_is_not_asked_about() -> None:
    old = Record(kind="overdue_since", at=at("2026-01-01T00:00:00+02:00"), debts=("D1",))
    new = Record(kind="overdue_since", at=at("2026-06-08T00:00:00+03:00"), debts=("D2",))
    facts = known("GR", "Europe/Athens", records=(old, new))
    both = call("2026-06-10T10:00:00+03:00", debts=("D1", "D2"))
    assert not _run("first_days_over", both, facts, days=10)[0]
    assert _run("first_days_over", call("2026-06-10T10:00:00+03:00"), facts, days=10)[0]


def test_days_past_due_stand_in_for_the_date() -> None:
    assert _first_days("2026-06-10T10:00:00+03:00", dpd=10) == (False, at("2026-06-11T00:00:00+03:00"))
    assert _first_days("2026-06-01T10:00:00+03:00", dpd=1) == (False, at("2026-06-11T00:00:00+03:00"))
    assert _first_days("2026-06-11T00:00:00+03:00", dpd=11) == (True, None)
    assert _first_days("2026-06-10T10:00:00+03:00", dpd=0) == (False, None)
    assert _first_days("2026-06-10T10:00:00+03:00") == (True, None)


def test_a_debt_grows_older_while_the_next_call_is_sought() -> None:
    facts = known("GR", "Europe/Athens", dpd=3)
    outcome = ask(call("2026-06-03T10:00:00+03:00"), facts, "GR-3758")
    assert (outcome.failing, outcome.next_permitted) == (("GR-GRACE-10D",), at("2026-06-11T09:00:00+03:00"))


@pytest.mark.parametrize(("others", "passes"), [(True, False), (False, True), (None, True)])
def test_a_number_at_work_is_refused_where_another_is_known(others: bool | None, passes: bool) -> None:
    facts = known("GR", "Europe/Athens")
    when = "2026-06-09T10:00:00+03:00"
    assert (
        _run("work_number_is_only_one", call(when, point_kind="work_phone", other_numbers=others), facts)[0] is passes
    )
    assert _run("work_number_is_only_one", call(when, other_numbers=others), facts)[0]
