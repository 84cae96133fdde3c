"""Steps that are not contacts: plans offered, recordings deleted, agencies, data, classes."""

from __future__ import annotations

from compliance import rates
from compliance.facts import Facts, Question
from compliance.periods import add_months
from compliance.predicates.registry import FAILED, PASSED, Finding, fails, predicate
from compliance.predicates.retention import is_settled, retention_minimum
from compliance.predicates.scope import in_force, zones_of
from compliance.vocabulary import COLLECTING
from compliance.windows import local

ASSET_CLASSES = ("正常", "关注", "次级", "可疑", "损失")


@predicate
def plan_length(question: Question, facts: Facts, *, months: int) -> Finding:
    """This will pass for an instalment plan of at most so many months."""
    if question.months is None:
        return PASSED
    return Finding(question.months <= months, {"months": question.months, "limit": months})


@predicate
def recording_kept(question: Question, facts: Facts, *, months: int, zone: str) -> Finding:
    """This will fail for deleting a recording before so many months have passed; unknown recordings are kept."""
    return retention_minimum(question, facts, months=months, zone=zone)


@predicate
def recording_not_of_agreement(question: Question, facts: Facts) -> Finding:
    """This will fail for deleting the recording of an oral repayment agreement of a debt that is not settled."""
    for record in facts.records:
        agreed = record.kind == "oral_repayment_agreement" and in_force(record, question.at)
        if agreed and record.recording == question.recording and not is_settled(question, facts):
            return fails({"keep_until": "open", "ground": "not settled"})
    return PASSED


@predicate
def pay_not_only_recovery(question: Question, facts: Facts) -> Finding:
    """This will fail for a pay scheme that rests on money recovered alone."""
    others = sum(share for name, share in question.components if name != "recovered_amount")
    return Finding(not question.components or others > 0, {"others": others})


@predicate
def agency_evaluated(question: Question, facts: Facts, *, months: int, zone: str) -> Finding:
    """This will pass for an agency evaluated within so many months."""
    days = [
        local(record.at, zone).date()
        for record in facts.records
        if record.kind == "agency_evaluated" and record.agency == question.agency and record.at <= question.at
    ]
    return Finding(bool(days) and local(question.at, zone).date() <= add_months(max(days), months), {"months": months})


@predicate
def entrusting_lawful(question: Question, facts: Facts) -> Finding:
    """This will fail for passing a case on without the creditor's consent, or by an agency without a contract."""
    if question.action == "sub_entrust" and question.creditor_consent is False:
        return fails({"ground": "no consent"})
    if question.actor_kind != "agency" or question.action == "renew_agency_contract":
        return PASSED
    for record in facts.records:
        ended = record.kind == "agency_contract_ended" and in_force(record, question.at)
        if ended and record.agency == question.agency:
            return fails({"ground": "contract ended"})
    return PASSED


@predicate
def no_open_complaint(question: Question, facts: Facts) -> Finding:
    """This will fail for placing a case with an agency while a complaint is not disposed of."""
    for record in facts.records:
        if record.kind == "complaint_open" and in_force(record, question.at):
            return fails({"since": record.at.date().isoformat()})
    return PASSED


@predicate
def staff_certified(question: Question, facts: Facts, *, grace_months: int = 0, zone: str | None = None) -> Finding:
    """This will fail for a collector known to have been hired without the certificate, and not to have one since.

    grace_months: he may work so many months from the day he was hired (the corresponding day included) before.
    """
    hired = [record for record in facts.records if record.kind == "staff_hired" and record.at <= question.at]
    mine = sorted((record for record in hired if record.staff == question.staff), key=lambda record: record.at)
    if not mine or mine[-1].certificate is not False:
        return PASSED
    if grace_months:
        for name in zones_of(question, facts, zone):
            last = add_months(local(mine[0].at, name).date(), grace_months)
            if local(question.at, name).date() > last:
                return fails({"until": last.isoformat()})
        return PASSED
    return FAILED


@predicate
def sensitive_data_consented(question: Question, facts: Facts, *, kinds: tuple[str, ...]) -> Finding:
    """This will fail for loading data of these kinds without separate consent."""
    if question.data_type in kinds and question.separate_consent is not True:
        return fails({"data": question.data_type or ""})
    return PASSED


@predicate
def assignment_notified(question: Question, facts: Facts) -> Finding:
    """This will fail for collecting a claim that was sold while the debtor was not told of the sale."""
    if question.purpose not in COLLECTING:
        return PASSED
    for record in facts.records:
        if record.kind == "claim_assigned" and in_force(record, question.at) and record.debtor_notified is False:
            return FAILED
    return PASSED


@predicate
def class_not_too_good(question: Question, facts: Facts) -> Finding:
    """This will fail for an asset class better than the days past due allow: over 90, 270 and 360 days."""
    if question.proposed not in ASSET_CLASSES:
        return PASSED
    dpd = question.dpd if question.dpd is not None else facts.dpd or 0
    floor = sum(dpd > step for step in (0, 90, 270, 360))
    return Finding(ASSET_CLASSES.index(question.proposed) >= floor, {"dpd": dpd, "class": ASSET_CLASSES[floor]})


@predicate
def rate_of_the_day(question: Question, facts: Facts, *, series: str, zone: str, times: int = 1) -> Finding:
    """This will pass, saying the reference rate of the day and so many times it (per cent a year); not known: no value.

    Raises MissingFact for a day that the series does not reach: of a definition, the value is then left out.
    """
    rate = rates.get(series).on(local(question.at, zone).date())
    return Finding(passed=True, values={"rate": str(rate), "cap": str(rate * times), "times": times})
