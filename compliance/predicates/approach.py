"""How a person may be approached: after a notice, in the first days, at work, and how often once he was spoken with."""

from __future__ import annotations

from datetime import datetime, timedelta

from compliance.facts import ContactEvent, Facts, Question, Record
from compliance.predicates.counts import more_calls_consents, window_opening
from compliance.predicates.registry import FAILED, PASSED, Finding, Value, fails, passes, predicate
from compliance.predicates.scope import at_work, happened_at_work, past_contacts, records, with_person, zones_of
from compliance.vocabulary import COLLECTING, UNITS
from compliance.windows import local, start_of_day

ANSWERS = frozenset({"reply", "customer_service"})  # the person asked for these himself


def _agreed(consent: Record, at: datetime, zone: str) -> bool:
    """Whether an agreement to further contacts covers an instant: from its own on, on its dates, to its end."""
    day = local(at, zone).date()
    return (
        consent.at <= at
        and (not consent.valid_dates or day in consent.valid_dates)
        and (consent.until is None or day <= consent.until)
    )


def _reached(event: ContactEvent) -> bool:
    return event.outcome in UNITS["actual_contact"] or (event.channel == "visit" and event.outcome in UNITS["met"])


def _first_talk(question: Question, facts: Facts) -> datetime | None:
    """Return when the person was first spoken with, by telephone or face to face, whoever began it."""
    return min(
        (e.at for e in with_person(question, facts) if e.outcome in UNITS["conversation"] or e.outcome == "met"),
        default=None,
    )


@predicate
def contacts_limited(
    question: Question,
    facts: Facts,
    *,
    limit: int,
    windows: tuple[str, ...],
    channels: tuple[str, ...],
    after_talk: bool = False,
    answers_free: bool = False,
    agreed_free: bool = False,
) -> Finding:
    """This will pass while every window holds fewer than `limit` contacts that reached the person.

    Reached: spoken with, met, written to electronically, or a message left; a call that rang out is none. after_talk:
    only contacts after the first talk with him are limited and counted. answers_free: what he asked for himself
    (replies, service) is not counted. agreed_free: contacts under his agreement to more are not.
    """
    zones = zones_of(question, facts)
    talk = _first_talk(question, facts) if after_talk else None
    if after_talk and talk is None:
        return PASSED
    consents = more_calls_consents(question, facts) if agreed_free else []
    counted = [
        event
        for event in with_person(question, facts)
        if event.direction == "outbound"
        and event.channel in channels
        and _reached(event)
        and (talk is None or event.at > talk)
        and not (answers_free and event.purpose in ANSWERS)
        and not any(_agreed(consent, event.at, zones[0]) for consent in consents)
    ]
    instants = [event.at for event in counted]
    count, opening, shown = -1, None, windows[0]
    for window in windows:
        for zone in zones:
            number, opens = window_opening(window, instants, question.at, zone=zone, limit=limit)
            if opens is not None and (opening is None or opens > opening):
                count, opening, shown = number, opens, window
            elif opening is None and number > count:
                count, shown = number, window
    values: dict[str, Value] = {"count": count, "limit": limit, "window": shown}
    return Finding(opening is None, values, opening, tuple(e.id for e in counted if e.id is not None))


@predicate
def contact_agreed(question: Question, facts: Facts) -> Finding:
    """This will apply (as an exception) under the person's agreement to more contacts, on its dates and to its end."""
    zone = zones_of(question, facts)[0]
    for consent in more_calls_consents(question, facts):
        if _agreed(consent, question.at, zone):
            return passes({"agreed": consent.at.date().isoformat()}, None, () if consent.id is None else (consent.id,))
    return FAILED


@predicate
def answers_the_person(question: Question, facts: Facts) -> Finding:
    """This will apply (as an exception) to what the person asked for himself: an answer, or the service requested."""
    return Finding(question.in_reply is True or question.purpose in ANSWERS, {"purpose": question.purpose})


@predicate
def written_notice_waited(
    question: Question, facts: Facts, *, kinds: tuple[str, ...], lost: tuple[str, ...], days: int
) -> Finding:
    """This will pass from the `days`-th local date after the written notice was sent on.

    One is sent again because the first did not arrive: the wait begins anew with the latest. A notice that came back,
    or of which the person says (a record of a kind in lost) that it never arrived, does not count, and until it is sent
    again there is no end.
    """
    missed = [record.at for record in records(question, facts, *lost)]
    missed += [
        event.at
        for event in past_contacts(question, facts)
        if event.outcome == "returned_undeliverable" and event.purpose == "statutory_notice"
    ]
    last = max(missed, default=None)
    sent = [record.at for record in records(question, facts, *kinds) if last is None or record.at > last]
    if not sent:
        return fails({"days": days, "sent": "none"})
    zones = zones_of(question, facts)
    dates = [local(max(sent), zone).date() for zone in zones]
    opening = max(start_of_day(day + timedelta(days=days), zone) for day, zone in zip(dates, zones, strict=True))
    values: dict[str, Value] = {"days": days, "sent": dates[0].isoformat()}
    return passes(values) if question.at >= opening else fails(values, opening)


@predicate
def work_contact_limited(question: Question, facts: Facts, *, purposes: tuple[str, ...], attempts: int) -> Finding:
    """This will fail at work for other purposes than these, but for so many attempts to collect, ever.

    A collecting contact at work that was begun is an attempt whatever became of it, unless it was never placed.
    """
    if not at_work(question) or question.purpose in purposes:
        return PASSED
    made = [
        event
        for event in with_person(question, facts)
        if event.direction == "outbound"
        and happened_at_work(event)
        and (event.purpose is None or event.purpose in COLLECTING)
        and event.outcome in UNITS["attempt"]
    ]
    values: dict[str, Value] = {"count": len(made), "limit": attempts}
    if question.purpose in COLLECTING and len(made) < attempts:
        return passes(values)
    return fails(values, None, tuple(event.id for event in made if event.id is not None))


@predicate
def first_days_over(question: Question, facts: Facts, *, days: int) -> Finding:
    """This will fail in the first so many days overdue: the first day on which the debt is due and unpaid is day 1.

    Of several debts the one overdue last decides. Without a date the days past due count, of which the first is 1; at 0
    nothing is overdue, and no end is known.
    """
    since = [record.at for record in records(question, facts, "overdue_since")]
    if not since and (facts.dpd is None or facts.dpd > days):
        return PASSED
    if not since and facts.dpd is not None and facts.dpd < 1:
        return fails({"days": days, "since": "none"})
    zones = zones_of(question, facts)
    if since:
        dates = [local(max(since), zone).date() for zone in zones]
    else:
        past = timedelta(days=(facts.dpd or 1) - 1)
        dates = [local(question.at, zone).date() - past for zone in zones]
    opening = max(start_of_day(day + timedelta(days=days), zone) for day, zone in zip(dates, zones, strict=True))
    values: dict[str, Value] = {"days": days, "since": dates[0].isoformat()}
    return passes(values) if question.at >= opening else fails(values, opening)


@predicate
def work_number_is_only_one(question: Question, facts: Facts) -> Finding:
    """This will fail for a number at work where the person gave another one as well."""
    return Finding(not (at_work(question) and question.other_numbers is True))
