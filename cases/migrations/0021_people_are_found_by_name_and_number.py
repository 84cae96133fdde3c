"""Keys of names in a table of their own, filled in the background; last four of telephones and accounts by index."""

import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
from django.db import migrations, models

# Whoever changes a name says so in the same transaction; the row may not be there yet, so it is made.
MARK = """
CREATE FUNCTION mark_name_as_stale() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO cases_personname (person_id, words, is_stale) VALUES (NEW.id, '', true)
    ON CONFLICT (person_id) DO UPDATE SET is_stale = true;
    RETURN NULL;
END $$;
CREATE TRIGGER cases_person_name_is_spelled_again AFTER UPDATE OF name, kind ON cases_person FOR EACH ROW
    WHEN ((OLD.name, OLD.kind) IS DISTINCT FROM (NEW.name, NEW.kind)) EXECUTE FUNCTION mark_name_as_stale();
INSERT INTO cases_namesspelled (id, through, ahead, ahead_of) VALUES (1, 0, 0, 0);
"""
FORGET = """
DROP TRIGGER cases_person_name_is_spelled_again ON cases_person;
DROP FUNCTION mark_name_as_stale();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0020_acts_are_undone_and_callbacks_have_windows"),
    ]

    operations = [
        migrations.CreateModel(
            name="NamesSpelled",
            fields=[
                ("id", models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("through", models.BigIntegerField(default=0)),
                ("ahead", models.BigIntegerField(default=0)),
                ("ahead_of", models.BigIntegerField(default=0)),
                ("looked_through_on", models.DateField(null=True)),
            ],
            options={
                "constraints": [models.CheckConstraint(name="names_spelled_is_one_row", condition=models.Q(("id", 1)))],
            },
        ),
        migrations.CreateModel(
            name="PersonName",
            fields=[
                (
                    "person",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="spelled",
                        serialize=False,
                        to="cases.person",
                    ),
                ),
                ("words", django.contrib.postgres.search.SearchVectorField()),
                ("is_stale", models.BooleanField(default=False)),
            ],
            options={
                "verbose_name": "keys of a name",
                "verbose_name_plural": "keys of names",
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(fields=["words"], name="person_names_by_word"),
                    models.Index(
                        condition=models.Q(("is_stale", True)), fields=["person"], name="person_names_to_spell"
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="account",
            index=models.Index(fields=["number_last4"], name="accounts_by_their_last_four"),
        ),
        migrations.AddIndex(
            model_name="address",
            index=models.Index(
                condition=models.Q(("kind", "phone")), fields=["value_last4"], name="telephones_by_their_last_four"
            ),
        ),
        migrations.RunSQL(MARK, FORGET),
    ]
