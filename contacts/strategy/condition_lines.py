"""A condition as lines that a form shows, and back: a list of comparisons, with groups one level deep.

What is deeper or otherwise unusual has no lines, and is edited as it is written.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

MODES: Final = ("all", "any", "none")


@dataclass(frozen=True, slots=True)
class Group:
    """Some comparisons: all of them, any of them, or none of them is true. A comparison is a leaf of a condition."""

    mode: str
    lines: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Lines:
    """A condition: comparisons and groups of comparisons, in the order in which they are written."""

    mode: str = "all"
    items: tuple["dict[str, Any] | Group", ...] = field(default=())


def lines_of(condition: Any) -> Lines | None:
    """Return a condition as lines; None where it has no such form."""
    if not isinstance(condition, Mapping):
        return None
    if not condition:
        return Lines()
    if is_leaf(condition):
        return Lines("all", (dict(condition),))
    mode, parts = _parts(condition)
    if parts is None:
        return None
    items: list[dict[str, Any] | Group] = []
    for part in parts:
        if is_leaf(part):
            items.append(dict(part))
            continue
        inner_mode, inner = _parts(part)
        if inner is None or not all(is_leaf(each) for each in inner):
            return None
        items.append(Group(inner_mode, tuple(dict(each) for each in inner)))
    return Lines(mode, tuple(items))


def condition_of(lines: Lines) -> dict[str, Any]:
    """Return the condition that lines stand for; empty groups are left out. No line at all: always true."""
    parts: list[dict[str, Any]] = []
    for item in lines.items:
        if isinstance(item, Group):
            if item.lines:
                parts.append(_joined(item.mode, [dict(each) for each in item.lines]))
        else:
            parts.append(dict(item))
    return _joined(lines.mode, parts) if parts else {}


def is_leaf(condition: Any) -> bool:
    """Whether a condition is one comparison, or names a condition that stands elsewhere."""
    return isinstance(condition, Mapping) and bool({"fact", "named"} & set(condition))


def _parts(condition: Any) -> tuple[str, list[Any] | None]:
    if not isinstance(condition, Mapping) or len(condition) != 1:
        return "", None
    word, inner = next(iter(condition.items()))
    if word in ("all", "any"):
        return str(word), list(inner) if isinstance(inner, list) and inner else None
    if word != "not":
        return "", None
    if is_leaf(inner):
        return "none", [inner]
    if isinstance(inner, Mapping) and set(inner) == {"any"} and isinstance(inner["any"], list) and inner["any"]:
        return "none", list(inner["any"])
    return "", None


def _joined(mode: str, parts: list[dict[str, Any]]) -> dict[str, Any]:
    if mode == "none":
        return {"not": parts[0] if len(parts) == 1 and is_leaf(parts[0]) else {"any": parts}}
    return parts[0] if len(parts) == 1 else {mode: parts}
