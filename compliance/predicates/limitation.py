"""Legal clocks: limitation, guarantee, enforcement, preservation, payment order. They gate steps, not contacts.

Each predicate rests on a function that returns the periods themselves, registered in PERIODS under the predicate's
name with the same parameters: `compliance.clocks` lists them for officers and case pages.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

from compliance.facts import ContactEvent, Facts, Question, Record
from compliance.periods import Break, Period, add_months, roll_over_holiday, running
from compliance.predicates.registry import PASSED, Finding, fails, passes, predicate
from compliance.predicates.scope import about, past_contacts, records, with_person
from compliance.vocabulary import COLLECTING, OPEN_OUTCOMES, UNITS
from compliance.windows import local, start_of_day

PERIODS: Final[dict[str, Callable[..., list[Period]]]] = {}


def periods(name: str) -> Callable[[Callable[..., list[Period]]], Callable[..., list[Period]]]:
    """Register the function that computes the periods of a predicate."""

    def register(function: Callable[..., list[Period]]) -> Callable[..., list[Period]]:
        PERIODS[name] = function
        return function

    return register


def _day(one: ContactEvent | Record, zone: str) -> date:
    return local(one.at, zone).date()


def _days(question: Question, facts: Facts, zone: str, *kinds: str) -> list[date]:
    return [_day(record, zone) for record in records(question, facts, *kinds)]


# ------------------------------------------------------------------------------------------------ limitation

_AGREED: Final = ("promise_made", "plan_performing", "oral_repayment_agreement")
_CLAIMED: Final = ("suit_filed", "payment_order_applied", "debt_accelerated")


_NEVER_LEFT: Final = OPEN_OUTCOMES | {"failed"}


def _demand_arrived(event: ContactEvent, product: str) -> bool:
    if event.direction != "outbound" or event.party not in {"debtor", "joint_debtor"}:
        return False
    if event.purpose is not None and event.purpose not in COLLECTING:
        return False
    if event.effective_demand or event.outcome in {"conversation", "met", "delivered", "delivered_signed"}:
        return True
    if event.outcome in _NEVER_LEFT:
        return False
    return product == "credit_card" and event.reserved_point and event.channel in {"sms", "letter", "email"}


def _breaks(question: Question, facts: Facts, zone: str) -> list[Break]:
    """Return what starts a claim's period anew: demands that arrived, payments, promises, suits, notice of a sale."""
    found = []
    for event in past_contacts(question, facts):
        if not about(question, event.debts):
            continue
        if event.outcome == "payment_made":
            found.append(Break(_day(event, zone), "payment", event.id))
        elif _demand_arrived(event, facts.product):
            found.append(Break(_day(event, zone), "demand", event.id))
    found += [Break(_day(record, zone), record.kind, record.id) for record in records(question, facts, *_AGREED)]
    found += [Break(_day(record, zone), record.kind, record.id) for record in records(question, facts, *_CLAIMED)]
    for record in records(question, facts, "claim_assigned"):
        if record.debtor_notified is True:
            found.append(Break(_day(record, zone), record.kind, record.id))
    return found


@periods("limitation_open")
def limitation_periods(
    question: Question,
    facts: Facts,
    *,
    years: int,
    zone: str,
    calendar: str,
    breaks: tuple[str, ...] = (),
    outer_years: int | None = None,
) -> list[Period]:
    """Return the limitation period of the claim, from the due date or, by instalments, from the last one's due date."""
    last = [record.until for record in records(question, facts, "last_instalment_due") if record.until is not None]
    starts = last or _days(question, facts, zone, "overdue_since")
    starts += _days(question, facts, zone, "debt_accelerated")
    if not starts:
        return []
    outer = None if outer_years is None else outer_years * 12
    return [
        running(
            min(starts), _breaks(question, facts, zone), months=years * 12, outer_months=outer, calendar=calendar
        )
    ]  # fmt: skip


@predicate
def limitation_open(
    question: Question,
    facts: Facts,
    *,
    years: int,
    zone: str,
    calendar: str,
    breaks: tuple[str, ...] = (),
    outer_years: int | None = None,
) -> Finding:
    """This will fail for a suit after the limitation period: so many years from the due date or from the last break.

    A debt payable by instalments runs from the due date of the last one. A demand that arrived at the debtor, a
    payment, a promise, a plan, a suit, an application for a payment order or notice of the claim's sale starts it anew,
    never beyond outer_years. breaks: sibling rules that define what counts.
    """
    found = limitation_periods(
        question, facts, years=years, zone=zone, calendar=calendar, breaks=breaks, outer_years=outer_years
    )
    return _within(question, found, zone, breaks)


def _within(question: Question, found: list[Period], zone: str, because: tuple[str, ...] = ()) -> Finding:
    """Return whether the day of the question is inside every period; no period: nothing has begun."""
    today = local(question.at, zone).date()
    for period in found:
        values = {"ends": period.ends.isoformat(), "starts": period.starts.isoformat()}
        if not period.holds(today):
            return fails(values, None, (), because)
    return passes({"ends": found[0].ends.isoformat(), "starts": found[0].starts.isoformat()}) if found else PASSED


# ------------------------------------------------------------------------------------------------ guarantee

# One whose fate is unknown counts against limits, and proves nothing.
_REACHED: Final = (UNITS["actual_contact"] - OPEN_OUTCOMES) | {"met"}


@periods("guarantee_period_open")
def guarantee_periods(question: Question, facts: Facts, *, months: int, zone: str, calendar: str) -> list[Period]:
    """Return the guarantee period: never interrupted, suspended or extended."""
    due = _days(question, facts, zone, "overdue_since")
    return [running(min(due), months=months, calendar=calendar)] if due else []


@predicate
def guarantee_period_open(question: Question, facts: Facts, *, months: int, zone: str, calendar: str) -> Finding:
    """This will fail for a demand on a guarantor after the guarantee period unless he was called on within it.

    months: from the due date of the main debt, to the corresponding day or the end of the month; a last day that is a
    holiday moves to the day after it. A joint guarantor is called on by a demand that reaches him, a general one
    (guarantee_kind "general") only by suit or arbitration.
    """
    found = guarantee_periods(question, facts, months=months, zone=zone, calendar=calendar)
    if not found or question.purpose not in COLLECTING:
        return PASSED
    period = found[0]
    values = {"ends": period.ends.isoformat()}
    if any(period.holds(one.day) for one in called_on(question, facts, zone)):
        return passes(values)
    return _within(question, found, zone)


def called_on(question: Question, facts: Facts, zone: str) -> list[Break]:
    """Return by what, and when, the guarantor of the question was called on: what keeps the claim against him."""
    general = any(record.guarantee_kind == "general" for record in records(question, facts, "guarantee"))
    found = [Break(_day(record, zone), record.kind, record.id) for record in records(question, facts, "suit_filed")]
    if not general:
        found += [
            Break(_day(event, zone), "demand", event.id)
            for event in with_person(question, facts)
            if event.direction == "outbound" and event.purpose in COLLECTING and event.outcome in _REACHED
        ]
    return sorted(found, key=lambda one: one.day)


# ------------------------------------------------------------------------------------------------ courts


@periods("within_days_of")
def day_periods(
    question: Question, facts: Facts, *, kind: str, days: int, zone: str, calendar: str | None = None
) -> list[Period]:
    """Return so many days after the latest record of this kind; the day of the event is not counted."""
    began = _days(question, facts, zone, kind)
    return [Period(max(began), max(began) + timedelta(days=days), calendar=calendar)] if began else []


@predicate
def within_days_of(
    question: Question, facts: Facts, *, kind: str, days: int, zone: str, calendar: str | None = None
) -> Finding:
    """This will pass up to so many days after the record of this kind, rolled over a holiday of the calendar.

    The day of the event is not counted.
    """
    found = day_periods(question, facts, kind=kind, days=days, zone=zone, calendar=calendar)
    return _within(question, found, zone)


@periods("within_months_of")
def month_periods(
    question: Question,
    facts: Facts,
    *,
    kind: str,
    months: int,
    zone: str,
    calendar: str | None = None,
    restarts: bool = False,
) -> list[Period]:
    """Return so many months after the latest record of this kind, started anew by what breaks limitation if so said."""
    began = _days(question, facts, zone, kind)
    if not began:
        return []
    breaks = _breaks(question, facts, zone) if restarts else []
    return [running(max(began), breaks, months=months, calendar=calendar)]


@predicate
def within_months_of(
    question: Question,
    facts: Facts,
    *,
    kind: str,
    months: int,
    zone: str,
    calendar: str | None = None,
    restarts: bool = False,
) -> Finding:
    """This will pass up to so many months after the record of this kind, rolled over a holiday of the calendar.

    restarts: what starts limitation anew (a demand, a payment, a promise) starts this period anew too.
    """
    found = month_periods(question, facts, kind=kind, months=months, zone=zone, calendar=calendar, restarts=restarts)
    return _within(question, found, zone)


@periods("payment_order_final")
def payment_order_periods(
    question: Question, facts: Facts, *, answer_days: int, issue_days: int, pay_days: int, zone: str, calendar: str
) -> list[Period]:
    """Return the steps of a payment order: the court answers, the court issues, the debtor pays or objects."""
    steps = (
        ("payment_order_applied", answer_days, "payment_order_accepted"),
        ("payment_order_accepted", issue_days, "payment_order_served"),
        ("payment_order_served", pay_days, "payment_order_objected"),
    )
    found = []
    for kind, days, done in steps:
        began = _days(question, facts, zone, kind)
        if began and not any(day >= max(began) for day in _days(question, facts, zone, done)):
            found.append(Period(max(began), max(began) + timedelta(days=days), calendar=calendar))
    return found


@predicate
def payment_order_final(
    question: Question, facts: Facts, *, answer_days: int, issue_days: int, pay_days: int, zone: str, calendar: str
) -> Finding:
    """This will pass for enforcing a payment order once the debtor has let his days go by without objection.

    pay_days: after service, to pay or object; that day is not counted, and a last day that is a holiday of the
    calendar moves. answer_days: within which the court says whether it takes the application; issue_days: within which
    it then issues the order: both for the list of clocks.
    """
    served = _days(question, facts, zone, "payment_order_served")
    if not served:
        return fails({"ground": "not served"})
    objected = _days(question, facts, zone, "payment_order_objected")
    if any(day >= max(served) for day in objected):
        return fails({"ground": "objected"})
    last = roll_over_holiday(max(served) + timedelta(days=pay_days), calendar)
    opening = start_of_day(last + timedelta(days=1), zone)
    values = {"ground": "days", "ends": last.isoformat()}
    return Finding(question.at >= opening, values, None if question.at >= opening else opening)


# ------------------------------------------------------------------------------------------------ barred, criminal


@periods("suit_not_threatened_when_barred")
def barred_periods(question: Question, facts: Facts, **_params: object) -> list[Period]:
    """Return the debts that are known to be time-barred: the period ended before the day on which that was recorded."""
    found = records(question, facts, "debt_time_barred")
    return [Period(_day(record, "UTC"), _day(record, "UTC")) for record in found]


PERIODS["barred_and_refused"] = barred_periods


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
    due = min(_days(question, facts, zone, "overdue_since"), default=date.min)
    demands = sorted(
        _day(event, zone)
        for event in past_contacts(question, facts)
        if event.effective_demand and event.party == "debtor" and about(question, event.debts)
    )
    demands = [day for day in demands if day > due]
    second = next(
        (day for day in demands[1:] if (day - demands[0]).days >= apart_days),
        None,
    )
    if second is None:
        return fails({"element": "two demands"})
    opening = start_of_day(add_months(second, months) + timedelta(days=1), zone)
    return Finding(question.at >= opening, {"element": "time", "second": second.isoformat()}, opening)
