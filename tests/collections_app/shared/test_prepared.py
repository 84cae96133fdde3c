"""A prepared statement is planned once per connection, survives what a transaction does, and is not needed."""

import pytest
from django.db import DataError, connection, transaction

from collections_app.shared import prepared
from collections_app.shared.prepared import Prepared

ADD = Prepared("SELECT $1 + $2, $3 || ' 100%', $4", ["bigint", "bigint", "text", "bigint[]"])
DIVIDE = Prepared("SELECT 12 / $1", ["bigint"])
KNOWN = "SELECT count(*) FROM pg_prepared_statements WHERE name = %s"
pytestmark = pytest.mark.django_db


def known(statement: Prepared) -> int:
    with connection.cursor() as cursor:
        cursor.execute(KNOWN, [statement.name])
        return cursor.fetchone()[0]


def test_it_is_planned_once_and_run_as_often_as_asked(django_assert_num_queries):
    ADD.rows([1, 1, "a", []])
    assert known(ADD) == 1
    with django_assert_num_queries(2):
        assert ADD.rows([1, 2, "it's", [4, 5]]) == [(3, "it's 100%", [4, 5])]
        assert ADD.rows([None, 2, "%s", []]) == [(None, "%s 100%", [])]


def test_a_statement_that_fails_can_be_asked_again():
    with pytest.raises(DataError), transaction.atomic():
        DIVIDE.rows([0])
    assert DIVIDE.rows([4]) == [(3,)]
    assert known(DIVIDE) == 1


def test_behind_a_pooler_the_same_text_is_sent_plainly(monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "DISABLE_SERVER_SIDE_CURSORS", 1)
    plain = Prepared("SELECT $1 + $2, '%', $10", ["bigint"] * 10)
    assert plain.rows([1, 2, 0, 0, 0, 0, 0, 0, 0, 77]) == [(3, "%", 77)]
    assert known(plain) == 0


def test_a_session_that_has_it_is_not_asked_to_prepare_it_again():
    kept = Prepared("SELECT $1 * 2", ["bigint"])
    again = Prepared("SELECT $1 * 2", ["bigint"])
    assert kept.rows([4]) == [(8,)]
    del prepared._known[connection.connection]  # the memory of it is lost
    assert again.rows([21]) == [(42,)]
