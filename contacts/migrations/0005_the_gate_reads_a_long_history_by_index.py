"""What the gate must still know of a person after the longest window, found by index: the same work for ten contacts
as for ten thousand. None of these indexes grows with an ordinary message or call to the debtor.
"""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0005_wishes_say_source_and_review"),
        ("compliance", "0002_packs_are_released_on_a_day"),
        ("contacts", "0004_app_keeps_the_statistics"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="contactattempt",
            index=models.Index(
                condition=models.Q(("contacted", models.F("person")), _negated=True),
                fields=["contacted", "-at"],
                name="attempts_with_another_person",
            ),
        ),
        migrations.AddIndex(
            model_name="contactattempt",
            index=models.Index(
                condition=models.Q(
                    ("content_class__in", ["validation_notice", "verification", "collection_notice", "agency_notice"]),
                    models.Q(("party__in", ["debtor", "joint_debtor", "guarantor"]), _negated=True),
                    (
                        "purpose__in",
                        [
                            "opt_out_confirmation",
                            "opt_out_confirmation_with_demand",
                            "efforts_terminated",
                            "notify_remedy",
                            "threaten_suit",
                            "statutory_notice",
                        ],
                    ),
                    _connector="OR",
                ),
                fields=["contacted", "-at"],
                name="attempts_never_forgotten",
            ),
        ),
        migrations.AddIndex(
            model_name="contactattempt",
            index=models.Index(
                condition=models.Q(("outcome__in", ["conversation", "met"])),
                fields=["contacted", "-at"],
                name="attempts_that_were_talks",
            ),
        ),
        migrations.AddIndex(
            model_name="contactattempt",
            index=models.Index(
                condition=models.Q(("direction", "inbound")), fields=["address", "-at"], name="attempts_inbound"
            ),
        ),
    ]
