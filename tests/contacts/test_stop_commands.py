"""Stopping and resuming from the command line."""

import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from contacts import stops

pytestmark = pytest.mark.django_db


def run(capsys: Any, *words: str) -> dict[str, Any]:
    call_command(*words, "--json")
    return json.loads(capsys.readouterr().out)


def test_a_stop_is_ordered_confirmed_and_lifted(capsys, plan):
    plan()
    said = run(capsys, "stop_sending", "--scope", "channel:sms", "--reason", "drill")
    assert (said["planned"], said["at_provider"]) == (1, 0)
    assert said["stopped_at"] < said["confirmed_at"]
    assert [(order.scope, order.target, order.reason) for order in stops.standing()] == [("channel", "sms", "drill")]
    assert run(capsys, "resume_sending", "--scope", "creditor:x")["still_stopped"] == [said["stop"]]
    assert run(capsys, "resume_sending")["lifted"] == [said["stop"]]
    assert stops.standing() == []


@pytest.mark.parametrize("scope", ["nonsense", "creditor:nobody", "channel:pigeon", "everything:x", "creditor"])
def test_a_scope_that_does_not_exist_is_wrong_use(scope):
    with pytest.raises(CommandError) as wrong:
        call_command("stop_sending", "--scope", scope)
    assert wrong.value.returncode == 2
    assert stops.standing() == []
