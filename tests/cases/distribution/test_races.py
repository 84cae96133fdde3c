"""Two people at once: an allocation is applied once, and nobody loses a case that he is working on."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest
from django.db import connections, transaction

from cases import lifecycle, worklist
from cases.distribution.previewing import DistributionRefused
from cases.models import Case, DistributionMove
from collections_app.shared.actor import Actor
from compliance.models import AuditEvent
from tests.cases.distribution.conftest import Floor


@pytest.fixture
def own_floor(fresh_database, at):
    return Floor(at)


def test_two_applies_at_once_move_every_case_once(own_floor):
    own_floor.cases(12)
    run = own_floor.preview()
    together = Barrier(2)

    def apply(_number):
        try:
            together.wait(timeout=10)
            return own_floor.apply(run)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(apply, range(2)))
    assert sorted(each.again for each in done) == [False, True]
    assert {each.moved for each in done} == {12}
    assert AuditEvent.objects.filter(name="case.assigned").count() == 12
    assert own_floor.held() == [4, 4, 4]


def test_of_two_previews_applied_at_once_one_is_refused(own_floor):
    own_floor.cases(6)
    runs = [own_floor.preview(), own_floor.preview()]
    together = Barrier(2)

    def apply(run):
        try:
            together.wait(timeout=10)
            return own_floor.apply(run).moved
        except DistributionRefused as refused:
            return refused.code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(apply, runs), key=str) == [6, "stale"]


def test_a_case_that_is_being_taken_while_applying_is_skipped_and_said(own_floor):
    cases = own_floor.cases(3)
    run = own_floor.preview()
    holding, applied = Event(), Event()

    def take():
        try:
            with transaction.atomic():
                lifecycle.locked(cases[0].pk)
                holding.set()
                assert applied.wait(timeout=20)  # the allocation does not wait for us
                worklist.take(case_id=cases[0].pk, user=own_floor.zhao, actor=Actor.of(own_floor.zhao), at=own_floor.at)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        taking = pool.submit(take)
        assert holding.wait(timeout=20)
        done = own_floor.apply(run)
        applied.set()
        taking.result(timeout=20)
    assert (done.moved, done.not_moved) == (2, 1)
    assert DistributionMove.objects.get(run=run, case=cases[0]).outcome == "busy"
    kept = Case.objects.get(pk=cases[0].pk)
    assert (kept.owner, kept.lease_by) == (None, own_floor.zhao)
