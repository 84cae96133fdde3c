"""How long something is kept: the longest minimum, the shortest maximum, and what a legal hold does to both.

Computed from the rules of the packs that bind the case, never stamped on the thing: a settled debt, a new contact or a
legal hold changes the answer at once. Minimum before maximum: what must still be kept is not destroyed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from compliance import engine
from compliance.engine import FAIL, PASS, Result
from compliance.facts import Facts, Id, Question
from compliance.packs_loader import Pack
from compliance.predicates.retention import RECORDING, on_hold

MINIMA: Final = frozenset({"retention_minimum", "recording_kept", "recording_not_of_agreement", "recorded_and_kept"})
MAXIMA: Final = frozenset({"retention_maximum"})
OPEN: Final = "open"


@dataclass(frozen=True, slots=True)
class Ground:
    """A rule that says how long. until: its last day; None: no end is known yet."""

    rule: str
    pack: str
    until: date | None


@dataclass(frozen=True, slots=True)
class Term:
    """How long one thing is kept.

    verdict: "keep" (a minimum runs, or a hold stands), "may delete", "destroy" (a maximum has run). keep_until: last
    day of the longest minimum; None with verdict "keep": no end is known. destroy_from: first day on which it must be
    gone; None: no rule says so. held: a legal hold stands.
    """

    verdict: str
    keep_until: date | None
    destroy_from: date | None
    held: bool
    minima: tuple[Ground, ...]
    maxima: tuple[Ground, ...]


def term(
    facts: Facts,
    at: datetime,
    *,
    packs: Sequence[Pack],
    kind: str = RECORDING,
    recording: Id | None = None,
    debts: tuple[Id, ...] = (),
    actor_kind: str = "creditor",
    agency: Id | None = None,
) -> Term:
    """Return how long a record of this kind is kept, by the rules of these packs at this instant.

    kind: what is kept ("recording", "contact_log", ...); of a recording its id, whose contact is among the facts. What
    cannot be judged (unknown place, broken pack) is kept.
    """
    recorded = kind == RECORDING
    delete = Question(
        at=at,
        kind="action",
        action="delete_recording" if recorded else "delete_record",
        data_type=None if recorded else kind,
        recording=recording,
        debts=debts,
        actor_kind=actor_kind,
        agency=agency,
    )
    keep = replace(delete, action="keep_recording" if recorded else "keep_record")
    deleting, keeping = engine.evaluate(delete, facts, packs), engine.evaluate(keep, facts, packs)
    checks = {(rule.pack, rule.id): rule.check for pack in packs for rule in pack.rules}
    minima = _grounds(deleting.results, checks, MINIMA, "keep_until")
    maxima = _grounds(keeping.results, checks, MAXIMA, "destroy_from")
    held = on_hold(delete, facts)
    over = any(one.state == FAIL and checks.get((one.pack, one.rule)) in MAXIMA for one in keeping.results)
    known = [ground.until for ground in minima if ground.until is not None]
    endless = held or any(ground.until is None for ground in minima)
    ends = [ground.until for ground in maxima if ground.until is not None]
    return Term(
        verdict="keep" if held or not deleting.permitted else "destroy" if over else "may delete",
        keep_until=None if endless else max(known, default=None),
        destroy_from=min(ends, default=None),
        held=held,
        minima=minima,
        maxima=maxima,
    )


def _grounds(
    results: Sequence[Result], checks: dict[tuple[str, str], str], wanted: frozenset[str], value: str
) -> tuple[Ground, ...]:
    """Return what each rule of these checks that was asked says about the time."""
    found = []
    for result in results:
        if result.state not in {PASS, FAIL} or checks.get((result.pack, result.rule)) not in wanted:
            continue
        said = result.finding.values.get(value)
        if said is None:
            continue  # it has nothing to say about this kind of record
        found.append(Ground(result.rule, result.pack, None if said == OPEN else date.fromisoformat(str(said))))
    return tuple(found)
