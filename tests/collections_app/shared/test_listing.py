"""Lists of words are joined as the reader's language joins them."""

import pytest
from django.template import Context, Template
from django.utils import translation

from collections_app.shared.listing import any_of, clauses, listed


@pytest.mark.parametrize(
    ("language", "words", "told", "alternatives"),
    [
        ("en", ["M1", "M2", "M3"], "M1, M2, M3", "M1, M2 or M3"),
        ("zh-hans", ["甲", "乙", "丙"], "甲、乙、丙", "甲、乙或丙"),
        ("en", ["M1"], "M1", "M1"),
        ("zh-hans", [], "", ""),
    ],
)
def test_a_list_is_joined_by_the_language_of_the_reader(language, words, told, alternatives):
    with translation.override(language):
        assert (listed(words), any_of(words)) == (told, alternatives)


def test_a_template_joins_by_the_same_rule():
    one_by_one = "{% for w in words %}{{ w }}{% if not forloop.last %}{% list_comma %}{% endif %}{% endfor %}"
    page = Template("{% load display %}{{ words|listed }}|" + one_by_one)
    for language, told in (("en", "a, b|a, b"), ("zh-hans", "a、b|a、b")):
        with translation.override(language):
            assert page.render(Context({"words": ["a", "b"]})) == told


def test_the_parts_of_a_sentence_are_no_list():
    assert clauses(["4 days after the due date", "if the plan is broken"]) == (
        "4 days after the due date, if the plan is broken"
    )
