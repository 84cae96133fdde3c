"""Workers die by SIGKILL at every point of a send, and at random, while people ask to be left alone."""

from typing import Any

import pytest

from collections_app.management.harness import trial
from collections_app.management.harness.trial import Plan
from contacts.models import PlannedContact


@pytest.mark.parametrize(("channel", "people"), [("sms", 30), ("email", 30)])
@pytest.mark.slow
def test_no_crash_doubles_loses_or_hides_a_message(fresh_database: Any, channel: str, people: int):
    seen = trial.run(Plan(channel=channel, people=people), env=fresh_database.env)
    assert seen.violations == {}
    assert {point: count >= 3 for point, count in seen.fault_points.items()} == dict.fromkeys(trial.POINTS, True)
    assert seen.kills >= 22
    assert PlannedContact.objects.filter(status="done").count() == seen.sent + seen.uncertain
    assert seen.sent + seen.uncertain + seen.withheld == 2 * people
    if channel == "sms":  # this carrier can be asked
        assert (seen.uncertain, seen.handovers) == (0, seen.sent)
    else:
        assert seen.uncertain >= 3
        assert seen.sent <= seen.handovers <= seen.sent + seen.uncertain


@pytest.mark.slow
def test_a_naive_sender_fails_the_same_trial(fresh_database: Any):
    """The negative control: without claims, locks and keys, this harness does show doubles."""
    plan = Plan(naive=True, people=20, workers=4, random_kills=0, at_most_s=8, silence_every=0)
    seen = trial.run(plan, env=fresh_database.env)
    assert seen.double > 0
    assert seen.over_limit > 0
