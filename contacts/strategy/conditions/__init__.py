"""Conditions over a closed list of facts, compiled to Q: the same expression filters one case or a million.

A condition is JSON: `{}` (always), `{"all": […]}`, `{"any": […]}`, `{"not": …}`, `{"named": "good"}` (a condition that
the strategy gives a name), or a leaf `{"fact": "dpd", "op": "at_least", "value": 30}`. A list of words may hold
"@cities": a set that the strategy gives a name. Nothing else is understood, and an error names the path.

A fact may be unknown (nobody has spoken with the borrower, his language is not stated). Then a leaf is neither true nor
false, and so is its negation (Kleene's logic): a case matches only when the condition is true for certain. Who wants
the unknown ones says so: `{"fact": "jurisdiction", "op": "known", "value": false}`.
"""

from contacts.strategy.conditions.asking import in_turn, one_by_one
from contacts.strategy.conditions.compiling import check, compile_condition, holds_for, matching
from contacts.strategy.conditions.facts import FACTS
from contacts.strategy.conditions.language import ALWAYS, NEVER, OPERATORS, ConditionError, Context, Fact, Truth
from contacts.strategy.conditions.of_people import held, reachable

__all__ = [
    "ALWAYS",
    "FACTS",
    "NEVER",
    "OPERATORS",
    "ConditionError",
    "Context",
    "Fact",
    "Truth",
    "check",
    "compile_condition",
    "held",
    "holds_for",
    "in_turn",
    "matching",
    "one_by_one",
    "reachable",
]
