"""New versions of a pack are proposed, approved by a second person, and bind from an announced instant on."""

import datetime

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q

LEAD = datetime.timedelta(minutes=10)

# A release that is named belongs to the pack that is named: the pack stands in the row for its unique constraint.
SAME_PACK = """
ALTER TABLE compliance_scheduledrelease ADD CONSTRAINT scheduled_release_is_of_the_same_pack
    FOREIGN KEY (release_id, pack) REFERENCES compliance_packrelease (id, pack);
"""
DROP_SAME_PACK = "ALTER TABLE compliance_scheduledrelease DROP CONSTRAINT scheduled_release_is_of_the_same_pack;"

# What was proposed stays as it was; approval and withdrawal are written once each and never taken back.
KEEP = """
CREATE FUNCTION compliance_keep_scheduled_release() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION '% on % is refused: a scheduled release is withdrawn, never removed', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF (NEW.id, NEW.pack, NEW.release_id, NEW.files, NEW.in_force_from, NEW.reason, NEW.scheduled_at,
        NEW.scheduled_by_id)
       IS DISTINCT FROM
       (OLD.id, OLD.pack, OLD.release_id, OLD.files, OLD.in_force_from, OLD.reason, OLD.scheduled_at,
        OLD.scheduled_by_id)
       OR (OLD.approved_at IS NOT NULL
           AND (NEW.approved_at, NEW.approved_by_id) IS DISTINCT FROM (OLD.approved_at, OLD.approved_by_id))
       OR (OLD.withdrawn_at IS NOT NULL
           AND (NEW.withdrawn_at, NEW.withdrawn_by_id, NEW.withdrawn_because, NEW.binds_until)
               IS DISTINCT FROM (OLD.withdrawn_at, OLD.withdrawn_by_id, OLD.withdrawn_because, OLD.binds_until))
       OR (OLD.withdrawn_at IS NOT NULL AND OLD.approved_at IS NULL AND NEW.approved_at IS NOT NULL)
    THEN
        RAISE EXCEPTION 'a scheduled release is approved once and withdrawn once; nothing else of it changes'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER compliance_scheduledrelease_is_kept BEFORE UPDATE OR DELETE ON compliance_scheduledrelease
    FOR EACH ROW EXECUTE FUNCTION compliance_keep_scheduled_release();
CREATE TRIGGER compliance_scheduledrelease_is_never_emptied BEFORE TRUNCATE ON compliance_scheduledrelease
    FOR EACH STATEMENT EXECUTE FUNCTION compliance_keep_scheduled_release();
"""
DROP_KEEP = """
DROP TRIGGER compliance_scheduledrelease_is_never_emptied ON compliance_scheduledrelease;
DROP TRIGGER compliance_scheduledrelease_is_kept ON compliance_scheduledrelease;
DROP FUNCTION compliance_keep_scheduled_release();
"""


def user(**options):
    return models.ForeignKey(
        db_index=False,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to=settings.AUTH_USER_MODEL,
        **options,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("compliance", "0001_first_schema"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="packrelease",
            constraint=models.UniqueConstraint(fields=("id", "pack"), name="pack_release_is_of_one_pack"),
        ),
        migrations.CreateModel(
            name="ScheduledRelease",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("pack", models.CharField(max_length=40, verbose_name="pack")),
                ("files", models.JSONField()),
                ("in_force_from", models.DateTimeField(verbose_name="in force from")),
                ("reason", models.CharField(max_length=300, verbose_name="reason")),
                ("scheduled_at", models.DateTimeField()),
                ("approved_at", models.DateTimeField(blank=True, null=True)),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
                ("withdrawn_because", models.CharField(blank=True, default="", max_length=300)),
                ("binds_until", models.DateTimeField(blank=True, null=True)),
                ("approved_by", user(blank=True, null=True)),
                (
                    "release",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="scheduled",
                        to="compliance.packrelease",
                    ),
                ),
                ("scheduled_by", user()),
                ("withdrawn_by", user(blank=True, null=True)),
            ],
            options={
                "verbose_name": "scheduled release",
                "verbose_name_plural": "scheduled releases",
                "permissions": (
                    ("schedule_release", "Can propose a new version of a rule pack"),
                    ("approve_release", "Can approve a new version of a rule pack that another person proposed"),
                ),
                "indexes": [
                    models.Index(
                        condition=Q(("approved_at__isnull", False)), fields=["pack"], name="releases_that_bind"
                    ),
                    models.Index(fields=["pack", "-in_force_from"], name="scheduled_of_a_pack"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(("reason", ""), _negated=True), name="scheduled_release_says_why"
                    ),
                    models.CheckConstraint(
                        condition=Q(
                            Q(("approved_at__isnull", True), ("approved_by__isnull", True)),
                            Q(("approved_at__isnull", False), ("approved_by__isnull", False)),
                            _connector="OR",
                        ),
                        name="scheduled_release_is_approved_by_somebody_at_an_instant",
                    ),
                    models.CheckConstraint(
                        condition=Q(
                            ("approved_by__isnull", True),
                            Q(("approved_by", F("scheduled_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="scheduled_release_is_approved_by_another_person",
                    ),
                    models.CheckConstraint(
                        condition=Q(
                            ("in_force_from__gte", F("scheduled_at") + LEAD),
                            Q(
                                ("approved_at__isnull", True),
                                ("in_force_from__gte", F("approved_at") + LEAD),
                                _connector="OR",
                            ),
                        ),
                        name="scheduled_release_is_announced_ten_minutes_ahead",
                    ),
                    models.CheckConstraint(
                        condition=Q(
                            Q(
                                ("binds_until__isnull", True),
                                ("withdrawn_at__isnull", True),
                                ("withdrawn_because", ""),
                                ("withdrawn_by__isnull", True),
                            ),
                            Q(
                                ("binds_until__gt", F("withdrawn_at")),
                                ("withdrawn_at__isnull", False),
                                ("withdrawn_by__isnull", False),
                                Q(("withdrawn_because", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="scheduled_release_is_withdrawn_by_somebody_with_a_reason",
                    ),
                    models.UniqueConstraint(
                        condition=Q(("approved_at__isnull", False), ("withdrawn_at__isnull", True)),
                        fields=("pack", "in_force_from"),
                        name="two_releases_of_a_pack_never_begin_at_once",
                    ),
                ],
            },
        ),
        migrations.RunSQL(SAME_PACK, DROP_SAME_PACK),
        migrations.RunSQL(KEEP, DROP_KEEP),
    ]
