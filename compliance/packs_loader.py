"""Rule packs from TOML to frozen rules. Every error names file, rule and key; an unreadable pack is never half-used.

A pack is a folder of `packs/` named after the pack: pack.toml (what it is), contact.toml (rules), examples.toml,
README.md; notices.toml optionally holds duties, in the same form. See compliance/README.md for every key.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache
from pathlib import Path
from typing import Any, Final

from compliance import predicates, vocabulary
from compliance.predicates.registry import PREDICATES, typed_parameter

FOLDER: Final = Path(__file__).parent / "packs"
RULE_FILES: Final = ("contact.toml", "notices.toml")
POLICY: Final = "POLICY"
ROLES: Final = ("restriction", "exception", "coverage", "definition", "advisory")

# What a rule may be limited to by `when`: attribute, and whether it is read from the question or from the facts.
_WHEN: Final = {
    "kind": ("question", frozenset({"contact", "action"})),
    "channel": ("question", vocabulary.CHANNELS),
    "direction": ("question", vocabulary.DIRECTIONS),
    "party": ("question", vocabulary.PARTIES),
    "purpose": ("question", vocabulary.PURPOSES),
    "actor_kind": ("question", vocabulary.ACTOR_KINDS),
    "point_kind": ("question", vocabulary.POINT_KINDS),
    "place": ("question", vocabulary.PLACES),
    "action": ("question", vocabulary.ACTIONS),
    "product": ("facts", None),
    "creditor_kind": ("facts", None),
}


class PackError(ValueError):
    """A pack cannot be read. `where` is file, rule and key; the gate refuses every question that needs the pack."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")
        self.where = where
        self.why = why


@dataclass(frozen=True, slots=True)
class Condition:
    """One limit of where a rule applies: an attribute that must (or, negated, must not) be one of these values."""

    attribute: str
    of_question: bool
    values: frozenset[str]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Version:
    """The parameters of a rule from one date to the next."""

    begins: date
    ends: date | None  # last day included; None: still in force
    params: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a pack, as compiled."""

    id: str
    pack: str
    role: str
    check: str
    when: tuple[Condition, ...]
    lifts: tuple[str, ...]
    versions: tuple[Version, ...]
    strength: str
    force: str
    confidence: str
    source: str
    title: Mapping[str, str]
    says: Mapping[str, str]
    words: Mapping[str, Mapping[str, str]]
    needs_review: bool
    text: Mapping[str, str]  # what the provision says, quoted or summarised, per language; empty: only cited
    reviewer: str
    reviewed_on: str  # ISO date

    def version_on(self, day: date) -> Version | None:
        """Return the version in force on this date, or None."""
        for version in self.versions:
            if version.begins <= day and (version.ends is None or day <= version.ends):
                return version
        return None


@dataclass(frozen=True, slots=True)
class Pack:
    """A whole pack: what it is, its rules, and the hash of its content."""

    id: str
    version: str
    hash: str
    enabled: bool
    jurisdictions: tuple[str, ...]
    scope: tuple[Condition, ...]
    zone: str | None
    name: Mapping[str, str]
    rules: tuple[Rule, ...]
    examples: tuple[Mapping[str, Any], ...]
    content: str  # canonical JSON of everything but the examples


def _texts(value: Any, where: str, *, required: bool = True) -> dict[str, str]:
    if value is None and not required:
        return {}
    if not isinstance(value, dict):
        raise PackError(where, "expected { en = ..., zh-hans = ... }")
    missing = [language for language in vocabulary.LANGUAGES if not value.get(language)]
    if missing:
        raise PackError(where, f"no text in {', '.join(missing)}")
    unknown = set(value) - set(vocabulary.LANGUAGES)
    if unknown or not all(isinstance(text, str) for text in value.values()):
        raise PackError(where, f"unknown language or no text: {', '.join(sorted(unknown)) or value}")
    return dict(value)


def _list(value: Any, where: str) -> tuple[str, ...]:
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
        raise PackError(where, "expected a list of texts")
    return tuple(value)


def _conditions(table: Any, where: str) -> tuple[Condition, ...]:
    if not isinstance(table, dict):
        raise PackError(where, "expected a table")
    found = []
    for key, value in table.items():
        negated = key.startswith("not_")
        name = key.removeprefix("not_")
        if name not in _WHEN:
            raise PackError(f"{where}: {key}", "no such condition")
        source, allowed = _WHEN[name]
        values = frozenset(_list(value, f"{where}: {key}"))
        if allowed is not None and values - allowed:
            raise PackError(f"{where}: {key}", f"unknown value {', '.join(sorted(values - allowed))}")
        found.append(Condition(name, of_question=source == "question", values=values, negated=negated))
    return tuple(found)


def _choice(value: Any, allowed: tuple[str, ...], where: str) -> str:
    if value not in allowed:
        raise PackError(where, f"{value!r} is none of {', '.join(allowed)}")
    return str(value)


_RULE_KEYS: Final = {
    "id", "title", "says", "words", "source", "applies_to", "when", "check", "with", "lifts", "role", "strength",
    "force", "confidence", "needs_review", "version", "note", "retired", "text", "reviewer", "reviewed_on",
}  # fmt: skip


def _versions(raw: Mapping[str, Any], where: str) -> tuple[Version, ...]:
    name = raw.get("check")
    registered = PREDICATES.get(name) if isinstance(name, str) else None
    if registered is None:
        raise PackError(f"{where}: check", f"no predicate named {name!r}")
    entries = raw.get("version")
    if not isinstance(entries, list) or not entries:
        raise PackError(f"{where}: version", "at least one { from = DATE } is needed")
    common = raw.get("with", {})
    versions: list[Version] = []
    for number, entry in enumerate(entries, 1):
        spot = f"{where}: version {number}"
        begins, ends = entry.get("from"), entry.get("until")
        if type(begins) is not date or (ends is not None and type(ends) is not date):
            raise PackError(spot, "from and until are dates")
        if ends is not None and ends < begins:
            raise PackError(spot, "until is before from")
        given = {**common, **{key: value for key, value in entry.items() if key not in {"from", "until"}}}
        unknown = set(given) - set(registered.parameters)
        if unknown:
            raise PackError(f"{spot}: {', '.join(sorted(unknown))}", f"{name} takes no such parameter")
        missing = registered.required - set(given)
        if missing:
            raise PackError(f"{spot}: {', '.join(sorted(missing))}", f"{name} needs it")
        params = {}
        for key, value in given.items():
            try:
                params[key] = typed_parameter(registered.parameters[key], value)
            except TypeError as error:
                raise PackError(f"{spot}: {key}", str(error)) from None
        versions.append(Version(begins, ends, params))
    ordered = sorted(versions, key=lambda version: version.begins)
    for number, (earlier, later) in enumerate(itertools.pairwise(ordered)):
        if earlier.ends is None:
            ordered[number] = Version(earlier.begins, date.fromordinal(later.begins.toordinal() - 1), earlier.params)
            if ordered[number].begins >= later.begins:
                raise PackError(f"{where}: version", f"two versions begin on {later.begins}")
        elif earlier.ends >= later.begins:
            raise PackError(f"{where}: version", f"dates overlap at {later.begins}")
    return tuple(ordered)


def _rule(raw: Mapping[str, Any], pack: Mapping[str, Any], pack_id: str, file: str) -> Rule:
    rule_id = raw.get("id")
    if not isinstance(rule_id, str) or not rule_id or len(rule_id) > 40:
        raise PackError(f"{pack_id}/{file}", f"a rule has no usable id: {rule_id!r}")
    where = f"{pack_id}/{file}: {rule_id}"
    unknown = set(raw) - _RULE_KEYS
    if unknown:
        raise PackError(f"{where}: {', '.join(sorted(unknown))}", "no such key")
    role = _choice(raw.get("role", "restriction"), ROLES, f"{where}: role")
    when = list(_conditions(raw.get("when", {}), f"{where}: when"))
    if "applies_to" in raw:
        when += _conditions({"channel": raw["applies_to"]}, f"{where}: applies_to")
    named = {condition.attribute for condition in when}
    if "kind" not in named and role != "coverage":
        when.append(
            Condition("kind", of_question=True, values=frozenset({"action" if "action" in named else "contact"}))
        )
        if "action" not in named and "direction" not in named:
            when.append(Condition("direction", of_question=True, values=frozenset({"outbound"})))
    order = list(_WHEN)  # not the order of the file: a stored release keeps none, and must give the same findings
    when.sort(key=lambda condition: (order.index(condition.attribute), condition.negated))
    lifts = _list(raw["lifts"], f"{where}: lifts") if "lifts" in raw else ()
    if bool(lifts) != (role == "exception"):
        raise PackError(f"{where}: lifts", "an exception lifts rules, and nothing else does")
    if not raw.get("source"):
        raise PackError(f"{where}: source", "every rule cites its text")
    words = raw.get("words", {})
    return Rule(
        id=rule_id,
        pack=pack_id,
        role=role,
        check=str(raw.get("check")),
        when=tuple(when),
        lifts=lifts,
        versions=_versions(raw, where),
        strength=_choice(
            "advisory" if role == "advisory" else raw.get("strength", pack.get("strength", "hard")),
            vocabulary.STRENGTHS,
            f"{where}: strength",
        ),
        force=_choice(raw.get("force", pack.get("force")), vocabulary.FORCES, f"{where}: force"),
        confidence=_choice(
            raw.get("confidence", pack.get("confidence")), vocabulary.CONFIDENCES, f"{where}: confidence"
        ),
        source=str(raw["source"]),
        title=_texts(raw.get("title"), f"{where}: title"),
        says=_texts(raw.get("says"), f"{where}: says", required=role in {"restriction", "advisory"}),
        words={key: _texts(text, f"{where}: words: {key}") for key, text in words.items()},
        needs_review=bool(raw.get("needs_review", raw.get("confidence", pack.get("confidence")) in {"weak", "memory"})),
        text=_texts(raw.get("text"), f"{where}: text", required=False),
        reviewer=str(raw.get("reviewer", pack["reviewer"])),
        reviewed_on=str(raw.get("reviewed_on", pack["reviewed_on"])),
    )


def _jsonable(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _jsonable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_jsonable(item) for item in value]
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    return value


def _read(path: Path, pack_id: str) -> dict[str, Any]:
    try:
        with path.open("rb") as stream:
            return tomllib.load(stream)
    except FileNotFoundError:
        raise PackError(f"{pack_id}/{path.name}", "the file is missing") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise PackError(f"{pack_id}/{path.name}", str(error)) from None


def parse(pack_id: str, head: Mapping[str, Any], files: Mapping[str, Mapping[str, Any]], examples: Any = ()) -> Pack:
    """Return a pack from its parsed files. Raises PackError."""
    where = f"{pack_id}/pack.toml"
    if head.get("id") != pack_id:
        raise PackError(f"{where}: id", f"{head.get('id')!r} is not the name of the folder")
    for key in ("version", "owner", "reviewer", "reviewed_on", "force", "confidence"):
        if not head.get(key):
            raise PackError(f"{where}: {key}", "missing")
    rules: list[Rule] = []
    seen: set[str] = set()
    for file, data in files.items():
        if set(data) - {"rule"}:
            raise PackError(f"{pack_id}/{file}", f"only [[rule]] belongs here, found {', '.join(set(data) - {'rule'})}")
        for raw in data.get("rule", []):
            rule = _rule(raw, head, pack_id, file)
            if rule.id in seen:
                raise PackError(f"{pack_id}/{file}: {rule.id}", "the id is there twice")
            seen.add(rule.id)
            rules.append(rule)
    for rule in rules:
        for target in rule.lifts:
            if target not in seen:
                raise PackError(f"{pack_id}: {rule.id}: lifts", f"{target} is not a rule of this pack")
    content = json.dumps(
        _jsonable({"pack": head, "files": files}), sort_keys=True, ensure_ascii=False, separators=(",", ":")
    )
    return Pack(
        id=pack_id,
        version=str(head["version"]),
        hash=hashlib.sha256(content.encode()).hexdigest(),
        enabled=bool(head.get("enabled", True)),
        jurisdictions=_list(head["jurisdictions"], f"{where}: jurisdictions") if "jurisdictions" in head else (),
        scope=_conditions(head.get("scope", {}), f"{where}: scope"),
        zone=head.get("zone"),
        name=_texts(head.get("name"), f"{where}: name"),
        rules=tuple(rules),
        examples=tuple(examples),
        content=content,
    )


def content_of(pack: Pack) -> dict[str, Any]:
    """Return the content of a pack as JSON types, as a release stores it."""
    content: dict[str, Any] = json.loads(pack.content)
    return content


def _revived(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: date.fromisoformat(value) if key in {"from", "until"} and isinstance(value, str) else value
        for key, value in entry.items()
    }


def from_content(content: Mapping[str, Any]) -> Pack:
    """Return the pack of a stored release, as it was. Raises PackError, also when the rules can no longer be run."""
    head = content["pack"]
    files = {
        name: {
            "rule": [
                {**rule, "version": [_revived(entry) for entry in rule.get("version", [])]}
                for rule in data.get("rule", [])
            ]
        }
        for name, data in content["files"].items()
    }
    return parse(head["id"], head, files)


def load_folder(path: Path) -> Pack:
    """Return the pack of a folder. Raises PackError."""
    pack_id = path.name
    files = {
        name: _read(path / name, pack_id) for name in RULE_FILES if name == "contact.toml" or (path / name).is_file()
    }
    examples = _read(path / "examples.toml", pack_id).get("example", [])
    return parse(pack_id, _read(path / "pack.toml", pack_id), files, examples)


def installed(folder: Path = FOLDER) -> tuple[str, ...]:
    """Return the ids of the packs whose folders exist, readable or not."""
    return tuple(
        sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith(("_", ".")))
    )


@cache
def all_packs() -> tuple[Pack, ...]:
    """Return every installed pack.

    Raises PackError when one cannot be read: nobody knows what it would have forbidden.
    """
    return tuple(get(pack_id) for pack_id in installed())


@cache
def get(pack_id: str) -> Pack:
    """Return an installed pack, read once per process. Raises PackError; a pack that failed is tried again."""
    if pack_id not in installed():
        raise PackError(pack_id, "no such pack is installed")
    return load_folder(FOLDER / pack_id)


def problems(folder: Path = FOLDER) -> list[PackError]:
    """Return what is wrong with the installed packs, one error per pack that cannot be read."""
    found = []
    for pack_id in installed(folder):
        try:
            load_folder(folder / pack_id)
        except PackError as error:
            found.append(error)
    return found


_ = predicates  # importing the package registers every predicate
