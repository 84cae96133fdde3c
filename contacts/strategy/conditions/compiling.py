"""Reads a condition and compiles it to Q: the same expression filters one case or a million."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.db.models import Q
from django.utils.translation import gettext as _

from cases.models import Case
from contacts.strategy.conditions.facts import FACTS
from contacts.strategy.conditions.language import (
    ALWAYS,
    NEVER,
    OPERATORS,
    ConditionError,
    Context,
    Fact,
    Truth,
    truth,
)

SET: Final = "@"  # "@cities": every value of the set `cities`
MOST_LEAVES: Final = 500  # of one condition, with what its named ones stand for
DEEPEST: Final = 30
_ANY_DAY: Final = (date(2000, 1, 1), datetime(2000, 1, 1))  # noqa: DTZ001 (nothing is asked of a case)


def check(
    condition: Any,
    path: str = "",
    *,
    sets: Mapping[str, Sequence[str]] | None = None,
    named: Mapping[str, Any] | None = None,
) -> None:
    """Refuse a condition that is not understood, in the words of a strategy. Raises ConditionError."""
    _Reading(Context(*_ANY_DAY, sets or {}, named or {})).compile(condition, path)


def compile_condition(condition: Mapping[str, Any], context: Context) -> Truth:
    """Return when a condition is true and when it is false of a case. Raises ConditionError."""
    return _Reading(context).compile(condition, "")


def matching(condition: Mapping[str, Any], context: Context) -> Q:
    """Return the Q of the cases for which a condition is true for certain. Raises ConditionError."""
    return compile_condition(condition, context).true


def holds_for(case_id: int, condition: Mapping[str, Any], context: Context) -> bool | None:
    """Return whether a condition is true of one case; None when that cannot be known. Raises ConditionError."""
    found = compile_condition(condition, context)
    case = Case.objects.filter(pk=case_id)
    if case.filter(found.true).exists():
        return True
    return False if case.filter(found.false).exists() else None


@dataclass(slots=True)
class _Reading:
    """One condition being read: what is left of its size, and the named conditions it is inside of."""

    context: Context
    inside: tuple[str, ...] = ()
    leaves: int = 0
    depth: int = 0
    known: dict[str, tuple[Truth, int]] = field(default_factory=dict)

    def compile(self, condition: Any, path: str) -> Truth:
        if not isinstance(condition, Mapping):
            raise ConditionError(path, _("a condition is an object"))
        if not condition:
            return Truth(ALWAYS, NEVER)
        if "fact" in condition:
            self._count(1, path)
            return _leaf(condition, self.context, path)
        if len(condition) != 1 or not {"all", "any", "not", "named"} & set(condition):
            found = ", ".join(map(str, condition))
            raise ConditionError(
                path, _("one of %(known)s is needed, not %(found)s"), known="all, any, not, named, fact", found=found
            )
        word, inner = next(iter(condition.items()))
        here = f"{path}.{word}" if path else word
        if self.depth >= DEEPEST:
            raise ConditionError(here, _("conditions stand inside one another at most %(most)s deep"), most=DEEPEST)
        self.depth += 1
        try:
            return self._word(word, inner, here)
        finally:
            self.depth -= 1

    def _word(self, word: str, inner: Any, here: str) -> Truth:
        if word == "named":
            return self._named(inner, here)
        if word == "not":
            return ~self.compile(inner, here)
        if not isinstance(inner, list) or not inner:
            raise ConditionError(here, _("a list of at least one condition is needed"))
        parts = [self.compile(each, f"{here}[{number}]") for number, each in enumerate(inner)]
        true, false = parts[0].true, parts[0].false
        for part in parts[1:]:
            true = true & part.true if word == "all" else true | part.true
            false = false | part.false if word == "all" else false & part.false
        return Truth(true, false)

    def _named(self, name: Any, here: str) -> Truth:
        if not isinstance(name, str) or name not in self.context.named:
            known = ", ".join(self.context.named) or _("none")
            raise ConditionError(
                here, _("there is no condition named “%(name)s”; known are %(known)s"), name=name, known=known
            )
        if name in self.inside:
            raise ConditionError(here, _("%(names)s goes round in a circle"), names=" → ".join((*self.inside, name)))
        if name not in self.known:
            before, self.inside = self.leaves, (*self.inside, name)
            try:
                compiled = self.compile(self.context.named[name], here)
            except ConditionError as error:
                if error.path == here or not error.path.startswith(here):
                    raise
                raise ConditionError(here, f"{name}{error.path[len(here) :]}: {error.message}") from None
            finally:
                self.inside = self.inside[:-1]
            self.known[name] = (compiled, self.leaves - before)
        else:
            self._count(self.known[name][1], here)
        return self.known[name][0]

    def _count(self, leaves: int, path: str) -> None:
        self.leaves += leaves
        if self.leaves > MOST_LEAVES:
            raise ConditionError(path, _("a condition asks about at most %(most)s facts"), most=MOST_LEAVES)


def _leaf(leaf: Mapping[str, Any], context: Context, path: str) -> Truth:
    def at(key: str) -> str:
        return f"{path}.{key}" if path else key

    for key in leaf:
        if key not in ("fact", "op", "value"):
            raise ConditionError(at(str(key)), _("a line has fact, op and value and nothing else"))
    fact = FACTS.get(leaf["fact"]) if isinstance(leaf["fact"], str) else None
    if fact is None:
        raise ConditionError(
            at("fact"), _("there is no fact “%(name)s”; known are %(known)s"), name=leaf["fact"], known=", ".join(FACTS)
        )
    operator, value = leaf.get("op"), leaf.get("value")
    if operator == "known":
        if not isinstance(value, bool):
            raise ConditionError(at("value"), _("true or false is needed"))
        known = fact.when_known(None, context)
        return truth(known if value else ~known)
    if operator not in OPERATORS[fact.kind]:
        raise ConditionError(
            at("op"),
            _("%(fact)s is compared by %(known)s or known"),
            fact=fact.name,
            known=", ".join(OPERATORS[fact.kind]),
        )
    return _COMPILERS[fact.kind](fact, str(operator), value, context, at("value"))


def _number(fact: Fact, operator: str, value: Any, context: Context, path: str) -> Truth:
    wanted = value if operator == "between" else [value]
    size = 2 if operator == "between" else 1
    if (
        not isinstance(wanted, list)
        or len(wanted) != size
        or any(isinstance(each, bool) or not isinstance(each, int) or each < 0 for each in wanted)
    ):
        raise ConditionError(path, _("two whole numbers are needed") if size == 2 else _("a whole number is needed"))

    known = fact.when_known(None, context)

    def at_least(number: int) -> Q:
        return fact.ask(number, context)

    first, last = wanted[0], wanted[-1]
    exactly = at_least(first) & ~at_least(last + 1)
    return {
        "at_least": lambda: truth(at_least(first), known),
        "more_than": lambda: truth(at_least(first + 1), known),
        "less_than": lambda: truth(~at_least(first), known),
        "at_most": lambda: truth(~at_least(first + 1), known),
        "is": lambda: truth(exactly, known),
        "between": lambda: truth(exactly, known),
        "is_not": lambda: ~truth(exactly, known),
    }[operator]()


def _amount(fact: Fact, operator: str, value: Any, context: Context, path: str) -> Truth:
    if isinstance(value, bool | float) or not isinstance(value, int | str):
        raise ConditionError(path, _('an amount is written as text, e.g. "500.00"'))
    try:
        amount = Decimal(value)
        cent_more = amount + Decimal("0.01")
    except InvalidOperation:
        raise ConditionError(path, _("“%(value)s” is no amount"), value=value) from None
    if not amount.is_finite():
        raise ConditionError(path, _("“%(value)s” is no amount"), value=value)
    known = fact.when_known(None, context)
    return {
        "at_least": lambda: truth(fact.ask(amount, context), known),
        "more_than": lambda: truth(fact.ask(cent_more, context), known),
        "less_than": lambda: truth(~fact.ask(amount, context), known),
        "at_most": lambda: truth(~fact.ask(cent_more, context), known),
    }[operator]()


def _choice(fact: Fact, operator: str, value: Any, context: Context, path: str) -> Truth:
    if operator in ("in", "not_in"):
        wanted = _spelt_out(value, context, path)
    elif not isinstance(value, str) or not value or value.startswith(SET):
        raise ConditionError(path, _("a word is needed"))
    else:
        wanted = [value]
    if fact.values:
        for each in wanted:
            if each not in fact.values:
                raise ConditionError(
                    path, _("“%(value)s” is none of %(known)s"), value=each, known=", ".join(fact.values)
                )
    for each in wanted:
        if fact.form and not re.fullmatch(fact.form, each):
            raise ConditionError(path, _("“%(value)s” does not look like %(form)s"), value=each, form=fact.form)
    found = truth(fact.ask(wanted, context), fact.when_known(wanted, context))
    return ~found if operator in ("is_not", "not_in") else found


def _spelt_out(value: Any, context: Context, path: str) -> list[str]:
    """Return the words of a list with every set in it spelt out; "@cities" alone is a list too."""
    listed = [value] if isinstance(value, str) and value.startswith(SET) else value
    if not isinstance(listed, list) or not listed:
        raise ConditionError(path, _("a list of words is needed"))
    words: list[str] = []
    for each in listed:
        if not isinstance(each, str) or not each:
            raise ConditionError(path, _("a list of words is needed"))
        if not each.startswith(SET):
            words.append(each)
            continue
        members = context.sets.get(each[len(SET) :])
        if members is None:
            known = ", ".join(f"{SET}{name}" for name in context.sets) or _("none")
            raise ConditionError(path, _("there is no set %(name)s; known are %(known)s"), name=each, known=known)
        if not members or not all(isinstance(one, str) and one and not one.startswith(SET) for one in members):
            raise ConditionError(path, _("the set %(name)s is no list of words"), name=each)
        words += members
    return list(dict.fromkeys(words))


def _yes_no(fact: Fact, operator: str, value: Any, context: Context, path: str) -> Truth:
    if not isinstance(value, bool):
        raise ConditionError(path, _("true or false is needed"))
    found = truth(fact.ask(True, context), fact.when_known(True, context))  # noqa: FBT003
    return found if value else ~found


_COMPILERS: Final = {"number": _number, "amount": _amount, "choice": _choice, "text": _choice, "yes_no": _yes_no}
