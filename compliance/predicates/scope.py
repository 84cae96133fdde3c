"""Who and what a fact concerns: persons, debts, points, zones, and whether it is in force. Shared by the predicates."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from compliance.facts import ContactEvent, Facts, Id, Question, Record
from compliance.predicates.registry import MissingFact
from compliance.windows import local

WORK_POINTS = frozenset({"work_phone", "workplace", "work_email"})
CALLS = frozenset({"phone", "voice_notice"})


def same_person(question: Question, party: str | None, person_id: Id | None) -> bool:
    """Whether a fact about this role and person is about the person of the question.

    Two known persons are compared; where either is not known, the role decides.
    """
    if question.person_id is not None and person_id is not None:
        return question.person_id == person_id
    return (party or "debtor") == question.party


def zones_of(question: Question, facts: Facts, zone: str | None = None) -> tuple[str, ...]:
    """Return the zones where the person contacted may be: the fixed one, else by his own claims, else the debtor's.

    Authoritative knowledge replaces inference (the latest wins); otherwise every claim stands. Raises MissingFact.
    """
    if zone is not None:
        return (zone,)
    known = [claim for claim in facts.locations if claim.at <= question.at]
    claims = [claim for claim in known if same_person(question, claim.party, claim.person_id)]
    if not claims:
        claims = [claim for claim in known if claim.party == "debtor"]
    certain = [claim for claim in claims if claim.authoritative]
    if certain:
        return (max(certain, key=lambda claim: claim.at).zone,)
    if not claims:
        raise MissingFact("zone")
    return tuple(sorted({claim.zone for claim in claims}))


def presumed_zones(question: Question, facts: Facts, basis: str) -> tuple[str, ...]:
    """Return the zone that a basis (the area code of the number called) is presumed to give.

    What is known of the person's place with authority beats it. Without such a claim: where the person lives, and only
    where that is not known either, every other claim. Raises MissingFact.
    """
    known = [claim for claim in facts.locations if claim.at <= question.at]
    claims = [claim for claim in known if same_person(question, claim.party, claim.person_id)]
    if not any(claim.authoritative for claim in claims):
        for bases in ({basis}, {"statement", "address", "mailing_address"}):
            presumed = tuple(sorted({claim.zone for claim in claims if claim.basis in bases}))
            if presumed:
                return presumed
    return zones_of(question, facts)


def local_dates(question: Question, facts: Facts, zone: str | None = None) -> dict[str, date]:
    """Return the local date of the question in every zone that the person may be in."""
    return {name: local(question.at, name).date() for name in zones_of(question, facts, zone)}


def debt_groups(question: Question, facts: Facts) -> dict[Id, Id]:
    """Return, for each debt that is one with others, the debt that stands for all of them."""
    stands_for: dict[Id, Id] = {}
    for record in facts.records:
        if record.kind == "debt_group" and in_force(record, question.at) and record.debts:
            head = min((stands_for.get(debt, debt) for debt in record.debts), key=str)
            merged = {stands_for.get(debt, debt) for debt in record.debts} | set(record.debts)
            for debt in (*merged, *[other for other, rep in stands_for.items() if rep in merged]):
                stands_for[debt] = head
    return stands_for


def about(question: Question, debts: tuple[Id, ...]) -> bool:
    """Whether a fact about these debts concerns the debts of the question; none named means all."""
    return not debts or not question.debts or bool(set(debts) & set(question.debts))


def in_force(record: Record, at: datetime) -> bool:
    """Whether a record is known, received and not withdrawn at this instant."""
    return (
        record.at <= at
        and (record.received_at is None or record.received_at <= at)
        and (record.withdrawn_at is None or record.withdrawn_at > at)
    )


def taken_back(record: Record, question: Question, facts: Facts) -> bool:
    """Whether a later record takes back this instruction or consent (for its channel, where one is named)."""
    return any(
        back.kind == "consent_withdrawn"
        and back.of == record.kind
        and in_force(back, question.at)
        and back.at >= record.at
        and (back.party or "debtor") == (record.party or "debtor")
        and (back.channel is None or record.channel is None or same_medium(back.channel, record.channel))
        for back in facts.records
    )


def records(question: Question, facts: Facts, *kinds: str) -> Iterator[Record]:
    """Yield the records of these kinds in force that concern the debts of the question, whoever they are about."""
    for record in facts.records:
        if record.kind not in kinds or not in_force(record, question.at) or not about(question, record.debts):
            continue
        if not taken_back(record, question, facts):
            yield record


def own_records(question: Question, facts: Facts, *kinds: str) -> Iterator[Record]:
    """Yield those records that are about the person contacted."""
    for record in records(question, facts, *kinds):
        if same_person(question, record.party, record.person_id):
            yield record


def given_to_asker(consent: Record, question: Question) -> bool:
    """Whether a consent is for who asks now: one given to an agency does not pass to the next with the account."""
    return consent.agency is None or question.agency is None or consent.agency == question.agency


def past_contacts(question: Question, facts: Facts) -> Iterator[ContactEvent]:
    """Yield the contacts made up to the question."""
    for event in facts.contacts:
        if event.at <= question.at:
            yield event


def with_person(question: Question, facts: Facts) -> Iterator[ContactEvent]:
    """Yield the past contacts with the person contacted."""
    for event in past_contacts(question, facts):
        if same_person(question, event.party, event.person_id):
            yield event


def with_debtor(question: Question, facts: Facts) -> Iterator[ContactEvent]:
    """Yield the past contacts with the debtor himself, oldest first."""
    yield from sorted(
        (event for event in past_contacts(question, facts) if event.party == "debtor"), key=lambda event: event.at
    )


def at_work(question: Question) -> bool:
    """Whether the contact reaches the person at the workplace."""
    return question.place == "workplace" or (question.place is None and question.point_kind in WORK_POINTS)


def happened_at_work(event: ContactEvent) -> bool:
    """Whether a past contact reached the person at the workplace."""
    return event.place == "workplace" or (event.place is None and event.point_kind in WORK_POINTS)


def place_of(question: Question) -> str | None:
    """Return the place where the contact reaches the person, as far as the kind of point tells."""
    if question.place is not None:
        return question.place
    if question.point_kind in WORK_POINTS:
        return "workplace"
    return "home" if question.point_kind in {"home", "home_phone"} else None


def same_medium(one: str | None, other: str | None) -> bool:
    """Whether two channels are one medium to the person reached: a recorded call is a call."""
    return one == other or (one in CALLS and other in CALLS)
