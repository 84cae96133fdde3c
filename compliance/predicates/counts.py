"""How often: sliding and calendar counts, cool-downs, and the consents that lift them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from compliance.facts import ContactEvent, Facts, Id, Question, Record
from compliance.predicates.registry import FAILED, PASSED, Finding, MissingFact, Value, fails, passes, predicate
from compliance.predicates.scope import (
    CALLS,
    about,
    at_work,
    debt_groups,
    given_to_asker,
    happened_at_work,
    own_records,
    same_medium,
    same_person,
    with_person,
    zones_of,
)
from compliance.vocabulary import UNITS
from compliance.windows import local, start_of_day


def _month_start(day: date, offset: int = 0) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + offset, 12)
    return date(year, month + 1, 1)


def window_opening(
    window: str, instants: Iterable[datetime], at: datetime, *, zone: str, limit: int
) -> tuple[int, datetime | None]:
    """Return how many of the instants the window that ends at `at` holds, and when it first holds fewer than the limit.

    window: "dates:N" (N consecutive local dates ending with that of `at`), "hours:N" (rolling), "week" (calendar, from
    Monday), "month" (calendar). The second value is None unless the limit is reached.
    """
    kind, _, size = window.partition(":")
    if kind == "hours":
        span = timedelta(hours=int(size))
        inside = sorted(one for one in instants if at - span < one <= at)
        over = len(inside) - limit
        return len(inside), (inside[over] + span if over >= 0 else None)
    days = sorted(local(one, zone).date() for one in instants if one <= at)
    today = local(at, zone).date()
    if kind == "dates":
        length = timedelta(days=int(size))
        within = [day for day in days if today - length < day]
        over = len(within) - limit
        return len(within), (start_of_day(within[over] + length, zone) if over >= 0 else None)
    if kind == "week":
        first, following = today - timedelta(days=today.weekday()), today + timedelta(days=7 - today.weekday())
    elif kind == "month":
        first, following = _month_start(today), _month_start(today, 1)
    else:
        raise MissingFact(f"window {window}")
    count = sum(first <= day for day in days)
    return count, (start_of_day(following, zone) if count >= limit else None)


def more_calls_consents(question: Question, facts: Facts) -> list[Record]:
    """Return the person's consents to more calls that stand and fit the point."""
    return [
        record
        for record in own_records(question, facts, "consent_more_calls")
        if record.valid is not False
        and (record.contact_point_id is None or record.contact_point_id == question.contact_point_id)
        and (record.channel is None or same_medium(record.channel, question.channel))
        and given_to_asker(record, question)
    ]


def consent_covers(
    consent: Record, at: datetime, *, zone: str, days: int, conversations: Iterable[datetime] = ()
) -> bool:
    """Whether a consent to more calls covers it: at most `days` dates from its own, spent by a conversation."""
    given, day = local(consent.at, zone).date(), local(at, zone).date()
    if at < consent.at or (day - given).days >= days:
        return False
    if consent.valid_dates and day not in consent.valid_dates:
        return False
    if consent.until is not None and day > consent.until:
        return False
    return not any(consent.at < talk < at for talk in conversations)


def _conversations(question: Question, facts: Facts) -> list[datetime]:
    return [
        e.at
        for e in with_person(question, facts)
        if e.channel in CALLS and e.outcome in UNITS["conversation"] and about(question, (*e.debts, *e.raised_debts))
    ]


def _concerns(event: ContactEvent, debt: Id | None, stands_for: dict[Id, Id]) -> bool:
    if debt is None or not event.debts:
        return True
    return any(stands_for.get(one, one) == debt for one in (*event.debts, *event.raised_debts))


@predicate
def count_limit(
    question: Question,
    facts: Facts,
    *,
    limit: int,
    unit: str,
    windows: tuple[str, ...],
    key: str = "person",
    channels: tuple[str, ...] = ("phone",),
    zone: str | None = None,
    direction: str = "outbound",
    per_collector: bool = False,
    not_outcomes: tuple[str, ...] = (),
    consent_days: int = 0,
    consent_raises: bool = False,
    grouped_by: str | None = None,
    point_kinds: tuple[str, ...] = (),
    not_point_kinds: tuple[str, ...] = (),
    not_purposes: tuple[str, ...] = (),
    parties: tuple[str, ...] = (),
    at_workplace: bool = False,
) -> Finding:
    """This will pass while every window holds fewer than `limit` contacts of this unit.

    key: "person" (all his debts and points), "debt" (person and each debt), "contact_point". windows: all must hold.
    per_collector: only contacts by the same kind of actor and agency count; otherwise everybody's do. not_outcomes:
    never counted. consent_days: contacts made under a consent to more calls, within so many dates from it, are not
    counted. consent_raises: such a consent raises the limit to its own number, or lifts it where it names none.
    grouped_by: id of the sibling rule by which several debts are one. point_kinds, not_point_kinds: only contacts at
    points of these kinds, or not of these, count. not_purposes: contacts of these purposes do not. parties: persons in
    these roles share one count, others have their own. at_workplace: only contacts at work are counted and limited.
    """
    if at_workplace and not at_work(question):
        return PASSED
    zones = zones_of(question, facts, zone)
    outcomes = UNITS[unit]
    stands_for = debt_groups(question, facts) if grouped_by else {}
    consents = more_calls_consents(question, facts) if consent_days or consent_raises else []
    if consent_raises:
        if any(consent.per_day is None for consent in consents):
            return passes({"limit": limit, "consent": True})
        limit = max([limit, *(consent.per_day for consent in consents if consent.per_day is not None)])
    talks = _conversations(question, facts) if consent_days else []
    events: list[ContactEvent] = []
    for event in facts.contacts:
        if (
            event.at > question.at
            or event.direction != direction
            or event.channel not in channels
            or event.outcome not in outcomes
            or event.outcome in not_outcomes
            or (point_kinds and event.point_kind not in point_kinds)
            or event.point_kind in not_point_kinds
            or event.purpose in not_purposes
            or (at_workplace and not happened_at_work(event))
        ):
            continue
        if key == "contact_point":
            if event.contact_point_id != question.contact_point_id:
                continue
        elif question.party in parties:
            if event.party not in parties:
                continue
        elif not same_person(question, event.party, event.person_id):
            continue
        if per_collector and (
            (event.actor_kind == "creditor") != (question.actor_kind == "creditor")
            or (event.agency is not None and question.agency is not None and event.agency != question.agency)
        ):
            continue
        if consents and consent_days:
            covered = any(
                consent_covers(consent, event.at, zone=zones[0], days=consent_days, conversations=talks)
                for consent in consents
            )
            if covered:
                continue
        events.append(event)

    debts: tuple[Id | None, ...] = (None,)
    if key == "debt" and question.debts:
        debts = tuple(dict.fromkeys(stands_for.get(debt, debt) for debt in question.debts))
    highest, window_shown = -1, windows[0]
    opening: datetime | None = None
    ids: tuple[Id, ...] = ()
    for debt in debts:
        counted = [event for event in events if _concerns(event, debt, stands_for)]
        instants = [event.at for event in counted]
        for window in windows:
            for name in zones:
                number, opens = window_opening(window, instants, question.at, zone=name, limit=limit)
                if opens is not None and (opening is None or opens > opening):
                    opening, highest, window_shown = opens, number, window
                    ids = tuple(event.id for event in counted if event.id is not None)
                elif opening is None and number > highest:
                    highest, window_shown = number, window
                    ids = tuple(event.id for event in counted if event.id is not None)
    values: dict[str, str | int] = {"count": highest, "limit": limit, "window": window_shown}
    because = (grouped_by,) if opening is not None and grouped_by and stands_for else ()
    return Finding(opening is None, values, opening, ids, because)


@predicate
def cool_down(
    question: Question,
    facts: Facts,
    *,
    days: int,
    unit: str = "conversation",
    channels: tuple[str, ...] = ("phone",),
    zone: str | None = None,
    per_collector: bool = False,
    grouped_by: str | None = None,
) -> Finding:
    """This will pass from the `days`-th local date after such a contact on; the date of the contact is day 1.

    Either side may have begun it; it concerns every debt that was spoken of, whoever raised it.
    """
    stands_for = debt_groups(question, facts) if grouped_by else {}
    wanted = {stands_for.get(debt, debt) for debt in question.debts}
    last: ContactEvent | None = None
    for event in with_person(question, facts):
        if event.channel not in channels or event.outcome not in UNITS[unit]:
            continue
        if per_collector and (event.actor_kind == "creditor") != (question.actor_kind == "creditor"):
            continue
        spoken = {stands_for.get(debt, debt) for debt in (*event.debts, *event.raised_debts)}
        if wanted and event.debts and not wanted & spoken:
            continue
        if last is None or event.at > last.at:
            last = event
    if last is None:
        return PASSED
    openings = [
        start_of_day(local(last.at, name).date() + timedelta(days=days), name)
        for name in zones_of(question, facts, zone)
    ]
    opening = max(openings)
    ids = () if last.id is None else (last.id,)
    day = local(last.at, zones_of(question, facts, zone)[0]).date()
    values: dict[str, Value] = {"on": day.isoformat(), "days": days}
    if question.at >= opening:
        return passes(values, None, ids)
    because = (grouped_by,) if grouped_by and stands_for else ()
    return fails(values, opening, ids, because)


@predicate
def consented_more_calls(question: Question, facts: Facts, *, days: int) -> Finding:
    """This will apply (as an exception) under a consent to more calls: `days` dates from its own, until a talk."""
    consents = more_calls_consents(question, facts)
    if not consents:
        return FAILED
    talks = _conversations(question, facts)
    zone = zones_of(question, facts)[0]
    for consent in consents:
        if consent_covers(consent, question.at, zone=zone, days=days, conversations=talks):
            return passes({"given": consent.at.isoformat()}, None, () if consent.id is None else (consent.id,))
    return FAILED


@predicate
def debt_grouping(question: Question, facts: Facts) -> Finding:
    """This will pass, saying how many debts of the question count as one with others."""
    stands_for = debt_groups(question, facts)
    return passes({"grouped": sum(debt in stands_for for debt in question.debts)})


@predicate
def not_counted(question: Question, facts: Facts, *, outcomes: tuple[str, ...], channels: tuple[str, ...]) -> Finding:
    """This will pass, naming the past contacts that the counts of the pack leave out because of their outcome."""
    left_out = [e for e in with_person(question, facts) if e.channel in channels and e.outcome in outcomes]
    return passes({"excluded": len(left_out)}, None, tuple(e.id for e in left_out if e.id is not None))
