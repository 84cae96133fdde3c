# ruff: noqa: S608 (every text here is a constant)
"""What one message takes of the database: the locks with the rows that are ours, what is asked beside the facts of the
gate, and what is written when the carrier has it. Each is one statement that is planned once per connection.

The names of a model stand in the order of its fields; what is not named is read when somebody asks for it.
"""

from typing import Final

from collections_app.shared.prepared import Prepared

PLANNED: Final = (
    "id", "enrolment_id", "step_id", "case_id", "person_id", "creditor_id", "template_id", "channel", "purpose",
    "automated", "status", "planned_for", "try_again_at", "expires_at", "priority", "severity", "key", "claim", "tries",
    "lease_until", "reason_code", "decision_id", "finished_at",
)  # fmt: skip
ATTEMPT: Final = (
    "id", "person_id", "contacted_id", "creditor_id", "case_id", "contact_point_id", "address_id", "planned_id",
    "claim", "decision_id", "origin", "direction", "channel", "purpose", "content_class", "automated", "status",
    "outcome", "key", "at", "valid_from", "valid_until", "started_at", "ended_at", "template_version_id",
    "content_sealed", "content_sha256", "segments", "provider", "provider_ref", "reason_code", "is_permanent_failure",
)  # fmt: skip
CASE: Final = ("id", "creditor_id", "person_id", "status", "past_due_since", "balance", "currency")
PERSON: Final = ("id", "name", "is_named", "language")
CREDITOR: Final = (
    "id", "code", "name", "kind", "acting_as", "time_zone", "currency", "freshness_days", "phone", "is_active",
)  # fmt: skip
TEMPLATE: Final = ("id", "code", "channel", "purpose", "content_class")
LETTERHEAD: Final = (
    "id", "creditor_id", "address", "complaint_line", "agency_name", "payment_methods", "payment_url", "legal_basis",
    "recordings_kept",
)  # fmt: skip
ENROLMENT: Final = ("id", "left_on")
VERSION: Final = ("id", "strategy_id", "status")
STRATEGY: Final = ("id", "code")
SEGMENT: Final = ("id", "version_id")
STEP: Final = ("id", "segment_id", "kind")
# The lists, each one column of JSON arrays.
POINT: Final = ("id", "person_id", "address_id", "kind", "state", "position")
ADDRESS: Final = ("id", "value_sealed", "suppressed_at")
ACCOUNT: Final = ("id", "creditor_id", "person_id", "product_id", "number_last4", "currency", "balance", "status")
STATE: Final = (
    "id", "account_id", "effective_on", "recorded_at", "balance", "amount_past_due", "cause", "past_due_since",
)  # fmt: skip
ENTRY: Final = ("id", "account_id", "kind", "amount", "effective_on", "recorded_at")
WORDING: Final = (
    "id", "template_id", "language", "jurisdiction", "variant", "weight", "version", "subject", "body", "status",
)  # fmt: skip
_AS_TEXT: Final = frozenset({"balance", "amount_past_due", "amount"})  # a JSON number would lose what money is


def _columns(table: str, names: tuple[str, ...]) -> str:
    return ", ".join(f"{table}.{name}" for name in names)


def _array(table: str, names: tuple[str, ...]) -> str:
    places = (f"{table}.{name}::text" if name in _AS_TEXT else f"{table}.{name}" for name in names)
    return f"json_build_array({', '.join(places)})"


# The order of locks is that of `cases.sql_locks`, and then the row of the outbox and its attempt: what is locked later
# waits for the count of what is locked before.
_PERSONS: Final = """
    persons AS MATERIALIZED (
        SELECT person.id FROM cases_person AS person WHERE person.id = $1 FOR NO KEY UPDATE OF person
    )
"""
_OURS: Final = """
    ours AS MATERIALIZED (
        SELECT planned.* FROM contacts_plannedcontact AS planned
        WHERE planned.id = $3 AND planned.status = 'claimed' AND planned.claim = $4
          AND (SELECT count(*) FROM addresses) >= 0
        FOR NO KEY UPDATE OF planned
    )
"""

# $1 person, $2 kinds of contact points, $3 row, $4 number of the claim. The addresses, and the row if it is ours.
LOCK_TO_DECIDE: Final = Prepared(
    f"""
    WITH {_PERSONS}, addresses AS MATERIALIZED (
        SELECT address.id FROM cases_address AS address
        WHERE address.id IN (
            SELECT point.address_id FROM cases_contactpoint AS point
            WHERE point.person_id = $1 AND point.kind = ANY ($2)
        ) AND (SELECT count(*) FROM persons) >= 0
        ORDER BY address.id FOR NO KEY UPDATE OF address
    ), {_OURS}
    SELECT (SELECT array_agg(addresses.id) FROM addresses), {_columns("ours", PLANNED)}
    FROM (SELECT) AS one LEFT JOIN ours ON true
    """,
    ["bigint", "text[]", "bigint", "bigint"],
)

# $1 person, $2 address, $3 row, $4 number of the claim, $5 attempt. The attempt if it is cleared, the row if ours.
LOCK_TO_HAND_OVER: Final = Prepared(
    f"""
    WITH {_PERSONS}, addresses AS MATERIALIZED (
        SELECT address.id FROM cases_address AS address
        WHERE address.id = $2 AND (SELECT count(*) FROM persons) >= 0
        FOR NO KEY UPDATE OF address
    ), {_OURS}, cleared AS MATERIALIZED (
        SELECT attempt.* FROM contacts_contactattempt AS attempt
        WHERE attempt.id = $5 AND attempt.status = 'cleared' AND (SELECT count(*) FROM ours) >= 0
        FOR NO KEY UPDATE OF attempt
    )
    SELECT {_columns("cleared", ATTEMPT)}, {_columns("ours", PLANNED)}
    FROM (SELECT) AS one LEFT JOIN cleared ON true LEFT JOIN ours ON true
    """,
    ["bigint", "bigint", "bigint", "bigint", "bigint"],
)

WORDINGS_OF_A_ROW: Final = f"""(SELECT json_agg({_array("wording", WORDING)} ORDER BY wording.version DESC, wording.id)
         FROM contacts_templateversion AS wording
         WHERE wording.template_id = planned.template_id AND wording.status = 'approved')"""

# $1 row, $2 accounts of the case, $3 the creditor's day, $4 its midnight, $5 kinds of entries that move a position.
MESSAGE_TEXT: Final = f"""
    SELECT
        {_columns("debt", CASE)}, {_columns("who", PERSON)}, {_columns("owner", CREDITOR)},
        {_columns("stay", ENROLMENT)}, {_columns("step", STEP)}, {_columns("segment", SEGMENT)},
        {_columns("version", VERSION)}, {_columns("strategy", STRATEGY)}, {_columns("template", TEMPLATE)},
        {_columns("head", LETTERHEAD)},
        (SELECT max(batch.as_of) FROM cases_importbatch AS batch
         WHERE batch.creditor_id = debt.creditor_id AND batch.kind = 'tape' AND batch.status = 'loaded'),
        (SELECT max(state.effective_on) FROM cases_accountstate AS state
         WHERE state.account_id = ANY ($2) AND state.cause = 'tape'),
        (SELECT max(done.severity) FROM contacts_plannedcontact AS done
         WHERE done.case_id = planned.case_id AND done.status = 'done' AND done.channel <> 'review'
           AND done.id <> planned.id AND done.finished_at < $4),
        (SELECT max(done.severity) FROM contacts_plannedcontact AS done
         WHERE done.case_id = planned.case_id AND done.status = 'done' AND done.channel <> 'review'
           AND done.id <> planned.id AND done.finished_at >= $4),
        EXISTS (SELECT FROM contacts_contactattempt AS live WHERE live.planned_id = planned.id
                AND live.status IN ('cleared', 'sent', 'delivered', 'uncertain')),
        (SELECT json_agg(json_build_array(
            {_array("point", POINT)},
            json_build_array(address.id, encode(address.value_sealed, 'hex'), address.suppressed_at)
         ) ORDER BY point.position, point.id)
         FROM cases_contactpoint AS point JOIN cases_address AS address ON address.id = point.address_id
         WHERE point.person_id = debt.person_id),
        (SELECT json_agg({_array("account", ACCOUNT)} ORDER BY account.id)
         FROM cases_account AS account WHERE account.id = ANY ($2)),
        (SELECT json_agg({_array("state", STATE)})
         FROM unnest($2) AS own (account_id) CROSS JOIN LATERAL (
            SELECT * FROM cases_accountstate AS each
            WHERE each.account_id = own.account_id AND each.effective_on <= $3
            ORDER BY each.effective_on DESC, each.id DESC LIMIT 1
         ) AS state),
        (SELECT json_agg({_array("entry", ENTRY)})
         FROM cases_ledgerentry AS entry WHERE entry.account_id = ANY ($2) AND entry.kind = ANY ($5)),
        {WORDINGS_OF_A_ROW}
    FROM contacts_plannedcontact AS planned
    JOIN cases_case AS debt ON debt.id = planned.case_id
    JOIN cases_person AS who ON who.id = debt.person_id
    JOIN cases_creditor AS owner ON owner.id = debt.creditor_id
    JOIN contacts_enrolment AS stay ON stay.id = planned.enrolment_id
    JOIN contacts_step AS step ON step.id = planned.step_id
    JOIN contacts_segment AS segment ON segment.id = step.segment_id
    JOIN contacts_strategyversion AS version ON version.id = segment.version_id
    JOIN contacts_strategy AS strategy ON strategy.id = version.strategy_id
    LEFT JOIN contacts_template AS template ON template.id = planned.template_id
    LEFT JOIN contacts_letterhead AS head ON head.creditor_id = owner.id
    WHERE planned.id = $1
    """
MESSAGE_TYPES: Final = ("bigint", "bigint[]", "date", "timestamptz", "text[]")
MESSAGE: Final = Prepared(MESSAGE_TEXT, MESSAGE_TYPES)

# The same of many rows in one statement, each with its own accounts and day. The wordings, which the rows of a template
# share, are read once per template. $1 rows, $2 accounts of each as the text of an array, $3 days, $4 midnights, $5
# kinds of entries.
_GIVEN: Final = {"$1": "given.row_id", "$2": "given.accounts", "$3": "given.today", "$4": "given.midnight", "$5": "$5"}
COLUMNS: Final = 10 + sum(
    map(len, (CASE, PERSON, CREDITOR, ENROLMENT, STEP, SEGMENT, VERSION, STRATEGY, TEMPLATE, LETTERHEAD))
)


def of_many(statement: str) -> str:
    """Return the statement of one row as that of many, without the wordings; the row comes first.

    The rows are found by their keys before anything else: a plan that begins with their strategy would go through
    everything that it ever planned.
    """
    statement = statement.replace(WORDINGS_OF_A_ROW, "NULL::json")
    statement = statement.replace("FROM contacts_plannedcontact AS planned\n", "FROM asked_for AS planned\n")
    for number, column in _GIVEN.items():
        statement = statement.replace(number, column)
    names = ", ".join(f"c{number}" for number in range(1, COLUMNS + 1))
    return f"""
    WITH given AS MATERIALIZED (
        SELECT row_id, accounts::bigint[] AS accounts, today, midnight
        FROM unnest($1, $2, $3, $4) AS asked (row_id, accounts, today, midnight)
    ), asked_for AS MATERIALIZED (
        SELECT planned.* FROM given JOIN contacts_plannedcontact AS planned ON planned.id = given.row_id
    )
    SELECT given.row_id, found.*
    FROM given
    CROSS JOIN LATERAL ({statement}) AS found ({names})
    """


MESSAGES_TEXT: Final = of_many(MESSAGE_TEXT)
MESSAGES_TYPES: Final = ("bigint[]", "text[]", "date[]", "timestamptz[]", "text[]")
MESSAGES: Final = Prepared(MESSAGES_TEXT, MESSAGES_TYPES)
# $1 templates. Each with its wordings.
WORDINGS: Final = Prepared(
    f"SELECT planned.template_id, {WORDINGS_OF_A_ROW} FROM unnest($1) AS planned (template_id)", ["bigint[]"]
)

# The carrier has it. $1 attempt, $2 status, $3 outcome, $4 began, $5 ended, $6 content, $7 its hash, $8 segments,
# $9 provider, $10 its name of it, $11 row of the outbox or NULL, $12 finished at, $13 case or NULL, $14 last contact,
# $15 key. Whether receipts came before the answer, and whether the provider was held.
SENT: Final = Prepared(
    """
    WITH attempt AS (
        UPDATE contacts_contactattempt
        SET status = $2, outcome = $3, started_at = $4, ended_at = $5, content_sealed = $6, content_sha256 = $7,
            segments = $8, provider = $9, provider_ref = $10, reason_code = ''
        WHERE id = $1
    ), planned AS (
        UPDATE contacts_plannedcontact SET status = 'done', finished_at = $12, lease_until = NULL, reason_code = ''
        WHERE id = $11
    ), debt AS (
        UPDATE cases_case SET last_contact_at = greatest(last_contact_at, $14) WHERE id = $13
    )
    SELECT
        EXISTS (SELECT FROM contacts_deliveryreceipt AS receipt
                WHERE NOT receipt.applied AND (
                    receipt.provider = $9 AND receipt.message_ref = $10 AND receipt.message_ref <> ''
                    OR receipt.key = $15)),
        EXISTS (SELECT FROM contacts_providerstate AS state
                WHERE state.provider = $9 AND state.held_until IS NOT NULL)
    """,
    [
        "bigint", "text", "text", "timestamptz", "timestamptz", "bytea", "text", "smallint", "text", "text", "bigint",
        "timestamptz", "bigint", "timestamptz", "uuid",
    ],
)  # fmt: skip

IS_HELD: Final = Prepared(
    "SELECT EXISTS (SELECT FROM contacts_providerstate WHERE provider = $1 AND held_until IS NOT NULL)", ["text"]
)
