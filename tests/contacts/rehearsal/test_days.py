"""The days of a rehearsal: the steps of the night on copies, and nothing real touched."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection

from cases.models import Case, Creditor
from contacts import night
from contacts.models import PlannedContact, StrategyVersion
from contacts.rehearsal import running, shadow
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


def test_the_close_rehearsed_plans_what_the_close_then_plans(book):
    ran = running.run(task(keep_rows=True), send_day=nothing_sent)
    creditor = Creditor.objects.get()
    night.close_of_day(creditor_id=creditor.pk, business_date=ON, at=AT)
    day = ON + timedelta(days=1)
    assert ran.first_day == day
    assert ran.rows == running.rows_of_day([creditor.pk], day)
    assert len(ran.rows) == PlannedContact.objects.filter(business_date=day).count() > 20
