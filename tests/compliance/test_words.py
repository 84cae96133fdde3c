"""No code of the engine reaches a reader: every word of the vocabulary is said in words."""

import pytest

from compliance import comparison, facts_in_words, packs_loader, reasons, vocabulary, words

TABLES = {
    "channels": (vocabulary.CHANNELS, words.CHANNELS),
    "directions": (vocabulary.DIRECTIONS, words.DIRECTIONS),
    "parties": (vocabulary.PARTIES, reasons.PARTY_LABELS),
    "purposes": (vocabulary.PURPOSES, words.PURPOSES),
    "actors": (vocabulary.ACTOR_KINDS, words.ACTOR_KINDS),
    "outcomes": (vocabulary.OUTCOMES, words.OUTCOMES),
    "records": (vocabulary.RECORDS, words.RECORDS),
    "points": (vocabulary.POINT_KINDS, words.POINT_KINDS),
    "confidences": (set(vocabulary.CONFIDENCES), words.CONFIDENCES),
    "roles": (set(packs_loader.ROLES), words.ROLES),
    "places": ({place for pack in packs_loader.all_packs() for place in pack.jurisdictions}, words.COUNTRIES),
    "units": (set(vocabulary.UNITS), comparison.UNITS),
}


@pytest.mark.parametrize("name", sorted(TABLES))
def test_every_code_has_its_word(name):
    codes, table = TABLES[name]
    assert codes - set(table) == set()


def test_products_and_kinds_of_creditors_that_packs_name_have_their_word():
    named = {"product": set(), "creditor_kind": set()}
    for pack in packs_loader.all_packs():
        for condition in (*pack.scope, *(one for rule in pack.rules for one in rule.when)):
            if condition.attribute in named:
                named[condition.attribute] |= condition.values
    assert named["product"] - set(words.PRODUCTS) == set()
    assert named["creditor_kind"] - set(words.CREDITOR_KINDS) == set()


def test_an_unknown_code_is_seen_as_itself():
    assert words.say(words.PRODUCTS, "space_loan") == "space loan"
    assert words.channel("telepathy") == "telepathy"
    assert words.place("XX") == "XX"


def test_values_of_findings_are_said():
    assert facts_in_words.value_in_words("party", "guarantor") == "guarantor"
    assert facts_in_words.value_in_words("window", "dates:7") == "within 7 days"
    assert facts_in_words.value_in_words("consent", value=True) == "yes"
