"""Every next permitted time of every example and vector: permitted then, refused a second before and all the while."""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from compliance import engine, examples, packs_loader
from compliance.examples import Case

VECTORS = Path(__file__).parent / "vectors"
SECOND = timedelta(seconds=1)
STEPS, LONGEST = 24, timedelta(days=4)


def _cases(pack_id: str) -> list[Case]:
    pack = packs_loader.get(pack_id)
    return [*examples.cases(pack), *(case for case in _told() if pack in case.packs)]


@cache
def _told() -> list[Case]:
    return examples.vector_cases(examples.vectors_of(VECTORS))


def _permits(case: Case, at: datetime) -> bool:
    """Whether it is permitted at another instant, when the debt is as much older as the days that passed there."""
    facts = case.facts
    if facts.dpd is not None and facts.locations:
        zone = ZoneInfo(facts.locations[0].zone)
        days = (at.astimezone(zone).date() - case.question.at.astimezone(zone).date()).days
        facts = replace(facts, dpd=facts.dpd + days)
    return engine.permits(case.question.moved_to(at), facts, case.packs)


@pytest.mark.parametrize("pack_id", packs_loader.installed())
def test_the_next_permitted_time_is_exact(pack_id: str) -> None:
    wrong = []
    for case in _cases(pack_id):
        outcome = case.ask()
        assert engine.ENGINE_ERROR not in outcome.failing, case.name
        if outcome.permitted:
            assert outcome.next_permitted == case.question.at
            continue
        end = outcome.next_permitted
        if end is not None and (not _permits(case, end) or _permits(case, end - SECOND)):
            wrong.append(f"{case.name}: {end}")
        span = min(LONGEST, (end or case.question.at + LONGEST) - case.question.at - SECOND)
        moments = (case.question.at + span * step / STEPS for step in range(STEPS))
        early = [at for at in moments if _permits(case, at)]
        if early:
            wrong.append(f"{case.name}: permitted already at {early[0]}")
    assert wrong == []
