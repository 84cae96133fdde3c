"""A promise has parts, says who made it and what it replaces, and late news may still keep it."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q

from collections_app.shared import schema

EARLIER = [
    ("kept", "broken"),
    ("kept", "open"),
    ("open", "broken"),
    ("open", "cancelled"),
    ("open", "kept"),
    ("open", "partly_kept"),
    ("partly_kept", "broken"),
    ("partly_kept", "open"),
]
MOVES = [*EARLIER, ("broken", "kept"), ("broken", "open"), ("broken", "partly_kept"), ("kept", "partly_kept"),
         ("partly_kept", "kept")]  # fmt: skip
OLD_MOVES = schema.state_guard("cases_promise", begins=["open"], moves=EARLIER)
FILL = """
UPDATE cases_promise SET next_due_on = due_on, first_due_on = due_on;
INSERT INTO cases_promisepart (promise_id, person_id, number, due_on, amount, currency)
SELECT id, person_id, 1, due_on, amount, currency FROM cases_promise ORDER BY id;
SET CONSTRAINTS ALL IMMEDIATE;
"""
REVOKE = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'app') THEN
        EXECUTE 'REVOKE UPDATE, DELETE, TRUNCATE ON cases_promisepart FROM app';
    END IF;
END $$;
"""
BY = [
    ("borrower", "the borrower"),
    ("joint_debtor", "a joint debtor"),
    ("guarantor", "a guarantor"),
    ("third_party", "somebody else"),
]


class Migration(migrations.Migration):
    dependencies = [("cases", "0012_payments_say_who_paid_and_meet_the_bank")]

    operations = [
        migrations.AddField(
            model_name="product",
            name="promise_moves",
            field=models.PositiveSmallIntegerField(default=2, verbose_name="a promise may be moved, times"),
        ),
        migrations.AddField(
            model_name="product",
            name="promise_move_days",
            field=models.PositiveSmallIntegerField(default=14, verbose_name="a promise may be moved by at most, days"),
        ),
        migrations.CreateModel(
            name="PromisePart",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveSmallIntegerField()),
                ("due_on", models.DateField(verbose_name="due")),
                ("amount", models.DecimalField(decimal_places=2, max_digits=18, verbose_name="amount")),
                ("currency", models.CharField(max_length=3)),
                (
                    "person",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="cases.person",
                    ),
                ),
                (
                    "promise",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="parts",
                        to="cases.promise",
                    ),
                ),
            ],
            options={"verbose_name": "part of a promise", "verbose_name_plural": "parts of a promise"},
        ),
        migrations.AddConstraint(
            model_name="promisepart",
            constraint=models.UniqueConstraint(fields=("promise", "number"), name="promise_part_number_is_unique"),
        ),
        migrations.AddConstraint(
            model_name="promisepart",
            constraint=models.CheckConstraint(condition=Q(("amount__gt", 0)), name="promise_part_is_positive"),
        ),
        migrations.AddConstraint(
            model_name="promisepart",
            constraint=models.CheckConstraint(
                condition=Q(
                    Q(("currency__in", ["JPY", "KRW", "VND"]), _negated=True),
                    ("amount", models.Func(F("amount"), function="trunc", output_field=models.DecimalField())),
                    _connector="OR",
                ),
                name="promise_part_has_whole_units_where_currency_has",
            ),
        ),
        migrations.AddField(
            model_name="promise", name="next_due_on", field=models.DateField(null=True, verbose_name="next due")
        ),
        migrations.AddField(
            model_name="promise", name="first_due_on", field=models.DateField(null=True, verbose_name="due at first")
        ),
        migrations.AddField(
            model_name="promise",
            name="moved_times",
            field=models.PositiveSmallIntegerField(default=0, verbose_name="moved, times"),
        ),
        migrations.AddField(
            model_name="promise",
            name="promised_by",
            field=models.CharField(choices=BY, default="borrower", max_length=12, verbose_name="promised by"),
        ),
        migrations.AddField(
            model_name="promise",
            name="promiser",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="cases.person",
            ),
        ),
        migrations.AddField(
            model_name="promise",
            name="replaces",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="replaced_by",
                to="cases.promise",
            ),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="promise", name="next_due_on", field=models.DateField(verbose_name="next due")
        ),
        migrations.AlterField(
            model_name="promise", name="first_due_on", field=models.DateField(verbose_name="due at first")
        ),
        migrations.AddConstraint(
            model_name="promise",
            constraint=models.CheckConstraint(
                condition=Q(("next_due_on__lte", F("due_on"))), name="promise_next_part_is_one_of_its_days"
            ),
        ),
        migrations.AddConstraint(
            model_name="promise",
            constraint=models.CheckConstraint(
                condition=Q(
                    ("moved_times", 0), Q(("moved_times__gt", 0), ("replaces__isnull", False)), _connector="OR"
                ),
                name="promise_moved_says_what_it_replaces",
            ),
        ),
        migrations.RemoveIndex(model_name="promise", name="promises_open_by_due_date"),
        migrations.AddIndex(
            model_name="promise",
            index=models.Index(
                condition=Q(("status", "open")), fields=["creditor", "next_due_on"], name="promises_open_by_next_date"
            ),
        ),
        migrations.RunSQL(OLD_MOVES.reverse_sql, OLD_MOVES.sql),
        schema.state_guard("cases_promise", begins=["open"], moves=MOVES),
        schema.same_person("cases_promisepart", "promise_id", "cases_promise"),
        schema.append_only("cases_promisepart"),
        migrations.RunSQL(REVOKE, migrations.RunSQL.noop),
    ]
