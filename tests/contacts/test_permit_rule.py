"""No attempt of ours without its own permit, whatever code tries: plain SQL as the role `app`."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from compliance.models import Decision
from contacts.models import ContactAttempt
from tests.factories import NOW
from tests.factories.cases import CaseFactory, ContactPointFactory
from tests.factories.contacts import AttemptFactory, DecisionFactory

pytestmark = pytest.mark.django_db

INSERT = """
INSERT INTO contacts_contactattempt (
    person_id, contacted_id, creditor_id, case_id, contact_point_id, address_id, decision_id, origin, direction,
    channel, party, purpose, content_class, automated, debts, status, outcome, key, at, valid_from, valid_until,
    started_at, recorded_at, content_sha256, provider, provider_ref, reason_code, is_permanent_failure, flagged_rule)
VALUES (
    %(person_id)s, %(contacted_id)s, %(creditor_id)s, %(case_id)s, %(contact_point_id)s, %(address_id)s,
    %(decision_id)s, %(origin)s, 'outbound', %(channel)s, 'debtor', %(purpose)s, %(content_class)s, %(automated)s,
    '{}', %(status)s, '', gen_random_uuid(), %(at)s, %(valid_from)s, %(valid_until)s,
    %(started_at)s, %(at)s, '', '', '',
    %(reason)s, false, '')
RETURNING id
"""


@pytest.fixture
def permitted() -> dict[str, Any]:
    """Return the columns of an attempt that agrees with a permit in everything."""
    case = CaseFactory(at=NOW)
    decision = DecisionFactory(person_id=case.person_id, contact_point_id=case.point.pk, creditor_id=case.creditor_id)
    return {
        "person_id": case.person_id,
        "contacted_id": case.person_id,
        "creditor_id": case.creditor_id,
        "case_id": case.pk,
        "contact_point_id": case.point.pk,
        "address_id": case.point.address_id,
        "decision_id": decision.pk,
        "origin": "ours",
        "channel": "phone",
        "purpose": "collection",
        "content_class": "reminder",
        "automated": False,
        "status": "cleared",
        "at": NOW,
        "valid_from": decision.valid_from,
        "valid_until": decision.valid_until,
        "started_at": None,
        "reason": "",
    }


def insert(columns: dict[str, Any]) -> int:
    """Write the row and end the transaction as a commit would."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(INSERT, columns)
        (pk,) = cursor.fetchone()
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    return int(pk)


def update(pk: int, change: str) -> None:
    """Change the row and end the transaction as a commit would."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE contacts_contactattempt SET {change} WHERE id = %s", [pk])
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def execute(statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_we_act_as_the_role_app_and_own_nothing():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user, count(*) FILTER (WHERE tableowner = current_user) FROM pg_tables"
            " WHERE schemaname = 'public'"
        )
        assert cursor.fetchone() == ("app", 0)


def test_an_attempt_that_agrees_with_its_permit_is_taken(permitted):
    assert insert(permitted) > 0


@pytest.mark.parametrize(
    ("column", "other"),
    [
        ("channel", "visit"),
        ("purpose", "locate"),
        ("content_class", "demand"),
        ("automated", True),
        ("valid_from", NOW - timedelta(seconds=1)),
        ("valid_until", NOW + timedelta(minutes=4)),
        ("at", NOW - timedelta(seconds=1)),
        ("at", NOW + timedelta(minutes=3)),
        ("started_at", NOW + timedelta(minutes=3)),
    ],
)
def test_an_attempt_that_differs_from_its_permit_is_refused(permitted, column, other):
    with pytest.raises(IntegrityError, match="differs from what its decision permitted"):
        insert(permitted | {column: other})


def test_an_attempt_to_another_point_of_the_person_is_refused(permitted):
    other = ContactPointFactory(person_id=permitted["person_id"])
    with pytest.raises(IntegrityError, match="differs from what its decision permitted"):
        insert(permitted | {"contact_point_id": other.pk})
    with pytest.raises(IntegrityError, match="differs from what its decision permitted"):
        insert(permitted | {"contact_point_id": None})


def test_an_attempt_to_another_person_is_refused(permitted):
    other = CaseFactory(at=NOW)
    with pytest.raises(IntegrityError, match="differs from what its decision permitted"):
        insert(permitted | {"contacted_id": other.person_id, "contact_point_id": other.point.pk})


def test_a_permit_for_another_persons_contact_is_no_use(permitted):
    """The row agrees with itself in everything; only the permit is about somebody else."""
    other = CaseFactory(at=NOW)
    theirs = DecisionFactory(person_id=other.person_id, contact_point_id=other.point.pk, creditor_id=other.creditor_id)
    with pytest.raises(IntegrityError, match="differs from what its decision permitted"):
        insert(permitted | {"decision_id": theirs.pk})


def test_an_attempt_without_a_decision_is_refused(permitted):
    with pytest.raises(IntegrityError):
        insert(permitted | {"decision_id": None})


def test_a_refusal_permits_nothing(permitted):
    refusal = DecisionFactory(
        refused=True, person_id=permitted["person_id"], contact_point_id=permitted["contact_point_id"]
    )
    with pytest.raises(IntegrityError, match="has no permitting decision"):
        insert(permitted | {"decision_id": refusal.pk, "valid_from": None, "valid_until": None})


def test_a_permit_is_used_once(permitted):
    insert(permitted)
    with pytest.raises(IntegrityError, match="decision_id"):
        insert(permitted)


def test_a_permit_that_was_given_back_is_still_used(permitted):
    pk = insert(permitted)
    update(pk, "status = 'cancelled'")
    with pytest.raises(IntegrityError, match="decision_id"):
        insert(permitted)


def test_the_unused_permit_of_another_contact_cannot_be_taken_over(permitted):
    pk = insert(permitted)
    spare = DecisionFactory(person_id=permitted["person_id"], contact_point_id=permitted["contact_point_id"])
    with pytest.raises(IntegrityError, match="keeps its origin, decision and key"):
        update(pk, f"decision_id = {spare.pk}")


def test_one_permit_for_two_rows_of_one_statement_is_refused(permitted):
    with pytest.raises(IntegrityError, match="decision_id"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(INSERT.replace("RETURNING id", "") + ";" + INSERT, permitted)


def test_an_attempt_of_ours_cannot_hide_behind_another_origin(permitted):
    """What is recorded as reported by others needs no permit, and can therefore never become a contact of ours."""
    pk = insert(permitted | {"origin": "reported", "status": "recorded", "decision_id": None,
                             "valid_from": None, "valid_until": None})  # fmt: skip
    for change in ("origin = 'ours'", "status = 'cleared'", "origin = 'ours', status = 'cleared'"):
        with pytest.raises(IntegrityError):
            update(pk, change)


def test_a_withheld_attempt_needs_no_permit(permitted):
    refusal = DecisionFactory(refused=True, person_id=permitted["person_id"])
    columns = {
        "decision_id": refusal.pk,
        "status": "withheld",
        "reason": "CN-HOURS",
        "valid_from": None,
        "valid_until": None,
    }
    assert insert(permitted | columns | {"valid_until": None}) > 0


def test_a_withheld_attempt_never_becomes_another_kind_of_row(permitted):
    attempt = AttemptFactory(withheld=True)
    for change in (
        "status = 'cleared'",
        "status = 'sent'",
        "origin = 'reported'",
        "decision_id = NULL",
        "key = gen_random_uuid()",
    ):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE contacts_contactattempt SET {change} WHERE id = %s", [attempt.pk])


def test_an_attempt_cannot_drift_away_from_its_permit_later(permitted):
    pk = insert(permitted)
    for change in ("channel = 'visit'", "automated = true", "started_at = at + interval '1 hour'"):
        with pytest.raises(IntegrityError):
            update(pk, change)


def test_the_orm_in_bulk_gets_no_further(permitted):
    columns = {key: value for key, value in permitted.items() if key not in ("reason", "decision_id")}
    with pytest.raises(IntegrityError):
        ContactAttempt.objects.bulk_create([ContactAttempt(**columns, recorded_at=NOW)])


@pytest.mark.parametrize("statement", ["DELETE FROM {}", "TRUNCATE {}", "ALTER TABLE {} DISABLE TRIGGER ALL"])
@pytest.mark.parametrize("table", ["contacts_contactattempt", "compliance_decision"])
def test_the_proof_cannot_be_taken_away(permitted, statement, table):
    insert(permitted)
    with pytest.raises(DatabaseError):
        execute(statement.format(table))
    assert Decision.objects.count() == 1
    assert ContactAttempt.objects.count() == 1
