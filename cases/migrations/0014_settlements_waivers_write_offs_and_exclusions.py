"""Settlements, waivers, write-offs, property taken for debt, and the internal list of whom no new business is made with."""

import django.db.models.deletion
import django.db.models.expressions
import django_fsm
from django.conf import settings
from django.db import migrations, models

from collections_app.shared import schema


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0013_promises_have_parts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ExclusionEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "status",
                    django_fsm.FSMField(
                        choices=[
                            ("proposed", "waits for approval"),
                            ("listed", "on the list"),
                            ("refused", "refused"),
                            ("withdrawn", "withdrawn"),
                            ("removed", "removed"),
                            ("expired", "time is over"),
                        ],
                        default="proposed",
                        max_length=10,
                        protected=True,
                        verbose_name="status",
                    ),
                ),
                (
                    "purpose",
                    models.CharField(
                        choices=[
                            ("new_credit", "no new credit"),
                            ("higher_limit", "no higher limit"),
                            ("guarantee", "not accepted as guarantor"),
                        ],
                        max_length=14,
                        verbose_name="purpose",
                    ),
                ),
                (
                    "basis",
                    models.CharField(
                        choices=[
                            ("contract", "the contract with the person"),
                            ("consent", "consent of the person"),
                            ("risk_duty", "legal duty to manage credit risk"),
                            ("judgment", "judgment of a court"),
                        ],
                        max_length=10,
                        verbose_name="basis",
                    ),
                ),
                ("reason", models.CharField(max_length=500, verbose_name="reason")),
                ("evidence", models.CharField(max_length=200, verbose_name="evidence")),
                ("default_ended_on", models.DateField(blank=True, null=True, verbose_name="default ended")),
                ("retain_until", models.DateField(verbose_name="kept until")),
                ("proposed_at", models.DateTimeField(verbose_name="proposed")),
                ("listed_at", models.DateTimeField(blank=True, null=True, verbose_name="listed")),
                ("told_on", models.DateField(blank=True, null=True, verbose_name="the person was told")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended")),
                ("ended_reason", models.CharField(blank=True, max_length=300, verbose_name="because")),
                (
                    "case",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
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
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="exclusions",
                        to="cases.person",
                    ),
                ),
                (
                    "proposed_by",
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
                "verbose_name": "entry of the exclusion list",
                "verbose_name_plural": "entries of the exclusion list",
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.CreateModel(
            name="ExclusionAppeal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("words", models.CharField(max_length=500, verbose_name="in the person's words")),
                ("opened_at", models.DateTimeField(verbose_name="opened")),
                ("decide_by", models.DateField(verbose_name="to be decided by")),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("upheld", "stays on the list"),
                            ("shortened", "stays for less time"),
                            ("removed", "removed from the list"),
                        ],
                        max_length=10,
                        verbose_name="outcome",
                    ),
                ),
                ("decided_at", models.DateTimeField(blank=True, null=True, verbose_name="decided")),
                ("decided_reason", models.CharField(blank=True, max_length=300, verbose_name="because")),
                (
                    "decided_by",
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
                    "opened_by",
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
                    "person",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="cases.person"
                    ),
                ),
                (
                    "entry",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="appeals", to="cases.exclusionentry"
                    ),
                ),
            ],
            options={
                "verbose_name": "appeal against an entry of the exclusion list",
                "verbose_name_plural": "appeals against entries of the exclusion list",
            },
        ),
        migrations.CreateModel(
            name="Settlement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "status",
                    django_fsm.FSMField(
                        choices=[
                            ("drafted", "drafted"),
                            ("awaiting_approval", "waits for approval"),
                            ("offered", "offered"),
                            ("accepted", "accepted"),
                            ("fulfilled", "fulfilled"),
                            ("failed", "failed"),
                            ("expired", "expired"),
                            ("withdrawn", "withdrawn"),
                            ("refused", "refused"),
                        ],
                        default="drafted",
                        max_length=17,
                        protected=True,
                        verbose_name="status",
                    ),
                ),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("owed", models.DecimalField(decimal_places=2, max_digits=18, verbose_name="owed")),
                ("pays", models.DecimalField(decimal_places=2, max_digits=18, verbose_name="the person pays")),
                ("waives", models.DecimalField(decimal_places=2, max_digits=18, verbose_name="we give up")),
                ("percent", models.DecimalField(decimal_places=2, max_digits=5, verbose_name="given up, percent")),
                (
                    "remains",
                    models.DecimalField(decimal_places=2, default=0, max_digits=18, verbose_name="remains owed"),
                ),
                ("paid_amount", models.DecimalField(decimal_places=2, default=0, max_digits=18, verbose_name="paid")),
                (
                    "takes_effect",
                    models.CharField(
                        choices=[
                            ("fulfilment", "when everything agreed is paid"),
                            ("acceptance", "at once; taken back if it fails"),
                        ],
                        default="fulfilment",
                        max_length=10,
                        verbose_name="what is given up counts",
                    ),
                ),
                ("grace_days", models.PositiveSmallIntegerField(default=3, verbose_name="grace, days")),
                ("expires_on", models.DateField(verbose_name="offer stands until")),
                ("reason", models.CharField(max_length=500, verbose_name="reason")),
                ("drafted_at", models.DateTimeField(verbose_name="drafted")),
                ("offered_at", models.DateTimeField(blank=True, null=True, verbose_name="offered")),
                ("offered_on", models.DateField(blank=True, null=True)),
                ("accepted_at", models.DateTimeField(blank=True, null=True, verbose_name="accepted")),
                (
                    "accepted_how",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("call", "on a call"),
                            ("letter", "in writing"),
                            ("portal", "on the borrower page"),
                            ("visit", "in person"),
                            ("payment", "by paying"),
                        ],
                        max_length=10,
                        verbose_name="accepted how",
                    ),
                ),
                ("accepted_evidence", models.CharField(blank=True, max_length=200, verbose_name="evidence")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended")),
                ("ended_reason", models.CharField(blank=True, max_length=300, verbose_name="because")),
                (
                    "accepted_by",
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
                    "case",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="settlements",
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
                    "drafted_by",
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
                    "person",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="settlements",
                        to="cases.person",
                    ),
                ),
            ],
            options={
                "verbose_name": "settlement",
                "verbose_name_plural": "settlements",
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.CreateModel(
            name="SettlementLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "component",
                    models.CharField(
                        choices=[
                            ("principal", "principal"),
                            ("interest", "interest"),
                            ("penalty", "penalty interest"),
                            ("fee", "fee"),
                            ("cost", "cost"),
                            ("unsplit", "not split by the source"),
                            ("credit", "paid too much"),
                        ],
                        max_length=12,
                        verbose_name="component",
                    ),
                ),
                ("owed", models.DecimalField(decimal_places=2, max_digits=18, verbose_name="owed")),
                ("waives", models.DecimalField(decimal_places=2, default=0, max_digits=18, verbose_name="given up")),
                ("currency", models.CharField(max_length=3)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="cases.account"
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="cases.person"
                    ),
                ),
                (
                    "settlement",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="lines", to="cases.settlement"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SettlementPart",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveSmallIntegerField()),
                ("due_on", models.DateField(verbose_name="due")),
                ("amount", models.DecimalField(decimal_places=2, max_digits=18, verbose_name="amount")),
                ("currency", models.CharField(max_length=3)),
                (
                    "person",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="cases.person"
                    ),
                ),
                (
                    "settlement",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="parts", to="cases.settlement"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SettlementPayment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("amount", models.DecimalField(decimal_places=2, max_digits=18)),
                (
                    "payment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="settlements", to="cases.payment"
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="cases.person"
                    ),
                ),
                (
                    "settlement",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="payments", to="cases.settlement"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Waiver",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "status",
                    django_fsm.FSMField(
                        choices=[
                            ("asked", "waits for approval"),
                            ("granted", "given up"),
                            ("refused", "refused"),
                            ("withdrawn", "withdrawn"),
                            ("reversed", "taken back"),
                        ],
                        default="asked",
                        max_length=10,
                        protected=True,
                        verbose_name="status",
                    ),
                ),
                (
                    "component",
                    models.CharField(
                        choices=[
                            ("principal", "principal"),
                            ("interest", "interest"),
                            ("penalty", "penalty interest"),
                            ("fee", "fee"),
                            ("cost", "cost"),
                            ("unsplit", "not split by the source"),
                            ("credit", "paid too much"),
                        ],
                        max_length=12,
                        verbose_name="component",
                    ),
                ),
                ("amount", models.DecimalField(decimal_places=2, max_digits=18, verbose_name="amount")),
                ("owed", models.DecimalField(decimal_places=2, max_digits=18, verbose_name="owed")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                (
                    "cause",
                    models.CharField(
                        choices=[
                            ("hardship", "hardship"),
                            ("our_error", "our mistake"),
                            ("complaint", "outcome of a complaint"),
                            ("goodwill", "goodwill"),
                            ("law", "may not be charged by law"),
                            ("settlement", "settlement"),
                        ],
                        max_length=12,
                        verbose_name="cause",
                    ),
                ),
                ("reason", models.CharField(max_length=500, verbose_name="reason")),
                ("asked_at", models.DateTimeField(verbose_name="asked")),
                ("effective_on", models.DateField(blank=True, null=True, verbose_name="counts from")),
                ("granted_at", models.DateTimeField(blank=True, null=True, verbose_name="given up")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended")),
                ("ended_reason", models.CharField(blank=True, max_length=300, verbose_name="because")),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="waivers", to="cases.account"
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
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="waivers", to="cases.case"
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
                (
                    "settlement",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="waivers",
                        to="cases.settlement",
                    ),
                ),
            ],
            options={
                "verbose_name": "waiver",
                "verbose_name_plural": "waivers",
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.CreateModel(
            name="WriteOff",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "status",
                    django_fsm.FSMField(
                        choices=[
                            ("asked", "waits for approval"),
                            ("done", "written off"),
                            ("refused", "refused"),
                            ("withdrawn", "withdrawn"),
                            ("reversed", "taken back into the books"),
                        ],
                        default="asked",
                        max_length=10,
                        protected=True,
                        verbose_name="status",
                    ),
                ),
                ("amount", models.DecimalField(decimal_places=2, max_digits=18, verbose_name="amount")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("reason", models.CharField(max_length=500, verbose_name="reason")),
                ("asked_at", models.DateTimeField(verbose_name="asked")),
                ("written_off_on", models.DateField(blank=True, null=True, verbose_name="written off")),
                ("done_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended")),
                ("ended_on", models.DateField(blank=True, null=True)),
                ("ended_reason", models.CharField(blank=True, max_length=300, verbose_name="because")),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="write_offs", to="cases.account"
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
                    "case",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="write_offs",
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
                "verbose_name": "write-off",
                "verbose_name_plural": "write-offs",
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.CreateModel(
            name="AssetForDebt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "status",
                    django_fsm.FSMField(
                        choices=[
                            ("asked", "waits for approval"),
                            ("taken", "taken"),
                            ("refused", "refused"),
                            ("withdrawn", "withdrawn"),
                            ("reversed", "given back"),
                        ],
                        default="asked",
                        max_length=10,
                        protected=True,
                        verbose_name="status",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("home", "house or flat"),
                            ("land", "land"),
                            ("vehicle", "vehicle"),
                            ("machinery", "machinery"),
                            ("goods", "goods"),
                            ("receivable", "claim against somebody else"),
                            ("shares", "shares"),
                            ("other", "other"),
                        ],
                        max_length=12,
                        verbose_name="kind",
                    ),
                ),
                ("description", models.CharField(max_length=500, verbose_name="description")),
                ("owner", models.CharField(max_length=120, verbose_name="belongs to")),
                ("valuation", models.DecimalField(decimal_places=2, max_digits=18, verbose_name="valued at")),
                ("valued_by", models.CharField(max_length=120, verbose_name="valued by")),
                ("valued_on", models.DateField(verbose_name="valued on")),
                ("evidence", models.CharField(max_length=200, verbose_name="valuation report")),
                ("amount", models.DecimalField(decimal_places=2, max_digits=18, verbose_name="pays of the debt")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("reason", models.CharField(max_length=500, verbose_name="reason")),
                ("asked_at", models.DateTimeField(verbose_name="asked")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended")),
                ("ended_reason", models.CharField(blank=True, max_length=300, verbose_name="because")),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="assets_taken", to="cases.account"
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
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="assets_taken", to="cases.case"
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
                    "payment",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="asset",
                        to="cases.payment",
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
                "verbose_name": "asset for debt",
                "verbose_name_plural": "assets for debt",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["asked", "taken", "refused", "withdrawn", "reversed"])),
                        name="asset_status_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0), ("amount__lte", models.F("valuation"))),
                        name="asset_pays_at_most_what_it_is_worth",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("description", ""), _negated=True),
                            models.Q(("valued_by", ""), _negated=True),
                            models.Q(("evidence", ""), _negated=True),
                            models.Q(("reason", ""), _negated=True),
                        ),
                        name="asset_says_what_it_is_and_who_valued_it",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("currency__in", ["JPY", "KRW", "VND"]), _negated=True),
                            (
                                "amount",
                                models.Func(models.F("amount"), function="trunc", output_field=models.DecimalField()),
                            ),
                            _connector="OR",
                        ),
                        name="asset_has_whole_units_where_currency_has",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status__in", ["taken", "reversed"]), _negated=True),
                            ("payment__isnull", False),
                            _connector="OR",
                        ),
                        name="asset_taken_is_a_payment",
                    ),
                ],
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.AddIndex(
            model_name="exclusionentry",
            index=models.Index(
                condition=models.Q(("status", "listed")),
                fields=["creditor", "retain_until"],
                name="exclusions_that_end",
            ),
        ),
        migrations.AddConstraint(
            model_name="exclusionentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status__in", ["proposed", "listed", "refused", "withdrawn", "removed", "expired"])
                ),
                name="exclusion_status_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="exclusionentry",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status__in", ["proposed", "listed"])),
                fields=("person", "creditor", "purpose"),
                name="exclusion_of_a_person_stands_once_per_purpose",
            ),
        ),
        migrations.AddConstraint(
            model_name="exclusionentry",
            constraint=models.UniqueConstraint(fields=("id", "person"), name="exclusion_id_and_person_are_a_key"),
        ),
        migrations.AddConstraint(
            model_name="exclusionentry",
            constraint=models.CheckConstraint(
                condition=models.Q(models.Q(("reason", ""), _negated=True), models.Q(("evidence", ""), _negated=True)),
                name="exclusion_says_why_and_what_shows_it",
            ),
        ),
        migrations.AddConstraint(
            model_name="exclusionentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at__isnull", True), ("status__in", ["proposed", "listed"])),
                    models.Q(
                        models.Q(("status__in", ["proposed", "listed"]), _negated=True), ("ended_at__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="exclusion_ended_says_when",
            ),
        ),
        migrations.AddConstraint(
            model_name="exclusionentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "listed"), _negated=True), ("listed_at__isnull", False), _connector="OR"
                ),
                name="exclusion_listed_says_when",
            ),
        ),
        migrations.AddConstraint(
            model_name="exclusionappeal",
            constraint=models.UniqueConstraint(
                condition=models.Q(("decided_at__isnull", True)),
                fields=("entry",),
                name="exclusion_appeal_is_open_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="exclusionappeal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decided_at__isnull", True), ("decided_reason", ""), ("outcome", "")),
                    models.Q(
                        ("decided_at__isnull", False),
                        models.Q(("outcome", ""), _negated=True),
                        models.Q(("decided_reason", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="exclusion_appeal_decided_says_how_and_why",
            ),
        ),
        migrations.AddConstraint(
            model_name="exclusionappeal",
            constraint=models.CheckConstraint(
                condition=models.Q(("words", ""), _negated=True), name="exclusion_appeal_says_what"
            ),
        ),
        migrations.AddConstraint(
            model_name="exclusionappeal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("decided_at__isnull", True), ("decided_at__gte", models.F("opened_at")), _connector="OR"
                ),
                name="exclusion_appeal_is_decided_after_it_opened",
            ),
        ),
        migrations.AddIndex(
            model_name="settlement",
            index=models.Index(fields=["case", "-drafted_at"], name="settlements_of_a_case"),
        ),
        migrations.AddIndex(
            model_name="settlement",
            index=models.Index(
                condition=models.Q(("status__in", ["offered", "accepted"])),
                fields=["creditor", "person"],
                name="settlements_running",
            ),
        ),
        migrations.AddConstraint(
            model_name="settlement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "status__in",
                        [
                            "drafted",
                            "awaiting_approval",
                            "offered",
                            "accepted",
                            "fulfilled",
                            "failed",
                            "expired",
                            "withdrawn",
                            "refused",
                        ],
                    )
                ),
                name="settlement_status_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="settlement",
            constraint=models.UniqueConstraint(fields=("id", "person"), name="settlement_id_and_person_are_a_key"),
        ),
        migrations.AddConstraint(
            model_name="settlement",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status__in", ["drafted", "awaiting_approval", "offered", "accepted"])),
                fields=("case",),
                name="settlement_runs_once_per_case",
            ),
        ),
        migrations.AddConstraint(
            model_name="settlement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "owed",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(models.F("pays"), "+", models.F("waives")),
                            "+",
                            models.F("remains"),
                        ),
                    )
                ),
                name="settlement_adds_up",
            ),
        ),
        migrations.AddConstraint(
            model_name="settlement",
            constraint=models.CheckConstraint(
                condition=models.Q(("pays__gt", 0), ("remains__gte", 0), ("waives__gt", 0)),
                name="settlement_amounts_are_possible",
            ),
        ),
        migrations.AddConstraint(
            model_name="settlement",
            constraint=models.CheckConstraint(
                condition=models.Q(("percent__gte", 0), ("percent__lte", 100)),
                name="settlement_percent_is_between_0_and_100",
            ),
        ),
        migrations.AddConstraint(
            model_name="settlement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("currency__in", ["JPY", "KRW", "VND"]), _negated=True),
                    ("pays", models.Func(models.F("pays"), function="trunc", output_field=models.DecimalField())),
                    _connector="OR",
                ),
                name="settlement_has_whole_units_where_currency_has",
            ),
        ),
        migrations.AddConstraint(
            model_name="settlement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status__in", ["accepted", "fulfilled"]), _negated=True),
                    models.Q(
                        ("accepted_at__isnull", False),
                        ("offered_at__isnull", False),
                        models.Q(("accepted_how", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="settlement_accepted_says_when_and_how",
            ),
        ),
        migrations.AddConstraint(
            model_name="settlement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("ended_at__isnull", True),
                        ("status__in", ["drafted", "awaiting_approval", "offered", "accepted"]),
                    ),
                    models.Q(
                        ("ended_at__isnull", False),
                        ("status__in", ["fulfilled", "failed", "expired", "withdrawn", "refused"]),
                    ),
                    _connector="OR",
                ),
                name="settlement_ended_says_when",
            ),
        ),
        migrations.AddConstraint(
            model_name="settlementline",
            constraint=models.UniqueConstraint(
                fields=("settlement", "account", "component"),
                name="settlement_line_is_unique_per_account_and_component",
            ),
        ),
        migrations.AddConstraint(
            model_name="settlementline",
            constraint=models.CheckConstraint(
                condition=models.Q(("owed__gt", 0), ("waives__gte", 0), ("waives__lte", models.F("owed"))),
                name="settlement_line_gives_up_no_more_than_is_owed",
            ),
        ),
        migrations.AddConstraint(
            model_name="settlementpart",
            constraint=models.UniqueConstraint(
                fields=("settlement", "number"), name="settlement_part_number_is_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="settlementpart",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gt", 0)), name="settlement_part_is_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="settlementpart",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("currency__in", ["JPY", "KRW", "VND"]), _negated=True),
                    ("amount", models.Func(models.F("amount"), function="trunc", output_field=models.DecimalField())),
                    _connector="OR",
                ),
                name="settlement_part_has_whole_units_where_currency_has",
            ),
        ),
        migrations.AddConstraint(
            model_name="settlementpayment",
            constraint=models.UniqueConstraint(
                fields=("settlement", "payment"), name="payment_counts_once_per_settlement"
            ),
        ),
        migrations.AddConstraint(
            model_name="settlementpayment",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gt", 0)), name="settlement_payment_is_positive"
            ),
        ),
        migrations.AddIndex(
            model_name="waiver",
            index=models.Index(fields=["creditor", "-asked_at", "-id"], name="waivers_of_a_creditor"),
        ),
        migrations.AddConstraint(
            model_name="waiver",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["asked", "granted", "refused", "withdrawn", "reversed"])),
                name="waiver_status_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="waiver",
            constraint=models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="waiver_is_positive"),
        ),
        migrations.AddConstraint(
            model_name="waiver",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True), name="waiver_says_why"
            ),
        ),
        migrations.AddConstraint(
            model_name="waiver",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("currency__in", ["JPY", "KRW", "VND"]), _negated=True),
                    ("amount", models.Func(models.F("amount"), function="trunc", output_field=models.DecimalField())),
                    _connector="OR",
                ),
                name="waiver_has_whole_units_where_currency_has",
            ),
        ),
        migrations.AddConstraint(
            model_name="waiver",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status__in", ["granted", "reversed"]), _negated=True),
                    models.Q(("effective_on__isnull", False), ("granted_at__isnull", False)),
                    _connector="OR",
                ),
                name="waiver_granted_says_when",
            ),
        ),
        migrations.AddIndex(
            model_name="writeoff",
            index=models.Index(fields=["creditor", "-asked_at", "-id"], name="write_offs_of_a_creditor"),
        ),
        migrations.AddConstraint(
            model_name="writeoff",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["asked", "done", "refused", "withdrawn", "reversed"])),
                name="write_off_status_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="writeoff",
            constraint=models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="write_off_is_positive"),
        ),
        migrations.AddConstraint(
            model_name="writeoff",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True), name="write_off_says_why"
            ),
        ),
        migrations.AddConstraint(
            model_name="writeoff",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("currency__in", ["JPY", "KRW", "VND"]), _negated=True),
                    ("amount", models.Func(models.F("amount"), function="trunc", output_field=models.DecimalField())),
                    _connector="OR",
                ),
                name="write_off_has_whole_units_where_currency_has",
            ),
        ),
        migrations.AddConstraint(
            model_name="writeoff",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status__in", ["asked", "done"])),
                fields=("account",),
                name="write_off_of_an_account_stands_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="writeoff",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status__in", ["done", "reversed"]), _negated=True),
                    models.Q(("done_at__isnull", False), ("written_off_on__isnull", False)),
                    _connector="OR",
                ),
                name="write_off_done_says_when",
            ),
        ),
        schema.state_guard(
            "cases_settlement",
            begins=["drafted"],
            moves=[
                ("accepted", "failed"),
                ("accepted", "fulfilled"),
                ("accepted", "withdrawn"),
                ("awaiting_approval", "offered"),
                ("awaiting_approval", "refused"),
                ("awaiting_approval", "withdrawn"),
                ("drafted", "awaiting_approval"),
                ("drafted", "offered"),
                ("drafted", "withdrawn"),
                ("fulfilled", "accepted"),
                ("fulfilled", "failed"),
                ("offered", "accepted"),
                ("offered", "expired"),
                ("offered", "withdrawn"),
            ],
        ),
        schema.state_guard(
            "cases_waiver",
            begins=["asked"],
            moves=[("asked", "granted"), ("asked", "refused"), ("asked", "withdrawn"), ("granted", "reversed")],
        ),
        schema.state_guard(
            "cases_writeoff",
            begins=["asked"],
            moves=[("asked", "done"), ("asked", "refused"), ("asked", "withdrawn"), ("done", "reversed")],
        ),
        schema.state_guard(
            "cases_assetfordebt",
            begins=["asked"],
            moves=[("asked", "refused"), ("asked", "taken"), ("asked", "withdrawn"), ("taken", "reversed")],
        ),
        schema.state_guard(
            "cases_exclusionentry",
            begins=["proposed"],
            moves=[
                ("listed", "expired"),
                ("listed", "removed"),
                ("proposed", "listed"),
                ("proposed", "refused"),
                ("proposed", "withdrawn"),
            ],
        ),
        schema.append_only("cases_settlementpart"),
        schema.append_only("cases_settlementline"),
        schema.same_person("cases_settlement", "case_id", "cases_case"),
        schema.same_person("cases_settlementpart", "settlement_id", "cases_settlement"),
        schema.same_person("cases_settlementline", "settlement_id", "cases_settlement"),
        schema.same_person("cases_settlementline", "account_id", "cases_account"),
        schema.same_person("cases_settlementpayment", "settlement_id", "cases_settlement"),
        schema.same_person("cases_waiver", "case_id", "cases_case"),
        schema.same_person("cases_waiver", "account_id", "cases_account"),
        schema.same_person("cases_writeoff", "account_id", "cases_account"),
        schema.same_person("cases_assetfordebt", "case_id", "cases_case"),
        schema.same_person("cases_assetfordebt", "account_id", "cases_account"),
        schema.same_person("cases_exclusionappeal", "entry_id", "cases_exclusionentry"),
    ]
