"""The examples of a pack: sentences that officers read and tests run.

An example is a test vector in short: the pack is its own unless it names others, one location claim is made of `zone`,
and the proposal is a call by the creditor (or `actor_kind`) to the debtor's mobile about debt D1 unless `given` says
otherwise.

It is `permitted = true`, or `refused_by` exactly these rules, whatever their order; `next` is the next permitted time.
`warns`: exactly these advisories of the pack (a name or a list; `[]` for none). `passes`: rules that must have been
asked and be kept, which is how a definition or an exception is named; `silent`: rules that do not apply at all.
`rests_on`: sibling rules on which a refusal rests; `shows`: values of findings by rule, as readers see them.
`as_of`: the date at which the packs are read.
`context` may set a `firm_policy` with `contact_hours`, `guard_minutes`, `caps` and `enabled`; `given` may hold an
`override` (a supervisor's reason to go on past a soft rule).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from compliance import engine, packs_loader, vectors
from compliance.engine import Outcome
from compliance.facts import Facts, Question
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
    "passes",
    "silent",
    "rests_on",
    "shows",
    "as_of",
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
        "as_of": _iso(example.get("as_of")),
    }
    try:
        return vectors.parse(raw)
    except vectors.VectorError as error:
        raise PackError(where, str(error)) from None


def _names(value: Any) -> set[str]:
    return {value} if isinstance(value, str) else set(value or ())


def judge(pack: Pack, example: Mapping[str, Any], vector: vectors.Vector, outcome: Outcome) -> str:
    """Return in what the outcome differs from the example, or nothing."""
    why = []
    if outcome.verdict != vector.expected:
        why.append(f"{outcome.verdict}, by {', '.join(outcome.failing) or 'nothing'}")
    elif example.get("refused_by") and set(example["refused_by"]) != set(outcome.failing):
        why.append(f"refused by {', '.join(outcome.failing)}")
    if vector.next_permitted is not None and outcome.next_permitted != vector.next_permitted:
        why.append(f"next permitted {outcome.next_permitted}")
    if "warns" in example:
        own = {result.rule for result in outcome.results if result.pack == pack.id}
        warned = own & set(outcome.advisories)
        if warned != _names(example["warns"]):
            why.append(f"warnings: {', '.join(sorted(warned)) or 'none'}")
    if "passes" in example:
        kept = {result.rule for result in outcome.results if result.state == engine.PASS}
        if missed := _names(example["passes"]) - kept:
            why.append(f"not asked, or not kept: {', '.join(sorted(missed))}")
    if "silent" in example:
        apply = {result.rule for result in outcome.results if result.state != engine.NOT_APPLICABLE}
        if said := _names(example["silent"]) & apply:
            why.append(f"not silent: {', '.join(sorted(said))}")
    if missed := _names(example.get("rests_on")) - set(outcome.contributing):
        why.append(f"does not rest on {', '.join(sorted(missed))}")
    for rule, values in example.get("shows", {}).items():
        result = outcome.result(rule)
        shown = result.finding.values if result else {}
        why += [f"{rule} shows {key} = {shown.get(key)}" for key, value in values.items() if shown.get(key) != value]
    return "; ".join(why)


@dataclass(frozen=True, slots=True)
class Case:
    """A question with its facts, its packs, and what the answer must be: an example or a vector, ready to be asked."""

    name: str
    question: Question
    facts: Facts
    packs: tuple[Pack, ...]
    judge: Callable[[Outcome], str]  # in what the outcome differs from what is expected; nothing: it holds
    in_full: bool = True  # more is compared than what each rule decides: the next permitted time, or values shown

    def ask(self, instead: Pack | None = None) -> Outcome:
        """Return what the engine says; `instead` takes the place of the pack of the same name."""
        packs = [instead if instead is not None and pack.id == instead.id else pack for pack in self.packs]
        return engine.evaluate(self.question, self.facts, packs)


def cases(pack: Pack) -> list[Case]:
    """Return the examples of a pack, ready to be asked. Raises PackError."""
    found = []
    for example in pack.examples:
        vector = as_vector(pack, example)
        packs = tuple(pack if name == pack.id else packs_loader.get(name) for name in vector.packs)
        judged = _judge_of(pack, example, vector)
        found.append(
            Case(
                str(example["says"]),
                vector.question,
                vector.facts,
                packs,
                judged,
                _in_full(vector) or "shows" in example,
            )
        )
    return found


def _in_full(vector: vectors.Vector) -> bool:
    return vector.expected != "permit" and vector.next_permitted is not None


def _judge_of(pack: Pack, example: Mapping[str, Any], vector: vectors.Vector) -> Callable[[Outcome], str]:
    return lambda outcome: judge(pack, example, vector, outcome)


def _agreement_of(vector: vectors.Vector) -> Callable[[Outcome], str]:
    return lambda outcome: "" if vectors.agrees(vector, outcome) else "disagrees"


def vector_cases(found: Iterable[vectors.Vector]) -> list[Case]:
    """Return the vectors whose packs are all installed and readable, ready to be asked."""
    ready = []
    for vector in found:
        try:
            packs = tuple(packs_loader.get(name) for name in vector.packs)
        except PackError:
            continue
        ready.append(Case(vector.id, vector.question, vector.facts, packs, _agreement_of(vector), _in_full(vector)))
    return ready


def vectors_of(folder: Path) -> list[vectors.Vector]:
    """Return the vectors of every file of a folder. Raises VectorError, OSError."""
    return [vector for path in sorted(folder.glob("*.jsonl")) for vector in vectors.read(path)]


def run(pack: Pack) -> list[ExampleResult]:
    """Return what became of every example of a pack."""
    return [ExampleResult(pack.id, case.name, not why, why) for case, _, why in asked(pack)]


def asked(pack: Pack) -> list[tuple[Case, Outcome, str]]:
    """Return every example of a pack with its outcome, and in what that differs from what it says."""
    found = []
    for case in cases(pack):
        outcome = case.ask()
        found.append((case, outcome, case.judge(outcome)))
    return found


def gaps(pack: Pack, outcomes: Iterable[Outcome]) -> list[str]:
    """Return what a pack must still say: rules without text, reviewer or date, and restrictions seen from one side.

    outcomes: those of its examples. A restriction needs an example that it refuses, and one in which it is asked and
    kept; where the thing itself is forbidden, whatever the facts, the first is enough.
    """
    states: dict[str, set[str]] = {}
    for outcome in outcomes:
        for result in outcome.results:
            states.setdefault(result.rule, set()).add(result.state)
    found = []
    for rule in pack.rules:
        for name, value in (("text", rule.text), ("reviewer", rule.reviewer), ("reviewed_on", rule.reviewed_on)):
            if not value:
                found.append(f"{rule.id}: {name}: missing")
        if rule.role != "restriction" or rule.check == "always":
            continue
        seen = states.get(rule.id, set())
        if engine.FAIL not in seen:
            found.append(f"{rule.id}: no example is refused by it")
        if engine.PASS not in seen and rule.check != "never":
            found.append(f"{rule.id}: in no example is it asked and kept")
    return found
