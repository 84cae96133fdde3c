"""Experiments: registered beforehand, drawn by chance, kept by the database once begun."""

import django.db.models.deletion
import django_fsm
from django.conf import settings
from django.db import migrations, models

from collections_app.shared import schema

# What was registered stays as it is once persons are drawn; only the end may still be written.
BEGUN = migrations.RunSQL(
    """
    CREATE FUNCTION refuse_change_of_a_begun_experiment() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE ending text[] := ARRAY['status', 'ended_at', 'ended_by_id', 'ended_reason'];
    BEGIN
        IF TG_OP = 'DELETE' THEN
            RAISE EXCEPTION 'an experiment is dropped or ended, never deleted' USING ERRCODE = 'insufficient_privilege';
        END IF;
        IF OLD.status <> 'registered' AND to_jsonb(NEW) - ending IS DISTINCT FROM to_jsonb(OLD) - ending THEN
            RAISE EXCEPTION 'a begun experiment is not changed' USING ERRCODE = 'insufficient_privilege';
        END IF;
        IF OLD.status IN ('ended', 'dropped') AND to_jsonb(NEW) IS DISTINCT FROM to_jsonb(OLD) THEN
            RAISE EXCEPTION 'an experiment that is over is not changed' USING ERRCODE = 'insufficient_privilege';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER contacts_experiment_stays BEFORE UPDATE OR DELETE ON contacts_experiment
        FOR EACH ROW EXECUTE FUNCTION refuse_change_of_a_begun_experiment();

    CREATE FUNCTION refuse_change_of_who_takes_part() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT FROM contacts_experiment AS each
                   WHERE each.id IN (NEW.experiment_id, OLD.experiment_id) AND each.status <> 'registered') THEN
            RAISE EXCEPTION 'a begun experiment is not changed' USING ERRCODE = 'insufficient_privilege';
        END IF;
        RETURN COALESCE(NEW, OLD);
    END $$;
    CREATE TRIGGER contacts_experiment_creditors_stay
        BEFORE INSERT OR UPDATE OR DELETE ON contacts_experiment_creditors
        FOR EACH ROW EXECUTE FUNCTION refuse_change_of_who_takes_part();
    """,
    """
    DROP TRIGGER contacts_experiment_creditors_stay ON contacts_experiment_creditors;
    DROP FUNCTION refuse_change_of_who_takes_part();
    DROP TRIGGER contacts_experiment_stays ON contacts_experiment;
    DROP FUNCTION refuse_change_of_a_begun_experiment();
    """,
)
MOVES = [("registered", "running"), ("running", "ended"), ("registered", "dropped")]


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0016_refunds_name_their_payment"),
        ("contacts", "0018_versions_say_what_they_replace"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Experiment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.SlugField(max_length=40, unique=True, verbose_name="code")),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                ("question", models.TextField(blank=True, verbose_name="what is to be found out")),
                ("arms", models.JSONField(verbose_name="arms")),
                ("condition", models.JSONField(blank=True, default=dict, verbose_name="who takes part")),
                (
                    "measure",
                    models.CharField(
                        choices=[
                            ("cured", "cured within the days"),
                            ("paid_any", "paid anything within the days"),
                            ("paid_share", "share of the balance paid within the days"),
                        ],
                        max_length=12,
                        verbose_name="measure",
                    ),
                ),
                ("within_days", models.PositiveSmallIntegerField(default=30, verbose_name="days after entry")),
                (
                    "horizon_days",
                    models.PositiveSmallIntegerField(default=90, verbose_name="takes in persons for, days"),
                ),
                (
                    "smallest_difference",
                    models.DecimalField(
                        decimal_places=1,
                        default=2,
                        max_digits=4,
                        verbose_name="smallest difference worth knowing, points",
                    ),
                ),
                ("guardrails", models.JSONField(blank=True, default=dict, verbose_name="guardrails")),
                (
                    "status",
                    django_fsm.FSMField(
                        choices=[
                            ("registered", "registered"),
                            ("running", "running"),
                            ("ended", "ended"),
                            ("dropped", "dropped before it began"),
                        ],
                        default="registered",
                        max_length=10,
                        protected=True,
                        verbose_name="status",
                    ),
                ),
                ("registered_at", models.DateTimeField(verbose_name="registered")),
                ("begun_at", models.DateTimeField(blank=True, null=True, verbose_name="begun")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended")),
                ("ended_reason", models.CharField(blank=True, max_length=300, verbose_name="ended because")),
                (
                    "begun_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "creditors",
                    models.ManyToManyField(related_name="experiments", to="cases.creditor", verbose_name="creditors"),
                ),
                (
                    "ended_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "registered_by",
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
                "verbose_name": "experiment",
                "verbose_name_plural": "experiments",
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.CreateModel(
            name="ArmAssignment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("arm", models.SlugField(db_index=False, max_length=40)),
                ("number", models.PositiveSmallIntegerField()),
                ("balance", models.DecimalField(decimal_places=2, max_digits=18)),
                ("currency", models.CharField(max_length=3)),
                ("entered_on", models.DateField()),
                ("at", models.DateTimeField()),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="arms", to="cases.case"
                    ),
                ),
                (
                    "creditor",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="cases.creditor",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="arms", to="cases.person"
                    ),
                ),
                (
                    "experiment",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="assignments",
                        to="contacts.experiment",
                    ),
                ),
            ],
            options={
                "verbose_name": "side of an experiment",
                "verbose_name_plural": "sides of experiments",
            },
        ),
        migrations.AddConstraint(
            model_name="experiment",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["registered", "running", "ended", "dropped"])),
                name="experiment_status_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="experiment",
            constraint=models.CheckConstraint(
                condition=models.Q(("measure__in", ["cured", "paid_any", "paid_share"])),
                name="experiment_measure_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="experiment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("horizon_days__range", (1, 1098)), ("smallest_difference__gt", 0), ("within_days__range", (1, 366))
                ),
                name="experiment_lasts_days",
            ),
        ),
        migrations.AddConstraint(
            model_name="experiment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("begun_at__isnull", True), ("status__in", ["registered", "dropped"])),
                    models.Q(("begun_at__isnull", False), ("status__in", ["running", "ended"])),
                    _connector="OR",
                ),
                name="experiment_running_has_begun",
            ),
        ),
        migrations.AddConstraint(
            model_name="experiment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("ended_at__isnull", False),
                        ("status__in", ["ended", "dropped"]),
                        models.Q(("ended_reason", ""), _negated=True),
                    ),
                    models.Q(
                        ("ended_at__isnull", True), ("ended_reason", ""), ("status__in", ["registered", "running"])
                    ),
                    _connector="OR",
                ),
                name="experiment_over_says_when_and_why",
            ),
        ),
        migrations.AddConstraint(
            model_name="experiment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("begun_at__isnull", True),
                    ("ended_at__isnull", True),
                    ("ended_at__gte", models.F("begun_at")),
                    _connector="OR",
                ),
                name="experiment_ends_after_it_began",
            ),
        ),
        migrations.AddIndex(
            model_name="armassignment",
            index=models.Index(fields=["experiment", "arm", "entered_on"], name="sides_by_entry"),
        ),
        migrations.AddConstraint(
            model_name="armassignment",
            constraint=models.UniqueConstraint(
                fields=("experiment", "person"), name="person_is_on_one_side_of_an_experiment"
            ),
        ),
        migrations.AddConstraint(
            model_name="armassignment",
            constraint=models.CheckConstraint(
                condition=models.Q(("number__range", (0, 99))), name="arm_number_is_below_a_hundred"
            ),
        ),
        schema.state_guard("contacts_experiment", begins=["registered"], moves=MOVES),
        BEGUN,
        schema.same_person("contacts_armassignment", "case_id", "cases_case"),
        schema.append_only("contacts_armassignment"),
        schema.insert_only("contacts_armassignment"),
    ]
