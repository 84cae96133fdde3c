"""The examples of a pack: sentences that officers read and tests run.

An example is a test vector in short: the pack is its own unless it names others, one location claim is made of `zone`,
and the proposal is a call by the creditor (or `actor_kind`) to the debtor's mobile about debt D1 unless `given` says
otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from compliance import engine, packs_loader, vectors
from compliance.packs_loader import Pack, PackError

_KEYS = {
    "says",
    "at",
    "zone",
    "packs",
    "jurisdiction",
    "context",
    "given",
    "events",
    "refused_by",
    "permitted",
    "next",
    "warns",
}
_DEFAULT = {
    "kind": "contact", "channel": "phone", "direction": "outbound", "party": "debtor", "contact_point": "D-M1",
    "point_kind": "mobile", "debts": ["D1"], "actor_kind": "creditor", "purpose": "collection",
}  # fmt: skip
_EVENT_DEFAULT = {**_DEFAULT, "outcome": "no_answer"}


@dataclass(frozen=True, slots=True)
class ExampleResult:
    """Whether the pack says what its example says."""

    pack: str
    says: str
    holds: bool
    why: str


def _iso(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: _iso(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_iso(item) for item in value]
    return value


def as_vector(pack: Pack, example: Mapping[str, Any]) -> vectors.Vector:
    """Return an example as a vector. Raises PackError naming the example."""
    where = f"{pack.id}/examples.toml: {example.get('says', '?')!r}"
    unknown = set(example) - _KEYS
    if unknown or "says" not in example or not isinstance(example.get("at"), datetime):
        raise PackError(where, f"says and at (with offset) are needed; unknown: {', '.join(sorted(unknown)) or 'none'}")
    if ("refused_by" in example) == ("permitted" in example):
        raise PackError(where, "either refused_by or permitted")
    given = example.get("given", {})
    query = {"kind": given.get("kind", "contact")} if given.get("kind") == "action" else dict(_DEFAULT)
    events = []
    if "zone" in example:
        events.append({"at": "2020-01-01T00:00:00Z", "kind": "location", "party": "debtor", "zone": example["zone"]})
    for event in example.get("events", []):
        events.append(_iso({**_EVENT_DEFAULT, **event} if event.get("kind", "contact") == "contact" else event))
    refused = list(example.get("refused_by", []))
    jurisdiction = example.get("jurisdiction") or (pack.jurisdictions[0] if pack.jurisdictions else "XX")
    raw = {
        "id": example["says"],
        "packs": example.get("packs", [pack.id]),
        "jurisdiction": jurisdiction,
        "context": {"product": "consumer_debt", "creditor_kind": "unspecified", **example.get("context", {})},
        "events": events,
        "query": {**query, **_iso(given), "at": example["at"].isoformat()},
        "expected": "block" if refused else "permit",
        "rule": refused[0] if refused else engine.FAILCLOSED,
        "next_permitted": _iso(example.get("next")),
        "advisory": example.get("warns"),
    }
    try:
        return vectors.parse(raw)
    except vectors.VectorError as error:
        raise PackError(where, str(error)) from None


def run(pack: Pack) -> list[ExampleResult]:
    """Return what became of every example of a pack."""
    results = []
    for example in pack.examples:
        vector = as_vector(pack, example)
        packs = [pack if name == pack.id else packs_loader.get(name) for name in vector.packs]
        outcome = engine.evaluate(vector.question, vector.facts, packs)
        why = []
        if outcome.verdict != vector.expected:
            why.append(f"{outcome.verdict}, by {', '.join(outcome.failing) or 'nothing'}")
        elif example.get("refused_by") and set(example["refused_by"]) != set(outcome.failing):
            why.append(f"refused by {', '.join(outcome.failing)}")
        if vector.next_permitted is not None and outcome.next_permitted != vector.next_permitted:
            why.append(f"next permitted {outcome.next_permitted}")
        if vector.advisory is not None and vector.advisory not in outcome.advisories:
            why.append(f"no warning {vector.advisory}")
        results.append(ExampleResult(pack.id, str(example["says"]), not why, "; ".join(why)))
    return results
