"""Targets of a day, feedback, and calls that were abusive. These tables only grow."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from collections_app.shared import schema


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0024_what_two_columns_tie_is_tied_once"),
        ("compliance", "0003_proofs_are_written_down"),
        ("contacts", "0026_verifications"),
        ("staff", "0006_breaks_of_a_day"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="AbuseMark",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(verbose_name="when")),
            ],
            options={
                "verbose_name": "abusive call",
                "verbose_name_plural": "abusive calls",
            },
        ),
        migrations.CreateModel(
            name="AbuseTalk",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(verbose_name="when")),
            ],
            options={
                "verbose_name": "talk about an abusive call",
                "verbose_name_plural": "talks about abusive calls",
            },
        ),
        migrations.CreateModel(
            name="DayTarget",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("calls", models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="calls")),
                (
                    "talks",
                    models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="talks with the right person"),
                ),
                ("promises", models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="promises")),
                (
                    "kept_percent",
                    models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="promises kept, percent"),
                ),
                (
                    "money",
                    models.DecimalField(
                        blank=True, decimal_places=2, max_digits=18, null=True, verbose_name="paid on promises"
                    ),
                ),
                ("currency", models.CharField(blank=True, max_length=3, verbose_name="currency")),
                ("set_at", models.DateTimeField(verbose_name="set")),
            ],
            options={
                "verbose_name": "target of a day",
                "verbose_name_plural": "targets of a day",
            },
        ),
        migrations.CreateModel(
            name="Feedback",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("praise", "well done"), ("improve", "to improve")], max_length=8, verbose_name="kind"
                    ),
                ),
                ("text", models.CharField(max_length=500, verbose_name="text")),
                ("at", models.DateTimeField(verbose_name="when")),
            ],
            options={
                "verbose_name": "feedback",
                "verbose_name_plural": "feedback",
            },
        ),
        migrations.CreateModel(
            name="FeedbackAnswer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", models.CharField(blank=True, max_length=500, verbose_name="answer")),
                ("at", models.DateTimeField(verbose_name="when")),
            ],
            options={
                "verbose_name": "answer to feedback",
                "verbose_name_plural": "answers to feedback",
            },
        ),
        migrations.AddIndex(
            model_name="contactattempt",
            index=models.Index(
                condition=models.Q(("made_by__isnull", False)), fields=["made_by", "-at"], name="attempts_of_a_maker"
            ),
        ),
        migrations.AddField(
            model_name="abusemark",
            name="attempt",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="abuse", to="contacts.contactattempt"
            ),
        ),
        migrations.AddField(
            model_name="abusemark",
            name="by",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="abusetalk",
            name="by",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="abusetalk",
            name="mark",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="talk", to="contacts.abusemark"
            ),
        ),
        migrations.AddField(
            model_name="daytarget",
            name="set_by",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="daytarget",
            name="team",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="staff.team"
            ),
        ),
        migrations.AddField(
            model_name="feedback",
            name="attempt",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="contacts.contactattempt",
            ),
        ),
        migrations.AddField(
            model_name="feedback",
            name="by",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="feedback",
            name="case",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="cases.case"
            ),
        ),
        migrations.AddField(
            model_name="feedback",
            name="to",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="feedbackanswer",
            name="feedback",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="answer", to="contacts.feedback"
            ),
        ),
        migrations.AddIndex(
            model_name="abusemark",
            index=models.Index(fields=["by", "-at"], name="abuse_of_somebody"),
        ),
        migrations.AddIndex(
            model_name="daytarget",
            index=models.Index(fields=["team", "-id"], name="day_targets_of_a_team"),
        ),
        migrations.AddConstraint(
            model_name="daytarget",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("currency", ""), ("money__isnull", True)),
                    models.Q(
                        ("kept_percent__isnull", False), ("money__gt", 0), models.Q(("currency", ""), _negated=True)
                    ),
                    _connector="OR",
                ),
                name="day_target_of_money_is_never_alone",
            ),
        ),
        migrations.AddConstraint(
            model_name="daytarget",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kept_percent__isnull", True),
                    models.Q(("kept_percent__gte", 1), ("kept_percent__lte", 100)),
                    _connector="OR",
                ),
                name="day_target_percent_is_of_a_hundred",
            ),
        ),
        migrations.AddIndex(
            model_name="feedback",
            index=models.Index(fields=["to", "-id"], name="feedback_to_somebody"),
        ),
        migrations.AddConstraint(
            model_name="feedback",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["praise", "improve"])), name="feedback_kind_is_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="feedback",
            constraint=models.CheckConstraint(
                condition=models.Q(("text", ""), _negated=True), name="feedback_says_something"
            ),
        ),
        schema.append_only("contacts_daytarget"),
        schema.append_only("contacts_feedback"),
        schema.append_only("contacts_feedbackanswer"),
        schema.append_only("contacts_abusemark"),
        schema.append_only("contacts_abusetalk"),
        schema.insert_only(
            "contacts_daytarget",
            "contacts_feedback",
            "contacts_feedbackanswer",
            "contacts_abusemark",
            "contacts_abusetalk",
        ),
    ]
