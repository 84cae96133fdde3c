# ruff: noqa: S608 (every text here is a constant)
"""Constant SQL around the queries that segments and steps compile to, and of what follows from a plan. Values are
bound.

Heads and tails enclose one SELECT made by the ORM, so their own values are positional; the others are named.

What a night does alike to many is told in one event, of the segment or step, which names every case: an event for each
would cost as much as the work itself. What a person reads in the history of a case is told of that case.
"""

from collections.abc import Sequence
from typing import Any, Final

from django.core.exceptions import EmptyResultSet
from django.db.models import QuerySet

AUDIT: Final = """
INSERT INTO compliance_auditevent (name, subject_label, subject_id, person_id, actor_kind, actor_id, actor_label, at,
    details)
"""

# -- enrolment ---------------------------------------------------------------------------------------------------------
# columns of the SELECT: case, person, creditor, version, segment, day, whether it begins anew
ENROL_HEAD: Final = """
WITH entered AS (
    INSERT INTO contacts_enrolment (case_id, person_id, creditor_id, version_id, segment_id, entered_on, is_fresh,
        left_reason)
    SELECT *, '' FROM (
"""
ENROL_TAIL: Final = f"""
    ) AS chosen (case_id, person_id, creditor_id, version_id, segment_id, entered_on, is_fresh)
    ON CONFLICT DO NOTHING
    RETURNING case_id, segment_id, entered_on
), told AS (
    {AUDIT}
    SELECT 'strategy.enrolled', 'contacts.segment', segment_id, NULL, %s, %s, %s, %s,
        jsonb_build_object('entered_on', entered_on, 'cases', jsonb_agg(case_id ORDER BY case_id))
    FROM entered GROUP BY segment_id, entered_on ORDER BY segment_id
)
SELECT count(*) FROM entered
"""
# column of the SELECT: enrolment
LEAVE_HEAD: Final = """
WITH gone AS (
    UPDATE contacts_enrolment SET left_on = greatest(%s, entered_on), left_reason = %s
    WHERE left_on IS NULL AND id IN (
"""
LEAVE_TAIL: Final = f"""
    )
    RETURNING case_id, segment_id, left_reason
), told AS (
    {AUDIT}
    SELECT 'strategy.left', 'contacts.segment', segment_id, NULL, %s, %s, %s, %s,
        jsonb_build_object('why', left_reason, 'cases', jsonb_agg(case_id ORDER BY case_id))
    FROM gone GROUP BY segment_id, left_reason ORDER BY segment_id
)
SELECT count(*) FROM gone
"""

# -- the outbox --------------------------------------------------------------------------------------------------------
# What nobody is sending at this moment and nobody wants any more. A claimed row is its worker's: he asks again himself.
CANCEL_UNWANTED: Final = f"""
WITH unwanted AS (
    SELECT planned.id, CASE
        WHEN standing.status IN ('cured', 'closed') THEN 'case-resolved'
        WHEN stay.left_on IS NOT NULL THEN 'left-strategy'
        ELSE 'too-late'
    END AS reason
    FROM contacts_plannedcontact AS planned
    JOIN contacts_enrolment AS stay ON stay.id = planned.enrolment_id
    JOIN cases_case AS standing ON standing.id = planned.case_id
    WHERE planned.creditor_id = %(creditor)s AND planned.status IN ('planned', 'withheld')
      AND planned.person_id > %(after)s AND planned.person_id <= %(upto)s
      AND (standing.status IN ('cured', 'closed') OR stay.left_on IS NOT NULL
           OR (NOT planned.automated AND planned.expires_at <= %(at)s))
    FOR NO KEY UPDATE OF planned SKIP LOCKED
), cancelled AS (
    UPDATE contacts_plannedcontact AS planned
    SET status = 'cancelled', reason_code = unwanted.reason, finished_at = %(at)s
    FROM unwanted WHERE planned.id = unwanted.id
    RETURNING planned.case_id, planned.step_id, planned.business_date, planned.reason_code
), told AS (
    {AUDIT}
    SELECT 'planned.cancelled', 'contacts.step', step_id, NULL, %(actor_kind)s, %(actor_id)s, %(actor_label)s, %(at)s,
        jsonb_build_object('reason', reason_code, 'business_date', business_date,
                           'cases', jsonb_agg(case_id ORDER BY case_id))
    FROM cancelled GROUP BY step_id, business_date, reason_code ORDER BY step_id, business_date, reason_code
)
SELECT count(*) FROM cancelled
"""

# -- planning ----------------------------------------------------------------------------------------------------------
# Who stands on which segment: since when the longest and the shortest overdue of its cases are past due.
ON_SEGMENTS: Final = """
SELECT stay.segment_id, min(standing.past_due_since), max(standing.past_due_since)
FROM contacts_enrolment AS stay JOIN cases_case AS standing ON standing.id = stay.case_id
WHERE stay.left_on IS NULL AND stay.creditor_id = %(creditor)s
  AND stay.person_id > %(after)s AND stay.person_id <= %(upto)s AND standing.past_due_since IS NOT NULL
GROUP BY stay.segment_id
"""
# columns of the SELECT: enrolment, case, person, creditor, planned_for, expires_at
PLAN_HEAD: Final = """
WITH planned AS (
    INSERT INTO contacts_plannedcontact (enrolment_id, case_id, person_id, creditor_id, planned_for, try_again_at,
        expires_at, step_id, business_date, template_id, channel, purpose, automated, status, priority, severity, key,
        claim, tries, reason_code, created_at)
    SELECT enrolment_id, case_id, person_id, creditor_id, planned_for, planned_for, expires_at,
        %s::bigint, %s::date, %s::bigint, %s, %s, %s, 'planned', %s, %s, gen_random_uuid(), 0, 0, '', %s
    FROM (
"""
# What is put before a supervisor is told of its case; what a collector finds in his queue is told with the plan.
PLAN_TAIL: Final = f"""
    ) AS due (enrolment_id, case_id, person_id, creditor_id, planned_for, expires_at)
    ORDER BY case_id
    ON CONFLICT (enrolment_id, step_id, business_date) DO NOTHING
    RETURNING person_id, case_id, step_id, business_date, planned_for
), queued AS (
    UPDATE cases_case AS standing
    SET next_action = %s, next_action_at = planned.planned_for, next_action_note = %s, version = version + 1
    FROM planned
    WHERE standing.id = planned.case_id AND standing.next_action = ANY(%s) AND standing.status IN ('new', 'working')
    RETURNING standing.id, standing.person_id, planned.planned_for
), told AS (
    SELECT 1 AS position, 'planned.made' AS name, 'contacts.step' AS label, step_id AS id, NULL::bigint AS person_id,
        jsonb_build_object('business_date', business_date, 'cases', jsonb_agg(case_id ORDER BY case_id))
        || coalesce((
            SELECT jsonb_build_object('next_action', %s::text, 'queued', jsonb_agg(id ORDER BY id))
            FROM queued HAVING count(*) > 0
        ), '{{}}') AS details
    FROM planned GROUP BY step_id, business_date
    UNION ALL
    SELECT 2, 'case.flagged_for_review', 'cases.case', id, person_id,
        jsonb_build_object('action', 'review', 'due_at', planned_for)
    FROM queued WHERE %s
), written AS (
    {AUDIT}
    SELECT name, label, id, person_id, %s, %s, %s, %s, details FROM told ORDER BY position, id
)
SELECT count(*) FROM planned
"""
# What reaches nobody is work for people or done at once: its row is done as soon as it is written.
FINISH_REVIEWS: Final = """
UPDATE contacts_plannedcontact SET status = 'done', finished_at = %(at)s
WHERE step_id = %(step)s AND business_date = %(day)s AND channel = 'review' AND status = 'planned'
  AND person_id > %(after)s AND person_id <= %(upto)s
"""
_OF_THE_STEP: Final = """
    SELECT planned.case_id, planned.person_id, planned.creditor_id FROM contacts_plannedcontact AS planned
    WHERE planned.step_id = %(step)s AND planned.business_date = %(day)s AND planned.channel = 'review'
      AND planned.status = 'planned' AND planned.person_id > %(after)s AND planned.person_id <= %(upto)s
"""
CASES_OF_THE_STEP: Final = f"SELECT given.case_id FROM ({_OF_THE_STEP}) AS given ORDER BY given.case_id"
PLACE_HOLDS: Final = f"""
WITH given AS (
    {_OF_THE_STEP}
), placed AS (
    INSERT INTO cases_hold (person_id, creditor_id, kind, reason, source, evidence, starts_at, ends_on, review_on,
        extensions, recorded_at, confirmed_at, released_reason)
    SELECT person_id, creditor_id, %(kind)s, %(reason)s, 'other', %(evidence)s, %(at)s, %(ends_on)s, %(ends_on)s, 0,
        %(at)s, %(at)s, ''
    FROM given ORDER BY person_id
    ON CONFLICT DO NOTHING
    RETURNING id, person_id
)
{AUDIT}
SELECT 'hold.placed', 'cases.hold', id, person_id, %(actor_kind)s, %(actor_id)s, %(actor_label)s, %(at)s,
    jsonb_build_object('kind', %(kind)s::text, 'ends_on', %(ends_on)s::date, 'why', 'strategy')
FROM placed ORDER BY id
"""


def around(
    head: str, rows: QuerySet[Any], tail: str, *, before: Sequence[Any], after: Sequence[Any]
) -> tuple[str, list[Any]] | None:
    """Return one statement of a constant head, a SELECT that the ORM makes of `rows`, and a constant tail, with what it
    binds. None: the ORM knows that there are no rows.
    """
    try:
        select, values = rows.query.sql_with_params()
    except EmptyResultSet:
        return None
    return f"{head}{select}{tail}", [*before, *values, *after]
