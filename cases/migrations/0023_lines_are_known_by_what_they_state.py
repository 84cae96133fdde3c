"""A known line keeps what it states, and the database says when it is in doubt: nothing else need be looked up."""

import datetime
from decimal import Decimal

import django.contrib.postgres.fields
from django.db import migrations, models

# They are known by another digest from now on: the next tape of each creditor is read in full.
FORGET_ALL = "DELETE FROM cases_accountline"
DOUBT = """
CREATE FUNCTION forget_lines_of_stated_accounts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM cases_accountline AS line USING stated WHERE line.account_id = stated.account_id;
    RETURN NULL;
END $$;
CREATE FUNCTION doubt_lines_of_moved_accounts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE cases_accountline AS line SET is_in_doubt = true
    FROM posted WHERE line.account_id = posted.account_id AND NOT line.is_in_doubt;
    RETURN NULL;
END $$;
CREATE TRIGGER cases_accountstate_lines_are_forgotten AFTER INSERT ON cases_accountstate
    REFERENCING NEW TABLE AS stated FOR EACH STATEMENT EXECUTE FUNCTION forget_lines_of_stated_accounts();
-- after the balances have moved, which waits for whoever holds the account
CREATE TRIGGER cases_ledgerentry_puts_lines_in_doubt AFTER INSERT ON cases_ledgerentry
    REFERENCING NEW TABLE AS posted FOR EACH STATEMENT EXECUTE FUNCTION doubt_lines_of_moved_accounts();
"""
# A balance moves often, and at once after its account is made: with room beside it no index is written again.
ROOM = "ALTER TABLE cases_account SET (fillfactor = 50)"
NO_ROOM = "ALTER TABLE cases_account RESET (fillfactor)"
TRUST = """
DROP TRIGGER cases_ledgerentry_puts_lines_in_doubt ON cases_ledgerentry;
DROP TRIGGER cases_accountstate_lines_are_forgotten ON cases_accountstate;
DROP FUNCTION doubt_lines_of_moved_accounts();
DROP FUNCTION forget_lines_of_stated_accounts();
DELETE FROM cases_accountline;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0022_the_next_case_is_kept_ahead"),
    ]

    operations = [
        migrations.RunSQL(FORGET_ALL, FORGET_ALL),
        migrations.RemoveField(model_name="accountline", name="state_id"),
        migrations.AddField(
            model_name="accountline",
            name="since",
            field=models.DateField(default=datetime.date(1900, 1, 1)),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="accountline", name="ages", field=models.BooleanField(default=True), preserve_default=False
        ),
        migrations.AddField(
            model_name="accountline",
            name="is_in_doubt",
            field=models.BooleanField(default=True),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="accountline",
            name="balance",
            field=models.DecimalField(decimal_places=2, default=Decimal(0), max_digits=18),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="accountline",
            name="amounts",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.DecimalField(decimal_places=2, max_digits=18, null=True), null=True, size=None
            ),
        ),
        migrations.AddField(model_name="accountline", name="people", field=models.UUIDField(null=True)),
        migrations.RunSQL(DOUBT, TRUST),
        migrations.RunSQL(ROOM, NO_ROOM),
    ]
