"""What the person, his lawyer or his employer has asked: media, places, silence; and the single replies that remain."""

from __future__ import annotations

from datetime import timedelta

from compliance.facts import Facts, Question, Record
from compliance.predicates.hours import convenient_time, enabled, firm_hours
from compliance.predicates.registry import FAILED, PASSED, Finding, fails, passes, predicate
from compliance.predicates.scope import (
    at_work,
    own_records,
    past_contacts,
    place_of,
    records,
    same_medium,
    same_person,
    with_person,
)


def _switched_off(question: Question, facts: Facts, policy: str | None) -> bool:
    return policy is not None and not enabled(question, facts, policy)


def _named(found: Record | None) -> Finding:
    """Return a failure that names the record it rests on, or a pass."""
    if found is None:
        return PASSED
    return fails({"since": found.at.date().isoformat()}, None, () if found.id is None else (found.id,))


def opt_outs(question: Question, facts: Facts) -> list[Record]:
    """Return the requests in force not to use this medium, number or address; one about a point binds for anybody."""
    found = []
    for record in records(question, facts, "opt_out"):
        if record.channel is None and record.contact_point_id is None and record.place is not None:
            continue  # a place alone is another rule's matter; nothing named at all means every way
        if record.contact_point_id is not None:
            if record.contact_point_id != question.contact_point_id:
                continue
        elif not same_person(question, record.party, record.person_id):
            continue
        if record.channel is not None and not same_medium(record.channel, question.channel):
            continue
        if record.place is not None and record.place != place_of(question):
            continue
        found.append(record)
    return found


@predicate
def medium_allowed(question: Question, facts: Facts, *, policy: str | None = None) -> Finding:
    """This will fail for a medium, number or address that the person asked not to be used, in whatever words."""
    if _switched_off(question, facts, policy):
        return PASSED
    found = opt_outs(question, facts)
    return _named(found[-1] if found else None)


@predicate
def place_allowed(question: Question, facts: Facts, *, policy: str | None = None) -> Finding:
    """This will fail at a place where the person asked not to be contacted."""
    if _switched_off(question, facts, policy):
        return PASSED
    here = place_of(question)
    for record in own_records(question, facts, "opt_out"):
        any_channel = record.channel is None or same_medium(record.channel, question.channel)
        if record.place is not None and record.place == here and any_channel:
            return _named(record)
    return PASSED


@predicate
def wishes_heeded(question: Question, facts: Facts, *, firm_hours_needed: bool = False) -> Finding:
    """This will pass where the person's requests about when, where and how he is contacted are heeded.

    firm_hours_needed: the law names hours in words only, and the firm's own number must be there and be kept as well.
    """
    requests = medium_allowed(question, facts), place_allowed(question, facts)
    times = firm_hours(question, facts, required=True) if firm_hours_needed else convenient_time(question, facts)
    refused = next((found for found in requests if not found.passed), None)
    return refused or times


@predicate
def no_cease_request(question: Question, facts: Facts, *, written: bool = True, policy: str | None = None) -> Finding:
    """This will fail once a request to stop all contact about these debts has been received.

    written: only one in writing or by e-mail counts; complete on receipt.
    """
    if _switched_off(question, facts, policy):
        return PASSED
    for record in own_records(question, facts, "cease_request"):
        if not written or record.form != "oral":
            return _named(record)
    return PASSED


@predicate
def purpose_is(question: Question, facts: Facts, *, purposes: tuple[str, ...], once: bool = False) -> Finding:
    """This will apply (as an exception) to these purposes; once: not again after one of them was served since."""
    if question.purpose not in purposes:
        return FAILED
    if once:
        asked = max((record.at for record in opt_outs(question, facts)), default=None)
        for event in with_person(question, facts):
            later = asked is None or event.at >= asked
            if later and event.direction == "outbound" and event.purpose == question.purpose:
                return fails({"purpose": question.purpose, "used": True})
    return passes({"purpose": question.purpose})


@predicate
def single_reply(question: Question, facts: Facts) -> Finding:
    """This will apply (as an exception) to one reply, in the same medium, to a contact that the person made himself.

    It is spent by the first outbound contact in that medium after it. The very message that asks not to use the medium
    earns no reply by this rule.
    """
    if question.in_reply is not True:
        return FAILED
    mine = [e for e in with_person(question, facts) if same_medium(e.channel, question.channel)]
    inbound = [e for e in mine if e.direction == "inbound"]
    if not inbound:
        return FAILED
    latest = max(e.at for e in inbound)
    if any(e.direction == "outbound" and e.at >= latest for e in mine):
        return fails({"used": True})
    if any(record.at >= latest for record in opt_outs(question, facts)):
        return FAILED
    return passes({"received": latest.isoformat()})


@predicate
def not_represented(question: Question, facts: Facts, *, policy: str | None = None, anybody: bool = False) -> Finding:
    """This will fail while a lawyer is known to act on these debts and has not agreed to direct contact.

    anybody: also for a third person, since the lawyer is then the one to ask.
    """
    if _switched_off(question, facts, policy) or question.party == "attorney":
        return PASSED
    for record in records(question, facts, "attorney_represented"):
        if record.attorney_contact_known is False:
            continue
        if not anybody and record.person_id is not None and not same_person(question, record.party, record.person_id):
            continue
        agreed = any(consent.at >= record.at for consent in records(question, facts, "attorney_consents_direct"))
        if not agreed:
            return _named(record)
    return PASSED


@predicate
def workplace_allowed(question: Question, facts: Facts, *, policy: str | None = None) -> Finding:
    """This will fail at the workplace where the employer is known to forbid such contact."""
    if _switched_off(question, facts, policy):
        return PASSED
    if not at_work(question) or question.point_kind == "work_email":
        return PASSED
    for record in own_records(question, facts, "employer_prohibits_contact"):
        return _named(record)
    return PASSED


@predicate
def own_address_used(question: Question, facts: Facts) -> Finding:
    """This will pass for a work e-mail address from which the person wrote himself, or to which he consented."""
    for event in past_contacts(question, facts):
        wrote = event.direction == "inbound" and event.channel == "email"
        himself = wrote and same_person(question, event.party, event.person_id)
        if himself and event.contact_point_id == question.contact_point_id:
            return passes({"used": event.at.date().isoformat()})
    for record in own_records(question, facts, "consent_electronic"):
        if record.contact_point_id in {None, question.contact_point_id}:
            return passes({"consent": record.at.date().isoformat()})
    return FAILED


@predicate
def visit_leaves(question: Question, facts: Facts) -> Finding:
    """This will fail for a visit that goes on after the visitors were asked to leave."""
    if question.continuing is True:
        for record in own_records(question, facts, "asked_to_leave"):
            return _named(record)
    return PASSED


@predicate
def recently_used(question: Question, facts: Facts, *, channels: tuple[str, ...], days: int) -> Finding:
    """This will pass where the person used this medium, or consented to it, within so many days."""
    since = question.at - timedelta(days=days)
    used = any(
        event.direction == "inbound" and event.channel in channels and event.at >= since
        for event in with_person(question, facts)
    )
    agreed = any(record.at >= since for record in own_records(question, facts, "consent_electronic"))
    return Finding(used or agreed, {"days": days})
