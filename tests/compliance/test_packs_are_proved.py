"""Every installed pack: each rule says its text and is seen from both sides, and every bound and clause is proved."""

from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from compliance import engine, examples, mutation, packs_loader
from compliance.examples import Case

VECTORS = Path(__file__).parent / "vectors"


@cache
def _vectors() -> tuple[Case, ...]:
    return tuple(examples.vector_cases(examples.vectors_of(VECTORS)))


@pytest.mark.parametrize("pack_id", packs_loader.installed())
def test_a_pack_says_its_texts_and_shows_both_sides_of_each_restriction(pack_id: str) -> None:
    asked = examples.asked(packs_loader.get(pack_id))
    assert [f"{case.name}: {why}" for case, _, why in asked if why] == []
    assert examples.gaps(packs_loader.get(pack_id), (outcome for _, outcome, _ in asked)) == []


@pytest.mark.parametrize("pack_id", packs_loader.installed())
def test_every_bound_and_clause_of_a_pack_is_proved_or_explained(pack_id: str) -> None:
    pack = packs_loader.get(pack_id)
    own = [case for case in _vectors() if any(listed.id == pack_id for listed in case.packs)]
    report = mutation.check(pack, [*examples.cases(pack), *own], mutation.explanations(pack_id))
    assert (report.survivors, report.mistakes) == ((), ())
    assert report.killed > 0.7 * report.mutants  # explained away is not proved


def _permitted(case: Case, at: datetime) -> bool:
    return engine.permits(case.question.moved_to(at), case.facts, case.packs)


@pytest.mark.parametrize("pack_id", packs_loader.installed())
def test_the_next_permitted_time_of_every_example_is_the_first_one(pack_id: str) -> None:
    for case in examples.cases(packs_loader.get(pack_id)):
        outcome, begin = case.ask(), case.question.at
        opening = outcome.next_permitted
        if outcome.permitted or opening is None or case.facts.dpd is not None:  # a debt grows older meanwhile
            continue
        assert _permitted(case, opening), case.name
        step = max((opening - begin) / 7, timedelta(seconds=1))
        between = [begin + number * step for number in range(7)]
        for at in (*between, opening - timedelta(seconds=1)):
            assert not begin <= at < opening or not _permitted(case, at), (case.name, at)
