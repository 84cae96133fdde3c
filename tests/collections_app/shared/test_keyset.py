"""Pages that start after the last row seen."""

import pytest

from collections_app.shared import keyset
from collections_app.staff.models import Team

pytestmark = pytest.mark.django_db


@pytest.fixture
def teams():
    names = ["a", "b", "b", "b", "c", "d", "e"]
    return [Team.objects.create(code=f"t{place}", name=name) for place, name in enumerate(names)]


def walk(order, size, direction="next"):
    asked, seen = {}, []
    while True:
        page = keyset.page(Team.objects.all(), order=order, asked=asked, size=size)
        seen.append([team.code for team in page.rows])
        if page.next is None:
            return seen, page
        asked = {"after": page.next}


def test_walking_the_pages_shows_every_row_once_in_order_although_names_repeat(teams):
    seen, _ = walk(["name", "pk"], 2)
    assert seen == [["t0", "t1"], ["t2", "t3"], ["t4", "t5"], ["t6"]]
    down, _ = walk(["-name", "pk"], 3)
    assert down == [["t6", "t5", "t4"], ["t1", "t2", "t3"], ["t0"]]


def test_walking_back_shows_the_pages_that_were_seen(teams):
    _, last = walk(["name", "pk"], 2)
    back = keyset.page(Team.objects.all(), order=["name", "pk"], asked={"before": last.previous}, size=2)
    assert [team.code for team in back.rows] == ["t4", "t5"]
    first = keyset.page(Team.objects.all(), order=["name", "pk"], asked={}, size=2)
    assert first.previous is None
    assert first.count == 7


@pytest.mark.parametrize("token", ["x", "W10", "////", "e30", "W1siIixudWxsXV0", "WyJhIl0", "9" * 900])
def test_a_token_that_cannot_be_read_gives_the_first_page(teams, token):
    page = keyset.page(Team.objects.all(), order=["name", "pk"], asked={"after": token, "before": token}, size=2)
    assert [team.code for team in page.rows] == ["t0", "t1"]


def test_a_long_list_is_counted_up_to_a_limit_and_says_so(teams):
    page = keyset.page(Team.objects.all(), order=["pk"], asked={}, size=2, counted=5)
    assert (page.count, page.count_is_exact) == (5, False)
    page = keyset.page(Team.objects.all(), order=["pk"], asked={}, size=2, counted=7)
    assert (page.count, page.count_is_exact) == (7, True)
