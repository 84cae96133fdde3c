"""Side by side, only what differs is shown, by rule and parameter and in words."""

import copy
from datetime import date

import pytest

from compliance import comparison, packs_loader, shelf
from compliance.packs_loader import from_content


@pytest.fixture
def old():
    return packs_loader.get("CN-CBA-2026")


def changed(pack, change):
    content = copy.deepcopy(packs_loader.content_of(pack))
    change(content)
    return from_content(content)


def rule_of(content, rule_id):
    return next(rule for rule in content["files"]["contact.toml"]["rule"] if rule["id"] == rule_id)


def test_a_pack_does_not_differ_from_itself(old):
    stored = from_content(packs_loader.content_of(old))
    assert comparison.of_packs(old, old) == comparison.of_packs(old, stored) == []
    assert comparison.of_heads(old, old) == comparison.of_heads(old, stored) == ()


def test_a_new_limit_is_shown_with_the_date_from_which_it_holds(old):
    def change(content):
        rule_of(content, "CN-FREQ-ATT")["version"].append({"from": "2027-01-01", "limit": 4})

    (found,) = comparison.of_packs(old, changed(old, change))
    assert (found.rule, found.kind) == ("CN-FREQ-ATT", "changed")
    told = {one.key: (one.before, one.after) for one in found.differences}
    assert told["from 2027-01-01: limit"] == ("", "4")
    assert told["from 2026-01-30: until"] == ("open", "2026-12-31")
    assert "from 2026-01-30: limit" not in told


def test_a_rule_that_is_gone_and_one_that_is_new_are_named(old):
    def change(content):
        rules = content["files"]["contact.toml"]["rule"]
        gone = rule_of(content, "CN-FREQ-REAS")
        rules.remove(gone)
        rules.append({**gone, "id": "CN-FREQ-NEW"})

    found = {one.rule: one.kind for one in comparison.of_packs(old, changed(old, change))}
    assert found == {"CN-FREQ-NEW": "added", "CN-FREQ-REAS": "removed"}


def test_dated_versions_stand_side_by_side():
    rule = next(one for one in packs_loader.get("CN-CBA-2026").rules if one.id == "CN-FREQ-ATT")
    columns, rows = comparison.of_versions(rule, date(2026, 3, 4))
    assert [column.is_current for column in columns] == [True]
    assert {row.label: row.values for row in rows}["limit"] == ("6",)
    assert {row.label: row.values for row in rows}["what is counted"] == ("unanswered calls",)
    assert not any(row.differs for row in rows)


def test_rules_are_found_by_words_of_either_language(old):
    def ids(**query):
        asked = shelf.Asked.of(query)
        return {rule.id for rule in old.rules if asked.fits_rule(rule)}

    assert "CN-FREQ-ATT" in ids(q="six unanswered")
    assert "CN-FREQ-ATT" in ids(q="未接通")
    assert "CN-FREQ-ATT" in ids(q="cn-freq")
    assert ids(q="six 未接通 nowhere") == set()
    assert "CN-FREQ-ATT" not in ids(channel="sms")
    assert "CN-TIME-CBA" in ids(channel="sms")
    assert ids(strength="soft") == {rule.id for rule in old.rules if rule.strength == "soft"}
    assert ids(check="local_hours") == {rule.id for rule in old.rules if rule.check == "local_hours"}


@pytest.mark.parametrize(
    ("asked", "entries", "fits"),
    [
        ("US", ("US-WA",), True),
        ("US-WA", ("US",), True),
        ("US-WA", ("US-MA",), False),
        ("CN", ("CN",), True),
        ("", ("GB",), True),
        ("U", ("US",), False),
    ],
)
def test_a_place_fits_what_lies_in_it_and_what_it_lies_in(asked, entries, fits):
    from dataclasses import replace

    pack = replace(packs_loader.get("CN-CBA-2026"), jurisdictions=entries)
    assert shelf.Asked.of({"place": asked}).fits_pack(pack) is fits
