"""Edits of a strategy as a document: a document in, another one out. Nothing is stored and nothing is checked here.

A document is what `definition.parse` reads: a strategy with its segments and their steps. A node is the strategy, a
segment or a step, found by keys, so that an edit of somebody else higher up does not lead it astray.
"""

import copy
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contacts.strategy.document import default_key

type Document = dict[str, Any]


class NotThere(LookupError):
    """The node is not in the document: somebody has removed or renamed it."""


@dataclass(frozen=True, slots=True)
class Node:
    """The strategy ("" and ""), a segment, or a step of a segment."""

    segment: str = ""
    step: str = ""

    @classmethod
    def read(cls, text: str) -> "Node":
        """Return the node that a text names: "", "segment" or "segment/step"."""
        segment, _slash, step = text.partition("/")
        return cls(segment, step)

    def __str__(self) -> str:
        return f"{self.segment}/{self.step}" if self.step else self.segment

    @property
    def kind(self) -> str:
        """One of strategy, segment, step."""
        return "step" if self.step else "segment" if self.segment else "strategy"

    @property
    def parent(self) -> "Node":
        """The segment of a step, and the strategy for everything else."""
        return Node(self.segment) if self.step else Node()


def with_keys(document: Document) -> Document:
    """Return a document in which every segment says its key; one that says none is called by its place."""
    edited = copy.deepcopy(document)
    for place, segment in enumerate(edited.get("segment", ()), start=1):
        segment.setdefault("key", default_key(place))
    return edited


def segments_of(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the segments of a document, in the order in which they take cases."""
    return list(document.get("segment", ()))


def steps_of(segment: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the steps of a segment."""
    return list(segment.get("step", ()))


def nodes(document: Mapping[str, Any]) -> list[Node]:
    """Return every node, from top to bottom as a tree shows them."""
    found = [Node()]
    for segment in segments_of(document):
        found.append(Node(segment["key"]))
        found += [Node(segment["key"], step["key"]) for step in steps_of(segment)]
    return found


def get(document: Document, node: Node) -> dict[str, Any]:
    """Return the table of a node, as it stands in the document. Raises NotThere."""
    if not node.segment:
        return document
    segment = _find(document.get("segment", []), node.segment)
    return _find(segment.get("step", []), node.step) if node.step else segment


def path_of(document: Document, node: Node) -> str:
    """Return where a node is, as `definition` writes it in an error: `segment[1].step[0]`. Raises NotThere."""
    if not node.segment:
        return ""
    number = _place(document.get("segment", []), node.segment)
    path = f"segment[{number}]"
    if node.step:
        path += f".step[{_place(document['segment'][number].get('step', []), node.step)}]"
    return path


def node_at(document: Mapping[str, Any], path: str) -> tuple[Node, str]:
    """Return the node that a path of an error leads to, and what of it is meant: `segment[0].step[1].from_dpd`."""
    found = re.match(r"segment\[(\d+)\]\.?(?:step\[(\d+)\]\.?)?", path)
    if found is None:
        return Node(), path
    segments = segments_of(document)
    number = int(found[1])
    if number >= len(segments):
        return Node(), path
    rest, key = path[found.end() :], str(segments[number].get("key") or "")
    if found[2] is None:
        return Node(key), rest
    steps = steps_of(segments[number])
    step = steps[int(found[2])].get("key", "") if int(found[2]) < len(steps) else ""
    return Node(key, str(step)), rest


def called_at(document: Mapping[str, Any], path: str) -> str:
    """Return what the segment and the step of a path are called in a document that may be wrong everywhere.

    "Everybody › sms-1": by name or key, else by their places; "" for what lies in no segment.
    """
    found = re.match(r"segment\[(\d+)\](?:\.step\[(\d+)\])?", path)
    names: list[str] = []
    table: Any = document
    for word, number in zip(("segment", "step"), found.groups() if found else (), strict=False):
        tables = table.get(word) if isinstance(table, Mapping) and number is not None else None
        if not isinstance(tables, list) or int(number) >= len(tables):
            break
        table = tables[int(number)]
        said = (table.get("name") or table.get("key")) if isinstance(table, Mapping) else None
        names.append(str(said) if isinstance(said, str) else str(int(number) + 1))
    return " › ".join(names)


def change(document: Document, node: Node, values: Mapping[str, Any]) -> tuple[Document, Node]:
    """Set values of a node; None takes a value out. A new key is followed by whatever refers to it. Raises NotThere."""
    edited = copy.deepcopy(document)
    table = get(edited, node)
    old = table.get("key", "")
    for name, value in values.items():
        if value is None:
            table.pop(name, None)
        else:
            table[name] = copy.deepcopy(value)
    if node.kind == "strategy" or (new := str(table.get("key", old))) == old:
        return edited, node
    if node.kind == "segment":
        return edited, Node(new)
    for step in get(edited, node.parent).get("step", []):
        if isinstance(step.get("after"), dict) and step["after"].get("step") == old:
            step["after"]["step"] = new
        if old in step.get("counts_as", ()):
            step["counts_as"] = [new if key == old else key for key in step["counts_as"]]
    return edited, Node(node.segment, new)


def rename_words(document: Document, *, named: Mapping[str, str], sets: Mapping[str, str]) -> Document:
    """Let every condition name a named condition or a named set by its new name: old to new.

    What they are called in other languages goes with them.
    """
    if not named and not sets:
        return document
    edited = copy.deepcopy(document)
    marked = {f"@{old}": f"@{new}" for old, new in sets.items()}
    for name, condition in edited.get("named", {}).items():
        edited["named"][name] = _renamed(condition, named, marked)
    for segment in edited.get("segment", ()):
        for table in (segment, *segment.get("step", ())):
            for word in ("condition", "stop"):
                if table.get(word):
                    table[word] = _renamed(table[word], named, marked)
    for said in edited.get("translations", {}).values():
        for word, renamed in (("named", named), ("sets", sets)):
            if word in said:
                said[word] = {renamed.get(code, code): text for code, text in said[word].items()}
    return edited


def _renamed(value: Any, named: Mapping[str, str], marked: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return marked.get(value, value)
    if isinstance(value, list):
        return [_renamed(each, named, marked) for each in value]
    if not isinstance(value, Mapping):
        return value
    if set(value) == {"named"}:
        return {"named": named.get(value["named"], value["named"])}
    return {word: _renamed(inner, named, marked) for word, inner in value.items()}


def call_words(
    texts: Mapping[str, Any], language: str, called: Mapping[str, Mapping[str, str]]
) -> dict[str, Any] | None:
    """Return translations in which named conditions and sets are called so in a language; None for none at all."""
    edited = copy.deepcopy(dict(texts))
    own = edited.setdefault(language, {})
    for word in ("named", "sets"):
        own.pop(word, None)
        if called.get(word):
            own[word] = dict(called[word])
    return {each: said for each, said in edited.items() if said} or None


def add_segment(document: Document, values: Mapping[str, Any], *, after: Node | None = None) -> tuple[Document, Node]:
    """Add a segment below the one that a node is of.

    Without a place it goes above a last one that takes everybody, since below that nothing would reach it.
    """
    edited = copy.deepcopy(document)
    segments = edited.setdefault("segment", [])
    keys = [segment.get("key", "") for segment in segments]
    segment = {"name": "", "condition": {}, **copy.deepcopy(dict(values)), "step": list(values.get("step", ()))}
    segment["key"] = free_key(str(segment.get("key") or segment["name"]), keys, otherwise="segment")
    is_placed = after is not None and after.segment in keys
    place = keys.index(after.segment) + 1 if after is not None and is_placed else len(segments)
    if place == len(segments) and segments and not segments[-1].get("condition"):
        place -= 1
    segments.insert(place, segment)
    return edited, Node(segment["key"])


def add_step(document: Document, node: Node, values: Mapping[str, Any]) -> tuple[Document, Node]:
    """Add a step to the segment of a node: below the step where it is one, else last. Raises NotThere."""
    edited = copy.deepcopy(document)
    segment = get(edited, Node(node.segment))
    if not node.segment:
        raise NotThere(str(node))
    steps = segment.setdefault("step", [])
    keys = [step.get("key", "") for step in steps]
    step = copy.deepcopy(dict(values))
    step["key"] = free_key(str(step.get("key") or step.get("template") or step.get("kind") or ""), keys)
    steps.insert(keys.index(node.step) + 1 if node.step in keys else len(steps), step)
    return edited, Node(node.segment, step["key"])


def remove(document: Document, node: Node) -> tuple[Document, Node]:
    """Take a segment or a step out; return the node that is looked at next. Raises NotThere, also for the strategy."""
    edited = copy.deepcopy(document)
    table, place = _siblings(edited, node)
    del table[place]
    if not table:
        return edited, node.parent
    key = table[min(place, len(table) - 1)]["key"]
    return edited, Node(node.segment, key) if node.step else Node(key)


def move(document: Document, node: Node, by: int) -> tuple[Document, Node]:
    """Move a segment among the segments, or a step in its segment, by so many places; at the edge it stays."""
    edited = copy.deepcopy(document)
    table, place = _siblings(edited, node)
    table.insert(min(max(place + by, 0), len(table) - 1), table.pop(place))
    return edited, node


def duplicate(document: Document, node: Node) -> tuple[Document, Node]:
    """Put a copy below a segment or a step.

    The steps of a copied segment keep their keys: what was done under a key counts for the case on either path.
    """
    edited = copy.deepcopy(document)
    table, place = _siblings(edited, node)
    twin = copy.deepcopy(table[place])
    twin["key"] = free_key(twin["key"], [each["key"] for each in table])
    table.insert(place + 1, twin)
    return edited, Node(node.segment, twin["key"]) if node.step else Node(twin["key"])


def free_key(wish: str, taken: list[str], *, otherwise: str = "step") -> str:
    """Return a key made of a wish in words that is not taken yet: "sms-1", then "sms-1-2"."""
    text = unicodedata.normalize("NFKD", wish).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]+", "-", text).strip("-")[:32].strip("-") or otherwise
    key, number = base, 1
    while key in taken:
        number += 1
        key = f"{base}-{number}"
    return key


def _siblings(document: Document, node: Node) -> tuple[list[dict[str, Any]], int]:
    if not node.segment:
        raise NotThere(str(node))
    if node.step:
        table = get(document, node.parent).get("step", [])
        return table, _place(table, node.step)
    table = document.get("segment", [])
    return table, _place(table, node.segment)


def _find(tables: list[dict[str, Any]], key: str) -> dict[str, Any]:
    return tables[_place(tables, key)]


def _place(tables: list[dict[str, Any]], key: str) -> int:
    for number, table in enumerate(tables):
        if table.get("key") == key:
            return number
    raise NotThere(key)
