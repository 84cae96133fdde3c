"""Case, stay and person of a planned contact belong together, and each of them is there: kept by PostgreSQL."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from contacts.models import PlannedContact
from tests.factories.contacts import PlannedContactFactory

pytestmark = pytest.mark.django_db
NOBODY = 10**12


def written(row: PlannedContact, **changed: Any) -> None:
    """Change columns of a row and check at once what PostgreSQL else checks at the commit."""
    with transaction.atomic():
        PlannedContact.objects.filter(pk=row.pk).update(**changed)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def removed(row: Any) -> None:
    """Remove a row as nobody may, and check at once what hangs on it."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {row._meta.db_table} WHERE id = %s", [row.pk])
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.parametrize("column", ["case_id", "enrolment_id", "person_id"])
def test_what_it_hangs_on_is_there(column):
    with pytest.raises(IntegrityError):
        written(PlannedContactFactory(), **{column: NOBODY})


@pytest.mark.parametrize("column", ["case_id", "enrolment_id", "person_id"])
def test_what_it_hangs_on_is_of_the_same_person(column):
    row, other = PlannedContactFactory(), PlannedContactFactory()
    assert row.person_id != other.person_id
    with pytest.raises(IntegrityError):
        written(row, **{column: getattr(other, column)})


@pytest.mark.parametrize("parent", ["case", "enrolment", "person"])
def test_what_something_hangs_on_stays(parent):
    row = PlannedContactFactory()
    with pytest.raises(IntegrityError):
        removed(getattr(row, parent))


def test_a_contact_of_one_person_is_kept():
    row = PlannedContactFactory()
    written(row, case_id=row.case_id, enrolment_id=row.enrolment_id, person_id=row.person_id)


def test_no_key_checks_what_another_one_checks():
    keys = "SELECT count(*) FROM pg_constraint WHERE conrelid = 'contacts_plannedcontact'::regclass AND contype = 'f'"
    with connection.cursor() as cursor:
        cursor.execute(keys)
        assert cursor.fetchone() == (5,)
