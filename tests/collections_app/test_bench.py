"""The benchmark measures what it says on a book of any size, and leaves nothing behind."""

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command

from cases.models import Account
from collections_app.management.commands import bench
from collections_app.management.commands.bench import NAMES, _figure, _medians
from collections_app.management.measures import book, gate, night, people, queues
from collections_app.management.measures.processor import Used
from compliance.models import Decision
from contacts import invariants
from contacts.models import ContactAttempt, NightRun, PlannedContact

SIZE = 300


@pytest.fixture
def measured(fresh_database: Any) -> night.Measured:
    return night.measure(SIZE)


def test_a_night_is_measured_beside_its_limit(measured: night.Measured):
    assert Account.objects.count() == SIZE
    assert list(NightRun.objects.order_by("business_date").values_list("business_date", "status")) == [
        (book.FIRST, "done"),
        (book.SECOND, "done"),
    ]
    assert measured.changed == SIZE // 10
    assert measured.planned == PlannedContact.objects.filter(business_date__gt=book.SECOND).count() > 0
    assert list(measured.stages)[:3] == ["freshness", "ageing", "cases"]
    assert set(measured.floor) == {"copy", "changed", "moves", "plan"}
    assert measured.total > sum(measured.floor.values()) > 0
    assert measured.used.ours > 0
    assert measured.used_again.ours > 0
    assert not any(invariants.check_all().values())
    ours, limit = queues.worklist_page(3)
    assert len(ours) == len(limit) == 2
    seconds, _, claimed = queues.claim_everything()
    assert (seconds > 0, claimed) == (True, PlannedContact.objects.filter(channel="sms", status="claimed").count())


def test_what_was_used_of_the_processors_is_known_only_where_both_readings_are():
    assert Used(3.0, 5.0).since(Used(1.0, 2.5)) == Used(2.0, 2.5)
    assert Used(2.0, 2.5).both == 4.5
    for later, earlier in ((Used(3.0, None), Used(1.0, 2.5)), (Used(3.0, 5.0), Used(1.0, None))):
        assert later.since(earlier) == Used(2.0, None)
    assert Used(2.0, None).both is None


def test_calls_are_measured_beside_bare_inserts(fresh_database: Any):
    people.caller()
    gate.make_floor()
    pairs = people.fill(6, history=12)
    assert ContactAttempt.objects.count() == 72
    pure, least = gate.pure(pairs[0], 5)
    assert 0 < pure < least
    opened, bare = gate.opened(pairs[:2], clients=1)
    assert opened > 0 < bare
    opened, bare = gate.opened(pairs[2:], clients=2)
    assert opened > 0 < bare
    assert list(Decision.objects.values_list("verdict", flat=True).distinct()) == ["permit"]
    assert Decision.objects.count() == 6
    assert 0 < gate.decision_bytes() <= 1536
    taken = gate.growth(repeats=1, histories=(10, 20))
    assert set(taken) == {10, 20}
    assert Decision.objects.count() == 6 + 8  # what was measured was undone; each was asked once more in earnest


def test_the_made_up_book_is_the_same_every_time_and_has_every_age():
    assert list(book.rows(50, book.FIRST)) == list(book.rows(50, book.FIRST))
    ages = {book.days_past_due(number) for number in range(3000)}
    assert {0, 1, 3, 7, 30, 31, 60} <= ages


def test_a_figure_stands_beside_its_limit():
    assert _figure("night_total", 3.0, "s", 1.5) == {
        "name": "night_total",
        "value": 3.0,
        "unit": "s",
        "limit": 1.5,
        "ratio": 2.0,
    }
    assert _figure("import_first", 3.0, "s", None)["ratio"] is None
    assert "night_total" in NAMES


@pytest.mark.parametrize("breaks", [True, False])
def test_what_was_measured_before_a_failure_is_told_at_once_and_that_it_is_not_all(
    db: None, monkeypatch: pytest.MonkeyPatch, breaks: bool
):
    out, told = io.StringIO(), io.StringIO()

    def measured(_command: Any, _size: int) -> Iterator[tuple[str, float, str, float | None]]:
        yield "night_total", 3.0, "s", 1.5
        assert "night_total" in told.getvalue()
        if breaks:
            raise RuntimeError("no room left")
        yield "quiet_night", 1.0, "s", 3.0

    monkeypatch.setattr(bench.Command, "_measured", measured)
    command = bench.Command()
    call_command(command, "--json", stdout=out, stderr=told)
    report = json.loads(out.getvalue())
    whole = ["night_total", "quiet_night"]
    assert [figure["name"] for figure in report["figures"]] == (whole[:1] if breaks else whole)
    assert report.get("incomplete") == ("RuntimeError: no room left" if breaks else None)
    assert ("NOT ALL WAS MEASURED: RuntimeError" in command.describe(report)) is breaks
    assert command.failed is breaks


def test_of_repeats_the_median_and_the_range_are_told():
    runs = [[_figure("night_total", seconds, "s", limit)] for seconds, limit in ((3.0, 1.0), (9.0, 2.0), (4.0, 2.0))]
    assert _medians(runs) == [
        {"name": "night_total", "value": 4.0, "unit": "s", "limit": 2.0, "ratio": 3.0, "range": [3.0, 9.0]}
    ]
    assert _medians(runs[:1]) == runs[0]


def test_a_tape_that_comes_again_has_one_account_in_a_hundred_changed():
    first, again = list(book.rows(1000, book.SECOND)), list(book.rows(1000, book.SECOND, corrected=True))
    assert sum(one != other for one, other in zip(first, again, strict=True)) == 10
