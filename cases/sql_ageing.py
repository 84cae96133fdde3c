# ruff: noqa: S608 (every text here is a constant)
"""Constant SQL of ageing: the bucket transitions of a day, and which accounts can have any. Values are bound."""

from typing import Final

# The bucket at the close of `date`, of what was known when the close began (`newest_state`), beside the one of the
# close before. `labels` and `starts` cut days past due into buckets (cases.ageing).
_AGED: Final = """
WITH aged AS (
    SELECT account.id AS account_id, account.person_id, account.creditor_id, state.balance, state.currency,
        (%(labels)s::text[])[1 + width_bucket(greatest(0, coalesce(%(date)s - state.past_due_since, 0)),
                                              %(starts)s::integer[])] AS bucket,
        coalesce((
            SELECT earlier.to_bucket FROM cases_buckettransition AS earlier
            WHERE earlier.account_id = account.id AND earlier.business_date < %(date)s
            ORDER BY earlier.business_date DESC LIMIT 1
        ), '') AS bucket_before
    FROM /* which */ cases_account AS account
    CROSS JOIN LATERAL (
        SELECT past_due_since, balance, currency FROM cases_accountstate AS each
        WHERE each.account_id = account.id AND each.effective_on <= %(date)s AND each.id <= %(newest_state)s
        ORDER BY each.effective_on DESC, each.id DESC LIMIT 1
    ) AS state
    WHERE account.creditor_id = %(creditor)s AND account.person_id > %(after)s AND account.person_id <= %(upto)s
)
"""
_WRITTEN: Final = """
written AS (
    INSERT INTO cases_buckettransition (account_id, person_id, creditor_id, business_date, from_bucket, to_bucket,
        balance, currency)
    SELECT account_id, person_id, creditor_id, %(date)s, bucket_before, bucket, balance, currency
    FROM aged WHERE bucket <> bucket_before ORDER BY account_id
    ON CONFLICT (account_id, business_date) DO UPDATE
    SET from_bucket = excluded.from_bucket, to_bucket = excluded.to_bucket, balance = excluded.balance,
        currency = excluded.currency
    WHERE (cases_buckettransition.from_bucket, cases_buckettransition.to_bucket, cases_buckettransition.balance,
           cases_buckettransition.currency)
          IS DISTINCT FROM (excluded.from_bucket, excluded.to_bucket, excluded.balance, excluded.currency)
    RETURNING 1
)
"""
WRITE_TRANSITIONS: Final = f"{_AGED}, {_WRITTEN} SELECT count(*) FROM written"
# Only a date that is closed again after a correction has any that are no moves any more. They are found from the rows
# of that date, which are few, by a hash table (IS TRUE keeps it one).
REWRITE_TRANSITIONS: Final = f"""
{_AGED}, {_WRITTEN}, dropped AS (
    DELETE FROM cases_buckettransition AS gone
    WHERE gone.creditor_id = %(creditor)s AND gone.business_date = %(date)s
      AND gone.person_id > %(after)s AND gone.person_id <= %(upto)s
      AND (gone.account_id IN (SELECT account_id FROM aged WHERE bucket = bucket_before)) IS TRUE
    RETURNING 1
)
SELECT (SELECT count(*) FROM written) + (SELECT count(*) FROM dropped)
"""
ANY_TRANSITION: Final = """
SELECT EXISTS (
    SELECT FROM cases_buckettransition WHERE creditor_id = %(creditor)s AND business_date = %(date)s
    AND person_id > %(after)s AND person_id <= %(upto)s
)
"""


def of_some(statement: str) -> str:
    """Return a statement as it is run for the accounts that are bound as `accounts` alone."""
    some = "unnest(%(accounts)s::bigint[]) AS one (id) JOIN cases_account AS account ON account.id = one.id"
    return statement.replace("/* which */ cases_account AS account", some)


# An account can be in another bucket at the close of `date` than at the close of `from_date`, which knew all states up
# to `from_state`, where a state came in since, where one begins to hold, or where one says that it is past due since a
# day from which a bucket begins in between. Each is looked up by its index.
TO_AGE: Final = """
SELECT person_id, account_id FROM cases_accountstate
WHERE id > %(from_state)s AND id <= %(newest_state)s AND creditor_id = %(creditor)s
UNION
SELECT person_id, account_id FROM cases_accountstate
WHERE effective_on > %(from_date)s AND effective_on <= %(date)s AND id <= %(newest_state)s
  AND creditor_id = %(creditor)s
UNION
SELECT person_id, account_id FROM cases_accountstate
WHERE creditor_id = %(creditor)s AND past_due_since = ANY(%(turning)s::date[]) AND id <= %(newest_state)s
ORDER BY person_id, account_id LIMIT %(most)s
"""
# Whether anybody else is writing account states at this moment. Asked after the newest of them was read: who wrote an
# earlier one was at it before that, and has ended or still is.
OTHERS_WRITE: Final = """
SELECT EXISTS (
    SELECT FROM pg_locks
    WHERE locktype = 'relation' AND relation = 'cases_accountstate'::regclass AND mode = 'RowExclusiveLock' AND granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND pid IS DISTINCT FROM pg_backend_pid()
)
"""
