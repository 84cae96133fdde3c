"""The night asks who was ever past due, and which statements begin to hold on a day, without reading every account."""

import django.contrib.postgres.indexes
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cases", "0024_what_two_columns_tie_is_tied_once")]

    operations = [
        migrations.AddIndex(
            model_name="accountstate",
            index=models.Index(
                name="account_states_past_due",
                fields=["creditor", "person", "past_due_since"],
                include=["account"],
                condition=models.Q(past_due_since__isnull=False),
            ),
        ),
        migrations.AddIndex(
            model_name="accountstate",
            index=django.contrib.postgres.indexes.BrinIndex(
                name="account_states_by_their_day", fields=["effective_on"], autosummarize=True
            ),
        ),
    ]
