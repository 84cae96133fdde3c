"""The score of a case, from a few facts, with the reasons for it."""

import math
import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final

from django.db.models import QuerySet
from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases import ageing
from cases.models import Case, CaseChance, Promise
from collections_app.shared.asked_often import asked_often

DATA: Final = Path(__file__).resolve().parent.parent / "priority_data" / "rules.toml"
SCALE: Final = 20  # points of a factor e
REACHED_LATELY_DAYS: Final = 14
ROLLS_WITHIN_DAYS: Final = 5
JUST_LATE_DAYS: Final = 3
LEAST_FACTOR: Final = 0.5  # as far as a model may move what a case is worth, and no further
MOST_FACTOR: Final = 2.0
SHOWN: Final = 3

LABELS: Final[dict[str, LazyText]] = {
    "ability_high": gettext_lazy("able to pay"),
    "ability_low": gettext_lazy("hardly able to pay"),
    "willingness_high": gettext_lazy("willing to pay"),
    "willingness_low": gettext_lazy("not willing to pay"),
    "kept_promise": gettext_lazy("has kept a promise before"),
    "reached_lately": gettext_lazy("was spoken with in the last two weeks"),
    "never_reached": gettext_lazy("was never reached yet"),
    "broken_promise": gettext_lazy("a promise was broken"),
    "rolls_soon": gettext_lazy("goes into the next bucket within five days"),
    "just_late": gettext_lazy("late for a few days only"),
}


@dataclass(frozen=True, slots=True)
class Rules:
    """The factors of `rules.toml`: gain by bucket, and points by key of a factor."""

    gain: tuple[float, ...]
    points: dict[str, int]
    factors: dict[str, tuple[str, float]]  # key: value or urgency, factor


@cache
def rules() -> Rules:
    """Return the rules that come with the product."""
    document = tomllib.loads(DATA.read_text(encoding="utf-8"))
    factors = {each["key"]: (each["part"], float(each["factor"])) for each in document["factor"]}
    points = {key: round(SCALE * math.log(factor)) for key, (_part, factor) in factors.items()}
    return Rules(tuple(document["gain"]["rates"]), points, factors)


@dataclass(frozen=True, slots=True)
class Known:
    """What the score rests on. reached_days: days since the right person was spoken with; None: never.

    chance_factor: what a model makes of the expected value, 0.5 to 2; 1 without one.
    """

    balance: Decimal
    dpd: int
    has_broken_promise: bool = False
    has_kept_promise: bool = False
    willingness: str = Case.Grade.UNKNOWN
    ability: str = Case.Grade.UNKNOWN
    reached_days: int | None = None
    chance_factor: float = 1.0


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason for a score: its words and its points."""

    key: str
    text: str
    points: int


@dataclass(frozen=True, slots=True)
class Score:
    """The points of a case, and all that they are made of, the weightiest first; the sum of the points is the score."""

    points: int
    worth: Decimal  # money that working it may win, in the currency of the case
    reasons: tuple[Reason, ...]

    @property
    def top(self) -> tuple[Reason, ...]:
        """The three weightiest reasons."""
        return self.reasons[:SHOWN]


def weigh(known: Known) -> Score:
    """Return the score: floor(20 × ln(1 + balance × gain × model)) and the points of every factor that holds."""
    found = rules()
    bucket = ageing.DEFAULT.bucket(known.dpd)
    gain = found.gain[ageing.DEFAULT.labels.index(bucket)]
    worth = max(0.0, float(known.balance)) * gain * known.chance_factor
    base = math.floor(SCALE * math.log(1 + worth))
    reasons = [Reason(key, str(LABELS[key]), found.points[key]) for key in _holding(known) if found.points[key] != 0]
    reasons.sort(key=lambda reason: (-abs(reason.points), reason.key))
    amount = Decimal(str(worth)).quantize(Decimal("0.01"))
    owed = _("%(worth)s of %(balance)s may be won in %(bucket)s") % {
        "worth": f"{amount:,}", "balance": f"{known.balance:,}", "bucket": bucket,
    }  # fmt: skip
    first = Reason("worth", owed, base)
    return Score(base + sum(reason.points for reason in reasons), amount, (first, *reasons))


def _holding(known: Known) -> list[str]:
    graded = [
        f"{name}_{grade}"
        for name, grade in (("ability", known.ability), ("willingness", known.willingness))
        if grade in (Case.Grade.HIGH, Case.Grade.LOW)
    ]
    conditions = {
        "kept_promise": known.has_kept_promise,
        "reached_lately": known.reached_days is not None and known.reached_days < REACHED_LATELY_DAYS,
        "never_reached": known.reached_days is None,
        "broken_promise": known.has_broken_promise,
        "rolls_soon": _days_to_next(known.dpd) in range(1, ROLLS_WITHIN_DAYS + 1),
        "just_late": 0 < known.dpd <= JUST_LATE_DAYS,
    }
    return graded + [key for key, holds in conditions.items() if holds]


def _days_to_next(dpd: int) -> int | None:
    """Return in how many days the next bucket begins; None in the last one, and in M0."""
    ahead = [start for start in ageing.DEFAULT.starts if start > dpd]
    return ahead[0] - dpd if ahead and dpd > 0 else None


def of_case(case: Case, *, day: date, at: datetime, promises: Collection[str] | None = None) -> Score:
    """Return the score of one case on a day, as the night computes it. promises: states of its promises, if known."""
    if promises is None:
        promises = set(Promise.objects.filter(case_id=case.pk).values_list("status", flat=True))
    chance = _chance.first(case=case.pk)
    reached = case.last_right_party_at
    return weigh(
        Known(
            balance=case.balance,
            dpd=case.dpd_on(day),
            has_broken_promise=Promise.Status.BROKEN in promises,
            has_kept_promise=Promise.Status.KEPT in promises,
            willingness=case.willingness,
            ability=case.ability,
            reached_days=None if reached is None else max(0, (at - reached).days),
            chance_factor=float(chance) if chance is not None else 1.0,
        )
    )


@asked_often
def _chance(case: int) -> QuerySet[CaseChance, Decimal]:
    return CaseChance.objects.filter(case_id=case).values_list("factor", flat=True)


def values() -> dict[str, Any]:
    """Return what the statements of `sql` bind."""
    found = rules()
    return {
        "gain": list(found.gain),
        "reached_lately": REACHED_LATELY_DAYS,
        "rolls_within": ROLLS_WITHIN_DAYS,
        "just_late": JUST_LATE_DAYS,
        **{f"points_{key}": points for key, points in found.points.items()},
    }
