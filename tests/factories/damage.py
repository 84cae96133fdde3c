"""What the program cannot do, done for a test: damage that a check must find."""

from typing import Any

from django.db import connection

MOVER = """
CREATE TEMP TABLE IF NOT EXISTS damage (account_id bigint, balance numeric);
CREATE OR REPLACE FUNCTION pg_temp.damage_a_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE cases_account SET balance = NEW.balance WHERE id = NEW.account_id;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER damage AFTER INSERT ON damage FOR EACH ROW EXECUTE FUNCTION pg_temp.damage_a_balance();
"""


def wrong_balance(account: Any, amount: str) -> None:
    """Give an account a balance that its entries do not sum to. Only a trigger can: every other way is refused."""
    with connection.cursor() as cursor:
        cursor.execute(MOVER)
        cursor.execute("INSERT INTO damage VALUES (%s, %s)", [account.pk, amount])
