# ruff: noqa: S608 (every text here is a constant)
"""Constant SQL of the simulated day of sending: what is due, who shares an address, and what a round of it leaves."""

from typing import Final

from collections_app.shared.prepared import Prepared
from contacts.dispatch.sql_message import PLANNED

_DUE: Final = """
    planned.creditor_id = $1 AND planned.automated AND planned.channel = ANY ($2)
    AND planned.status IN ('planned', 'withheld') AND planned.try_again_at < $3
"""
# $1 creditor, $2 channels, $3 end of the day, $4 after and $5 up to which person, $6 how many.
PERSONS: Final = Prepared(
    f"""
    SELECT DISTINCT planned.person_id FROM contacts_plannedcontact AS planned
    WHERE {_DUE} AND planned.person_id > $4 AND planned.person_id <= $5
    ORDER BY planned.person_id LIMIT $6
    """,
    ["bigint", "text[]", "timestamptz", "bigint", "bigint", "integer"],
)
# $1 to $3 as above, $4 persons.
ROWS: Final = Prepared(
    f"""
    SELECT {", ".join(f"planned.{name}" for name in PLANNED)}
    FROM contacts_plannedcontact AS planned
    WHERE {_DUE} AND planned.person_id = ANY ($4)
    """,
    ["bigint", "text[]", "timestamptz", "bigint[]"],
)
# Who is reached at an address of these persons: $1 persons. A list for each address that is of several, with all of
# them: a pair for each two would be as many as the square of those who share it.
SHARING: Final = Prepared(
    """
    SELECT array_agg(DISTINCT point.person_id)
    FROM cases_contactpoint AS point
    WHERE point.address_id IN (SELECT address_id FROM cases_contactpoint WHERE person_id = ANY ($1))
    GROUP BY point.address_id HAVING min(point.person_id) <> max(point.person_id)
    """,
    ["bigint[]"],
)

# What left: the attempt as after a hand-over, under keys below zero, which no stored one has. $1 rows, $2 instants,
# $3 points, $4 addresses, $5 accounts of each as the text of an array, $6 wordings.
SEND: Final = Prepared(
    """
    WITH sent AS (
        SELECT planned.*, given.at, given.point_id, given.address_id, given.debts::bigint[] AS debts, given.wording_id
        FROM unnest($1, $2, $3, $4, $5, $6) AS given (row_id, at, point_id, address_id, debts, wording_id)
        JOIN contacts_plannedcontact AS planned ON planned.id = given.row_id
    ), attempts AS (
        INSERT INTO contacts_contactattempt (
            id, person_id, contacted_id, creditor_id, case_id, contact_point_id, address_id, planned_id, claim,
            decision_id, origin, direction, channel, party, purpose, content_class, automated, debts, status, outcome,
            key, at, valid_from, valid_until, started_at, ended_at, recorded_at, template_version_id, content_sha256,
            provider, provider_ref, reason_code, is_permanent_failure, flagged_rule
        )
        SELECT
            -sent.id, sent.person_id, sent.person_id, sent.creditor_id, sent.case_id, sent.point_id, sent.address_id,
            sent.id, sent.claim + 1, -sent.id, 'ours', 'outbound', sent.channel, 'debtor', sent.purpose,
            coalesce(template.content_class, 'reminder'), sent.automated, sent.debts, 'sent', 'sent',
            gen_random_uuid(), sent.at, sent.at, sent.at + interval '3 minutes', sent.at, sent.at, sent.at,
            sent.wording_id, '', 'rehearsal', '', '', false, ''
        FROM sent LEFT JOIN contacts_template AS template ON template.id = sent.template_id
    ), debts AS (
        UPDATE cases_case AS debt SET last_contact_at = greatest(debt.last_contact_at, sent.at)
        FROM (SELECT case_id, max(at) AS at FROM sent GROUP BY case_id) AS sent WHERE debt.id = sent.case_id
    )
    UPDATE contacts_plannedcontact AS planned
    SET status = 'done', finished_at = sent.at, reason_code = '', claim = planned.claim + 1,
        tries = least(planned.tries + 1, 1000), decision_id = -planned.id
    FROM sent WHERE planned.id = sent.id
    """,
    ["bigint[]", "timestamptz[]", "bigint[]", "bigint[]", "text[]", "bigint[]"],
)
# What did not leave. $1 rows, $2 what became of each, $3 why, $4 until when, $5 how often it was tried, $6 instants.
SET_ASIDE: Final = Prepared(
    """
    UPDATE contacts_plannedcontact AS planned
    SET status = given.status, reason_code = given.reason, claim = planned.claim + given.tries,
        tries = least(planned.tries + given.tries, 1000),
        try_again_at = CASE WHEN given.status = 'withheld' THEN given.until ELSE planned.try_again_at END,
        finished_at = CASE WHEN given.status = 'cancelled' THEN given.at END
    FROM unnest($1, $2, $3, $4, $5, $6) AS given (row_id, status, reason, until, tries, at)
    WHERE planned.id = given.row_id
    """,
    ["bigint[]", "text[]", "text[]", "timestamptz[]", "integer[]", "timestamptz[]"],
)
