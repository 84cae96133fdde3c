"""Ways, places and persons: what the person refused, where he agreed to be met, and what others may be asked."""

from __future__ import annotations

from compliance.facts import ContactEvent, Facts, Id, Question
from compliance.predicates.instructions import opt_outs
from compliance.predicates.parties import is_liable, third_person_not_pressed
from compliance.predicates.registry import FAILED, PASSED, Finding, Value, fails, passes, predicate
from compliance.predicates.scope import CALLS, own_records, place_of, records, same_medium, with_person

DEAD = frozenset({"not_in_service", "wrong_number", "returned_undeliverable"})  # this point leads to him no more
NOT_REACHED = DEAD | {"no_answer", "busy", "mailbox_full", "voicemail_no_message", "not_met"}


@predicate
def at_allowed_place(question: Question, facts: Facts, *, barred: tuple[str, ...]) -> Finding:
    """This will fail where the contact reaches the person at one of these places, as far as the point tells."""
    place = place_of(question)
    return fails({"place": place}) if place is not None and place in barred else PASSED


@predicate
def consented_place(question: Question, facts: Facts) -> Finding:
    """This will apply (as an exception) at a place to which the person has validly agreed before."""
    here = place_of(question)
    for record in own_records(question, facts, "consent_place"):
        if record.valid is False or record.voluntary is False or record.place != here:
            continue
        if record.channel is None or same_medium(record.channel, question.channel):
            return passes({"since": record.at.date().isoformat()}, None, () if record.id is None else (record.id,))
    return FAILED


@predicate
def other_means_failed(question: Question, facts: Facts, *, tried_here: bool = False) -> Finding:
    """This will apply (as an exception) when no other reasonable way to reach the person is left.

    The last contact at every other point says that it does not lead to him, a telephone and a letter among them, and he
    has not been in touch since. tried_here: he was not reached at this point either.
    """
    last: dict[Id | None, ContactEvent] = {}
    for event in sorted(with_person(question, facts), key=lambda one: one.at):
        if event.direction == "inbound":
            last.clear()
            continue
        last[event.contact_point_id] = event
    here = last.pop(question.contact_point_id, None)
    if tried_here and (here is None or here.outcome not in NOT_REACHED):
        return FAILED
    others = list(last.values())
    called = any(event.channel in CALLS for event in others)
    written = any(event.channel == "letter" for event in others)
    if called and written and all(event.outcome in DEAD for event in others):
        return passes({"points": len(others)})
    return FAILED


@predicate
def media_refused(question: Question, facts: Facts, *, most: int) -> Finding:
    """This will fail for a medium that the person refused: the first so many, but never calls and visits both.

    A request about one number or place, or about every way, binds whatever else was refused.
    """
    bound: list[str | None] = []
    for record in sorted(own_records(question, facts, "opt_out"), key=lambda one: one.at):
        if record.channel is None or record.contact_point_id is not None or record.place is not None:
            continue
        medium: str | None = "phone" if record.channel in CALLS else record.channel
        opposite = {"phone": "visit", "visit": "phone"}.get(str(medium))
        if medium not in bound and len(bound) < most and opposite not in bound:
            bound.append(medium)
    for record in opt_outs(question, facts):
        medium = "phone" if record.channel in CALLS else record.channel
        narrow = record.contact_point_id is not None or record.place is not None
        if narrow or medium is None or medium in bound:
            since = record.at.date().isoformat()
            return fails({"since": since, "most": most}, None, () if record.id is None else (record.id,))
    return PASSED


@predicate
def third_person_may_refuse(question: Question, facts: Facts) -> Finding:
    """This will fail for pressing or telling somebody who does not owe, and for asking again one who has refused."""
    if is_liable(question, facts):
        return PASSED
    if any(event.outcome == "third_party_refused" for event in with_person(question, facts)):
        return fails({"party": question.party, "ground": "refused"})
    pressed = third_person_not_pressed(question, facts)
    return pressed if pressed.passed else fails({"party": question.party, "ground": "pressed"})


@predicate
def not_told_at(question: Question, facts: Facts, *, places: tuple[str, ...]) -> Finding:
    """This will fail where the debt is told, at one of these places, to somebody who does not owe it."""
    here = place_of(question)
    if question.discloses_debt is True and here in places and not is_liable(question, facts):
        return fails({"place": here or "", "party": question.party})
    return PASSED


@predicate
def joined_the_debt(question: Question, facts: Facts) -> Finding:
    """This will apply (as an exception) to a person who owes the debt as well, shown by a record."""
    for record in own_records(question, facts, "joint_debt"):
        return passes({"since": record.at.date().isoformat()})
    return FAILED


@predicate
def complaint_unfounded(question: Question, facts: Facts) -> Finding:
    """This will apply (as an exception) when every open complaint was found frivolous or vexatious (valid is False)."""
    complaints = list(records(question, facts, "complaint_open"))
    return Finding(bool(complaints) and all(record.valid is False for record in complaints))


@predicate
def visit_in_order(question: Question, facts: Facts, *, missed: int, first: str | None = None) -> Finding:
    """This will fail for a visit at a place whose turn has not come.

    A place that the person chose is the only one. Else first (a place; None: one agreed, neither home nor work), and
    the others only after so many visits there at which he was not met.
    """
    here = place_of(question)
    absent = sum(
        event.channel == "visit" and event.outcome == "not_met" and _place_of_event(event) == first
        for event in with_person(question, facts)
    )
    values: dict[str, Value] = {"count": absent, "limit": missed}
    chosen = {record.place for record in own_records(question, facts, "consent_place") if record.valid is not False}
    if chosen:
        return passes(values) if here in chosen else fails({"ground": "chosen", **values})
    if here == first or here is None or absent >= missed:
        return passes(values)
    return fails({"ground": "order", **values})


def _place_of_event(event: ContactEvent) -> str | None:
    return event.place or {"home": "home", "workplace": "workplace"}.get(event.point_kind or "")
