"""Conditions in words: every fact by its name, every value by its label."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from collections_app.shared.listing import any_of
from contacts.strategy.conditions import catalogue

FACT_NAMES: Final = {name: entry.label for name, entry in catalogue.ENTRIES.items()}
_OPERATORS: Final[dict[str, LazyText]] = {
    "at_least": gettext_lazy("%(fact)s at least %(value)s"),
    "at_most": gettext_lazy("%(fact)s at most %(value)s"),
    "more_than": gettext_lazy("%(fact)s more than %(value)s"),
    "less_than": gettext_lazy("%(fact)s less than %(value)s"),
    "is": gettext_lazy("%(fact)s is %(value)s"),
    "is_not": gettext_lazy("%(fact)s is not %(value)s"),
    "in": gettext_lazy("%(fact)s is %(value)s"),
    "not_in": gettext_lazy("%(fact)s is not %(value)s"),
    "between": gettext_lazy("%(fact)s between %(value)s"),
}
_REACHABLE: Final[dict[str, LazyText]] = {
    "is": gettext_lazy("reachable by %(value)s"),
    "in": gettext_lazy("reachable by %(value)s"),
    "is_not": gettext_lazy("not reachable by %(value)s"),
    "not_in": gettext_lazy("not reachable by %(value)s"),
}


Called = Mapping[str, str]


def of_condition(condition: Any, called: Called | None = None) -> str:
    """Return a condition in words; one that is not understood reads as it is written.

    called: what named conditions ("good") and named sets ("@south") are called; by their code where it is not said.
    """
    called = called or {}
    if not condition:
        return _("always")
    if not isinstance(condition, Mapping):
        return str(condition)
    if "fact" in condition:
        return _leaf(condition, called)
    word, inner = next(iter(condition.items()))
    if word == "named":
        return _("“%(name)s”") % {"name": called.get(str(inner), inner)}
    if word == "not":
        return _not(inner, called)
    if word in ("all", "any") and isinstance(inner, list):
        joint = _(" and ") if word == "all" else _(" or ")
        return joint.join(
            _("(%(condition)s)") % {"condition": of_condition(each, called)}
            if isinstance(each, Mapping) and {"all", "any"} & set(each) and len(inner) > 1
            else of_condition(each, called)
            for each in inner
        )
    return str(dict(condition))


def _not(inner: Any, called: Called) -> str:
    if isinstance(inner, Mapping) and isinstance(inner.get("value"), bool) and inner.get("op") in ("is", "known"):
        return _leaf({**inner, "value": not inner["value"]}, called)  # unknown stays unknown
    return _("not (%(condition)s)") % {"condition": of_condition(inner, called)}


def _leaf(leaf: Mapping[str, Any], called: Called) -> str:
    name, operator, value = str(leaf.get("fact")), str(leaf.get("op")), leaf.get("value")
    entry = catalogue.ENTRIES.get(name)
    fact = str(entry.label) if entry else name
    if operator == "known":
        return (_("%(fact)s known") if value else _("%(fact)s not known")) % {"fact": fact}
    if isinstance(value, bool):
        if value:
            return fact
        return str(entry.negative) if entry and entry.negative else _("not: %(fact)s") % {"fact": fact}
    if operator == "between" and isinstance(value, list) and len(value) == 2:
        text = _("%(first)s and %(last)s") % {"first": value[0], "last": value[1]}
    else:
        text = any_of(_value(name, each, called) for each in (value if isinstance(value, list) else [value]))
    words = _REACHABLE if name == "reachable" else _OPERATORS
    return str(words.get(operator, "%(fact)s %(value)s")) % {"fact": fact, "value": text}


def _value(fact: str, value: Any, called: Called) -> str:
    text = str(value)
    if text.startswith("@"):
        return _("one of “%(name)s”") % {"name": called.get(text, text[1:])}
    entry = catalogue.ENTRIES.get(fact)
    return _grouped(text) if entry is not None and entry.kind == "amount" else catalogue.label_of(fact, text)


def _grouped(text: str) -> str:
    """Return an amount with its thousands grouped, and the decimals with which it was written; else the text."""
    try:
        return f"{Decimal(text):,f}"
    except InvalidOperation:
        return text
