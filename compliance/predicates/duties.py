"""Duties beside the contact itself: notices in time, what must come first, what may be passed on."""

from __future__ import annotations

from datetime import timedelta

from compliance import calendars
from compliance.facts import Facts, Question
from compliance.predicates.registry import PASSED, Finding, fails, passes, predicate
from compliance.predicates.scope import about, own_records, records, with_debtor, with_person, zones_of
from compliance.vocabulary import REACHED, UNITS
from compliance.windows import local, start_of_day


@predicate
def notice_in_time(question: Question, facts: Facts, *, kinds: tuple[str, ...], days: int) -> Finding:
    """This will fail (as an advisory) when so many days have passed since the first communication without a notice."""
    if any(True for _ in records(question, facts, *kinds)):
        return PASSED
    spoken = UNITS["actual_contact"] | REACHED
    first = min((e.at for e in with_debtor(question, facts) if e.outcome in spoken and about(question, e.debts)),
                default=None)  # fmt: skip
    if first is None:
        return PASSED
    zone = zones_of(question, facts)[0]
    began = local(first, zone).date()
    return Finding(
        question.at < start_of_day(began + timedelta(days=days + 1), zone), {"since": began.isoformat(), "days": days}
    )


@predicate
def answered_in_time(
    question: Question, facts: Facts, *, kinds: tuple[str, ...], ended_by: tuple[str, ...], days: int
) -> Finding:
    """This will fail (as an advisory) once a record of these kinds has stood for more than so many days unanswered."""
    zone = zones_of(question, facts)[0]
    answers = [record.at for record in records(question, facts, *ended_by)]
    for record in records(question, facts, *kinds):
        began = local(record.at, zone).date()
        over = question.at >= start_of_day(began + timedelta(days=days + 1), zone)
        if over and not any(at >= record.at for at in answers):
            return fails({"since": began.isoformat(), "days": days})
    return PASSED


@predicate
def furnishing_permitted(question: Question, facts: Facts, *, days: int) -> Finding:
    """This will fail for reporting a debt before its debtor was spoken to, or written to and so many days passed.

    Written to: a letter or an electronic message that asked about the debt and did not come back. The days after it
    are waited for; the day on which it was sent is not counted.
    """
    opening = None
    for event in with_debtor(question, facts):
        if not about(question, event.debts):
            continue
        if event.outcome in UNITS["conversation"] or event.outcome == "met":
            return passes({"spoken": event.at.date().isoformat(), "days": days})
        written = event.channel in {"letter", "email", "sms", "chat"} and event.direction == "outbound"
        if written and event.outcome in {"sent", "delivered", "delivered_signed"}:
            zone = zones_of(question, facts)[0]
            waited = start_of_day(local(event.at, zone).date() + timedelta(days=days + 1), zone)
            opening = waited if opening is None else min(opening, waited)
    if opening is not None and question.at >= opening:
        return passes({"days": days})
    return fails({"days": days}, opening)


@predicate
def debt_may_be_sold(question: Question, facts: Facts, *, kinds: tuple[str, ...]) -> Finding:
    """This will fail for selling or placing a debt that is paid (no balance), or of which one of these is known."""
    if facts.balance is not None and facts.balance <= 0:
        return fails({"ground": "paid"})
    for record in records(question, facts, *kinds):
        return fails({"ground": record.kind})
    return PASSED


@predicate
def tried_before(question: Question, facts: Facts, *, channels: tuple[str, ...], place: str | None = None) -> Finding:
    """This will fail (as an advisory) where nothing was tried before by these channels (at this place)."""
    for event in with_person(question, facts):
        here = place is None or place in {event.place, event.point_kind}
        if event.direction == "outbound" and event.channel in channels and here:
            return PASSED
    return fails({"channels": ", ".join(channels)})


@predicate
def flagged(question: Question, facts: Facts, *, kinds: tuple[str, ...]) -> Finding:
    """This will fail (as an advisory) where a record of one of these kinds says that the person needs care."""
    for record in own_records(question, facts, *kinds):
        return fails({"since": record.at.date().isoformat(), "ground": record.kind})
    return PASSED


@predicate
def validation_period_over(
    question: Question, facts: Facts, *, receipt_days: int, period_days: int, calendar: str
) -> Finding:
    """This will fail (as an advisory) within the validation period: what is said must not overshadow the notice.

    The notice counts as received so many business days after sending; the period is so many calendar days after that.
    """
    zone = zones_of(question, facts)[0]
    sent = [local(record.at, zone).date() for record in records(question, facts, "validation_notice_sent")]
    if not sent:
        return PASSED
    received = calendars.get(calendar).add_business_days(min(sent), receipt_days)
    ends = received + timedelta(days=period_days)
    return Finding(question.at >= start_of_day(ends + timedelta(days=1), zone), {"period_end": ends.isoformat()})
