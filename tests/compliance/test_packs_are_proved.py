"""Every installed pack: each rule says its text and is seen from both sides, and every bound and clause is proved."""

from functools import cache
from pathlib import Path

import pytest

from compliance import examples, mutation, packs_loader
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
