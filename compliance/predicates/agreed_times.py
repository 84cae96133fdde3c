"""Hours with days on which nothing is done, and times that the person named, agreed to or was promised."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from compliance import calendars
from compliance.facts import Facts, Question, Record
from compliance.predicates.hours import (
    consent_holds,
    consent_span,
    convenient_time,
    guard_seconds,
    valid_time_consents,
)
from compliance.predicates.registry import FAILED, PASSED, Finding, MissingFact, Value, fails, passes, predicate
from compliance.predicates.scope import own_records, same_medium, same_person, zones_of
from compliance.windows import (
    DAY_SECONDS,
    WEEKDAYS,
    clock,
    first_inside,
    local,
    second_of_day,
    seconds,
    start_of_day,
)


def _with_address_zones(question: Question, facts: Facts) -> tuple[str, ...]:
    """Return the zones where the person may be, and that of every address known for him."""
    by_address = {
        claim.zone
        for claim in facts.locations
        if claim.at <= question.at and claim.basis == "address" and same_person(question, claim.party, claim.person_id)
    }
    return tuple(sorted({*zones_of(question, facts), *by_address}))


def _agreed_only(consents: list[Record], opens: int, closes: int) -> list[Record]:
    """Return the agreements to certain times only that leave something of the legal hours; others are void."""
    spans = [(record, *consent_span(record, opens, closes)) for record in consents if record.only]
    return [record for record, start, end in spans if max(start, opens) < min(end, closes)]


@predicate
def weekday_hours(
    question: Question,
    facts: Facts,
    *,
    opens: time,
    closes: time,
    closed_days: tuple[str, ...] = (),
    calendar: str | None = None,
    consent_opens: bool = False,
    agreement_narrows: bool = False,
    by_address: bool = False,
    like: str | None = None,
) -> Finding:
    """This will pass inside [opens, closes) of a local day that is neither one of closed_days nor a public holiday.

    calendar: whose holidays close a day; a year that is not loaded raises MissingFact. consent_opens: a valid consent
    opens other times and days, and one that says "only" closes all others. agreement_narrows: an agreement to certain
    times only binds within the hours; nothing opens what is outside. by_address: the clock of the person's address must
    show it too, wherever he is said to be. like: id of the sibling rule whose hours are applied here by analogy.
    """
    zones = _with_address_zones(question, facts) if by_address else zones_of(question, facts)
    hours = (seconds(opens), seconds(closes))
    guard = guard_seconds(question, facts)
    consents = valid_time_consents(question, facts) if consent_opens or agreement_narrows else []
    only = _agreed_only(consents, *hours) if agreement_narrows else [record for record in consents if record.only]
    opening = consents if consent_opens else []

    def ground(at: datetime) -> str:
        """Return why this instant is closed, or nothing."""
        if only and not any(consent_holds(record, at, zones, *hours) for record in only):
            return "agreed"
        if any(consent_holds(record, at, zones, *hours) for record in opening):
            return ""
        for name in zones:
            moment = local(at, name)
            if WEEKDAYS[moment.weekday()] in closed_days:
                return "weekday"
            if not hours[0] <= second_of_day(moment) < hours[1] - guard:
                return "hours"
        if calendar is not None and any(calendars.get(calendar).is_holiday(local(at, name).date()) for name in zones):
            return "holiday"
        return ""

    moment = local(question.at, zones[0])
    values: dict[str, Value] = {
        "local_time": f"{moment:%H:%M}",
        "date": moment.date().isoformat(),
        "zone": ", ".join(zones),
        "opens": clock(hours[0]),
        "closes": clock(hours[1]),
    }
    why = ground(question.at)
    if not why:
        return passes(values)
    edges = {*hours, *(edge for record in consents for edge in consent_span(record, *hours))}
    try:
        following = first_inside(question.at, zones=zones, boundaries=edges, inside=lambda at: not ground(at))
    except MissingFact:
        following = None
    return fails({**values, "ground": why}, following, (), (like,) if like else ())


@predicate
def asked_for_time(question: Question, facts: Facts, *, opens: time, closes: time, express: bool = False) -> Finding:
    """This will apply (as an exception) at a time for which the person himself asked: expressly or of his own accord.

    opens, closes: the hours of the rule that is lifted, which a consent that names no start or no end runs from or to.
    express: only an express consent counts.
    """
    hours = (seconds(opens), seconds(closes))
    given = valid_time_consents(question, facts, express=express)
    asked = [record for record in given if record.express is True or record.voluntary is True]
    if not asked:
        return FAILED
    zones = zones_of(question, facts)

    def inside(at: datetime) -> bool:
        return any(consent_holds(record, at, zones, *hours) for record in asked)

    if inside(question.at):
        return passes({"asked": len(asked)})
    edges = {edge for record in asked for edge in consent_span(record, *hours)}
    return fails({}, first_inside(question.at, zones=zones, boundaries=edges, inside=inside))


@predicate
def named_time_kept(question: Question, facts: Facts, *, like: str | None = None) -> Finding:
    """This will fail while the day on which the person said that he will pay is still to come, or not yet over.

    A broken promise, or its day having passed, ends it; one without a day stands until it is broken. Times that he
    named as the only ones for contact, or as inconvenient, bind as well. like: id of the sibling rule that is applied
    here by analogy.
    """
    zones = zones_of(question, facts)
    because = (like,) if like else ()
    broken = list(own_records(question, facts, "promise_broken"))
    latest: datetime | None = None
    for record in own_records(question, facts, "promise_made"):
        if any(end.at >= record.at and _same_debts(end, record) for end in broken):
            continue
        ids = () if record.id is None else (record.id,)
        if record.until is None:
            return fails({"ground": "open", "until": ""}, None, ids, because)
        over = max(start_of_day(record.until + timedelta(days=1), zone) for zone in zones)
        if question.at < over and (latest is None or over > latest):
            latest, until, counted = over, record.until, ids
    if latest is not None:
        return fails({"ground": "promise", "until": until.isoformat()}, latest, counted, because)

    times = convenient_time(question, facts)
    if times.passed:
        return times
    return fails({"ground": "times", "until": "", **times.values}, times.next_at, (), because)


def _same_debts(one: Record, other: Record) -> bool:
    return not one.debts or not other.debts or bool(set(one.debts) & set(other.debts))


WEEK_SECONDS = 7 * DAY_SECONDS
Span = tuple[int, int]


def weekly_spans(record: Record) -> list[Span]:
    """Return the seconds of the week, from Monday midnight, that a recurring window closes."""
    start, end = consent_span(record, 0, DAY_SECONDS)
    length = (end - start) % DAY_SECONDS or DAY_SECONDS
    spans = []
    for number, name in enumerate(WEEKDAYS):
        if record.days and name not in record.days:
            continue
        first = number * DAY_SECONDS + start
        last = first + length
        spans += [(first, min(last, WEEK_SECONDS))] + ([(0, last - WEEK_SECONDS)] if last > WEEK_SECONDS else [])
    return sorted(spans)


def granted_spans(windows: list[Record], budget: int) -> list[tuple[Record, list[Span]]]:
    """Return what each window closes, in the order in which they were asked for, until the budget of seconds is spent.

    A second that an earlier window closes already is not paid for again; within a week the budget goes from Monday on.
    """
    granted: list[tuple[Record, list[Span]]] = []
    taken: list[Span] = []
    for record in sorted(windows, key=lambda one: one.at):
        mine: list[Span] = []
        for first, last in weekly_spans(record):
            at = first
            for begin, end in [*sorted(taken), (last, last)]:
                free_until = min(max(begin, at), last)
                paid = min(free_until - at, budget)
                if paid > 0:
                    mine.append((at, at + paid))
                    budget -= paid
                shared = (max(begin, at), min(end, last))
                if shared[0] < shared[1]:
                    mine.append(shared)
                at = min(max(at, end), last)
        taken = [*taken, *mine]
        granted.append((record, mine))
    return granted


def _week_second(moment: datetime) -> int:
    return moment.weekday() * DAY_SECONDS + second_of_day(moment)


@predicate
def weekly_wishes(question: Question, facts: Facts, *, hours: int) -> Finding:
    """This will pass outside the times that the person asked to be left alone in, up to so many hours a week.

    Requests bind in the order in which they came; what goes beyond the hours does not bind. A consent to times given at
    or after a request takes precedence over it.
    """
    windows = list(own_records(question, facts, "inconvenient_window"))
    if not windows:
        return PASSED
    zones = zones_of(question, facts)
    consents = valid_time_consents(question, facts)

    def granted_on(day: date) -> list[tuple[Record, list[Span]]]:
        return granted_spans([w for w in windows if w.until is None or day <= w.until], hours * 3600)

    def hit(at: datetime) -> Record | None:
        for name in zones:
            moment = local(at, name)
            for record, spans in granted_on(moment.date()):
                if record.channel is not None and not same_medium(record.channel, question.channel):
                    continue
                second = _week_second(local(at, record.zone) if record.zone else moment)
                if not any(first <= second < last for first, last in spans):
                    continue
                later = (consent for consent in consents if consent.at >= record.at)
                if not any(consent_holds(consent, at, zones, 0, DAY_SECONDS) for consent in later):
                    return record
        return None

    moment = local(question.at, zones[0])
    found = hit(question.at)
    if found is None:
        return passes({"local_time": f"{moment:%H:%M}"})
    edges = {edge for record in consents for edge in consent_span(record, 0, DAY_SECONDS)}
    days = {moment.date(), *(window.until + timedelta(days=1) for window in windows if window.until is not None)}
    for day in days:  # when one request ends, others may bind further
        edges.update(edge % DAY_SECONDS for _, spans in granted_on(day) for span in spans for edge in span)
    looked_in = {*zones, *(record.zone for record in windows if record.zone)}
    opening = first_inside(question.at, zones=looked_in, boundaries=edges, inside=lambda at: hit(at) is None)
    ids = () if found.id is None else (found.id,)
    return fails({"local_time": f"{moment:%H:%M}", "zone": ", ".join(zones), "hours": hours}, opening, ids)
