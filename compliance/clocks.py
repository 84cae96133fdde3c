"""The legal clocks that run on a case: what began, what started them anew, when they end, and by which rule.

Pure. The same functions gate the steps (`compliance.predicates.limitation`); this lists them for officers and case
pages. What a clock rests on is what the facts say, no more: a demand that nobody recorded did not happen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from compliance.facts import Facts, Id, MissingFact, Question, Record
from compliance.packs_loader import Pack, Rule
from compliance.periods import Break, Period
from compliance.predicates.limitation import PERIODS
from compliance.windows import local


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """One legal period of a case.

    id: the rule. ends: its last day, moved over a holiday. certain: False where the calendar does not reach that day,
    so that a holiday might still move it. left: days from the day asked to the last one; negative: it is over.
    """

    id: str
    pack: str
    title: Mapping[str, str]
    starts: date
    ends: date
    certain: bool
    left: int
    interrupted_by: tuple[Break, ...]
    source: str
    person_id: Id | None = None

    @property
    def over(self) -> bool:
        """Whether the last day has gone by."""
        return self.left < 0


def clocks(facts: Facts, at: datetime, *, packs: Iterable[Pack], debts: tuple[Id, ...] = ()) -> list[Clock]:
    """Return the clocks that run or ran on these debts at an instant, the next to end first; those that are over last.

    packs: those that bind the case (`gate.choose_packs`). debts: none named means all. A rule that is not in force on
    the day, or whose pack is made for another product or creditor, has no clock; a guarantee has one per guarantor.
    """
    found = []
    for pack in packs:
        for rule in pack.rules:
            if rule.check in PERIODS and _binds(rule, pack, facts):
                found += _of_rule(rule, pack, facts, at, debts)
    return sorted(found, key=lambda clock: (clock.over, clock.ends, clock.id))


def _binds(rule: Rule, pack: Pack, facts: Facts) -> bool:
    """Whether product and creditor are those that the pack and the rule are made for."""
    conditions = (*pack.scope, *(one for one in rule.when if not one.of_question))
    return all((getattr(facts, one.attribute) in one.values) is not one.negated for one in conditions)


def _of_rule(rule: Rule, pack: Pack, facts: Facts, at: datetime, debts: tuple[Id, ...]) -> list[Clock]:
    today = local(at, _zone_of(rule, pack)).date()
    version = rule.version_on(facts.as_of or today)
    if version is None:
        return []
    question = Question(at=at, kind="action", action=rule.check, debts=debts)
    try:
        periods = PERIODS[rule.check](question, facts, **version.params)
    except MissingFact:
        return []
    persons = _guarantors(facts, at) if rule.check == "guarantee_period_open" else [None]
    return [_clock(rule, period, today, person) for period in periods for person in persons]


def _clock(rule: Rule, period: Period, today: date, person: Record | None) -> Clock:
    ends, certain = period.last_day
    return Clock(
        id=rule.id,
        pack=rule.pack,
        title=rule.title,
        starts=period.starts,
        ends=ends,
        certain=certain,
        left=(ends - today).days,
        interrupted_by=period.interrupted_by,
        source=rule.source,
        person_id=person.person_id if person else period.person_id,
    )


def _zone_of(rule: Rule, pack: Pack) -> str:
    params: Mapping[str, Any] = rule.versions[-1].params
    return str(params.get("zone") or pack.zone or "UTC")


def _guarantors(facts: Facts, at: datetime) -> list[Record | None]:
    return [record for record in facts.records if record.kind == "guarantee" and record.at <= at]
