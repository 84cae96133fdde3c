"""The score: points that add up, the same for one case and for the whole book, and never more than a model may move."""

import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from cases import closing
from cases.closing import Close, Span
from cases.models import Case, CaseChance
from cases.priority import rules
from cases.priority.rules import Known, weigh
from collections_app.shared.actor import SYSTEM
from tests.factories.cases import CaseFactory, CreditorFactory, PromiseFactory
from tests.factories.priority import ScoreModelFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 4, 18, 0, tzinfo=UTC)  # the night after 4 March in Shanghai
ON = date(2026, 3, 4)
EVERYBODY = Span(0, 2**62)


def test_the_points_of_all_reasons_are_the_score():
    known = Known(Decimal("5000.00"), 27, has_broken_promise=True, ability="high", willingness="low", reached_days=3)
    found = weigh(known)
    assert found.worth == Decimal("200.00")
    assert [(reason.key, reason.points) for reason in found.reasons] == [
        ("worth", math.floor(20 * math.log(201))),
        ("broken_promise", 22),
        ("rolls_soon", 8),
        ("willingness_low", -7),
        ("ability_high", 5),
        ("reached_lately", 4),
    ]
    assert found.points == 106 + 22 + 8 - 7 + 5 + 4
    assert [reason.key for reason in found.top] == ["worth", "broken_promise", "rolls_soon"]


def test_twice_the_worth_is_fourteen_points():
    assert weigh(Known(Decimal("80000"), 75, reached_days=30)).points - weigh(
        Known(Decimal("40000"), 75, reached_days=30)
    ).points in (13, 14)


@pytest.mark.parametrize(("dpd", "rolls"), [(25, False), (26, True), (30, True), (31, False), (181, False), (0, False)])
def test_a_case_that_goes_into_the_next_bucket_within_five_days_is_urgent(dpd, rolls):
    keys = {reason.key for reason in weigh(Known(Decimal("100"), dpd)).reasons}
    assert ("rolls_soon" in keys) is rolls


GRID = [
    (balance, dpd, broken, kept, ability, willingness, reached, factor)
    for number, (balance, dpd) in enumerate(
        (balance, dpd) for balance in ("0.50", "310.07", "98765.43") for dpd in (2, 3, 26, 29, 59, 88, 130, 178, 400)
    )
    for broken, kept, ability, willingness, reached, factor in [
        (
            number % 2 == 0,
            number % 3 == 0,
            ("unknown", "low", "middle", "high")[number % 4],
            ("high", "unknown", "low")[number % 3],
            (None, 0, 13, 14, 200)[number % 5],
            (None, "0.50", "1.37", "2.00")[number % 4],
        )
    ]
]


def test_the_night_computes_the_score_that_is_explained():
    creditor = CreditorFactory()
    model = ScoreModelFactory(creditor=creditor)
    close = Close(creditor=creditor, business_date=ON, newest_state=2**62, actor=SYSTEM, at=NOW)
    cases = {}
    for balance, dpd, broken, kept, ability, willingness, reached, factor in GRID:
        case = CaseFactory(creditor=creditor, at=NOW - timedelta(days=1), dpd=dpd, balance=balance, working=True)
        since = None if reached is None else close.morning - timedelta(days=reached)
        Case.objects.filter(pk=case.pk).update(ability=ability, willingness=willingness, last_right_party_at=since)
        if broken:
            PromiseFactory(case=case, broken=True)
        if kept:
            PromiseFactory(case=case, kept=True)
        if factor:
            CaseChance.objects.create(
                case=case, model=model, chance="0.5", factor=Decimal(factor), reasons=[], reckoned_at=NOW
            )
        cases[case.pk] = (balance, broken, kept, ability, willingness, reached, float(factor or 1))
    closing.work_cases(close, EVERYBODY, next_action="call")
    explained, seen = {}, set()
    for case in Case.objects.filter(pk__in=cases):
        balance, broken, kept, ability, willingness, reached, factor = cases[case.pk]
        score = weigh(
            Known(
                Decimal(balance), case.dpd_on(close.day), broken, kept, willingness=willingness, ability=ability,
                reached_days=reached, chance_factor=factor,
            )
        )  # fmt: skip
        explained[case.pk] = score.points
        seen |= {reason.key for reason in score.reasons}
        assert rules.of_case(case, day=close.day, at=close.morning).points == score.points
    assert dict(Case.objects.filter(pk__in=cases).values_list("pk", "score")) == explained
    assert seen == {"worth", *rules.rules().points}  # every factor was met


def test_closing_again_changes_no_score():
    creditor = CreditorFactory()
    CaseFactory(creditor=creditor, at=NOW - timedelta(days=1), dpd=27, balance="500.00", working=True)
    close = Close(creditor=creditor, business_date=ON, newest_state=2**62, actor=SYSTEM, at=NOW)
    assert closing.work_cases(close, EVERYBODY, next_action="call")["refreshed"] == 1
    assert closing.work_cases(close, EVERYBODY, next_action="call")["refreshed"] == 0


def test_a_model_moves_what_a_case_is_worth_by_two_at_most():
    from django.db import IntegrityError, transaction

    case, model = CaseFactory(at=NOW), ScoreModelFactory()
    for factor in ("0.49", "2.01"):
        with pytest.raises(IntegrityError, match="case_chance_moves_within_its_bounds"), transaction.atomic():
            CaseChance.objects.create(
                case=case, model=model, chance="0.5", factor=Decimal(factor), reasons=[], reckoned_at=NOW
            )
    plain, moved = weigh(Known(Decimal("9000"), 40)), weigh(Known(Decimal("9000"), 40, chance_factor=2.0))
    assert 0 < moved.points - plain.points <= 14
