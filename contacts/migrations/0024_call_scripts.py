"""Call scripts in versions, what was ticked as said in a call, and what was owed and said in the end."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from collections_app.shared import schema

DECIDED_STAYS = """
CREATE FUNCTION refuse_change_of_script() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.status <> 'draft' THEN
            RAISE EXCEPTION 'script version % was decided about and is kept', OLD.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'script_decided_is_never_changed';
        END IF;
        RETURN OLD;
    END IF;
    IF OLD.status <> 'draft'
       AND (OLD.body, OLD.conditions, OLD.language, OLD.version, OLD.script_id, OLD.written_by_id, OLD.created_at)
           IS DISTINCT FROM
           (NEW.body, NEW.conditions, NEW.language, NEW.version, NEW.script_id, NEW.written_by_id, NEW.created_at)
    THEN
        RAISE EXCEPTION 'script version % was decided about and is not changed', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'script_decided_is_never_changed';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER script_decided_is_never_changed BEFORE UPDATE OR DELETE ON contacts_scriptversion
    FOR EACH ROW EXECUTE FUNCTION refuse_change_of_script();

CREATE FUNCTION refuse_change_of_script_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'script % keeps its key and its place in the call', OLD.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'script_keeps_its_key';
END $$;

CREATE TRIGGER script_keeps_its_key BEFORE UPDATE ON contacts_script
    FOR EACH ROW WHEN (OLD.key IS DISTINCT FROM NEW.key OR OLD.stage IS DISTINCT FROM NEW.stage)
    EXECUTE FUNCTION refuse_change_of_script_key();
"""
UNDO = """
DROP TRIGGER script_keeps_its_key ON contacts_script;
DROP FUNCTION refuse_change_of_script_key();
DROP TRIGGER script_decided_is_never_changed ON contacts_scriptversion;
DROP FUNCTION refuse_change_of_script();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("contacts", "0023_outcome_of_a_call_may_be_undone"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="DisclosureTick",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("rule", models.CharField(max_length=40, verbose_name="rule")),
                ("pack", models.CharField(max_length=40, verbose_name="pack")),
                ("is_said", models.BooleanField(default=True, verbose_name="said")),
                ("script", models.CharField(max_length=60, verbose_name="script")),
                ("version", models.PositiveSmallIntegerField(verbose_name="version")),
                ("language", models.CharField(max_length=10, verbose_name="language")),
                ("words", models.CharField(max_length=600, verbose_name="words")),
                ("ticked_at", models.DateTimeField(verbose_name="when")),
                (
                    "attempt",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="disclosure_ticks",
                        to="contacts.contactattempt",
                    ),
                ),
                (
                    "ticked_by",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "tick of a disclosure",
                "verbose_name_plural": "ticks of disclosures",
            },
        ),
        migrations.CreateModel(
            name="Script",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.SlugField(max_length=60, unique=True, verbose_name="key")),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                (
                    "stage",
                    models.CharField(
                        choices=[
                            ("opening", "before the person is confirmed"),
                            ("talk", "after the person is confirmed"),
                        ],
                        default="talk",
                        max_length=10,
                        verbose_name="when in the call",
                    ),
                ),
            ],
            options={
                "verbose_name": "call script",
                "verbose_name_plural": "call scripts",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("stage__in", ["opening", "talk"])), name="script_stage_is_known"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="CallDisclosures",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "required",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40), default=list, verbose_name="required"
                    ),
                ),
                (
                    "ticked",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40), default=list, verbose_name="ticked"
                    ),
                ),
                (
                    "unticked",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40), default=list, verbose_name="said without a tick"
                    ),
                ),
                (
                    "unsaid",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40), default=list, verbose_name="not said"
                    ),
                ),
                ("scripts", models.JSONField(default=dict)),
                ("recorded_at", models.DateTimeField(verbose_name="when")),
                (
                    "attempt",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="disclosures",
                        to="contacts.contactattempt",
                    ),
                ),
                (
                    "recorded_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "disclosures of a call",
                "verbose_name_plural": "disclosures of calls",
                "indexes": [models.Index(fields=["recorded_at"], name="call_disclosures_by_day")],
            },
        ),
        migrations.CreateModel(
            name="ScriptVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("language", models.CharField(max_length=10, verbose_name="language")),
                ("version", models.PositiveSmallIntegerField(verbose_name="version")),
                ("conditions", models.JSONField(blank=True, default=dict, verbose_name="for")),
                ("body", models.TextField(max_length=8000, verbose_name="words")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "draft"),
                            ("approved", "in force"),
                            ("refused", "refused"),
                            ("retired", "retired"),
                        ],
                        default="draft",
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                ("approved_at", models.DateTimeField(blank=True, null=True, verbose_name="approved")),
                ("reason", models.CharField(blank=True, max_length=300, verbose_name="reason")),
                ("created_at", models.DateTimeField()),
                (
                    "approved_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "refused_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "script",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="versions", to="contacts.script"
                    ),
                ),
                (
                    "written_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "version of a call script",
                "verbose_name_plural": "versions of call scripts",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("script", "language", "version"), name="script_version_is_unique_per_language"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("status", "approved")),
                        fields=("script", "language"),
                        name="script_has_one_version_in_force_per_language",
                    ),
                    models.CheckConstraint(condition=models.Q(("version__gte", 1)), name="script_version_is_positive"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("approved_by__isnull", True),
                            models.Q(("approved_by", models.F("written_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="script_is_approved_by_somebody_else",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "approved"), _negated=True),
                            models.Q(("approved_at__isnull", False), ("approved_by__isnull", False)),
                            _connector="OR",
                        ),
                        name="script_approved_says_when_and_by_whom",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("refused_by__isnull", True),
                            models.Q(("refused_by", models.F("written_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="script_is_refused_by_somebody_else",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "refused"), _negated=True),
                            models.Q(("reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="script_refused_says_why",
                    ),
                ],
            },
        ),
        schema.state_guard(
            "contacts_scriptversion",
            begins=["draft"],
            moves=[("draft", "approved"), ("draft", "refused"), ("approved", "retired")],
        ),
        migrations.RunSQL(DECIDED_STAYS, UNDO),
        schema.append_only("contacts_disclosuretick"),
        schema.append_only("contacts_calldisclosures"),
        schema.insert_only("contacts_disclosuretick", "contacts_calldisclosures"),
    ]
