"""What no message may say is found however it is written, and harmless sentences pass."""

import time
from pathlib import Path

import pytest
from django.utils import translation

from contacts import forbidden

DATA = Path(__file__).parents[1] / "data"


def lines(name: str) -> list[str]:
    read = (DATA / name).read_text(encoding="utf-8").split("\n")
    return [line for line in read if line and not line.startswith("#")]


@pytest.mark.parametrize("line", lines("wordings_forbidden.txt"))
def test_a_threat_a_shame_or_a_false_authority_is_found_with_its_kind(line):
    kind, _bar, text = line.partition("|")
    assert kind in {found.kind for found in forbidden.find(text)}


@pytest.mark.parametrize("text", lines("wordings_harmless.txt"))
def test_a_harmless_sentence_passes(text):
    assert forbidden.find(text) == ()


def test_the_place_and_the_reason_are_told_in_the_readers_language():
    text = "Dear {{ borrower_name }}, pay, or you will be АRR​ESTED."
    (found,) = forbidden.find(text)
    assert text[found.position - 1 :].startswith("АRR")
    assert (found.flag, found.reason) == (
        "threat_of_arrest",
        "Nobody is arrested or tried for not paying a debt; saying so is a threat.",
    )
    with translation.override("zh-hans"):
        assert found.reason == "不得以拘捕、刑责相威胁。"


def test_a_value_parts_words_and_is_not_looked_into():
    assert forbidden.find("arr{{ reference }}est") == ()
    assert forbidden.find("拘{{ reference }}留") == ()


@pytest.mark.parametrize("piece", ["a ", "告知", "will be ", "=", "征信", "aA1@", "we tell your "])
def test_looking_takes_no_time_that_grows_with_the_square(piece):
    begun = time.process_time()
    forbidden.find((piece * 8000)[:8000])
    assert time.process_time() - begun < 1.0
