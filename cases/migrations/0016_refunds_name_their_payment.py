"""A refund goes back out of the payment that was too much."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0015_balances_move_with_their_entries"),
    ]

    operations = [
        migrations.AddField(
            model_name="refund",
            name="payment",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="refunds", to="cases.payment"
            ),
        ),
    ]
