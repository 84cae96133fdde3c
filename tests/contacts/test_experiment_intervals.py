"""Intervals that hold at every look: simulated experiments without a difference are almost never called different."""

import math
import random

import pytest

from contacts.experiments.intervals import FEWEST, Side, always_valid

DAYS, A_DAY, RUNS = 120, 12, 300
Z = 1.959964  # the usual interval, made for one look


def fixed_interval_excludes_zero(champion: Side, challenger: Side) -> bool:
    variance = champion.variance / champion.persons + challenger.variance / challenger.persons
    return abs(challenger.mean - champion.mean) > Z * math.sqrt(variance)


def share_of_runs_called_different(champion: float, challenger: float, *, seed: int) -> tuple[float, float]:
    """Return the share of runs, looked at daily, that ever exclude zero: by our intervals, and by the usual ones."""
    chance, ours, usual = random.Random(seed), 0, 0
    for _run in range(RUNS):
        cured, found, found_usual = [0, 0], False, False
        for day in range(1, DAYS + 1):
            cured[0] += chance.binomialvariate(A_DAY, champion)
            cured[1] += chance.binomialvariate(A_DAY, challenger)
            sides = [Side(day * A_DAY, float(each), float(each)) for each in cured]
            interval = always_valid(sides[0], sides[1], tau=0.05)
            found |= interval is not None and interval.excludes_zero
            found_usual |= sides[0].persons >= FEWEST and fixed_interval_excludes_zero(*sides)
        ours, usual = ours + found, usual + found_usual
    return ours / RUNS, usual / RUNS


@pytest.mark.parametrize(("rate", "seed"), [(0.3, 11), (0.05, 12)])
def test_looking_every_day_at_sides_that_do_not_differ_misleads_at_most_one_time_in_twenty(rate, seed):
    ours, usual = share_of_runs_called_different(rate, rate, seed=seed)
    assert ours <= 0.05
    assert usual > 0.15  # the usual interval does not survive daily looks: this check can fail


def test_a_difference_that_is_there_is_found():
    found, _usual = share_of_runs_called_different(0.30, 0.42, seed=13)
    assert found > 0.9


def test_the_interval_is_the_published_formula():
    champion, challenger = Side(1000, 300.0, 300.0), Side(1000, 360.0, 360.0)
    interval = always_valid(champion, challenger, tau=0.02)
    variance = champion.variance / 1000 + challenger.variance / 1000
    tau = 0.02**2

    def evidence(difference: float) -> float:
        return math.sqrt(variance / (variance + tau)) * math.exp(
            tau * difference**2 / (2 * variance * (variance + tau))
        )

    assert interval.difference == pytest.approx(0.06)
    half = interval.high - interval.difference
    assert evidence(half) == pytest.approx(20)  # 1 / alpha: at its edge zero is just refused
    assert interval.difference - interval.low == pytest.approx(half)


def test_more_persons_and_fewer_comparisons_make_it_narrower():
    def width(persons: int, alpha: float) -> float:
        side = Side(persons, persons * 0.3, persons * 0.3)
        interval = always_valid(side, side, tau=0.02, alpha=alpha)
        return interval.high - interval.low

    assert width(10_000, 0.05) < width(1_000, 0.05)
    assert width(1_000, 0.05) < width(1_000, 0.025)


def test_too_few_persons_say_nothing():
    few, many = Side(FEWEST - 1, 5.0, 5.0), Side(FEWEST, 5.0, 5.0)
    assert always_valid(few, many, tau=0.02) is None
    assert always_valid(many, many, tau=0.02) is not None


def test_nobody_paid_yet_is_not_certainty():
    nothing = Side(30, 0.0, 0.0)
    interval = always_valid(nothing, nothing, tau=0.02)
    assert interval.low < -0.02
    assert interval.high > 0.02
