"""Payments keep who paid and how, what is paid too much can go back, and a day is compared with the bank."""

import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models

from collections_app.shared import schema


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0011_approvals_and_authority"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="BankDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField(verbose_name="day")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("bank_total", models.DecimalField(decimal_places=2, max_digits=20, verbose_name="at the bank")),
                ("books_total", models.DecimalField(decimal_places=2, max_digits=20, verbose_name="in the books")),
                (
                    "explained_total",
                    models.DecimalField(decimal_places=2, max_digits=20, verbose_name="difference that is explained"),
                ),
                ("reasons", models.JSONField(blank=True, default=dict)),
                ("stated_at", models.DateTimeField(verbose_name="stated")),
                ("closed_at", models.DateTimeField(blank=True, null=True, verbose_name="closed")),
            ],
            options={
                "verbose_name": "reconciled day",
                "verbose_name_plural": "reconciled days",
            },
        ),
        migrations.CreateModel(
            name="BankLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("line", models.PositiveIntegerField(verbose_name="line")),
                ("key", models.BinaryField()),
                ("booked_on", models.DateField(verbose_name="booked")),
                ("amount", models.DecimalField(decimal_places=2, max_digits=18, verbose_name="amount")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("reference", models.CharField(blank=True, max_length=80, verbose_name="reference")),
                ("payer_name", models.CharField(blank=True, max_length=200, verbose_name="name of the payer")),
                ("remittance", models.CharField(blank=True, max_length=200, verbose_name="what the payer wrote")),
                ("is_reversal", models.BooleanField(default=False)),
                (
                    "matched_by",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("reference", "same reference"),
                            ("amount", "same amount, the only one near that day"),
                            ("payer", "same amount and payer"),
                            ("person", "by a person"),
                        ],
                        max_length=10,
                        verbose_name="matched",
                    ),
                ),
                ("matched_at", models.DateTimeField(blank=True, null=True)),
                (
                    "explanation",
                    models.CharField(blank=True, max_length=200, verbose_name="why it is not in the books"),
                ),
                ("explained_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "verbose_name": "line of the bank",
                "verbose_name_plural": "lines of the bank",
            },
        ),
        migrations.CreateModel(
            name="Refund",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("amount", models.DecimalField(decimal_places=2, max_digits=18, verbose_name="amount")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("payee", models.CharField(max_length=200, verbose_name="goes to")),
                ("marked_at", models.DateTimeField(verbose_name="marked")),
                ("sent_at", models.DateTimeField(blank=True, null=True, verbose_name="sent")),
                ("reference", models.CharField(blank=True, max_length=80, verbose_name="reference of the transfer")),
                ("dropped_at", models.DateTimeField(blank=True, null=True, verbose_name="given up")),
            ],
            options={
                "verbose_name": "refund",
                "verbose_name_plural": "refunds",
            },
        ),
        migrations.AddField(
            model_name="payment",
            name="division",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "one account"),
                    ("oldest", "oldest debt first"),
                    ("past_due", "what is past due first"),
                    ("proportional", "in proportion to the balances"),
                    ("instructed", "as the payer said"),
                ],
                max_length=12,
                verbose_name="divided",
            ),
        ),
        migrations.AddField(
            model_name="payment",
            name="method",
            field=models.CharField(
                blank=True,
                choices=[
                    ("transfer", "bank transfer"),
                    ("card", "debit card"),
                    ("debit", "direct debit"),
                    ("app", "app or web"),
                    ("branch", "at a branch"),
                    ("cash", "cash"),
                    ("other", "other"),
                ],
                max_length=10,
                verbose_name="how",
            ),
        ),
        migrations.AddField(
            model_name="payment",
            name="payer_name",
            field=models.CharField(blank=True, max_length=200, verbose_name="name of the payer"),
        ),
        migrations.AddField(
            model_name="payment",
            name="remittance",
            field=models.CharField(blank=True, max_length=200, verbose_name="what the payer wrote"),
        ),
        migrations.AddField(
            model_name="payment",
            name="reversed_by",
            field=models.CharField(blank=True, max_length=120),
        ),
        migrations.AddField(
            model_name="payment",
            name="reversed_kind",
            field=models.CharField(
                blank=True,
                choices=[
                    ("bounced", "returned by the bank"),
                    ("chargeback", "charged back by the payer"),
                    ("duplicate", "recorded twice"),
                    ("wrong_account", "belongs to another account"),
                    ("mistyped", "recorded wrongly"),
                    ("rolled_back", "its file was rolled back"),
                    ("other", "other"),
                ],
                max_length=14,
                verbose_name="why reversed",
            ),
        ),
        migrations.AlterField(
            model_name="payment",
            name="payer",
            field=models.CharField(
                choices=[("borrower", "the borrower"), ("guarantor", "a guarantor"), ("third_party", "a third party")],
                default="borrower",
                max_length=20,
                verbose_name="paid by",
            ),
        ),
        migrations.AddIndex(
            model_name="payment",
            index=models.Index(fields=["creditor", "value_on", "id"], name="payments_of_a_day"),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.CheckConstraint(
                condition=models.Q(("payer__in", ["borrower", "guarantor", "third_party"])),
                name="payment_payer_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("payer", "third_party"), _negated=True),
                    models.Q(("payer_name", ""), _negated=True),
                    _connector="OR",
                ),
                name="payment_of_a_third_party_names_it",
            ),
        ),
        migrations.AddField(
            model_name="bankday",
            name="closed_by",
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
            model_name="bankday",
            name="creditor",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="bank_days",
                to="cases.creditor",
            ),
        ),
        migrations.AddField(
            model_name="bankday",
            name="stated_by",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="bankline",
            name="batch",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="bank_lines", to="cases.importbatch"
            ),
        ),
        migrations.AddField(
            model_name="bankline",
            name="creditor",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="bank_lines",
                to="cases.creditor",
            ),
        ),
        migrations.AddField(
            model_name="bankline",
            name="explained_by",
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
            model_name="bankline",
            name="matched_with",
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
            model_name="bankline",
            name="payment",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="bank_lines",
                to="cases.payment",
            ),
        ),
        migrations.AddField(
            model_name="refund",
            name="account",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="refunds", to="cases.account"
            ),
        ),
        migrations.AddField(
            model_name="refund",
            name="creditor",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="cases.creditor"),
        ),
        migrations.AddField(
            model_name="refund",
            name="marked_by",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="refund",
            name="person",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="cases.person"),
        ),
        migrations.AddField(
            model_name="refund",
            name="sent_by",
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
            model_name="bankline",
            name="refund",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="bank_lines",
                to="cases.refund",
            ),
        ),
        migrations.AddConstraint(
            model_name="bankday",
            constraint=models.UniqueConstraint(
                fields=("creditor", "day", "currency"), name="bank_day_is_one_per_currency"
            ),
        ),
        migrations.AddConstraint(
            model_name="bankday",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("closed_at__isnull", True), ("closed_by__isnull", True)),
                    models.Q(
                        ("closed_at__isnull", False),
                        ("closed_by__isnull", False),
                        models.Q(("closed_by", models.F("stated_by")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="bank_day_is_closed_by_somebody_else",
            ),
        ),
        migrations.AddConstraint(
            model_name="bankday",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("closed_at__isnull", True),
                    (
                        "bank_total",
                        django.db.models.expressions.CombinedExpression(
                            models.F("books_total"), "+", models.F("explained_total")
                        ),
                    ),
                    _connector="OR",
                ),
                name="bank_day_adds_up",
            ),
        ),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="refund_is_positive"),
        ),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("currency__in", ["JPY", "KRW", "VND"]), _negated=True),
                    ("amount", models.Func(models.F("amount"), function="trunc", output_field=models.DecimalField())),
                    _connector="OR",
                ),
                name="refund_has_whole_units_where_currency_has",
            ),
        ),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("sent_at__isnull", True), ("sent_by__isnull", True)),
                    models.Q(
                        ("sent_at__isnull", False),
                        ("sent_by__isnull", False),
                        models.Q(("sent_by", models.F("marked_by")), _negated=True),
                        models.Q(("reference", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="refund_is_sent_by_somebody_else",
            ),
        ),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.CheckConstraint(
                condition=models.Q(("sent_at__isnull", True), ("dropped_at__isnull", True), _connector="OR"),
                name="refund_is_sent_or_given_up",
            ),
        ),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.UniqueConstraint(
                condition=models.Q(("dropped_at__isnull", True), ("sent_at__isnull", True)),
                fields=("account",),
                name="refund_waits_once_per_account",
            ),
        ),
        migrations.AddIndex(
            model_name="bankline",
            index=models.Index(fields=["creditor", "booked_on", "id"], name="bank_lines_of_a_day"),
        ),
        migrations.AddConstraint(
            model_name="bankline",
            constraint=models.UniqueConstraint(fields=("creditor", "key"), name="bank_line_is_known_once"),
        ),
        migrations.AddConstraint(
            model_name="bankline",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount", 0), _negated=True), name="bank_line_is_not_zero"
            ),
        ),
        migrations.AddConstraint(
            model_name="bankline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("currency__in", ["JPY", "KRW", "VND"]), _negated=True),
                    ("amount", models.Func(models.F("amount"), function="trunc", output_field=models.DecimalField())),
                    _connector="OR",
                ),
                name="bank_line_has_whole_units_where_currency_has",
            ),
        ),
        migrations.AddConstraint(
            model_name="bankline",
            constraint=models.UniqueConstraint(
                condition=models.Q(("payment__isnull", False)),
                fields=("payment", "is_reversal"),
                name="payment_is_one_line_of_the_bank",
            ),
        ),
        migrations.AddConstraint(
            model_name="bankline",
            constraint=models.UniqueConstraint(
                condition=models.Q(("refund__isnull", False)), fields=("refund",), name="refund_is_one_line_of_the_bank"
            ),
        ),
        migrations.AddConstraint(
            model_name="bankline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("matched_at__isnull", True),
                        ("matched_by", ""),
                        ("payment__isnull", True),
                        ("refund__isnull", True),
                    ),
                    models.Q(
                        ("matched_at__isnull", False),
                        ("payment__isnull", False),
                        ("refund__isnull", True),
                        models.Q(("matched_by", ""), _negated=True),
                    ),
                    models.Q(
                        ("matched_at__isnull", False),
                        ("payment__isnull", True),
                        ("refund__isnull", False),
                        models.Q(("matched_by", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="bank_line_matched_says_how",
            ),
        ),
        migrations.AddConstraint(
            model_name="bankline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("explained_at__isnull", True), ("explained_by__isnull", True), ("explanation", "")),
                    models.Q(
                        ("explained_at__isnull", False),
                        ("explained_by__isnull", False),
                        models.Q(("explanation", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="bank_line_explained_says_by_whom",
            ),
        ),
        schema.same_person("cases_refund", "account_id", "cases_account"),
    ]
