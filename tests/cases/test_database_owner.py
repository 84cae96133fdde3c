"""What not even the owner of the tables may do."""

import pytest
from django.db import DatabaseError, connection, transaction

from tests.factories.cases import AccountFactory


def refused(sql, *params):
    with pytest.raises(DatabaseError, match="only grows"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, params)


def test_the_owner_may_not_change_history_either(fresh_database):
    entry = AccountFactory().entries.get()
    with fresh_database.as_owner():
        refused("UPDATE cases_ledgerentry SET amount = 1 WHERE id = %s", entry.pk)
        refused("DELETE FROM cases_ledgerentry WHERE id = %s", entry.pk)
        refused("TRUNCATE cases_ledgerentry CASCADE")
