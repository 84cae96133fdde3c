"""The digest of the line by which each account was last loaded, forgotten when what it set is changed otherwise."""

import django.db.models.deletion
from django.db import migrations, models

# Not logged: after a crash the table is empty, and the next tape is read in full.
NOT_LOGGED = "ALTER TABLE cases_accountline SET UNLOGGED"
LOGGED = "ALTER TABLE cases_accountline SET LOGGED"
FORGET = """
CREATE FUNCTION forget_line_of_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM cases_accountline WHERE account_id = OLD.id;
    RETURN NULL;
END $$;
CREATE FUNCTION forget_lines_of_borrower() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM cases_accountline AS line USING cases_account AS account
    WHERE account.borrower_id = OLD.id AND line.account_id = account.id;
    RETURN NULL;
END $$;
CREATE FUNCTION forget_lines_of_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM cases_accountline AS line USING cases_account AS account
    WHERE account.person_id = OLD.id AND line.account_id = account.id;
    RETURN NULL;
END $$;
CREATE FUNCTION forget_lines_of_their_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM cases_accountline AS line USING cases_account AS account
    WHERE account.person_id = OLD.person_id AND line.account_id = account.id;
    RETURN NULL;
END $$;
CREATE TRIGGER cases_account_line_is_forgotten
    AFTER UPDATE OF credit_limit, opened_on, product_id, person_id, borrower_id, currency, number_hash
    ON cases_account FOR EACH ROW
    WHEN ((OLD.credit_limit, OLD.opened_on, OLD.product_id, OLD.person_id, OLD.borrower_id, OLD.currency,
           OLD.number_hash)
          IS DISTINCT FROM (NEW.credit_limit, NEW.opened_on, NEW.product_id, NEW.person_id, NEW.borrower_id,
                            NEW.currency, NEW.number_hash))
    EXECUTE FUNCTION forget_line_of_account();
CREATE TRIGGER cases_borrower_lines_are_forgotten AFTER UPDATE OF external_ref, person_id ON cases_borrower FOR EACH ROW
    WHEN ((OLD.external_ref, OLD.person_id) IS DISTINCT FROM (NEW.external_ref, NEW.person_id))
    EXECUTE FUNCTION forget_lines_of_borrower();
CREATE TRIGGER cases_person_lines_are_forgotten
    AFTER UPDATE OF name, is_named, language, jurisdiction, time_zone, birth_on, document_hash, merged_into_id
    ON cases_person FOR EACH ROW
    WHEN ((OLD.name, OLD.is_named, OLD.language, OLD.jurisdiction, OLD.time_zone, OLD.birth_on, OLD.document_hash,
           OLD.merged_into_id)
          IS DISTINCT FROM (NEW.name, NEW.is_named, NEW.language, NEW.jurisdiction, NEW.time_zone, NEW.birth_on,
                            NEW.document_hash, NEW.merged_into_id))
    EXECUTE FUNCTION forget_lines_of_person();
CREATE TRIGGER cases_locationclaim_lines_are_forgotten AFTER UPDATE OR DELETE ON cases_locationclaim FOR EACH ROW
    WHEN (OLD.basis = 'address') EXECUTE FUNCTION forget_lines_of_their_person();
CREATE TRIGGER cases_contactpoint_lines_are_forgotten
    AFTER DELETE OR UPDATE OF person_id, address_id, kind ON cases_contactpoint FOR EACH ROW
    EXECUTE FUNCTION forget_lines_of_their_person();
"""
KEEP = """
DROP TRIGGER cases_contactpoint_lines_are_forgotten ON cases_contactpoint;
DROP TRIGGER cases_locationclaim_lines_are_forgotten ON cases_locationclaim;
DROP TRIGGER cases_person_lines_are_forgotten ON cases_person;
DROP TRIGGER cases_borrower_lines_are_forgotten ON cases_borrower;
DROP TRIGGER cases_account_line_is_forgotten ON cases_account;
DROP FUNCTION forget_lines_of_their_person();
DROP FUNCTION forget_lines_of_person();
DROP FUNCTION forget_lines_of_borrower();
DROP FUNCTION forget_line_of_account();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0018_chances_of_cases"),
    ]

    operations = [
        migrations.CreateModel(
            name="AccountLine",
            fields=[
                (
                    "account",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="line",
                        serialize=False,
                        to="cases.account",
                    ),
                ),
                ("digest", models.UUIDField()),
                ("state_id", models.BigIntegerField()),
            ],
            options={
                "verbose_name": "line of a tape",
                "verbose_name_plural": "lines of tapes",
            },
        ),
        migrations.RunSQL(NOT_LOGGED, LOGGED),
        migrations.RunSQL(FORGET, KEEP),
    ]
