"""The ground of every decision, and the small reusable gates: purposes, parties, records that exist."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from compliance import vocabulary
from compliance.facts import Facts, Question
from compliance.predicates.registry import FAILED, PASSED, Finding, MissingFact, fails, passes, predicate
from compliance.predicates.scope import past_contacts, records, zones_of

UNKNOWN_JURISDICTION = "XX"


@predicate
def ground_is_known(question: Question, facts: Facts) -> Finding:
    """This will fail unless jurisdiction, zone and every word of the proposal are known.

    Raises MissingFact naming which.
    """
    if not facts.jurisdictions or UNKNOWN_JURISDICTION in facts.jurisdictions:
        raise MissingFact("jurisdiction")
    for record in facts.records:
        if record.kind not in vocabulary.RECORDS:  # it may be a hold that no rule would look at
            raise MissingFact(f"record {record.kind}")
    for event in facts.contacts:
        if event.outcome not in vocabulary.OUTCOMES or event.channel not in vocabulary.CHANNELS:
            raise MissingFact(f"contact {event.channel} {event.outcome}")
    if question.direction not in vocabulary.DIRECTIONS:
        raise MissingFact(f"direction {question.direction}")
    if question.kind == "action":
        if question.action not in vocabulary.ACTIONS:
            raise MissingFact("action" if question.action is None else f"action {question.action}")
        return PASSED
    if question.kind != "contact":
        raise MissingFact(f"kind {question.kind}")
    for name, allowed in (
        ("channel", vocabulary.CHANNELS),
        ("party", vocabulary.PARTIES),
        ("purpose", vocabulary.PURPOSES),
        ("actor_kind", vocabulary.ACTOR_KINDS),
    ):
        if getattr(question, name) not in allowed:
            raise MissingFact(f"{name} {getattr(question, name)}")
    if question.direction == "outbound":
        for zone in zones_of(question, facts):
            try:
                ZoneInfo(zone)
            except (KeyError, ValueError, OSError) as error:
                raise MissingFact(f"zone {zone}") from error
    return PASSED


@predicate
def always(question: Question, facts: Facts) -> Finding:
    """This will pass, and on an exception apply: everything is said by the `when` of the rule."""
    return PASSED


@predicate
def never(question: Question, facts: Facts) -> Finding:
    """This will fail whenever the `when` of the rule fits: the thing itself is forbidden."""
    return FAILED


@predicate
def actor_is(question: Question, facts: Facts, *, kinds: tuple[str, ...]) -> Finding:
    """This will pass when the actor is of one of these kinds (a coverage rule: the pack binds him)."""
    return Finding(question.actor_kind in kinds, {"actor_kind": question.actor_kind})


@predicate
def bound_here(
    question: Question,
    facts: Facts,
    *,
    actors: tuple[str, ...],
    creditor_after: tuple[str, ...] = (),
    also_products: tuple[str, ...] = (),
    not_products: tuple[str, ...] = (),
    not_places: tuple[str, ...] = (),
) -> Finding:
    """This will pass (as a coverage rule) where the pack binds this actor, for this product, in this place.

    actors: kinds that are bound. creditor_after: kinds of records that bind the creditor too; a suit that is threatened
    binds him likewise. also_products: for these everybody is bound. not_products, not_places: never bound; with several
    debts or places, where each is one of them.
    """
    values = {"actor_kind": question.actor_kind, "product": facts.product}
    elsewhere = bool(facts.jurisdictions) and all(place in not_places for place in facts.jurisdictions)
    products = (facts.product, *facts.other_products)
    if elsewhere or all(product in not_products for product in products):
        return fails(values)
    if question.actor_kind in actors or any(product in also_products for product in products):
        return passes(values)
    if not creditor_after or question.actor_kind != "creditor":
        return fails(values)
    threatened = question.purpose == "threaten_suit" or any(
        event.purpose == "threaten_suit" and event.direction == "outbound" for event in past_contacts(question, facts)
    )
    begun = threatened or any(True for _ in records(question, facts, *creditor_after))
    return Finding(begun, values)
