"""manage.py rehearse: the same rehearsal from the command line."""

import json
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from collections_app.shared import clock
from contacts.models import Rehearsal
from tests.contacts.rehearsal.book import AT, make_book


@pytest.fixture(scope="module")
def book(own_database: Any, django_db_blocker: Any) -> Iterator[Any]:
    """Return the database that holds the book."""
    with django_db_blocker.unblock():
        make_book()
        yield own_database


@pytest.fixture(autouse=True)
def on_that_day(django_db_blocker: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(clock, "now", lambda: AT)
    with django_db_blocker.unblock():
        yield


def told(*arguments: str) -> dict[str, Any]:
    out = StringIO()
    call_command("rehearse", *arguments, "--json", stdout=out, stderr=StringIO())
    return json.loads(out.getvalue())


def test_it_prints_hash_snapshot_days_nodes_and_seconds(book):
    found = told("card-1-3-7-30", "--version", "1", "--days", "2", "--processes", "0")
    row = Rehearsal.objects.get(pk=found["rehearsal"])
    assert (found["hash"], found["status"]) == (row.full_hash, "done")
    assert [day["date"] for day in found["days"]] == ["2026-03-04", "2026-03-05"]
    assert {"planned", "refused", "collector_hours"} <= set(found["days"][0])
    assert {"segment", "step", "cases"} <= set(found["nodes"][0])
    assert found["snapshot"]
    assert found["seconds"] > 0
    text = StringIO()
    call_command("rehearse", "card-1-3-7-30", "--days", "1", "--processes", "0", stdout=text, stderr=StringIO())
    assert "2026-03-04" in text.getvalue()


def test_two_processes_find_what_a_thread_finds(book):
    alone = told("card-1-3-7-30", "--days", "2", "--processes", "0")
    shared = told("card-1-3-7-30", "--days", "2", "--processes", "2")
    for name in ("status", "days", "nodes", "persons", "creditors", "inputs_hash"):
        assert shared[name] == alone[name], name


@pytest.mark.parametrize(
    "arguments", [("no-such",), ("card-1-3-7-30", "--version", "9"), ("card-1-3-7-30", "--sample", "many")]
)
def test_a_wrong_use_is_said(book, arguments):
    with pytest.raises(CommandError):
        told(*arguments)
