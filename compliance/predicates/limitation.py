"""Legal clocks: limitation, enforcement, preservation. They gate steps (actions), not contacts."""

from __future__ import annotations

import calendar as month_lengths
from datetime import date, timedelta

from compliance import calendars
from compliance.facts import ContactEvent, Facts, Question
from compliance.predicates.registry import PASSED, Finding, fails, predicate
from compliance.predicates.scope import about, past_contacts, records
from compliance.vocabulary import COLLECTING
from compliance.windows import local, start_of_day


def add_months(day: date, months: int) -> date:
    """Return the corresponding day so many months on, or the end of that month where it has none."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, month_lengths.monthrange(year, month + 1)[1]))


def roll_over_holiday(day: date, calendar: str) -> date:
    """Return the day, or the first day after the holiday that it falls on. Raises MissingFact for a year not loaded."""
    table = calendars.get(calendar)
    while table.is_holiday(day):
        day += timedelta(days=1)
    return day


def still_within(day: date, ends: date, calendar: str | None) -> bool:
    """Whether the day is not later than the end, rolled over a holiday where a calendar is named and it matters."""
    return day <= ends or (calendar is not None and day <= roll_over_holiday(ends, calendar))


def _demand_arrived(event: ContactEvent, product: str) -> bool:
    if event.direction != "outbound" or (event.purpose is not None and event.purpose not in COLLECTING):
        return False
    if event.effective_demand or event.outcome in {"conversation", "met", "delivered", "delivered_signed"}:
        return True
    return product == "credit_card" and event.reserved_point and event.channel in {"sms", "letter", "email"}


@predicate
def limitation_open(
    question: Question, facts: Facts, *, years: int, zone: str, calendar: str, breaks: tuple[str, ...] = ()
) -> Finding:
    """This will fail for a suit after the limitation period: so many years from the due date or from the last break.

    A demand that arrived, a payment, a promise or a plan starts it anew. breaks: sibling rules that define what counts.
    """
    starts = [local(record.at, zone).date() for record in records(question, facts, "overdue_since", "debt_accelerated")]
    if not starts:
        return PASSED
    begin = min(starts)
    ends = add_months(begin, years * 12)
    broken = [
        local(event.at, zone).date()
        for event in past_contacts(question, facts)
        if about(question, event.debts) and (_demand_arrived(event, facts.product) or event.outcome == "payment_made")
    ]
    agreed = records(question, facts, "promise_made", "plan_performing", "oral_repayment_agreement", "debt_accelerated")
    broken += [local(record.at, zone).date() for record in agreed]
    for day in sorted(broken):
        if begin < day and still_within(day, ends, calendar):
            ends = add_months(day, years * 12)
    today = local(question.at, zone).date()
    return Finding(still_within(today, ends, calendar), {"ends": ends.isoformat()}, None, (), breaks)


@predicate
def within_days_of(question: Question, facts: Facts, *, kind: str, days: int, zone: str) -> Finding:
    """This will pass up to so many days after the record of this kind; the day of the event is not counted."""
    began = [local(record.at, zone).date() for record in records(question, facts, kind)]
    if not began:
        return PASSED
    ends = max(began) + timedelta(days=days)
    return Finding(local(question.at, zone).date() <= ends, {"ends": ends.isoformat()})


@predicate
def within_months_of(
    question: Question, facts: Facts, *, kind: str, months: int, zone: str, calendar: str | None = None
) -> Finding:
    """This will pass up to so many months after the record of this kind, rolled over a holiday of the calendar."""
    began = [local(record.at, zone).date() for record in records(question, facts, kind)]
    if not began:
        return PASSED
    ends = add_months(max(began), months)
    return Finding(still_within(local(question.at, zone).date(), ends, calendar), {"ends": ends.isoformat()})


@predicate
def malicious_overdraft(
    question: Question, facts: Facts, *, apart_days: int, months: int, principal: int, zone: str
) -> Finding:
    """This will pass for reporting a malicious overdraft when every element is there.

    Two effective demands so many days apart after the due date; more than so many months after the second still unpaid;
    evidence of intent; principal alone (no interest, no fees) at least so much in the debt's currency.
    """
    if facts.overdraft_principal is None or facts.overdraft_principal < principal:
        return fails({"element": "principal"})
    if facts.intent_evidence is not True:
        return fails({"element": "intent"})
    demands = sorted(
        local(event.at, zone).date()
        for event in past_contacts(question, facts)
        if event.effective_demand and event.party == "debtor" and about(question, event.debts)
    )
    second = next(
        (day for day in demands[1:] if (day - demands[0]).days >= apart_days),
        None,
    )
    if second is None:
        return fails({"element": "two demands"})
    opening = start_of_day(add_months(second, months) + timedelta(days=1), zone)
    return Finding(question.at >= opening, {"element": "time", "second": second.isoformat()}, opening)
