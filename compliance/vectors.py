"""Test vectors: one JSON line -> question, facts, packs; and whether the engine's answer agrees with the expected one.

The format is described in tests/compliance/vectors/README.md. A vector agrees when the verdict is equal; next_permitted
is equal as an instant, unless it is null; on a block the rule is among the failing or contributing ones, on a permit
among the evaluated ones; and the advisory, where one is named, is present.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from compliance import engine, packs_loader
from compliance.facts import Cap, ContactEvent, Facts, FirmPolicy, LocationClaim, Override, Question, Record, instant
from compliance.vocabulary import OUTCOMES, RECORDS

VERDICTS: Final = {"permit": "permit", "block": "refuse"}
_RENAMED: Final = {"person": "person_id", "contact_point": "contact_point_id"}
_IGNORED: Final = frozenset({"text", "basis_text"})  # words used: personal, and never decide
_INSTANTS: Final = frozenset({"received_at", "withdrawn_at", "notified_at", "viewed_at"})
_DATES: Final = frozenset({"until", "first_due", "instalment"})


class VectorError(ValueError):
    """A line is not a vector: the message names the vector and the field."""


@dataclass(frozen=True, slots=True)
class Vector:
    """A proposed contact with the decision that the engine must reach."""

    id: str
    packs: tuple[str, ...]
    question: Question
    facts: Facts
    expected: str
    rule: str
    next_permitted: datetime | None
    advisory: str | None
    ambiguous: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What the engine said about a vector."""

    agrees: bool
    verdict: str
    rules: tuple[str, ...]
    next_permitted: datetime | None


def _value(name: str, value: Any) -> Any:
    if isinstance(value, list):
        return tuple(date.fromisoformat(item) if name == "valid_dates" else item for item in value)
    if name in _INSTANTS and value is not None:
        return instant(value)
    if name in _DATES and value is not None:
        return date.fromisoformat(value)
    if name == "components":
        return tuple(sorted(value.items()))
    if name == "override":
        return Override(**{**value, "rules": tuple(value.get("rules", ()))})
    return value


def _build(cls: type, raw: Mapping[str, Any], where: str, **given: Any) -> Any:
    names = {spec.name for spec in fields(cls)}
    values = dict(given)
    for key, value in raw.items():
        name = _RENAMED.get(key, key)
        if name in given or key in _IGNORED:
            continue
        if name not in names:
            raise VectorError(f"{where}: unknown field {key}")
        values[name] = _value(name, value)
    return cls(**values)


def _contact(raw: Mapping[str, Any], where: str) -> ContactEvent:
    if raw.get("outcome") not in OUTCOMES:
        raise VectorError(f"{where}: unknown outcome {raw.get('outcome')!r}")
    raised = {debt for side in (raw.get("raised_by") or {}).values() for debt in side}
    plain = {key: value for key, value in raw.items() if key not in {"kind", "raised_by", "staff"}}
    known = {spec.name for spec in fields(ContactEvent)} | set(_RENAMED) | _IGNORED
    return _build(  # type: ignore[no-any-return]
        ContactEvent,
        {key: value for key, value in plain.items() if key in known},
        where,
        at=instant(raw["at"]),
        raised_debts=tuple(sorted(raised - set(raw.get("debts", ())))),
    )


def _firm_policy(raw: Mapping[str, Any], where: str) -> FirmPolicy:
    if unknown := set(raw) - {"contact_hours", "guard_minutes", "caps", "enabled"}:
        raise VectorError(f"{where}: firm_policy: unknown field {', '.join(sorted(unknown))}")
    hours = raw.get("contact_hours", {})
    return FirmPolicy(
        opens=hours.get("open"),
        closes=hours.get("close"),
        guard_minutes=tuple(sorted(raw.get("guard_minutes", {}).items())),
        caps=tuple(Cap(**{**cap, "channels": tuple(cap["channels"])}) for cap in raw.get("caps", ())),
        enabled=tuple(raw.get("enabled", ())),
    )


def _facts(raw: Mapping[str, Any], where: str) -> Facts:
    context = dict(raw["context"])
    locations, contacts, records = [], [], []
    for number, event in enumerate(raw["events"], 1):
        spot = f"{where}: event {number}"
        kind = event.get("kind")
        plain = {key: value for key, value in event.items() if key not in {"kind", "at"}}
        if kind == "location":
            locations.append(_build(LocationClaim, plain, spot, at=instant(event["at"])))
        elif kind == "contact":
            contacts.append(_contact(event, spot))
        elif kind in RECORDS:
            records.append(_build(Record, plain, spot, kind=kind, at=instant(event["at"])))
        else:
            raise VectorError(f"{spot}: unknown kind {kind!r}")
    firm = context.pop("firm_policy", None)
    policy = None if firm is None else _firm_policy(firm, where)
    money = {}
    for key in ("overdraft_principal", "balance"):
        if (amount := context.pop(key, None)) is not None:
            money[key] = Decimal(str(amount["amount"]))
            money["currency"] = amount["currency"]
    jurisdiction = raw["jurisdiction"]
    return _build(  # type: ignore[no-any-return]
        Facts,
        context,
        where,
        jurisdictions=tuple(jurisdiction.split("+")) if jurisdiction else (),
        firm_policy=policy,
        as_of=date.fromisoformat(raw["as_of"]) if raw.get("as_of") else None,
        locations=tuple(locations),
        contacts=tuple(contacts),
        records=tuple(records),
        **money,
    )


def parse(raw: Mapping[str, Any]) -> Vector:
    """Return the vector of a decoded line. Raises VectorError."""
    where = str(raw.get("id", "?"))
    try:
        query = dict(raw["query"])
        question = _build(Question, {key: query[key] for key in query if key != "at"}, where, at=instant(query["at"]))
        later = raw.get("next_permitted")
        return Vector(
            id=where,
            packs=tuple(raw["packs"]),
            question=question,
            facts=_facts(raw, where),
            expected=VERDICTS[raw["expected"]],
            rule=raw["rule"],
            next_permitted=instant(later) if later else None,
            advisory=raw.get("advisory"),
            ambiguous=bool(raw.get("ambiguous", False)),
        )
    except VectorError:
        raise
    except (KeyError, TypeError, ValueError) as error:
        raise VectorError(f"{where}: {type(error).__name__}: {error}") from error


def missing_packs(vector: Vector) -> tuple[str, ...]:
    """Return the packs of a vector whose folders do not exist."""
    installed = set(packs_loader.installed())
    return tuple(pack for pack in vector.packs if pack not in installed)


def read(path: Path) -> list[Vector]:
    """Return the vectors of a file of JSON lines. Raises VectorError, OSError."""
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.strip():
            try:
                found.append(parse(json.loads(line)))
            except json.JSONDecodeError as error:
                raise VectorError(f"{path.name}:{number}: {error}") from error
    return found


def agrees(vector: Vector, outcome: engine.Outcome) -> bool:
    """Whether the outcome is what the vector expects."""
    blockers = (*outcome.failing, *outcome.contributing)
    return (
        outcome.verdict == vector.expected
        and (vector.next_permitted is None or outcome.next_permitted == vector.next_permitted)
        and vector.rule in (outcome.evaluated if outcome.permitted else blockers)
        and (vector.advisory is None or vector.advisory in outcome.advisories)
    )


def check(vector: Vector) -> Answer:
    """Return what the engine says, with the vector's packs and no others, and whether that agrees."""
    try:
        outcome = engine.evaluate(vector.question, vector.facts, [packs_loader.get(pack) for pack in vector.packs])
    except packs_loader.PackError as error:
        return Answer(agrees=False, verdict=f"error: {error}", rules=(), next_permitted=None)
    rules = (*outcome.failing, *outcome.contributing) if not outcome.permitted else outcome.advisories
    verdict = "permit" if outcome.permitted else "block"
    return Answer(agrees(vector, outcome), verdict, tuple(rules), outcome.next_permitted)
