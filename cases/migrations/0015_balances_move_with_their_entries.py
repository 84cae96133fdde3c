"""Balances move with their entries and by nothing else; rates of interest; corrections by what became known late."""

import django.db.models.deletion
import django_fsm
from django.db import migrations, models

from collections_app.shared import schema

# The one UPDATE of a balance. It runs once a statement, whatever the number of entries, because a tape brings a hundred
# thousand. Any other change of a balance is refused; so is an account that begins with one.
MOVE_BALANCES = """
CREATE FUNCTION move_balances() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE cases_account AS account SET balance = account.balance + moved.total
    FROM (SELECT account_id, sum(amount) AS total FROM posted GROUP BY account_id HAVING sum(amount) <> 0) AS moved
    WHERE account.id = moved.account_id;
    RETURN NULL;
END $$;
CREATE FUNCTION refuse_balance_without_entries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND pg_trigger_depth() > 1 THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a balance moves with its ledger entries only' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER cases_ledgerentry_moves_balances AFTER INSERT ON cases_ledgerentry
    REFERENCING NEW TABLE AS posted FOR EACH STATEMENT EXECUTE FUNCTION move_balances();
CREATE TRIGGER cases_account_begins_at_nothing BEFORE INSERT ON cases_account
    FOR EACH ROW WHEN (NEW.balance <> 0) EXECUTE FUNCTION refuse_balance_without_entries();
CREATE TRIGGER cases_account_balance_moves BEFORE UPDATE OF balance ON cases_account
    FOR EACH ROW WHEN (OLD.balance IS DISTINCT FROM NEW.balance) EXECUTE FUNCTION refuse_balance_without_entries();
"""
LEAVE_BALANCES = """
DROP TRIGGER cases_account_balance_moves ON cases_account;
DROP TRIGGER cases_account_begins_at_nothing ON cases_account;
DROP TRIGGER cases_ledgerentry_moves_balances ON cases_ledgerentry;
DROP FUNCTION refuse_balance_without_entries();
DROP FUNCTION move_balances();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0014_settlements_waivers_write_offs_and_exclusions"),
    ]

    operations = [
        migrations.CreateModel(
            name="Correction",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "status",
                    django_fsm.FSMField(
                        choices=[("open", "to be approved"), ("approved", "approved"), ("refused", "refused")],
                        default="open",
                        max_length=10,
                        protected=True,
                        verbose_name="status",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("principal", "principal"),
                            ("interest", "interest"),
                            ("penalty", "penalty interest"),
                            ("fee", "fee"),
                            ("cost", "cost"),
                            ("payment", "payment"),
                            ("reversal", "reversal"),
                            ("waiver", "waiver"),
                            ("write_off", "write-off"),
                            ("adjustment", "adjustment"),
                            ("reallocation", "divided anew"),
                        ],
                        max_length=12,
                        verbose_name="kind",
                    ),
                ),
                ("amount", models.DecimalField(decimal_places=2, max_digits=18, verbose_name="amount")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("reference", models.CharField(blank=True, max_length=80, verbose_name="reference")),
                ("effective_on", models.DateField(verbose_name="effective")),
                ("recorded_at", models.DateTimeField(verbose_name="recorded")),
                ("recorded_by", models.CharField(max_length=120, verbose_name="recorded by")),
                ("diff", models.JSONField(default=dict)),
                (
                    "contacts",
                    models.PositiveIntegerField(
                        blank=True, null=True, verbose_name="contacts that should not have been made"
                    ),
                ),
                ("decided_at", models.DateTimeField(blank=True, null=True, verbose_name="decided")),
                ("decided_by", models.CharField(blank=True, max_length=120, verbose_name="decided by")),
                ("decided_reason", models.CharField(blank=True, max_length=300, verbose_name="because")),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="corrections",
                        to="cases.account",
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="corrections",
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
                    "person",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="cases.person"
                    ),
                ),
            ],
            options={
                "verbose_name": "correction",
                "verbose_name_plural": "corrections",
                "indexes": [
                    models.Index(fields=["account", "recorded_at"], name="corrections_of_an_account"),
                    models.Index(
                        condition=models.Q(("status", "open")),
                        fields=["creditor", "recorded_at"],
                        name="corrections_open",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["open", "approved", "refused"])),
                        name="correction_status_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decided_at__isnull", True), ("status", "open")),
                            models.Q(models.Q(("status", "open"), _negated=True), ("decided_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="correction_decided_says_when",
                    ),
                ],
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.CreateModel(
            name="Rate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "component",
                    models.CharField(
                        choices=[("interest", "interest"), ("penalty", "penalty interest")],
                        max_length=12,
                        verbose_name="component",
                    ),
                ),
                ("percent", models.DecimalField(decimal_places=4, max_digits=7, verbose_name="percent a year")),
                ("from_on", models.DateField(verbose_name="from")),
                (
                    "day_count",
                    models.CharField(
                        choices=[
                            ("act/365", "days / 365"),
                            ("act/360", "days / 360"),
                            ("30/360", "months of 30 days / 360"),
                        ],
                        default="act/365",
                        max_length=8,
                        verbose_name="days are counted",
                    ),
                ),
                ("grace_days", models.PositiveSmallIntegerField(default=0, verbose_name="grace, days")),
                (
                    "product",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rates",
                        to="cases.product",
                    ),
                ),
            ],
            options={
                "verbose_name": "rate",
                "verbose_name_plural": "rates",
                "constraints": [
                    models.UniqueConstraint(fields=("product", "component", "from_on"), name="rate_begins_once_a_day"),
                    models.CheckConstraint(condition=models.Q(("percent__gte", 0)), name="rate_is_not_negative"),
                    models.CheckConstraint(
                        condition=models.Q(("component__in", ["interest", "penalty"])),
                        name="rate_is_of_interest_or_penalty",
                    ),
                ],
            },
        ),
        migrations.RunSQL(MOVE_BALANCES, LEAVE_BALANCES),
        schema.state_guard("cases_correction", begins=["open"], moves=[("open", "approved"), ("open", "refused")]),
        schema.same_person("cases_correction", "account_id", "cases_account"),
        schema.same_person("cases_correction", "case_id", "cases_case"),
    ]
