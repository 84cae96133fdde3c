"""Cases are shared out by rules, in runs that are previewed, applied and undone."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from collections_app.shared import schema


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0016_refunds_name_their_payment"),
        ("staff", "0004_people_have_skills_and_limits"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="case",
            name="owner_since",
            field=models.DateTimeField(blank=True, null=True, verbose_name="with its collector since"),
        ),
        migrations.CreateModel(
            name="DistributionRules",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("in_force_from", models.DateTimeField(verbose_name="in force from")),
                ("document", models.JSONField(verbose_name="rules")),
                ("reason", models.CharField(max_length=300, verbose_name="reason")),
                ("recorded_at", models.DateTimeField(verbose_name="recorded")),
                (
                    "creditor",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="distribution_rules",
                        to="cases.creditor",
                    ),
                ),
                (
                    "set_by",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "version of the rules of allocation",
                "verbose_name_plural": "versions of the rules of allocation",
            },
        ),
        migrations.CreateModel(
            name="DistributionRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField(verbose_name="for the day")),
                ("is_automatic", models.BooleanField(default=False, verbose_name="by itself")),
                ("asked_at", models.DateTimeField(verbose_name="asked for")),
                ("previewed_at", models.DateTimeField(blank=True, null=True, verbose_name="previewed")),
                ("applied_at", models.DateTimeField(blank=True, null=True, verbose_name="applied")),
                ("undone_at", models.DateTimeField(blank=True, null=True, verbose_name="undone")),
                ("ground", models.CharField(blank=True, max_length=64)),
                ("inputs", models.CharField(blank=True, max_length=64)),
                ("counts", models.JSONField(blank=True, default=dict)),
                ("people", models.JSONField(blank=True, default=list)),
                (
                    "applied_by",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "asked_by",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "creditor",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="distribution_runs",
                        to="cases.creditor",
                    ),
                ),
                (
                    "rules",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="runs",
                        to="cases.distributionrules",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="staff.team",
                    ),
                ),
                (
                    "undone_by",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "allocation of cases",
                "verbose_name_plural": "allocations of cases",
            },
        ),
        migrations.CreateModel(
            name="DistributionMove",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("from_since", models.DateTimeField(null=True)),
                ("left", models.CharField(max_length=20)),
                ("chosen", models.CharField(max_length=80)),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("planned", "planned"),
                            ("applied", "moved"),
                            ("busy", "not moved: somebody was working on it"),
                            ("changed", "not moved: it had changed hands since the preview"),
                            ("resolved", "not moved: it was resolved"),
                            ("gone", "not moved: the collector takes no cases any more"),
                            ("undone", "moved back"),
                            ("kept_busy", "not moved back: somebody was working on it"),
                            ("kept_moved", "not moved back: it changed hands since"),
                            ("kept_resolved", "not moved back: it was resolved"),
                            ("kept_gone", "not moved back: its former collector is no longer there"),
                        ],
                        default="planned",
                        max_length=14,
                        verbose_name="outcome",
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="cases.case"
                    ),
                ),
                (
                    "from_owner",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "from_team",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="staff.team",
                    ),
                ),
                (
                    "to_owner",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "to_team",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="staff.team",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="moves",
                        to="cases.distributionrun",
                    ),
                ),
            ],
            options={
                "verbose_name": "move of an allocation",
                "verbose_name_plural": "moves of an allocation",
            },
        ),
        migrations.CreateModel(
            name="Workload",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("on", models.DateField(verbose_name="day")),
                ("cases", models.PositiveIntegerField(verbose_name="cases")),
                ("balance", models.DecimalField(decimal_places=2, max_digits=20, verbose_name="balance")),
                ("buckets", models.JSONField(default=dict, verbose_name="cases by bucket")),
                ("late", models.PositiveIntegerField(verbose_name="more than 90 days past due")),
                ("vulnerable", models.PositiveIntegerField(verbose_name="of vulnerable people")),
                ("hardship", models.PositiveIntegerField(verbose_name="in hardship")),
                (
                    "creditor",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="cases.creditor",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "load of a collector",
                "verbose_name_plural": "loads of collectors",
            },
        ),
        migrations.CreateModel(
            name="ConflictOfInterest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reason", models.CharField(max_length=200, verbose_name="reason")),
                ("recorded_at", models.DateTimeField(verbose_name="recorded")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended")),
                (
                    "person",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="cases.person"),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "conflict of interest",
                "verbose_name_plural": "conflicts of interest",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("user", "person"),
                        name="conflict_of_interest_stands_once",
                    )
                ],
            },
        ),
        migrations.AddIndex(
            model_name="distributionrules",
            index=models.Index(fields=["creditor", "-in_force_from", "-id"], name="distribution_rules_in_force"),
        ),
        migrations.AddConstraint(
            model_name="distributionrules",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True), name="distribution_rules_say_why"
            ),
        ),
        migrations.AddIndex(
            model_name="distributionrun",
            index=models.Index(fields=["creditor", "-id"], name="distribution_runs_of_a_book"),
        ),
        migrations.AddIndex(
            model_name="distributionrun",
            index=models.Index(
                condition=models.Q(("applied_at__isnull", False)),
                fields=["creditor", "-applied_at"],
                name="distribution_runs_applied",
            ),
        ),
        migrations.AddConstraint(
            model_name="distributionrun",
            constraint=models.CheckConstraint(
                condition=models.Q(("applied_at__isnull", True), ("previewed_at__isnull", False), _connector="OR"),
                name="distribution_run_is_applied_only_after_its_preview",
            ),
        ),
        migrations.AddConstraint(
            model_name="distributionrun",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("undone_at__isnull", True),
                    models.Q(("applied_at__isnull", False), ("undone_at__gte", models.F("applied_at"))),
                    _connector="OR",
                ),
                name="distribution_run_is_undone_only_after_it_was_applied",
            ),
        ),
        migrations.AddIndex(
            model_name="distributionmove",
            index=models.Index(fields=["case", "-id"], name="distribution_moves_of_a_case"),
        ),
        migrations.AddConstraint(
            model_name="distributionmove",
            constraint=models.UniqueConstraint(fields=("run", "case"), name="distribution_move_is_once_a_run"),
        ),
        migrations.AddConstraint(
            model_name="distributionmove",
            constraint=models.CheckConstraint(
                condition=models.Q(models.Q(("left", ""), _negated=True), models.Q(("chosen", ""), _negated=True)),
                name="distribution_move_says_why",
            ),
        ),
        migrations.AddConstraint(
            model_name="workload",
            constraint=models.UniqueConstraint(fields=("creditor", "on", "user"), name="workload_is_once_a_day"),
        ),
        schema.append_only("cases_distributionrules"),
    ]
