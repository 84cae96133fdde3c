"""Named times, promises, weekly hours of quiet: what binds, in which order, and until when exactly."""

from datetime import date, time

import pytest

from compliance.facts import Facts, LocationClaim, Record
from compliance.predicates.agreed_times import (
    granted_spans,
    named_time_kept,
    weekday_hours,
    weekly_spans,
    weekly_wishes,
)
from tests.compliance.asking import LEARNED, ask, at, call, known

HOUR = 3600
DAY = 24 * HOUR
SEOUL = ("KR", "Asia/Seoul")


def window(asked: str = "2026-03-01T10:00:00+09:00", **given: object) -> Record:
    return Record(kind="inconvenient_window", at=at(asked), **given)


@pytest.mark.parametrize(
    ("given", "spans"),
    [
        ({"days": ("Mon",), "start": "09:00", "end": "12:00"}, [(9 * HOUR, 12 * HOUR)]),
        ({"days": ("Tue",)}, [(DAY, 2 * DAY)]),
        ({"days": ("Sun",), "start": "22:00", "end": "06:00"}, [(0, 6 * HOUR), (6 * DAY + 22 * HOUR, 7 * DAY)]),
        ({"days": ("Mon",), "start": "20:00"}, [(20 * HOUR, DAY)]),
        ({"days": ("Sun",), "end": "24:00"}, [(6 * DAY, 7 * DAY)]),
    ],
)
def test_a_window_is_seconds_of_the_week_also_over_midnight_and_over_sunday(given: dict, spans: list) -> None:
    assert weekly_spans(window(**given)) == spans


def test_requests_are_granted_in_the_order_of_asking_until_the_hours_are_spent() -> None:
    first = window(days=("Mon", "Tue"), start="09:00", end="12:00")
    second = window("2026-03-02T10:00:00+09:00", days=("Mon",), start="11:00", end="14:00")
    granted = granted_spans([second, first], 7 * HOUR)
    assert [record for record, _ in granted] == [first, second]
    assert granted[0][1] == [(9 * HOUR, 12 * HOUR), (DAY + 9 * HOUR, DAY + 12 * HOUR)]
    # Monday 11 to 12 is closed already and free; one of the two further hours is left in the budget.
    assert sorted(granted[1][1]) == [(11 * HOUR, 12 * HOUR), (12 * HOUR, 13 * HOUR)]


def test_a_budget_of_nothing_grants_nothing() -> None:
    assert granted_spans([window(start="09:00", end="12:00")], 0)[0][1] == []


def test_when_a_request_ends_the_next_ones_bind_further() -> None:
    early = window(days=("Mon", "Tue", "Wed", "Thu"), start="09:00", end="16:00", until=date(2026, 3, 8))
    later = window("2026-03-02T10:00:00+09:00", days=("Fri",), start="09:00", end="10:00")
    facts = known(*SEOUL, records=(early, later))
    assert weekly_wishes(call("2026-03-06T09:30:00+09:00"), facts, hours=28).passed  # the 28 hours are spent
    friday = weekly_wishes(call("2026-03-13T09:30:00+09:00"), facts, hours=28)
    assert friday.next_at == at("2026-03-13T10:00:00+09:00")


def test_a_consent_given_later_goes_before_a_request() -> None:
    facts = known(
        *SEOUL,
        records=(
            window(days=("Tue",), start="09:00", end="12:00"),
            Record(kind="consent_time", at=at("2026-03-02T10:00:00+09:00"), start="10:00", end="11:00"),
        ),
    )
    assert not weekly_wishes(call("2026-03-10T09:30:00+09:00"), facts, hours=28).passed
    found = weekly_wishes(call("2026-03-10T09:30:00+09:00"), facts, hours=28)
    assert found.next_at == at("2026-03-10T10:00:00+09:00")
    assert weekly_wishes(call("2026-03-10T10:30:00+09:00"), facts, hours=28).passed
    assert not weekly_wishes(call("2026-03-10T11:00:00+09:00"), facts, hours=28).passed


def test_a_request_about_one_medium_leaves_the_others_open_and_is_read_on_its_own_clock() -> None:
    facts = known(*SEOUL, records=(window(channel="phone", start="01:00", end="03:00", zone="UTC"),))
    assert not weekly_wishes(call("2026-03-10T11:00:00+09:00"), facts, hours=28).passed  # two o'clock in UTC
    assert weekly_wishes(call("2026-03-10T11:00:00+09:00", channel="sms"), facts, hours=28).passed
    assert weekly_wishes(call("2026-03-10T02:00:00+09:00"), facts, hours=28).passed


def test_of_two_open_promises_the_later_one_decides() -> None:
    made = [
        Record(kind="promise_made", at=at("2026-04-01T10:00:00+09:00"), until=date(2026, 4, day), id=day)
        for day in (15, 10)
    ]
    found = named_time_kept(call("2026-04-08T10:00:00+09:00"), known("JP", "Asia/Tokyo", records=tuple(made)))
    assert found.next_at == at("2026-04-16T00:00:00+09:00")
    assert found.counted == (15,)
    after = named_time_kept(call("2026-04-12T10:00:00+09:00"), known("JP", "Asia/Tokyo", records=tuple(made)))
    assert after.values["until"] == "2026-04-15"


def test_a_rule_applied_by_analogy_names_the_rule_that_it_follows() -> None:
    promise = Record(kind="promise_made", at=at("2026-04-01T10:00:00+09:00"), until=date(2026, 4, 15))
    facts = known("JP", "Asia/Tokyo", records=(promise,))
    night = ask(call("2026-04-20T22:00:00+09:00", channel="sms"), facts, "JP-MLBA")
    assert (night.failing, night.contributing) == (("JP-TIME-MESSAGES",), ("JP-TIME-CONSENT", "JP-TIME"))
    assert night.strength == "firm policy"
    promised = ask(call("2026-04-08T10:00:00+09:00", channel="sms"), facts, "JP-MLBA")
    assert (promised.failing, promised.contributing) == (("JP-PROMISE-MESSAGES",), ("JP-PROMISE",))


def test_the_clock_of_the_address_counts_beside_that_of_the_place_named() -> None:
    home = LocationClaim(zone="Asia/Jayapura", at=LEARNED)
    said = LocationClaim(zone="Asia/Jakarta", at=at("2026-01-01T00:00:00Z"), basis="statement", authoritative=True)
    both = Facts(jurisdictions=("ID",), locations=(home, said))
    hours = {"opens": time(8), "closes": time(20)}
    six_in_the_evening = call("2026-03-10T18:30:00+07:00")
    assert weekday_hours(six_in_the_evening, both, **hours).passed
    found = weekday_hours(six_in_the_evening, both, **hours, by_address=True)
    assert found.values["zone"] == "Asia/Jakarta, Asia/Jayapura"
    assert found.next_at == at("2026-03-11T08:00:00+07:00")


def test_a_year_that_the_calendar_does_not_reach_is_refused_by_name() -> None:
    facts = known("ID", "Asia/Jakarta")
    outcome = ask(call("2031-03-11T10:00:00+07:00"), facts, "ID-POJK-22-2023")
    assert outcome.failing == ("ID-TIME", "POLICY-FAILCLOSED")
    assert outcome.next_permitted is None
    found = outcome.result("POLICY-FAILCLOSED")
    assert found is not None
    assert found.finding.values["missing"] == "calendar ID 2031"


def test_the_search_for_an_opening_stops_where_the_calendar_does() -> None:
    last = call("2026-12-31T21:00:00+07:00")
    outcome = ask(last, known("ID", "Asia/Jakarta"), "ID-POJK-22-2023")
    assert (outcome.failing, outcome.next_permitted) == (("ID-TIME",), None)
    agreed = Record(kind="consent_time", at=LEARNED, start="22:00", end="23:00")
    opened = ask(last, known("ID", "Asia/Jakarta", records=(agreed,)), "ID-POJK-22-2023")
    assert opened.next_permitted == at("2026-12-31T22:00:00+07:00")
