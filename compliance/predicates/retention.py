"""How long a record is kept at least, and at most: steps that delete something, and steps that go on keeping it.

A rule about a minimum is asked when something is deleted (`when = { action = ["delete_recording", "delete_record"] }`),
one about a maximum when it is kept on (`keep_recording`, `keep_record`). `Question.data_type` says what kind of record
it is; none named means a recording. `compliance.retention` asks both and answers with dates.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from compliance.facts import Facts, Question
from compliance.periods import add_months
from compliance.predicates.registry import PASSED, Finding, MissingFact, Value, fails, predicate
from compliance.predicates.scope import about, past_contacts, records, zones_of
from compliance.windows import local, start_of_day

RECORDING = "recording"


def kind_of(question: Question) -> str:
    """Return what kind of record the step is about."""
    return question.data_type or RECORDING


def made_at(question: Question, facts: Facts) -> datetime | None:
    """Return when the recording was made, by the contact or the record that names it; None when it is not known."""
    for event in past_contacts(question, facts):
        if event.recording is not None and event.recording == question.recording:
            return event.at
    for record in facts.records:
        if record.recording is not None and record.recording == question.recording and record.at <= question.at:
            return record.at
    return None


def last_activity(question: Question, facts: Facts) -> datetime | None:
    """Return when somebody last tried to collect these debts; None when nobody is known to have done so."""
    tries = [e.at for e in past_contacts(question, facts) if e.direction == "outbound" and about(question, e.debts)]
    return max(tries, default=None)


def settled_at(question: Question, facts: Facts) -> datetime | None:
    """Return when the debts were settled; None while they are not, or where nobody recorded when."""
    return max((record.at for record in records(question, facts, "debt_settled")), default=None)


def is_settled(question: Question, facts: Facts) -> bool:
    """Whether the debts are settled: recorded as such, or nothing is owed any more."""
    paid = facts.balance is not None and facts.balance <= 0
    return paid or settled_at(question, facts) is not None


_STARTS = {"made": made_at, "last_activity": last_activity, "settled": settled_at}


def _begins(question: Question, facts: Facts, runs_from: str) -> datetime | None:
    if runs_from not in _STARTS:
        raise MissingFact(f"runs_from {runs_from}")
    return _STARTS[runs_from](question, facts)


def on_hold(question: Question, facts: Facts) -> bool:
    """Whether a legal hold stands: a court, an authority or a dispute needs what is there, whatever a term says."""
    return any(True for _ in records(question, facts, "legal_hold"))


def _last_day(begins: datetime, months: int, days: int, zone: str) -> date:
    return add_months(local(begins, zone).date(), months) + timedelta(days=days)


@predicate
def retention_minimum(
    question: Question,
    facts: Facts,
    *,
    kinds: tuple[str, ...] = (RECORDING,),
    months: int = 0,
    days: int = 0,
    runs_from: str = "made",
    zone: str | None = None,
) -> Finding:
    """This will fail for deleting a record of these kinds before its minimum has run.

    The term is so many months and days, the last day (the corresponding one, or the end of the month) included, in the
    zone given or every zone of the person. runs_from: "made" (the recording's own contact), "last_activity" (the last
    attempt to collect; starts anew with each), "settled" (no end while the debt stands). What began when nobody knows
    is kept, and a legal hold keeps everything. Values: keep_until (ISO date, or "open"), months.
    """
    if kind_of(question) not in kinds:
        return PASSED
    values: dict[str, Value] = {"months": months, "days": days, "keep_until": "open"}
    begins = _begins(question, facts, runs_from)
    if begins is None:
        return fails({**values, "ground": "not settled" if runs_from == "settled" else "unknown"})
    zones = zones_of(question, facts, zone)
    last = max(_last_day(begins, months, days, name) for name in zones)
    opening = max(start_of_day(last + timedelta(days=1), name) for name in zones)
    if on_hold(question, facts):
        return fails({**values, "ground": "legal hold"})
    values |= {"keep_until": last.isoformat(), "ground": "term"}
    return Finding(question.at >= opening, values, None if question.at >= opening else opening)


@predicate
def retention_maximum(
    question: Question,
    facts: Facts,
    *,
    kinds: tuple[str, ...] = (RECORDING,),
    months: int = 0,
    days: int = 0,
    runs_from: str = "made",
    unless: tuple[str, ...] = (),
    zone: str | None = None,
) -> Finding:
    """This will fail for keeping a record of these kinds after its maximum has run: it must be destroyed.

    The same term as of `retention_minimum`; it fails from the day after the last one. unless: kinds of records that
    let it be kept (`retention_requested`: the person or an authority asked for it). A legal hold always does, and what
    began when nobody knows is not said to be over. Values: destroy_from (ISO date).
    """
    if kind_of(question) not in kinds or on_hold(question, facts):
        return PASSED
    if unless and any(True for _ in records(question, facts, *unless)):
        return PASSED
    begins = _begins(question, facts, runs_from)
    if begins is None:
        return PASSED
    zones = zones_of(question, facts, zone)
    first = max(_last_day(begins, months, days, name) for name in zones) + timedelta(days=1)
    over = question.at >= max(start_of_day(first, name) for name in zones)
    return Finding(not over, {"months": months, "days": days, "destroy_from": first.isoformat()})


@predicate
def not_on_legal_hold(question: Question, facts: Facts) -> Finding:
    """This will fail for deleting anything while a legal hold stands, even where no rule says how long it is kept."""
    for record in records(question, facts, "legal_hold"):
        return fails({"since": record.at.date().isoformat()}, None, () if record.id is None else (record.id,))
    return PASSED
