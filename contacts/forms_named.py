"""The named sets and named conditions of a strategy as lines of a form, and back.

A set is `s-0-name`, `s-0-values` and `s-0-was` (its name before); a condition is `n0-name`, `n0-called`, `n0-was` and
the lines of its builder, `n0-0-fact` and so on. What is renamed is followed by every condition that names it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.http import QueryDict
from django.utils.translation import gettext as _

from collections_app.shared.listing import listed
from contacts import forms_conditions
from contacts.forms_conditions import Builder
from contacts.strategy.editing import free_key

SETS: Final = "s"
NAMED: Final = "n"
_COMMAS: Final = re.compile(r"[,，、;；\n]")


@dataclass(slots=True)
class SetRow:
    """One named set. was: its name before, "" for a new one; called: what it is called in the reader's language."""

    id: str
    name: str = ""
    values: list[str] = field(default_factory=list)
    was: str = ""
    called: str = ""
    errors: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Its values as they are typed."""
        return listed(self.values)

    @property
    def is_incomplete(self) -> bool:
        """Whether it has no name or no value yet."""
        return not self.name or not self.values


@dataclass(slots=True)
class NamedRow:
    """One named condition, with the form of its condition."""

    id: str
    builder: Builder
    name: str = ""
    was: str = ""
    called: str = ""
    errors: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Words:
    """The named sets and named conditions of a strategy."""

    sets: list[SetRow] = field(default_factory=list)
    named: list[NamedRow] = field(default_factory=list)

    @property
    def has_any(self) -> bool:
        """Whether there is anything to show."""
        return bool(self.sets or self.named)

    @property
    def is_incomplete(self) -> bool:
        """Whether a line lacks its name or its value."""
        return any(row.is_incomplete for row in self.sets) or any(
            not row.name or row.builder.is_incomplete for row in self.named
        )

    def values(self) -> dict[str, Any]:
        """Return what the document says of them."""
        return {
            "sets": {row.name: row.values for row in self.sets} or None,
            "named": {row.name: row.builder.condition() for row in self.named} or None,
        }

    def renamed(self) -> tuple[dict[str, str], dict[str, str]]:
        """Return which conditions and which sets have another name now: old to new."""
        named = {row.was: row.name for row in self.named if row.was and row.was != row.name}
        return named, {row.was: row.name for row in self.sets if row.was and row.was != row.name}

    def called(self) -> dict[str, dict[str, str]]:
        """Return what they are called in the reader's language, as a translation says it."""
        named = {row.name: row.called for row in self.named if row.called}
        sets = {row.name: row.called for row in self.sets if row.called}
        return {word: said for word, said in (("named", named), ("sets", sets)) if said}

    def twice(self) -> bool:
        """Put a message beside a name that is there twice, and say whether one is."""
        is_wrong = False
        for rows in (self.sets, self.named):
            seen: set[str] = set()
            for row in rows:
                if row.name in seen:
                    row.errors.append(_("“%(key)s” is there twice") % {"key": row.name})
                    is_wrong = True
                seen.add(row.name)
        return is_wrong

    def blame(self, path: str, message: str) -> bool:
        """Put a message beside the line that a path leads to: `sets.south`, `named.good.all[0]`; False for none."""
        word, _dot, rest = path.partition(".")
        for row in self.sets if word == "sets" else ():
            if rest == row.name:
                row.errors.append(message)
                return True
        for named in self.named if word == "named" else ():
            if rest == named.name:
                named.errors.append(message)
                return True
            if rest.startswith((f"{named.name}.", f"{named.name}[")):
                named.builder.blame(rest.removeprefix(named.name).lstrip("."), message)
                return True
        return False


def of_document(document: Mapping[str, Any], called: Mapping[str, str], said: Mapping[str, Any]) -> Words:
    """Return the lines of a document. called: what conditions are called; said: in the reader's language, by word."""
    sets = [
        SetRow(f"{SETS}-{place}", name, list(values), name, said.get("sets", {}).get(name, ""))
        for place, (name, values) in enumerate(document.get("sets", {}).items())
    ]
    known = document.get("named", {})
    named = [
        NamedRow(
            f"{NAMED}{place}",
            forms_conditions.of_condition(
                f"{NAMED}{place}", _("It is true if"), condition, named=_others(known, name), called=called
            ),
            name,
            name,
            said.get("named", {}).get(name, ""),
        )
        for place, (name, condition) in enumerate(known.items())
    ]
    return Words(sets, named)


def of_post(data: QueryDict, document: Mapping[str, Any], called: Mapping[str, str]) -> Words:
    """Return the lines as they were posted."""
    known = document.get("named", {})

    def said(name: str) -> str:
        return str(data.get(name, "")).replace("\0", "").strip()

    sets = [
        SetRow(
            where,
            said(f"{where}-name").lstrip("@"),
            [each.strip() for each in _COMMAS.split(str(data.get(f"{where}-values", ""))) if each.strip()],
            said(f"{where}-was"),
            said(f"{where}-called")[:120],
        )
        for where in (f"{SETS}-{place}" for place in _places(data, rf"{SETS}-(\d{{1,4}})-name"))
    ]
    named = []
    for place in _places(data, rf"{NAMED}(\d{{1,4}})-name"):
        where, was = f"{NAMED}{place}", said(f"{NAMED}{place}-was")
        builder = forms_conditions.of_post(data, where, _("It is true if"), named=_others(known, was), called=called)
        named.append(NamedRow(where, builder, said(f"{where}-name"), was, said(f"{where}-called")[:120]))
    return Words(sets, named)


def reshape(words: Words, act: str) -> Words:
    """Add or drop a set or a condition: `add:sets`, `add:named`, `drop:s-0`, `drop:n0`; its builder does the rest."""
    if act == "add:sets":
        place = 1 + max((int(row.id.rpartition("-")[2]) for row in words.sets), default=-1)
        words.sets.append(SetRow(f"{SETS}-{place}", free_key("set-1", [row.name for row in words.sets])))
    elif act == "add:named":
        place = 1 + max((int(row.id.removeprefix(NAMED)) for row in words.named), default=-1)
        name = free_key("condition-1", [row.name for row in words.named])
        builder = Builder(f"{NAMED}{place}", _("It is true if"))
        words.named.append(NamedRow(f"{NAMED}{place}", builder, name))
    elif act.startswith("drop:"):
        where = act.removeprefix("drop:")
        words.sets = [row for row in words.sets if row.id != where]
        words.named = [row for row in words.named if row.id != where]
    for row in words.named:
        row.builder = forms_conditions.reshape(row.builder, act)
    return words


def _others(known: Mapping[str, Any], own: str) -> tuple[str, ...]:
    return tuple(name for name in known if name != own)


def _places(data: QueryDict, pattern: str) -> list[int]:
    return sorted(int(match[1]) for name in data if (match := re.fullmatch(pattern, name)) is not None)
