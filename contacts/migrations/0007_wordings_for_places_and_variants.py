"""Wordings for one place and as variants that are compared; what was decided about is never changed again."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

DECIDED_STAYS = """
CREATE FUNCTION refuse_change_of_wording() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT (OLD.status = NEW.status
            OR (OLD.status, NEW.status) IN (('draft', 'approved'), ('draft', 'refused'), ('approved', 'retired'))) THEN
        RAISE EXCEPTION 'wording % may not go from % to %', OLD.id, OLD.status, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'wording_moves_as_declared';
    END IF;
    IF OLD.status <> 'draft'
       AND (OLD.subject, OLD.body, OLD.language, OLD.jurisdiction, OLD.variant, OLD.weight, OLD.version, OLD.template_id)
           IS DISTINCT FROM
           (NEW.subject, NEW.body, NEW.language, NEW.jurisdiction, NEW.variant, NEW.weight, NEW.version, NEW.template_id)
    THEN
        RAISE EXCEPTION 'wording % was decided about and is not changed', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'wording_decided_is_never_changed';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER wording_decided_is_never_changed BEFORE UPDATE ON contacts_templateversion
    FOR EACH ROW EXECUTE FUNCTION refuse_change_of_wording();
"""
UNDO = """
DROP TRIGGER wording_decided_is_never_changed ON contacts_templateversion;
DROP FUNCTION refuse_change_of_wording();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0006_lenders_and_loans_of_more_countries"),
        ("contacts", "0006_permit_rule_in_one_look"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Letterhead",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("address", models.CharField(blank=True, max_length=200, verbose_name="postal address")),
                ("complaint_line", models.CharField(blank=True, max_length=100, verbose_name="complaint line")),
                ("agency_name", models.CharField(blank=True, max_length=200, verbose_name="name of the agency")),
                ("payment_methods", models.CharField(blank=True, max_length=300, verbose_name="how to pay")),
                (
                    "payment_url",
                    models.URLField(
                        blank=True,
                        help_text="{reference} in it is replaced by the reference of the case.",
                        verbose_name="payment page",
                    ),
                ),
                ("legal_basis", models.CharField(blank=True, max_length=300, verbose_name="legal basis of a demand")),
                (
                    "recordings_kept",
                    models.CharField(blank=True, max_length=100, verbose_name="how long recordings are kept"),
                ),
            ],
            options={
                "verbose_name": "letterhead",
                "verbose_name_plural": "letterheads",
            },
        ),
        migrations.RemoveConstraint(
            model_name="templateversion",
            name="template_version_is_unique_per_language",
        ),
        migrations.RemoveConstraint(
            model_name="templateversion",
            name="template_has_one_approved_wording_per_language",
        ),
        migrations.AddField(
            model_name="templateversion",
            name="jurisdiction",
            field=models.CharField(blank=True, max_length=40, verbose_name="jurisdiction"),
        ),
        migrations.AddField(
            model_name="templateversion",
            name="reason",
            field=models.CharField(blank=True, max_length=300, verbose_name="reason"),
        ),
        migrations.AddField(
            model_name="templateversion",
            name="refused_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="templateversion",
            name="variant",
            field=models.CharField(default="A", max_length=1, verbose_name="variant"),
        ),
        migrations.AddField(
            model_name="templateversion",
            name="weight",
            field=models.PositiveSmallIntegerField(default=1, verbose_name="share among the variants"),
        ),
        migrations.AlterField(
            model_name="templateversion",
            name="status",
            field=models.CharField(
                choices=[("draft", "draft"), ("approved", "approved"), ("refused", "refused"), ("retired", "retired")],
                default="draft",
                max_length=10,
                verbose_name="status",
            ),
        ),
        migrations.AddConstraint(
            model_name="templateversion",
            constraint=models.UniqueConstraint(
                fields=("template", "language", "jurisdiction", "variant", "version"),
                name="wording_version_is_unique_per_language_place_and_variant",
            ),
        ),
        migrations.AddConstraint(
            model_name="templateversion",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status", "approved")),
                fields=("template", "language", "jurisdiction", "variant"),
                name="template_has_one_approved_wording_per_variant",
            ),
        ),
        migrations.AddConstraint(
            model_name="templateversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("refused_by__isnull", True),
                    models.Q(("refused_by", models.F("written_by")), _negated=True),
                    _connector="OR",
                ),
                name="wording_is_refused_by_somebody_else",
            ),
        ),
        migrations.AddConstraint(
            model_name="templateversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "refused"), _negated=True),
                    models.Q(("reason", ""), _negated=True),
                    _connector="OR",
                ),
                name="wording_refused_says_why",
            ),
        ),
        migrations.AddConstraint(
            model_name="templateversion",
            constraint=models.CheckConstraint(
                condition=models.Q(("variant__regex", "^[A-D]$")), name="wording_variant_is_a_letter"
            ),
        ),
        migrations.AddConstraint(
            model_name="templateversion",
            constraint=models.CheckConstraint(
                condition=models.Q(("weight__gte", 1), ("weight__lte", 100)), name="wording_weight_is_positive"
            ),
        ),
        migrations.AddField(
            model_name="letterhead",
            name="creditor",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="letterhead", to="cases.creditor"
            ),
        ),
        migrations.RunSQL(DECIDED_STAYS, UNDO),
    ]
