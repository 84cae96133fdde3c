"""Guardrails of a version: how many of a thousand may come to harm before it is stopped.

Counted from the day on which the version was published, over the persons it has treated (a contact was made), each
once; refusals over the messages that were decided. A guardrail is breached

- by its limit: more than so many of a thousand, and at least three; or
- against the control, while a canary runs: significantly more often than under the version in force for everybody else
  (one-sided exact test, 1 in 100; three at least). Looking every ten minutes makes a false stop likelier than that:
  a canary that is stopped for nothing costs a click, one that runs on costs people.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from math import exp, lgamma, log
from typing import Any, Final

from django.db import connection
from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext_lazy as _

from contacts.models import StrategyVersion
from contacts.strategy import sql_watch

LEAST: Final = 3
CHANCE: Final = 0.01
# of a thousand; a version may state its own
LIMITS: Final[Mapping[str, Decimal]] = {
    "complaints": Decimal(5),
    "broken": Decimal(100),
    "opt_outs": Decimal(30),
    "refusals": Decimal(300),
}
LABELS: Final[Mapping[str, LazyText]] = {
    "complaints": _("complaints"),
    "broken": _("broken promises and plans"),
    "opt_outs": _("people who ask us to stop"),
    "refusals": _("messages refused by the rules"),
}


@dataclass(frozen=True, slots=True)
class Count:
    """How often something happened to how many."""

    events: int
    of: int

    @property
    def rate(self) -> Decimal | None:
        """Of a thousand, to one place; None where nobody was treated."""
        return (Decimal(1000) * self.events / self.of).quantize(Decimal("0.1")) if self.of else None


@dataclass(frozen=True, slots=True)
class Reading:
    """One guardrail as it stands. control: the same under the version in force, while a canary runs."""

    code: str
    label: str | LazyText
    own: Count
    control: Count | None
    limit: Decimal
    breach: str  # "", "limit", "control"

    @property
    def is_breached(self) -> bool:
        """Whether the version must be stopped."""
        return bool(self.breach)


def read(version: StrategyVersion, *, at: datetime) -> list[Reading]:
    """Return the guardrails of a version in force or stopped."""
    since = version.published_at or at
    own = _counts(version.pk, since)
    control: dict[str, Count] = {}
    if version.share < 100 and version.replaces_id is not None:
        control = _counts(version.replaces_id, since)
    limits = limits_of(version)
    return [
        Reading(code, label, own[code], control.get(code), limits[code], _breach(own[code], control.get(code), limit))
        for code, label in LABELS.items()
        for limit in (limits[code],)
    ]


def limits_of(version: StrategyVersion) -> dict[str, Decimal]:
    """Return the limits that hold for a version, of a thousand: its own, else the usual ones."""
    stated: Mapping[str, Any] = version.guardrails or {}
    return {code: Decimal(str(stated.get(code, usual))) for code, usual in LIMITS.items()}


def _counts(version_id: int, since: datetime) -> dict[str, Count]:
    with connection.cursor() as cursor:
        cursor.execute(sql_watch.GUARDRAILS, {"version": version_id, "since": since})
        treated, complaints, broken, opt_outs, decided, refused = cursor.fetchone()
    return {
        "complaints": Count(complaints, treated),
        "broken": Count(broken, treated),
        "opt_outs": Count(opt_outs, treated),
        "refusals": Count(refused, decided),
    }


def _breach(own: Count, control: Count | None, limit: Decimal) -> str:
    if own.events < LEAST:
        return ""
    if own.rate is not None and Decimal(1000) * own.events > limit * own.of:
        return "limit"
    if control is not None and control.of and chance_of(own, control) < CHANCE:
        return "control"
    return ""


def chance_of(own: Count, control: Count) -> float:
    """Return how likely so many events or more would be, were the two alike: the exact conditional test."""
    total = own.events + control.events
    share = own.of / (own.of + control.of)
    if share in (0.0, 1.0):
        return 1.0
    return min(1.0, sum(_binomial(count, total, share) for count in range(own.events, total + 1)))


def _binomial(count: int, total: int, share: float) -> float:
    ways = lgamma(total + 1) - lgamma(count + 1) - lgamma(total - count + 1)
    return exp(ways + count * log(share) + (total - count) * log(1 - share))
