"""The firm's own numbers. They are never law and can only restrict."""

from __future__ import annotations

from compliance.facts import Facts, Question
from compliance.predicates.counts import count_limit
from compliance.predicates.hours import convenient_time, enabled
from compliance.predicates.registry import PASSED, Finding, fails, predicate


@predicate
def firm_caps(question: Question, facts: Facts) -> Finding:
    """This will pass while every cap of the firm that covers this channel has room left."""
    if facts.firm_policy is None:
        return PASSED
    failing: Finding | None = None
    for cap in facts.firm_policy.caps:
        if question.channel not in cap.channels:
            continue
        found = count_limit(
            question,
            facts,
            limit=cap.limit,
            unit="attempt",
            windows=(f"dates:{cap.days}",),
            key=cap.per,
            channels=cap.channels,
        )
        if not found.passed and (failing is None or (found.next_at or question.at) > (failing.next_at or question.at)):
            failing = fails({**found.values, "days": cap.days}, found.next_at, found.counted)
    return failing or PASSED


@predicate
def wishes_about_times(question: Question, facts: Facts, *, policy: str) -> Finding:
    """This will pass outside times named as inconvenient, where the firm has decided to honour them everywhere."""
    return convenient_time(question, facts) if enabled(question, facts, policy) else PASSED
