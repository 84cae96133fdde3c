"""The edits of a draft are kept, so that they can be taken back."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("contacts", "0016_strategies_are_rehearsed"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="DraftEdit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[("done", "done"), ("undone", "taken back"), ("dropped", "dropped")],
                        default="done",
                        max_length=8,
                    ),
                ),
                ("what", models.CharField(max_length=30)),
                ("about", models.CharField(blank=True, max_length=120)),
                ("before", models.JSONField(default=dict)),
                ("after", models.JSONField(default=dict)),
                ("at", models.DateTimeField()),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="edits", to="contacts.strategyversion"
                    ),
                ),
            ],
            options={
                "verbose_name": "edit of a draft",
                "verbose_name_plural": "edits of drafts",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["done", "undone", "dropped"])),
                        name="draft_edit_state_is_known",
                    )
                ],
            },
        ),
    ]
