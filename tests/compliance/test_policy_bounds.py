"""A firm's limit may only be stricter than law: hours, caps, guard bands, policies that are always honoured."""

from datetime import UTC, datetime, time

import pytest

from compliance import packs_loader
from compliance.facts import DEFAULT_POLICIES, Facts
from compliance.policy_bounds import Proposal, Situation, lacking, objections, switchable

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
INSTALLED = packs_loader.all_packs()


def situation(place: str, *names: str, product: str = "credit_card", outsourced: bool = True) -> Situation:
    facts = Facts(jurisdictions=(place,), product=product, outsourced=outsourced)
    return Situation(facts, tuple(packs_loader.get(name) for name in names))


CHINA = situation("CN", "CN-CBA-2026", outsourced=False)
AMERICA = situation("US-NY", "US-FED")
BRITAIN = situation("GB", "GB-CONC")


def codes(proposal: Proposal, *situations: Situation) -> list[str]:
    return [each.code for each in objections(proposal, situations, at=AT, installed=INSTALLED)]


def document(**more: object) -> Proposal:
    return Proposal(document=more)


def cap(limit: int, *, days: int = 7, per: str = "debt", channels: tuple[str, ...] = ("phone",)) -> Proposal:
    return document(caps=[{"channels": list(channels), "limit": limit, "days": days, "per": per}])


@pytest.mark.parametrize(
    ("opens", "closes", "found"),
    [
        (time(8), time(22), []),
        (time(9), time(20), []),
        (time(7, 59), time(22), ["opens-early"]),
        (time(8), time(22, 1), ["closes-late"]),
        (time(6), time(23), ["opens-early", "closes-late"]),
        (time(20), time(9), ["hours"]),
        (None, None, []),
    ],
)
def test_hours_are_compared_to_the_minute(opens, closes, found):
    assert codes(Proposal(opens=opens, closes=closes), CHINA) == found


def test_one_hour_without_the_other_is_refused():
    assert codes(Proposal(opens=time(9)), CHINA) == ["hours"]


def test_the_strictest_of_several_places_is_named():
    found = objections(Proposal(opens=time(8), closes=time(22)), [CHINA, AMERICA], at=AT, installed=INSTALLED)
    assert [str(each) for each in found] == ["22:00 is after 21:00, which US-F-HOURS sets (US-FED)."]


@pytest.mark.parametrize(
    ("proposal", "found"),
    [
        (cap(7), []),
        (cap(8), ["cap-loose"]),
        (cap(8, days=1), ["cap-loose"]),
        (cap(8, per="contact_point"), ["cap-loose"]),
        (cap(8, per="person"), []),  # over all debts of a person it may say no where the law does not
        (cap(8, days=8), []),
        (cap(8, channels=("phone", "sms")), []),
        (cap(3, channels=("sms",)), []),
    ],
)
def test_a_cap_that_the_law_reaches_first_is_no_cap(proposal, found):
    assert codes(proposal, AMERICA) == found


def test_a_cap_on_dials_is_not_compared_with_a_count_of_conversations():
    china = situation("CN", "CN-GBT-45251-2025", outsourced=False)
    assert codes(cap(6, days=1, per="person"), china) == []


@pytest.mark.parametrize(
    "broken",
    [
        {"channels": [], "limit": 1}, {"channels": ["fax"], "limit": 1}, {"channels": ["sms"]},
        {"channels": ["sms"], "limit": -1}, {"channels": ["sms"], "limit": 1, "days": 0},
        {"channels": ["sms"], "limit": 1, "per": "planet"}, {"channels": ["sms"], "limit": "many"},
    ],
)  # fmt: skip
def test_a_cap_that_cannot_be_read_is_refused(broken):
    assert codes(document(caps=[broken]), CHINA) == ["cap-broken"]


@pytest.mark.parametrize(
    ("guards", "found"),
    [
        ({"phone": 0}, []), ({"phone": 240}, []), ({"phone": -1}, ["guard-negative"]),
        ({"phone": 241}, ["guard-negative"]), ({"phone": True}, ["guard-negative"]), ({"fax": 5}, ["guard-channel"]),
    ],
)  # fmt: skip
def test_a_guard_band_is_not_negative_and_not_half_the_day(guards, found):
    assert codes(document(guard_minutes=guards), CHINA) == found


@pytest.mark.parametrize("policy", DEFAULT_POLICIES)
def test_what_is_always_honoured_cannot_be_switched_off(policy):
    assert codes(document(disabled=[policy]), CHINA) == ["always-honoured"]


def test_names_that_do_not_exist_are_refused():
    assert codes(document(enabled=["NO-SUCH"]), CHINA) == ["unknown-policy"]
    assert codes(document(packs=["NO-SUCH"]), CHINA) == ["unknown-pack"]
    assert "CN-HOLIDAY-QUIET" in switchable(INSTALLED)
    assert codes(document(enabled=["CN-HOLIDAY-QUIET"], packs=["CN-GBT-45251-2025"]), CHINA) == []


def test_a_rule_that_is_not_in_force_yet_binds_nothing():
    before = datetime(2026, 1, 29, 12, tzinfo=UTC)
    wide = Proposal(opens=time(7), closes=time(20))
    assert objections(wide, [CHINA], at=before, installed=INSTALLED) == []
    assert codes(wide, CHINA) == ["opens-early"]


def test_where_the_law_leaves_the_hours_to_the_firm_they_are_missed_until_set():
    assert {each.values["pack"] for each in lacking(Proposal(), [BRITAIN], at=AT)} == {"GB-CONC"}
    assert lacking(Proposal(opens=time(8), closes=time(20)), [BRITAIN], at=AT) == []
    assert lacking(Proposal(), [CHINA, AMERICA], at=AT) == []
