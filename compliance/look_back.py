"""How far back a rule may look: past contacts older than this change no answer, unless they are never forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from compliance.packs_loader import PackError
from compliance.releases import in_force

A_DAY: Final = timedelta(days=1)
AT_LEAST: Final = timedelta(days=40)  # a calendar month, and what stands on its edge in another zone

# Predicates that count past contacts over a time, with the parameters that say over which. Every other predicate that
# looks at past contacts asks for a kind that is never forgotten, or refuses where it finds none.
MEASURED_BY: Final[Mapping[str, tuple[str, ...]]] = {
    "count_limit": ("windows", "consent_days"),
    "contacts_limit": ("windows",),
    "contacts_limited": ("windows",),
    "consented_count": ("windows",),
    "recorded_voice_count": ("windows",),
    "cool_down": ("days",),
    "consented_more_calls": ("days",),
    "recently_used": ("days",),
}
_DAYS_OF: Final = {"dates": 1.0, "hours": 1 / 24, "week": 7.0, "month": 31.0}


def longest(at: datetime) -> timedelta:
    """Return the longest time over which any rule in force at this instant counts past contacts, and some room."""
    try:
        return of_edition(in_force.at(at))
    except (PackError, OSError, in_force.ReleasesUnknown):
        return AT_LEAST  # the gate will refuse: it cannot read its rules either


@lru_cache(maxsize=16)
def of_edition(edition: in_force.Edition) -> timedelta:
    """Return the same for these versions of all packs."""
    spans = [
        _span(value)
        for pack in edition.packs
        for rule in pack.rules
        for version in rule.versions
        for name, value in version.params.items()
        if name in MEASURED_BY.get(rule.check, ())
    ]
    return max([AT_LEAST, *(span + 2 * A_DAY for span in spans)])


def _span(value: Any) -> timedelta:
    """Return how long a number of days, or the longest of some windows, lasts."""
    if isinstance(value, int):
        return timedelta(days=value)
    spans = [timedelta(0)]
    for window in value:
        kind, _, size = window.partition(":")
        spans.append(timedelta(days=_DAYS_OF[kind] * int(size or 1)))
    return max(spans)
