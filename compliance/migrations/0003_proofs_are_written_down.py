"""Drills, replays and checks of the packs are written down, and never changed."""

import django.db.models.functions.datetime
from django.db import migrations, models

KEEP = """
CREATE TRIGGER compliance_checkrun_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON compliance_checkrun
    FOR EACH STATEMENT EXECUTE FUNCTION compliance_refuse_change();
"""
DROP_KEEP = "DROP TRIGGER compliance_checkrun_is_append_only ON compliance_checkrun;"
REVOKE = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'app') THEN
        EXECUTE 'REVOKE UPDATE, DELETE, TRUNCATE ON compliance_checkrun FROM app';
    END IF;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("compliance", "0002_packs_are_released_on_a_day"),
    ]

    operations = [
        migrations.CreateModel(
            name="CheckRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=40, verbose_name="name")),
                ("ran_at", models.DateTimeField(verbose_name="when")),
                ("ok", models.BooleanField(verbose_name="held")),
                ("figures", models.JSONField(default=dict, verbose_name="figures")),
                ("actor_kind", models.CharField(max_length=10)),
                ("actor_id", models.BigIntegerField(blank=True, null=True)),
                ("actor_label", models.CharField(max_length=150, verbose_name="run by")),
                ("recorded_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "verbose_name": "run of a check",
                "verbose_name_plural": "runs of checks",
                "indexes": [models.Index(fields=["name", "-ran_at"], name="latest_runs_of_a_check")],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("name", ""), _negated=True), name="check_run_has_a_name")
                ],
            },
        ),
        migrations.RunSQL(KEEP, DROP_KEEP),
        migrations.RunSQL(REVOKE, migrations.RunSQL.noop),
    ]
