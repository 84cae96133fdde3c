"""Many collectors press "take next" at the same moment: nobody waits for another, and no case is handed out twice."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier

import pytest
from django.db import connections
from django.db.models import QuerySet
from django.test import Client
from django.urls import reverse

from cases import worklist
from cases.models import Case, ContactPoint
from tests.asked import anew
from tests.factories.cases import CaseFactory, CreditorFactory
from tests.factories.staff import TeamFactory, UserFactory, set_clock

NOON = datetime(2026, 3, 4, 3, 0, tzinfo=UTC)
COLLECTORS, CASES = 12, 10


@pytest.fixture
def crowd(own_database, settings):
    """Twelve collectors of one team, and ten cases that are due."""
    set_clock(settings, NOON)
    team = TeamFactory()
    bank = CreditorFactory(team=team)
    for _each in range(CASES):
        CaseFactory(creditor=bank, at=NOON)
    return [UserFactory(team=team) for _each in range(COLLECTORS)]


def handed_out(crowd):
    """Let everybody press "take next" at the same moment; return where each is led."""
    clients = []
    for user in crowd:
        client = Client()
        client.force_login(user)
        clients.append(client)
    together = Barrier(len(crowd))

    def take(client):
        try:
            together.wait(timeout=10)
            return client.post(reverse("cases:take-next")).url
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(crowd)) as pool:
        return list(pool.map(take, clients))


@pytest.mark.parametrize("has_number", [True, False])  # found among the nearest, and farther away
def test_ten_cases_among_twelve_collectors_are_handed_out_once_each(crowd, has_number):
    if not has_number:
        ContactPoint.objects.all().delete()
    got = [place for place in handed_out(crowd) if place != reverse("cases:queue")]
    assert len(got) == len(set(got)) == CASES
    held = Case.objects.filter(lease_by__in=crowd).values_list("lease_by", flat=True)
    assert len(held) == len(set(held)) == CASES


@pytest.mark.parametrize(("is_locked", "cases"), [(True, 2), (False, 1)])
def test_two_who_chose_before_either_has_it_get_two_cases_and_without_the_lock_the_same(
    crowd, monkeypatch, is_locked, cases
):
    chosen, lease = Barrier(2), worklist.renew

    def both_have_chosen(case, user):
        chosen.wait(timeout=10)
        lease(case, user)

    monkeypatch.setattr(worklist, "renew", both_have_chosen)
    if not is_locked:
        monkeypatch.setattr(QuerySet, "select_for_update", lambda rows, **_how: rows)
        anew(monkeypatch, worklist, "_nearest", "_free")
    got = handed_out(crowd[:2])
    assert reverse("cases:queue") not in got
    assert len(set(got)) == cases
