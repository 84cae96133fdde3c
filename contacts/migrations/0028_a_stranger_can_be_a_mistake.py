"""A stranger named by a wrong key is taken back, both are written down, and the asking goes on."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0025_who_was_ever_past_due_by_index"),
        ("contacts", "0027_the_day_of_a_collector"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="verification",
            name="verification_result_is_known",
        ),
        migrations.RemoveConstraint(
            model_name="verification",
            name="verification_ends_once_per_call",
        ),
        migrations.AddField(
            model_name="verification",
            name="turn",
            field=models.PositiveSmallIntegerField(db_default=0, default=0, verbose_name="turn"),
        ),
        migrations.AlterField(
            model_name="verification",
            name="result",
            field=models.CharField(
                choices=[
                    ("asked", "asked"),
                    ("confirmed", "confirmed"),
                    ("failed", "not confirmed"),
                    ("wrong_party", "another person"),
                    ("wrong_number", "wrong number"),
                    ("withdrawn", "taken back"),
                ],
                max_length=12,
                verbose_name="result",
            ),
        ),
        migrations.AddConstraint(
            model_name="verification",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("result__in", ["asked", "confirmed", "failed", "wrong_party", "wrong_number", "withdrawn"])
                ),
                name="verification_result_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="verification",
            constraint=models.UniqueConstraint(
                condition=models.Q(("result__in", ["asked", "withdrawn"]), _negated=True),
                fields=("attempt", "turn"),
                name="verification_ends_once_per_turn",
            ),
        ),
        migrations.AddConstraint(
            model_name="verification",
            constraint=models.UniqueConstraint(
                condition=models.Q(("result", "withdrawn")),
                fields=("attempt", "turn"),
                name="verification_is_taken_back_once",
            ),
        ),
    ]
