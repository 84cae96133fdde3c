import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("contacts", "0012_calls_by_telephone_system"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="RefusedCallback",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("door", models.CharField(max_length=30, verbose_name="door")),
                ("day", models.DateField(verbose_name="day")),
                ("count", models.PositiveIntegerField(default=0, verbose_name="count")),
                ("last_at", models.DateTimeField(verbose_name="last")),
            ],
            options={
                "verbose_name": "refused callback",
                "verbose_name_plural": "refused callbacks",
            },
        ),
        migrations.AddField(
            model_name="providerstate",
            name="held_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="held by",
            ),
        ),
        migrations.AddField(
            model_name="providerstate",
            name="note",
            field=models.CharField(blank=True, max_length=300, verbose_name="reason"),
        ),
        migrations.AddConstraint(
            model_name="providerstate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("held_by__isnull", True), ("note", "")),
                    models.Q(
                        ("held_by__isnull", False), ("held_until__isnull", False), models.Q(("note", ""), _negated=True)
                    ),
                    _connector="OR",
                ),
                name="provider_held_by_a_person_says_why",
            ),
        ),
        migrations.AddConstraint(
            model_name="refusedcallback",
            constraint=models.UniqueConstraint(
                fields=("door", "day"), name="refused_callbacks_are_counted_by_door_and_day"
            ),
        ),
    ]
