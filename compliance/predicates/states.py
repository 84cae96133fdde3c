"""Holds: plans, disputes, moratoria, death, complaints, occasions, and the firm's own.

Each starts and ends on an event.
"""

from __future__ import annotations

from datetime import date, timedelta

from compliance import calendars
from compliance.facts import Facts, Id, Question, Record
from compliance.predicates.conduct import stated
from compliance.predicates.hours import enabled
from compliance.predicates.instructions import visit_leaves
from compliance.predicates.registry import PASSED, Finding, fails, passes, predicate
from compliance.predicates.scope import own_records, records, zones_of
from compliance.vocabulary import COLLECTING
from compliance.windows import local, start_of_day


def _ids(record: Record) -> tuple[Id, ...]:
    return () if record.id is None else (record.id,)


def _until(question: Question, facts: Facts, last_day: date, record: Record) -> Finding:
    """Return the finding of a hold whose last local day is known, in every zone where the person may be."""
    opening = max(start_of_day(last_day + timedelta(days=1), zone) for zone in zones_of(question, facts))
    values = {"since": record.at.date().isoformat(), "until": last_day.isoformat()}
    if question.at >= opening:
        return passes(values)
    return fails(values, opening, _ids(record))


def _worst(findings: list[Finding]) -> Finding:
    """Return the finding that holds longest; one without an end beats all."""
    failing = [found for found in findings if not found.passed]
    if not failing:
        return findings[0] if findings else PASSED
    endless = [found for found in failing if found.next_at is None]
    return endless[0] if endless else max(failing, key=lambda found: found.next_at or FAR)


FAR = start_of_day(date(9999, 1, 1), "UTC")


@predicate
def no_hold(
    question: Question,
    facts: Facts,
    *,
    kinds: tuple[str, ...],
    ended_by: tuple[str, ...] = (),
    days: int | None = None,
    collecting_only: bool = False,
    own: bool = False,
    policy: str | None = None,
) -> Finding:
    """This will fail while a state of one of these kinds stands for these debts.

    It ends with a later record of a kind in ended_by, with its own `until` (included), or `days` local dates after it
    began; with none of these it has no known end. collecting_only: contacts that ask for nothing pass. own: only a
    record about the person contacted counts. policy: id of the firm policy that must be switched on.
    """
    if policy is not None and not enabled(question, facts, policy):
        return PASSED
    if collecting_only and question.purpose not in COLLECTING:
        return PASSED
    source = own_records if own else records
    ends = list(source(question, facts, *ended_by)) if ended_by else []
    findings = []
    for record in source(question, facts, *kinds):
        if any(end.at >= record.at and _same_debts(end, record) for end in ends):
            continue
        last_day = record.until
        if last_day is None and days is not None:
            zone = zones_of(question, facts)[0]
            last_day = local(record.at, zone).date() + timedelta(days=days)
        if last_day is not None:
            findings.append(_until(question, facts, last_day, record))
        else:
            findings.append(fails({"since": record.at.date().isoformat()}, None, _ids(record)))
    return _worst(findings)


def _same_debts(one: Record, other: Record) -> bool:
    return not one.debts or not other.debts or bool(set(one.debts) & set(other.debts))


@predicate
def no_open_crisis(question: Question, facts: Facts, *, days_after: int) -> Finding:
    """This will fail during a crisis moratorium: to the end of treatment and so many days; until then without end."""
    findings = []
    ended = [record.at for record in records(question, facts, "crisis_treatment_ended")]
    for record in records(question, facts, "crisis_moratorium"):
        later = [at for at in ended if at >= record.at]
        if later:
            last = local(min(later), zones_of(question, facts)[0]).date() + timedelta(days=days_after)
            findings.append(_until(question, facts, last, record))
        else:
            findings.append(fails({"since": record.at.date().isoformat()}, None, _ids(record)))
    return _worst(findings)


@predicate
def dispute_answered(
    question: Question, facts: Facts, *, receipt_days: int, period_days: int, calendar: str
) -> Finding:
    """This will fail after a written dispute, or a request for the original creditor, within the validation period.

    The notice counts as received so many business days after sending; the period is so many calendar days after that.
    It ends with the verification. Where no notice was sent the period has not begun to run out.
    """
    if question.purpose not in COLLECTING:
        return PASSED
    zone = zones_of(question, facts)[0]
    period_end = None
    notices = [local(record.at, zone).date() for record in records(question, facts, "validation_notice_sent")]
    if notices:
        received = calendars.get(calendar).add_business_days(min(notices), receipt_days)
        period_end = received + timedelta(days=period_days)
    verified = [record.at for record in records(question, facts, "verification_sent")]
    for record in records(question, facts, "dispute_open", "original_creditor_requested"):
        if record.kind == "dispute_open" and record.form in {"oral", None}:
            continue
        received_on = local(record.received_at or record.at, zone).date()
        late = period_end is not None and received_on > period_end
        if late or any(at >= record.at for at in verified):
            continue
        values = {"since": received_on.isoformat(), "period_end": period_end.isoformat() if period_end else "open"}
        return fails(values, None, _ids(record))
    return passes({"period_end": period_end.isoformat()} if period_end else {})


@predicate
def dispute_annotated(question: Question, facts: Facts) -> Finding:
    """This will fail while an objection is known that was not marked on the account."""
    for record in records(question, facts, "dispute_open"):
        if record.annotated is False:
            return fails({"since": record.at.date().isoformat()}, None, _ids(record))
    return PASSED


@predicate
def suit_not_threatened_when_barred(question: Question, facts: Facts) -> Finding:
    """This will fail for a suit, or the threat of one, on a debt whose limitation period has run out."""
    suing = question.action == "file_suit" if question.kind == "action" else question.purpose == "threaten_suit"
    if suing:
        for record in records(question, facts, "debt_time_barred"):
            return fails({"since": record.at.date().isoformat()}, None, _ids(record))
    return PASSED


@predicate
def barred_and_refused(question: Question, facts: Facts) -> Finding:
    """This will fail for collecting a time-barred debt from a person who has said that he will not pay."""
    if question.purpose not in COLLECTING:
        return PASSED
    barred = any(True for _ in records(question, facts, "debt_time_barred"))
    refused = any(True for _ in own_records(question, facts, "cease_request", "dispute_open"))
    return Finding(not (barred and refused))


@predicate
def notice_before_visit(question: Question, facts: Facts, *, days: int, kinds: tuple[str, ...]) -> Finding:
    """This will fail for a first visit unless one of these notices was sent so many days before."""
    if question.first_visit is not True:
        return PASSED
    zone = zones_of(question, facts)[0]
    sent = [
        local(record.at, zone).date()
        for record in records(question, facts, *kinds)
        if record.agency is None or question.agency is None or record.agency == question.agency
    ]
    if not sent:
        return fails({"days": days})
    opening = start_of_day(min(sent) + timedelta(days=days), zone)
    return Finding(question.at >= opening, {"days": days, "sent": min(sent).isoformat()}, opening)


@predicate
def contact_point_usable(question: Question, facts: Facts) -> Finding:
    """This will fail for a number or address that is suppressed: it belongs to a stranger, or reaches nobody."""
    for record in facts.records:
        if record.kind == "point_suppressed" and record.at <= question.at:
            back = record.withdrawn_at is not None and record.withdrawn_at <= question.at
            if not back and record.contact_point_id == question.contact_point_id:
                return fails({"since": record.at.date().isoformat()}, None, _ids(record))
    return PASSED


@predicate
def visit_announced(question: Question, facts: Facts, *, days: int, kinds: tuple[str, ...]) -> Finding:
    """This will fail for a visit not announced, not explained, or going on after the visitors were asked to leave."""
    conduct = stated(question, facts, must_be_true=("purpose_stated", "identity_stated", "id_shown"))
    if not conduct.passed:
        return conduct
    if not visit_leaves(question, facts).passed:
        return fails({"fact": "leave"})
    notice = notice_before_visit(question, facts, days=days, kinds=kinds)
    return notice if notice.passed else fails({**notice.values, "fact": "notice"}, notice.next_at)
