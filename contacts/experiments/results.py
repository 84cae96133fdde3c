"""What came of an experiment so far: per side, its difference to the champion, its guardrails, and plain words."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from django.db import connection
from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from collections_app.shared import clock
from contacts.experiments import intervals, sql
from contacts.experiments.intervals import Interval, Side
from contacts.experiments.registering import GUARDRAILS
from contacts.models import Experiment

GUARDRAIL_NAMES: Final[dict[str, LazyText]] = {
    "complaints": gettext_lazy("complaints"),
    "broken_plans": gettext_lazy("broken plans"),
    "refusals": gettext_lazy("contacts refused by the rules"),
}
FEWEST_EVENTS: Final = 3  # one or two persons breach nothing, however small the side is


@dataclass(frozen=True, slots=True)
class Guardrail:
    """How many persons of a side it happened to since they entered, against what was allowed of a thousand."""

    name: str
    persons: int
    of: int
    limit: Decimal | None

    @property
    def label(self) -> str:
        """Its name."""
        return str(GUARDRAIL_NAMES[self.name])

    @property
    def per_thousand(self) -> Decimal:
        """How many of a thousand."""
        return (Decimal(self.persons * 1000) / self.of).quantize(Decimal("0.1")) if self.of else Decimal(0)

    @property
    def is_breached(self) -> bool:
        """Whether it happened to more than was allowed."""
        return self.limit is not None and self.persons >= FEWEST_EVENTS and self.per_thousand > self.limit


@dataclass(frozen=True, slots=True)
class Arm:
    """One side: how many persons are on it, of how many the days are over, what came of those, and how it compares."""

    key: str
    name: str
    share: int
    is_champion: bool
    is_holdout: bool
    persons: int
    seen: Side
    interval: Interval | None
    guardrails: tuple[Guardrail, ...]

    @property
    def percent(self) -> float:
        """The measure, in per cent."""
        return 100 * self.seen.mean

    @property
    def breached(self) -> list[Guardrail]:
        """The guardrails that are breached."""
        return [each for each in self.guardrails if each.is_breached]

    @property
    def words(self) -> str:
        """What may be said of it, in plain words."""
        if self.is_champion:
            return _("the champion: the others are compared with it")
        if self.interval is None:
            return _("too early to say: the days of too few persons are over")
        low, high = 100 * self.interval.low, 100 * self.interval.high
        if self.interval.low > 0:
            return _("better than the champion by between %(low)s and %(high)s points") % _points(low, high)
        if self.interval.high < 0:
            return _("worse than the champion by between %(low)s and %(high)s points") % _points(-high, -low)
        return _("too early to say: between %(low)s worse and %(high)s points better") % _points(-low, high)


@dataclass(frozen=True, slots=True)
class Results:
    """Everything that may be said on a day. winner: the key of the best side, when one may be called so."""

    on: date
    arms: tuple[Arm, ...]
    winner: str | None

    @property
    def breached(self) -> list[tuple[Arm, Guardrail]]:
        """Every breach, with its side."""
        return [(arm, each) for arm in self.arms for each in arm.breached]

    @property
    def words(self) -> str:
        """What may be said of the whole, in plain words."""
        if self.breached:
            return _("No winner while a guardrail is breached.")
        best = next((arm for arm in self.arms if arm.key == self.winner), None)
        if best is not None:
            if best.is_champion:
                return _("The champion is better than every challenger.")
            return _("%(name)s is better than the champion.") % {"name": best.name}
        return _("Too early to name a winner.")


def _points(low: float, high: float) -> dict[str, str]:
    return {"low": f"{low:.1f}", "high": f"{high:.1f}"}


def of_experiment(experiment: Experiment, *, at: datetime) -> Results:
    """Return what may be said of an experiment at an instant. Persons whose days are not over do not count yet."""
    creditor = experiment.creditors.order_by("pk").first()
    on = clock.business_day(at, creditor.time_zone if creditor else "UTC")
    values = {
        "experiment": experiment.pk,
        "days": experiment.within_days,
        "on": on,
        "measure": experiment.measure,
    }
    seen = {arm: Side(count, total, squares) for arm, count, total, squares in _rows(sql.OUTCOMES, values)}
    persons = {arm: count for arm, count, _first, _last in _rows(sql.ENTERED, values)}
    happened = {arm: counts for arm, *counts in _rows(sql.GUARDRAILS, values)}
    champion = experiment.champion["key"]
    alpha = intervals.ALPHA / max(1, len(experiment.arms) - 1)  # every comparison has its part of the error
    nobody = Side(0, 0.0, 0.0)
    arms = tuple(
        Arm(
            key=arm["key"],
            name=arm["name"],
            share=arm["share"],
            is_champion=arm["key"] == champion,
            is_holdout=bool(arm["holdout"]),
            persons=persons.get(arm["key"], 0),
            seen=seen.get(arm["key"], nobody),
            interval=None
            if arm["key"] == champion
            else intervals.always_valid(
                seen.get(champion, nobody),
                seen.get(arm["key"], nobody),
                tau=float(experiment.smallest_difference) / 100,
                alpha=alpha,
            ),
            guardrails=_guardrails(experiment, happened.get(arm["key"]), persons.get(arm["key"], 0)),
        )
        for arm in experiment.arms
    )
    return Results(on, arms, _winner(arms))


def _guardrails(experiment: Experiment, counts: list[int] | None, of: int) -> tuple[Guardrail, ...]:
    found = dict(zip(GUARDRAILS, counts or [0] * len(GUARDRAILS), strict=True))
    limits = experiment.guardrails
    return tuple(
        Guardrail(name, found[name], of, Decimal(limits[name]) if name in limits else None) for name in GUARDRAILS
    )


def _winner(arms: tuple[Arm, ...]) -> str | None:
    """Return the best side: a challenger surely better than the champion, or the champion surely better than all.

    Nobody wins while any side breaches a guardrail. A holdout is no treatment: it is compared, but never wins.
    """
    if any(arm.breached for arm in arms):
        return None
    others = [arm for arm in arms if not arm.is_champion and not arm.is_holdout]
    better = [arm for arm in others if arm.interval is not None and arm.interval.low > 0]
    if better:
        return max(better, key=lambda arm: arm.seen.mean).key
    if others and all(arm.interval is not None and arm.interval.high < 0 for arm in others):
        return next(arm.key for arm in arms if arm.is_champion)
    return None


def _rows(statement: str, values: dict[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
