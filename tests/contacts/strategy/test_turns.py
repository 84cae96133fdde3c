"""Whatever is published, tried, widened, stopped and rolled back in whatever order: nobody is treated by two versions,
nobody changes sides but by the share, nothing is done twice, and no case is forgotten.
"""

import random
from collections import Counter

import pytest

from cases.models import Case
from cases.refusal import Refused
from collections_app.shared.actor import SYSTEM
from contacts.models import Enrolment, PlannedContact, StrategyVersion
from contacts.strategy import in_force, rollout
from tests.contacts.strategy.nights import FIRST, case_of, night, night_of, person_of, published, segment
from tests.factories.cases import CreditorFactory, ProductFactory

pytestmark = pytest.mark.django_db
MOVES = ["move", "move", "stay", "restart", "end"]
PEOPLE = 8
NIGHTS = 7


def content(dice: random.Random, number: int) -> list:
    """Return segments of a version; the step "sms-1" is in all of them, so that it would be done again if it could."""
    rules = dice.choice([{}, {"dwell_days": 2}, {"re_entry": "never"}])
    early = segment("early", {"key": "sms-1"}, condition={"fact": "dpd", "op": "at_most", "value": 7}, **rules)
    rest = segment("rest", {"key": "sms-1"}, {"key": f"sms-{number + 2}", "from_dpd": 4, "severity": 2})
    return [early, rest] if dice.random() < 0.7 else [rest]


def turn(dice: random.Random, bank, number: int, at) -> None:
    """Do something that somebody might do; what is refused changes nothing."""
    used = StrategyVersion.objects.filter(status__in=["published", "stopped"]).order_by("pk")
    version = dice.choice(list(used)) if used else None
    what = dice.choice(["publish", "canary", "widen", "stop", "resume", "back", "nothing"])
    try:
        if what in ("publish", "canary") or version is None:
            share = dice.choice([1, 10]) if what == "canary" else 100
            moves = {key: dice.choice(MOVES) for key in ("early", "rest") if dice.random() < 0.6}
            published(bank, *content(dice, number), at=at, share=share, moves=moves)
        elif what == "widen":
            rollout.widen(version_id=version.pk, share=dice.choice([10, 100]), actor=SYSTEM, at=at)
        elif what == "stop":
            rollout.stop(version_id=version.pk, reason="x", actor=SYSTEM, at=at)
        elif what == "resume":
            rollout.resume(version_id=version.pk, actor=SYSTEM, at=at)
        elif what == "back":
            rollout.roll_back(version_id=version.pk, reason="x", actor=SYSTEM, at=at)
    except Refused:
        return


def check_sides(day) -> None:
    """Every stay is on the version of the person's side, or on an older path that is finished, or frozen."""
    standing = in_force.of_strategy(StrategyVersion.objects.first().strategy, day)
    in_use = {version.pk for version in (standing.whole, standing.canary) if version is not None}
    for stay in Enrolment.objects.filter(left_on=None).select_related("segment"):
        side = standing.version_of(stay.person_id)
        if standing.is_frozen and (side is None or stay.version_id != side.pk):
            continue
        if side is not None and stay.version_id == side.pk:
            continue
        assert standing.action(stay.version_id, stay.segment.key) == "stay", (stay.version_id, in_use)


@pytest.mark.parametrize("seed", range(6))
def test_turns_in_any_order_keep_every_promise(seed):
    dice = random.Random(seed)
    bank = CreditorFactory(code="bank")
    ProductFactory(creditor=bank)
    for number in range(PEOPLE):
        case_of(bank, dpd=dice.randint(1, 6), person=person_of(inside=number % 2 == 0))
    published(bank, *content(dice, 0))
    for number in range(NIGHTS):
        night(bank, number)
        day = night_of(FIRST).date().replace(day=4 + number)
        check_sides(day)
        per_case = Counter(PlannedContact.objects.filter(business_date=day).exclude(status="cancelled").values_list(
            "case_id", "enrolment__version_id"))  # fmt: skip
        assert len({case for case, _version in per_case}) == len(per_case)
        assert not Case.objects.filter(next_action="").exists()
        waiting = Case.objects.filter(next_action="wait_strategy", status__in=["new", "working"])
        assert not waiting.exclude(enrolments__left_on=None).exists()
        for _ in range(dice.randint(0, 2)):
            turn(dice, bank, number, night_of(FIRST).replace(day=4 + number, hour=10))
    fresh = set(Enrolment.objects.filter(is_fresh=True).values_list("case_id", flat=True))
    done = Counter(PlannedContact.objects.exclude(status="cancelled").values_list("case_id", "step__key"))
    twice = {case for (case, _key), count in done.items() if count > 1}
    assert twice <= fresh


def test_a_case_on_the_wrong_side_would_be_found():
    bank = CreditorFactory(code="bank")
    ProductFactory(creditor=bank)
    case = case_of(bank, person=person_of(inside=True))
    published(bank)
    night(bank)
    check_sides(FIRST)
    published(bank, segment("all", {"key": "sms-2"}), share=10)
    with pytest.raises(AssertionError):
        check_sides(FIRST)
    night(bank, 1)
    check_sides(FIRST)
    assert case.enrolments.count() == 2
