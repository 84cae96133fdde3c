"""Who may be contacted: liable persons, third persons, and the licence to ask them where the debtor is."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta

from compliance.facts import ContactEvent, Facts, Question
from compliance.predicates.registry import FAILED, PASSED, Finding, Value, fails, passes, predicate
from compliance.predicates.scope import (
    CALLS,
    own_records,
    records,
    with_debtor,
    with_person,
    zones_of,
)
from compliance.vocabulary import COLLECTING, FAILED_DIAL, REACHED, UNITS
from compliance.windows import local, start_of_day


def is_liable(question: Question, facts: Facts) -> bool:
    """Whether the person owes: debtor, joint debtor, guarantor, or anybody shown by a record to have joined."""
    if question.party in {"debtor", "joint_debtor", "guarantor"}:
        return True
    return any(True for _ in own_records(question, facts, "joint_debt", "guarantee"))


@predicate
def party_allowed(
    question: Question,
    facts: Facts,
    *,
    parties: tuple[str, ...],
    evidence: bool = True,
    volunteer: bool = False,
    locating: bool = False,
) -> Finding:
    """This will pass for these roles.

    evidence: a person shown to owe (co-signed, guaranteed) passes whatever his role. volunteer: a person who said of
    his own accord that he will pay passes for arranging just that. locating: asking only where the debtor is passes, as
    long as nothing of the debt is told.
    """
    values = {"party": question.party}
    if question.party in parties or (evidence and is_liable(question, facts)):
        return passes(values)
    if volunteer and question.purpose == "arrange_voluntary_payment":
        offered = any(e.outcome == "offers_to_pay" for e in with_person(question, facts))
        return Finding(offered, values)
    if locating and question.purpose == "locate" and question.discloses_debt is not True:
        return passes(values)
    return fails(values)


@predicate
def third_person_not_pressed(question: Question, facts: Facts, *, volunteer: bool = False) -> Finding:
    """This will fail when somebody who does not owe is asked for money or told of the debt."""
    if is_liable(question, facts):
        return PASSED
    values = {"party": question.party}
    if volunteer and question.purpose == "arrange_voluntary_payment":
        return Finding(any(e.outcome == "offers_to_pay" for e in with_person(question, facts)), values)
    return Finding(question.purpose not in COLLECTING and question.discloses_debt is not True, values)


def _streak(question: Question, facts: Facts) -> tuple[list[ContactEvent], ContactEvent | None]:
    """Return the dials to the debtor since he was last reached, oldest first, and the contact that reached him."""
    streak: list[ContactEvent] = []
    reached = None
    for event in with_debtor(question, facts):
        if event.outcome in REACHED or (event.direction == "inbound" and event.outcome in UNITS["conversation"]):
            streak, reached = [], event
        elif event.direction == "outbound" and event.channel in CALLS and event.outcome in FAILED_DIAL:
            streak.append(event)
    return streak, reached


def _invalid_everywhere(dials: list[ContactEvent]) -> bool:
    latest: dict[object, str] = {}
    for event in dials:
        if event.point_kind in {"mobile", "unknown_phone", None}:
            latest[event.contact_point_id] = event.outcome
    return bool(latest) and all(outcome == "not_in_service" for outcome in latest.values())


def _opening(dials: list[ContactEvent], zone: str, *, dial_count: int, days: int) -> datetime | None:
    """Return from when third persons may be asked: a day after enough failed dials, or days of them."""
    openings = []
    if len(dials) >= dial_count:
        third = local(dials[dial_count - 1].at, zone).date()
        openings.append(start_of_day(third + timedelta(days=1), zone))
    dates = sorted({local(event.at, zone).date() for event in dials})
    run = 1
    for before, day in itertools.pairwise(dates):
        run = run + 1 if day - before == timedelta(days=1) else 1
        if run >= days:
            openings.append(start_of_day(day + timedelta(days=1), zone))
            break
    return min(openings, default=None)


@predicate
def unrelated_left_alone(
    question: Question, facts: Facts, *, volunteer: bool = False, locating: bool = False
) -> Finding:
    """This will fail for a person who does not owe (nor acts for the debtor) but for what he wants or may be asked.

    volunteer: arranging a payment that he offered of his own accord passes. locating: asking where the debtor is, or
    how to reach him, passes. Answers, service and notices pass as well; none of these with a word of the debt.
    """
    if is_liable(question, facts) or question.party == "attorney":
        return PASSED
    values: dict[str, Value] = {"party": question.party}
    if question.purpose == "arrange_voluntary_payment":
        offered = any(event.outcome == "offers_to_pay" for event in with_person(question, facts))
        return Finding(volunteer and offered, values)
    pressing = question.purpose in COLLECTING or question.purpose == "service_reminder"
    if pressing or question.discloses_debt is True or (question.purpose == "locate" and not locating):
        return fails(values)
    return passes(values)


@predicate
def lost_debtor(
    question: Question,
    facts: Facts,
    *,
    dial_count: int = 3,
    days: int = 3,
    zone: str | None = None,
    or_deceased: bool = False,
    or_incapable: bool = False,
    refusal_bars: bool = False,
) -> Finding:
    """This will pass for asking a third person about the debtor while the debtor is lost, and for nothing more.

    Lost: his mobile number is not in service (at once); or dial_count dials in a row failed (from the next local day);
    or each of `days` days in a row (likewise). Reaching him starts it afresh. or_deceased, or_incapable: further
    grounds. refusal_bars: a person who once clearly refused is never asked again. Only to locate, with no word of the
    debt.
    """
    if is_liable(question, facts) or question.party == "attorney":
        return PASSED
    if refusal_bars and any(e.outcome == "third_party_refused" for e in with_person(question, facts)):
        return fails({"ground": "refused"})
    if question.purpose != "locate" or question.discloses_debt is True:
        return fails({"ground": "purpose"})
    kinds = [kind for kind, on in (("deceased", or_deceased), ("capacity_limited", or_incapable)) if on]
    if kinds and any(True for _ in records(question, facts, *kinds)):
        return passes({"ground": "deceased or incapable"})
    dials, _ = _streak(question, facts)
    if _invalid_everywhere(dials):
        return passes({"ground": "number not in service"})
    name = zones_of(question, facts, zone)[0]
    opening = _opening(dials, name, dial_count=dial_count, days=days)
    values: dict[str, Value] = {"ground": "not reached", "dials": len(dials)}
    if opening is not None and opening <= question.at:
        return passes(values)
    return fails(values, opening)


@predicate
def licence_not_ended(question: Question, facts: Facts) -> Finding:
    """This will fail for asking a third person once the debtor has been reached again after failed dials."""
    if is_liable(question, facts) or question.party == "attorney":
        return PASSED
    dials, reached = _streak(question, facts)
    if reached is None or dials:
        return PASSED
    failed_before = any(
        event.at < reached.at and event.channel in CALLS and event.outcome in FAILED_DIAL
        for event in with_debtor(question, facts)
    )
    return Finding(not failed_before, {"reached": reached.at.isoformat()}, None)


@predicate
def asked_once(question: Question, facts: Facts) -> Finding:
    """This will fail for asking the same third person again where the debtor is.

    Unless he asks for it himself, or his earlier answer is reasonably believed wrong and he now knows better.
    """
    if is_liable(question, facts) or question.in_reply is True:
        return PASSED
    spoken = UNITS["actual_contact"] | {"third_party_refused", "met", "wrong_number"}
    asked = [e for e in with_person(question, facts) if e.direction == "outbound" and e.outcome in spoken]
    if not asked:
        return PASSED
    last = max(e.at for e in asked)
    for record in own_records(question, facts, "location_answer_wrong"):
        if record.at >= last and record.now_has_correct is not False:
            return PASSED
    return fails({"asked": last.date().isoformat()})


@predicate
def heir_liable(question: Question, facts: Facts) -> Finding:
    """This will fail for collecting from an heir of a debtor not known to have died, or who renounced the estate."""
    if question.purpose not in COLLECTING:
        return PASSED
    if any(True for _ in own_records(question, facts, "inheritance_renounced")):
        return fails({"ground": "renounced"})
    if not any(True for _ in records(question, facts, "deceased")):
        return fails({"ground": "debtor alive"})
    return PASSED


@predicate
def source_is_lawful(question: Question, facts: Facts) -> Finding:
    """This will fail for a contact point that was bought."""
    if question.contact_source == "purchased":
        return fails({"source": question.contact_source})
    return PASSED


@predicate
def listed_persons(question: Question, facts: Facts, *, barred: tuple[str, ...]) -> Finding:
    """This will fail for these roles whatever the purpose."""
    return FAILED if question.party in barred and not is_liable(question, facts) else PASSED
