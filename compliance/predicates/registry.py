"""What a predicate returns, and the register by which packs name them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any, Final, get_type_hints

from compliance.facts import Id, MissingFact

Value = str | int | bool

__all__ = [
    "FAILED",
    "PASSED",
    "PREDICATES",
    "Finding",
    "MissingFact",
    "Registered",
    "Value",
    "fails",
    "passes",
    "predicate",
    "typed_parameter",
]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule found.

    passed: for a restriction, it does not forbid; for an exception, it applies; for a coverage rule, the pack binds.
    values: what the sentences of the rule name in braces, and what was used. counted: ids of the events counted.
    next_at: on a failure, the earliest instant at which it could pass if nothing else happens; None: no end is known.
    contributing: ids of sibling rules whose finding (grouping, ended licence) this one rests on.
    """

    passed: bool
    values: Mapping[str, Value] = field(default_factory=dict)
    next_at: datetime | None = None
    counted: tuple[Id, ...] = ()
    contributing: tuple[str, ...] = ()


PASSED: Final = Finding(passed=True)
FAILED: Final = Finding(passed=False)


def passes(
    values: Mapping[str, Value],
    next_at: None = None,
    counted: tuple[Id, ...] = (),
    contributing: tuple[str, ...] = (),
) -> Finding:
    """Return a finding that does not forbid (of an exception: that applies)."""
    return Finding(passed=True, values=values, next_at=next_at, counted=counted, contributing=contributing)


def fails(
    values: Mapping[str, Value],
    next_at: datetime | None = None,
    counted: tuple[Id, ...] = (),
    contributing: tuple[str, ...] = (),
) -> Finding:
    """Return a finding that forbids (of an exception: that does not apply)."""
    return Finding(passed=False, values=values, next_at=next_at, counted=counted, contributing=contributing)


Predicate = Callable[..., Finding]


@dataclass(frozen=True, slots=True)
class Registered:
    """A predicate and the parameters that a pack may and must give it."""

    name: str
    function: Predicate
    parameters: Mapping[str, Any]  # name -> type hint
    required: frozenset[str]


PREDICATES: Final[dict[str, Registered]] = {}


def predicate(function: Predicate) -> Predicate:
    """Register a predicate under its own name. Every parameter after question and facts is keyword-only and typed."""
    name = function.__name__
    if name in PREDICATES:
        raise RuntimeError(f"predicate {name} is registered twice")
    specs = inspect.signature(function).parameters
    hints = get_type_hints(function)
    parameters = {key: hints[key] for key, spec in specs.items() if spec.kind is inspect.Parameter.KEYWORD_ONLY}
    required = frozenset(key for key in parameters if specs[key].default is inspect.Parameter.empty)
    PREDICATES[name] = Registered(name, function, parameters, required)
    return function


_SIMPLE: Final = {str: str, int: int, bool: bool, time: time, date: date}


def typed_parameter(hint: Any, value: Any) -> Any:
    """Return a pack's value as the type that the predicate asks for. Raises TypeError saying what was expected."""
    options = (
        getattr(hint, "__args__", ()) if type(hint).__name__ in {"UnionType", "Union", "_UnionGenericAlias"} else ()
    )
    if options:
        for option in options:
            if option is not type(None):
                return typed_parameter(option, value)
    if getattr(hint, "__origin__", None) is tuple:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise TypeError("expected a list of texts")
        return tuple(value)
    wanted = _SIMPLE.get(hint)
    if wanted in {time, date} and isinstance(value, str):  # a stored release keeps times and dates as text
        try:
            return wanted.fromisoformat(value)
        except ValueError:
            raise TypeError(f"expected {wanted.__name__}, found {value!r}") from None
    if wanted is None or type(value) is not wanted:
        raise TypeError(f"expected {getattr(hint, '__name__', hint)}, found {type(value).__name__}")
    return value
