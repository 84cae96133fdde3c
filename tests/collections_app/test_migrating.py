"""Migrations applied together make the same tables as one by one."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.db import connection, migrations, models
from django.db.migrations.migration import Migration
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from collections_app.database import as_owner
from collections_app.migrating import Together, quicker, together

COLUMNS = """
SELECT table_name, column_name, ordinal_position, data_type, is_nullable FROM information_schema.columns
WHERE table_name LIKE 'toys_%' ORDER BY 1, 3
"""
RULES = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE conrelid::regclass::text LIKE 'toys_%' ORDER BY 1, 2
"""
INDEXES = "SELECT indexname, indexdef FROM pg_indexes WHERE tablename LIKE 'toys_%' ORDER BY 1"


def _operations() -> list[Operation]:
    key = ("id", models.BigAutoField(primary_key=True))
    return [
        migrations.CreateModel("Box", [key, ("size", models.IntegerField())], {"indexes": [], "constraints": []}),
        migrations.CreateModel("Lid", [key, ("box", models.ForeignKey("toys.Box", models.CASCADE))]),
        migrations.AddField("box", "colour", models.CharField(max_length=9, default="red")),
        migrations.AddField("box", "best", models.ForeignKey("toys.Lid", models.SET_NULL, null=True)),
        migrations.AddConstraint("box", models.CheckConstraint(condition=models.Q(size__gt=0), name="box_has_a_size")),
        migrations.AddIndex("box", models.Index(fields=["colour", "size"], name="box_by_colour")),
        migrations.AddConstraint("box", models.UniqueConstraint(fields=["size"], name="one_box_of_a_size")),
        migrations.RunSQL("ALTER TABLE toys_box SET (fillfactor = 80)", migrations.RunSQL.noop),
        migrations.AlterField("box", "colour", models.CharField(max_length=20, default="red")),
    ]


def _apply(apply: Callable[..., Any], operations: Sequence[Operation]) -> list[Any]:
    """Apply as one migration, return what PostgreSQL then has, and take it away again."""
    migration = Migration("first", "toys")
    migration.operations = list(operations)
    found: list[Any] = []
    state = ProjectState()
    state.apps  # noqa: B018  (rendered, as it is in the middle of a run)
    with as_owner("default"):
        with connection.schema_editor() as editor:
            apply(migration, state, editor)
        with connection.cursor() as cursor:
            for statement in (COLUMNS, RULES, INDEXES):
                cursor.execute(statement)
                found.append(cursor.fetchall())
            cursor.execute("DROP TABLE toys_box, toys_lid")
    return found


@pytest.mark.usefixtures("own_database")
def test_operations_taken_together_make_the_same_tables_as_one_by_one():
    one_by_one = _apply(Migration.apply, _operations())
    with quicker():
        assert _apply(Migration.apply, _operations()) == one_by_one
    columns, rules, indexes = one_by_one
    assert [row[:2] for row in columns] == [
        ("toys_box", "id"), ("toys_box", "size"), ("toys_box", "colour"), ("toys_box", "best_id"),
        ("toys_lid", "id"), ("toys_lid", "box_id"),
    ]  # fmt: skip
    assert {"box_has_a_size", "one_box_of_a_size"} <= {name for _table, name, _text in rules}
    assert "box_by_colour" in {name for name, _text in indexes}


def test_only_neighbours_of_one_kind_are_taken_together_and_the_order_stays():
    declared = _operations()
    taken = together(declared)
    assert [len(each.operations) if isinstance(each, Together) else 1 for each in taken] == [2, 2, 3, 1, 1]
    spread = [one for each in taken for one in (each.operations if isinstance(each, Together) else [each])]
    assert spread == declared


def test_after_the_block_migrations_are_applied_as_django_does():
    before = Migration.apply
    with quicker():
        assert Migration.apply is not before
    assert Migration.apply is before
