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
COPY_LINES: Final = "COPY import_line FROM STDIN"
ANY_KNOWN: Final = """
SELECT EXISTS (
    SELECT FROM cases_account AS account JOIN cases_accountline AS line ON line.account_id = account.id
    WHERE account.creditor_id = %(creditor)s
)
"""
# Known, and the book still says what the line says: the state of that time is the newest of the account and in force on
# the day, does not grow older by itself, and the balance of the day, less what was entered for later days, is its own.
SETTLE: Final = """
ANALYZE import_line;
CREATE TEMP TABLE import_settled AS
SELECT row.line, account.id AS account_id, state.balance
FROM (SELECT digest, min(line) AS line FROM import_line GROUP BY digest HAVING count(*) = 1) AS row
JOIN cases_accountline AS known ON known.digest = row.digest
JOIN cases_account AS account ON account.id = known.account_id
JOIN LATERAL (
    SELECT id, effective_on, balance, days_past_due, months_past_due FROM cases_accountstate
    WHERE account_id = account.id ORDER BY effective_on DESC, id DESC LIMIT 1
) AS state ON state.id = known.state_id
WHERE account.creditor_id = %(creditor)s
  AND (state.effective_on = %(as_of)s
       OR (state.effective_on < %(as_of)s AND coalesce(state.days_past_due, state.months_past_due, 0) = 0))
  AND state.balance = account.balance - coalesce((
      SELECT sum(entry.amount) FROM cases_ledgerentry AS entry
      WHERE entry.account_id = account.id AND entry.effective_on > %(as_of)s
  ), 0);
DROP TABLE import_line;
"""
COPY_SETTLED: Final = "COPY import_settled (line) TO STDOUT"
SETTLED: Final = "SELECT count(*), coalesce(sum(balance), 0) FROM import_settled"
# Another line of the file names an account whose own line was known.
NAMED_TWICE: Final = """
SELECT EXISTS (SELECT FROM import_settled JOIN import_staging AS row ON row.account_id = import_settled.account_id)
"""
NEWEST_BATCH: Final = """
SELECT coalesce(max(id), 0) FROM cases_importbatch WHERE creditor_id = %(creditor)s AND status = 'loaded'
"""
REMEMBER: Final = """
INSERT INTO cases_accountline AS known (account_id, digest, state_id)
SELECT row.account_id, row.digest, coalesce(made.id, row.state_id)
FROM import_staging AS row LEFT JOIN cases_accountstate AS made
    ON made.batch_id = %(batch)s AND made.account_id = row.account_id
WHERE row.digest IS NOT NULL AND row.newest_on IS NULL AND coalesce(made.id, row.state_id) IS NOT NULL
ORDER BY row.account_id
ON CONFLICT (account_id) DO UPDATE SET digest = excluded.digest, state_id = excluded.state_id
WHERE (known.digest, known.state_id) IS DISTINCT FROM (excluded.digest, excluded.state_id);
"""
