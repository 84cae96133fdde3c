"""Who was on the line of a call: what was asked and answered rightly. The table only grows."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from collections_app.shared import schema


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0020_acts_are_undone_and_callbacks_have_windows"),
        ("contacts", "0025_rehearsals_of_a_share"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Verification",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "asked",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=20), default=list, verbose_name="asked"
                    ),
                ),
                (
                    "right",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=20), default=list, verbose_name="answered rightly"
                    ),
                ),
                (
                    "compared",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=20), default=list, verbose_name="compared"
                    ),
                ),
                ("needed", models.PositiveSmallIntegerField(verbose_name="needed")),
                (
                    "result",
                    models.CharField(
                        choices=[
                            ("asked", "asked"),
                            ("confirmed", "confirmed"),
                            ("failed", "not confirmed"),
                            ("wrong_party", "another person"),
                            ("wrong_number", "wrong number"),
                        ],
                        max_length=12,
                        verbose_name="result",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="when")),
                (
                    "attempt",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="verifications",
                        to="contacts.contactattempt",
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="cases.person"
                    ),
                ),
            ],
            options={
                "verbose_name": "verification",
                "verbose_name_plural": "verifications",
                "indexes": [models.Index(fields=["attempt", "id"], name="verifications_of_a_call")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("result__in", ["asked", "confirmed", "failed", "wrong_party", "wrong_number"])
                        ),
                        name="verification_result_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("compared__contained_by", models.F("right")), ("right__contained_by", models.F("asked"))
                        ),
                        name="verification_right_answers_were_asked_for",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("result", "confirmed"), _negated=True),
                            models.Q(("needed__gte", 1), ("right__len__gte", models.F("needed"))),
                            _connector="OR",
                        ),
                        name="verification_confirmed_has_what_is_needed",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("result", "asked"), _negated=True),
                        fields=("attempt",),
                        name="verification_ends_once_per_call",
                    ),
                ],
            },
        ),
        schema.append_only("contacts_verification"),
        schema.insert_only("contacts_verification"),
    ]
