"""The bar of a day says of every minute what the engine says of it, also on the days of a clock change."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from compliance import dayplan, engine, examples, packs_loader, previews
from compliance.facts import Cap, FirmPolicy, Record
from tests.compliance.asking import call, calls, known

CHINA = "Asia/Shanghai"


def packs(*names):
    return [packs_loader.get(name) for name in (*names, "POLICY")]


def plan(question, facts, *names, zone, day):
    return dayplan.of_day(question, facts, packs(*names), day=date.fromisoformat(day), zone=zone)


def hours(found):
    """Return the permitted spans as local clock times."""
    zone = ZoneInfo(found.zone)
    return [(f"{s.begins.astimezone(zone):%H:%M:%S}", f"{s.ends.astimezone(zone):%H:%M:%S}") for s in found.permitted]


def test_the_hours_of_a_plain_day_are_those_of_the_guideline():
    found = plan(call("2026-03-04T15:00:00+00:00"), known("CN", CHINA), "CN-CBA-2026", zone=CHINA, day="2026-03-04")
    assert hours(found) == [("08:00:00", "22:00:00")]
    assert [span.failing for span in found.spans] == [("CN-TIME-CBA",), (), ("CN-TIME-CBA",)]
    assert (found.spans[0].begins, found.spans[-1].ends) == (found.begins, found.ends)


def test_the_guard_band_and_the_hours_of_the_firm_make_it_shorter():
    policy = FirmPolicy(opens="09:30", closes="20:00", guard_minutes=(("phone", 10),))
    facts = known("CN", CHINA, firm_policy=policy)
    found = plan(call("2026-03-04T15:00:00+00:00"), facts, "CN-CBA-2026", zone=CHINA, day="2026-03-04")
    assert hours(found) == [("09:30:00", "19:50:00")]


def test_a_cap_that_is_used_up_closes_the_rest_of_the_day_from_the_second_of_the_call():
    facts = known(
        "CN", CHINA, contacts=calls(["2026-03-04T02:15:37+00:00"]),
        firm_policy=FirmPolicy(caps=(Cap(channels=("phone",), limit=1),)),
    )  # fmt: skip
    found = plan(call("2026-03-04T15:00:00+00:00"), facts, "CN-CBA-2026", zone=CHINA, day="2026-03-04")
    assert hours(found) == [("08:00:00", "10:15:37")]
    assert found.spans[2].failing == ("POLICY-CAP",)  # until midnight, when the hours forbid it too
    assert len(found.spans) == 3


def test_a_hold_that_was_lifted_at_noon_opens_the_afternoon():
    held = Record(
        kind="hold", at=datetime(2026, 3, 1, tzinfo=UTC), withdrawn_at=datetime(2026, 3, 4, 4, 0, 5, tzinfo=UTC)
    )
    facts = known("CN", CHINA, records=(held,))
    found = plan(call("2026-03-04T15:00:00+00:00"), facts, "CN-CBA-2026", zone=CHINA, day="2026-03-04")
    assert hours(found) == [("12:00:05", "22:00:00")]


def test_ten_minutes_that_the_person_asked_for_are_on_the_bar():
    asked = Record(kind="inconvenient_window", at=datetime(2026, 3, 1, tzinfo=UTC), start="12:01", end="12:11")
    facts = known("CN", CHINA, records=(asked,), firm_policy=FirmPolicy())
    found = plan(call("2026-03-04T15:00:00+00:00"), facts, "CN-CBA-2026", zone=CHINA, day="2026-03-04")
    assert hours(found) == [("08:00:00", "12:01:00"), ("12:11:00", "22:00:00")]


def test_a_clock_that_shows_a_fraction_of_a_second_ends_all_the_same():
    held = Record(kind="hold", at=datetime(2026, 3, 4, 4, 0, 1, 500_000, tzinfo=UTC))
    facts = known("CN", CHINA, records=(held,))
    question = call("2026-03-04T03:59:59.250000+00:00")
    found = plan(question, facts, "CN-CBA-2026", zone=CHINA, day="2026-03-04")
    assert hours(found) == [("08:00:00", "12:00:01")]
    seen = previews.Preview(question, known("CN", CHINA), tuple(packs("CN-CBA-2026")), engine.evaluate(
        question, known("CN", CHINA), packs("CN-CBA-2026")))  # fmt: skip
    assert previews.closes(seen) == datetime(2026, 3, 4, 14, tzinfo=UTC)


@pytest.mark.parametrize(("day", "length"), [("2026-03-08", 23), ("2026-11-01", 25), ("2026-03-09", 24)])
def test_a_day_is_as_long_as_the_clocks_make_it(day, length):
    zone = "America/New_York"
    facts = known("US", zone)
    found = plan(call(f"{day}T17:00:00+00:00", actor_kind="agency"), facts, "US-FED", zone=zone, day=day)
    assert found.ends - found.begins == timedelta(hours=length)
    assert hours(found) == [("08:00:00", "21:00:00")]


def test_a_person_who_may_be_in_two_zones_is_called_in_the_hours_of_both():
    zone = "America/New_York"
    facts = known("US", zone, "America/Los_Angeles")
    found = plan(call("2026-03-04T17:00:00+00:00", actor_kind="agency"), facts, "US-FED", zone=zone, day="2026-03-04")
    assert hours(found) == [("11:00:00", "21:00:00")]


def test_the_share_of_the_day_runs_from_nought_to_one():
    found = plan(call("2026-03-04T15:00:00+00:00"), known("CN", CHINA), "CN-CBA-2026", zone=CHINA, day="2026-03-04")
    noon = datetime.combine(date(2026, 3, 4), time(12), tzinfo=ZoneInfo(CHINA))
    assert (found.share(found.begins), found.share(noon), found.share(found.ends)) == (0, 0.5, 1)


@pytest.mark.parametrize("name", packs_loader.installed())
def test_the_bar_agrees_with_the_engine_at_every_look(name):
    """One example of each pack that refuses, looked at every 13 minutes of its day."""
    pack = packs_loader.get(name)
    vectors = [examples.as_vector(pack, example) for example in pack.examples if example.get("refused_by")]
    contacts = [one for one in vectors if one.question.kind == "contact"][::5][:3]
    for vector in contacts:
        used = [pack if each == pack.id else packs_loader.get(each) for each in vector.packs]
        zone = vector.facts.locations[0].zone if vector.facts.locations else "UTC"
        found = dayplan.of_instant(vector.question, vector.facts, used, zone=zone)
        at = found.begins
        for span in found.spans:
            assert span.begins == at
            at = span.ends
        assert at == found.ends
        moment = found.begins + timedelta(seconds=7)
        while moment < found.ends:
            said = engine.permits(vector.question.moved_to(moment), vector.facts, used)
            span = next(one for one in found.spans if one.begins <= moment < one.ends)
            assert span.permitted is said, (vector.id, moment)
            moment += timedelta(minutes=13)


def test_the_look_would_notice_a_bar_that_is_a_second_off():
    question, facts, used = call("2026-03-04T15:00:00+00:00"), known("CN", CHINA), packs("CN-CBA-2026")
    span = dayplan.of_day(question, facts, used, day=date(2026, 3, 4), zone=CHINA).permitted[0]
    assert engine.permits(question.moved_to(span.begins), facts, used)
    assert not engine.permits(question.moved_to(span.begins - timedelta(seconds=1)), facts, used)
    assert engine.permits(question.moved_to(span.ends - timedelta(seconds=1)), facts, used)
    assert not engine.permits(question.moved_to(span.ends), facts, used)
