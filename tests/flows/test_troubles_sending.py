"""Workers send and die while the provider, the clock, the law and the receipts misbehave around them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from collections_app.management.harness import cluster, oracle, trial
from collections_app.management.harness.oracle import HandOver
from collections_app.management.harness.trial import Plan
from contacts.models import PlannedContact

AT = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.mark.slow
def test_a_bad_day_of_the_provider_an_exchanged_pack_and_odd_receipts_break_nothing(fresh_database: Any):
    plan = Plan(people=16, deaths=1, failing=0.2, odd_receipts=True, exchanges_pack=True, random_kills=1)
    seen = trial.run(plan, env=fresh_database.env)
    assert seen.violations == {}
    assert seen.failures >= 3
    assert seen.receipts >= 5
    assert seen.versions == 2
    assert PlannedContact.objects.filter(status="done").count() == seen.sent + seen.uncertain


@pytest.mark.slow
def test_nothing_leaves_at_a_forbidden_hour_when_summer_time_ends(fresh_database: Any):
    seen = trial.run(Plan(people=20, changes_clocks=True, random_kills=2, deaths=1), env=fresh_database.env)
    assert seen.violations == {}
    assert seen.days == 2
    assert seen.sent + seen.uncertain + seen.withheld == 40


@pytest.mark.slow
def test_a_sender_that_remembers_the_distance_from_utc_fails_the_same_night(fresh_database: Any):
    """The negative control: it adds the hour of summer to a morning of winter."""
    plan = Plan(people=12, workers=1, changes_clocks=True, naive=True, random_kills=0, at_most_s=16, silence_every=0)
    assert trial.run(plan, env=fresh_database.env).outside_hours > 0


@pytest.mark.parametrize(
    ("zone", "at", "hour"),
    [
        ("Asia/Shanghai", datetime(2026, 7, 1, 0, 0, tzinfo=UTC), 8.0),
        ("America/New_York", datetime(2026, 3, 8, 6, 59, 59, tzinfo=UTC), 1 + 3599 / 3600),
        ("America/New_York", datetime(2026, 3, 8, 7, 0, tzinfo=UTC), 3.0),
        ("America/New_York", datetime(2026, 11, 1, 5, 30, tzinfo=UTC), 1.5),
        ("America/New_York", datetime(2026, 11, 1, 6, 30, tzinfo=UTC), 1.5),
        ("America/New_York", datetime(2027, 3, 14, 7, 0, tzinfo=UTC), 3.0),
    ],
)
def test_the_replayer_reckons_the_local_hour_by_itself(zone: str, at: datetime, hour: float):
    assert oracle.local_day_and_hour(zone, at)[1] == pytest.approx(hour)


def test_the_replayer_sees_what_is_wrong():
    """Its negative controls: an hour too early, one too many on a day, and versions that are not those of the time."""
    seven, eight = AT + timedelta(hours=12), AT + timedelta(hours=13)
    assert oracle.outside_hours([HandOver("a", seven), HandOver("a", eight)], zone="America/New_York") == 1
    assert oracle.over_limit([HandOver("a", eight)] * 2, zone="America/New_York", limit=1) == 1
    decided = [(AT, ["old1"]), (AT, ["new1"]), (AT, ["old1", "new1"]), (eight, ["old1"]), (eight, ["new1"])]
    assert oracle.mixed_versions(decided, old="old1f", new="new1f", begins=seven) == 3


@pytest.mark.slow
def test_a_database_that_crashes_again_and_again_loses_and_doubles_nothing(django_db_blocker: Any):
    plan = Plan(people=16, crashes=3, crash_every=4, random_kills=2, deaths=1)
    with django_db_blocker.unblock(), cluster.own_cluster() as (servers, env):
        seen = trial.run(plan, env=env, own_cluster=servers)
    assert seen.violations == {}
    assert seen.crashes >= 2
    assert seen.sent + seen.uncertain + seen.withheld == 32


@pytest.mark.slow
def test_a_database_that_is_away_for_a_while_is_taken_up_again_by_itself(django_db_blocker: Any):
    plan = Plan(people=16, crashes=1, away_s=5, random_kills=0, deaths=0, silence_every=0)
    with django_db_blocker.unblock(), cluster.own_cluster() as (servers, env):
        seen = trial.run(plan, env=env, own_cluster=servers)
    assert seen.violations == {}
    assert (seen.crashes, seen.sent + seen.uncertain + seen.withheld) == (1, 32)
