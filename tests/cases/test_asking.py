"""A question that is put together once for each sort of users shows nobody what another sort may see."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.http import Http404

from cases import queries, worklist
from cases.asking import Asker, Sort
from tests.factories.cases import CaseFactory, CreditorFactory
from tests.factories.staff import TeamFactory, UserFactory

NOON = datetime(2026, 3, 4, 3, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def found(user: Any, cases: list[Any]) -> list[bool]:
    """Return which of the cases somebody is shown."""
    shown = []
    for case in cases:
        try:
            shown.append(queries.find(user, case.ref) == case)
        except Http404:
            shown.append(False)
    return shown


def test_who_asks_first_does_not_decide_what_the_next_one_sees():
    teams = [TeamFactory(), TeamFactory()]
    cases = [CaseFactory(creditor=CreditorFactory(team=team), at=NOON) for team in teams]
    admin = UserFactory(role="admin", team=None)
    ours, theirs = (UserFactory(role="collector", team=team) for team in teams)
    nowhere = UserFactory(role="collector", team=None)
    gone = UserFactory(role="collector", team=teams[0], is_active=False)
    asked = [(admin, [True, True]), (ours, [True, False]), (theirs, [False, True]), (nowhere, [False, False]),
             (gone, [False, False])]  # fmt: skip
    for order in (asked, asked[::-1]):
        assert [found(user, cases) for user, _shown in order] == [shown for _user, shown in order]
    names = [[case.person.name] for case in cases]
    assert [worklist.queue(user, at=NOON).upcoming for user in (ours, theirs, nowhere)] == [*names, []]


def test_a_question_may_depend_on_no_other_right():
    sort = Sort("collector", is_active=True, has_team=True, rights=frozenset())
    with pytest.raises(LookupError, match=r"no question of users may depend on cases\.reveal"):
        Asker(1, 2, sort).has_perm("cases.reveal")
