# ruff: noqa: S608 (every text here is a constant)
"""Constant SQL of the close of day over the book. Values are bound; nothing is put together from input.

Every statement takes one span of persons (`after` exclusive, `upto` inclusive) of one creditor, changes only what
differs, and may be run again. The state in force on a date is the one with the latest `effective_on` not after it, and
among those the one recorded last.
"""

from typing import Final

from cases.priority import sql as priority

# What is added up over a whole book is kept in memory, not in files.
TIMEOUTS: Final = """
SET LOCAL statement_timeout = '10min'; SET LOCAL lock_timeout = '30s'; SET LOCAL jit = off; SET LOCAL work_mem = '64MB'
"""
# A transaction that waits for what others of the same close do, each at most for as long as a statement may take.
LET_WAIT: Final = "SET LOCAL idle_in_transaction_session_timeout = '10min'"

NEXT_SPAN: Final = """
SELECT max(person_id), count(*) FROM (
    SELECT person_id FROM cases_account WHERE creditor_id = %(creditor)s AND person_id > %(after)s
    ORDER BY person_id LIMIT %(size)s
) AS next
"""
# The whole book cut at once; where a person's accounts lie on both sides of a cut, he belongs to the part before it.
SPANS: Final = """
SELECT max(person_id), count(*) FROM (
    SELECT person_id, (row_number() OVER (ORDER BY person_id) - 1) / %(size)s AS part
    FROM cases_account WHERE creditor_id = %(creditor)s
) AS cut GROUP BY part ORDER BY part
"""
PERSONS_OF_SPAN: Final = """
SELECT DISTINCT person_id FROM cases_account
WHERE creditor_id = %(creditor)s AND person_id > %(after)s AND person_id <= %(upto)s ORDER BY person_id
"""
NEWEST_STATE: Final = "SELECT coalesce(max(id), 0) FROM cases_accountstate WHERE creditor_id = %(creditor)s"

# -- figures -----------------------------------------------------------------------------------------------------------
# The state in force of every account of a book, in two ways with one result: looked up account by account, or all
# states read once in the order of an index. The second is several times quicker while accounts have few states each.
_ONE_BY_ONE: Final = """
    SELECT account.id AS account_id, state.past_due_since, state.balance, state.currency
    FROM cases_account AS account
    CROSS JOIN LATERAL (
        SELECT past_due_since, balance, currency FROM cases_accountstate AS each
        WHERE each.account_id = account.id AND each.effective_on <= %(date)s AND each.id <= %(newest_state)s
        ORDER BY each.effective_on DESC, each.id DESC LIMIT 1
    ) AS state
    WHERE account.creditor_id = %(creditor)s
"""
_IN_ORDER: Final = """
    SELECT DISTINCT ON (account_id) account_id, past_due_since, balance, currency FROM cases_accountstate
    WHERE creditor_id = %(creditor)s AND effective_on <= %(date)s AND id <= %(newest_state)s
    ORDER BY account_id, effective_on DESC, id DESC
"""
HAS_FEW_STATES: Final = """
SELECT (SELECT reltuples FROM pg_class WHERE oid = 'cases_accountstate'::regclass) <= 4 * count(*)
FROM cases_account WHERE creditor_id = %(creditor)s
"""
COUNT_BOOK: Final = f"""
SELECT (%(labels)s::text[])[1 + width_bucket(greatest(0, coalesce(%(date)s - state.past_due_since, 0)),
                                             %(starts)s::integer[])] AS bucket,
    state.currency, count(*) AS accounts, sum(state.balance) AS balance
FROM ({_ONE_BY_ONE}) AS state
GROUP BY 1, 2
"""
WRITE_FIGURES: Final = f"""
WITH counted AS ({COUNT_BOOK}), written AS (
    INSERT INTO cases_portfoliofigure (creditor_id, business_date, bucket, currency, accounts, balance)
    SELECT %(creditor)s, %(date)s, bucket, currency, accounts, balance FROM counted ORDER BY bucket, currency
    ON CONFLICT (creditor_id, business_date, bucket, currency) DO UPDATE
    SET accounts = excluded.accounts, balance = excluded.balance
), gone AS (
    DELETE FROM cases_portfoliofigure AS figure
    WHERE figure.creditor_id = %(creditor)s AND figure.business_date = %(date)s
      AND NOT EXISTS (SELECT FROM counted WHERE (counted.bucket, counted.currency) = (figure.bucket, figure.currency))
)
SELECT count(*), coalesce(sum(accounts), 0) FROM counted
"""

# -- cases -------------------------------------------------------------------------------------------------------------
# What each person owes at the creditor as far as is known for `day`. An account counts as late for a case when it is
# past due and both its balance and what is past due exceed the product's tolerance: an account that is late with
# nothing owed on it is late in the figures and opens no case.
#
# Only who was ever past due, or has an unresolved case, can be concerned: nobody else's accounts are looked up.
_POSITIONS: Final = """
WITH candidates AS (
    SELECT person_id FROM cases_accountstate
    WHERE creditor_id = %(creditor)s AND past_due_since IS NOT NULL
      AND person_id > %(after)s AND person_id <= %(upto)s
    UNION
    SELECT person_id FROM cases_case WHERE creditor_id = %(creditor)s AND status NOT IN ('cured', 'closed')
        AND person_id > %(after)s AND person_id <= %(upto)s
), known AS (
    SELECT account.id AS account_id, account.person_id, account.borrower_id, account.currency, account.balance,
        state.past_due_since, product.grace_days,
        coalesce(account.status <> 'closed' AND state.past_due_since < %(day)s
                 AND account.balance > product.tolerance
                 AND coalesce(state.amount_past_due, state.balance) > product.tolerance, false) AS is_late
    FROM candidates JOIN cases_account AS account USING (person_id)
    JOIN cases_product AS product ON product.id = account.product_id
    CROSS JOIN LATERAL (
        SELECT past_due_since, balance, amount_past_due FROM cases_accountstate AS each
        WHERE each.account_id = account.id AND each.effective_on <= %(day)s
        ORDER BY each.effective_on DESC, each.id DESC LIMIT 1
    ) AS state
    WHERE account.creditor_id = %(creditor)s AND account.person_id > %(after)s AND account.person_id <= %(upto)s
), concerned AS (
    SELECT person_id FROM known WHERE past_due_since IS NOT NULL
    UNION
    SELECT person_id FROM cases_case WHERE creditor_id = %(creditor)s AND status NOT IN ('cured', 'closed')
        AND person_id > %(after)s AND person_id <= %(upto)s
), led AS (
    SELECT known.*,
        first_value(currency) OVER oldest_first AS lead_currency,
        first_value(borrower_id) OVER oldest_first AS lead_borrower_id
    -- The first condition adds nobody; it lets PostgreSQL look persons up in a hash table whatever it expects.
    FROM known WHERE past_due_since IS NOT NULL OR person_id IN (SELECT person_id FROM concerned)
    WINDOW oldest_first AS (PARTITION BY person_id ORDER BY is_late DESC, past_due_since, account_id)
), positions AS (
    SELECT person_id, lead_currency AS currency, lead_borrower_id AS borrower_id,
        bool_or(is_late AND %(day)s - past_due_since > grace_days) AS opens,
        min(past_due_since) FILTER (WHERE is_late) AS since,
        coalesce(sum(balance) FILTER (WHERE currency = lead_currency), 0) AS balance
    FROM led GROUP BY person_id, lead_currency, lead_borrower_id
)
"""
# The unresolved cases of the span, and no others: joined to all of the book, a span of a book just loaded, whose cases
# are not in the statistics yet, would read all cases again for each of its persons.
_STANDING: Final = """
standing.creditor_id = %(creditor)s AND standing.status NOT IN ('cured', 'closed')
    AND standing.person_id > %(after)s AND standing.person_id <= %(upto)s
"""
_OPENED: Final = f"""
, opened AS (
    INSERT INTO cases_case (creditor_id, person_id, borrower_id, team_id, status, closed_reason, opened_on, opened_at,
        past_due_since, balance, currency, score, default_reason, default_detail, willingness, ability, is_hardship,
        next_action, next_action_at, next_action_note, version)
    SELECT %(creditor)s, person_id, borrower_id, %(team)s, 'new', '', %(day)s, %(at)s, since, balance, currency,
        {priority.OF_A_NEW_CASE}, 'unknown', '', 'unknown', 'unknown', false, %(next_action)s, %(next_action_at)s, '', 1
    FROM positions
    WHERE opens AND NOT EXISTS (
        SELECT FROM cases_case AS standing
        WHERE standing.person_id = positions.person_id AND {_STANDING}
    )
    ORDER BY person_id
    ON CONFLICT DO NOTHING
    RETURNING id, person_id, past_due_since, balance, currency
)
"""
_TELL_OPENED: Final = """
INSERT INTO compliance_auditevent (name, subject_label, subject_id, person_id, actor_kind, actor_id, actor_label, at,
    details)
SELECT 'case.opened', 'cases.case', id, person_id, %(actor_kind)s, %(actor_id)s, %(actor_label)s, %(at)s,
    jsonb_build_object('business_date', %(date)s::text, 'past_due_since', past_due_since::text,
                       'balance', balance::text, 'currency', currency)
FROM opened ORDER BY id
"""
_FRESH: Final = f"""
, fresh AS (
    SELECT standing.id, positions.since,
        CASE WHEN positions.currency = standing.currency THEN positions.balance ELSE standing.balance END AS balance,
        {priority.OF_A_CASE} AS score
    FROM positions JOIN cases_case AS standing ON standing.person_id = positions.person_id AND {_STANDING}
    {priority.JUDGED}
    {priority.CHANCE}
    WHERE positions.since IS NOT NULL
)
"""
_REFRESH: Final = """
UPDATE cases_case AS standing SET past_due_since = fresh.since, balance = fresh.balance, score = fresh.score
FROM fresh
WHERE standing.id = fresh.id AND standing.status NOT IN ('cured', 'closed')
  AND (standing.past_due_since, standing.balance, standing.score)
      IS DISTINCT FROM (fresh.since, fresh.balance, fresh.score)
"""
REFRESH_CASES: Final = _POSITIONS + _FRESH + _REFRESH
# A case on a running plan is not cured by the close of day: the plan's last instalment does that.
_CURABLE: Final = f"""
SELECT standing.id, standing.person_id
FROM positions JOIN cases_case AS standing ON standing.person_id = positions.person_id AND {_STANDING}
WHERE positions.since IS NULL AND NOT EXISTS (
    SELECT FROM cases_plan AS plan
    WHERE plan.case_id = standing.id AND plan.status IN ('approved', 'performing', 'missed')
)
ORDER BY standing.person_id
"""
TO_CURE: Final = _POSITIONS + _CURABLE
# What is owed is reckoned once for all three: how many were refreshed and opened, and whether any is to be cured.
WORK_CASES: Final = f"""
{_POSITIONS}
{_FRESH}
, refreshed AS ({_REFRESH} RETURNING 1)
{_OPENED}
, told AS ({_TELL_OPENED})
SELECT (SELECT count(*) FROM refreshed), (SELECT count(*) FROM opened), EXISTS ({_CURABLE})
"""
CURE_CASES: Final = """
WITH settled AS (
    UPDATE cases_promise
    SET status = CASE WHEN paid_amount >= amount - tolerance THEN 'kept' ELSE 'cancelled' END, settled_at = %(at)s
    WHERE case_id = ANY(%(cases)s) AND status = 'open'
    RETURNING id, person_id, status, paid_amount
), dropped AS (
    UPDATE cases_plan SET status = 'cancelled', ended_at = %(at)s
    WHERE case_id = ANY(%(cases)s) AND status = 'draft'
    RETURNING id, person_id
), cured AS (
    UPDATE cases_case
    SET status = 'cured', cured_at = %(at)s, past_due_since = NULL, next_action = '', next_action_at = NULL,
        next_action_note = '', lease_by_id = NULL, lease_until = NULL, version = version + 1
    WHERE id = ANY(%(cases)s) AND status NOT IN ('cured', 'closed')
    RETURNING id, person_id
), told AS (
    SELECT 1 AS position, 'promise.' || status AS name, 'cases.promise' AS label, id, person_id,
        jsonb_build_object('paid', paid_amount::text, 'why', 'arrears_cleared') AS details
    FROM settled
    UNION ALL
    SELECT 2, 'plan.cancelled', 'cases.plan', id, person_id, jsonb_build_object('why', 'arrears_cleared') FROM dropped
    UNION ALL
    SELECT 3, 'case.cured', 'cases.case', id, person_id, jsonb_build_object('business_date', %(date)s::text) FROM cured
), written AS (
    INSERT INTO compliance_auditevent (name, subject_label, subject_id, person_id, actor_kind, actor_id, actor_label,
        at, details)
    SELECT name, label, id, person_id, %(actor_kind)s, %(actor_id)s, %(actor_label)s, %(at)s, details
    FROM told ORDER BY position, id
)
SELECT count(*) FROM cured
"""

# -- holds -------------------------------------------------------------------------------------------------------------
# A hold on everything about a person is looked after by every creditor he owes.
_MINE: Final = """
hold.released_at IS NULL AND (hold.creditor_id = %(creditor)s OR (hold.creditor_id IS NULL AND EXISTS (
    SELECT FROM cases_account AS account
    WHERE account.person_id = hold.person_id AND account.creditor_id = %(creditor)s)))
"""
ENDED_HOLDS: Final = f"""
SELECT hold.id, hold.person_id FROM cases_hold AS hold WHERE {_MINE} AND hold.ends_on < %(day)s ORDER BY hold.person_id
"""
RELEASE_HOLDS: Final = """
WITH released AS (
    UPDATE cases_hold SET released_at = %(at)s, released_reason = 'ended'
    WHERE id = ANY(%(holds)s) AND released_at IS NULL AND ends_on < %(day)s
    RETURNING id, person_id, kind, ends_on
)
INSERT INTO compliance_auditevent (name, subject_label, subject_id, person_id, actor_kind, actor_id, actor_label, at,
    details)
SELECT 'hold.released', 'cases.hold', id, person_id, %(actor_kind)s, %(actor_id)s, %(actor_label)s, %(at)s,
    jsonb_build_object('reason', 'ended', 'kind', kind, 'ends_on', ends_on::text)
FROM released ORDER BY id
"""
# A hold, or a matter that somebody opened (a dispute, a complaint, special care), whose review date has come stays
# before a supervisor until he ends it or moves the date.
REVIEW_HOLDS: Final = f"""
WITH kept AS (
    SELECT hold.person_id, hold.review_on FROM cases_hold AS hold WHERE {_MINE} AND hold.review_on <= %(day)s
    UNION ALL
    SELECT told.person_id, told.review_on FROM cases_instruction AS told
    WHERE told.review_on <= %(day)s AND (told.creditor_id IS NULL OR told.creditor_id = %(creditor)s)
      AND (told.expires_at IS NULL OR told.expires_at > %(at)s)
      AND NOT EXISTS (SELECT FROM cases_instructionwithdrawal AS undone WHERE undone.instruction_id = told.id)
), due AS (
    SELECT standing.id, min(kept.review_on) AS review_on
    FROM kept JOIN cases_case AS standing
        ON standing.person_id = kept.person_id AND standing.creditor_id = %(creditor)s
       AND standing.status NOT IN ('cured', 'closed')
    WHERE standing.next_action <> 'review'
    GROUP BY standing.id
), flagged AS (
    UPDATE cases_case AS standing
    SET next_action = 'review', next_action_at = %(next_action_at)s, next_action_note = 'hold', version = version + 1
    FROM due WHERE standing.id = due.id AND standing.status NOT IN ('cured', 'closed')
    RETURNING standing.id, standing.person_id, due.review_on
)
INSERT INTO compliance_auditevent (name, subject_label, subject_id, person_id, actor_kind, actor_id, actor_label, at,
    details)
SELECT 'case.flagged_for_review', 'cases.case', id, person_id, %(actor_kind)s, %(actor_id)s, %(actor_label)s, %(at)s,
    jsonb_build_object('why', 'hold', 'review_on', review_on::text)
FROM flagged ORDER BY id
"""

# -- invariants: each returns the ids of what breaks it ----------------------------------------------------------------
BALANCES_UNLIKE_THEIR_ENTRIES: Final = """
SELECT account.id FROM cases_account AS account
LEFT JOIN (
    SELECT account_id, sum(amount) AS total FROM cases_ledgerentry WHERE creditor_id = %(creditor)s GROUP BY account_id
) AS entries ON entries.account_id = account.id
WHERE account.creditor_id = %(creditor)s AND account.balance <> coalesce(entries.total, 0)
ORDER BY account.id
"""
# The table itself demands an action with a date; whoever waits must wait for something that is there.
CHARGES_THAT_CANNOT_BE: Final = """
SELECT DISTINCT account_id FROM cases_ledgerentry WHERE creditor_id = %(creditor)s AND component <> 'unsplit'
GROUP BY account_id, component, due_on
HAVING CASE WHEN component = 'credit' THEN sum(amount) > 0 ELSE sum(amount) < 0 END
ORDER BY account_id
"""
CASES_WITHOUT_FUTURE: Final = """
SELECT standing.id FROM cases_case AS standing
WHERE standing.creditor_id = %(creditor)s AND standing.status NOT IN ('cured', 'closed') AND (
    standing.next_action = '' OR standing.next_action_at IS NULL
    OR (standing.next_action = 'wait_promise' AND NOT EXISTS (
        SELECT FROM cases_promise AS promise WHERE promise.case_id = standing.id AND promise.status = 'open'))
    OR (standing.next_action = 'wait_plan' AND NOT EXISTS (
        SELECT FROM cases_plan AS plan
        WHERE plan.case_id = standing.id AND plan.status IN ('draft', 'approved', 'performing', 'missed'))
        AND NOT EXISTS (
        SELECT FROM cases_settlement AS agreed WHERE agreed.case_id = standing.id AND agreed.status = 'accepted')))
ORDER BY standing.id
"""
# Every account is in the bucket of its last move, and every move begins where the one before it ended.
TRANSITIONS_INCOMPLETE: Final = f"""
WITH aged AS (
    SELECT state.account_id,
        (%(labels)s::text[])[1 + width_bucket(greatest(0, coalesce(%(date)s - state.past_due_since, 0)),
                                              %(starts)s::integer[])] AS bucket
    FROM ({_ONE_BY_ONE}) AS state
), chained AS (
    SELECT account_id, from_bucket, to_bucket,
        coalesce(lag(to_bucket) OVER (PARTITION BY account_id ORDER BY business_date), '') AS bucket_before,
        business_date <= %(date)s AND coalesce(
            lead(business_date) OVER (PARTITION BY account_id ORDER BY business_date) > %(date)s, true) AS is_last
    FROM cases_buckettransition WHERE creditor_id = %(creditor)s
)
SELECT aged.account_id FROM aged LEFT JOIN chained AS written
    ON written.account_id = aged.account_id AND written.is_last
WHERE aged.bucket IS DISTINCT FROM written.to_bucket
UNION
SELECT account_id FROM chained WHERE from_bucket <> bucket_before
ORDER BY 1
"""
FIGURES_UNLIKE_A_RECOUNT: Final = f"""
WITH counted AS ({COUNT_BOOK})
SELECT coalesce(figure.id, 0) FROM counted FULL JOIN (
    SELECT * FROM cases_portfoliofigure WHERE creditor_id = %(creditor)s AND business_date = %(date)s
) AS figure ON (figure.bucket, figure.currency) = (counted.bucket, counted.currency)
WHERE (figure.accounts, figure.balance) IS DISTINCT FROM (counted.accounts, counted.balance)
ORDER BY 1
"""


def of_book(statement: str, *, has_few_states: bool) -> str:
    """Return a statement over a whole book as it is run where accounts have few states each, or many."""
    return statement.replace(_ONE_BY_ONE, _IN_ORDER) if has_few_states else statement
