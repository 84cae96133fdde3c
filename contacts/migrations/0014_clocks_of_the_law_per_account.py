"""Clocks of the law are reckoned and kept for every account; what no row of ours tells is recorded by an officer."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from collections_app.shared import schema

REVOKE = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'app') THEN
        EXECUTE 'REVOKE UPDATE, DELETE, TRUNCATE ON contacts_legalevent FROM app';
    END IF;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0016_refunds_name_their_payment"),
        ("contacts", "0013_providers_are_held_by_hand"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="LegalReckoning",
            fields=[
                (
                    "case",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="legal_reckoning",
                        serialize=False,
                        to="cases.case",
                    ),
                ),
                ("reckoned_at", models.DateTimeField()),
                ("edition", models.CharField(max_length=16)),
                (
                    "person",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="cases.person"
                    ),
                ),
            ],
            options={
                "verbose_name": "reckoning of legal clocks",
                "verbose_name_plural": "reckonings of legal clocks",
            },
        ),
        migrations.CreateModel(
            name="LegalClock",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("limitation", "limitation"), ("guarantee", "guarantee"), ("court", "court")],
                        max_length=10,
                        verbose_name="clock",
                    ),
                ),
                ("rule", models.CharField(max_length=60, verbose_name="rule")),
                ("title", models.JSONField(default=dict)),
                ("source", models.CharField(blank=True, max_length=200, verbose_name="source")),
                ("starts", models.DateField(verbose_name="began")),
                ("ends", models.DateField(verbose_name="last day")),
                ("certain", models.BooleanField(default=True)),
                ("over_at", models.DateTimeField()),
                ("interrupted", models.JSONField(default=list)),
                ("kept", models.JSONField(blank=True, null=True)),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="legal_clocks",
                        to="cases.account",
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="legal_clocks",
                        to="cases.case",
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
                    "guarantor",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="cases.person",
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
                "verbose_name": "legal clock",
                "verbose_name_plural": "legal clocks",
                "indexes": [
                    models.Index(fields=["case", "kind"], name="legal_clocks_of_a_case"),
                    models.Index(fields=["creditor", "ends"], name="legal_clocks_by_last_day"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["limitation", "guarantee", "court"])),
                        name="legal_clock_kind_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "guarantee"), _negated=True),
                            ("guarantor__isnull", False),
                            _connector="OR",
                        ),
                        name="legal_clock_of_a_guarantee_names_the_guarantor",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LegalEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("demand_served", "demand served, with proof"),
                            ("oral_repayment_agreement", "oral agreement to repay"),
                            ("debt_accelerated", "whole debt called in"),
                            ("last_instalment_due", "last instalment falls due"),
                            ("claim_assigned", "claim sold, debtor notified"),
                            ("suit_filed", "suit filed"),
                            ("pre_suit_preservation", "preservation before suit ordered"),
                            ("payment_order_applied", "payment order applied for"),
                            ("payment_order_accepted", "application for a payment order accepted"),
                            ("payment_order_served", "payment order served"),
                            ("payment_order_objected", "payment order objected to"),
                            ("debt_time_barred", "time-barred, as established"),
                        ],
                        max_length=30,
                        verbose_name="what",
                    ),
                ),
                ("happened_on", models.DateField(verbose_name="day")),
                ("until", models.DateField(blank=True, null=True, verbose_name="until")),
                ("evidence", models.CharField(max_length=300, verbose_name="evidence")),
                ("recorded_at", models.DateTimeField()),
                (
                    "account",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="legal_events",
                        to="cases.account",
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="legal_events",
                        to="cases.case",
                    ),
                ),
                (
                    "document",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="cases.document",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="cases.person"
                    ),
                ),
                (
                    "recorded_by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "undoes",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="undone_by",
                        to="contacts.legalevent",
                    ),
                ),
            ],
            options={
                "verbose_name": "legal event",
                "verbose_name_plural": "legal events",
                "indexes": [models.Index(fields=["case"], name="legal_events_of_a_case")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("evidence", ""), _negated=True), name="legal_event_has_evidence"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "last_instalment_due"), _negated=True),
                            ("until__isnull", False),
                            _connector="OR",
                        ),
                        name="legal_event_of_the_last_instalment_says_when",
                    ),
                ],
            },
        ),
        schema.same_person("contacts_legalevent", "case_id", "cases_case"),
        schema.same_person("contacts_legalclock", "case_id", "cases_case"),
        schema.same_person("contacts_legalreckoning", "case_id", "cases_case"),
        schema.append_only("contacts_legalevent"),
        migrations.RunSQL(REVOKE, migrations.RunSQL.noop),
    ]
