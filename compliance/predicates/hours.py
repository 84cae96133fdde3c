"""Clock windows, days on which nothing is done, and what the person said about times."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from compliance import calendars
from compliance.facts import Facts, Question, Record
from compliance.predicates.registry import FAILED, PASSED, Finding, MissingFact, fails, passes, predicate
from compliance.predicates.scope import (
    CALLS,
    at_work,
    given_to_asker,
    in_force,
    own_records,
    presumed_zones,
    same_medium,
    with_person,
    zones_of,
)
from compliance.vocabulary import UNITS
from compliance.windows import DAY_SECONDS, clock, covers, first_inside, local, second_of_day, seconds


def guard_seconds(question: Question, facts: Facts) -> int:
    """Return the firm's guard band before a close for this channel: within it nothing new begins."""
    policy = facts.firm_policy
    return 60 * dict(policy.guard_minutes).get(question.channel or "", 0) if policy else 0


def valid_time_consents(question: Question, facts: Facts, *, express: bool = False) -> list[Record]:
    """Return the person's consents to times that stand: in force, valid, for this channel and not taken back."""
    consents = []
    for record in own_records(question, facts, "consent_time"):
        if record.valid is False or record.voluntary is False or (express and record.express is not True):
            continue
        if record.channel is not None and not same_medium(record.channel, question.channel):
            continue
        if record.contact_point_id is not None and record.contact_point_id != question.contact_point_id:
            continue
        if not given_to_asker(record, question):
            continue
        consents.append(record)
    return consents


def consent_span(record: Record, opens: int, closes: int) -> tuple[int, int]:
    """Return the daily window of a consent: no start = legal opening, no end = legal close, neither = all day."""
    if record.start is None and record.end is None:
        return 0, DAY_SECONDS
    return (
        seconds(record.start) if record.start is not None else opens,
        seconds(record.end) if record.end is not None else closes,
    )


def consent_holds(record: Record, at: datetime, zones: tuple[str, ...], opens: int, closes: int) -> bool:
    start, end = consent_span(record, opens, closes)
    for name in (record.zone,) if record.zone else zones:
        moment = local(at, name)
        if record.valid_dates and moment.date() not in record.valid_dates:
            return False
        if record.until is not None and moment.date() > record.until:
            return False
        if not covers(moment, days=record.days, start=start, end=end):
            return False
    return True


@predicate
def local_hours(
    question: Question,
    facts: Facts,
    *,
    opens: time,
    closes: time,
    weekend_opens: time | None = None,
    weekend_closes: time | None = None,
    closed_weekends: bool = False,
    sunday_opens: time | None = None,
    sunday_closes: time | None = None,
    holidays: str | None = None,
    zone: str | None = None,
    consent_opens: bool = False,
    consent_express: bool = False,
    only_if_ambiguous: bool = False,
    workplace_only: bool = False,
    not_at_work: bool = False,
    fixed_zone: str | None = None,
    fixed_for: tuple[str, ...] = (),
    presumed_by: str | None = None,
) -> Finding:
    """This will pass inside [opens, closes) of local time in every place where the person may be.

    weekend_opens, weekend_closes: of Saturday and Sunday; sunday_opens, sunday_closes: of Sunday alone. holidays: the
    calendar whose days off are closed altogether; a year that it does not reach raises MissingFact. zone: a zone that
    the text fixes for everybody. consent_opens: a valid consent opens other times, and one that says "only" closes all
    others; consent_express: only an express one does. only_if_ambiguous: pass with one zone.
    workplace_only, not_at_work: bind only at the workplace, or only elsewhere. fixed_zone: the clock of the roles named
    in fixed_for, wherever they are; no consent moves it. presumed_by: the basis of location whose zone is presumed.
    """
    fixed = fixed_zone is not None and question.party in fixed_for
    if presumed_by is not None:
        zones = presumed_zones(question, facts, presumed_by)
    else:
        zones = zones_of(question, facts, fixed_zone if fixed else zone)
    if only_if_ambiguous and len(zones) < 2:
        return PASSED
    if workplace_only and question.place != "workplace" and question.point_kind not in {"work_phone", "workplace"}:
        return PASSED
    if not_at_work and at_work(question):
        return PASSED
    guard = guard_seconds(question, facts)
    week = (seconds(opens), seconds(closes))
    weekend = (
        (0, 0)
        if closed_weekends
        else (
            seconds(weekend_opens) if weekend_opens else week[0],
            seconds(weekend_closes) if weekend_closes else week[1],
        )
    )
    sunday = (
        seconds(sunday_opens) if sunday_opens else weekend[0],
        seconds(sunday_closes) if sunday_closes else weekend[1],
    )
    table = calendars.get(holidays) if holidays is not None else None
    opened = consent_opens and not fixed
    consents = valid_time_consents(question, facts, express=consent_express) if opened else []
    only = [record for record in consents if record.only]

    def hours_of(day: date) -> tuple[int, int]:
        if table is not None and table.is_holiday(day):
            return 0, 0
        return (week, week, week, week, week, weekend, sunday)[day.weekday()]

    def inside(at: datetime) -> bool:
        granted = any(consent_holds(record, at, zones, *week) for record in consents)
        if only:
            return any(consent_holds(record, at, zones, *week) for record in only)
        if granted:
            return True
        for name in zones:
            moment = local(at, name)
            start, end = hours_of(moment.date())
            if not start <= second_of_day(moment) < end - guard:
                return False
        return True

    moment = local(question.at, zones[0])
    values = {
        "local_time": f"{moment:%H:%M}",
        "zone": ", ".join(zones),
        "opens": clock(week[0]),
        "closes": clock(week[1]),
    }
    shown = hours_of(moment.date())
    if shown[0] < shown[1]:
        values |= {"opens": clock(shown[0]), "closes": clock(shown[1])}
    if inside(question.at):
        return passes(values)
    edges = {*week, *weekend, *sunday}
    for record in consents:
        edges.update(consent_span(record, *week))
    try:
        opening = first_inside(question.at, zones=zones, boundaries=edges, inside=inside)
    except MissingFact:  # the calendar ends before the next opening
        opening = None
    return fails(values, opening)


@predicate
def consented_time(question: Question, facts: Facts) -> Finding:
    """This will apply (as an exception) at a time to which the person has validly consented for this channel."""
    consents = valid_time_consents(question, facts)
    if not consents:
        return FAILED
    zones = zones_of(question, facts)

    def inside(at: datetime) -> bool:
        return any(consent_holds(record, at, zones, 0, DAY_SECONDS) for record in consents)

    if inside(question.at):
        return passes({"consents": len(consents)})
    edges = {edge for record in consents for edge in consent_span(record, 0, DAY_SECONDS)}
    return fails({}, first_inside(question.at, zones=zones, boundaries=edges, inside=inside))


@predicate
def convenient_time(question: Question, facts: Facts, *, zone: str | None = None) -> Finding:
    """This will pass outside the times that the person named as inconvenient, and inside those named as the only ones.

    A consent to times given at or after the naming, and covering the instant, takes precedence over it.
    """
    windows = [
        record
        for record in own_records(question, facts, "inconvenient_window")
        if record.channel is None or same_medium(record.channel, question.channel)
    ]
    consents = valid_time_consents(question, facts)
    only = [record for record in consents if record.only]
    if not windows and not only:
        return PASSED
    zones = zones_of(question, facts, zone)

    def inside(at: datetime) -> bool:
        if only and not any(consent_holds(record, at, zones, 0, DAY_SECONDS) for record in only):
            return False
        for window in windows:
            names = (window.zone,) if window.zone else zones
            start, end = consent_span(window, 0, DAY_SECONDS)
            hit = any(
                covers(local(at, name), days=window.days, start=start, end=end)
                and (window.until is None or local(at, name).date() <= window.until)
                for name in names
            )
            later = (record for record in consents if record.at >= window.at)
            if hit and not any(consent_holds(record, at, zones, 0, DAY_SECONDS) for record in later):
                return False
        return True

    moment = local(question.at, zones[0])
    if inside(question.at):
        return passes({"local_time": f"{moment:%H:%M}"})
    edges = {edge for record in (*windows, *consents) for edge in consent_span(record, 0, DAY_SECONDS)}
    looked_in = {*zones, *(record.zone for record in windows if record.zone)}
    opening = first_inside(question.at, zones=looked_in, boundaries=edges, inside=inside)
    return fails({"local_time": f"{moment:%H:%M}", "zone": ", ".join(zones)}, opening)


@predicate
def open_day(
    question: Question, facts: Facts, *, calendar: str, quiet: str, zone: str | None = None, policy: str | None = None
) -> Finding:
    """This will pass on a local day that the calendar does not close.

    quiet: "holidays" (days off by the calendar, also the ones in lieu), "sundays" (also Sundays) or "nonworking" (also
    weekends, except those that the calendar makes working days). policy: id of the firm policy that must be switched
    on. Raises MissingFact for a year that is not loaded.
    """
    if policy is not None and not enabled(question, facts, policy):
        return PASSED
    table = calendars.get(calendar)
    closings = {"holidays": table.is_holiday, "sundays": table.is_holiday_or_sunday, "nonworking": table.is_nonworking}
    closed = closings[quiet]
    zones = zones_of(question, facts, zone)

    def inside(at: datetime) -> bool:
        return not any(closed(local(at, name).date()) for name in zones)

    day = local(question.at, zones[0]).date()
    if inside(question.at):
        return passes({"date": day.isoformat()})
    try:
        opening = first_inside(question.at, zones=zones, boundaries=(), inside=inside)
    except MissingFact:
        opening = None
    return fails({"date": day.isoformat(), "calendar": calendar}, opening)


def enabled(question: Question, facts: Facts, policy: str) -> bool:
    """Whether the firm has switched this policy on."""
    if facts.firm_policy and policy in facts.firm_policy.enabled:
        return True
    return any(
        record.kind == "policy_enabled" and record.policy == policy and in_force(record, question.at)
        for record in facts.records
    )


@predicate
def firm_hours(question: Question, facts: Facts, *, required: bool = False) -> Finding:
    """This will pass inside the firm's own contact hours, and the person's wishes about times.

    required: the law names hours in words only, so that without the firm's number nothing is permitted (MissingFact).
    """
    policy = facts.firm_policy
    if policy is None or policy.opens is None or policy.closes is None:
        if required:
            raise MissingFact("firm hours")
        return PASSED
    own = local_hours(question, facts, opens=time.fromisoformat(policy.opens), closes=time.fromisoformat(policy.closes))
    if not required:
        return own
    wishes = convenient_time(question, facts)
    if own.passed and wishes.passed:
        return own
    openings = [found.next_at for found in (own, wishes) if not found.passed]
    latest = None if None in openings else max(at for at in openings if at is not None)
    return fails({**own.values, **wishes.values}, latest)


@predicate
def not_soon_after(question: Question, facts: Facts, *, minutes: int, per_day: int) -> Finding:
    """This will fail (as an advisory) for a call right after an unanswered one, or the per_day-th on one local day."""
    calls = [e for e in with_person(question, facts) if e.direction == "outbound" and e.channel in CALLS]
    recent = [e for e in calls if e.outcome in UNITS["unanswered"] and question.at - e.at <= timedelta(minutes=minutes)]
    zones = zones_of(question, facts)
    today = local(question.at, zones[0]).date()
    same_day = [e for e in calls if local(e.at, zones[0]).date() == today]
    values = {"recent": len(recent), "today": len(same_day), "minutes": minutes}
    return Finding(not recent and len(same_day) < per_day - 1, values)
