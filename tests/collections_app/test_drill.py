"""The drill finds nothing in the product, and finds what is broken on purpose."""

import json
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from collections_app.management import drill
from collections_app.management.drill import entrances, situations
from collections_app.management.drill.world import World, open_world
from compliance.models import CheckRun


@pytest.fixture(scope="module")
def world(own_database: Any) -> Iterator[World]:
    with open_world() as opened:
        yield opened


def test_nobody_who_may_not_be_contacted_is_reached_through_any_entrance(world: World) -> None:
    report = drill.run(world, attempts=90)
    assert report.leaked == []
    assert report.shut == []
    assert report.attempts >= 90
    assert report.refused == report.attempts
    assert set(report.by_entrance) == {entrance.name for entrance in entrances.ALL}
    assert report.control == {entrance.name: len(entrance.channels) for entrance in entrances.ALL}


def test_an_entrance_that_skips_the_gate_is_found(world: World, own_database: Any, monkeypatch: Any) -> None:
    with own_database.as_owner(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE contacts_contactattempt DISABLE TRIGGER USER")
    monkeypatch.setattr(situations, "ALL", situations.ALL[:1])
    report = drill.run(world, attempts=1)
    assert [(one["situation"], one["entrance"]) for one in report.leaked] == [("night", "database")]
    assert not report.holds


def test_an_entrance_that_lets_nobody_through_proves_nothing(world: World, monkeypatch: Any) -> None:
    monkeypatch.setattr(situations, "FREE", situations.ALL[0])
    monkeypatch.setattr(entrances, "ALL", entrances.ALL[:1])
    monkeypatch.setattr(situations, "ALL", situations.ALL[:1])
    report = drill.run(world, attempts=1)
    assert (report.shut, report.holds) == (["screen"], False)


def test_every_kind_of_situation_is_there_for_every_entrance() -> None:
    tried = {
        (entrance.name, situation.name)
        for entrance in entrances.ALL
        for situation in situations.ALL
        if set(entrance.channels) & set(situation.channels) and entrance.name not in situation.spared
    }
    for entrance in entrances.ALL:
        assert sum(name == entrance.name for name, _ in tried) >= 20, entrance.name


def test_the_command_prints_one_object(own_database: Any, capfd: Any) -> None:
    out = StringIO()
    call_command("drill", "--attempts", "1", "--json", stdout=out)
    report = json.loads(out.getvalue())
    assert report["leaked"] == []
    assert report["attempts"] >= 1
    kept = CheckRun.objects.get(name="drill")
    assert (kept.ok, kept.figures["attempts"], kept.figures["leaked"]) == (True, report["attempts"], 0)


def test_a_size_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(CommandError, match="--attempts"):
        call_command("drill", "--attempts", "0")
