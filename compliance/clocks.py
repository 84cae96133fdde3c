"""The legal clocks that run on a case: what began, what started them anew, when they end, and by which rule.

Pure. The same functions gate the steps (`compliance.predicates.limitation`); this lists them for officers and case
pages. What a clock rests on is what the facts say, no more: a demand that nobody recorded did not happen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from compliance.facts import Facts, Id, MissingFact, Question, Record
from compliance.packs_loader import Pack, Rule
from compliance.periods import Break, Period
from compliance.predicates.limitation import PERIODS, called_on
from compliance.predicates.scope import records
from compliance.windows import local, start_of_day


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """One legal period of a case.

    id: the rule. ends: its last day, moved over a holiday. certain: False where the calendar does not reach that day,
    so that a holiday might still move it. left: days from the day asked to the last one; negative: it is over.
    kept_by: the demand or suit by which the claim against a guarantor was kept in time; the period then matters no
    more. over_at: the instant from which it is over, in the zone of the rule.
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
    over_at: datetime
    check: str = ""
    person_id: Id | None = None
    kept_by: Break | None = None

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
    zone = _zone_of(rule, pack)
    if rule.check != "guarantee_period_open":
        return [_clock(rule, period, today, zone) for period in periods]
    return [
        _clock(rule, period, today, zone, person=person, kept_by=_kept_by(replace(question, person_id=person.person_id,
               party="guarantor"), facts, period, zone))
        for period in periods
        for person in _guarantors(facts, question)
    ]  # fmt: skip


def _kept_by(question: Question, facts: Facts, period: Period, zone: str) -> Break | None:
    """Return the first demand or suit within the period that calls on the guarantor of the question."""
    for one in called_on(question, facts, zone):
        try:
            if one.day > period.starts and period.holds(one.day):
                return one
        except MissingFact:
            continue
    return None


def _clock(
    rule: Rule, period: Period, today: date, zone: str, *, person: Record | None = None, kept_by: Break | None = None
) -> Clock:
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
        over_at=start_of_day(ends + timedelta(days=1), zone),
        check=rule.check,
        person_id=person.person_id if person else period.person_id,
        kept_by=kept_by,
    )


def _zone_of(rule: Rule, pack: Pack) -> str:
    params: Mapping[str, Any] = rule.versions[-1].params
    return str(params.get("zone") or pack.zone or "UTC")


def _guarantors(facts: Facts, question: Question) -> list[Record]:
    """Return the guarantees of the debts of the question, one a person."""
    found = {record.person_id: record for record in records(question, facts, "guarantee")}
    return list(found.values())
