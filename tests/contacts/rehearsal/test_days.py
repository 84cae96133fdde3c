"""The days of a rehearsal: the steps of the night on copies, and nothing real touched."""

import dataclasses
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection

from cases.models import Case, Creditor, FirmPolicyVersion
from contacts import night
from contacts.models import PlannedContact, Step, StrategyVersion
from contacts.rehearsal import alone, running, shadow
from contacts.rehearsal.running import Task
from contacts.rehearsal.shadow import Part
from tests.contacts.rehearsal.book import AT, ON, make_book

DIGEST = "SELECT md5(coalesce(string_agg(t::text, chr(10) ORDER BY t::text), '')) FROM {} AS t"
TABLES = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY relname"


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


def everything() -> dict[str, str]:
    """What is in every table of the database, as a digest of each."""
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
        found = {}
        for (table,) in cursor.fetchall():
            cursor.execute(
                f"SELECT md5(coalesce(string_agg(t::text, chr(10) ORDER BY t::text), '')) FROM \"{table}\" t"
            )
            found[table] = cursor.fetchone()[0]
    return found


def nothing_sent(close, span, **_more):
    return iter(())


def task(*, days: int = 1, **more: Any) -> Task:
    version = StrategyVersion.objects.get()
    creditors = tuple(Creditor.objects.values_list("pk", flat=True))
    return Task(Part(creditors), None, version.strategy_id, days, AT, **more)


def test_a_rehearsal_touches_nothing_in_the_database(book):
    before = everything()
    ran = running.run(task(days=5), send_day=nothing_sent)
    assert ran.persons > 20
    assert sum(cell.count for cell in ran.cells.by_key.values()) > 0
    assert everything() == before
    Case.objects.filter(pk=Case.objects.order_by("pk")[0].pk).update(next_action_note="seen")  # the comparison sees it
    assert everything() != before
    Case.objects.filter(next_action_note="seen").update(next_action_note="")


def test_inside_the_database_itself_refuses_to_write_or_lock_anything_real(book):
    part = Part(tuple(Creditor.objects.values_list("pk", flat=True)))
    for statement in (
        "UPDATE cases_person SET language = language",
        "SELECT id FROM cases_person FOR NO KEY UPDATE",
        "INSERT INTO public.contacts_plannedcontact SELECT * FROM pg_temp.contacts_plannedcontact",
        "DELETE FROM public.cases_case",
        "SELECT nextval('public.cases_case_id_seq')",
    ):
        with pytest.raises(DatabaseError) as refused, shadow.opened(part, known_on=ON), connection.cursor() as cursor:
            cursor.execute(statement)
        assert refused.value.__cause__.pgcode == running.READ_ONLY_REFUSED


def ahead(case: Case, **more: Any) -> list[alone.Day]:
    version = StrategyVersion.objects.get()
    return alone.ahead(case, version_id=version.pk, **{"at": AT, "days": 1, "send_day": nothing_sent} | more)


def test_what_is_ahead_reads_one_person_and_asks_for_the_policy_once(book):
    case = Case.objects.unresolved().order_by("pk")[0]
    asked: list[str] = []

    def note(execute: Any, statement: Any, *rest: Any) -> Any:
        asked.append(str(statement))
        return execute(statement, *rest)

    with connection.execute_wrapper(note):
        assert len(ahead(case, days=14)) == 14
    policies = [statement for statement in asked if FirmPolicyVersion._meta.db_table in statement]
    assert len(policies) == 1
    assert not [statement for statement in asked if "FROM public.cases_account AS account" in statement]
    assert len(asked) < 1_000


def close_the_night() -> Creditor:
    """Close it where no test before has done so."""
    creditor = Creditor.objects.get()
    night.close_of_day(creditor_id=creditor.pk, business_date=ON, at=AT)
    return creditor


def test_the_close_rehearsed_plans_what_the_close_then_plans(book):
    ran = running.run(task(keep_rows=True), send_day=nothing_sent)
    creditor = close_the_night()
    day = ON + timedelta(days=1)
    assert ran.first_day == day
    assert ran.rows == running.rows_of_day([creditor.pk], day)
    assert len(ran.rows) == PlannedContact.objects.filter(business_date=day).count() > 20


def test_what_is_ahead_of_a_case_is_what_the_rehearsal_of_the_book_says(book):
    close_the_night()  # so that every case stands
    tomorrow = AT + timedelta(days=1)
    before = everything()
    ran = running.run(dataclasses.replace(task(keep_rows=True), at=tomorrow), send_day=nothing_sent)
    keys = dict(Step.objects.values_list("pk", "key"))
    planned: dict[int, list[tuple[str, str]]] = {}
    for _creditor, person, _segment, step, channel, *_rest in ran.rows:
        planned.setdefault(person, []).append((step, channel))
    compared = 0
    for case in Case.objects.filter(status__in=["new", "working"]).order_by("pk"):
        (day,) = ahead(case, at=tomorrow)
        assert sorted((keys[step.step_id], step.channel) for step in day.steps) == planned.get(case.person_id, [])
        compared += bool(day.steps)
    assert compared > 5
    assert everything() == before
