"""A version knows which one was in force before it, and a rehearsal has room for a hash that the database makes."""

import django.db.models.deletion
from django.db import migrations, models

# Until now a version that was published took the place of the newest one published before it.
REPLACES = """
UPDATE contacts_strategyversion AS version SET replaces_id = (
    SELECT before.id FROM contacts_strategyversion AS before
    WHERE before.strategy_id = version.strategy_id AND before.published_at < version.published_at
    ORDER BY before.published_at DESC, before.id DESC LIMIT 1
)
WHERE version.published_at IS NOT NULL
"""


class Migration(migrations.Migration):
    dependencies = [("contacts", "0017_edits_of_drafts")]

    operations = [
        migrations.AddField(
            model_name="strategyversion",
            name="replaces",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="replaced_by",
                to="contacts.strategyversion",
            ),
        ),
        migrations.AddField(
            model_name="rehearsal",
            name="rows_hash",
            field=models.CharField(blank=True, editable=False, max_length=64),
        ),
        migrations.AddIndex(
            model_name="enrolment",
            index=models.Index(
                condition=models.Q(("left_on__isnull", False)), fields=["case", "-id"], name="enrolments_left_of_a_case"
            ),
        ),
        migrations.RunSQL(REPLACES, migrations.RunSQL.noop),
    ]
