"""The firm's hours and caps become dated versions; what a creditor had is its first, in force since ever."""

from datetime import UTC, datetime

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q

from collections_app.shared import schema

SINCE_EVER = datetime(2000, 1, 1, tzinfo=UTC)


def first_versions(apps, schema_editor):
    """Write what every creditor had as its first version."""
    creditors, versions = apps.get_model("cases", "Creditor"), apps.get_model("cases", "FirmPolicyVersion")
    for creditor in creditors.objects.order_by("pk"):
        if creditor.contact_opens is None and not creditor.firm_caps:
            continue
        versions.objects.create(
            creditor=creditor,
            in_force_from=SINCE_EVER,
            opens=creditor.contact_opens,
            closes=creditor.contact_closes,
            document=creditor.firm_caps or {},
            reason="Taken over from the creditor's own fields.",
            recorded_at=SINCE_EVER,
        )


def back_to_the_creditor(apps, schema_editor):
    """Put the newest version back on its creditor."""
    creditors, versions = apps.get_model("cases", "Creditor"), apps.get_model("cases", "FirmPolicyVersion")
    for creditor in creditors.objects.order_by("pk"):
        newest = versions.objects.filter(creditor=creditor).order_by("-in_force_from", "-pk").first()
        if newest is not None:
            creditor.contact_opens, creditor.contact_closes = newest.opens, newest.closes
            creditor.firm_caps = newest.document
            creditor.save(update_fields=["contact_opens", "contact_closes", "firm_caps"])


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0002_rules_kept_by_the_database"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="FirmPolicyVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("in_force_from", models.DateTimeField(verbose_name="in force from")),
                ("opens", models.TimeField(blank=True, null=True, verbose_name="contact opens")),
                ("closes", models.TimeField(blank=True, null=True, verbose_name="contact closes")),
                ("document", models.JSONField(blank=True, default=dict, verbose_name="limits")),
                ("reason", models.CharField(max_length=300, verbose_name="reason")),
                ("recorded_at", models.DateTimeField(verbose_name="recorded")),
                (
                    "creditor",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="policy_versions",
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
                "verbose_name": "version of the firm policy",
                "verbose_name_plural": "versions of the firm policy",
                "indexes": [
                    models.Index(fields=["creditor", "-in_force_from", "-id"], name="firm_policy_in_force"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(opens__isnull=True, closes__isnull=True)
                        | Q(opens__isnull=False, closes__isnull=False),
                        name="firm_policy_hours_come_in_pairs",
                    ),
                    models.CheckConstraint(
                        condition=Q(opens__isnull=True) | Q(opens__lt=F("closes")),
                        name="firm_policy_opens_before_it_closes",
                    ),
                    models.CheckConstraint(condition=~Q(reason=""), name="firm_policy_says_why"),
                ],
            },
        ),
        migrations.RunPython(first_versions, back_to_the_creditor),
        # The new rows' deferred foreign keys are checked now: PostgreSQL alters no table with checks pending.
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.RemoveConstraint(model_name="creditor", name="creditor_contact_hours_come_in_pairs"),
        migrations.RemoveField(model_name="creditor", name="contact_opens"),
        migrations.RemoveField(model_name="creditor", name="contact_closes"),
        migrations.RemoveField(model_name="creditor", name="firm_caps"),
        schema.append_only("cases_firmpolicyversion"),
    ]
