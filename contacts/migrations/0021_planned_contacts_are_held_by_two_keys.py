"""A planned contact is tied to its case, stay and person by the keys over two columns; the three single ones go.

(case, person) is a case of that person, and (enrolment, person) a stay of that person; the person is there because the
case's own key says so. So nothing can be stored that could not be stored before, and a night checks three keys less for
every contact.
"""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0001_first_schema"),
        ("contacts", "0020_only_what_was_rehearsed_is_published"),
    ]

    operations = [
        migrations.AlterField(
            model_name="plannedcontact",
            name=name,
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="planned",
                to=to,
            ),
        )
        for name, to in (("enrolment", "contacts.enrolment"), ("case", "cases.case"), ("person", "cases.person"))
    ]
