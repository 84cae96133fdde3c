"""Why a case is where it is: every condition of a version, part by part, with what is known of the case."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from cases.closing import Close
from cases.models import Case
from collections_app.shared.listing import listed
from contacts.models import Enrolment, Segment, StrategyVersion
from contacts.strategy import conditions, counts, enrolment, naming, sentences
from contacts.strategy.conditions import catalogue
from contacts.strategy.conditions.language import Context
from contacts.strategy.enrolment import Path, context_of, takes

MOST_VALUES: Final = 40  # of a text that are tried
LARGEST: Final = 15  # a number is below two to this power


@dataclass(frozen=True, slots=True)
class Told:
    """One part of a condition: a sentence, whether it is true of the case (None: unknown), and what the case has."""

    sentence: str
    holds: bool | None
    depth: int
    has: str = ""

    @property
    def tone(self) -> str:
        """The tone in which it is shown."""
        return {True: "ok", False: "past", None: "soon"}[self.holds]

    @property
    def answer(self) -> str:
        """Whether it is true, in a word."""
        return {True: _("true"), False: _("false"), None: _("unknown")}[self.holds]


@dataclass(slots=True)
class Why:
    """One segment for one case: whether its condition is true, part by part; whether it takes the case."""

    segment: Segment
    holds: bool | None
    is_hers: bool
    is_stopped: bool = False
    comes_back: bool = True
    parts: list[Told] = field(default_factory=list)


def why(version: StrategyVersion, case: Case, *, at: datetime) -> list[Why]:
    """Return every segment of a version for a case, in the order in which they take cases; the first that does is hers.

    As for the next day at the creditor. Nothing is stored.
    """
    close = counts.next_day(case.creditor, at)
    context = context_of(close, version)
    known: dict[str, str] = {}
    called = naming.called(version.strategy)
    found, is_taken = [], False
    for segment in version.segments.order_by("position", "pk"):
        holds = conditions.holds_for(case.pk, segment.condition, context)
        would = Case.objects.filter(pk=case.pk).filter(takes(Path(version, segment, ()), close)).exists()
        told = Why(segment, holds, is_hers=would and not is_taken)
        is_taken |= would
        if segment.stop:
            told.is_stopped = conditions.holds_for(case.pk, segment.stop, context) is True
        told.comes_back = would or holds is not True or told.is_stopped
        if segment.condition:
            told.parts = list(_parts(case, segment.condition, context, known, called=called))
        found.append(told)
    return found


@dataclass(frozen=True, slots=True)
class Taken:
    """The other strategy that has a case, or takes it at the next close. is_on: the case is on that segment already."""

    version: StrategyVersion
    segment: Segment
    is_on: bool


def taken_before(version: StrategyVersion, case: Case, *, at: datetime) -> Taken | None:
    """Return which other strategy takes a case before this version can; None where none does.

    The strategy whose code comes first takes a case, also from a later one; that one keeps it for its minimum dwell.
    """
    close = counts.next_day(case.creditor, at)
    own, one = version.strategy, Case.objects.filter(pk=case.pk)
    stay = Enrolment.objects.filter(case_id=case.pk, left_on__isnull=True).first()
    for path in enrolment.paths_of(close):
        if path.version.strategy_id == own.pk:
            continue
        is_on = stay is not None and stay.segment_id == path.segment.pk and _keeps(path, one, close)
        if path.version.strategy.code < own.code:
            if is_on or (path.accepts and one.filter(takes(path, close)).exists()):
                return Taken(path.version, path.segment, is_on=is_on)
        elif is_on and stay is not None and stay.entered_on > close.day - timedelta(days=path.segment.dwell_days):
            return Taken(path.version, path.segment, is_on=True)
    return None


def _keeps(path: Path, one: QuerySet[Case], close: Close) -> bool:
    """Whether nothing ends a path for a case that is on it."""
    context = context_of(close, path.version)
    if path.segment.stop and one.filter(conditions.matching(path.segment.stop, context)).exists():
        return False
    return one.filter(conditions.matching(path.segment.condition, context)).exists()


def _parts(
    case: Case,
    condition: Any,
    context: Context,
    known: dict[str, str],
    depth: int = 0,
    *,
    called: Mapping[str, str],
) -> Iterator[Told]:
    holds = conditions.holds_for(case.pk, condition, context)
    if "fact" in condition:
        fact = str(condition["fact"])
        if fact not in known:
            known[fact] = value_of(case, fact, context)
        yield Told(sentences.of_condition(condition, called), holds, depth, known[fact])
        return
    if "named" in condition:
        yield Told(sentences.of_condition(condition, called), holds, depth)
        yield from _parts(case, context.named[condition["named"]], context, known, depth + 1, called=called)
        return
    word, inner = next(iter(condition.items()), ("", None))
    if not word:
        yield Told(sentences.of_condition(condition, called), holds, depth)
        return
    joint = {"all": _("all of these"), "any": _("any of these"), "not": _("not this")}[word]
    yield Told(joint, holds, depth)
    for each in inner if isinstance(inner, list) else [inner]:
        yield from _parts(case, each, context, known, depth + 1, called=called)


# -- what the case has -------------------------------------------------------------------------------------------------


def value_of(case: Case, fact: str, context: Context) -> str:
    """Return what a case has of a fact, in words, as the conditions themselves see it: asked, not looked up."""
    asked = conditions.FACTS[fact]
    one = Case.objects.filter(pk=case.pk)
    if not one.filter(asked.known).exists():
        return _("unknown")
    if fact == "balance":
        return f"{case.balance:,} {case.currency}"
    if asked.kind == "number":
        return str(_number(case, fact, context))
    if asked.kind == "yes_no":
        return _("yes") if one.filter(asked.ask(True, context)).exists() else _("no")  # noqa: FBT003
    if asked.kind not in ("choice", "text"):
        return ""
    values = [value for value, _words in catalogue.in_use(fact)][:MOST_VALUES]
    tried = {f"v{place}": asked.ask([value], context) for place, value in enumerate(values)}
    has = _which(case, tried)
    return listed(catalogue.label_of(fact, value) for place, value in enumerate(values) if has[f"v{place}"])


def _number(case: Case, fact: str, context: Context) -> int:
    """Return the largest number that the fact is at least: first its power of two, then by halves, all in one go."""
    ask = conditions.FACTS[fact].ask
    powers = _which(case, {f"v{power}": ask(2**power, context) for power in range(LARGEST)})
    reached = [power for power in range(LARGEST) if powers[f"v{power}"]]
    if not reached:
        return 0
    low, high = 2 ** max(reached), 2 ** (max(reached) + 1)
    while high - low > 1:
        step = max(1, (high - low) // 8)
        marks = list(range(low + step, high, step))
        has = _which(case, {f"v{mark}": ask(mark, context) for mark in marks})
        at_least = [mark for mark in marks if has[f"v{mark}"]]
        low = max(at_least, default=low)
        high = min([mark for mark in marks if not has[f"v{mark}"]], default=high)
    return low


def _which(case: Case, asked: Mapping[str, Q]) -> dict[str, bool]:
    counted = {name: Count("pk", filter=condition) for name, condition in asked.items()}
    found = Case.objects.filter(pk=case.pk).aggregate(**counted) if counted else {}
    return {name: bool(number) for name, number in found.items()}
