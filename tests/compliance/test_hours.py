"""Local hours: the edges, the nights of the clock changes, uncertain places, and an independent reckoning."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compliance.facts import Facts, FirmPolicy, LocationClaim, Record
from compliance.predicates.hours import local_hours
from compliance.windows import covers, instants_at, start_of_day
from tests.compliance.asking import LEARNED, ask, at, call, known

US = "US-FED"


@pytest.mark.parametrize(
    ("when", "permitted"),
    [
        ("2026-05-12T07:59:59-04:00", False),
        ("2026-05-12T08:00:00-04:00", True),
        ("2026-05-12T20:59:59-04:00", True),
        ("2026-05-12T21:00:00-04:00", False),
        # the night the clocks go forward, and the evening after
        ("2026-03-08T07:59:00-04:00", False),
        ("2026-03-08T08:00:00-04:00", True),
        ("2026-03-08T20:59:00-04:00", True),
        ("2026-03-08T21:00:00-04:00", False),
        # the night they go back
        ("2026-11-01T07:59:00-05:00", False),
        ("2026-11-01T08:00:00-05:00", True),
        ("2026-11-01T20:59:00-05:00", True),
        ("2026-11-01T21:00:00-05:00", False),
    ],
)
def test_new_york_is_open_from_eight_to_nine_in_the_evening(when: str, permitted: bool) -> None:
    outcome = ask(call(when, actor_kind="agency"), known("US", "America/New_York"), US)
    assert outcome.permitted is permitted
    assert ("US-F-HOURS" in outcome.failing) is not permitted


@pytest.mark.parametrize(
    ("jurisdiction", "pack", "zone", "when", "following"),
    [
        ("US", US, "America/New_York", "2026-03-07T21:30:00-05:00", "2026-03-08T08:00:00-04:00"),
        ("US", US, "America/Los_Angeles", "2026-10-31T21:30:00-07:00", "2026-11-01T08:00:00-08:00"),
        ("US", US, "America/Phoenix", "2026-03-07T21:30:00-07:00", "2026-03-08T08:00:00-07:00"),
        ("US", US, "Pacific/Honolulu", "2026-03-07T21:30:00-10:00", "2026-03-08T08:00:00-10:00"),
        ("AU", "AU-RG96", "Australia/Sydney", "2026-04-04T22:00:00+11:00", "2026-04-05T09:00:00+10:00"),
        ("AU", "AU-RG96", "Australia/Sydney", "2026-10-03T22:00:00+10:00", "2026-10-04T09:00:00+11:00"),
        ("AU", "AU-RG96", "Australia/Adelaide", "2026-10-03T22:00:00+09:30", "2026-10-04T09:00:00+10:30"),
        ("IN", "IN-RBC", "Asia/Kolkata", "2026-12-15T19:00:00+05:30", "2026-12-16T08:00:00+05:30"),
    ],
)
def test_the_next_opening_is_on_the_clock_of_the_next_morning(
    jurisdiction: str, pack: str, zone: str, when: str, following: str
) -> None:
    outcome = ask(call(when, actor_kind="agency"), known(jurisdiction, zone), pack)
    assert not outcome.permitted
    assert outcome.next_permitted == at(following)
    opened = ask(call(following, actor_kind="agency"), known(jurisdiction, zone), pack)
    assert opened.permitted
    before = (at(following) - timedelta(seconds=1)).isoformat()
    assert not ask(call(before, actor_kind="agency"), known(jurisdiction, zone), pack).permitted


@pytest.mark.parametrize(
    ("when", "following"),
    [
        ("2026-03-28T20:30:00+00:00", "2026-03-29T08:00:00+01:00"),  # London, clocks forward at 01:00 UTC
        ("2026-10-24T20:30:00+01:00", "2026-10-25T08:00:00+00:00"),  # and back
    ],
)
def test_the_firms_hours_follow_londons_clock(when: str, following: str) -> None:
    facts = known("GB", "Europe/London", firm_policy=FirmPolicy(opens="08:00", closes="20:00"))
    outcome = ask(call(when), facts, "GB-CONC")
    assert outcome.failing == ("GB-CONC-TIMES", "POLICY-HOURS")
    assert outcome.next_permitted == at(following)


def test_the_guard_band_closes_earlier_and_only_for_its_channel() -> None:
    policy = FirmPolicy(guard_minutes=(("phone", 10),), enabled=())
    facts = known("CN", "Asia/Shanghai", firm_policy=policy)
    assert ask(call("2026-03-10T21:49:59+08:00"), facts, "CN-CBA-2026").permitted
    assert ask(call("2026-03-10T21:50:00+08:00"), facts, "CN-CBA-2026").failing == ("CN-TIME-CBA",)
    assert ask(call("2026-03-10T21:50:00+08:00", channel="sms"), facts, "CN-CBA-2026").permitted


def test_an_uncertain_place_must_be_open_everywhere_and_knowledge_beats_inference() -> None:
    unsure = known("US", "America/New_York", "America/Los_Angeles")
    early = call("2026-06-10T09:30:00-04:00", actor_kind="agency")
    assert ask(early, unsure, US).failing == ("US-F-HOURS", "US-F-LOC-AMBIG")
    assert ask(early, unsure, US).next_permitted == at("2026-06-10T11:00:00-04:00")
    late = call("2026-06-10T21:00:00-04:00", actor_kind="agency")
    assert ask(late, unsure, US).next_permitted == at("2026-06-11T11:00:00-04:00")
    certain = LocationClaim(zone="America/New_York", at=LEARNED, authoritative=True, basis="statement")
    sure = Facts(jurisdictions=("US",), locations=(*unsure.locations, certain))
    assert ask(early, sure, US).permitted


def test_consent_opens_the_earlier_of_two_openings() -> None:
    consent = Record(kind="consent_time", at=LEARNED, start="06:00", end="07:00", channel="phone")
    facts = known("US", "America/New_York", records=(consent,))
    outcome = ask(call("2026-05-12T05:00:00-04:00", actor_kind="agency"), facts, US)
    assert outcome.next_permitted == at("2026-05-12T06:00:00-04:00")
    assert ask(call("2026-05-12T06:30:00-04:00", actor_kind="agency"), facts, US).permitted
    assert not ask(call("2026-05-12T07:00:00-04:00", actor_kind="agency"), facts, US).permitted


def test_a_later_wish_beats_an_earlier_consent() -> None:
    consent = Record(kind="consent_time", at=at("2026-03-01T00:00:00Z"), start="10:00", end="12:00")
    wish = Record(kind="inconvenient_window", at=at("2026-03-02T00:00:00Z"), start="09:00", end="14:00")
    question = call("2026-05-12T11:00:00-04:00", actor_kind="agency")
    facts = known("US", "America/New_York", records=(consent, wish))
    assert ask(question, facts, US).failing == ("US-F-INCONV-TIME",)
    assert ask(question, facts, US).next_permitted == at("2026-05-12T14:00:00-04:00")


def test_a_window_may_run_over_midnight() -> None:
    late, early, noon = (datetime(2026, 5, 12, hour) for hour in (23, 3, 12))
    window = {"days": ("Mon",), "start": 22 * 3600, "end": 6 * 3600}
    assert covers(early, **window)  # Tuesday 03:00 belongs to Monday's window
    assert not covers(late, **window)
    assert not covers(noon, **window)
    assert covers(datetime(2026, 5, 11, 23), **window)


def test_a_day_without_a_midnight_begins_at_its_first_instant() -> None:
    # Santiago put its clocks forward at midnight on 2026-09-06: the day begins at 01:00 local time.
    assert start_of_day(datetime(2026, 9, 6).date(), "America/Santiago") == at("2026-09-06T01:00:00-03:00")


def test_a_time_that_the_clock_jumps_over_begins_with_the_jump_and_one_shown_twice_begins_twice() -> None:
    half_past_two = 2 * 3600 + 1800
    assert instants_at(datetime(2026, 3, 8).date(), half_past_two, "America/New_York") == (
        at("2026-03-08T03:00:00-04:00"),
    )
    half_past_one = 3600 + 1800
    assert instants_at(datetime(2026, 11, 1).date(), half_past_one, "America/New_York") == (
        at("2026-11-01T01:30:00-04:00"),
        at("2026-11-01T01:30:00-05:00"),
    )


ZONES = (
    "America/New_York", "America/Los_Angeles", "Europe/London", "Australia/Sydney", "Australia/Lord_Howe",
    "Asia/Kolkata", "Asia/Shanghai", "America/St_Johns",
)  # fmt: skip


def _open_by_counting(stamp: int, zone: str, opens: int, closes: int) -> bool:
    """Reckon with whole numbers only: seconds since the epoch plus the offset of the zone at that second."""
    offset = datetime.fromtimestamp(stamp, ZoneInfo(zone)).utcoffset()
    assert offset is not None
    second = (stamp + int(offset.total_seconds())) % 86_400
    return opens <= second < closes


@settings(max_examples=60, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    stamp=st.one_of(
        st.integers(1_767_225_600, 1_798_761_600),  # all of 2026
        st.integers(1_772_928_000, 1_773_014_400),  # 8 March, New York
        st.integers(1_793_491_200, 1_793_577_600),  # 1 November, New York
        st.integers(1_774_742_400, 1_774_828_800),  # 29 March, London
        st.integers(1_791_028_800, 1_791_115_200),  # 4 October, Sydney
    ),
    opens=st.integers(0, 20).map(lambda hour: hour * 3600 + 1800),
    length=st.integers(1, 3),
)
def test_hours_and_next_opening_agree_with_counting_seconds(zone: str, stamp: int, opens: int, length: int) -> None:
    closes = opens + length * 3600
    question = call(datetime.fromtimestamp(stamp, UTC).isoformat())
    facts = known("XX", zone)
    window = {"opens": _clock(opens), "closes": _clock(closes)}
    found = local_hours(question, facts, **window)
    assert found.passed is _open_by_counting(stamp, zone, opens, closes)
    if not found.passed:
        opening = next(s for s in _minutes_after(stamp) if _open_by_counting(s, zone, opens, closes))
        assert found.next_at is not None
        assert int(found.next_at.timestamp()) == opening


def _clock(second: int) -> time:
    return (datetime(2026, 1, 1) + timedelta(seconds=second)).time()


def _minutes_after(stamp: int) -> range:
    """Return the full minutes after a second, for three days: every edge above lies on a full minute."""
    first = stamp - stamp % 60 + 60
    return range(first, first + 3 * 86_400, 60)
