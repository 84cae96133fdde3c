from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cases", "0021_people_are_found_by_name_and_number")]

    operations = [
        migrations.AddField(
            model_name="case",
            name="lease_is_ahead",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
