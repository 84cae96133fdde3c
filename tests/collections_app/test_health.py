"""What whoever watches the installation is told."""

import pytest
from django.db import ProgrammingError
from django.test import Client

from collections_app import doctor, health
from tests.conftest import OwnDatabase


def test_live_says_only_that_the_process_answers(client: Client):
    # Without the mark django_db, touching the database would fail the test.
    answer = client.get("/health/live")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.django_db
def test_ready_when_the_database_answers_and_is_migrated(client: Client):
    assert client.get("/health/ready").json() == {"status": "ok", "problems": []}


def test_not_ready_while_a_migration_waits(client: Client, fresh_database: OwnDatabase):
    from django.db import connection

    with fresh_database.as_owner(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'contacts'")
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["problems"][0].startswith("migrations_waiting:")


@pytest.mark.django_db
@pytest.mark.parametrize(("age", "status"), [(None, 200), (0, 200), (180, 200), (181, 503)])
def test_the_queue_is_stale_after_three_minutes(client: Client, monkeypatch, age, status):
    monkeypatch.setitem(health._queues, "contacts", lambda: age)
    answer = client.get("/health/queue")
    assert (answer.status_code, answer.json()["oldest_due_s"]["contacts"]) == (status, float(age or 0))


@pytest.mark.django_db
def test_a_queue_that_cannot_be_told_is_stale(client: Client, monkeypatch):
    def broken() -> float:
        raise ProgrammingError("no such table")

    monkeypatch.setitem(health._queues, "contacts", broken)
    answer = client.get("/health/queue")
    assert (answer.status_code, answer.json()["stale"]) == (503, ["contacts"])


@pytest.mark.django_db
def test_metrics_are_for_the_holder_of_the_token(client: Client, settings):
    assert client.get("/metrics").status_code == 404
    settings.METRICS_TOKEN = "t0ken"
    assert client.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 404
    answer = client.get("/metrics", headers={"Authorization": "Bearer t0ken"})
    assert answer.status_code == 200
    assert 'collections_queue_oldest_due_seconds{queue="contacts"} 0.0' in answer.content.decode()


@pytest.mark.django_db
def test_the_doctor_finds_nothing_wrong_with_the_role_of_tests():
    assert doctor.role().ok
    assert doctor.history().ok
    assert doctor.migrations().ok


def test_the_doctor_refuses_an_owner_as_the_role_of_web_and_workers(own_database: OwnDatabase):
    with own_database.as_owner():
        role, history = doctor.role(), doctor.history()
    assert not role.ok
    assert "owner is superuser" in role.says
    assert "tables or sequences" in role.says
    assert not history.ok
    assert "TRUNCATE on compliance_decision" in history.says


@pytest.mark.django_db
def test_the_doctor_answers_every_question_even_where_one_fails(settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    found = {finding.name: finding for finding in doctor.examine()}
    assert list(found) == [
        "environment", "database", "role", "history", "migrations", "broker", "workers", "beat", "epoch", "queue",
        "providers", "telephone", "packs", "feeds",
    ]  # fmt: skip
    assert not found["broker"].ok
    assert "Check REDIS_URL" in found["broker"].mend
