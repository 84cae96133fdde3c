"""What is wrong with a strategy before it is rehearsed: each finding at its node, in a sentence, with a way to mend it.

An error keeps a version from being submitted for approval; a warning is for a person to weigh.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from contacts.models import Segment, Step, StrategyVersion
from contacts.strategy import lints_book, ranges, sentences
from contacts.strategy.due import REVIEW, what_of
from contacts.strategy.editing import Node
from contacts.strategy.lint import ENDS, ERROR, WARNING, Lint, Read


def read(version: StrategyVersion) -> Read:
    """Return the segments and steps of a version, in their order."""
    segments = version.segments.order_by("position", "pk").prefetch_related("steps__template")
    steps_of = [(segment, sorted(segment.steps.all(), key=lambda step: step.position)) for segment in segments]
    return Read(version, tuple((segment, tuple(steps)) for segment, steps in steps_of))


def of_version(version: StrategyVersion, *, at: datetime, with_book: bool = True) -> list[Lint]:
    """Return everything that is found, errors first, from the top of the tree to the bottom.

    with_book: also what the live book, the wordings and the rules in force say of it; it takes longer.
    """
    found = read(version)
    lints = [*_of_strategy(found), *_of_segments(found), *_of_steps(found)]
    if with_book:
        lints += lints_book.of_version(found, at=at)
    places = {str(node): place for place, node in enumerate(_nodes(found))}
    return sorted(lints, key=lambda lint: (not lint.is_error, places.get(str(lint.node), 0)))


def errors_of(version: StrategyVersion, *, at: datetime) -> list[Lint]:
    """Return what keeps a version from being submitted for approval."""
    return [lint for lint in of_version(version, at=at) if lint.is_error]


def _nodes(found: Read) -> Iterator[Node]:
    yield Node()
    for segment, steps in found.segments:
        yield Node(segment.key)
        for step in steps:
            yield Node(segment.key, step.key)


# -- the strategy ------------------------------------------------------------------------------------------------------


def _of_strategy(found: Read) -> Iterator[Lint]:
    if not found.version.creditors.exists():
        yield Lint(
            "no-creditor",
            ERROR,
            Node(),
            _("It is for no creditor, so it treats nobody."),
            _("Choose its creditors."),
        )
    if not any(steps for _segment, steps in found.segments):
        yield Lint("no-steps", ERROR, Node(), _("It has no step: nothing would ever happen."), _("Add a step."))


# -- segments ----------------------------------------------------------------------------------------------------------


def _of_segments(found: Read) -> Iterator[Lint]:
    everybody: Segment | None = None
    seen: dict[str, Segment] = {}
    for segment, steps in found.segments:
        node = Node(segment.key)
        same = seen.get(repr(segment.condition))
        if everybody is not None or same is not None:
            earlier = everybody or same
            assert earlier is not None
            yield Lint(
                "unreachable-segment",
                ERROR,
                node,
                _("“%(earlier)s” stands before it and takes every case that it could take.")
                % {"earlier": earlier.title},
                _("Move it up, or narrow the one before it."),
            )
        elif not ranges.can_be_true(segment.condition, named=found.named):
            yield Lint(
                "never-true",
                ERROR,
                node,
                _("Its condition can never be true: %(condition)s.")
                % {"condition": sentences.of_condition(segment.condition, found.called)},
                _("Mend the numbers that contradict each other."),
            )
        if segment.stop and segment.stop == segment.condition:
            yield Lint(
                "ends-at-once",
                ERROR,
                node,
                _("It ends for a case by the same condition by which it takes it."),
                _("Let it end by another condition."),
            )
        if not segment.condition and not segment.stop:
            everybody = everybody or segment
        seen.setdefault(repr(segment.condition), segment)
        yield from _exits(found, segment, steps)


def _exits(found: Read, segment: Segment, steps: tuple[Step, ...]) -> Iterator[Lint]:
    node = Node(segment.key)
    if not steps and any(each for _segment, each in found.segments):
        yield Lint(
            "no-steps-here",
            WARNING,
            node,
            _("It has no step: whoever is taken here is put before a supervisor at once."),
            _("Add a step, or leave these cases to another segment."),
        )
    last_day = ranges.of_fact(segment.condition, "dpd", named=found.named)[1]
    is_left = last_day != float("inf")  # as days go by, the next segment takes the case
    if steps and not segment.stop and not is_left and not any(step.kind in ENDS for step in steps):
        yield Lint(
            "no-exit",
            WARNING,
            node,
            _("Nothing ends this path: it has no stop condition, and no step hands the case to somebody who decides."),
            _("End it with a review, a referral or a stop condition."),
        )


# -- steps -------------------------------------------------------------------------------------------------------------


def _of_steps(found: Read) -> Iterator[Lint]:
    for segment, steps in found.segments:
        if not ranges.can_be_true(segment.condition, named=found.named):
            continue  # said of the segment already
        days = ranges.of_fact(segment.condition, "dpd", named=found.named)
        dead: set[str] = set()
        for step in steps:
            lint = _unreachable(found, segment, step, steps, days, dead)
            if lint is not None:
                dead.add(step.key)
                yield lint
            yield from _of_step(segment, step, steps)
        yield from _severities(segment, steps)


def _unreachable(
    found: Read, segment: Segment, step: Step, steps: tuple[Step, ...], days: ranges.Range, dead: set[str]
) -> Lint | None:
    def said(sentence: str, mend: str) -> Lint:
        return Lint("unreachable-step", ERROR, Node(segment.key, step.key), sentence, mend)

    last = float("inf") if step.until_dpd is None else step.until_dpd
    if not ranges.is_empty(days) and ranges.is_empty(ranges.both(days, (step.from_dpd, last))):
        return said(
            _("It is due from day %(day)s on, but this segment only sees cases from day %(first)s to day %(last)s.")
            % {"day": step.from_dpd, "first": int(days[0]), "last": _day(days[1])}
            if step.until_dpd is None or step.from_dpd > days[1]
            else _("It is due until day %(day)s, but this segment only sees cases from day %(first)s on.")
            % {"day": step.until_dpd, "first": int(days[0])},
            _("Change its days, or the condition of the segment."),
        )
    if not ranges.can_be_true({"all": [*_parts(segment.condition), *_parts(step.condition)]}, named=found.named):
        return said(
            _("Its condition can never be true in this segment: %(condition)s.")
            % {"condition": sentences.of_condition(step.condition, found.called)},
            _("Mend the condition, or move the step to another segment."),
        )
    if step.trigger != Step.Trigger.AFTER:
        return None
    before = next((each for each in steps if each.key == step.after_key), None)
    if before is None or before.key in dead:
        return said(_("It waits for a step that is never done."), _("Let it wait for another step."))
    return None


def _day(number: float) -> str:
    return "…" if number == float("inf") else str(int(number))


def _parts(condition: Any) -> list[Any]:
    if not condition:
        return []
    return list(condition["all"]) if set(condition) == {"all"} else [condition]


def _of_step(segment: Segment, step: Step, steps: tuple[Step, ...]) -> Iterator[Lint]:
    node = Node(segment.key, step.key)
    is_ended = step.until_dpd is not None or step.condition or segment.stop
    is_seen = any(
        each.kind in ENDS and each.key != step.key and each.from_dpd >= step.from_dpd for each in steps
    )  # somebody looks at the case later
    if step.repeat_every_days and not is_ended and not is_seen:
        yield Lint(
            "repeats-without-end",
            WARNING,
            node,
            _("It is done again and again, and nothing ends it."),
            _("Say until which day, give the segment a stop condition, or end the path with a review."),
        )


def _severities(segment: Segment, steps: tuple[Step, ...]) -> Iterator[Lint]:
    """A case climbs one severity a day: what is new and harsher on the same day waits, or never comes."""
    contacts = [step for step in steps if step.trigger == Step.Trigger.DPD and what_of(step).channel != REVIEW]
    for step in contacts:
        reached = max((each.severity for each in contacts if each.from_dpd < step.from_dpd), default=0)
        milder = [
            each
            for each in contacts
            if each.from_dpd == step.from_dpd and reached < each.severity < step.severity and not each.condition
        ]
        if step.condition or not milder:
            continue
        words = {"other": sentences.name_of(milder[0]), "day": step.from_dpd}
        if step.until_dpd is not None and step.until_dpd - step.from_dpd < len({each.severity for each in milder}):
            yield Lint(
                "severity-never-climbed",
                ERROR,
                Node(segment.key, step.key),
                _("“%(other)s” is milder and due on the same day %(day)s, a case climbs one severity a day, and this "
                  "step is over before its turn comes.") % words,
                _("Give it more days, or let it begin later."),
            )  # fmt: skip
        else:
            yield Lint(
                "two-severities-in-a-day",
                WARNING,
                Node(segment.key, step.key),
                _("“%(other)s” is milder and due on the same day %(day)s: this one waits for the day after.") % words,
                _("Let it begin a day later, so that everybody reads what happens."),
            )
