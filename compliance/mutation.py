"""Mutants of a pack: the same rules with one bound shifted or one clause left out; and which of them its proofs catch.

A mutant is killed when one example of the pack, or one test vector that names the pack, no longer holds. A survivor is
a bound or a clause that nothing proves. `mutants.toml` in the folder of a pack lists the survivors that are no gap:

    [[equivalent]]
    mutants = ["X-HOURS: when channel: left out"]
    why = "Every channel is named: there is nothing to leave out."

One listed that is killed, or that is not there any more, is a mistake. Mutants are made from the compiled rules and run
by the engine itself; nothing is written.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from compliance import choices, engine, packs_loader
from compliance.engine import Result
from compliance.examples import Case
from compliance.mutants import Mutant, mutants
from compliance.packs_loader import POLICY, Pack, PackError, Rule

EXPLAINED: Final = "mutants.toml"
_NEAR: Final = (engine.FAIL, engine.LIFTED, engine.ADVISED, engine.OVERRIDDEN)


@dataclass(frozen=True, slots=True)
class Report:
    """What became of the mutants of one pack. `mistakes` are entries of mutants.toml that are not true."""

    pack: str
    mutants: int
    killed: int
    explained: tuple[str, ...]
    survivors: tuple[str, ...]
    mistakes: tuple[str, ...]

    @property
    def sound(self) -> bool:
        """Whether everything that is not proved is explained, and everything explained is true."""
        return not self.survivors and not self.mistakes


def _by_rule(pack: Pack, cases: Sequence[Case]) -> dict[str, list[Case]]:
    """Return, for each rule, the cases in the order in which they are likely to notice a change of it."""
    ranked: dict[str, list[tuple[int, int, Case]]] = {rule.id: [] for rule in pack.rules}
    for number, case in enumerate(cases):
        outcome = case.ask()
        said = {result.rule: result for result in outcome.results}
        for rule in pack.rules:
            result = said.get(rule.id)
            state = result.state if result else engine.NOT_APPLICABLE
            rank = 0 if state in _NEAR or rule.id in outcome.contributing else 1 if state == engine.PASS else 2
            ranked[rule.id].append((rank, number, case))
    return {rule: [case for _, _, case in sorted(found, key=lambda one: one[:2])] for rule, found in ranked.items()}


class _Alone:
    """What one rule says by itself about each case: a change that says the same everywhere needs no further asking."""

    def __init__(self, rule: Rule, digest: str) -> None:
        policy = packs_loader.get(POLICY)
        ground = tuple(each for each in policy.rules if each.id == engine.FAILCLOSED)
        self._rule = rule
        self._digest = digest  # of its pack: the engine keeps what it compiled by digest, and ids are shared by packs
        self._policy = replace(policy, rules=ground, hash=f"{policy.hash} ground")
        self._frame = replace(policy, id="alone", hash=f"{policy.hash} alone", rules=())
        self._said: dict[int, tuple[object, ...]] = {}

    def says_the_same(self, changed: Rule, digest: str, case: Case) -> bool:
        """Whether the changed rule says of this case what the rule itself says."""
        if id(case) not in self._said:
            self._said[id(case)] = self._say(self._rule, self._digest, case)
        return self._said[id(case)] == self._say(changed, digest, case)

    def _say(self, rule: Rule, digest: str, case: Case) -> tuple[object, ...]:
        frame = replace(self._frame, rules=(rule,), hash=f"{rule.id} {digest} {self._frame.hash}")
        outcome = engine.evaluate(case.question, case.facts, [frame, self._policy])
        result = outcome.result(rule.id)
        ground = outcome.result(engine.FAILCLOSED)
        return (_essence(result), _essence(ground), outcome.failing)


def _essence(result: Result | None) -> tuple[object, ...] | None:
    if result is None:
        return None
    found = result.finding
    return result.state, found.passed, found.next_at, found.contributing


def killer(mutant: Mutant, cases: Sequence[Case], alone: _Alone | None = None) -> str | None:
    """Return the first case that notices this mutant, or None."""
    for case in cases:
        changed = mutant.alone if not case.in_full else None
        if alone is not None and changed is not None and alone.says_the_same(changed, mutant.pack.hash, case):
            continue
        if case.judge(case.ask(mutant.pack)):
            return case.name
    return None


def explanations(pack_id: str, folder: Path | None = None) -> dict[str, str]:
    """Return the mutants that are explained as no gap, each with the reason. Raises PackError."""
    path = (folder or packs_loader.FOLDER) / pack_id / EXPLAINED
    if not path.is_file():
        return {}
    where = f"{pack_id}/{EXPLAINED}"
    try:
        with path.open("rb") as stream:
            data = tomllib.load(stream)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise PackError(where, str(error)) from None
    found: dict[str, str] = {}
    if set(data) - {"equivalent"}:
        raise PackError(where, "only [[equivalent]] belongs here")
    for entry in data.get("equivalent", []):
        names, why = entry.get("mutants"), entry.get("why")
        if set(entry) != {"mutants", "why"} or not isinstance(names, list) or not isinstance(why, str) or not why:
            raise PackError(where, "an entry is mutants = [names] and why = the reason in words")
        found |= dict.fromkeys((str(name) for name in names), why)
    return found


def check(pack: Pack, cases: Sequence[Case], explained: Mapping[str, str] | None = None) -> Report:
    """Run every mutant of a pack against the cases that hold for the pack itself."""
    reasons = explained or {}
    sound = [case for case in cases if not case.judge(case.ask())]
    order = _by_rule(pack, sound)
    killed: list[str] = []
    alive: list[str] = []
    for name, noticed in choices.proofs(pack):
        (killed if noticed else alive).append(name)
    alone = {rule.id: _Alone(rule, pack.hash) for rule in pack.rules if rule.id != engine.FAILCLOSED}
    for mutant in mutants(pack):
        noticed_by = killer(mutant, order[mutant.rule], alone.get(mutant.rule))
        (killed if noticed_by else alive).append(mutant.name)
    mistakes = [f"{name}: explained as no gap, but killed" for name in killed if name in reasons]
    mistakes += [f"{name}: explained, but no such mutant" for name in reasons if name not in {*killed, *alive}]
    return Report(
        pack.id,
        mutants=len(killed) + len(alive),
        killed=len(killed),
        explained=tuple(name for name in alive if name in reasons),
        survivors=tuple(name for name in alive if name not in reasons),
        mistakes=tuple(mistakes),
    )
