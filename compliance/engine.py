"""The engine: `evaluate(question, facts, packs) -> Outcome`. No database, no clock, no randomness, no Django.

Every rule of every pack given is looked at, and what it said is kept, passes included. Any block wins. An exception
lifts only the rules of its own pack that it names. What is not known, and whatever goes wrong, is a block that names
it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

from compliance import packs_loader
from compliance.facts import Facts, Question
from compliance.packs_loader import POLICY, Condition, Pack, Rule
from compliance.predicates.registry import PASSED, PREDICATES, Finding, MissingFact, fails
from compliance.predicates.scope import zones_of
from compliance.vocabulary import STRENGTHS
from compliance.windows import local, start_of_day

FAILCLOSED: Final = "POLICY-FAILCLOSED"
ENGINE_ERROR: Final = "POLICY-ENGINE-ERROR"
MAX_STEPS: Final = 64
HORIZON: Final = timedelta(days=3 * 366)

PASS: Final = "pass"  # noqa: S105  (a state, not a password)
FAIL: Final = "fail"
LIFTED: Final = "lifted"  # failed, and an exception of its own pack applies
OVERRIDDEN: Final = "overridden"  # a soft rule failed, and a supervisor's recorded reason sets it aside
ADVISED: Final = "advised"  # an advisory pattern fits: permitted, with a warning
NOT_APPLICABLE: Final = "n/a"

_NOTHING: Final = PASSED


@dataclass(frozen=True, slots=True)
class Result:
    """What one rule said about one question."""

    rule: str
    pack: str
    role: str
    state: str
    strength: str
    finding: Finding = _NOTHING
    because: str = ""  # n/a: which condition did not fit; lifted: by which exception


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer and everything that it rests on."""

    verdict: str  # permit, refuse
    at: datetime
    results: tuple[Result, ...]
    failing: tuple[str, ...]
    contributing: tuple[str, ...]
    advisories: tuple[str, ...]
    overridden: tuple[str, ...]
    strength: str  # of the strongest failing rule; empty on a permit
    next_permitted: datetime | None
    packs: tuple[tuple[str, str, str], ...]  # id, version, hash

    @property
    def permitted(self) -> bool:
        """Whether nothing forbids it."""
        return self.verdict == "permit"

    @property
    def evaluated(self) -> tuple[str, ...]:
        """The ids of all rules looked at."""
        return tuple(result.rule for result in self.results)

    def result(self, rule: str) -> Result | None:
        """Return what a rule said, if it was looked at."""
        return next((result for result in self.results if result.rule == rule), None)


@dataclass(frozen=True, slots=True)
class _Active:
    """A rule with the parameters in force on one date, ready to run."""

    rule: Rule
    function: Callable[..., Finding]
    params: Mapping[str, Any]
    ends: date | None
    in_force: bool
    passed: Result  # the result of a plain pass, made once
    unfit: dict[str, Result]  # the results of not applying, by condition, made once each
    forbids: bool  # a restriction: neither exception, definition nor advisory

    def not_applicable(self, condition: str) -> Result:
        """Return the result that says which condition did not fit."""
        result = self.unfit.get(condition)
        if result is None:
            rule = self.rule
            result = Result(rule.id, rule.pack, rule.role, NOT_APPLICABLE, rule.strength, because=condition)
            self.unfit[condition] = result
        return result


@dataclass(frozen=True, slots=True)
class _Program:
    """The packs of one question, compiled for one date."""

    packs: tuple[Pack, ...]
    coverage: tuple[_Active, ...]
    active: tuple[_Active, ...]
    ground: _Active | None  # the rule that asks whether enough is known at all
    kind_of: Callable[[Question, Facts], Any]  # all that conditions look at, as a key
    unfit_of: dict[Any, tuple[tuple[str, ...], tuple[str, ...]]]  # by that key: what does not fit each rule, or nothing

    def unfit(self, question: Question, facts: Facts) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return for each coverage rule, and for each other rule, the condition that does not fit, or nothing."""
        key = self.kind_of(question, facts)
        known = self.unfit_of.get(key)
        if known is None:
            if len(self.unfit_of) >= MANY:
                self.unfit_of.clear()
            known = (
                tuple(_unfit(active, question, facts) for active in self.coverage),
                tuple(_unfit(active, question, facts) for active in self.active),
            )
            self.unfit_of[key] = known
        return known


MANY: Final = 4096


def _unfit(active: _Active, question: Question, facts: Facts) -> str:
    if not active.in_force:
        return "date"
    return _fits(active.rule.when, question, facts, every=active.rule.role == "exception")


def _kind_of(packs: Sequence[Pack]) -> Callable[[Question, Facts], Any]:
    """Return the function that reads everything which the conditions of these packs look at."""
    conditions = [condition for pack in packs for rule in pack.rules for condition in rule.when]
    asked = sorted({condition.attribute for condition in conditions if condition.of_question} | {"kind", "channel"})
    known = sorted({condition.attribute for condition in conditions if not condition.of_question})
    of_question, of_facts = attrgetter(*asked), attrgetter(*known, "product", "other_products")
    return lambda question, facts: (of_question(question), of_facts(facts))


@lru_cache(maxsize=1024)
def _compile(hashes: tuple[str, ...], day: date) -> _Program:
    packs = tuple(_by_hash[one] for one in hashes)
    coverage: list[_Active] = []
    active: list[_Active] = []
    for pack in packs:
        for rule in pack.rules:
            version = rule.version_on(day)
            ready = _Active(
                rule,
                PREDICATES[rule.check].function,
                version.params if version else {},
                version.ends if version else None,
                version is not None,
                Result(rule.id, rule.pack, rule.role, PASS, rule.strength),
                {},
                rule.role == "restriction",
            )
            (coverage if rule.role == "coverage" else active).append(ready)
    ground = next((one for one in active if one.rule.id == FAILCLOSED), None)
    return _Program(packs, tuple(coverage), tuple(active), ground, _kind_of(packs), {})


_by_hash: Final[dict[str, Pack]] = {}


def compiled(packs: Sequence[Pack], day: date) -> _Program:
    """Return the packs compiled for a date; cached by their contents. POLICY always takes part, once, last."""
    chosen = {pack.id: pack for pack in packs if pack.id != POLICY}
    policy = next((pack for pack in packs if pack.id == POLICY), None) or packs_loader.get(POLICY)
    ordered = (*chosen.values(), policy)
    for pack in ordered:
        _by_hash.setdefault(pack.hash, pack)
    return _compile(tuple(pack.hash for pack in ordered), day)


def _fits(conditions: Iterable[Condition], question: Question, facts: Facts, *, every: bool = False) -> str:
    """Return the first condition that does not fit, or nothing.

    Where the debts are of several products one that fits is enough; every: all of them must (of an exception).
    """
    for condition in conditions:
        value = getattr(question if condition.of_question else facts, condition.attribute)
        fits = (value in condition.values) is not condition.negated
        if facts.other_products and condition.attribute == "product":
            others = [(other in condition.values) is not condition.negated for other in facts.other_products]
            fits = fits and all(others) if every else fits or any(others)
        if not fits:
            return condition.attribute
    return ""


def _day_of(question: Question, facts: Facts) -> date:
    """Return the date at which the packs are read: as_of, else the local date of the person, else the date in UTC."""
    if facts.as_of is not None:
        return facts.as_of
    try:
        return local(question.at, zones_of(question, facts)[0]).date()
    except (MissingFact, KeyError, ValueError, OSError):
        return question.at.astimezone(UTC).date()


def _run(active: _Active, question: Question, facts: Facts) -> Finding:
    return active.function(question, facts, **active.params)


def _opening(active: _Active, found: Finding, question: Question, facts: Facts) -> datetime | None:
    """Return the earliest instant at which a failing rule could pass: its own opening, or the end of its dates."""
    if active.ends is None or facts.as_of is not None:
        return found.next_at
    over = max(start_of_day(active.ends + timedelta(days=1), zone) for zone in zones_of(question, facts))
    return over if found.next_at is None else min(over, found.next_at)


@dataclass(frozen=True, slots=True)
class _Evaluation:
    results: tuple[Result, ...]
    failing: tuple[Result, ...]
    openings: tuple[datetime | None, ...]  # one per failing rule
    contributing: tuple[str, ...]


def _stop(results: list[Result], rule: str, pack_of: str, values: Mapping[str, str]) -> _Evaluation:
    stopped = Result(rule, pack_of, "restriction", FAIL, "hard", fails(dict(values)))
    kept = [result for result in results if result.rule != rule]
    return _Evaluation((*kept, stopped), (stopped,), (None,), ())


def _evaluate_once(question: Question, facts: Facts, program: _Program) -> _Evaluation:
    """Run every rule at the instant of the question."""
    results: list[Result] = []
    try:
        if program.ground is None:
            raise MissingFact("pack POLICY")
        known = _run(program.ground, question, facts)
        if all(pack.id == POLICY for pack in program.packs):
            raise MissingFact("pack")
    except MissingFact as missing:
        return _stop(results, FAILCLOSED, POLICY, {"missing": missing.missing})

    unfit_coverage, unfit_active = program.unfit(question, facts)
    uncovered: set[str] = set()
    for active, unfit in zip(program.coverage, unfit_coverage, strict=True):
        rule = active.rule
        if unfit:
            results.append(active.not_applicable(unfit))
            continue
        found = _run(active, question, facts)
        results.append(Result(rule.id, rule.pack, rule.role, PASS, rule.strength, found))
        if not found.passed:
            uncovered.add(rule.pack)

    failed: list[tuple[_Active, Finding]] = []
    exceptions: dict[str, list[tuple[_Active, Finding]]] = {}
    order: dict[str, int] = {}
    missing_facts: list[str] = []
    for active, unfit in zip(program.active, unfit_active, strict=True):
        rule = active.rule
        order[rule.id] = len(results)
        if unfit or rule.pack in uncovered:
            results.append(active.not_applicable("coverage" if rule.pack in uncovered else unfit))
            continue
        try:
            found = known if active is program.ground else _run(active, question, facts)
        except MissingFact as missing:
            found = fails({"missing": missing.missing})
            if rule.role in {"exception", "definition"}:
                found = Finding(passed=rule.role == "definition", values={"missing": missing.missing})
            else:
                missing_facts.append(missing.missing)
        if rule.role == "exception":
            for target in rule.lifts:
                exceptions.setdefault(target, []).append((active, found))
            state = PASS if found.passed else NOT_APPLICABLE
            because = "" if found.passed else "does not apply"
            results.append(Result(rule.id, rule.pack, rule.role, state, rule.strength, found, because))
        elif found is PASSED:
            results.append(active.passed)
        elif found.passed or rule.role == "definition":
            results.append(Result(rule.id, rule.pack, rule.role, PASS, rule.strength, found))
        elif rule.role == "advisory":
            results.append(Result(rule.id, rule.pack, rule.role, ADVISED, rule.strength, found))
        else:
            failed.append((active, found))
            results.append(Result(rule.id, rule.pack, rule.role, FAIL, rule.strength, found))

    failing: list[Result] = []
    openings: list[datetime | None] = []
    contributing: list[str] = []
    for active, found in failed:
        rule, place = active.rule, order[active.rule.id]
        excuses = exceptions.get(rule.id, [])
        applied = next((excuse for excuse, said in excuses if said.passed), None)
        if applied is not None:
            results[place] = Result(rule.id, rule.pack, rule.role, LIFTED, rule.strength, found, applied.rule.id)
            contributing.append(applied.rule.id)
            continue
        if rule.strength == "soft" and _overrides(question, rule.id):
            results[place] = Result(rule.id, rule.pack, rule.role, OVERRIDDEN, rule.strength, found)
            continue
        contributing += [excuse.rule.id for excuse, _ in excuses]
        contributing += found.contributing
        failing.append(results[place])
        ways = [_opening(active, found, question, facts), *(said.next_at for _, said in excuses)]
        openings.append(min((way for way in ways if way is not None), default=None))
    if missing_facts:
        place = order[FAILCLOSED]
        stopped = Result(FAILCLOSED, POLICY, "restriction", FAIL, "hard", fails({"missing": missing_facts[0]}))
        results[place] = stopped
        failing.append(stopped)
        openings.append(None)
    return _Evaluation(tuple(results), tuple(failing), tuple(openings), tuple(dict.fromkeys(contributing)))


def _overrides(question: Question, rule: str) -> bool:
    """Whether a person, not a machine, goes on past this soft rule with a supervisor's recorded reason."""
    override = question.override
    if question.automated or override is None or not override.reason.strip():
        return False
    return not override.rules or rule in override.rules


def _safely(question: Question, facts: Facts, packs: Sequence[Pack]) -> _Evaluation:
    """Run the rules; whatever goes wrong in one is a block that names it."""
    try:
        return _evaluate_once(question, facts, compiled(packs, _day_of(question, facts)))
    except Exception as error:  # noqa: BLE001  (fail closed: whatever it is, it is a refusal)
        return _stop([], ENGINE_ERROR, POLICY, {"error": type(error).__name__, "message": str(error)[:120]})


def _next_permitted(question: Question, facts: Facts, packs: Sequence[Pack], first: _Evaluation) -> datetime | None:
    """Return the earliest instant from the question on at which nothing forbids it, if nothing else happens.

    Advance to the latest opening that the failing rules name, evaluate again, to a fixed point. None when a rule names
    no end, or none is found within the horizon.
    """
    at, found = question.at, first
    for _ in range(MAX_STEPS):
        if not found.failing:
            return at
        if None in found.openings:
            return None
        later = max(opening for opening in found.openings if opening is not None)
        if later <= at or later - question.at > HORIZON:
            return None
        at = later
        found = _safely(question.moved_to(at), _aged(facts, question, at), packs)
    return None


def _aged(facts: Facts, question: Question, at: datetime) -> Facts:
    """Return the facts as they are at a later instant if nothing happens: a debt grows a day older every local day."""
    if facts.dpd is None:
        return facts
    try:
        zone = zones_of(question, facts)[0]
        days = (local(at, zone).date() - local(question.at, zone).date()).days
    except (MissingFact, KeyError, ValueError, OSError):
        return facts
    return replace(facts, dpd=facts.dpd + days) if days else facts


def evaluate(question: Question, facts: Facts, packs: Sequence[Pack]) -> Outcome:
    """Return whether the packs permit what is proposed at question.at, with every rule's finding. Never raises."""
    found = _safely(question, facts, packs)
    failing = tuple(result.rule for result in found.failing)
    strengths = [result.strength for result in found.failing]
    return Outcome(
        verdict="refuse" if failing else "permit",
        at=question.at,
        results=found.results,
        failing=failing,
        contributing=found.contributing,
        advisories=tuple(result.rule for result in found.results if result.state == ADVISED),
        overridden=tuple(result.rule for result in found.results if result.state == OVERRIDDEN),
        strength=min(strengths, key=STRENGTHS.index) if strengths else "",
        next_permitted=_next_permitted(question, facts, packs, found),
        packs=tuple((pack.id, pack.version, pack.hash) for pack in packs),
    )


def permits(question: Question, facts: Facts, packs: Sequence[Pack]) -> bool:
    """Return only whether the packs permit it: without the search for the next permitted time. Never raises.

    What forbids nothing is asked only where something does: then everything is, as `evaluate` would.
    """
    return _plainly_permits(question, facts, packs) or not _safely(question, facts, packs).failing


def refusal(question: Question, facts: Facts, packs: Sequence[Pack]) -> Outcome | None:
    """Return what `evaluate` would say where it would refuse; None where it would permit. Never raises."""
    if _plainly_permits(question, facts, packs):
        return None
    outcome = evaluate(question, facts, packs)
    return None if outcome.permitted else outcome


def _plainly_permits(question: Question, facts: Facts, packs: Sequence[Pack]) -> bool:
    try:
        return _nothing_fails(question, facts, compiled(packs, _day_of(question, facts)))
    except Exception:  # noqa: BLE001  (whatever it is, the whole evaluation meets it and names it)
        return False


def _nothing_fails(question: Question, facts: Facts, program: _Program) -> bool:
    """Whether every restriction that binds passes by itself, before any exception is looked at."""
    if program.ground is None or all(pack.id == POLICY for pack in program.packs):
        return False
    if not _run(program.ground, question, facts).passed:
        return False
    unfit_coverage, unfit_active = program.unfit(question, facts)
    uncovered = {
        active.rule.pack
        for active, unfit in zip(program.coverage, unfit_coverage, strict=True)
        if not unfit and not _run(active, question, facts).passed
    }
    return all(
        _run(active, question, facts).passed
        for active, unfit in zip(program.active, unfit_active, strict=True)
        if not unfit and active.forbids and active.rule.pack not in uncovered and active is not program.ground
    )


def refused(question: Question, error: Exception) -> Outcome:
    """Return the refusal of a question that could not be put to the rules at all."""
    stopped = _stop([], ENGINE_ERROR, POLICY, {"error": type(error).__name__, "message": str(error)[:120]})
    return Outcome("refuse", question.at, stopped.results, (ENGINE_ERROR,), (), (), (), "hard", None, ())


@lru_cache(maxsize=1)
def version() -> str:
    """Return a short hash of the source that decides: two processes with the same one give the same answers."""
    digest = hashlib.sha256()
    here = Path(__file__).parent
    for path in sorted([*here.glob("predicates/*.py"), *(here / f"{name}.py" for name in _DECIDING)]):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


_DECIDING: Final = (
    "engine", "facts", "windows", "vocabulary", "packs_loader", "periods", "calendars/__init__", "rates/__init__",
)  # fmt: skip
