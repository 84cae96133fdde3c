"""What conditions are made of: the day they are asked about, their errors, and truth with three values."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Q

if TYPE_CHECKING:
    from contacts.models import StrategyVersion

ALWAYS: Final = Q(pk__isnull=False)
NEVER: Final = Q(pk__in=())
OPERATORS: Final = {
    "number": ("at_least", "at_most", "more_than", "less_than", "is", "is_not", "between"),
    "amount": ("at_least", "at_most", "more_than", "less_than"),
    "choice": ("is", "is_not", "in", "not_in"),
    "text": ("is", "is_not", "in", "not_in"),
    "yes_no": ("is",),
}


class ConditionError(ValueError):
    """The condition is not understood. `path` says where, e.g. `all[1].op`."""

    def __init__(self, path: str, message: str, **values: Any) -> None:
        self.path = path
        self.message = message % values if values else message
        super().__init__(f"{path or 'condition'}: {self.message}")


@dataclass(frozen=True, slots=True)
class Context:
    """The day that is asked about (days past due count to it), the instant at which it begins at the creditor's, and
    the words that the strategy gives to sets of values and to conditions.
    """

    day: date
    begins_at: datetime
    sets: Mapping[str, Sequence[str]] = field(default_factory=dict)
    named: Mapping[str, Any] = field(default_factory=dict)

    def within(self, version: "StrategyVersion") -> "Context":
        """Return the same day in the words of a version: its sets and its named conditions."""
        return replace(self, sets=version.sets, named=version.named)


@dataclass(frozen=True, slots=True)
class Truth:
    """When a condition is true and when it is false; a case for which neither holds is one where it is unknown."""

    true: Q
    false: Q

    def __invert__(self) -> "Truth":
        return Truth(self.false, self.true)


def truth(holds: Q, known: Q = ALWAYS) -> Truth:
    """Return the truth of what holds, where it is known."""
    return Truth(known & holds, known & ~holds)


type Known = Q | Callable[[Any, Context], Q]


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact: how it is compared, which values it may have, when it is known, and what to ask of a case.

    `ask(value, context)` returns the Q that the fact is that value: one of the values for choices and texts, at least
    so many for numbers. `known` may depend on the values and the day; for `{"op": "known"}` the value is None.
    """

    name: str
    kind: str
    ask: Callable[[Any, Context], Q]
    known: Known = ALWAYS
    values: tuple[str, ...] = ()
    form: str = ""  # of a text: what it must look like, as a regular expression

    def when_known(self, value: Any, context: Context) -> Q:
        """Return the Q of the cases for which it is known whether the fact is that value."""
        return self.known if isinstance(self.known, Q) else self.known(value, context)
