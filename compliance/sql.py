"""Constant SQL of the compliance app, with bound parameters only."""

from typing import Final

from collections_app.shared.prepared import Prepared

REFUSED_BY_RULE: Final = """
    SELECT rule, count(*)
    FROM compliance_decision AS decision, unnest(decision.failing) AS rule
    WHERE decision.verdict = 'refuse' AND decision.at >= %(since)s AND decision.at < %(until)s
    GROUP BY rule
    ORDER BY count(*) DESC, rule
"""

KEEP_DECISION: Final = Prepared(
    """
    INSERT INTO compliance_decision (
        at, person_id, contact_point_id, creditor_id, case_id, channel, direction, purpose, content_class, automated,
        verdict, valid_from, valid_until, next_permitted, strength, failing, advisories, findings, question, facts,
        releases, engine_version, tzdata_version, calendar_version, entrance, actor_kind, actor_id, actor_label
    ) VALUES (
        $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24,
        $25, $26, $27, $28
    ) RETURNING id
    """,
    [
        "timestamptz", "bigint", "bigint", "bigint", "bigint", "text", "text", "text", "text", "boolean", "text",
        "timestamptz", "timestamptz", "timestamptz", "text", "text[]", "text[]", "jsonb", "jsonb", "jsonb", "text[]",
        "text", "text", "text", "text", "text", "bigint", "text",
    ],
)  # fmt: skip

KEEP_EVENT: Final = Prepared(
    """
    INSERT INTO compliance_auditevent (
        name, subject_label, subject_id, person_id, actor_kind, actor_id, actor_label, at, details
    ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id, recorded_at
    """,
    ["text", "text", "bigint", "bigint", "text", "bigint", "text", "timestamptz", "jsonb"],
)

# $1: a JSON array of events, in the order in which they happened.
KEEP_EVENTS: Final = Prepared(
    """
    INSERT INTO compliance_auditevent (
        name, subject_label, subject_id, person_id, actor_kind, actor_id, actor_label, at, details
    )
    SELECT name, subject_label, subject_id, person_id, actor_kind, actor_id, actor_label, at, details
    FROM ROWS FROM (jsonb_to_recordset($1) AS (
        name text, subject_label text, subject_id bigint, person_id bigint, actor_kind text, actor_id bigint,
        actor_label text, at timestamptz, details jsonb
    )) WITH ORDINALITY AS event
    ORDER BY event.ordinality
    """,
    ["jsonb"],
)
