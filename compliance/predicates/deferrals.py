"""What must lie before a contact: days past due, a notice and its wait, the end of a time agreed to be quiet."""

from __future__ import annotations

from datetime import date, timedelta

from compliance import calendars
from compliance.facts import Facts, Question, Record
from compliance.periods import add_months
from compliance.predicates.registry import PASSED, Finding, MissingFact, Value, fails, passes, predicate
from compliance.predicates.scope import about, own_records, records, with_debtor, zones_of
from compliance.vocabulary import COLLECTING
from compliance.windows import local, start_of_day


@predicate
def past_due_over(question: Question, facts: Facts, *, days: int) -> Finding:
    """This will apply (as an exception) to a debt more than so many days past due; raises MissingFact where unknown."""
    if facts.dpd is None:
        raise MissingFact("days past due")
    values: dict[str, Value] = {"dpd": facts.dpd, "days": days}
    if facts.dpd > days:
        return passes(values)
    openings = []
    for zone in zones_of(question, facts):
        wait = timedelta(days=days + 1 - facts.dpd)
        openings.append(start_of_day(local(question.at, zone).date() + wait, zone))
    return fails(values, max(openings))


@predicate
def notice_waited(
    question: Question,
    facts: Facts,
    *,
    kinds: tuple[str, ...],
    business_days: int = 0,
    calendar: str | None = None,
    begun_before: date | None = None,
    after_due: bool = False,
) -> Finding:
    """This will fail for a demand unless one of these notices was sent, and so many business days have come after it.

    The date of sending does not count; the last of the days is free again. begun_before: a collection that was already
    under way before this local date needs none. after_due: only a notice sent since the debt is overdue counts. Raises
    MissingFact for a year of the calendar that is not loaded.
    """
    if question.purpose not in COLLECTING:
        return PASSED
    zones = zones_of(question, facts)
    if begun_before is not None:
        for event in with_debtor(question, facts):
            demanded = event.direction == "outbound" and (event.purpose is None or event.purpose in COLLECTING)
            before = all(local(event.at, zone).date() < begun_before for zone in zones)
            if demanded and before and about(question, event.debts):
                return passes({"begun": event.at.date().isoformat()})
    sent = sorted(record.at for record in records(question, facts, *kinds))
    if after_due:
        overdue = max((record.at for record in records(question, facts, "overdue_since")), default=None)
        sent = [at for at in sent if overdue is None or at >= overdue]
    if not sent:
        return fails({"days": business_days, "sent": "–"})
    values: dict[str, Value] = {"days": business_days, "sent": local(sent[0], zones[0]).date().isoformat()}
    if calendar is None:
        return passes(values)
    openings = []
    for zone in zones:
        first = calendars.get(calendar).add_business_days(local(sent[0], zone).date(), business_days)
        openings.append(start_of_day(first, zone))
    opening = max(openings)
    return passes(values) if question.at >= opening else fails(values, opening)


def deferred_until(agreed: list[tuple[date, date | None]], *, months: int, extensions: int) -> date | None:
    """Return the last day of the latest deferral: (day agreed, last day agreed) in the order of agreeing.

    One lasts at most so many months from its day; one agreed while it runs extends it, so many times and each time by
    at most so many months more. What goes beyond does not bind.
    """
    ends: date | None = None
    used = 0
    for day, until in sorted(agreed, key=lambda one: one[0]):
        begins = ends is None or day > ends
        longest = add_months(day if ends is None or begins else ends, months)
        last = min(until or longest, longest)
        if ends is None or begins:
            ends, used = last, 0
        elif last > ends and used < extensions:
            ends, used = last, used + 1
    return ends


@predicate
def not_deferred(question: Question, facts: Facts, *, months: int, extensions: int) -> Finding:
    """This will fail while contact is put off by agreement: per ground, so many months and so many extensions."""
    zones = zones_of(question, facts)
    by_ground: dict[str | None, list[Record]] = {}
    for record in own_records(question, facts, "deferral_agreed"):
        by_ground.setdefault(record.occasion, []).append(record)
    last: date | None = None
    for found in by_ground.values():
        agreed = [(local(record.at, zones[0]).date(), record.until) for record in found]
        ends = deferred_until(agreed, months=months, extensions=extensions)
        last = ends if last is None or (ends is not None and ends > last) else last
    if last is None:
        return PASSED
    opening = max(start_of_day(last + timedelta(days=1), zone) for zone in zones)
    values: dict[str, Value] = {"until": last.isoformat()}
    return passes(values) if question.at >= opening else fails(values, opening)
