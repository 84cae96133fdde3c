"""Whose book a dashboard shows: the reader, the instant, and the creditors within his reach."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from cases import freshness, reach
from cases.models import Creditor


@dataclass
class Scope:
    """Read once per request. Every set of rows starts from it, so that nothing of another team is ever counted."""

    user: Any
    at: datetime

    @cached_property
    def creditors(self) -> list[Creditor]:
        """Return the creditors whose book this user may see."""
        return list(reach.creditors(self.user))

    @cached_property
    def days(self) -> tuple[reach.Day, ...]:
        """Return the business dates of today, per time zone."""
        return reach.days(self.creditors, self.at)

    @cached_property
    def freshness(self) -> dict[int, freshness.Freshness]:
        """Return how old the balances of each creditor are, on his own business date."""
        newest = freshness.newest_tapes([creditor.pk for creditor in self.creditors])
        today = {pk: day.on for day in self.days for pk in day.creditor_ids}
        found = {}
        for creditor in self.creditors:
            as_of = newest.get(creditor.pk)
            age = max(0, (today[creditor.pk] - as_of).days) if as_of else None
            found[creditor.pk] = freshness.Freshness(creditor.pk, as_of, age, creditor.freshness_days)
        return found

    @property
    def sees_all(self) -> bool:
        """Whether the reader sees every team."""
        return bool(self.user.has_perm("cases.view_all"))
