"""Counts that a reader sees: used, left and when there is room again, of the rules and of the firm."""

from datetime import UTC, datetime

from compliance import engine, limits, packs_loader
from compliance.facts import Cap, FirmPolicy
from tests.compliance.asking import call, calls, known

PACKS = ("CN-CBA-2026", "POLICY")


def counted(**given):
    question = call("2026-03-04T06:00:00+00:00")
    facts = known("CN", "Asia/Shanghai", **given)
    packs = [packs_loader.get(name) for name in PACKS]
    return limits.of_outcome(question, facts, engine.evaluate(question, facts, packs), packs)


def test_a_rule_and_a_cap_of_the_firm_are_counted_the_scarcest_first():
    caps = FirmPolicy(caps=(Cap(channels=("phone",), limit=3), Cap(channels=("sms",), limit=1)))
    found = counted(contacts=calls(["2026-03-04T01:00:00+00:00", "2026-03-04T02:00:00+00:00"]), firm_policy=caps)
    assert [(one.rule, one.used, one.limit, one.left, one.window, one.is_firm) for one in found] == [
        ("POLICY-CAP", 2, 3, 1, "today", True),
        ("CN-FREQ-ATT", 2, 6, 4, "today", False),
    ]
    assert (found[0].is_near, found[0].is_full) == (True, False)


def test_a_full_count_says_when_there_is_room_again():
    made = calls([f"2026-03-04T0{hour}:00:00+00:00" for hour in range(6)])
    (found,) = counted(contacts=made)
    assert (found.used, found.left, found.is_full) == (6, 0, True)
    assert found.opens_at == datetime(2026, 3, 4, 16, tzinfo=UTC)


def test_nothing_counted_is_nothing_shown():
    question = call("2026-03-04T06:00:00+00:00", channel="letter")
    facts = known("CN", "Asia/Shanghai")
    packs = [packs_loader.get(name) for name in PACKS]
    assert limits.of_outcome(question, facts, engine.evaluate(question, facts, packs), packs) == []


def test_windows_are_said():
    assert [limits.window_in_words(one) for one in ("dates:1", "dates:30", "hours:24", "week", "month")] == [
        "today", "within 30 days", "within 24 hours", "this week", "this month",
    ]  # fmt: skip
