"""The index of the queue knows when a case is due: those who are put off are passed over without reading their rows."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cases", "0025_who_was_ever_past_due_by_index")]

    operations = [
        migrations.RemoveIndex(model_name="case", name="case_worklist"),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                name="case_worklist",
                fields=["team", "-score", "id", "next_action_at"],
                condition=models.Q(
                    status__in=["new", "working", "promised", "on_plan"],
                    next_action__in=["call", "review", "callback", "verify_payment"],
                ),
            ),
        ),
    ]
