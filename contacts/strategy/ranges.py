"""Between which numbers a fact lies where a condition is true: enough to see that it can never be true."""

from collections.abc import Mapping
from typing import Any, Final

from cases import ageing

type Range = tuple[float, float]  # both ends included; empty where the first is larger

EVERYTHING: Final[Range] = (0, float("inf"))
NOTHING: Final[Range] = (1, 0)
_FAR: Final = float("inf")
_SEVERAL: Final = ("product", "product_kind", "reachable", "hold_kind", "arm")  # a case may be two of these


def is_empty(found: Range) -> bool:
    """Whether no number is in a range."""
    return found[0] > found[1]


def both(one: Range, other: Range) -> Range:
    """Return what lies in both ranges."""
    return max(one[0], other[0]), min(one[1], other[1])


def of_fact(condition: Any, fact: str, *, named: Mapping[str, Any] | None = None, depth: int = 0) -> Range:
    """Return a range outside of which the condition is not true: `dpd` at least 30 and at most 60 is 30 to 60.

    It may be wider than what the condition says, never narrower. Buckets are ranges of days past due.
    """
    if not isinstance(condition, Mapping) or not condition or depth > 20:
        return EVERYTHING
    if "named" in condition:
        return of_fact((named or {}).get(str(condition["named"]), {}), fact, named=named, depth=depth + 1)
    if "fact" in condition:
        return _of_leaf(condition, fact)
    if "all" in condition:
        found = EVERYTHING
        for each in condition["all"]:
            found = both(found, of_fact(each, fact, named=named, depth=depth + 1))
        return found
    if "any" in condition:
        parts = [of_fact(each, fact, named=named, depth=depth + 1) for each in condition["any"]]
        parts = [part for part in parts if not is_empty(part)]
        return (min(part[0] for part in parts), max(part[1] for part in parts)) if parts else NOTHING
    inner: Any = condition.get("not")
    return _without(_of_leaf(inner, fact)) if _is_about(inner, fact) else EVERYTHING


def _is_about(condition: Any, fact: str) -> bool:
    return isinstance(condition, Mapping) and condition.get("fact") == fact and condition.get("op") != "is_not"


def _without(found: Range) -> Range:
    """Return what is left beside a range that reaches to one of the ends; a hole in the middle is not seen."""
    if is_empty(found):
        return EVERYTHING
    if found[0] <= 0:
        return (found[1] + 1, _FAR) if found[1] != _FAR else NOTHING
    return (0, found[0] - 1) if found[1] == _FAR else EVERYTHING


def _of_leaf(leaf: Mapping[str, Any], fact: str) -> Range:
    operator, value = leaf.get("op"), leaf.get("value")
    if leaf.get("fact") == "bucket" and fact == "dpd":
        return _of_buckets(operator, value)
    if leaf.get("fact") != fact:
        return EVERYTHING
    try:
        first, last = (value if operator == "between" else (value, value)) if value is not None else (0, 0)
        low, high = float(first), float(last)
    except (TypeError, ValueError):
        return EVERYTHING
    found: dict[Any, Range] = {
        "at_least": (low, _FAR),
        "at_most": (0, low),
        "more_than": (low + 1, _FAR),
        "less_than": (0, low - 1),
        "is": (low, low),
        "between": (low, high),
    }
    return found.get(operator, EVERYTHING)


def _of_buckets(operator: Any, value: Any) -> Range:
    labels = ageing.DEFAULT.labels
    wanted = value if isinstance(value, list) else [value]
    if operator in ("is_not", "not_in"):
        wanted = [label for label in labels if label not in wanted]
    elif operator not in ("is", "in"):
        return EVERYTHING
    places = [labels.index(label) for label in wanted if label in labels]
    if not places:
        return EVERYTHING
    starts = (0, *ageing.DEFAULT.starts)
    low, high = min(places), max(places)
    return starts[low], starts[high + 1] - 1 if high + 1 < len(starts) else _FAR


def numbers_in(condition: Any, *, named: Mapping[str, Any] | None = None, depth: int = 0) -> set[str]:
    """Return the facts that a condition compares."""
    if not isinstance(condition, Mapping) or depth > 20:
        return set()
    if "fact" in condition:
        fact = str(condition["fact"])
        return {"dpd" if fact == "bucket" else fact}
    if "named" in condition:
        return numbers_in((named or {}).get(str(condition["named"]), {}), named=named, depth=depth + 1)
    inner: Any = next(iter(condition.values()), [])
    parts = inner if isinstance(inner, list) else [inner]
    return {fact for part in parts for fact in numbers_in(part, named=named, depth=depth + 1)}


def can_be_true(*conditions: Any, named: Mapping[str, Any] | None = None) -> bool:
    """Whether all these conditions may be true of one case, as far as numbers can tell."""
    for fact in {fact for each in conditions for fact in numbers_in(each, named=named)}:
        found = EVERYTHING
        for each in conditions:
            found = both(found, of_fact(each, fact, named=named))
        if is_empty(found):
            return False
    return not any(_says_both(each, named) for each in conditions)


def _says_both(condition: Any, named: Mapping[str, Any] | None) -> bool:
    """Whether a fact is asked to be so and not to be so in one breath."""
    if not isinstance(condition, Mapping) or not isinstance(condition.get("all"), list):
        return False
    said: dict[str, Any] = {}
    for leaf in condition["all"]:
        if not isinstance(leaf, Mapping) or leaf.get("op") != "is" or leaf.get("fact") in _SEVERAL:
            continue
        if said.setdefault(str(leaf["fact"]), leaf.get("value")) != leaf.get("value"):
            return True
    return False
