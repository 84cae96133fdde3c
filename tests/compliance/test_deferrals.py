"""Days past due, notices with business days, deferrals: what must lie before a contact."""

from datetime import date

import pytest

from compliance.facts import MissingFact, Record
from compliance.predicates.deferrals import deferred_until, notice_waited, past_due_over
from tests.compliance.asking import LEARNED, ask, at, call, calls, known

SEOUL = ("KR", "Asia/Seoul")
MARCH, MAY, JUNE = date(2026, 3, 2), date(2026, 5, 31), date(2026, 6, 2)


@pytest.mark.parametrize(
    ("agreed", "last"),
    [
        ([], None),
        ([(MARCH, MAY)], MAY),
        ([(MARCH, None)], JUNE),
        ([(MARCH, date(2026, 12, 31))], JUNE),
        ([(date(2025, 11, 30), None)], date(2026, 2, 28)),  # a month that has no such day ends on its last
        ([(MARCH, MAY), (date(2026, 5, 20), date(2026, 7, 1))], date(2026, 7, 1)),
        ([(MARCH, MAY), (date(2026, 5, 20), date(2026, 12, 1))], date(2026, 8, 31)),
        ([(MARCH, MAY), (MAY, date(2026, 7, 1)), (date(2026, 7, 1), date(2026, 9, 1))], date(2026, 7, 1)),
        ([(MARCH, MAY), (date(2026, 6, 1), date(2026, 7, 1))], date(2026, 7, 1)),  # begun anew after the end
        ([(MARCH, MAY), (MARCH, MAY), (date(2026, 5, 1), JUNE)], JUNE),  # said twice is not extended
    ],
)
def test_a_deferral_lasts_three_months_and_is_extended_once(
    agreed: list[tuple[date, date | None]], last: date | None
) -> None:
    assert deferred_until(agreed, months=3, extensions=1) == last


def test_no_extension_binds_where_none_is_allowed() -> None:
    assert deferred_until([(MARCH, MAY), (MAY, date(2026, 7, 1))], months=3, extensions=0) == MAY


def test_unknown_days_past_due_leave_the_night_closed_and_do_not_stop_the_day() -> None:
    question = call("2026-03-10T22:30:00+08:00")
    with pytest.raises(MissingFact, match="days past due"):
        past_due_over(question, known("PH", "Asia/Manila"), days=15)
    night = ask(question, known("PH", "Asia/Manila"), "PH-SEC-18-2019")
    assert night.failing == ("PH-TIME",)
    assert night.next_permitted == at("2026-03-11T06:00:00+08:00")
    assert ask(call("2026-03-10T10:00:00+08:00"), known("PH", "Asia/Manila"), "PH-SEC-18-2019").permitted


@pytest.mark.parametrize(
    ("dpd", "following"),
    [
        (16, "2026-03-10T22:30:00+08:00"),
        (15, "2026-03-11T00:00:00+08:00"),  # at midnight it is sixteen days past due
        (14, "2026-03-11T06:00:00+08:00"),
    ],
)
def test_a_debt_grows_older_while_the_next_time_is_sought(dpd: int, following: str) -> None:
    outcome = ask(call("2026-03-10T22:30:00+08:00"), known("PH", "Asia/Manila", dpd=dpd), "PH-SEC-18-2019")
    assert outcome.next_permitted == at(following)


def test_the_debt_of_an_uncertain_place_is_old_enough_when_it_is_so_everywhere() -> None:
    facts = known("PH", "Asia/Manila", "Asia/Tokyo", dpd=15)
    found = past_due_over(call("2026-03-10T22:30:00+08:00"), facts, days=15)
    assert found.next_at == at("2026-03-11T00:00:00+08:00")  # an hour after midnight in Tokyo


def test_a_notice_in_a_year_that_is_not_loaded_is_refused_by_name() -> None:
    notice = Record(kind="collection_notice_sent", at=at("2019-03-06T10:00:00+09:00"))
    outcome = ask(call("2026-03-10T10:00:00+09:00"), known(*SEOUL, records=(notice,)), "KR-PDPA-2024")
    assert outcome.failing == ("KR-START", "POLICY-FAILCLOSED")
    assert outcome.next_permitted is None


def test_the_earliest_notice_counts_and_each_claim_needs_its_own() -> None:
    sent = [
        Record(kind="collection_notice_sent", at=at(f"2026-03-{day:02}T10:00:00+09:00"), debts=(debt,))
        for day, debt in ((9, "D1"), (6, "D1"), (2, "D2"))
    ]
    facts = known(*SEOUL, records=tuple(sent))
    rule = {"kinds": ("collection_notice_sent",), "business_days": 3, "calendar": "KR"}
    assert notice_waited(call("2026-03-10T10:00:00+09:00"), facts, **rule).next_at == at("2026-03-11T00:00:00+09:00")
    assert notice_waited(call("2026-03-10T10:00:00+09:00", debts=("D2",)), facts, **rule).passed


def test_what_was_begun_by_a_contact_that_demanded_nothing_was_not_begun() -> None:
    rule = {"kinds": ("collection_notice_sent",), "begun_before": date(2024, 10, 17)}
    begun = calls(["2024-10-16T23:59:59+09:00"], outcome="conversation", purpose="collection")
    asked = call("2026-03-10T10:00:00+09:00")
    assert notice_waited(asked, known(*SEOUL, contacts=begun), **rule).passed
    for other in ({"purpose": "service_reminder"}, {"direction": "inbound"}, {"debts": ("D2",)}):
        usual = {"outcome": "conversation", "purpose": "collection"} | other
        contacts = calls(["2024-10-16T23:59:59+09:00"], **usual)
        assert not notice_waited(asked, known(*SEOUL, contacts=contacts), **rule).passed


def test_a_deferral_that_was_taken_back_is_over() -> None:
    record = Record(
        kind="deferral_agreed", at=LEARNED, until=date(2027, 1, 1), withdrawn_at=at("2026-03-01T00:00:00+09:00")
    )
    notice = Record(kind="collection_notice_sent", at=at("2026-01-05T10:00:00+09:00"))
    facts = known(*SEOUL, records=(record, notice))
    assert ask(call("2026-03-10T10:00:00+09:00"), facts, "KR-PDPA-2024").permitted
