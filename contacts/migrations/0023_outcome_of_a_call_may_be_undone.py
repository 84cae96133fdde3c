"""A completed call is under way again where its outcome was undone within seconds; it is never as if not made."""

from django.db import migrations

from collections_app.shared import schema

EARLIER = [
    ("cleared", "cancelled"), ("cleared", "completed"), ("cleared", "failed"), ("cleared", "in_progress"),
    ("cleared", "sent"), ("cleared", "uncertain"), ("cleared", "withheld"), ("in_progress", "completed"),
    ("in_progress", "failed"), ("sent", "delivered"), ("sent", "failed"), ("uncertain", "cancelled"),
    ("uncertain", "delivered"), ("uncertain", "failed"), ("uncertain", "sent"),
]  # fmt: skip
BEGINS = ["cleared", "withheld", "recorded"]
OLD_MOVES = schema.state_guard("contacts_contactattempt", begins=BEGINS, moves=EARLIER)


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0020_acts_are_undone_and_callbacks_have_windows"),
        ("contacts", "0022_names_in_several_languages"),
    ]

    operations = [
        migrations.RunSQL(OLD_MOVES.reverse_sql, OLD_MOVES.sql),
        schema.state_guard("contacts_contactattempt", begins=BEGINS, moves=[*EARLIER, ("completed", "in_progress")]),
    ]
