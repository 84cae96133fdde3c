# ruff: noqa: S608 (every text here is a constant)
"""Constant SQL of assumed answers: how often somebody was reached, and answers drawn on the session's own copies."""

from typing import Final

# How what we did ended: of a channel, how many endings are known, and how many of a thousand reached the debtor or
# failed for good. A receipt says it of a message, whoever made the contact says it of a call or a visit.
RATES: Final = """
SELECT creditor_id, channel, count(*),
    (%(thousand)s * count(*) FILTER (WHERE status = 'delivered'
                                     OR outcome IN ('conversation', 'met') AND party = 'debtor') / count(*))::int,
    (%(thousand)s * count(*) FILTER (WHERE automated AND status = 'failed') / count(*))::int
FROM contacts_contactattempt
WHERE creditor_id = ANY(%(creditors)s) AND at >= %(since)s AND at < %(upto)s AND origin = 'ours'
  AND (automated AND status IN ('sent', 'delivered', 'failed', 'uncertain')
       OR NOT automated AND status = 'completed' AND channel IN ('phone', 'visit'))
GROUP BY creditor_id, channel
"""

_NUMBER: Final = """
(('x' || substr(encode(sha256(convert_to(
    'answer:' || step.key || ':' || planned.business_date::text || ':' || planned.person_id::text, 'UTF8')), 'hex'),
    1, 8))::bit(32)::bigint & 4294967295) % 1000
"""
_DRAWN: Final = f"""
    SELECT planned.id, planned.case_id, planned.person_id, planned.channel, planned.planned_for,
        {_NUMBER.replace("%", "%%")} AS number, rate.reached, rate.failed
    FROM contacts_plannedcontact AS planned
    JOIN contacts_step AS step ON step.id = planned.step_id
    JOIN unnest(%(channels)s::text[], %(reached)s::int[], %(failed)s::int[]) AS rate (channel, reached, failed)
        ON rate.channel = planned.channel
    WHERE planned.creditor_id = %(creditor)s AND planned.step_id = ANY(%(steps)s)
"""
# Receipts for what this rehearsal sent: its attempts stand in the side table, under the row's key below zero.
RECEIPTS: Final = f"""
WITH drawn AS ({_DRAWN} AND planned.automated AND planned.status = 'done'),
answered AS (
    UPDATE pg_temp.rehearsed_contacts_contactattempt AS attempt
    SET status = CASE WHEN drawn.number < drawn.reached THEN 'delivered' ELSE 'failed' END,
        outcome = CASE WHEN drawn.number < drawn.reached THEN 'delivered' ELSE attempt.outcome END,
        reason_code = CASE WHEN drawn.number < drawn.reached THEN '' ELSE 'assumed' END
    FROM drawn
    WHERE attempt.id = -drawn.id AND attempt.status = 'sent' AND drawn.number < drawn.reached + drawn.failed
    RETURNING 1
)
SELECT count(*) FROM answered
"""
# Calls and visits of the day, taken to be made at their time.
TALKS: Final = f"""
WITH drawn AS (
    {_DRAWN} AND NOT planned.automated AND planned.status = 'planned' AND planned.channel IN ('phone', 'visit')
      AND planned.business_date = %(day)s
), made AS (
    INSERT INTO contacts_contactattempt (
        id, person_id, contacted_id, creditor_id, case_id, contact_point_id, address_id, planned_id, decision_id,
        origin, direction, channel, party, purpose, content_class, automated, debts, status, outcome, key, at,
        valid_from, valid_until, started_at, ended_at, recorded_at, content_sha256, provider, provider_ref, reason_code,
        is_permanent_failure, flagged_rule
    )
    SELECT -drawn.id, drawn.person_id, drawn.person_id, %(creditor)s, drawn.case_id, point.id, point.address_id,
        drawn.id, -drawn.id, 'ours', 'outbound', drawn.channel, 'debtor', 'collection', 'reminder', false, '{{}}',
        'completed',
        CASE WHEN drawn.number < drawn.reached THEN CASE drawn.channel WHEN 'visit' THEN 'met' ELSE 'conversation' END
             ELSE CASE drawn.channel WHEN 'visit' THEN 'not_met' ELSE 'no_answer' END END,
        gen_random_uuid(), moment.at, moment.at, moment.at, moment.at, moment.at, moment.at, '', 'rehearsal', '', '',
        false, ''
    FROM drawn
    CROSS JOIN LATERAL (SELECT greatest(drawn.planned_for, %(at)s) AS at) AS moment
    LEFT JOIN LATERAL (
        SELECT known.id, known.address_id FROM cases_contactpoint AS known
        WHERE known.person_id = drawn.person_id
          AND known.kind = CASE drawn.channel WHEN 'visit' THEN 'postal' ELSE 'phone' END
        ORDER BY known.id LIMIT 1
    ) AS point ON true
), seen AS (
    UPDATE cases_case AS debt SET last_contact_at = greatest(debt.last_contact_at, drawn.planned_for)
    FROM drawn WHERE debt.id = drawn.case_id
), finished AS (
    UPDATE contacts_plannedcontact AS planned SET status = 'done', finished_at = greatest(drawn.planned_for, %(at)s)
    FROM drawn WHERE planned.id = drawn.id
    RETURNING 1
)
SELECT count(*) FROM finished
"""
