"""Whom a pack binds: examples of its scope, and mutants of it.

An entry `[[binds]]` of scope.toml, in the folder of a pack, says of every combination of the places, products and kinds
of creditor named in it that the pack binds them, or (`bound = false`) that it does not:

    [[binds]]
    says = "Cards and personal loans of banks"
    products = ["credit_card", "personal_loan"]
    creditor_kinds = ["bank"]

Places are those of the pack unless `places` names others. A draft is looked at as if it were switched on.
"""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from compliance import gate, packs_loader
from compliance.facts import Facts
from compliance.packs_loader import Condition, Pack, PackError
from compliance.releases.in_force import Edition

FILE: Final = "scope.toml"
_KEYS: Final = {"says", "bound", "places", "products", "creditor_kinds"}


@dataclass(frozen=True, slots=True)
class Choice:
    """One combination of place, product and kind of creditor, and whether the pack binds it."""

    says: str
    place: str
    product: str
    creditor_kind: str
    bound: bool

    def holds(self, pack: Pack) -> bool:
        """Whether the gate chooses the pack, alone installed, as it should."""
        alone = replace(pack, enabled=True)
        facts = Facts(jurisdictions=(self.place,), product=self.product, creditor_kind=self.creditor_kind)
        return bool(gate.choose_from(Edition((alone,), (), {alone.id: alone}), facts)) is self.bound


def _texts(entry: dict[str, Any], key: str, default: tuple[str, ...], where: str) -> tuple[str, ...]:
    given = entry.get(key, list(default))
    if not isinstance(given, list) or not given or not all(isinstance(each, str) for each in given):
        raise PackError(where, f"{key}: expected a list of texts")
    return tuple(given)


def choices(pack: Pack, folder: Path | None = None) -> list[Choice]:
    """Return the examples of a pack's scope. Raises PackError."""
    path = (folder or packs_loader.FOLDER) / pack.id / FILE
    where = f"{pack.id}/{FILE}"
    if not path.is_file():
        return []
    try:
        with path.open("rb") as stream:
            data = tomllib.load(stream)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise PackError(where, str(error)) from None
    if set(data) - {"binds"}:
        raise PackError(where, "only [[binds]] belongs here")
    found: list[Choice] = []
    for entry in data.get("binds", []):
        bound = entry.get("bound", True)
        if set(entry) - _KEYS or not entry.get("says") or not isinstance(bound, bool):
            raise PackError(where, f"says is needed, bound is true or false; unknown: {set(entry) - _KEYS or 'none'}")
        spot = f"{where}: {entry['says']!r}"
        for place, product, creditor_kind in itertools.product(
            _texts(entry, "places", pack.jurisdictions, spot),
            _texts(entry, "products", ("consumer_debt",), spot),
            _texts(entry, "creditor_kinds", ("unspecified",), spot),
        ):
            found.append(Choice(entry["says"], place, product, creditor_kind, bound))
    return found


def failures(pack: Pack, folder: Path | None = None) -> list[str]:
    """Return the examples of a pack's scope that do not hold. Raises PackError."""
    return [
        f"{choice.says}: {choice.place}, {choice.product}, {choice.creditor_kind}:"
        f" {'not bound' if choice.bound else 'bound'}"
        for choice in choices(pack, folder)
        if not choice.holds(pack)
    ]


def _other_scopes(scope: Sequence[Condition]) -> Iterator[tuple[str, tuple[Condition, ...]]]:
    for condition in scope:
        name = f"scope {'not ' if condition.negated else ''}{condition.attribute}"
        yield f"{name}: left out", tuple(other for other in scope if other is not condition)
        if len(condition.values) > 1:
            for value in sorted(condition.values):
                fewer = replace(condition, values=condition.values - {value})
                yield f"{name}: without {value}", tuple(fewer if other is condition else other for other in scope)


def mutants(pack: Pack) -> Iterator[tuple[str, Pack]]:
    """Yield the pack with another scope, each under the name of what is other."""
    for label, scope in _other_scopes(pack.scope):
        yield label, replace(pack, scope=scope)
    if len(pack.jurisdictions) > 1:
        for place in pack.jurisdictions:
            yield (
                f"jurisdictions: without {place}",
                replace(pack, jurisdictions=tuple(other for other in pack.jurisdictions if other != place)),
            )


def proofs(pack: Pack, folder: Path | None = None) -> Iterator[tuple[str, bool]]:
    """Yield each mutant's name, and whether an example of the scope, one that holds for the pack, notices it."""
    sound = [choice for choice in choices(pack, folder) if choice.holds(pack)]
    for name, other in mutants(pack):
        yield name, not all(choice.holds(other) for choice in sound)
