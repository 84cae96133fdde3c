"""Holds and places are read for questions about the past too, when released and ended ones still stood."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0007_consent_may_be_to_a_place"),
        ("staff", "0002_clock_and_text_search"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="hold",
            name="holds_standing_of_a_person",
        ),
        migrations.RemoveIndex(
            model_name="locationclaim",
            name="standing_locations_of_a_person",
        ),
        migrations.AddIndex(
            model_name="hold",
            index=models.Index(fields=["person"], name="holds_of_a_person"),
        ),
        migrations.AddIndex(
            model_name="locationclaim",
            index=models.Index(fields=["person"], name="locations_of_a_person"),
        ),
    ]
