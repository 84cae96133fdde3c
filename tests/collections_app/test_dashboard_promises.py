"""Promises by collector count those that were kept; clocks by their last day. Numbers of one team only."""

from datetime import timedelta

import pytest

from collections_app.dashboards import registry, widgets  # noqa: F401  (registers them)
from collections_app.dashboards.catalogue import CLOCKS, PROMISES
from collections_app.dashboards.scope import Scope
from contacts.models import LegalClock
from tests.factories.cases import CaseFactory, CreditorFactory, PersonFactory, PromiseFactory
from tests.factories.staff import TeamFactory, UserFactory, set_clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def north(at, settings):
    set_clock(settings, at)
    return TeamFactory(code="north")


def promise(creditor, collector, at, state, *, ago=1, paid="0", amount="200.00"):
    case = CaseFactory(creditor=creditor, at=at, promised=True)
    return PromiseFactory(
        case=case, made_with=collector, made_at=at - timedelta(days=ago + 3), to=state, amount=amount, paid_amount=paid,
        due_on=(at - timedelta(days=ago)).date(),
    )  # fmt: skip


def plain(cell):
    return cell.count if cell.count is not None else cell.text


def test_what_fell_due_is_counted_by_what_became_of_it(at, north):
    creditor, collector = CreditorFactory(team=north), UserFactory(team=north, name="Chen")
    promise(creditor, collector, at, "kept", paid="250.00")  # more than was promised counts as what was promised
    promise(creditor, collector, at, "kept", ago=29, paid="195.00")
    promise(creditor, collector, at, "broken")
    promise(creditor, collector, at, "open", ago=0, paid="50.00")
    promise(creditor, collector, at, "cancelled")  # moved or taken back: the one in its place counts
    promise(creditor, collector, at, "kept", ago=30, paid="200.00")  # too long ago
    promise(CreditorFactory(team=TeamFactory()), collector, at, "kept")  # another team's
    scope = Scope(UserFactory(supervisor=True, team=north), at)
    (row,) = registry.WIDGETS["kept"].read(scope).rows
    assert [plain(cell) for cell in row] == ["Chen", 4, 2, 0, 1, 1, "2 of 3", "445.00 of 800.00 CNY"]
    for cell in row[1:6]:
        asked = dict(pair.split("=") for pair in cell.url.partition("?")[2].split("&"))
        assert PROMISES.select(scope, asked).count() == cell.count


def test_a_share_is_said_where_there_are_enough_to_mean_something(at, north):
    creditor, collector = CreditorFactory(team=north), UserFactory(team=north, name="Chen")
    for number in range(20):
        promise(creditor, collector, at, "kept" if number < 15 else "broken", paid="200.00" if number < 15 else "0")
    (row,) = registry.WIDGETS["kept"].read(Scope(UserFactory(supervisor=True, team=north), at)).rows
    assert row[6].text == "15 of 20 · 75 %"


def clock(case, at, kind, days, **more):
    ends = at.date() + timedelta(days=days)
    return LegalClock.objects.create(
        case=case, account=case.account, person=case.person, creditor=case.creditor, kind=kind, rule="R",
        starts=ends - timedelta(days=900), ends=ends, over_at=at + timedelta(days=days + 1), **more,
    )  # fmt: skip


def test_clocks_are_counted_by_their_last_day(at, north):
    case = CaseFactory(creditor=CreditorFactory(team=north), at=at)
    today = Scope(UserFactory(supervisor=True, team=north), at).days[0].on
    shift = (today - at.date()).days  # the creditor's day may be another than that of UTC
    for days in (0, 29, 30, 179, 180, -1):
        clock(case, at, "limitation", days + shift)
    clock(case, at, "guarantee", 5 + shift, guarantor=PersonFactory())
    clock(case, at, "guarantee", 6 + shift, guarantor=PersonFactory(), kept={"day": "2026-01-01", "ground": "demand"})
    clock(CaseFactory(creditor=CreditorFactory(team=TeamFactory()), at=at), at, "limitation", 3)
    scope = Scope(UserFactory(supervisor=True, team=north), at)
    assert [figure.count for figure in registry.WIDGETS["clocks"].read(scope).figures] == [2, 4, 1, 1]
    assert CLOCKS.select(scope, {}).count() == 6  # those that run, the one that was kept left out
    assert CLOCKS.select(scope, {"ends": "nonsense"}).count() == 0
