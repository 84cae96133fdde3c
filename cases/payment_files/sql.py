"""Constant SQL of files about money. Values are bound; nothing is put together from input."""

from typing import Final

from collections_app.shared.prepared import Prepared

TIMEOUTS: Final = "SET LOCAL statement_timeout = '2min'; SET LOCAL lock_timeout = '30s'"

# One payment for each reference; those that were there before are left as they are and not returned. $1: the same for
# all: creditor, source, batch, recorded at, recorded by. Rows come in the order of their references, so that two files
# wait for each other and never in a circle.
INSERT_PAYMENTS: Final = Prepared(
    """
    INSERT INTO cases_payment (creditor_id, source, batch_id, recorded_at, recorded_by, status, external_ref, amount,
        currency, received_at, value_on, account_hint, account_hint_last4, payer, payer_name, method, remittance,
        division, unallocated_reason, reversed_kind, reversed_reason, reversed_by)
    SELECT $1, $2, $3, $4, $5, 'received', row.*, '', '', '', '', ''
    FROM unnest($6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) AS row
    ON CONFLICT (creditor_id, source, external_ref) DO NOTHING RETURNING id, external_ref
    """,
    [
        "bigint", "text", "bigint", "timestamptz", "text",
        "text[]", "numeric[]", "text[]", "timestamptz[]", "date[]", "bytea[]", "text[]", "text[]", "text[]", "text[]",
        "text[]",
    ],
)  # fmt: skip

ALLOCATE: Final = Prepared(
    """
    UPDATE cases_payment AS payment SET status = 'allocated', account_id = placed.account, person_id = placed.person
    FROM unnest($1, $2, $3) AS placed (id, account, person) WHERE payment.id = placed.id
    """,
    ["bigint[]", "bigint[]", "bigint[]"],
)

SET_ASIDE: Final = Prepared(
    """
    UPDATE cases_payment AS payment SET status = 'unallocated', unallocated_reason = aside.reason
    FROM unnest($1, $2) AS aside (id, reason) WHERE payment.id = aside.id
    """,
    ["bigint[]", "text[]"],
)

# Cases whose version is as it was read; the rest of a payment's effects go through the verbs of a case.
REFRESH_CASES: Final = Prepared(
    """
    UPDATE cases_case AS one SET past_due_since = fresh.since, balance = fresh.balance
    FROM unnest($1, $2, $3) AS fresh (id, since, balance) WHERE one.id = fresh.id
    """,
    ["bigint[]", "date[]", "numeric[]"],
)

INSERT_BANK_LINES: Final = Prepared(
    """
    INSERT INTO cases_bankline (creditor_id, batch_id, line, key, booked_on, amount, currency, reference, payer_name,
        remittance, is_reversal, matched_by, explanation)
    SELECT $1, $2, row.*, false, '', ''
    FROM unnest($3, $4, $5, $6, $7, $8, $9, $10) AS row
    ON CONFLICT (creditor_id, key) DO NOTHING RETURNING line
    """,
    [
        "bigint", "bigint", "integer[]", "bytea[]", "date[]", "numeric[]", "text[]", "text[]", "text[]", "text[]",
    ],
)  # fmt: skip
