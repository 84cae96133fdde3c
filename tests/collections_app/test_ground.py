"""The ground that every other test stands on."""

import subprocess
import sys
import threading

import pytest
from django.conf import settings
from django.db import ProgrammingError, connection

from collections_app import database
from collections_app.staff.models import Team
from tests.conftest import OwnDatabase


def _one(sql: str, *parameters: object) -> object:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchone()[0]


@pytest.mark.django_db
def test_tests_run_as_a_role_that_owns_nothing_and_is_no_superuser():
    assert _one("SELECT current_user") == settings.DATABASE_APP_ROLE == "app"
    assert _one("SELECT rolsuper OR rolcreatedb OR rolcreaterole FROM pg_roles WHERE rolname = current_user") is False
    assert _one("SELECT count(*) FROM pg_tables WHERE tableowner = current_user") == 0


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement", ["CREATE TABLE made_by_app ()", "TRUNCATE staff_team CASCADE", "DROP TABLE staff_team"]
)
def test_the_role_app_cannot_change_the_structure(statement):
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
        _one(statement)


@pytest.mark.django_db
def test_a_view_or_task_cannot_wait_for_ever():
    assert _one("SHOW statement_timeout") == "30s"
    assert _one("SHOW lock_timeout") == "15s"
    assert _one("SHOW idle_in_transaction_session_timeout") == "30s"


def test_threads_and_child_processes_share_a_database_of_the_module(own_database: OwnDatabase):
    def add() -> None:
        Team.objects.create(name="seen by all")
        connection.close()

    thread = threading.Thread(target=add)
    thread.start()
    thread.join()
    count = "from collections_app.staff.models import Team; print(Team.objects.filter(name='seen by all').count())"
    child = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v", "0", "--no-imports", "-c", count],
        cwd=settings.BASE_DIR, env=own_database.env, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert child.stdout.strip() == "1"
    assert Team.objects.filter(name="seen by all").count() == 1


@pytest.mark.django_db
def test_a_database_of_a_module_leaves_nothing_in_the_common_one():
    assert not Team.objects.filter(name="seen by all").exists()


def test_the_owner_acts_only_inside_its_block(own_database: OwnDatabase):
    with own_database.as_owner():
        assert _one("SELECT current_user") == "owner"
        assert _one("SHOW statement_timeout") == "0"
    assert _one("SELECT current_user") == "app"
    assert _one("SHOW statement_timeout") == "30s"


@pytest.mark.parametrize("name", ["Robert'); DROP", "1st", "Grand", "", "a" * 64, 'x"y'])
def test_a_database_name_is_small_letters_digits_and_underscores(name):
    with pytest.raises(ValueError, match="no database name"):
        database.create(name)


def test_tests_cannot_leave_the_machine():
    import requests

    with pytest.raises(RuntimeError, match="never leave the machine"):
        requests.get("http://192.0.2.1/", timeout=1)
