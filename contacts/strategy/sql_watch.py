"""Constant SQL that watches versions in force: what came of the people they treat, and of what was predicted."""

from typing import Final

# How many persons a version has treated since an instant, and what they did after that. Each counts once per measure.
GUARDRAILS: Final = """
WITH own AS (
    SELECT planned.person_id, planned.status, planned.decision_id, planned.automated, planned.finished_at
    FROM contacts_plannedcontact AS planned
    JOIN contacts_enrolment AS stay ON stay.id = planned.enrolment_id
    WHERE stay.version_id = %(version)s AND planned.created_at >= %(since)s AND planned.channel <> 'review'
), treated AS (
    SELECT person_id, min(finished_at) AS first_at FROM own WHERE status = 'done' GROUP BY person_id
), complaints AS (
    SELECT count(DISTINCT instruction.person_id) AS persons
    FROM cases_instruction AS instruction JOIN treated ON treated.person_id = instruction.person_id
    WHERE instruction.received_at >= treated.first_at AND instruction.kind = 'complaint_open'
), optouts AS (
    SELECT count(DISTINCT instruction.person_id) AS persons
    FROM cases_instruction AS instruction JOIN treated ON treated.person_id = instruction.person_id
    WHERE instruction.received_at >= treated.first_at AND instruction.kind IN ('opt_out', 'cease_request')
), broken AS (
    SELECT count(DISTINCT person_id) AS persons FROM (
        SELECT promise.person_id FROM cases_promise AS promise JOIN treated ON treated.person_id = promise.person_id
        WHERE promise.status = 'broken' AND promise.settled_at >= treated.first_at
        UNION ALL
        SELECT plan.person_id FROM cases_plan AS plan JOIN treated ON treated.person_id = plan.person_id
        WHERE plan.status = 'broken' AND plan.ended_at >= treated.first_at
    ) AS either
)
SELECT (SELECT count(*) FROM treated),
    (SELECT persons FROM complaints),
    (SELECT persons FROM broken),
    (SELECT persons FROM optouts),
    (SELECT count(*) FROM own WHERE automated AND (status = 'done' OR decision_id IS NOT NULL)),
    (SELECT count(*) FROM own WHERE automated AND status IN ('withheld', 'cancelled') AND decision_id IS NOT NULL)
"""

# What became of what a version planned, by day, step and channel. Tasks count as soon as they lie before a person.
ACTUAL: Final = """
SELECT planned.business_date, step.key, planned.channel,
    count(*) FILTER (WHERE planned.status = 'done' OR NOT planned.automated),
    count(*) FILTER (WHERE planned.automated AND planned.status IN ('withheld', 'cancelled')),
    count(*) FILTER (WHERE planned.automated AND planned.status IN ('planned', 'claimed'))
FROM contacts_step AS step
JOIN contacts_segment AS segment ON segment.id = step.segment_id
JOIN contacts_plannedcontact AS planned ON planned.step_id = step.id
WHERE segment.version_id = %(version)s AND planned.business_date BETWEEN %(first)s AND %(last)s
GROUP BY 1, 2, 3
"""

# Where the cases of a version stand: by segment and the last step that was done or tried.
STANDING: Final = """
SELECT segment.key, coalesce(last.key, ''), count(*)
FROM contacts_segment AS segment
JOIN contacts_enrolment AS stay ON stay.segment_id = segment.id AND stay.left_on IS NULL
LEFT JOIN LATERAL (
    SELECT step.key FROM contacts_plannedcontact AS planned JOIN contacts_step AS step ON step.id = planned.step_id
    WHERE planned.case_id = stay.case_id AND planned.enrolment_id = stay.id AND planned.status = 'done'
    ORDER BY planned.business_date DESC, planned.id DESC LIMIT 1
) AS last ON true
WHERE segment.version_id = %(version)s
GROUP BY 1, 2 ORDER BY 1, 3 DESC, 2
"""
