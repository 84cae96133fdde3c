"""What a strategy and its parts are called is said in the reader's language, wherever they are named."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import translation

from collections_app.shared.actor import SYSTEM
from contacts.models import Step, Template
from contacts.models.texts import in_language
from contacts.strategy import abouts, comparing, definition, effects, naming, sentences, shipped
from tests.factories.cases import CreditorFactory
from tests.factories.contacts import TemplateFactory

CHINESE = re.compile(r"[\u4e00-\u9fff]")
LATIN = re.compile(r"[A-Za-z]{2,}")
HALF_WIDTH = re.compile(r"[\u4e00-\u9fff][,;:?!()]|[,;:?!()][\u4e00-\u9fff]")
DOCUMENT: dict[str, Any] = {
    "code": "cards",
    "name": "Cards",
    "translations": {"zh-hans": {"name": "信用卡", "reasoning": "因为", "named": {"good": "优质客户"}}},
    "named": {"good": {"fact": "dpd", "op": "at_most", "value": 30}},
    "segment": [{
        "key": "good", "name": "Good", "translations": {"zh-hans": {"name": "优质"}}, "condition": {"named": "good"},
        "step": [
            {"key": "call", "kind": "call", "from_dpd": 4, "settings": {"about": "ask why"},
             "translations": {"zh-hans": {"about": "了解原因"}}},
            {"key": "sms", "kind": "message", "template": "hello", "name": "Hello", "from_dpd": 5,
             "translations": {"zh-hans": {"name": "问候"}}},
            {"key": "look", "kind": "review", "after": {"step": "sms"}},
        ],
    }],
}  # fmt: skip


def shown(codes: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every name, with what it is in Chinese."""
    yield "strategy", codes.get("translations", {}).get("zh-hans", {}).get("name")
    yield "reasoning", codes.get("translations", {}).get("zh-hans", {}).get("reasoning")
    for name in codes.get("named", {}):
        yield name, codes["translations"]["zh-hans"].get("named", {}).get(name)
    for segment in codes["segment"]:
        yield segment["name"], segment.get("translations", {}).get("zh-hans", {}).get("name")
        for step in segment["step"]:
            said = step.get("translations", {}).get("zh-hans", {})
            if "name" in step:
                yield step["key"], said.get("name")
            if "about" in step.get("settings", {}):
                yield step["key"], said.get("about")


@pytest.mark.parametrize("code", [each.code for each in shipped.catalogue()])
def test_every_shipped_name_is_there_in_chinese_with_chinese_punctuation(code):
    document = definition.to_document(shipped.read_strategy(code))
    for what, text in shown(document):
        assert CHINESE.search(text or ""), what
        assert not LATIN.search(text), what
        assert not HALF_WIDTH.search(text), (what, HALF_WIDTH.search(text))


def test_every_shipped_template_has_a_chinese_name():
    for template in shipped.read_templates():
        assert CHINESE.search(template["translations"]["zh-hans"]["name"])


def test_a_name_that_is_not_there_would_be_found():
    document = definition.to_document(shipped.read_strategy("mortgage"))
    del document["segment"][0]["translations"]
    assert [what for what, text in shown(document) if not text] == ["Mortgages"]


def test_a_word_is_said_in_the_language_of_the_reader_else_as_it_was_written():
    texts = {"zh": {"name": "甲"}, "de": {"name": "A"}}
    for language, told in (("zh-hans", "甲"), ("de", "A"), ("en", "x"), ("de-at", "A")):
        with translation.override(language):
            assert in_language(texts, "name", "x") == told
    with translation.override(None):
        assert in_language(texts, "name", "x") == "x"


@pytest.fixture
def version(db, at):
    TemplateFactory(code="hello", name="Hello")
    Template.objects.filter(code="hello").update(texts={"zh-hans": {"name": "您好"}})
    return definition.store(definition.parse(DOCUMENT), creditors=[CreditorFactory()], actor=SYSTEM, at=at)


def told(version) -> list[str]:
    """Every sentence of a version."""
    segment = version.segments.get()
    called = naming.called(version.strategy)
    steps = [sentences.of_step(step, called=called) for step in segment.steps.order_by("position")]
    return [version.strategy.title, segment.title, sentences.of_condition(segment.condition, called), *steps]


def test_sentences_name_everything_in_the_language_of_the_reader(version):
    assert told(version) == [
        "Cards",
        "Good",
        "“good”",
        "From 4 days after the due date on: call (ask why)",
        "From 5 days after the due date on: send text message “Hello”",
        "As soon as “Hello” is done: put it before a supervisor",
    ]
    with translation.override("zh-hans"):
        said = told(version)
        compared = comparing.compare(None, version)
    assert said[:3] == ["信用卡", "优质", "“优质客户”"]
    assert "了解原因" in said[3]
    assert "您好" in said[4]
    assert "问候" in said[5]
    assert not LATIN.search(" ".join(said))
    assert compared.parts[0].name == "优质"
    assert not LATIN.search(" ".join(line.after for line in compared.parts[0].lines))


def test_a_note_on_a_case_says_what_the_author_added_in_the_language_of_the_reader(version):
    note = effects.note_of(Step.objects.get(key="call"))
    assert note == "strategy: call | ask why"
    assert effects.in_words(note).endswith("(ask why)")
    with translation.override("zh-hans"):
        assert "了解原因" in effects.in_words(note)
        assert "never said" in effects.in_words("strategy: call | never said")
    Step.objects.update(texts={})
    abouts.forget()
    with translation.override("zh-hans"):
        assert "ask why" in effects.in_words(note)


def test_steps_of_one_key_in_several_segments_are_all_named(version, at):
    other = DOCUMENT["segment"][0] | {"key": "rest", "name": "Rest", "condition": {}, "step": [
        {"key": "sms", "kind": "call", "from_dpd": 1}]}  # fmt: skip
    both = DOCUMENT | {"segment": [DOCUMENT["segment"][0], other]}
    second = definition.store(definition.parse(both), creditors=[], actor=SYSTEM, at=at)
    assert naming.steps_by_key(second)["sms"] == "Hello, call"
    assert naming.steps_by_key(version)["sms"] == "Hello"
