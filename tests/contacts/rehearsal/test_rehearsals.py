"""Rehearsals as people see them: asked for, run, what they say, what they rest on, and how they fail."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from cases.models import Person
from collections_app.shared.actor import SYSTEM
from contacts import rehearsal
from contacts.models import Rehearsal, RehearsalCell, StrategyVersion, TemplateVersion
from contacts.rehearsal import parts, verbs
from contacts.rehearsal.running import Ran, Task
from contacts.rehearsal.shadow import Part
from contacts.strategy import inputs
from tests.contacts.rehearsal.book import AT, ON, everything_sent, make_book

DAY = ON + timedelta(days=1)


@pytest.fixture(scope="module")
def book(own_database: Any, django_db_blocker: Any) -> Iterator[Any]:
    """Return the database that holds the book."""
    with django_db_blocker.unblock():
        make_book()
        yield own_database


@pytest.fixture(autouse=True)
def unblocked(django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield


def version() -> StrategyVersion:
    return StrategyVersion.objects.order_by("-pk").first()


def run(**more: Any) -> Rehearsal:
    asked = {"version_id": version().pk, "days": 3, "actor": SYSTEM, "at": AT, "processes": 0}
    return rehearsal.rehearse(**asked | {"send_day": everything_sent} | more)


def test_what_a_rehearsal_says_adds_up(book):
    row = run()
    assert (row.status, row.error, row.first_day, row.days) == ("done", "", DAY, 3)
    days = row.results["days"]
    assert [day["date"] for day in days] == [(DAY + timedelta(days=number)).isoformat() for number in range(3)]
    cells = RehearsalCell.objects.filter(rehearsal=row, side="draft")
    messages = sum(cells.filter(outcome="sent").values_list("count", flat=True))
    assert messages == sum(sum(day["sent"].values()) for day in days) > 0
    calls = cells.filter(kind="call", day=DAY)
    assert sum(cell.minutes for cell in calls) == 6 * sum(cell.count for cell in calls) > 0
    assert all(set(cell.cases) <= set(version().creditors.get().cases.values_list("pk", flat=True)) for cell in cells)
    assert Decimal(row.results["totals"]["cost"]) == Decimal("0.05") * row.results["totals"]["sent"].get("sms", 0)
    assert row.results["teams"][0]["capacity_hours"] == 0
    assert row.progress == {"part": 1.0}


@pytest.mark.parametrize(("cases", "parts_of_it"), [(4_000, [27, 27, 23, 23]), (1_000_000, [44, 44, 2, 10])])
def test_how_far_it_is_reckons_with_what_a_day_costs_however_few_it_is_about(cases, parts_of_it):
    weights = verbs.weights_of([1, 1, 0.01, 0.1], [2, 2, 0, 1], cases=cases)
    assert [round(100 * weight / sum(weights)) for weight in weights] == parts_of_it


def test_a_sample_takes_part_of_the_persons_always_the_same(book):
    half, again = run(days=1, sample=Decimal("0.5")), run(days=1, sample=Decimal("0.5"))
    assert 0 < half.results["persons"] < Person.objects.count()
    assert half.results == again.results


def test_two_parts_of_the_book_add_up_to_the_whole_and_keep_who_shares_an_address_together(book):
    one = version()
    task = Task(Part(tuple(one.creditors.values_list("pk", flat=True))), None, one.strategy_id, 2, AT)
    whole = parts.run(task, processes=0, send_day=everything_sent)
    total = Ran()
    for part in parts.split(task, 2):
        ran = parts.run(part, processes=0, send_day=everything_sent)
        parts.add(total, parts.told_by(ran))
    counted = {key: cell.count for key, cell in whole.cells.by_key.items()}
    assert {key: cell.count for key, cell in total.cells.by_key.items()} == counted
    assert (total.persons, total.planned, total.enrolled) == (whole.persons, whole.planned, whole.enrolled)


def test_the_same_state_has_the_same_hash_and_whatever_it_rests_on_changes_it(book):
    one = version()
    before = inputs.inputs_hash(one, at=AT)
    first = run(days=1)
    assert inputs.inputs_hash(one, at=AT) == before == first.inputs_hash
    assert first.full_hash != run(days=1).full_hash  # another instant of the book
    wording = TemplateVersion.objects.filter(status="approved", template__steps__segment__version=one).first()
    TemplateVersion.objects.filter(pk=wording.pk).update(status="retired")
    now = inputs.inputs_of(one, at=AT)
    assert inputs.changes(first.inputs, now) == ["wordings"]
    assert inputs.hash_of(now) != before


def test_asking_is_refused_with_a_reason(book):
    for asked, code in (({"days": 0}, "days"), ({"days": 61}, "days"), ({"sample": Decimal(0)}, "sample")):
        with pytest.raises(rehearsal.RehearsalRefused) as refused:
            rehearsal.ask(version_id=version().pk, actor=SYSTEM, at=AT, **asked)
        assert refused.value.code == code


def test_what_waits_is_run_once_and_one_that_fails_says_why_and_may_be_asked_for_again(book, monkeypatch):
    row = rehearsal.ask(version_id=version().pk, days=1, actor=SYSTEM, at=AT)
    with pytest.raises(rehearsal.RehearsalRefused) as refused:
        rehearsal.ask(version_id=version().pk, days=1, actor=SYSTEM, at=AT)
    assert refused.value.code == "under-way"
    assert rehearsal.waiting()

    def breaks(*_args: Any, **_more: Any) -> Any:
        raise RuntimeError("no room left")

    monkeypatch.setattr(parts, "run", breaks)
    assert [each.pk for each in rehearsal.rehearse_waiting(now=lambda: AT)] == [row.pk]
    row.refresh_from_db()
    assert (row.status, row.error) == ("failed", "RuntimeError: no room left")
    assert not rehearsal.waiting()
    monkeypatch.undo()
    assert run(days=1).status == "done"


def test_one_whose_process_died_is_marked_failed_and_one_that_works_is_not(book):
    dead = rehearsal.ask(version_id=version().pk, days=1, actor=SYSTEM, at=AT)
    now = verbs._database_now()
    Rehearsal.objects.filter(pk=dead.pk).update(status="running", progress={"seen_at": now.isoformat()})
    assert rehearsal.fail_dead(at=AT) == 0
    long_ago = now - verbs.SILENT - timedelta(seconds=5)
    Rehearsal.objects.filter(pk=dead.pk).update(progress={"seen_at": long_ago.isoformat()})
    assert rehearsal.fail_dead(at=AT) == 1
    dead.refresh_from_db()
    assert (dead.status, dead.error) == ("failed", "The process that rehearsed it has died.")
