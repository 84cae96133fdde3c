"""What the role of the web and its workers may do: after all migrations a proof can be read and added to, no more."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

pytestmark = pytest.mark.django_db

ROOT = Path(settings.BASE_DIR)
LISTED = re.compile(r"insert_only=\[(?P<list>[^\]]*)\]|insert_only\((?P<call>[^)]*)\)")


def proofs():
    """Return the tables from which some migration took the rights to change and to remove."""
    found = set()
    for path in ROOT.glob("**/migrations/0*.py"):
        if ".venv" in path.parts or "var" in path.parts:
            continue
        for match in LISTED.finditer(path.read_text(encoding="utf-8")):
            found |= set(re.findall(r'"([a-z_]+)"', match["list"] or match["call"] or ""))
    return found


def test_nothing_gives_back_the_right_to_change_a_proof():
    tables = proofs()
    assert {"compliance_auditevent", "compliance_decision", "cases_ledgerentry", "contacts_rollout"} <= tables
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("app",)
        for table in sorted(tables):
            for right, given in (("SELECT", True), ("INSERT", True), ("UPDATE", False), ("DELETE", False)):
                cursor.execute("SELECT has_table_privilege(%s, %s)", [table, right])
                assert cursor.fetchone() == (given,), (table, right)


def test_the_role_owns_nothing_and_may_not_make_tables():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_class WHERE relowner = 'app'::regrole")
        assert cursor.fetchone() == (0,)
        cursor.execute("SELECT has_schema_privilege('public', 'CREATE')")
        assert cursor.fetchone() == (False,)
