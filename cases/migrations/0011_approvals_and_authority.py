"""Approvals: limits of authority, what waits for a signature, who signed. PostgreSQL keeps the four-eyes rule itself."""

import django.db.models.deletion
import django_fsm
from django.conf import settings
from django.db import migrations, models

from collections_app.shared import schema

FOUR_EYES = """
CREATE FUNCTION refuse_a_signature_of_ones_own() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    asked cases_approval%ROWTYPE;
BEGIN
    SELECT * INTO asked FROM cases_approval WHERE id = NEW.approval_id;
    IF asked.asked_by_id = NEW.signed_by_id THEN
        RAISE EXCEPTION 'nobody signs what he asked for himself' USING ERRCODE = 'check_violation';
    END IF;
    IF asked.status <> 'pending' THEN
        RAISE EXCEPTION 'an approval that is % takes no signature', asked.status USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER cases_approvalsignature_is_of_another BEFORE INSERT ON cases_approvalsignature
    FOR EACH ROW EXECUTE FUNCTION refuse_a_signature_of_ones_own();

CREATE FUNCTION refuse_an_approval_without_signatures() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) FROM cases_approvalsignature WHERE approval_id = NEW.id AND is_approving) < NEW.signatures THEN
        RAISE EXCEPTION 'approval % lacks a signature', NEW.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER cases_approval_is_signed BEFORE UPDATE OF status ON cases_approval
    FOR EACH ROW WHEN (NEW.status = 'approved' AND OLD.status = 'pending')
    EXECUTE FUNCTION refuse_an_approval_without_signatures();

CREATE FUNCTION refuse_another_question() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.signatures < OLD.signatures OR NEW.asked_by_id IS DISTINCT FROM OLD.asked_by_id
       OR (NEW.kind, NEW.subject_label, NEW.subject_id, NEW.amount, NEW.percent, NEW.fingerprint)
          IS DISTINCT FROM (OLD.kind, OLD.subject_label, OLD.subject_id, OLD.amount, OLD.percent, OLD.fingerprint) THEN
        RAISE EXCEPTION 'what was asked in approval % stays as it was', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER cases_approval_stays_as_asked BEFORE UPDATE ON cases_approval
    FOR EACH ROW EXECUTE FUNCTION refuse_another_question();
"""

NO_FOUR_EYES = """
DROP TRIGGER cases_approval_stays_as_asked ON cases_approval;
DROP TRIGGER cases_approval_is_signed ON cases_approval;
DROP TRIGGER cases_approvalsignature_is_of_another ON cases_approvalsignature;
DROP FUNCTION refuse_another_question();
DROP FUNCTION refuse_an_approval_without_signatures();
DROP FUNCTION refuse_a_signature_of_ones_own();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0010_plans_are_signed_watched_and_afforded"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Approval",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=30, verbose_name="what")),
                ("subject_label", models.CharField(max_length=60)),
                ("subject_id", models.BigIntegerField()),
                (
                    "status",
                    django_fsm.FSMField(
                        choices=[
                            ("pending", "waiting"),
                            ("approved", "approved"),
                            ("refused", "refused"),
                            ("withdrawn", "withdrawn"),
                            ("stale", "out of date"),
                            ("lapsed", "came to nothing"),
                        ],
                        default="pending",
                        max_length=10,
                        protected=True,
                        verbose_name="status",
                    ),
                ),
                (
                    "amount",
                    models.DecimalField(blank=True, decimal_places=2, max_digits=18, null=True, verbose_name="amount"),
                ),
                ("currency", models.CharField(blank=True, max_length=3, verbose_name="currency")),
                (
                    "percent",
                    models.DecimalField(blank=True, decimal_places=2, max_digits=7, null=True, verbose_name="percent"),
                ),
                ("reason", models.CharField(max_length=500, verbose_name="reason")),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("collector", "Collector"),
                            ("supervisor", "Supervisor"),
                            ("admin", "Administrator"),
                            ("compliance", "Compliance officer"),
                        ],
                        max_length=20,
                        verbose_name="who may sign",
                    ),
                ),
                ("signatures", models.PositiveSmallIntegerField(verbose_name="signatures needed")),
                ("fingerprint", models.CharField(max_length=64)),
                ("asked_at", models.DateTimeField(verbose_name="asked")),
                ("asked_label", models.CharField(max_length=120, verbose_name="asked by")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="decided")),
                ("ended_reason", models.CharField(blank=True, max_length=300, verbose_name="because")),
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
                        related_name="approvals",
                        to="cases.case",
                    ),
                ),
                (
                    "creditor",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="cases.creditor",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="approvals",
                        to="cases.person",
                    ),
                ),
            ],
            options={
                "verbose_name": "approval",
                "verbose_name_plural": "approvals",
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.CreateModel(
            name="ApprovalPart",
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
                ("amount", models.DecimalField(decimal_places=2, max_digits=18, verbose_name="amount")),
                ("owed", models.DecimalField(decimal_places=2, max_digits=18, verbose_name="owed")),
                ("currency", models.CharField(max_length=3)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="cases.account"
                    ),
                ),
                (
                    "approval",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="parts", to="cases.approval"
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="cases.person"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ApprovalSignature",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("signed_at", models.DateTimeField(verbose_name="signed")),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("collector", "Collector"),
                            ("supervisor", "Supervisor"),
                            ("admin", "Administrator"),
                            ("compliance", "Compliance officer"),
                        ],
                        max_length=20,
                        verbose_name="as",
                    ),
                ),
                ("is_approving", models.BooleanField(verbose_name="approves")),
                ("reason", models.CharField(blank=True, max_length=300, verbose_name="because")),
                (
                    "approval",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="signed", to="cases.approval"
                    ),
                ),
                (
                    "signed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="AuthorityLimit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=30, verbose_name="what")),
                (
                    "component",
                    models.CharField(
                        blank=True,
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
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("collector", "Collector"),
                            ("supervisor", "Supervisor"),
                            ("admin", "Administrator"),
                            ("compliance", "Compliance officer"),
                        ],
                        max_length=20,
                        verbose_name="role",
                    ),
                ),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                (
                    "max_amount",
                    models.DecimalField(blank=True, decimal_places=2, max_digits=18, null=True, verbose_name="up to"),
                ),
                (
                    "max_percent",
                    models.DecimalField(
                        blank=True, decimal_places=2, max_digits=5, null=True, verbose_name="up to, percent"
                    ),
                ),
                ("signatures", models.PositiveSmallIntegerField(default=1, verbose_name="signatures")),
                ("days", models.PositiveSmallIntegerField(default=30, verbose_name="counted over, days")),
                ("in_force_from", models.DateTimeField(verbose_name="in force from")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended")),
                (
                    "creditor",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="cases.creditor",
                        verbose_name="creditor",
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="cases.product",
                        verbose_name="product",
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
                "verbose_name": "authority limit",
                "verbose_name_plural": "authority limits",
            },
        ),
        migrations.AddIndex(
            model_name="approval",
            index=models.Index(
                condition=models.Q(("status", "pending")), fields=["creditor", "asked_at"], name="approvals_waiting"
            ),
        ),
        migrations.AddIndex(
            model_name="approval",
            index=models.Index(fields=["person", "asked_at"], name="approvals_of_a_person"),
        ),
        migrations.AddIndex(
            model_name="approval",
            index=models.Index(fields=["subject_label", "subject_id"], name="approvals_of_a_subject"),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["pending", "approved", "refused", "withdrawn", "stale", "lapsed"])),
                name="approval_status_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status", "pending")),
                fields=("kind", "subject_label", "subject_id"),
                name="approval_of_a_subject_waits_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True), name="approval_says_why"
            ),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("amount__isnull", True), models.Q(("currency", ""), _negated=True), _connector="OR"
                ),
                name="approval_amount_has_a_currency",
            ),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("currency__in", ["JPY", "KRW", "VND"]), _negated=True),
                    ("amount", models.Func(models.F("amount"), function="trunc", output_field=models.DecimalField())),
                    _connector="OR",
                ),
                name="approval_has_whole_units_where_currency_has",
            ),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.CheckConstraint(
                condition=models.Q(("role__in", ["collector", "supervisor", "admin", "compliance"])),
                name="approval_role_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at__isnull", True), ("status", "pending")),
                    models.Q(models.Q(("status", "pending"), _negated=True), ("ended_at__isnull", False)),
                    _connector="OR",
                ),
                name="approval_ended_says_when",
            ),
        ),
        migrations.AddConstraint(
            model_name="approvalpart",
            constraint=models.UniqueConstraint(
                fields=("approval", "account", "component"), name="approval_part_is_unique_per_account_and_component"
            ),
        ),
        migrations.AddConstraint(
            model_name="approvalpart",
            constraint=models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="approval_part_is_positive"),
        ),
        migrations.AddConstraint(
            model_name="approvalsignature",
            constraint=models.UniqueConstraint(
                fields=("approval", "signed_by"), name="approval_is_signed_once_by_a_person"
            ),
        ),
        migrations.AddConstraint(
            model_name="approvalsignature",
            constraint=models.CheckConstraint(
                condition=models.Q(("is_approving", True), models.Q(("reason", ""), _negated=True), _connector="OR"),
                name="approval_signature_that_refuses_says_why",
            ),
        ),
        migrations.AddIndex(
            model_name="authoritylimit",
            index=models.Index(fields=["kind", "currency"], name="authority_of_a_kind"),
        ),
        migrations.AddConstraint(
            model_name="authoritylimit",
            constraint=models.CheckConstraint(
                condition=models.Q(("role__in", ["collector", "supervisor", "admin", "compliance"])),
                name="authority_role_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="authoritylimit",
            constraint=models.CheckConstraint(
                condition=models.Q(("max_amount__gte", 0)), name="authority_amount_is_not_negative"
            ),
        ),
        migrations.AddConstraint(
            model_name="authoritylimit",
            constraint=models.CheckConstraint(
                condition=models.Q(("max_percent__gte", 0), ("max_percent__lte", 100)),
                name="authority_percent_is_between_0_and_100",
            ),
        ),
        migrations.AddConstraint(
            model_name="authoritylimit",
            constraint=models.CheckConstraint(
                condition=models.Q(("signatures__lte", 2)), name="authority_asks_two_signatures_at_most"
            ),
        ),
        migrations.AddConstraint(
            model_name="authoritylimit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ended_at__isnull", True), ("ended_at__gte", models.F("in_force_from")), _connector="OR"
                ),
                name="authority_ends_after_it_begins",
            ),
        ),
        schema.state_guard(
            "cases_approval",
            begins=["pending"],
            moves=[
                ("approved", "lapsed"),
                ("pending", "approved"),
                ("pending", "refused"),
                ("pending", "stale"),
                ("pending", "withdrawn"),
            ],
        ),
        schema.append_only("cases_approvalpart"),
        schema.append_only("cases_approvalsignature"),
        schema.same_person("cases_approval", "case_id", "cases_case"),
        schema.same_person("cases_approvalpart", "account_id", "cases_account"),
        migrations.RunSQL(FOUR_EYES, NO_FOUR_EYES),
    ]
