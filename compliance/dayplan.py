"""The local day of a person as spans in which a contact is permitted or refused, exact to the second. Pure.

The engine answers for one instant; this walks a whole local date with it. A refused span ends where the engine says
that it does (the next permitted instant), where a single rule among several opens, or where something known changes
(a contact, an instruction, a withdrawal). A permitted one is looked at every quarter of an hour and at every clock time
that a rule, a wish or the firm names, because no rule names its own end; the end itself is then found to the second.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Final

from compliance import engine
from compliance.engine import FAIL, Outcome
from compliance.facts import Facts, Question
from compliance.packs_loader import Pack
from compliance.windows import DAY_SECONDS, instants_at, local, seconds, start_of_day

STEP: Final = 15 * 60  # seconds of the clock
_SECOND: Final = timedelta(seconds=1)
MOST_SPANS: Final = 400


@dataclass(frozen=True, slots=True)
class Span:
    """A part of the day, the end not included. failing: the rules that forbid it at its beginning; none: permitted."""

    begins: datetime
    ends: datetime
    failing: tuple[str, ...] = ()

    @property
    def permitted(self) -> bool:
        """Whether a contact may begin in it."""
        return not self.failing


@dataclass(frozen=True, slots=True)
class DayPlan:
    """One local date of one zone. A day of 23 or 25 hours is as long as it is."""

    day: date
    zone: str
    begins: datetime
    ends: datetime
    spans: tuple[Span, ...] = field(default=())

    @property
    def permitted(self) -> tuple[Span, ...]:
        """The spans in which a contact may begin."""
        return tuple(span for span in self.spans if span.permitted)

    def share(self, at: datetime) -> float:
        """Return how much of the day is over at an instant, 0 to 1."""
        return min(max((at - self.begins) / (self.ends - self.begins), 0.0), 1.0)


def of_day(question: Question, facts: Facts, packs: Sequence[Pack], *, day: date, zone: str) -> DayPlan:
    """Return when the contact of the question may begin on a local date, if nothing else happens meanwhile.

    What is known to have happened on the day itself (a call at ten, a stop at noon) counts from its instant on; where
    the person may be is taken as it is known at the instant of the question, for the whole day.
    """
    begins, ends = start_of_day(day, zone), start_of_day(day + timedelta(days=1), zone)
    facts = replace(
        facts, locations=tuple(replace(one, at=min(one.at, begins)) for one in facts.locations if one.at <= question.at)
    )
    changes = sorted({at for at in _instants(facts) if begins < at < ends})
    looks = sorted({at for at in _looks(facts, packs, question, day, zone) if begins < at < ends})
    spans: list[Span] = []
    at = begins
    while at < ends and len(spans) < MOST_SPANS:
        outcome = engine.evaluate(question.moved_to(at), facts, packs)
        if outcome.permitted:
            until = _closes(question, facts, packs, at, [*(one for one in (*looks, *changes) if one > at), ends])
        else:
            until = min([ends, *(one for one in (*_openings(outcome), *changes) if one > at)])
        last = spans[-1] if spans else None
        if last is not None and last.failing == outcome.failing:
            spans[-1] = Span(last.begins, until, last.failing)
        else:
            spans.append(Span(at, until, outcome.failing))
        at = until
    return DayPlan(day, zone, begins, ends, tuple(spans))


def of_instant(question: Question, facts: Facts, packs: Sequence[Pack], *, zone: str) -> DayPlan:
    """Return the plan of the local date on which the question lies."""
    return of_day(question, facts, packs, day=local(question.at, zone).date(), zone=zone)


def _instants(facts: Facts) -> Iterator[datetime]:
    """Yield every instant at which something that is known begins or ends."""
    for event in facts.contacts:
        yield event.at
    for record in facts.records:
        for at in (record.at, record.received_at, record.withdrawn_at, record.notified_at):
            if at is not None:
                yield at


def _openings(outcome: Outcome) -> Iterator[datetime]:
    if outcome.next_permitted is not None:
        yield outcome.next_permitted
    for result in outcome.results:
        if result.state == FAIL and result.finding.next_at is not None:
            yield result.finding.next_at


def _closes(
    question: Question, facts: Facts, packs: Sequence[Pack], at: datetime, looks: Sequence[datetime]
) -> datetime:
    """Return the first second after a permitted instant at which it is refused, at the latest the last of the looks."""

    def permitted(moment: datetime) -> bool:
        return engine.permits(question.moved_to(moment), facts, packs)

    good, last = at.replace(microsecond=0), max(looks)
    for look in sorted(set(looks)):
        if look == last:
            break
        if permitted(look):
            good = look
            continue
        bad = look
        while bad - good > _SECOND:
            middle = good + max(timedelta(seconds=int((bad - good).total_seconds()) // 2), _SECOND)
            good, bad = (middle, bad) if permitted(middle) else (good, middle)
        return bad
    return last


def _looks(facts: Facts, packs: Sequence[Pack], question: Question, day: date, zone: str) -> Iterator[datetime]:
    """Yield the instants of a date at which something may close: each quarter of an hour, and every time that is named.

    Times of a text that has a clock of its own, and of other zones where the person may be, are those of that clock.
    """
    named, zones = set(range(0, DAY_SECONDS, STEP)), {zone, *(claim.zone for claim in facts.locations)}
    for pack in packs:
        for rule in pack.rules:
            for version in rule.versions:
                named.update(seconds(value) for value in version.params.values() if isinstance(value, time))
                zones.update(str(version.params[key]) for key in ("zone", "fixed_zone") if version.params.get(key))
    for record in facts.records:
        named.update(seconds(text) for text in (record.start, record.end) if text)
        zones.update((record.zone,) if record.zone else ())
    policy = facts.firm_policy
    if policy is not None:
        named.update(seconds(text) for text in (policy.opens, policy.closes) if text)
        guard = 60 * dict(policy.guard_minutes).get(question.channel or "", 0)
        named.update([second - guard for second in named if second >= guard] if guard else [])
    for name in zones:
        first = local(start_of_day(day, zone), name).date()
        for number in (0, 1):
            for second in named:
                if second < DAY_SECONDS:
                    yield from instants_at(first + timedelta(days=number), second, name)
