"""Intervals that hold at every look at once: a confidence sequence for the difference of two means.

Whoever looks every day and stops when a usual 95 % interval excludes zero is wrong far more often than one time in
twenty. These intervals hold for all looks together: with probability 1 - alpha the true difference lies in every one of
them, however often one looks and whenever one stops.

Source: Robbins' normal mixture (H. Robbins, "Statistical methods related to the law of the iterated logarithm", Ann.
Math. Statist. 41 (1970)), in the form for the difference of two proportions by R. Johari, P. Koomen, L. Pekelis,
D. Walsh, "Always valid inference: continuous monitoring of A/B tests" (Operations Research 70 (2022),
arXiv:1512.04922), and as an asymptotic confidence sequence for means by I. Waudby-Smith, D. Arbour, R. Sinha,
E. H. Kennedy, A. Ramdas, "Time-uniform central limit theory and asymptotic confidence sequences" (Annals of Statistics
52 (2024), arXiv:2103.06476, theorem 2.2). With d the difference seen, V its estimated variance and tau squared the
variance of the mixture, zero is refused when

    sqrt(V / (V + tau²)) · exp(tau² d² / (2 V (V + tau²))) >= 1 / alpha

so the interval is d ± sqrt(2 V (V + tau²) / tau² · (log(1 / alpha) + log((V + tau²) / V) / 2)).
"""

import math
from dataclasses import dataclass
from typing import Final

ALPHA: Final = 0.05
FEWEST: Final = 20  # persons on each side whose days are over; before, nothing is said


@dataclass(frozen=True, slots=True)
class Side:
    """What was seen on one side: how many persons, the sum of a measure between 0 and 1, and of its squares."""

    persons: int
    total: float
    squares: float

    @property
    def mean(self) -> float:
        """The mean of the measure; 0 when there is nobody."""
        return self.total / self.persons if self.persons else 0.0

    @property
    def variance(self) -> float:
        """The variance, as if one person with 0 and one with 1 had been seen too: never 0, and wider while few."""
        count = self.persons + 2
        mean = (self.total + 1) / count
        return (self.squares + 1) / count - mean * mean


@dataclass(frozen=True, slots=True)
class Interval:
    """The difference seen and where the true one lies, as shares (0.01 is one point)."""

    difference: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether the sides differ, by all looks so far."""
        return self.low > 0 or self.high < 0


def always_valid(champion: Side, challenger: Side, *, tau: float, alpha: float = ALPHA) -> Interval | None:
    """Return the interval of challenger minus champion that holds at every look; None while there are too few.

    tau: the size of difference (a share, 0.02 is two points) at which the intervals are tuned, chosen beforehand.
    """
    if min(champion.persons, challenger.persons) < FEWEST:
        return None
    variance = champion.variance / champion.persons + challenger.variance / challenger.persons
    spread = tau * tau
    half = math.sqrt(
        2 * variance * (variance + spread) / spread
        * (math.log(1 / alpha) + math.log((variance + spread) / variance) / 2)
    )  # fmt: skip
    difference = challenger.mean - champion.mean
    return Interval(difference, max(-1.0, difference - half), min(1.0, difference + half))
