"""What must not change between two versions of a pack, and the ledger of what was shipped.

A decision names rules by id and points at a date; so an id keeps what it is (role, check, strength), what it is about
(`when`, `lifts`) and, from the day on which a version of it begins, that version's parameters. A correction is a
version from today on, or an end of this rule and a rule with a new id. Appending versions, ending an open one,
rewording and adding examples change no meaning.

The ledger of a pack is `packs/<PACK>/released.json`: written by `release_packs` when the program is shipped, compared
by `check_packs`. It keeps rules that are gone from the TOML, which is how their loss is seen.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from compliance import packs_loader
from compliance.packs_loader import Pack, PackError, Rule
from compliance.releases.in_force import order_of

LEDGER: Final = "released.json"
KEPT: Final = ("role", "check", "strength")  # for ever, from the first release on
KEPT_ONCE_BEGUN: Final = ("when", "lifts")


@dataclass(frozen=True, slots=True)
class Problem:
    """One change of meaning: which rule, which key of it, and what is wrong."""

    pack: str
    rule: str
    key: str
    why: str

    def __str__(self) -> str:
        return f"{self.pack}: {self.rule}: {self.key}: {self.why}"


def record_of(pack: Pack) -> dict[str, dict[str, Any]]:
    """Return what is kept of every rule of a pack, as JSON types, by id."""
    raw = {rule["id"]: rule for data in packs_loader.content_of(pack)["files"].values() for rule in data["rule"]}
    return {rule.id: _record(rule, raw[rule.id]) for rule in pack.rules}


def _record(rule: Rule, raw: Mapping[str, Any]) -> dict[str, Any]:
    common = raw.get("with", {})
    given = {entry["from"]: entry for entry in raw["version"]}
    return {
        "title": dict(rule.title),
        "role": rule.role,
        "check": rule.check,
        "strength": rule.strength,
        "when": sorted(
            f"{'not ' if condition.negated else ''}{condition.attribute}: {', '.join(sorted(condition.values))}"
            for condition in rule.when
        ),
        "lifts": sorted(rule.lifts),
        "versions": [
            {
                "from": version.begins.isoformat(),
                "until": version.ends.isoformat() if version.ends else None,
                "with": {
                    **common,
                    **{
                        key: value
                        for key, value in given[version.begins.isoformat()].items()
                        if key not in {"from", "until"}
                    },
                },
            }
            for version in rule.versions
        ],
    }


def changes(old: Mapping[str, Mapping[str, Any]], new: Pack, *, on: date) -> list[Problem]:
    """Return every change of meaning from a record to a pack. on: the day by which a version has begun or not."""
    now = record_of(new)
    found: list[Problem] = []
    for rule_id, before in sorted(old.items()):
        after = now.get(rule_id)
        if after is None:
            found.append(Problem(new.id, rule_id, "id", "was released and is gone; end its last version instead"))
            continue
        begun = [version for version in before["versions"] if date.fromisoformat(version["from"]) <= on]
        for key in (*KEPT, *(KEPT_ONCE_BEGUN if begun else ())):
            if before[key] != after[key]:
                why = f"was {_said(before[key])}, is {_said(after[key])}; end this rule and add one with a new id"
                found.append(Problem(new.id, rule_id, key, why))
        later = {version["from"]: version for version in after["versions"]}
        for version in begun:
            found += _edits(new.id, rule_id, version, later.get(version["from"]), on=on)
    return found


def _edits(pack: str, rule: str, was: Mapping[str, Any], now: Mapping[str, Any] | None, *, on: date) -> list[Problem]:
    key = f"version from {was['from']}"
    if now is None:
        return [Problem(pack, rule, key, "has begun and is gone; versions are appended, never moved")]
    names = sorted({*was["with"], *now["with"]})
    found = [
        Problem(
            pack,
            rule,
            f"{key}: {name}",
            f"has begun with {_said(was['with'].get(name))}, is {_said(now['with'].get(name))}; append a version",
        )
        for name in names
        if was["with"].get(name) != now["with"].get(name)
    ]
    over = was["until"] is not None and date.fromisoformat(was["until"]) < on
    if over and was["until"] != now["until"]:
        found.append(
            Problem(pack, rule, f"{key}: until", f"ended on {was['until']}, which is past; is {_said(now['until'])}")
        )
    return found


def _said(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


# ------------------------------------------------------------------------------------------------ the ledger


def _path(pack_id: str, folder: Path | None) -> Path:
    return (folder or packs_loader.FOLDER) / pack_id / LEDGER


def ledger_of(pack_id: str, folder: Path | None = None) -> dict[str, Any]:
    """Return what was shipped of a pack; nothing where it never was. Raises PackError when it cannot be read."""
    path = _path(pack_id, folder)
    if not path.is_file():
        return {"releases": [], "rules": {}}
    try:
        ledger = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(ledger["releases"], list) or not isinstance(ledger["rules"], dict):
            raise TypeError("releases is a list and rules is a table")
        return dict(ledger)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PackError(f"{pack_id}/{LEDGER}", str(error)) from None


def problems_of_meaning(pack: Pack, *, on: date, folder: Path | None = None) -> list[Problem]:
    """Return what of a pack means something else than what was shipped under the same id. Raises PackError.

    on: today. A rule or version that was never shipped is free to change.
    """
    return changes(ledger_of(pack.id, folder)["rules"], pack, on=on)


def is_shipped(pack: Pack, folder: Path | None = None) -> bool:
    """Whether exactly this content is the last one in the ledger. Raises PackError."""
    releases = ledger_of(pack.id, folder)["releases"]
    return bool(releases) and releases[-1]["hash"] == pack.hash


def ship(pack: Pack, *, on: date, folder: Path | None = None) -> bool:
    """Add a pack to its ledger; return whether anything was added. Raises PackError when it may not be shipped.

    A changed content needs a newer version: by it one tells which of two is in force.
    """
    ledger = ledger_of(pack.id, folder)
    releases = ledger["releases"]
    if releases and releases[-1]["hash"] == pack.hash:
        return False
    wrong = changes(ledger["rules"], pack, on=on)
    if wrong:
        raise PackError(pack.id, "; ".join(str(problem) for problem in wrong))
    newest = max((order_of(each["version"]) for each in releases), default=())
    if not order_of(pack.version) > newest:
        raise PackError(
            f"{pack.id}/pack.toml: version",
            f"{pack.version} was released with another content; give this one a newer version",
        )
    entry = {"version": pack.version, "hash": pack.hash, "on": on.isoformat()}
    text = json.dumps(
        {"releases": [*releases, entry], "rules": {**ledger["rules"], **record_of(pack)}},
        indent=1, sort_keys=True, ensure_ascii=False,
    )  # fmt: skip
    _path(pack.id, folder).write_text(text + "\n", encoding="utf-8")
    return True
