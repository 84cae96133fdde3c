"""Plans are signed, watched and rest on what somebody can afford; a broken one may be reinstated."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from collections_app.shared import schema

EARLIER = [
    ("approved", "cancelled"),
    ("approved", "performing"),
    ("draft", "approved"),
    ("draft", "cancelled"),
    ("missed", "broken"),
    ("missed", "cancelled"),
    ("missed", "performing"),
    ("performing", "cancelled"),
    ("performing", "completed"),
    ("performing", "missed"),
]
MOVES = [*EARLIER, ("broken", "performing"), ("completed", "performing"), ("missed", "completed")]
OLD_MOVES = schema.state_guard("cases_plan", begins=["draft"], moves=EARLIER)

REVOKE = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'app') THEN
        EXECUTE 'REVOKE UPDATE, DELETE, TRUNCATE ON cases_affordability, cases_affordabilityevidence FROM app';
    END IF;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0009_lines_say_component_and_due_date"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Affordability",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("is_quick", models.BooleanField(default=False, verbose_name="short form")),
                ("household", models.PositiveSmallIntegerField(default=1, verbose_name="persons in the household")),
                ("incomes", models.JSONField(blank=True, default=dict, verbose_name="income")),
                ("expenditures", models.JSONField(blank=True, default=dict, verbose_name="expenditure")),
                (
                    "debts",
                    models.DecimalField(
                        decimal_places=2, default=0, max_digits=18, verbose_name="payments on other debts"
                    ),
                ),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("surplus", models.DecimalField(decimal_places=2, max_digits=18, verbose_name="left over in a month")),
                ("share", models.PositiveSmallIntegerField(verbose_name="share of it for an instalment, per cent")),
                (
                    "allowed",
                    models.DecimalField(
                        decimal_places=2, max_digits=18, verbose_name="instalment that it allows, a month"
                    ),
                ),
                ("taken_at", models.DateTimeField(verbose_name="taken")),
            ],
            options={
                "verbose_name": "income and expenditure form",
                "verbose_name_plural": "income and expenditure forms",
            },
        ),
        migrations.CreateModel(
            name="AffordabilityEvidence",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("payslip", "payslip"),
                            ("statement", "statement of account"),
                            ("benefit", "notice of benefit or pension"),
                            ("rent", "lease or rent receipt"),
                            ("medical", "medical certificate or bill"),
                            ("other", "other"),
                        ],
                        default="other",
                        max_length=12,
                        verbose_name="kind",
                    ),
                ),
            ],
            options={
                "verbose_name": "evidence of income or expenditure",
                "verbose_name_plural": "evidence of income and expenditure",
            },
        ),
        migrations.CreateModel(
            name="PlanPayment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("amount", models.DecimalField(decimal_places=2, max_digits=18)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="plan",
            name="plan_lasts_one_to_sixty_months",
        ),
        migrations.RemoveConstraint(
            model_name="plan",
            name="plan_runs_once_per_case",
        ),
        migrations.AddField(
            model_name="plan",
            name="covers",
            field=models.DecimalField(decimal_places=2, default=0, max_digits=18, verbose_name="owed when agreed"),
        ),
        migrations.AddField(
            model_name="plan",
            name="cycle",
            field=models.CharField(
                choices=[("monthly", "every month"), ("fortnightly", "every two weeks"), ("weekly", "every week")],
                default="monthly",
                max_length=12,
                verbose_name="how often",
            ),
        ),
        migrations.AddField(
            model_name="plan",
            name="down_payment",
            field=models.DecimalField(decimal_places=2, default=0, max_digits=18, verbose_name="down payment"),
        ),
        migrations.AddField(
            model_name="plan",
            name="interest",
            field=models.DecimalField(decimal_places=2, default=0, max_digits=18, verbose_name="interest of the plan"),
        ),
        migrations.AddField(
            model_name="plan",
            name="missed_on",
            field=models.DateField(blank=True, null=True, verbose_name="missed since"),
        ),
        migrations.AddField(
            model_name="plan",
            name="rate",
            field=models.DecimalField(
                decimal_places=4, default=0, max_digits=7, verbose_name="interest, per cent a year"
            ),
        ),
        migrations.AddField(
            model_name="plan",
            name="reinstated_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="reinstated"),
        ),
        migrations.AddField(
            model_name="plan",
            name="remainder",
            field=models.DecimalField(decimal_places=2, default=0, max_digits=18, verbose_name="still owed afterwards"),
        ),
        migrations.AddField(
            model_name="plan",
            name="replaces",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="replaced_by",
                to="cases.plan",
                verbose_name="replaces",
            ),
        ),
        migrations.AddField(
            model_name="plan",
            name="sign_until",
            field=models.DateField(blank=True, null=True, verbose_name="to be signed by"),
        ),
        migrations.AddField(
            model_name="plan",
            name="signed_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="signed"),
        ),
        migrations.AddField(
            model_name="plan",
            name="signed_by",
            field=models.CharField(blank=True, max_length=100, verbose_name="signed by"),
        ),
        migrations.AddField(
            model_name="plan",
            name="signed_evidence",
            field=models.CharField(blank=True, max_length=200, verbose_name="what shows it"),
        ),
        migrations.AddField(
            model_name="plan",
            name="signed_how",
            field=models.CharField(
                blank=True,
                choices=[
                    ("paper", "on paper"),
                    ("electronic", "electronic signature"),
                    ("portal", "on the web page"),
                    ("recorded_call", "by word of mouth, recorded"),
                ],
                max_length=14,
                verbose_name="how it was signed",
            ),
        ),
        migrations.AddField(
            model_name="planinstalment",
            name="flagged_on",
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="planinstalment",
            name="interest",
            field=models.DecimalField(decimal_places=2, default=0, max_digits=18, verbose_name="interest in it"),
        ),
        migrations.AddField(
            model_name="planinstalment",
            name="nominal_on",
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="planinstalment",
            name="paid_on",
            field=models.DateField(blank=True, null=True, verbose_name="paid in full on"),
        ),
        migrations.AlterField(
            model_name="plan",
            name="kind",
            field=models.CharField(
                choices=[
                    ("instalment", "instalments"),
                    ("extension", "extension"),
                    ("deferral", "deferral"),
                    ("reduced", "reduced payments"),
                    ("personalised", "personalised instalments"),
                    ("hardship", "hardship plan"),
                ],
                default="instalment",
                max_length=14,
                verbose_name="kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="planinstalment",
            constraint=models.UniqueConstraint(fields=("id", "person"), name="plan_instalment_id_and_person_are_a_key"),
        ),
        migrations.AddConstraint(
            model_name="planinstalment",
            constraint=models.CheckConstraint(
                condition=models.Q(("paid_amount__gte", 0), ("paid_amount__lte", models.F("amount"))),
                name="plan_instalment_is_paid_at_most_once",
            ),
        ),
        migrations.AddField(
            model_name="affordability",
            name="case",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="affordability",
                to="cases.case",
            ),
        ),
        migrations.AddField(
            model_name="affordability",
            name="person",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="cases.person"),
        ),
        migrations.AddField(
            model_name="affordability",
            name="taken_by",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="plan",
            name="affordability",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="plans",
                to="cases.affordability",
            ),
        ),
        migrations.AddIndex(
            model_name="plan",
            index=models.Index(
                condition=models.Q(("status__in", ["performing", "missed"])),
                fields=["creditor", "person"],
                name="plans_running",
            ),
        ),
        migrations.AddConstraint(
            model_name="plan",
            constraint=models.CheckConstraint(
                condition=models.Q(("months__gte", 1), ("months__lte", 360)),
                name="plan_lasts_a_month_at_least_and_thirty_years_at_most",
            ),
        ),
        migrations.AddConstraint(
            model_name="plan",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "personalised"), _negated=True), ("months__lte", 60), _connector="OR"
                ),
                name="plan_personalised_lasts_at_most_five_years",
            ),
        ),
        migrations.AddConstraint(
            model_name="plan",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("covers__gte", 0),
                    ("down_payment__gte", 0),
                    ("interest__gte", 0),
                    ("rate__gte", 0),
                    ("remainder__gte", 0),
                ),
                name="plan_amounts_are_not_negative",
            ),
        ),
        migrations.AddConstraint(
            model_name="plan",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status__in", ["performing", "missed"])),
                fields=("case",),
                name="plan_runs_once_per_case",
            ),
        ),
        migrations.AddConstraint(
            model_name="plan",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status", "approved")), fields=("case",), name="plan_awaits_signature_once_per_case"
            ),
        ),
        migrations.AddConstraint(
            model_name="plan",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status", "draft")), fields=("case",), name="plan_is_drafted_once_per_case"
            ),
        ),
        migrations.AddConstraint(
            model_name="plan",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("signed_at__isnull", True), ("signed_by", ""), ("signed_how", "")),
                    models.Q(
                        ("signed_at__isnull", False),
                        models.Q(("signed_how", ""), _negated=True),
                        models.Q(("signed_by", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="plan_signed_says_how_and_by_whom",
            ),
        ),
        migrations.AddConstraint(
            model_name="plan",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status__in", ["draft", "approved", "cancelled"]), ("signed_at__isnull", False), _connector="OR"
                ),
                name="plan_runs_only_when_signed",
            ),
        ),
        migrations.AddConstraint(
            model_name="plan",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "missed"), _negated=True), ("missed_on__isnull", False), _connector="OR"
                ),
                name="plan_missed_says_since_when",
            ),
        ),
        migrations.AddField(
            model_name="affordabilityevidence",
            name="document",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="cases.document"
            ),
        ),
        migrations.AddField(
            model_name="affordabilityevidence",
            name="form",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="evidence", to="cases.affordability"
            ),
        ),
        migrations.AddField(
            model_name="affordabilityevidence",
            name="person",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="cases.person"),
        ),
        migrations.AddField(
            model_name="planpayment",
            name="instalment",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="payments", to="cases.planinstalment"
            ),
        ),
        migrations.AddField(
            model_name="planpayment",
            name="payment",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="instalments", to="cases.payment"
            ),
        ),
        migrations.AddField(
            model_name="planpayment",
            name="person",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="cases.person"),
        ),
        migrations.AddIndex(
            model_name="affordability",
            index=models.Index(fields=["case", "-taken_at", "-id"], name="affordability_of_a_case"),
        ),
        migrations.AddConstraint(
            model_name="affordability",
            constraint=models.UniqueConstraint(fields=("id", "person"), name="affordability_id_and_person_are_a_key"),
        ),
        migrations.AddConstraint(
            model_name="affordability",
            constraint=models.CheckConstraint(
                condition=models.Q(("share__gte", 1), ("share__lte", 100)), name="affordability_share_is_a_part"
            ),
        ),
        migrations.AddConstraint(
            model_name="affordability",
            constraint=models.CheckConstraint(
                condition=models.Q(("allowed__gte", 0)), name="affordability_allows_no_less_than_nothing"
            ),
        ),
        migrations.AddConstraint(
            model_name="affordability",
            constraint=models.CheckConstraint(
                condition=models.Q(("allowed", 0), ("allowed__lte", models.F("surplus")), _connector="OR"),
                name="affordability_allows_no_more_than_the_surplus",
            ),
        ),
        migrations.AddConstraint(
            model_name="affordability",
            constraint=models.CheckConstraint(
                condition=models.Q(("household__gte", 1), ("household__lte", 30)),
                name="affordability_counts_at_least_one_person",
            ),
        ),
        migrations.AddConstraint(
            model_name="affordability",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("currency__in", ["JPY", "KRW", "VND"]), _negated=True),
                    ("allowed", models.Func(models.F("allowed"), function="trunc", output_field=models.DecimalField())),
                    _connector="OR",
                ),
                name="affordability_has_whole_units_where_currency_has",
            ),
        ),
        migrations.AddConstraint(
            model_name="planpayment",
            constraint=models.UniqueConstraint(
                fields=("instalment", "payment"), name="payment_meets_an_instalment_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="planpayment",
            constraint=models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="plan_payment_is_positive"),
        ),
        migrations.RunSQL(OLD_MOVES.reverse_sql, OLD_MOVES.sql),
        schema.state_guard("cases_plan", begins=["draft"], moves=MOVES),
        schema.append_only("cases_affordability"),
        schema.append_only("cases_affordabilityevidence"),
        schema.same_person("cases_affordability", "case_id", "cases_case"),
        schema.same_person("cases_affordabilityevidence", "form_id", "cases_affordability"),
        schema.same_person("cases_plan", "affordability_id", "cases_affordability"),
        schema.same_person("cases_planpayment", "instalment_id", "cases_planinstalment"),
        migrations.RunSQL(REVOKE, migrations.RunSQL.noop),
    ]
