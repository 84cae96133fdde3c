from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [("contacts", "0010_messages_received")]

    operations = [
        migrations.CreateModel(
            name="SendingEpoch",
            fields=[
                ("id", models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("number", models.BigIntegerField(default=0)),
                ("released_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "constraints": [models.CheckConstraint(name="sending_epoch_is_one_row", condition=Q(id=1))],
            },
        ),
        migrations.AddField(
            "step",
            "spread_minutes",
            models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="spread over, minutes"),
        ),
        migrations.AlterField(
            "step",
            "catch_up",
            models.CharField(
                choices=[
                    ("send_late", "do it late"),
                    ("skip", "leave it out"),
                    ("escalate", "put it before a supervisor"),
                ],
                default="send_late",
                max_length=10,
                verbose_name="after an outage",
            ),
        ),
        migrations.RemoveIndex("plannedcontact", "planned_contacts_due"),
        migrations.AddIndex(
            "plannedcontact",
            models.Index(
                F("channel"),
                F("priority").desc(),
                F("try_again_at"),
                F("id"),
                name="planned_contacts_due",
                condition=Q(status__in=["planned", "withheld"], automated=True),
            ),
        ),
    ]
