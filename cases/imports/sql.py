"""Constant SQL of an import: the staging tables of one session, the checks, and what is written into the book.

Values are bound; nothing is put together from input. The steps run in the order of this file, in one transaction, with
the creditor's row locked. `import_staging` holds the rows of the file that stand, `import_refused` those that do not.
"""

from typing import Any, Final

STAGING: Final = """
DO $$ BEGIN  -- more room for staging rows in memory; it cannot change once a session has used a temporary table
    PERFORM set_config('temp_buffers', '64MB', false);
EXCEPTION WHEN others THEN NULL;
END $$;
DROP TABLE IF EXISTS pg_temp.import_staging, pg_temp.import_refused;
CREATE TEMP TABLE import_staging (
    line integer NOT NULL, number_sealed bytea, number_hash bytea, number_last4 text,
    balance numeric(18,2), amount_past_due numeric(18,2), credit_limit numeric(18,2), paid_in_month numeric(18,2),
    last_payment_amount numeric(18,2),
    principal_owed numeric(18,2), interest_owed numeric(18,2), penalty_owed numeric(18,2), fee_owed numeric(18,2),
    due_on date, days integer, months smallint, currency text, product text, opened_on date,
    borrower_ref text, name text, document_sealed bytea, document_hash bytea, document_last4 text, document_kind text,
    birth_on date, language text, jurisdiction text, time_zone text,
    mobile_sealed bytea, mobile_hash bytea, mobile_last4 text, mobile_region text, mobile_zone text,
    home_phone_sealed bytea, home_phone_hash bytea, home_phone_last4 text, home_phone_region text, home_phone_zone text,
    work_phone_sealed bytea, work_phone_hash bytea, work_phone_last4 text, work_phone_region text, work_phone_zone text,
    email_sealed bytea, email_hash bytea, email_last4 text,
    address_sealed bytea, address_hash bytea, address_last4 text,
    guarantor_name text, guarantor_document_sealed bytea, guarantor_document_hash bytea, guarantor_document_last4 text,
    guarantor_document_kind text, guarantor_mobile_sealed bytea, guarantor_mobile_hash bytea,
    guarantor_mobile_last4 text, guarantor_mobile_region text, guarantor_mobile_zone text,
    do_not_call boolean, do_not_text boolean, do_not_email boolean, cease_contact boolean, attorney boolean,
    disputed boolean, complaint boolean, debt_adviser boolean, vulnerable boolean, deceased boolean, bankrupt boolean,
    hardship boolean, breathing_space boolean, minor boolean, fraud boolean,
    account_id bigint, person_id bigint, borrower_id bigint, product_id bigint, kept_currency text, borrower_key text,
    is_new boolean NOT NULL DEFAULT false, state_id bigint, newest_on date,
    state_changed boolean NOT NULL DEFAULT false,
    difference numeric(18,2) NOT NULL DEFAULT 0, split numeric(18,2) NOT NULL DEFAULT 0,
    what text[] NOT NULL DEFAULT '{}', digest uuid, people uuid, people_known boolean NOT NULL DEFAULT false
);
CREATE TEMP TABLE import_refused (
    line integer NOT NULL, "column" text NOT NULL, code text NOT NULL, "values" jsonb NOT NULL, raw_sealed bytea,
    remark boolean NOT NULL DEFAULT false
);
"""
DROP_STAGING: Final = """
DO $$ BEGIN  -- more room for staging rows in memory; it cannot change once a session has used a temporary table
    PERFORM set_config('temp_buffers', '64MB', false);
EXCEPTION WHEN others THEN NULL;
END $$;
DROP TABLE IF EXISTS pg_temp.import_staging, pg_temp.import_refused, pg_temp.import_person, pg_temp.import_borrower,
    pg_temp.import_account, pg_temp.import_point, pg_temp.import_guarantor, pg_temp.import_line, pg_temp.import_settled;
"""
COPY_STAGED: Final = "COPY import_staging ({columns}) FROM STDIN"
COPY_REFUSED: Final = 'COPY import_refused (line, "column", code, "values", remark) FROM STDIN'
ANALYZE: Final = "ANALYZE import_staging;"

TIMEOUTS: Final = "SET LOCAL statement_timeout = '15min'; SET LOCAL lock_timeout = '60s';"
# Persons are shared by all creditors: a tape that names people waits for every other import; others only for their own.
LOCK_ALL_CREDITORS: Final = "SELECT id FROM cases_creditor ORDER BY id FOR NO KEY UPDATE"
LOCK_CREDITOR: Final = "SELECT id FROM cases_creditor WHERE id = %(creditor)s FOR NO KEY UPDATE"

# -- checks ---------------------------------------------------------------------------------------------------------
REFUSE_DUPLICATES: Final = """
WITH twice AS (
    SELECT line, min(line) OVER (PARTITION BY number_hash) AS first_line FROM import_staging
), refused AS (
    INSERT INTO import_refused (line, "column", code, "values")
    SELECT line, %(account_heading)s, 'duplicate_account', jsonb_build_object('first_line', first_line)
    FROM twice WHERE line > first_line RETURNING line
)
DELETE FROM import_staging USING refused WHERE import_staging.line = refused.line;
"""
MATCH_PRODUCTS: Final = """
UPDATE import_staging SET product_id = product.id FROM cases_product AS product
WHERE product.creditor_id = %(creditor)s AND import_staging.account_id IS NULL
  AND lower(product.code) = lower(coalesce(import_staging.product, nullif(%(product)s, ''), (
      SELECT code FROM cases_product WHERE creditor_id = %(creditor)s ORDER BY id LIMIT 1
  )));
UPDATE import_staging SET product_id = product.id FROM cases_product AS product
WHERE product.creditor_id = %(creditor)s AND import_staging.account_id IS NOT NULL
  AND lower(product.code) = lower(import_staging.product);
"""
MATCH_ACCOUNTS: Final = """
-- state_id: what a tape already said of this very day; failing that, what is in force on it, whoever said it.
UPDATE import_staging SET account_id = account.id, person_id = account.person_id, borrower_id = account.borrower_id,
    kept_currency = account.currency,
    state_id = (
        SELECT id FROM cases_accountstate WHERE account_id = account.id AND effective_on <= %(as_of)s
        ORDER BY effective_on = %(as_of)s AND cause = 'tape' DESC, effective_on DESC, id DESC LIMIT 1
    ),
    newest_on = (
        SELECT effective_on FROM cases_accountstate
        WHERE account_id = account.id AND effective_on > %(as_of)s AND cause = 'tape'
        ORDER BY effective_on DESC, id DESC LIMIT 1
    )
FROM cases_account AS account
WHERE account.creditor_id = %(creditor)s AND account.number_hash = import_staging.number_hash;
"""
# A stated number of days or months says something else on another day; a due date or nothing past due does not.
MARK_CHANGED_STATES: Final = """
UPDATE import_staging SET state_changed = true
WHERE NOT EXISTS (
    SELECT FROM cases_accountstate AS state
    WHERE state.id = import_staging.state_id
      AND (state.stated, state.oldest_unpaid_due_on, state.days_past_due, state.months_past_due, state.balance,
           state.amount_past_due, state.paid_in_period, state.currency)
          IS NOT DISTINCT FROM
          (%(stated)s, import_staging.due_on, import_staging.days, import_staging.months, import_staging.balance,
           import_staging.amount_past_due, import_staging.paid_in_month, import_staging.currency)
      AND (state.effective_on = %(as_of)s OR coalesce(state.days_past_due, state.months_past_due, 0) = 0)
);
"""
REFUSE_ROWS: Final = """
WITH reasons AS (
    SELECT line, %(product_heading)s AS "column", 'unknown_product' AS code,
           jsonb_build_object('product', coalesce(product, %(product)s)) AS "values"
    FROM import_staging WHERE product_id IS NULL AND (account_id IS NULL OR product IS NOT NULL)
    UNION ALL
    SELECT line, %(currency_heading)s, 'account_in_other_currency',
           jsonb_build_object('kept', kept_currency, 'stated', currency)
    FROM import_staging WHERE kept_currency <> currency
    UNION ALL
    SELECT line, %(balance_heading)s, 'components_exceed_balance',
           jsonb_build_object('components', parts.total::text, 'balance', balance::text)
    FROM import_staging CROSS JOIN LATERAL (
        SELECT coalesce(principal_owed, 0) + coalesce(interest_owed, 0) + coalesce(penalty_owed, 0)
            + coalesce(fee_owed, 0) AS total
    ) AS parts
    WHERE parts.total > 0 AND parts.total > balance
    UNION ALL
    SELECT line, %(account_heading)s, 'older_than_book', jsonb_build_object('newest', newest_on)
    FROM import_staging WHERE newest_on IS NOT NULL AND state_changed
    UNION ALL
    SELECT row.line, %(borrower_heading)s, 'account_of_other_borrower', '{}'::jsonb
    FROM import_staging AS row JOIN cases_borrower AS borrower ON borrower.id = row.borrower_id
    WHERE row.borrower_ref <> borrower.external_ref AND borrower.external_ref NOT LIKE 'account-%%'
      AND borrower.external_ref NOT LIKE 'document-%%'
), refused AS (
    INSERT INTO import_refused (line, "column", code, "values")
    SELECT line, "column", code, "values" FROM reasons RETURNING line
)
DELETE FROM import_staging USING refused WHERE import_staging.line = refused.line;
"""
LINES_WITHOUT_TEXT: Final = "SELECT DISTINCT line FROM import_refused WHERE raw_sealed IS NULL ORDER BY line"
ADD_TEXT: Final = """
UPDATE import_refused SET raw_sealed = text.raw FROM unnest(%(lines)s::int[], %(raws)s::bytea[]) AS text (line, raw)
WHERE import_refused.line = text.line
"""
KEEP_REFUSED: Final = """
INSERT INTO cases_importrow (batch_id, line, "column", code, "values", raw_sealed, purge_on)
SELECT %(batch)s, line, left("column", 80), code,
       CASE WHEN remark THEN "values" || '{"remark": true}' ELSE "values" END, raw_sealed, %(purge_on)s
FROM import_refused ORDER BY line, "column";
"""
COUNT_REFUSED: Final = "SELECT count(DISTINCT line) FROM import_refused WHERE NOT remark"
REFUSED: Final = """
SELECT line, "column", code, "values", remark FROM import_refused ORDER BY remark, line, "column" LIMIT %(limit)s
"""

# -- the book: accounts, their states, their ledger -------------------------------------------------------------------
INSERT_ACCOUNTS: Final = """
UPDATE import_staging SET is_new = true, account_id = nextval(pg_get_serial_sequence('cases_account', 'id'))
WHERE account_id IS NULL;
INSERT INTO cases_account (id, creditor_id, person_id, borrower_id, product_id, number_sealed, number_hash,
    number_last4, currency, credit_limit, balance, opened_on, status, created_at)
SELECT account_id, %(creditor)s, person_id, borrower_id, product_id, number_sealed, number_hash, number_last4,
    currency, credit_limit, 0, opened_on, 'open', %(at)s
FROM import_staging WHERE is_new ORDER BY line;
"""
UPDATE_ACCOUNTS: Final = """
WITH changed AS (
    UPDATE cases_account AS account
    SET credit_limit = coalesce(row.credit_limit, account.credit_limit),
        opened_on = coalesce(row.opened_on, account.opened_on),
        product_id = CASE WHEN row.product IS NULL THEN account.product_id ELSE row.product_id END
    FROM import_staging AS row
    WHERE account.id = row.account_id AND NOT row.is_new AND row.newest_on IS NULL
      AND ((row.credit_limit IS NOT NULL AND row.credit_limit IS DISTINCT FROM account.credit_limit)
           OR (row.opened_on IS NOT NULL AND row.opened_on IS DISTINCT FROM account.opened_on)
           OR (row.product IS NOT NULL AND row.product_id <> account.product_id))
    RETURNING account.id
)
UPDATE import_staging SET what = what || 'account'::text FROM changed WHERE import_staging.account_id = changed.id;
"""
LOCK_ACCOUNTS: Final = """
SELECT count(*) FROM (
    SELECT account.id FROM cases_account AS account JOIN import_staging AS row ON row.account_id = account.id
    ORDER BY account.id FOR NO KEY UPDATE OF account
) AS locked;
"""
# What the book says of that day: the balance now, less what was entered for later days.
FIND_DIFFERENCES: Final = """
UPDATE import_staging SET difference = import_staging.balance - (account.balance - coalesce((
    SELECT sum(entry.amount) FROM cases_ledgerentry AS entry
    WHERE entry.account_id = account.id AND entry.effective_on > %(as_of)s
), 0))
FROM cases_account AS account
WHERE account.id = import_staging.account_id
  AND (import_staging.is_new OR import_staging.state_changed
       OR (%(first_of_its_day)s AND import_staging.newest_on IS NULL));
"""
# Where the books are kept here, a tape that says something else is a remark; the ledger stays as it is.
KEEP_OWN_BOOKS: Final = """
WITH ours AS (
    SELECT row.line, row.balance, row.balance - row.difference AS booked FROM import_staging AS row
    WHERE row.difference <> 0 AND NOT row.is_new
      AND EXISTS (SELECT FROM cases_creditor WHERE id = %(creditor)s AND books = 'ours')
), left_alone AS (
    UPDATE import_staging AS row SET difference = 0 FROM ours WHERE row.line = ours.line
), told AS (
    INSERT INTO import_refused (line, "column", code, "values", remark)
    SELECT line, '', 'own_books_differ', jsonb_build_object('stated', balance::text, 'booked', booked::text), true
    FROM ours RETURNING line, "column", code, "values"
)
INSERT INTO cases_importrow (batch_id, line, "column", code, "values", purge_on)
SELECT %(batch)s, line, "column", code, "values" || '{"remark": true}', %(purge_on)s FROM told ORDER BY line;
"""
# What the tape says of each component, less what the book says of it that day. A component is lowered by no more than
# what is owed of it without a due date: the rest of a lowering stays with what is not split.
POST_COMPONENTS: Final = """
WITH stated AS (
    SELECT row.line, row.account_id, row.person_id, row.currency, row.is_new, part.component, part.owed
    FROM import_staging AS row
    CROSS JOIN LATERAL (VALUES ('principal', row.principal_owed), ('interest', row.interest_owed),
        ('penalty', row.penalty_owed), ('fee', row.fee_owed)) AS part (component, owed)
    WHERE part.owed IS NOT NULL AND (row.is_new OR ((row.state_changed OR row.difference <> 0)
        AND NOT EXISTS (SELECT FROM cases_creditor WHERE id = %(creditor)s AND books = 'ours')))
), booked AS (
    SELECT stated.line, stated.component, coalesce(sum(entry.amount), 0) AS total,
        coalesce(sum(entry.amount) FILTER (WHERE entry.due_on IS NULL), 0) AS undated
    FROM stated LEFT JOIN cases_ledgerentry AS entry
        ON entry.account_id = stated.account_id AND entry.component = stated.component
        AND entry.effective_on <= %(as_of)s
    GROUP BY stated.line, stated.component
), moved AS (
    SELECT stated.*, greatest(stated.owed - booked.total, -greatest(booked.undated, 0)) AS amount
    FROM stated JOIN booked USING (line, component)
), written AS (
    INSERT INTO cases_ledgerentry (account_id, person_id, creditor_id, kind, component, amount, currency, effective_on,
        recorded_at, source, reference, batch_id)
    SELECT account_id, person_id, %(creditor)s, CASE WHEN is_new THEN component ELSE 'adjustment' END, component,
        amount, currency, %(as_of)s, %(at)s, 'tape', 'line ' || line, %(batch)s
    FROM moved WHERE amount <> 0 ORDER BY line, component
)
UPDATE import_staging AS row SET split = parts.total
FROM (SELECT line, sum(amount) AS total FROM moved GROUP BY line) AS parts WHERE row.line = parts.line;
"""
# The database moves the balances with the entries.
POST_DIFFERENCES: Final = """
INSERT INTO cases_ledgerentry (account_id, person_id, creditor_id, kind, component, amount, currency, effective_on,
    recorded_at, source, reference, batch_id)
SELECT account_id, person_id, %(creditor)s, CASE WHEN is_new THEN 'principal' ELSE 'adjustment' END, 'unsplit',
    difference - split, currency, %(as_of)s, %(at)s, 'tape', 'line ' || line, %(batch)s
FROM import_staging WHERE difference <> split ORDER BY line;
"""
# Accounts of the tape on which money now meets too much, or waits as credit while something is owed (`ledger.settle`).
UNSETTLED: Final = """
SELECT row.account_id FROM import_staging AS row
CROSS JOIN LATERAL (
    SELECT bool_or(entry.kind IN ('payment', 'waiver', 'write_off')) AS has_takes,
        coalesce(sum(entry.amount) FILTER (WHERE entry.component = 'credit'), 0) AS credit,
        coalesce(sum(entry.amount) FILTER (WHERE entry.component = 'unsplit'), 0) AS unsplit
    FROM cases_ledgerentry AS entry WHERE entry.account_id = row.account_id
) AS lines
WHERE (row.difference <> 0 OR row.split <> 0) AND NOT row.is_new AND lines.has_takes
  AND (lines.credit < 0 OR lines.unsplit < 0)
ORDER BY row.account_id
"""
INSERT_STATES: Final = """
INSERT INTO cases_accountstate (account_id, person_id, creditor_id, effective_on, recorded_at, stated,
    oldest_unpaid_due_on, days_past_due, months_past_due, balance, amount_past_due, paid_in_period, currency, batch_id,
    cause)
SELECT account_id, person_id, %(creditor)s, %(as_of)s, %(at)s, %(stated)s, due_on, days, months, balance,
    amount_past_due, paid_in_month, currency, %(batch)s, 'tape'
FROM import_staging WHERE state_changed ORDER BY line;
"""

# -- proof -------------------------------------------------------------------------------------------------------------
AUDIT_ROWS: Final = """
INSERT INTO compliance_auditevent (name, subject_label, subject_id, person_id, actor_kind, actor_id, actor_label, at,
    details)
SELECT 'import.row_changed', 'cases.account', account_id, person_id, %(actor_kind)s, %(actor_id)s, %(actor_label)s,
    %(at)s,
    jsonb_build_object('batch', %(batch)s, 'line', line, 'new', is_new, 'changed', to_jsonb(array_remove(
        what || CASE WHEN difference <> 0 THEN 'balance' END || CASE WHEN state_changed THEN 'state' END, NULL)),
                       'difference', difference::text)
FROM import_staging WHERE is_new OR state_changed OR difference <> 0 OR what <> '{}' ORDER BY line;
"""
COUNTS: Final = """
SELECT count(*), count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new AND changed),
    count(*) FILTER (WHERE NOT is_new AND NOT changed)
FROM (SELECT is_new, state_changed OR difference <> 0 OR what <> '{}' AS changed FROM import_staging) AS rows;
"""
TOTALS: Final = """
SELECT coalesce(sum(balance), 0), coalesce(sum(credit_limit), 0), coalesce(sum(amount_past_due), 0),
    coalesce(sum(paid_in_month), 0), coalesce(sum(last_payment_amount), 0), coalesce(sum(principal_owed), 0),
    coalesce(sum(interest_owed), 0), coalesce(sum(penalty_owed), 0), coalesce(sum(fee_owed), 0)
FROM import_staging;
"""
# What the book now says of these accounts on that day must be what the file said.
BOOK_TOTAL: Final = """
SELECT coalesce(sum(balance), 0) + coalesce((
    SELECT sum(state.balance) FROM import_staging AS row JOIN cases_accountstate AS state ON state.id = row.state_id
    WHERE NOT row.state_changed
), 0) FROM cases_accountstate WHERE batch_id = %(batch)s;
"""
LEDGER_DIFFERS: Final = """
SELECT count(*) FROM import_staging AS row JOIN cases_account AS account ON account.id = row.account_id
WHERE account.balance <> (SELECT coalesce(sum(amount), 0) FROM cases_ledgerentry WHERE account_id = account.id);
"""
EARLIER_BATCH: Final = """
SELECT EXISTS (
    SELECT FROM cases_importbatch WHERE creditor_id = %(creditor)s AND kind = 'tape' AND status = 'loaded'
    AND as_of >= %(as_of)s AND id <> %(batch)s
);
"""


def run(cursor: Any, values: dict[str, Any], *statements: str) -> Any:
    """Execute these constants in order, with the values bound; return the cursor."""
    for statement in statements:
        cursor.execute(statement, values)
    return cursor
