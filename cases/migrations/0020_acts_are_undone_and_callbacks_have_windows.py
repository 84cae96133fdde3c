"""What was just saved may be taken back for seconds; an agreed call has a window, an owner and a fallback."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from collections_app.shared import schema

EARLIER = [
    ("kept", "broken"), ("kept", "open"), ("kept", "partly_kept"), ("open", "broken"), ("open", "cancelled"),
    ("open", "kept"), ("open", "partly_kept"), ("partly_kept", "broken"), ("partly_kept", "kept"),
    ("partly_kept", "open"), ("broken", "kept"), ("broken", "open"), ("broken", "partly_kept"),
]  # fmt: skip
OLD_MOVES = schema.state_guard("cases_promise", begins=["open"], moves=EARLIER)


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0019_lines_of_tapes_are_known_again"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Callback",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("starts_at", models.DateTimeField(verbose_name="from")),
                ("ends_at", models.DateTimeField(verbose_name="until")),
                (
                    "fallback_to",
                    models.CharField(
                        choices=[
                            ("team", "anybody of the team"),
                            ("owner", "whoever agreed it"),
                            ("supervisor", "a supervisor"),
                        ],
                        default="team",
                        max_length=10,
                        verbose_name="if it is missed",
                    ),
                ),
                ("fallback_at", models.DateTimeField(verbose_name="then at")),
                ("agreed_at", models.DateTimeField(verbose_name="agreed")),
                ("attempt_id", models.BigIntegerField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "ended_as",
                    models.CharField(
                        blank=True,
                        choices=[("done", "called"), ("missed", "missed"), ("dropped", "no longer wanted")],
                        max_length=8,
                        verbose_name="ended as",
                    ),
                ),
                (
                    "agreed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="callbacks", to="cases.case"
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="callbacks",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "callback",
                "verbose_name_plural": "callbacks",
                "indexes": [
                    models.Index(
                        condition=models.Q(("ended_at__isnull", True)), fields=["starts_at"], name="callbacks_open"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("ends_at__gt", models.F("starts_at"))), name="callback_has_a_window"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("fallback_at__gte", models.F("ends_at"))),
                        name="callback_falls_back_afterwards",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_as", ""), ("ended_at__isnull", True)),
                            models.Q(("ended_at__isnull", False), models.Q(("ended_as", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="callback_ended_says_how",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("case",),
                        name="callback_is_open_once_per_case",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Undo",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("outcome", "outcome of a call"),
                            ("promise", "promise"),
                            ("next_action", "next action"),
                            ("skip", "case put aside"),
                            ("asked", "what the person asks"),
                            ("hold", "hold"),
                        ],
                        max_length=12,
                        verbose_name="what",
                    ),
                ),
                ("label", models.CharField(blank=True, max_length=120, verbose_name="in words")),
                ("attempt_id", models.BigIntegerField(blank=True, null=True)),
                ("made_at", models.DateTimeField(verbose_name="saved")),
                ("until", models.DateTimeField(verbose_name="may be undone until")),
                ("version", models.PositiveIntegerField()),
                ("before", models.JSONField(default=dict)),
                ("after", models.JSONField(default=dict)),
                ("made", models.JSONField(default=list)),
                ("undone_at", models.DateTimeField(blank=True, null=True, verbose_name="undone")),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="undos", to="cases.case"
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "act that may be undone",
                "verbose_name_plural": "acts that may be undone",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("until__gt", models.F("made_at")),
                            models.Q(
                                ("undone_at__isnull", True),
                                models.Q(("undone_at__gte", models.F("made_at")), ("undone_at__lt", models.F("until"))),
                                _connector="OR",
                            ),
                        ),
                        name="undo_is_in_time",
                    )
                ],
            },
        ),
        # A promise that was replaced stands again when what replaced it is undone.
        migrations.RunSQL(OLD_MOVES.reverse_sql, OLD_MOVES.sql),
        schema.state_guard("cases_promise", begins=["open"], moves=[*EARLIER, ("cancelled", "open")]),
    ]
