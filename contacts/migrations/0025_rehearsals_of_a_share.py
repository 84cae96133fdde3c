"""A rehearsal also says what a version does for the share it may begin with, and whether answers were assumed."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("contacts", "0024_call_scripts"),
    ]

    operations = [
        migrations.AddField(
            model_name="rehearsal",
            name="with_answers",
            field=models.BooleanField(default=True, verbose_name="people are taken to be reached"),
        ),
        migrations.AlterField(
            model_name="rehearsalcell",
            name="side",
            field=models.CharField(
                choices=[
                    ("draft", "this version"),
                    ("current", "the version in force"),
                    ("share-1", "this version for 1 of 100 persons"),
                    ("share-10", "this version for 10 of 100 persons"),
                ],
                default="draft",
                max_length=8,
            ),
        ),
    ]
