"""Which decisions somebody may see, and what the people in them are called: answered by whoever knows cases and teams.

This app knows neither, so the app above registers its answer here. Until it has, nobody sees anything.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date, datetime
from typing import Any, Protocol

from django.db.models import Q
from django.utils.safestring import SafeString

from compliance.models import Decision
from compliance.models.decision import DecisionQuerySet


class Knows(Protocol):
    """What is asked of the app that knows cases."""

    def limit(self, decisions: DecisionQuerySet, user: Any) -> DecisionQuerySet:
        """Return the decisions that this user may see."""

    def today(self, user: Any, at: datetime) -> Q:
        """Return the condition that `at` of a row lies in the present business date of its creditor."""

    def people(self, decisions: Collection[Decision]) -> dict[int, str]:
        """Return the names of the people that these decisions are about, by person."""

    def cases(self, decisions: Collection[Decision]) -> dict[int, tuple[str, str]]:
        """Return reference and address of the cases of these decisions, by case."""

    def named(self, text: str) -> Q:
        """Return the condition that the person of a row is called so, or that its case has this reference."""

    def day(self, text: str) -> date | None:
        """Return the day that somebody typed as people say days; None for one that cannot be read."""

    def day_box(self, name: str, text: str, day: date | None) -> SafeString:
        """Return the box in which such a day is typed, with the line that says how it is read."""


class _Nobody:
    def limit(self, decisions: DecisionQuerySet, user: Any) -> DecisionQuerySet:
        return decisions.none()

    def today(self, user: Any, at: datetime) -> Q:
        return Q(pk__in=[])

    def people(self, decisions: Collection[Decision]) -> dict[int, str]:
        return {}

    def cases(self, decisions: Collection[Decision]) -> dict[int, tuple[str, str]]:
        return {}

    def named(self, text: str) -> Q:
        return Q(pk__in=[])

    def day(self, text: str) -> date | None:
        return None

    def day_box(self, name: str, text: str, day: date | None) -> SafeString:
        return SafeString("")


_known: list[Knows] = []
# The contact that was made upon a decision: (decision) -> its reference and address, or None. The app above adds it.
_contacts: list[Callable[[Decision], tuple[str, str] | None]] = []


def register(knows: Knows) -> None:
    """Let this answer from now on; called once, when the app above is ready."""
    _known[:] = [knows]


def register_contact(find: Callable[[Decision], tuple[str, str] | None]) -> None:
    """Let this say which contact was made upon a decision; called once, when the app above is ready."""
    _contacts[:] = [find]


def contact_of(decision: Decision) -> tuple[str, str] | None:
    """Return reference and address of the contact that was made upon a decision; None where it has no page."""
    return _contacts[0](decision) if _contacts else None


def ask() -> Knows:
    """Return whoever answers."""
    return _known[0] if _known else _Nobody()
