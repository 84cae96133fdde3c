"""The one door: may this contact be made now? Answers are stored; a permit cannot be made anywhere else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections_app.shared.actor import Actor
    from compliance.engine import Outcome
    from compliance.facts import Facts, Question

PERMIT_LASTS: Final = timedelta(minutes=3)
_SEAL: Final = object()


class GateUnavailable(Exception):
    """No decision could be made or stored. Callers treat it as a refusal and contact nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """A stored permitting decision. Senders demand one; only this module makes one."""

    decision_id: int
    person_id: int
    contact_point_id: int | None
    channel: str
    purpose: str
    content_class: str
    automated: bool
    valid_from: datetime
    valid_until: datetime
    outcome: Outcome
    _seal: object = None

    def __post_init__(self) -> None:
        if self._seal is not _SEAL:
            raise TypeError("a Permit is made by compliance.gate.decide and by nothing else")

    @property
    def permitted(self) -> bool:
        """True."""
        return True

    def is_valid(self, at: datetime) -> bool:
        """Whether the contact may still begin at this instant."""
        return self.valid_from <= at < self.valid_until


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A stored refusing decision: why, and when to try again."""

    decision_id: int
    failing: tuple[str, ...]
    strength: str
    next_permitted: datetime | None
    outcome: Outcome | None  # None when the engine itself failed

    @property
    def permitted(self) -> bool:
        """False."""
        return False


def preview(question: Question, facts: Facts) -> Outcome:
    """Return what the gate would say. Pure: reads packs from memory, stores nothing, never raises."""
    raise NotImplementedError


def decide(
    question: Question,
    facts: Facts,
    *,
    actor: Actor,
    at: datetime,
    entrance: str,
    creditor_id: int,
    case_id: int | None = None,
) -> Permit | Refusal:
    """Decide for the instant `at` and store the decision in the caller's transaction.

    question.person_id, and contact_point_id where the channel has one, are database ids. entrance: the name of the way
    in (screen, api, dispatch, import ...). Raises GateUnavailable when nothing could be stored.
    """
    raise NotImplementedError
