"""Questions and facts for tests: a call by an agency or a bank about debt D1, and what is known before it."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from compliance import engine, packs_loader
from compliance.engine import Outcome
from compliance.facts import ContactEvent, Facts, LocationClaim, Question

LEARNED = datetime(2020, 1, 1, tzinfo=UTC)


def at(text: str) -> datetime:
    """Return an ISO instant."""
    return datetime.fromisoformat(text)


def call(when: str, **given: Any) -> Question:
    """Return a proposed call."""
    return Question(
        at=at(when),
        **{"channel": "phone", "contact_point_id": "M1", "point_kind": "mobile", "debts": ("D1",)} | given,
    )


def known(jurisdiction: str, *zones: str, **given: Any) -> Facts:
    """Return facts: the debtor lives in one of these zones."""
    claims = tuple(LocationClaim(zone=zone, at=LEARNED) for zone in zones)
    return Facts(jurisdictions=(jurisdiction,), locations=claims, **given)


def calls(moments: Iterable[str], **given: Any) -> tuple[ContactEvent, ...]:
    """Return past calls."""
    usual = {"channel": "phone", "outcome": "no_answer", "contact_point_id": "M1", "debts": ("D1",)} | given
    return tuple(ContactEvent(at=at(moment), id=number, **usual) for number, moment in enumerate(moments, 1))


def ask(question: Question, facts: Facts, *packs: str) -> Outcome:
    """Return what the engine says with these packs."""
    return engine.evaluate(question, facts, [packs_loader.get(pack) for pack in packs])
