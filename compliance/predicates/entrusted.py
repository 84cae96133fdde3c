"""Who acts for the creditor: agencies announced to the debtor, files given to them, what they record and keep."""

from __future__ import annotations

from compliance.facts import Facts, Question
from compliance.predicates.conduct import content_free_of, stated
from compliance.predicates.parties import third_person_not_pressed
from compliance.predicates.registry import PASSED, Finding, fails, predicate
from compliance.predicates.retention import retention_minimum
from compliance.predicates.scope import records
from compliance.vocabulary import PARTIES

LIABLE = frozenset({"debtor", "joint_debtor", "guarantor"})
RECORDED = frozenset({"phone", "visit"})


@predicate
def agency_announced(question: Question, facts: Facts) -> Finding:
    """This will fail for an agency of which the debtor was not told in writing before it acts; another's is no help."""
    for record in records(question, facts, "agency_notice_sent"):
        if record.agency is None or question.agency is None or record.agency == question.agency:
            return PASSED
    return fails({"agency": str(question.agency or "")})


@predicate
def only_liable_included(question: Question, facts: Facts) -> Finding:
    """This will fail for a file to an agency that holds data about persons who do not owe: referees, relatives."""
    included = (question.includes,) if isinstance(question.includes, str) else tuple(question.includes or ())
    others = [party for party in included if party in PARTIES and party not in LIABLE]
    return fails({"party": others[0]}) if others else PASSED


@predicate
def recorded_and_kept(question: Question, facts: Facts, *, months: int, zone: str) -> Finding:
    """This will fail for a call or visit that is not recorded, and for deleting a recording before so many months."""
    if question.action == "delete_recording":
        return retention_minimum(question, facts, months=months, zone=zone)
    if question.channel not in RECORDED:
        return PASSED
    return stated(question, facts, must_be_true=("recorded",))


@predicate
def right_person_unthreatened(question: Question, facts: Facts, *, flags: tuple[str, ...]) -> Finding:
    """This will fail where the debt is told to somebody else, or the content threatens (one of these flags)."""
    told = third_person_not_pressed(question, facts)
    if not told.passed:
        return fails({"fact": "discloses_debt"})
    return content_free_of(question, facts, flags=flags)


@predicate
def deployed_as_must_be(
    question: Question, facts: Facts, *, must_be_true: tuple[str, ...], freelancers: bool = True
) -> Finding:
    """This will fail for deploying a collector, or a contact by one, of whom one of these facts is stated to be wrong.

    freelancers: whether somebody who is no employee of creditor or agency may be used at all.
    """
    if question.kind == "action" and question.action != "deploy_collector":
        return PASSED
    if question.actor_kind == "freelancer" and not freelancers:
        return fails({"fact": "freelancer"})
    return stated(question, facts, must_be_true=must_be_true)
