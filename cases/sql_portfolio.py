"""Constant SQL of the portfolio's figures: buckets of the states in force on a date, and moves between two dates."""

from typing import Final

BUCKETS: Final = """
SELECT state.currency,
    width_bucket(greatest(0, %(as_of)s - state.past_due_since), %(starts)s::int[]) AS bucket,
    count(*), sum(state.balance)
FROM cases_account AS account CROSS JOIN LATERAL (
    SELECT currency, past_due_since, balance FROM cases_accountstate
    WHERE account_id = account.id AND effective_on <= %(as_of)s ORDER BY effective_on DESC, id DESC LIMIT 1
) AS state
WHERE account.creditor_id = ANY(%(creditors)s)
GROUP BY 1, 2 ORDER BY 1, 2
"""

TRANSITIONS: Final = """
SELECT width_bucket(greatest(0, %(since)s - before.past_due_since), %(starts)s::int[]) AS from_bucket,
    width_bucket(greatest(0, %(as_of)s - after.past_due_since), %(starts)s::int[]) AS to_bucket,
    count(*), sum(before.balance)
FROM cases_account AS account CROSS JOIN LATERAL (
    SELECT past_due_since, balance FROM cases_accountstate
    WHERE account_id = account.id AND effective_on <= %(since)s ORDER BY effective_on DESC, id DESC LIMIT 1
) AS before CROSS JOIN LATERAL (
    SELECT past_due_since FROM cases_accountstate
    WHERE account_id = account.id AND effective_on <= %(as_of)s ORDER BY effective_on DESC, id DESC LIMIT 1
) AS after
WHERE account.creditor_id = ANY(%(creditors)s) AND account.currency = %(currency)s
GROUP BY 1, 2 ORDER BY 1, 2
"""
