"""The one row of the clock offset, and trigram search for names."""

from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("staff", "0001_initial")]

    operations = [
        TrigramExtension(),
        migrations.RunSQL("INSERT INTO clock_offset (id, seconds) VALUES (1, 0)", "DELETE FROM clock_offset"),
    ]
