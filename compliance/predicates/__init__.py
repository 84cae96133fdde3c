"""The kinds of rules: registered pure functions `(question, facts, **params) -> Finding`. See registry.py."""

from compliance.predicates import (
    actions,
    approach,
    basics,
    conduct,
    counts,
    duties,
    hours,
    instructions,
    limitation,
    parties,
    policy,
    requests,
    retention,
    states,
)
from compliance.predicates.registry import PREDICATES, Finding, predicate

__all__ = [
    "PREDICATES",
    "Finding",
    "actions",
    "approach",
    "basics",
    "conduct",
    "counts",
    "duties",
    "hours",
    "instructions",
    "limitation",
    "parties",
    "policy",
    "predicate",
    "requests",
    "retention",
    "states",
]
