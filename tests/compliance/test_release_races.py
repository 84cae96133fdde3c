"""Two officers approve at the same moment: of two versions that cannot both follow each other, one is approved."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from django.db import connections

from collections_app.shared.actor import Actor
from compliance import gate
from compliance.models import ScheduledRelease
from compliance.releases import in_force, scheduling
from compliance.releases.scheduling import ReleaseRefused
from tests.compliance import planted
from tests.compliance.asking import call, known
from tests.compliance.planted import PACK, texts
from tests.factories.staff import UserFactory

NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)
ROUNDS = 6


@pytest.fixture(autouse=True)
def packs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with planted.installed(tmp_path / "packs", monkeypatch) as folder:
        yield folder


@pytest.fixture
def officers(fresh_database: Any) -> list[Actor]:
    return [Actor.of(UserFactory(compliance=True)) for _ in range(3)]


def propose(actor: Actor, number: int, hours: int) -> int:
    """Propose version `number`, to begin so many hours from now."""
    files = texts(("section 1", f"section 1({number})"), version=f"2026-06-01.{number}")
    begins = NOW + timedelta(hours=hours)
    return scheduling.propose(files=files, in_force_from=begins, reason="Words", actor=actor, at=NOW).pk


def at_once(pair: list[int], approvers: list[Actor]) -> list[str]:
    """Approve both in two connections at the same moment; return what each was told."""
    together = Barrier(2)

    def approve(pk: int, actor: Actor) -> str:
        try:
            together.wait(timeout=10)
            scheduling.approve(scheduled_id=pk, actor=actor, at=NOW)
        except ReleaseRefused as refused:
            return refused.code
        finally:
            connections.close_all()
        return "approved"

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(approve, pair, approvers))


def approved_versions() -> list[str]:
    """Return the versions that are approved, in the order in which they begin."""
    rows = ScheduledRelease.objects.filter(pack=PACK, approved_at__isnull=False).order_by("in_force_from")
    return [row.release.version for row in rows.select_related("release")]


@pytest.mark.usefixtures("scheduled_releases")
def test_of_two_approvals_at_once_that_contradict_each_other_one_is_refused(officers: list[Actor]) -> None:
    proposer, *approvers = officers
    for turn in range(1, ROUNDS + 1):
        # The one that begins later is the older version: either may be approved, and never both.
        pair = [propose(proposer, 2 * turn, 10 * turn + 1), propose(proposer, 2 * turn - 1, 10 * turn + 2)]
        said = at_once(pair, approvers)
        assert sorted(said) in (["approved", "not-newer"], ["approved", "not-older"]), said
        versions = approved_versions()
        assert len(versions) == turn
        assert versions == sorted(versions, key=in_force.order_of)


@pytest.mark.usefixtures("scheduled_releases")
def test_many_threads_around_the_instant_decide_by_one_version_each(
    officers: list[Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_force, "READ_EVERY", 0.0)  # every decision reads what is scheduled anew
    proposer, approver, _ = officers
    row = scheduling.approve(scheduled_id=propose(proposer, 199, 2000), actor=approver, at=NOW)
    begins = row.in_force_from
    before = in_force.at(begins - timedelta(seconds=1)).get(PACK).version

    def ask(seed: int) -> list[tuple[bool, str]]:
        chance = random.Random(seed)
        answers = []
        try:
            for _ in range(40):
                at = begins + timedelta(seconds=chance.randint(-5, 5))
                outcome = gate.preview(call("2026-01-01T00:00:00Z").moved_to(at), known("ZZ", "UTC"))
                answers.append((at >= begins, {pack: version for pack, version, _ in outcome.packs}[PACK]))
        finally:
            connections.close_all()
        return answers

    with ThreadPoolExecutor(8) as pool:
        answers = [answer for answers in pool.map(ask, range(8)) for answer in answers]
    assert len(answers) == 320
    assert set(answers) == {(False, before), (True, row.release.version)}


@pytest.mark.usefixtures("scheduled_releases")
def test_without_the_lock_both_would_be_approved(officers: list[Actor], monkeypatch: pytest.MonkeyPatch) -> None:
    proposer, *approvers = officers
    pair = [propose(proposer, 92, 901), propose(proposer, 91, 902)]
    check, both_checked = scheduling._check_place, Barrier(2)

    def check_and_wait(*args: Any, **given: Any) -> None:
        check(*args, **given)
        both_checked.wait(timeout=10)

    monkeypatch.setattr(scheduling, "_locked", lambda pk: ScheduledRelease.objects.get(pk=pk))
    monkeypatch.setattr(scheduling, "_check_place", check_and_wait)
    assert at_once(pair, approvers) == ["approved", "approved"]
    assert approved_versions()[-2:] == ["2026-06-01.92", "2026-06-01.91"]
