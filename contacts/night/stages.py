"""The nine steps of a close, in order. Each works on one span of persons, or on the whole book at once.

Where the tape of a creditor is late his cases are not treated: stays begin and end, what nobody wants any more is taken
out of the outbox, but no contact is planned, automatic or by a person, and no case is put before a supervisor for
having no further step. Who is on a path stays known, so the first close with a new tape catches up what fell due
meanwhile, by the rule of each step, never two severities in a day. What was planned before waits at the dispatch
(`stale-feed`); calls that lay before a collector stay there until their day is over.
"""

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property
from operator import attrgetter
from typing import Any, Final

from cases import accrual, closing, freshness, turning
from cases.closing import Close, Span
from cases.imports import batches
from cases.invariants import Closed
from contacts import invariants
from contacts.experiments import drawing
from contacts.models import Step
from contacts.night import upkeep
from contacts.strategy import enrolment, planner

WHOLE: Final = Span(0, 2**62)


class Night:
    """One close under way, and what its steps share."""

    def __init__(self, close: Close, *, is_late: bool = False, since: turning.Seen | None = None) -> None:
        self.close = close
        self.is_late = is_late  # the newest tape is older than the creditor allows; the first step finds out
        self.since = since  # how far the close before has seen; None: every account is aged
        self.statistics = upkeep.Statistics()

    @property
    def connections(self) -> int:
        """How many the book is worth: not more than it has spans."""
        most = self.close.at_once
        return 1 if most == 1 else min(most, max(1, closing.size_of_book(self.close) // closing.SPAN))

    def beside(self) -> "Night":
        """Return the same close for another thread: it reads the strategies itself, since no two threads work with the
        same objects of them.
        """
        other = copy(self)
        other.__dict__.pop("paths", None)
        return other

    @cached_property
    def paths(self) -> list[enrolment.Path]:
        """The strategies in force, read once per process and run."""
        return enrolment.paths_of(self.close)

    @cached_property
    def moving(self) -> turning.Turning | None:
        """The accounts that can be in another bucket than at the close before, read once per process and run."""
        return turning.since(self.close, self.since)


@dataclass(slots=True)
class Result:
    """What a step did to a span: rows it wrote, counts by name, and what somebody should look at."""

    rows: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    warnings: list[dict[str, Any]] = field(default_factory=list)
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Stage:
    """A step: its name, how the book is cut for it (None: not at all), and the work on one span.

    is_shared: whether several connections may work on its spans at once; None: never. reads: what all spans need, read
    once before.
    """

    name: str
    work: Callable[[Night, Span], Result]
    next_span: Callable[[Close, int], Span | None] | None = None
    is_shared: Callable[[Night], bool] | None = None
    reads: Callable[[Night], object] | None = None


def _freshness(night: Night, span: Span) -> Result:
    state = freshness.of_creditor(night.close.creditor, on=night.close.business_date)
    result = Result(counts={"book": closing.size_of_book(night.close)})
    if state.age is not None:
        result.counts |= {"age": state.age, "allowed": state.allowed}
    night.is_late = state.is_late
    if state.is_late:
        result.counts["late"] = 1
        as_of = str(state.as_of)
        result.warnings.append({"code": "late-feed", "age": state.age, "allowed": state.allowed, "as_of": as_of})
    elif state.is_stale:
        result.warnings.append({"code": "stale-feed", "age": state.age, "allowed": state.allowed})
    purged = batches.purge_rows(today=night.close.business_date)  # refused rows keep their text for 90 days
    if purged:
        result.counts["purged"] = purged
    return result


def _ageing(night: Night, span: Span) -> Result:
    night.statistics.take()
    accrued = accrual.run(night.close, span)
    accounts = night.moving.of(span) if night.moving is not None else None
    aged = closing.age(night.close, span, accounts=accounts)
    return Result(rows=aged, counts={"accrued": accrued} if accrued else {})


def _cases(night: Night, span: Span) -> Result:
    counts = closing.work_cases(night.close, span, next_action="wait_strategy" if night.paths else "call")
    return Result(rows=sum(counts.values()), counts=counts)


def _promises(night: Night, span: Span) -> Result:
    return Result(rows=closing.judge_promises(night.close, span))


def _plans(night: Night, span: Span) -> Result:
    return Result(rows=closing.judge_plans(night.close, span))


def _holds(night: Night, span: Span) -> Result:
    counts = closing.look_after_holds(night.close) | closing.look_after_agreements(night.close)
    return Result(rows=sum(counts.values()), counts=counts)


def _strategies(night: Night, span: Span) -> Result:
    with upkeep.by_index():
        return _treat(night, span)


def _treat(night: Night, span: Span) -> Result:
    close, paths = night.close, night.paths
    drawn = 0 if night.is_late else drawing.draw(close, span)  # segments may ask for the side of an experiment
    left = enrolment.leave(close, span, paths)
    cancelled = enrolment.cancel_unwanted(close, span)
    entered = enrolment.enrol(close, span, paths)
    if night.is_late:
        untreated = enrolment.book(close, span).count()
        counts = {"entered": entered, "left": left, "cancelled": cancelled, "untreated": untreated}
        return Result(rows=entered + left + cancelled, counts=counts)
    night.statistics.take()
    planned = planner.plan(close, span, paths)
    to_people = planner.set_futures(close, span)
    counts = {"entered": entered, "left": left, "cancelled": cancelled, "planned": sum(planned.values())}
    counts |= {"to_people": to_people} | {f"step:{key}": count for key, count in planned.items()}
    if drawn:
        counts["drawn"] = drawn
    return Result(rows=entered + left + cancelled + counts["planned"] + to_people, counts=counts)


def _figures(night: Night, span: Span) -> Result:
    counts = closing.write_figures(night.close)
    return Result(rows=counts["figures"], counts=counts)


def _invariants(night: Night, span: Span) -> Result:
    close = night.close
    closed = Closed(close.creditor.pk, close.business_date, close.newest_state)
    found = invariants.check_creditor(close.creditor.pk, closed=closed, several=night.connections)
    broken = {name: ids for name, ids in found.items() if ids}
    warnings = [{"code": "invariant", "name": name, "ids": ids[:20], "count": len(ids)} for name, ids in broken.items()]
    return Result(counts={"checked": len(found)}, warnings=warnings, failed=bool(broken))


def _always(night: Night) -> bool:
    return True


def _no_step_hands_over(night: Night) -> bool:
    """Whether no step gives cases to the collectors: who of them has room follows from what went to them before."""
    return not any(step.kind == Step.Kind.ASSIGN for path in night.paths for step in path.steps)


AGEING: Final = "ageing"
STAGES: Final = (
    Stage("freshness", _freshness),
    Stage(AGEING, _ageing, closing.next_span, _always, reads=attrgetter("moving")),
    Stage("cases", _cases, closing.next_span, _always),
    Stage("promises", _promises, closing.next_promise_span),
    Stage("plans", _plans, closing.next_plan_span),
    Stage("holds", _holds),
    Stage("strategies", _strategies, closing.next_wide_span, _no_step_hands_over),
    Stage("figures", _figures),
    Stage("invariants", _invariants),
)
