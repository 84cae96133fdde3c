from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("contacts", "0002_rules_kept_by_the_database")]

    operations = [
        migrations.AddField("nightrun", "newest_state", models.BigIntegerField(default=0)),
        migrations.AddField("nightrun", "lease_until", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("nightrun", "claim", models.PositiveIntegerField(default=0)),
    ]
