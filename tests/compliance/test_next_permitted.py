"""The next permitted time is the first minute at which the gate would say yes, found by asking it minute by minute."""

import json
import random
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest

from compliance import engine, packs_loader, vectors
from compliance.vectors import Vector

STEP, DAYS = 10, 3


@cache
def _contacts() -> list[Vector]:
    found = []
    for path in sorted((Path(__file__).parent / "vectors").glob("*.jsonl")):
        parsed = (vectors.parse(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines())
        found += [v for v in parsed if not vectors.missing_packs(v) and v.question.kind == "contact"]
    return found


@pytest.mark.parametrize("seed", range(60))
def test_the_fixed_point_is_the_first_permitted_minute(seed: int) -> None:
    dice = random.Random(seed)
    vector = dice.choice(_contacts())
    packs = [packs_loader.get(pack) for pack in vector.packs]
    moved = vector.question.moved_to(vector.question.at + timedelta(minutes=STEP * dice.randint(0, 180)))
    question = replace(moved, channel=dice.choice(["phone", "sms", "visit", moved.channel]))
    outcome = engine.evaluate(question, vector.facts, packs)
    assert engine.ENGINE_ERROR not in outcome.failing
    steps = (question.at + timedelta(minutes=STEP * step) for step in range(DAYS * 144))
    asked = next((at for at in steps if engine.permits(question.moved_to(at), vector.facts, packs)), None)
    if outcome.next_permitted is None:
        assert asked is None
        return
    assert engine.permits(question.moved_to(outcome.next_permitted), vector.facts, packs)
    if asked is None:
        assert outcome.next_permitted > question.at + timedelta(minutes=STEP * (DAYS * 144 - 1))
    else:
        assert asked - timedelta(minutes=STEP) < outcome.next_permitted <= asked
