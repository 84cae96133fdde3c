from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("contacts", "0007_wordings_for_places_and_variants")]

    operations = [
        migrations.AddField(
            "contactattempt",
            "segments",
            models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="parts"),
        ),
        migrations.AddField("deliveryreceipt", "code", models.CharField(blank=True, max_length=60)),
        migrations.AddField("deliveryreceipt", "segments", models.PositiveSmallIntegerField(null=True)),
        migrations.CreateModel(
            name="ProviderState",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("provider", models.CharField(max_length=30, unique=True, verbose_name="provider")),
                ("next_free_at", models.DateTimeField(blank=True, null=True)),
                ("held_since", models.DateTimeField(blank=True, null=True, verbose_name="held since")),
                ("refused_at", models.DateTimeField(blank=True, null=True, verbose_name="last refusal")),
                ("held_until", models.DateTimeField(blank=True, null=True, verbose_name="next try")),
                ("refusals", models.PositiveIntegerField(default=0, verbose_name="refusals")),
                ("reason_code", models.CharField(blank=True, max_length=60, verbose_name="why")),
            ],
            options={
                "verbose_name": "provider",
                "verbose_name_plural": "providers",
                "constraints": [
                    models.CheckConstraint(
                        name="provider_held_says_since_when_and_why",
                        condition=Q(held_until__isnull=True, held_since__isnull=True, refusals=0, reason_code="")
                        | Q(
                            held_until__isnull=False, held_since__isnull=False, refused_at__isnull=False, refusals__gt=0
                        )
                        & ~Q(reason_code=""),
                    ),
                ],
            },
        ),
    ]
