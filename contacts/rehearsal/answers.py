"""The answers of the gate within one rehearsed day, each found once.

The gate is a pure function of question and facts, and many persons of a book are alike: the same place, product and
age of the debt, asked at the same instant, with nothing else known about them. Who they are does not matter then, so
the same answer is not looked for again. Of whoever has a past or a wish every question is asked.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from compliance import gate
from compliance.facts import Facts, Question

MOST: Final = 20_000
Refused = tuple[tuple[str, ...], datetime | None]  # what failed, and when it is permitted


class Answers:
    """What the gate says, remembered. `asked` and `known` count questions and those that were answered before."""

    def __init__(self) -> None:
        self._by_key: dict[Any, Refused | None] = {}
        self.asked = self.known = 0

    def refusal(self, question: Question, facts: Facts) -> Refused | None:
        """Return what fails and when it is permitted; None where it is permitted now."""
        self.asked += 1
        key = _key(question, facts)
        if key is None:
            return _ask(question, facts)
        if key in self._by_key:
            self.known += 1
            return self._by_key[key]
        if len(self._by_key) >= MOST:
            self._by_key.clear()
        answer = self._by_key[key] = _ask(question, facts)
        return answer


def _ask(question: Question, facts: Facts) -> Refused | None:
    outcome = gate.refusal(question, facts)
    return None if outcome is None else (outcome.failing, outcome.next_permitted)


def _key(question: Question, facts: Facts) -> Any:
    """Return question and facts without who it is; None where that may matter."""
    if facts.contacts or facts.records or question.override is not None or question.staff is not None:
        return None
    places = tuple(replace(place, person_id=None) for place in facts.locations)
    nobody = replace(question, person_id=None, contact_point_id=None, debts=())
    return nobody, question.contact_point_id is None, len(question.debts), replace(facts, locations=places)
