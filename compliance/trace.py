"""How an outcome is kept: small, canonical, and enough to see that computing it again gives the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache, lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from compliance.engine import ADVISED, FAIL, LIFTED, NOT_APPLICABLE, OVERRIDDEN, PASS, Outcome, Result
from compliance.packs_loader import Pack
from compliance.predicates.registry import PASSED


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _said(result: Result) -> dict[str, Any]:
    found = result.finding
    said: dict[str, Any] = dict(found.values)
    if found.next_at is not None:
        said["next_at"] = _iso(found.next_at)
    if found.counted:
        said["counted"] = list(found.counted)
    return said


def full(outcome: Outcome) -> list[dict[str, Any]]:
    """Return every rule looked at with its state, values, opening and counted events, in the order of the packs."""
    return [
        {
            "rule": result.rule,
            "pack": result.pack,
            "role": result.role,
            "state": result.state,
            "strength": result.strength,
            **({"because": result.because} if result.because else {}),
            "values": _said(result),
        }
        for result in outcome.results
    ]


def canonical(outcome: Outcome) -> str:
    """Return the whole outcome as canonical JSON text: equal outcomes give equal bytes in every process."""
    plain = {
        "verdict": outcome.verdict,
        "at": _iso(outcome.at),
        "next_permitted": _iso(outcome.next_permitted),
        "contributing": list(outcome.contributing),
        "packs": [list(pack) for pack in outcome.packs],
        "results": full(outcome),
    }
    return json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


FORM: Final = "2:"  # how the hash of a trace begins that was made as `_digest` makes it; earlier ones have no mark


def _digest(outcome: Outcome) -> str:
    """Return the hash of the whole outcome, the values of passes included. The same as of `canonical`, made faster:
    what a rule says that found nothing to say is one text, kept from the last time.
    """
    head = (_iso(outcome.at), outcome.verdict, _iso(outcome.next_permitted), outcome.contributing, outcome.packs)
    said: list[Any] = [head]
    lines: list[str] = []
    for result in outcome.results:
        lines.append(_line(result.rule, result.pack, result.role, result.state, result.strength, result.because))
        if result.finding is not PASSED:
            said.append(_said(result))
            lines.append(str(len(said)))
    whole = _ENCODE(said) + "\n".join(lines)
    return FORM + hashlib.sha256(whole.encode()).hexdigest()[:16]


_ENCODE: Final = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode


@lru_cache(maxsize=16_384)
def _line(rule: str, pack: str, role: str, state: str, strength: str, because: str) -> str:
    return _ENCODE((rule, pack, role, state, strength, because))


def stored(outcome: Outcome, *, like: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return what a decision keeps of its findings. like: what one kept, to make the hash of the trace as it did.

    Failing and advised rules with their values, lifted and overridden ones; the passes as one hexadecimal number per
    pack, whose n-th bit stands for its n-th rule (`passes` reads them); a rule that is nowhere did not apply.
    `trace` is the hash of everything, the values of passes included.
    """
    by_state: dict[str, list[Result]] = {}
    for result in outcome.results:
        by_state.setdefault(result.state, []).append(result)
    earlier = like is not None and not str(like.get("trace", FORM)).startswith(FORM)
    whole = hashlib.sha256(canonical(outcome).encode()).hexdigest()[:16] if earlier else _digest(outcome)
    kept: dict[str, Any] = {"trace": whole}
    for state in (FAIL, ADVISED, OVERRIDDEN):
        if state in by_state:
            kept[state] = {result.rule: _said(result) for result in by_state[state]}
    if LIFTED in by_state:
        kept[LIFTED] = {result.rule: result.because for result in by_state[LIFTED]}
    if PASS in by_state:
        kept[PASS] = _bits(outcome)
    if outcome.contributing:
        kept["contributing"] = list(outcome.contributing)
    return kept


def _bits(outcome: Outcome) -> dict[str, str]:
    """Return the passes of each pack as a hexadecimal number, its bits in the order of the results."""
    numbers: dict[str, int] = {}
    places: dict[str, int] = {}
    for result in outcome.results:
        place = places[result.pack] = places.get(result.pack, -1) + 1
        if result.state == PASS:
            numbers[result.pack] = numbers.get(result.pack, 0) | 1 << place
    return {pack: f"{number:x}" for pack, number in numbers.items()}


def passes(kept: dict[str, Any], packs: Iterable[Pack]) -> list[str]:
    """Return the ids of the rules that passed, from what a decision keeps and the packs it was made with."""
    passed = []
    for pack in packs:
        number = int(kept.get(PASS, {}).get(pack.id, "0"), 16)
        order = sorted(pack.rules, key=lambda rule: rule.role != "coverage")  # the engine looks at coverage first
        passed += [rule.id for place, rule in enumerate(order) if number >> place & 1]
    return passed


def not_applicable(outcome: Outcome) -> dict[str, str]:
    """Return the rules that did not apply, with the condition that did not fit."""
    return {result.rule: result.because for result in outcome.results if result.state == NOT_APPLICABLE}


@cache
def tzdata_version() -> str:
    """Return the version of the time-zone data that zoneinfo reads: the system's, else that of the tzdata package."""
    system = Path("/usr/share/zoneinfo/tzdata.zi")
    if system.is_file():
        first = system.read_text(encoding="utf-8").split("\n", 1)[0]
        if first.startswith("# version "):
            return f"system {first.removeprefix('# version ').strip()}"[:24]
    try:
        return f"package {metadata.version('tzdata')}"[:24]
    except metadata.PackageNotFoundError:
        return "unknown"
