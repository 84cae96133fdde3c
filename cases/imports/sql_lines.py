"""Constant SQL of lines that are known again: which lines of a tape say what they said before, with nothing changed."""

from collections.abc import Mapping
from typing import Final

# A tape may come right after the first one, before anybody has taken statistics of what that one wrote.
ANALYSE: Final[Mapping[str, str]] = {
    "cases_account": "ANALYZE cases_account",
    "cases_accountline": "ANALYZE cases_accountline",
    "cases_accountstate": "ANALYZE cases_accountstate",
    "cases_ledgerentry": "ANALYZE cases_ledgerentry",
}
LINES: Final = """
DROP TABLE IF EXISTS pg_temp.import_line, pg_temp.import_settled;
CREATE TEMP TABLE import_line (line integer NOT NULL, digest uuid NOT NULL);
"""
COPY_LINES: Final = "COPY import_line FROM STDIN (FORMAT binary)"
# Of the lines that are not settled, those that say of people what the line of the account said.
PEOPLE_KNOWN: Final = """
SELECT coalesce(string_agg(int4send(row.line), ''), '')
FROM import_line AS row JOIN cases_accountline AS known ON known.people = row.digest
"""
# What was known of people when the file was read may have been changed before the persons were locked.
PEOPLE_CHANGED: Final = """
SELECT EXISTS (
    SELECT FROM import_staging AS row LEFT JOIN cases_accountline AS known ON known.account_id = row.account_id
    WHERE row.people_known AND known.people IS DISTINCT FROM row.people
)
"""
ANY_KNOWN: Final = """
SELECT EXISTS (
    SELECT FROM cases_account AS account JOIN cases_accountline AS line ON line.account_id = account.id
    WHERE account.creditor_id = %(creditor)s
)
"""
# Known, and the book still says what the line says: what it set is unchanged (or the line were forgotten), the state
# that it made does not grow older by itself, and where anything was entered since, the balance of the day, less what
# was entered for later days, is its own. A digest is of one creditor's lines only.
SETTLE: Final = """
SET LOCAL work_mem = '64MB';
CREATE TEMP TABLE import_settled AS
SELECT row.line, known.account_id, known.balance, known.amounts
FROM import_line AS row JOIN cases_accountline AS known ON known.digest = row.digest
WHERE (known.since = %(as_of)s OR (known.since < %(as_of)s AND NOT known.ages))
  AND (NOT known.is_in_doubt OR known.balance = (
      SELECT account.balance - coalesce((
          SELECT sum(entry.amount) FROM cases_ledgerentry AS entry
          WHERE entry.account_id = account.id AND entry.effective_on > %(as_of)s
      ), 0) FROM cases_account AS account WHERE account.id = known.account_id
  ));
DELETE FROM import_settled WHERE account_id IN (
    SELECT account_id FROM import_settled GROUP BY account_id HAVING count(*) > 1
);
SET LOCAL work_mem TO DEFAULT;
TRUNCATE import_line;
"""
# The numbers of the settled lines, four bytes each, as one value.
SETTLED_LINES: Final = "SELECT coalesce(string_agg(int4send(line), ''), '') FROM import_settled"
SETTLED: Final = "SELECT count(*), coalesce(sum(balance), 0) FROM import_settled"
SETTLED_AMOUNTS: Final = """
SELECT coalesce(sum(one.amount), 0)
FROM import_settled CROSS JOIN LATERAL unnest(import_settled.amounts) WITH ORDINALITY AS one (amount, position)
GROUP BY one.position ORDER BY one.position
"""
# Another line of the file names an account whose own line was known.
NAMED_TWICE: Final = """
SELECT EXISTS (SELECT FROM import_settled JOIN import_staging AS row ON row.account_id = import_settled.account_id)
"""
NEWEST_BATCH: Final = """
SELECT coalesce(max(id), 0) FROM cases_importbatch WHERE creditor_id = %(creditor)s AND status = 'loaded'
"""
# A line is in doubt where the balance of the account is not plainly what it says: the books are kept here, or something
# is entered for a later day. amounts: what the line states beside the balance, in the order of `formats.AMOUNTS`.
REMEMBER: Final = """
INSERT INTO cases_accountline AS known (account_id, digest, people, since, ages, is_in_doubt, balance, amounts)
SELECT row.account_id, row.digest, row.people, state.effective_on,
    coalesce(state.days_past_due, state.months_past_due, 0) > 0,
    account.balance <> state.balance OR EXISTS (
        SELECT FROM cases_ledgerentry AS entry
        WHERE entry.account_id = account.id AND entry.effective_on > %(as_of)s
    ),
    state.balance, {amounts}
FROM import_staging AS row
JOIN cases_account AS account ON account.id = row.account_id
JOIN LATERAL (
    SELECT id, effective_on, days_past_due, months_past_due, balance, batch_id FROM cases_accountstate
    WHERE account_id = row.account_id ORDER BY effective_on DESC, id DESC LIMIT 1
) AS state ON state.id = row.state_id OR state.batch_id = %(batch)s
WHERE row.digest IS NOT NULL AND row.newest_on IS NULL
ORDER BY row.account_id
ON CONFLICT (account_id) DO UPDATE
SET digest = excluded.digest, people = excluded.people, since = excluded.since, ages = excluded.ages,
    is_in_doubt = excluded.is_in_doubt, balance = excluded.balance, amounts = excluded.amounts
WHERE (known.digest, known.since, known.ages, known.is_in_doubt)
    IS DISTINCT FROM (excluded.digest, excluded.since, excluded.ages, excluded.is_in_doubt);
"""
# Lines that are about to be changed: so that what the tape writes need not look for them one by one.
FORGET: Final = """
DELETE FROM cases_accountline AS line USING import_staging AS row
WHERE line.account_id = row.account_id AND (row.state_changed OR row.difference <> 0)
"""
