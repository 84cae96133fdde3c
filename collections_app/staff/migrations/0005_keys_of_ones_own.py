"""Which key each person presses instead of the one that the product gives."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("staff", "0004_people_have_skills_and_limits"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="keys",
            field=models.JSONField(blank=True, default=dict, verbose_name="keys of one's own"),
        ),
    ]
