"""Questions and facts have one canonical text, and nothing is lost in it."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from compliance import vectors
from compliance.facts import Facts, FactsError, Question, from_json, from_plain, to_json
from tests.compliance.asking import call, calls, known

FILES = sorted((Path(__file__).parent / "vectors").glob("*.jsonl"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_everything_that_a_vector_says_survives_the_text(path: Path) -> None:
    for line in path.read_text(encoding="utf-8").splitlines():
        vector = vectors.parse(json.loads(line))
        for kind, value in ((Question, vector.question), (Facts, vector.facts)):
            text = to_json(value)
            assert from_json(kind, text) == value
            assert to_json(from_json(kind, text)) == text


def test_equal_instants_in_other_zones_give_equal_text() -> None:
    assert to_json(call("2026-03-10T10:00:00+08:00")) == to_json(call("2026-03-10T02:00:00+00:00"))


def test_a_history_says_once_what_is_always_the_same() -> None:
    week = [f"2026-03-0{day}T10:00:00Z" for day in range(1, 8)]
    text = to_json(known("CN", "Asia/Shanghai", contacts=calls(week)))
    assert text.count('"no_answer"') == 1
    assert len(from_json(Facts, text).contacts) == 7


@pytest.mark.parametrize(
    "plain",
    [{"at": "2026-03-10T10:00:00"}, {"at": "2026-03-10T10:00:00Z", "mood": 1}, {"channel": "phone"},
     {"at": "2026-03-10T10:00:00Z", "months": 1.5}, {"at": "tomorrow"}],
)  # fmt: skip
def test_what_is_no_question_is_refused(plain: dict) -> None:
    with pytest.raises(FactsError):
        from_plain(Question, plain)


def test_an_instant_without_a_zone_has_no_text() -> None:
    with pytest.raises(FactsError, match="without a zone"):
        to_json(Question(at=datetime(2026, 3, 10, 10)))
