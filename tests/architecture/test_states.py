"""What the code declares, what the page shows and what the database enforces are one and the same."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from collections_app import states

GUARD = """
    SELECT t.tgname, encode(t.tgargs, 'escape') FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE c.relname = %s AND t.tgname IN (%s, %s)
"""


def guarded(table: str) -> dict[str, set[str]]:
    """Return what the triggers of a table let through: beginnings and moves."""
    with connection.cursor() as cursor:
        cursor.execute(GUARD, [table, f"{table}_begins", f"{table}_moves"])
        rows = dict(cursor.fetchall())
    return {
        name.removeprefix(f"{table}_"): {part for part in re.split(r",|\\000", args) if part}
        for name, args in rows.items()
    }


def test_the_page_of_states_is_the_one_drawn_from_the_code():
    assert (Path(settings.BASE_DIR) / "docs" / "states.md").read_text(encoding="utf-8") == states.page()


def test_these_are_the_machines():
    names = {machine.model.__name__ for machine in states.machines()}
    assert names == {
        "Approval",
        "AssetForDebt",
        "Case",
        "ContactAttempt",
        "Correction",
        "ExclusionEntry",
        "Experiment",
        "ImportBatch",
        "Payment",
        "Plan",
        "PlannedContact",
        "PrintBatch",
        "Promise",
        "ScoreModel",
        "Seal",
        "Settlement",
        "StrategyVersion",
        "Waiver",
        "WriteOff",
    }


@pytest.mark.django_db
@pytest.mark.parametrize("machine", states.machines(), ids=lambda machine: machine.table)
def test_the_database_lets_exactly_the_declared_moves_through(machine):
    declared = {f"{move.source}>{move.target}" for move in machine.moves if move.source != move.target}
    assert guarded(machine.table)["moves"] == declared


@pytest.mark.django_db
@pytest.mark.parametrize("machine", states.machines(), ids=lambda machine: machine.table)
def test_every_beginning_is_a_state_that_nothing_else_need_reach_first(machine):
    assert guarded(machine.table)["begins"] <= set(machine.states)
