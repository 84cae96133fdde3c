"""The mutants of a pack: the same compiled rules with one bound shifted, or one clause, value or rule left out.

Nothing is written: a mutant is a pack in memory, under a hash of its own. `mutation.py` runs them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from compliance import calendars, packs_loader, vocabulary
from compliance.packs_loader import Condition, Pack, Rule, Version
from compliance.predicates.registry import PREDICATES

ALWAYS: Final = date(1970, 1, 1)  # a rule that begins then has no beginning that a text names
_MINUTE: Final = timedelta(minutes=1)
_DAY: Final = timedelta(days=1)

_WHOLE: Final = {"kind": frozenset({"contact", "action"}), "direction": vocabulary.DIRECTIONS}

# Parameters that are one of a few words: what stands next to the word given, wider and narrower.
_UNITS: Final = ("attempt", "connected", "actual_contact", "effective")
_WORDS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "unit": {
        **{
            name: tuple(_UNITS[near] for near in (place - 1, place + 1) if 0 <= near < len(_UNITS))
            for place, name in enumerate(_UNITS)
        },
        "unanswered": ("attempt",),
        "conversation": ("actual_contact",),
    },
    "key": {
        "person": ("debt", "contact_point"),
        "debt": ("person", "contact_point"),
        "contact_point": ("person", "debt"),
    },
    "direction": {"outbound": ("inbound",), "inbound": ("outbound",)},
    "quiet": {"holidays": ("sundays", "nonworking"), "sundays": ("holidays", "nonworking"), "nonworking": ("sundays",)},
}


@dataclass(frozen=True, slots=True)
class Mutant:
    """A pack in which one thing is other than it should be. `name` says which, the same at every run.

    alone: the changed rule where only what it says of itself can differ; None where others are touched by the change.
    """

    name: str
    rule: str
    pack: Pack
    alone: Rule | None = None


def _shown(value: Any) -> str:
    return f"{value:%H:%M:%S}".removesuffix(":00") if isinstance(value, time) else str(value)


def _moved(at: time, step: timedelta) -> time | None:
    moment = datetime.combine(ALWAYS, at) + step
    return moment.time() if moment.date() == ALWAYS else None


def _window_sizes(text: str) -> tuple[str, ...]:
    kind, _, size = text.partition(":")
    if kind not in {"dates", "hours"} or not size.isdigit():
        return ()
    return tuple(f"{kind}:{int(size) + step}" for step in (-1, 1) if int(size) + step > 0)


def _changed_list(key: str, values: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    for value in values:
        yield f"{key}: without {value}", tuple(other for other in values if other != value)
        for size in _window_sizes(value):
            yield f"{key}: {value} -> {size}", tuple(size if other == value else other for other in values)


def _changed_text(key: str, value: str, *, optional: bool) -> Iterator[tuple[str, Any]]:
    for other in _WORDS.get(key, {}).get(value, ()):
        yield f"{key}: {value} -> {other}", other
    if key == "calendar":
        other = next(name for name in calendars.names() if name != value)
        yield f"{key}: {value} -> {other}", other
    elif optional and key not in _WORDS:
        yield f"{key}: without {value}", None


def changed_values(key: str, value: Any, *, optional: bool = False) -> Iterator[tuple[str, Any]]:
    """Yield each change of one parameter with its name. None stands for leaving the parameter out.

    Whole numbers move by one, times of day by a minute, dates by a day; a switch is flipped; a list loses each value
    and the sizes of its windows move by one; a word of a known few becomes the next one; an optional text is left out.
    """
    if isinstance(value, bool):
        yield f"{key}: {str(value).lower()} -> {str(not value).lower()}", not value
    elif isinstance(value, int):
        for step in (-1, 1):
            yield f"{key}: {value} -> {value + step}", value + step
    elif isinstance(value, time):
        for move in (-_MINUTE, _MINUTE):
            at = _moved(value, move)
            if at is not None:
                yield f"{key}: {_shown(value)} -> {_shown(at)}", at
    elif isinstance(value, date):
        for move in (-_DAY, _DAY):
            yield f"{key}: {value} -> {value + move}", value + move
    elif isinstance(value, tuple):
        yield from _changed_list(key, value)
    elif isinstance(value, str):
        yield from _changed_text(key, value, optional=optional)


def _other_dates(versions: Sequence[Version]) -> Iterator[tuple[str, tuple[Version, ...]]]:
    for place, version in enumerate(versions):
        before = versions[place - 1] if place else None
        joined = before is not None and before.ends is not None and before.ends + _DAY == version.begins
        for step, label in ((-_DAY, "a day earlier"), (_DAY, "a day later")):
            if version.begins > ALWAYS:
                changed = list(versions)
                changed[place] = replace(version, begins=version.begins + step)
                if joined and before is not None and before.ends is not None:
                    changed[place - 1] = replace(before, ends=before.ends + step)
                yield f"{version.begins}: begins {label}", tuple(changed)
            followed = place + 1 < len(versions) and version.ends is not None
            if version.ends is not None and not (followed and versions[place + 1].begins == version.ends + _DAY):
                changed = list(versions)
                changed[place] = replace(version, ends=version.ends + step)
                yield f"{version.begins}: ends {label}", tuple(changed)


def _other_params(rule: Rule) -> Iterator[tuple[str, tuple[Version, ...]]]:
    """Yield changes of parameters; what several versions share is changed in all of them at once."""
    registered = PREDICATES[rule.check]
    for place, version in enumerate(rule.versions):
        for key, value in sorted(version.params.items()):
            shared = all(other.params.get(key) == value for other in rule.versions)
            if shared and place:
                continue
            optional = key not in registered.required
            for label, new in changed_values(key, value, optional=optional):
                changed = tuple(
                    replace(
                        other,
                        params={name: kept for name, kept in other.params.items() if name != key}
                        | ({} if new is None else {key: new}),
                    )
                    if shared or other is version
                    else other
                    for other in rule.versions
                )
                yield (label if shared else f"{version.begins}: {label}"), changed


def _other_conditions(rule: Rule, stated: frozenset[str]) -> Iterator[tuple[str, tuple[Condition, ...]]]:
    for condition in rule.when:
        if condition.attribute not in stated:  # what the loader adds to every rule is not a clause of this one
            continue
        rest = tuple(other for other in rule.when if other is not condition)
        name = f"when {'not ' if condition.negated else ''}{condition.attribute}"
        if condition.values != _WHOLE.get(condition.attribute):  # naming everything limits nothing
            yield f"{name}: left out", rest
        if len(condition.values) > 1:
            for value in sorted(condition.values):
                fewer = replace(condition, values=condition.values - {value})
                yield f"{name}: without {value}", tuple(fewer if other is condition else other for other in rule.when)


def _other_rules(rule: Rule, stated: frozenset[str]) -> Iterator[tuple[str, Rule | None]]:
    yield "left out", None
    if rule.strength == "soft":
        yield "strength: soft -> hard", replace(rule, strength="hard")
    for label, when in _other_conditions(rule, stated):
        yield label, replace(rule, when=when)
    if len(rule.lifts) > 1:
        for target in rule.lifts:
            yield f"lifts: without {target}", replace(rule, lifts=tuple(one for one in rule.lifts if one != target))
    for label, versions in (*_other_dates(rule.versions), *_other_params(rule)):
        yield label, replace(rule, versions=versions)


def _stated_conditions(pack: Pack) -> dict[str, frozenset[str]]:
    """Return, for each rule, the attributes that its own text limits."""
    stated = {}
    for data in packs_loader.content_of(pack)["files"].values():
        for raw in data.get("rule", []):
            named = {key.removeprefix("not_") for key in raw.get("when", {})}
            stated[raw["id"]] = frozenset(named | ({"channel"} if "applies_to" in raw else set()))
    return stated


def mutants(pack: Pack) -> Iterator[Mutant]:
    """Yield every mutant of a pack."""
    stated = _stated_conditions(pack)
    for place, rule in enumerate(pack.rules):
        for label, changed in _other_rules(rule, stated[rule.id]):
            rules = (*pack.rules[:place], *(() if changed is None else (changed,)), *pack.rules[place + 1 :])
            name = f"{rule.id}: {label}"
            digest = hashlib.sha256(f"{pack.hash} {name}".encode()).hexdigest()
            touches_others = changed is None or changed.lifts != rule.lifts or changed.strength != rule.strength
            yield Mutant(name, rule.id, replace(pack, rules=rules, hash=digest), None if touches_others else changed)
