"""Requests that lapse unless they are confirmed, and consents that a law asks for before a way of contact is used."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from compliance.facts import Facts, Question, Record
from compliance.predicates.counts import count_limit
from compliance.predicates.instructions import opt_outs
from compliance.predicates.registry import FAILED, PASSED, Finding, Value, fails, passes, predicate
from compliance.predicates.scope import at_work, given_to_asker, own_records, same_medium, with_person, zones_of
from compliance.windows import local, start_of_day

WRITTEN = frozenset({"written", "email", "letter", "portal"})


def _ids(record: Record) -> tuple[int | str, ...]:
    return () if record.id is None else (record.id,)


def _about_work(record: Record, question: Question) -> bool:
    return record.place == "workplace" and (record.channel is None or same_medium(record.channel, question.channel))


def _lapse(record: Record, question: Question, facts: Facts, days: int) -> datetime:
    """Return the first instant after so many days from a request; the day on which it was made is not counted."""
    return max(
        start_of_day(local(record.at, zone).date() + timedelta(days=days + 1), zone)
        for zone in zones_of(question, facts)
    )


@predicate
def workplace_request_lapsed(question: Question, facts: Facts, *, oral_days: int, confirm_days: int) -> Finding:
    """This will fail at work after the person asked not to be contacted there.

    A request in writing stands until it is withdrawn. One made by word of mouth lapses after oral_days, unless it was
    confirmed in writing, sent or delivered, within confirm_days. The day of the request is not counted.
    """
    if not at_work(question):
        return PASSED
    confirmations = [
        record
        for record in own_records(question, facts, "opt_out_confirmed")
        if record.form in WRITTEN and (record.place is None or _about_work(record, question))
    ]
    lapsing: list[tuple[datetime, Record]] = []
    for record in own_records(question, facts, "opt_out"):
        if not _about_work(record, question):
            continue
        in_time = _lapse(record, question, facts, confirm_days)
        if record.form in WRITTEN or any(record.at <= one.at < in_time for one in confirmations):
            return fails({"since": record.at.date().isoformat(), "until": "withdrawn"}, None, _ids(record))
        lapsing.append((_lapse(record, question, facts, oral_days), record))
    if not lapsing:
        return PASSED
    opening, last = max(lapsing, key=lambda pair: pair[0])
    values: dict[str, Value] = {"since": last.at.date().isoformat(), "until": opening.date().isoformat()}
    return passes(values) if question.at >= opening else fails(values, opening, _ids(last))


def _consents(question: Question, facts: Facts, forms: tuple[str, ...]) -> list[Record]:
    """Return the person's consents to electronic or automated contact that fit the channel and the point."""
    return [
        record
        for record in own_records(question, facts, "consent_electronic")
        if record.valid is not False
        and (not forms or record.form in forms)
        and (record.channel is None or same_medium(record.channel, question.channel))
        and (record.contact_point_id is None or record.contact_point_id == question.contact_point_id)
        and given_to_asker(record, question)
    ]


@predicate
def electronic_consented(question: Question, facts: Facts, *, forms: tuple[str, ...] = ()) -> Finding:
    """This will pass under the person's consent to be contacted by this medium; forms: only one in these forms."""
    for record in _consents(question, facts, forms):
        return passes({"consent": record.at.date().isoformat()}, None, _ids(record))
    return FAILED


@predicate
def consented_count(
    question: Question, facts: Facts, *, limit: int, windows: tuple[str, ...], channels: tuple[str, ...], key: str
) -> Finding:
    """This will pass for a message to which the person has consented, while the windows hold fewer than the limit.

    Without consent it fails, and nothing but a consent mends it.
    """
    if not _consents(question, facts, ()):
        return fails({"count": 0, "limit": limit, "ground": "consent"})
    found = count_limit(question, facts, limit=limit, unit="attempt", windows=windows, key=key, channels=channels)
    return Finding(found.passed, {**found.values, "ground": "count"}, found.next_at, found.counted)


def _by_machine(question: Question, recorded: tuple[str, ...]) -> bool:
    return question.automated or question.channel in recorded


def _standing_consent(question: Question, facts: Facts) -> Record | None:
    """Return a consent for this number and medium that no later request to stop has taken back."""
    stops = opt_outs(question, facts)
    for record in _consents(question, facts, ()):
        if not any(stop.at >= record.at for stop in stops):
            return record
    return None


@predicate
def automated_consented(question: Question, facts: Facts, *, recorded: tuple[str, ...] = ()) -> Finding:
    """This will fail for an automated contact, or one by a recorded voice (the channels named), without consent."""
    if not _by_machine(question, recorded):
        return PASSED
    consent = _standing_consent(question, facts)
    return FAILED if consent is None else passes({"consent": consent.at.date().isoformat()}, None, _ids(consent))


@predicate
def automated_not_stopped(question: Question, facts: Facts, *, recorded: tuple[str, ...] = ()) -> Finding:
    """This will fail for an automated contact, or one by a recorded voice, after the person asked for it to stop."""
    if not _by_machine(question, recorded):
        return PASSED
    stops = opt_outs(question, facts)
    if not stops or _standing_consent(question, facts) is not None:
        return PASSED
    latest = max(stops, key=lambda record: record.at)
    return fails({"since": latest.at.date().isoformat()}, None, _ids(latest))


@predicate
def recorded_voice_count(
    question: Question, facts: Facts, *, limit: int, windows: tuple[str, ...], recorded: tuple[str, ...]
) -> Finding:
    """This will pass for an artificial or recorded voice while the windows hold fewer than the limit for this number.

    A standing consent to such contact lifts the limit. Calls by machines count, and everything on the channels named.
    """
    if not _by_machine(question, recorded) or _standing_consent(question, facts) is not None:
        return PASSED
    machines = tuple(event for event in facts.contacts if event.automated or event.channel in recorded)
    found = count_limit(
        question,
        replace(facts, contacts=machines),
        limit=limit,
        unit="attempt",
        windows=windows,
        key="contact_point",
        channels=("phone", "voice_notice"),
    )
    return Finding(found.passed, found.values, found.next_at, found.counted)


@predicate
def confirms_stop_in_time(question: Question, facts: Facts, *, minutes: int) -> Finding:
    """This will apply (as an exception) to one bare confirmation within so many minutes after the request to stop."""
    if question.purpose != "opt_out_confirmation":
        return FAILED
    asked = max((record.at for record in opt_outs(question, facts)), default=None)
    if asked is None or question.at - asked > timedelta(minutes=minutes):
        return FAILED
    sent = [e for e in with_person(question, facts) if e.direction == "outbound" and e.purpose == question.purpose]
    return Finding(not any(event.at >= asked for event in sent), {"asked": asked.isoformat()})


@predicate
def place_consented(question: Question, facts: Facts) -> Finding:
    """This will apply (as an exception) at a place to which the person validly consented after refusing it."""
    for record in own_records(question, facts, "consent_time"):
        here = record.place is not None and record.place == question.place
        fits = record.channel is None or same_medium(record.channel, question.channel)
        if record.valid is False or not here or not fits:
            continue
        refused = [stop.at for stop in own_records(question, facts, "opt_out") if stop.place == question.place]
        forbids = [stop.at for stop in own_records(question, facts, "employer_prohibits_contact")]
        if all(at <= record.at for at in (*refused, *forbids)):
            return passes({"consent": record.at.date().isoformat()}, None, _ids(record))
    return FAILED


@predicate
def more_visits_consented(question: Question, facts: Facts) -> Finding:
    """This will apply (as an exception) under the person's consent in writing to more visits than usual."""
    for record in own_records(question, facts, "consent_more_calls"):
        if record.channel == "visit" and record.form in WRITTEN and record.valid is not False:
            return passes({"consent": record.at.date().isoformat()}, None, _ids(record))
    return FAILED
