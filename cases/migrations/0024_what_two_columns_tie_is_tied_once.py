"""Accounts, their states, entries and transitions, and cases, are tied by the keys over two columns; the single ones go.

(borrower, person) is a borrower of that person, (account, person) an account of that person, and the person is there
because the borrower's own key says so. So nothing can be stored that could not be stored before, and a tape and a night
check ten keys less.
"""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models

ACCOUNT, BORROWER, PERSON = "cases.account", "cases.borrower", "cases.person"
TIED: list[tuple[str, str, str, dict[str, Any]]] = [
    ("account", "person", PERSON, {"related_name": "accounts", "db_index": False}),
    ("account", "borrower", BORROWER, {"related_name": "accounts"}),
    ("accountstate", "account", ACCOUNT, {"related_name": "states", "db_index": False}),
    ("accountstate", "person", PERSON, {"related_name": "+", "db_index": False}),
    ("ledgerentry", "account", ACCOUNT, {"related_name": "entries", "db_index": False}),
    ("ledgerentry", "person", PERSON, {"related_name": "+", "db_index": False}),
    ("buckettransition", "account", ACCOUNT, {"related_name": "transitions", "db_index": False}),
    ("buckettransition", "person", PERSON, {"related_name": "+", "db_index": False}),
    ("case", "person", PERSON, {"related_name": "cases", "db_index": False}),
    ("case", "borrower", BORROWER, {"related_name": "cases", "db_index": False}),
]


class Migration(migrations.Migration):
    dependencies = [("cases", "0023_lines_are_known_by_what_they_state")]

    operations = [
        migrations.AlterField(
            model_name=model,
            name=name,
            field=models.ForeignKey(
                db_constraint=False, on_delete=django.db.models.deletion.PROTECT, to=to, **settings
            ),
        )
        for model, name, to, settings in TIED
    ]
