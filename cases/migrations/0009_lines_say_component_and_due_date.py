"""Every ledger line belongs to a component, lines of one payment know each other, creditors say whose books count.

Lines written before are those of tapes that state one sum, and of payments on them: `unsplit`. Lines only grow, so the
rule that keeps them is lifted for that one statement.
"""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

NAME_COMPONENTS = """
ALTER TABLE cases_ledgerentry DISABLE TRIGGER cases_ledgerentry_grows;
UPDATE cases_ledgerentry SET component = 'unsplit' WHERE component = '';
ALTER TABLE cases_ledgerentry ENABLE TRIGGER cases_ledgerentry_grows;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0008_holds_and_places_of_any_day_by_index"),
    ]

    operations = [
        migrations.RunSQL(NAME_COMPONENTS, migrations.RunSQL.noop),
        migrations.AddField(
            model_name="creditor",
            name="books",
            field=models.CharField(
                choices=[("source", "the creditor's system"), ("ours", "this system")],
                default="source",
                max_length=8,
                verbose_name="balance by the books of",
            ),
        ),
        migrations.AddField(
            model_name="ledgerentry",
            name="due_on",
            field=models.DateField(blank=True, null=True, verbose_name="due"),
        ),
        migrations.AddField(
            model_name="ledgerentry",
            name="only",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=12), blank=True, null=True
            ),
        ),
        migrations.AddField(
            model_name="ledgerentry",
            name="part_of",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="parts",
                to="cases.ledgerentry",
            ),
        ),
        migrations.AlterField(
            model_name="ledgerentry",
            name="component",
            field=models.CharField(
                choices=[
                    ("principal", "principal"),
                    ("interest", "interest"),
                    ("penalty", "penalty interest"),
                    ("fee", "fee"),
                    ("cost", "cost"),
                    ("unsplit", "not split by the source"),
                    ("credit", "paid too much"),
                ],
                default="unsplit",
                max_length=12,
                verbose_name="component",
            ),
        ),
        migrations.AlterField(
            model_name="ledgerentry",
            name="kind",
            field=models.CharField(
                choices=[
                    ("principal", "principal"),
                    ("interest", "interest"),
                    ("penalty", "penalty interest"),
                    ("fee", "fee"),
                    ("cost", "cost"),
                    ("payment", "payment"),
                    ("reversal", "reversal"),
                    ("waiver", "waiver"),
                    ("write_off", "write-off"),
                    ("adjustment", "adjustment"),
                    ("reallocation", "divided anew"),
                ],
                max_length=12,
                verbose_name="kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="ledgerentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("component__in", ["principal", "interest", "penalty", "fee", "cost", "unsplit", "credit"])
                ),
                name="ledger_component_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="ledgerentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "reallocation"), _negated=True), ("part_of__isnull", False), _connector="OR"
                ),
                name="ledger_reallocation_names_what_it_divides",
            ),
        ),
        migrations.AddConstraint(
            model_name="ledgerentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("component", "credit"), _negated=True), ("due_on__isnull", True), _connector="OR"
                ),
                name="ledger_credit_has_no_due_date",
            ),
        ),
    ]
