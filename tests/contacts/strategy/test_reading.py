"""The whole language of strategies: read, refused with its path, written back, stored, described for machines."""

import copy
import json
import random
from datetime import time
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation

from collections_app.shared.actor import SYSTEM
from contacts.models import Segment, Step, StrategyVersion
from contacts.strategy import definition, particulars, schema
from contacts.strategy.definition import DefinitionError, parse, to_document
from tests.factories.cases import CreditorFactory
from tests.factories.contacts import TemplateFactory
from tests.factories.strategies import put_in_force

SCHEMA = Path(__file__).resolve().parents[3] / "docs" / "strategy.schema.json"
DOCUMENT: dict[str, Any] = {
    "code": "whole",
    "name": "The whole language",
    "reasoning": "to be read",
    "sets": {"places": ["CN", "HK"]},
    "named": {"near": {"fact": "jurisdiction", "op": "in", "value": ["@places"]}},
    "segment": [
        {
            "key": "near",
            "name": "Near",
            "condition": {"named": "near"},
            "stop": {"fact": "hardship", "op": "is", "value": True},
            "re_entry": "after",
            "re_entry_days": 30,
            "dwell_days": 7,
            "step": [
                {"key": "sms", "kind": "message", "template": "t-one", "from_dpd": 1, "until_dpd": 2},
                {
                    "key": "call",
                    "kind": "call",
                    "after": {"step": "sms", "outcome": "reached", "days": 3, "within": 9},
                    "time_from": "18:00",
                    "time_until": "20:00",
                    "minutes": 8,
                    "settings": {"party": "guarantor", "about": "ask him"},
                    "counts_as": ["old-call"],
                },
                {"key": "again", "kind": "call", "on": {"event": "promise_broken", "days": 1, "within": 7}},
                {"key": "hold", "kind": "hold", "from_dpd": 5, "settings": {"days": 14, "reason": "hardship"}},
                {"key": "team", "kind": "assign", "from_dpd": 9, "settings": {"team": "north"}},
                {"key": "suit", "kind": "legal", "from_dpd": 90, "settings": {"measure": "suit"}},
                {"key": "offer", "kind": "plan_offer", "from_dpd": 30, "settings": {"months": 12}},
                {"key": "visit", "kind": "visit", "from_dpd": 60, "settings": {"place": "home"}},
                {"key": "agency", "kind": "agency", "from_dpd": 120},
            ],
        },
        {"name": "Everybody else"},
    ],
}
STEPS = ["segment", 0, "step"]


def changed(path: list, value: Any) -> dict[str, Any]:
    document = copy.deepcopy(DOCUMENT)
    inner: Any = document
    for key in path[:-1]:
        inner = inner[key]
    if value is None:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return document


def problems(document: dict[str, Any]) -> list[str]:
    with pytest.raises(DefinitionError) as error:
        parse(document)
    return [path for path, _message in error.value.problems]


def test_every_word_of_a_step_is_read():
    steps = {step.key: step for step in parse(DOCUMENT).segments[0].steps}
    call, again = steps["call"], steps["again"]
    assert (call.trigger, call.after_key, call.after_outcome) == ("after", "sms", "reached")
    assert (call.after_days, call.within_days, call.from_dpd, call.minutes) == (3, 9, 0, 8)
    assert (call.time_from, call.time_until, call.counts_as) == (time(18), time(20), ("old-call",))
    assert (again.trigger, again.event, again.after_days, again.within_days) == ("event", "promise_broken", 1, 7)
    assert steps["hold"].settings == {"days": 14, "reason": "hardship"}


def test_a_segment_says_how_it_ends_and_whether_one_comes_back():
    near, rest = parse(DOCUMENT).segments
    assert (near.key, near.re_entry, near.re_entry_days, near.dwell_days) == ("near", "after", 30, 7)
    assert near.stop == {"fact": "hardship", "op": "is", "value": True}
    assert (rest.key, rest.stop, rest.re_entry, rest.re_entry_days, rest.dwell_days) == ("s2", {}, "always", 0, 0)


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        (["sets", "places"], "CN", "sets.places"),
        (["sets", "places"], [], "sets.places"),
        (["sets"], {"two words": ["CN"]}, "sets.two words"),
        (["named", "near"], {"fact": "jurisdiction", "op": "in", "value": ["@cities"]}, "named.near.value"),
        (["named", "near"], {"named": "near"}, "named.near.named"),
        (["segment", 0, "condition"], {"named": "far"}, "segment[0].condition.named"),
        (["segment", 0, "stop"], {"fact": "x"}, "segment[0].stop.fact"),
        (["segment", 0, "key"], "two words", "segment[0].key"),
        (["segment", 0, "key"], "s2", "segment[1].key"),
        (["segment", 0, "re_entry"], "sometimes", "segment[0].re_entry"),
        (["segment", 0, "re_entry"], "never", "segment[0].re_entry_days"),
        (["segment", 0, "re_entry_days"], 0, "segment[0].re_entry_days"),
        (["segment", 0, "dwell_days"], 367, "segment[0].dwell_days"),
        ([*STEPS, 0, "from_dpd"], None, "segment[0].step[0].from_dpd"),
        ([*STEPS, 1, "after", "step"], "nobody", "segment[0].step[1].after.step"),
        ([*STEPS, 1, "after", "step"], "call", "segment[0].step[1].after.step"),
        ([*STEPS, 1, "after", "outcome"], "glad", "segment[0].step[1].after.outcome"),
        ([*STEPS, 1, "after", "days"], -1, "segment[0].step[1].after.days"),
        ([*STEPS, 1, "after"], {"step": "sms", "days": 0, "within": 0}, "segment[0].step[1].after.within"),
        ([*STEPS, 1, "after"], {"step": "hold", "outcome": "reached"}, "segment[0].step[1].after.outcome"),
        ([*STEPS, 1, "on"], {"event": "reply"}, "segment[0].step[1].on"),
        ([*STEPS, 1, "until_dpd"], 40, "segment[0].step[1].until_dpd"),
        ([*STEPS, 2, "on", "event"], "rain", "segment[0].step[2].on.event"),
        ([*STEPS, 2, "on", "when"], 1, "segment[0].step[2].on.when"),
        ([*STEPS, 1, "time_from"], "6 pm", "segment[0].step[1].time_from"),
        ([*STEPS, 1, "time_until"], "18:00", "segment[0].step[1].time_until"),
        ([*STEPS, 1, "minutes"], 481, "segment[0].step[1].minutes"),
        ([*STEPS, 1, "settings", "party"], "neighbour", "segment[0].step[1].settings.party"),
        ([*STEPS, 1, "settings", "days"], 3, "segment[0].step[1].settings.days"),
        ([*STEPS, 1, "counts_as"], ["call"], "segment[0].step[1].counts_as"),
        ([*STEPS, 1, "counts_as"], "old", "segment[0].step[1].counts_as"),
        ([*STEPS, 3, "settings"], {}, "segment[0].step[3].settings.days"),
        ([*STEPS, 3, "settings", "reason"], "deceased", "segment[0].step[3].settings.reason"),
        ([*STEPS, 4, "settings"], None, "segment[0].step[4].settings"),
        ([*STEPS, 4, "settings", "skill"], "juggling", "segment[0].step[4].settings.skill"),
        ([*STEPS, 5, "settings", "measure"], "threat", "segment[0].step[5].settings.measure"),
        ([*STEPS, 6, "settings", "months"], 61, "segment[0].step[6].settings.months"),
        ([*STEPS, 8, "settings"], "x", "segment[0].step[8].settings"),
    ],
)
def test_a_problem_of_the_language_names_its_path(path, value, where):
    assert problems(changed(path, value))[0] == where  # what follows from it comes after it


def test_the_document_without_any_of_these_is_read():
    """The negative control of the paths above."""
    assert parse(DOCUMENT).code == "whole"


def test_steps_that_wait_for_each_other_are_refused():
    document = changed([*STEPS, 0], {"key": "sms", "kind": "call", "after": {"step": "call"}})
    assert problems(document) == ["segment[0].step[0].after.step", "segment[0].step[1].after.step"]


def test_a_strategy_has_at_most_fifty_segments_and_a_hundred_steps():
    many = [{"key": f"k{number}", "name": "x"} for number in range(51)]
    assert problems({"code": "x", "name": "x", "segment": many}) == ["segment"]
    steps = [{"key": f"k{number}", "kind": "call", "from_dpd": number} for number in range(51)]
    parts = [{"key": f"p{number}", "name": "x", "step": steps} for number in range(2)]
    assert problems({"code": "x", "name": "x", "segment": parts}) == ["segment"]
    parts[0]["step"] = steps[:49]
    assert len(parse({"code": "x", "name": "x", "segment": parts}).segments) == 2


def test_a_problem_is_told_in_the_readers_language():
    with translation.override("zh-hans"), pytest.raises(DefinitionError) as error:
        parse(changed(["name"], ""))
    with translation.override("en"), pytest.raises(DefinitionError) as english:
        parse(changed(["name"], ""))
    assert english.value.problems == [("name", "a text of 1 to 120 characters is needed")]
    assert error.value.problems[0][0] == "name"


# -- the hash ----------------------------------------------------------------------------------------------------------


def test_a_document_of_the_old_words_keeps_the_hash_it_had():
    old = {
        "code": "two-texts",
        "name": "Two texts",
        "segment": [{"name": "all", "step": [{"key": "call", "kind": "call", "from_dpd": 4, "severity": 2}]}],
    }
    known = "4649ed8ccfb8ebbdbae336f0310c4f59f24eed9cfd11d521114bd814f2f6d274"
    assert parse(old).content_hash == known
    old["segment"][0] |= {"key": "s1", "dwell_days": 0, "re_entry": "always"}
    assert parse(old).content_hash == known


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["sets", "places"], ["CN"]),
        (["segment", 0, "key"], "close"),
        (["segment", 0, "dwell_days"], 8),
        (["segment", 0, "stop"], {}),
        ([*STEPS, 1, "after", "days"], 4),
        ([*STEPS, 1, "time_from"], "17:59"),
        ([*STEPS, 1, "counts_as"], []),
        ([*STEPS, 3, "settings", "days"], 15),
    ],
)
def test_whatever_a_strategy_does_is_in_its_hash(path, value):
    assert parse(changed(path, value)).content_hash != parse(DOCUMENT).content_hash


def test_its_name_and_reasoning_are_not_in_its_hash():
    assert parse(DOCUMENT | {"name": "x", "reasoning": "y"}).content_hash == parse(DOCUMENT).content_hash


# -- in several languages ----------------------------------------------------------------------------------------------

SAID = {"zh-hans": {"name": "某个名称"}}


def test_translations_of_segments_and_steps_are_in_the_hash_and_those_of_the_strategy_are_not():
    plain = parse(DOCUMENT).content_hash
    assert parse(DOCUMENT | {"translations": {"zh-hans": {"name": "甲", "reasoning": "乙"}}}).content_hash == plain
    assert parse(changed(["segment", 0, "translations"], SAID)).content_hash != plain
    assert parse(changed([*STEPS, 0, "translations"], SAID)).content_hash != plain
    assert parse(changed([*STEPS, 0, "name"], "First")).content_hash != plain
    assert parse(changed(["segment", 0, "translations"], {})).content_hash == plain


def test_translations_come_back_as_they_were_written():
    document = changed(["segment", 0, "translations"], SAID) | {
        "translations": {"zh-hans": {"name": "甲", "named": {"good": "优质"}, "sets": {"places": "地区"}}}
    }
    again = to_document(parse(document))
    assert again["translations"] == document["translations"]
    assert again["segment"][0]["translations"] == SAID
    assert parse(again) == parse(document)


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        (["segment", 0, "translations"], {"Chinese": {"name": "x"}}, "segment[0].translations.Chinese"),
        (["segment", 0, "translations"], {"zh": {"nom": "x"}}, "segment[0].translations.zh.nom"),
        (["segment", 0, "translations"], {"zh": {"name": ""}}, "segment[0].translations.zh.name"),
        ([*STEPS, 0, "translations"], {"zh": {"about": "x" * 161}}, "segment[0].step[0].translations.zh.about"),
        (["translations"], {"zh": {"named": "x"}}, "translations.zh.named"),
        (["translations"], "x", "translations"),
    ],
)
def test_a_translation_that_cannot_be_kept_is_told_with_its_path(path, value, where):
    with pytest.raises(DefinitionError) as error:
        parse(changed(path, value))
    assert [found for found, _message in error.value.problems] == [where]


# -- there and back ----------------------------------------------------------------------------------------------------


def some_step(pick: random.Random, key: str, before: list[str]) -> dict[str, Any]:
    kind = pick.choice(list(Step.Kind.values))
    step: dict[str, Any] = {"key": key, "kind": kind}
    how = pick.choice(["dpd", "after", "on"])
    if how == "after" and before:
        step["after"] = {"step": pick.choice(before), "days": pick.randint(0, 9), "within": pick.randint(1, 30)}
    elif how == "on":
        step["on"] = {"event": pick.choice(list(Step.Event.values)), "days": pick.randint(1, 9)}
    else:
        step["from_dpd"] = pick.randint(0, 90)
        if pick.random() < 0.5:
            step["until_dpd"] = step["from_dpd"] + pick.randint(0, 30)
    if kind == "message":
        step["template"] = "t-one"
    for name, words in particulars.BY_KIND[kind].items():
        if words.needed or kind == "assign" or pick.random() < 0.3:
            value = {"choice": (words.values or ("",))[0], "whole": 7, "code": "north", "text": "a word"}[words.kind]
            step.setdefault("settings", {})[name] = value
    for name, value in (
        ("severity", pick.randint(1, 9)),
        ("priority", pick.randint(-9, 9)),
        ("repeat_every_days", pick.randint(1, 30)),
        ("catch_up_days", pick.randint(0, 5)),
        ("spread_minutes", pick.randint(0, 60)),
        ("minutes", pick.randint(0, 60)),
        ("time_from", "09:15"),
        ("time_until", "19:45"),
        ("counts_as", [f"old-{key}"]),
        ("condition", {"fact": "dpd", "op": "at_least", "value": pick.randint(0, 60)}),
    ):
        if pick.random() < 0.3:
            step[name] = value
    return step


def some_document(pick: random.Random) -> dict[str, Any]:
    segments = []
    for number in range(pick.randint(1, 4)):
        segment: dict[str, Any] = {"name": f"part {number}", "step": []}
        if pick.random() < 0.5:
            segment["key"] = f"part-{number}"
        if pick.random() < 0.3:
            segment |= {"re_entry": "after", "re_entry_days": pick.randint(1, 90)}
        if pick.random() < 0.3:
            segment |= {"dwell_days": pick.randint(1, 30), "stop": {"named": "some"}}
        for place in range(pick.randint(0, 5)):
            before = [step["key"] for step in segment["step"]]
            segment["step"].append(some_step(pick, f"k{number}-{place}", before))
        segments.append(segment)
    named = {"some": {"fact": "jurisdiction", "op": "in", "value": ["@places"]}}
    return {"code": "some", "name": "Some", "sets": {"places": ["CN"]}, "named": named, "segment": segments}


@pytest.mark.parametrize("seed", range(60))
def test_a_strategy_reads_back_from_its_own_document(seed):
    read = parse(some_document(random.Random(seed)))
    written = to_document(read)
    assert parse(json.loads(json.dumps(written))) == read
    assert to_document(parse(written)) == written


def test_a_document_says_nothing_that_is_a_default():
    step = {"key": "call", "kind": "call", "from_dpd": 4}
    document = {"code": "x", "name": "x", "segment": [{"name": "all", "step": [step]}]}
    spelled = copy.deepcopy(document)
    spelled["segment"][0] |= {"key": "s1", "condition": {}, "re_entry": "always"}
    spelled["segment"][0]["step"] = [{**step, "severity": 1, "priority": 0, "catch_up": "send_late"}]
    assert to_document(parse(spelled)) == document


@pytest.fixture
def stored(db, at) -> StrategyVersion:
    TemplateFactory(code="t-one")
    return definition.store(parse(DOCUMENT), creditors=[CreditorFactory()], actor=SYSTEM, at=at)


def test_what_is_stored_reads_back_as_it_was(stored):
    assert definition.of_version(StrategyVersion.objects.get(pk=stored.pk)) == parse(DOCUMENT)


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(8))
def test_whatever_is_stored_reads_back_as_it_was(seed, at):
    TemplateFactory(code="t-one")
    read = parse(some_document(random.Random(seed)))
    version = definition.store(read, creditors=[], actor=SYSTEM, at=at)
    assert definition.of_version(StrategyVersion.objects.get(pk=version.pk)) == read


# -- drafts ------------------------------------------------------------------------------------------------------------


def test_a_draft_is_written_anew_in_place(stored, at):
    other = parse(changed(["segment", 1, "name"], "The others"))
    again = definition.replace_draft(stored.pk, other, actor=SYSTEM, at=at)
    assert (again.pk, again.version, StrategyVersion.objects.count()) == (stored.pk, 1, 1)
    assert definition.of_version(StrategyVersion.objects.get(pk=stored.pk)) == other
    assert (Segment.objects.count(), Step.objects.count()) == (2, 9)


def test_a_draft_gets_another_name_without_being_written_anew(stored, at):
    steps = set(Step.objects.values_list("pk", flat=True))
    named = parse(DOCUMENT | {"name": "Another name"})
    definition.replace_draft(stored.pk, named, actor=SYSTEM, at=at)
    assert set(Step.objects.values_list("pk", flat=True)) == steps
    assert StrategyVersion.objects.get(pk=stored.pk).strategy.name == "Another name"


def test_what_is_in_force_is_not_written_anew(stored, at):
    put_in_force(stored, at=at)
    with pytest.raises(definition.NotADraft) as refused:
        definition.replace_draft(stored.pk, parse(changed(["segment", 1, "name"], "x")), actor=SYSTEM, at=at)
    assert refused.value.code == "status"
    assert definition.of_version(StrategyVersion.objects.get(pk=stored.pk)) == parse(DOCUMENT)


def test_a_draft_does_not_become_another_strategy(stored, at):
    with pytest.raises(definition.NotADraft) as refused:
        definition.replace_draft(stored.pk, parse(DOCUMENT | {"code": "other"}), actor=SYSTEM, at=at)
    assert refused.value.code == "code"


# -- for machines ------------------------------------------------------------------------------------------------------


def test_the_schema_that_is_written_down_is_the_one_that_is_made():
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == schema.schema()


def test_the_schema_knows_every_word_that_the_reader_knows():
    from contacts.strategy import reading

    made = schema.schema()
    assert set(made["properties"]) == set(reading.TOP)
    assert set(made["$defs"]["segment"]["properties"]) == set(reading.SEGMENT)
    assert set(made["$defs"]["step"]["properties"]) == set(reading.STEP)
    kinds = {one["if"]["properties"]["kind"]["const"] for one in made["$defs"]["step"]["allOf"]}
    assert kinds == set(Step.Kind.values) == set(particulars.BY_KIND)
