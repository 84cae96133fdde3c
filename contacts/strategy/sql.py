# ruff: noqa: S608 (every text here is a constant)
"""Constant SQL around the queries that segments and steps compile to, and of what follows from a plan. Values are
bound.

Heads and tails enclose one SELECT made by the ORM, so their own values are positional; the others are named.
"""

from collections.abc import Sequence
from typing import Any, Final

from django.core.exceptions import EmptyResultSet
from django.db.models import QuerySet

_AUDIT: Final = """
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
    RETURNING id, person_id, case_id, segment_id
)
{_AUDIT}
SELECT 'strategy.enrolled', 'contacts.enrolment', id, person_id, %s, %s, %s, %s,
    jsonb_build_object('case', case_id, 'segment', segment_id)
FROM entered ORDER BY id
"""
# column of the SELECT: enrolment
LEAVE_HEAD: Final = """
WITH gone AS (
    UPDATE contacts_enrolment SET left_on = greatest(%s, entered_on), left_reason = %s
    WHERE left_on IS NULL AND id IN (
"""
LEAVE_TAIL: Final = f"""
    )
    RETURNING id, person_id, case_id, left_reason
)
{_AUDIT}
SELECT 'strategy.left', 'contacts.enrolment', id, person_id, %s, %s, %s, %s,
    jsonb_build_object('case', case_id, 'why', left_reason)
FROM gone ORDER BY id
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
    RETURNING planned.id, planned.person_id, planned.reason_code
)
{_AUDIT}
SELECT 'planned.cancelled', 'contacts.plannedcontact', id, person_id, %(actor_kind)s, %(actor_id)s, %(actor_label)s,
    %(at)s, jsonb_build_object('reason', reason_code)
FROM cancelled ORDER BY id
"""

# -- planning ----------------------------------------------------------------------------------------------------------
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
PLAN_TAIL: Final = f"""
    ) AS due (enrolment_id, case_id, person_id, creditor_id, planned_for, expires_at)
    ORDER BY case_id
    ON CONFLICT (enrolment_id, step_id, business_date) DO NOTHING
    RETURNING id, person_id, case_id, step_id, business_date, planned_for
), queued AS (
    UPDATE cases_case AS standing
    SET next_action = %s, next_action_at = planned.planned_for, next_action_note = %s, version = version + 1
    FROM planned
    WHERE standing.id = planned.case_id AND standing.next_action = ANY(%s) AND standing.status IN ('new', 'working')
    RETURNING standing.id, standing.person_id, planned.planned_for
), told AS (
    SELECT 1 AS position, 'planned.made' AS name, 'contacts.plannedcontact' AS label, id, person_id,
        jsonb_build_object('case', case_id, 'step', step_id, 'business_date', business_date::text) AS details
    FROM planned
    UNION ALL
    SELECT 2, %s, 'cases.case', id, person_id, jsonb_build_object('action', %s, 'due_at', planned_for) FROM queued
), written AS (
    {_AUDIT}
    SELECT name, label, id, person_id, %s, %s, %s, %s, details FROM told ORDER BY position, id
)
SELECT count(*) FROM planned
"""
# A review is work for a supervisor, not a contact: its row is done as soon as the case lies before him.
FINISH_REVIEWS: Final = """
UPDATE contacts_plannedcontact SET status = 'done', finished_at = %(at)s
WHERE step_id = %(step)s AND business_date = %(day)s AND channel = 'review' AND status = 'planned'
  AND person_id > %(after)s AND person_id <= %(upto)s
"""

# -- the future of a waiting case --------------------------------------------------------------------------------------
# It waits for the day on which its next step falls due. Without a further step it is put before a supervisor, and
# without a strategy before a collector: no case without a future.
SET_FUTURES: Final = f"""
WITH waiting AS (
    SELECT standing.id, stay.id AS stay_id, (
        SELECT min(greatest(standing.past_due_since + step.from_dpd, %(day)s + 1))
        FROM contacts_step AS step
        WHERE step.segment_id = stay.segment_id
          AND NOT EXISTS (SELECT FROM contacts_template AS reminds
                          WHERE reminds.id = step.template_id AND reminds.purpose = 'service_reminder')
          AND (step.until_dpd IS NULL OR standing.past_due_since + step.until_dpd > %(day)s)
          AND (step.repeat_every_days IS NOT NULL OR NOT EXISTS (
              SELECT FROM contacts_plannedcontact AS done JOIN contacts_step AS same ON same.id = done.step_id
              WHERE done.case_id = standing.id AND same.key = step.key))
    ) AS due_on, EXISTS (
        SELECT FROM contacts_plannedcontact AS open
        WHERE open.case_id = standing.id AND open.status IN ('planned', 'claimed', 'withheld')
    ) AS has_open
    FROM cases_case AS standing
    LEFT JOIN contacts_enrolment AS stay ON stay.case_id = standing.id AND stay.left_on IS NULL
    WHERE standing.creditor_id = %(creditor)s AND standing.next_action = 'wait_strategy'
      AND standing.status IN ('new', 'working')
      AND standing.person_id > %(after)s AND standing.person_id <= %(upto)s
), futures AS (
    SELECT id,
        CASE WHEN due_on IS NOT NULL OR (stay_id IS NOT NULL AND has_open) THEN 'wait_strategy'
             WHEN stay_id IS NULL THEN 'call' ELSE 'review' END AS action,
        %(morning)s::timestamptz + (coalesce(due_on, %(day)s::date + CASE WHEN has_open THEN 1 ELSE 0 END)
                                    - %(day)s::date) * interval '1 day' AS due_at
    FROM waiting
), changed AS (
    UPDATE cases_case AS standing
    SET next_action = futures.action, next_action_at = futures.due_at,
        next_action_note = CASE WHEN futures.action = 'review' THEN 'strategy-ended' ELSE '' END,
        version = version + CASE WHEN futures.action = 'wait_strategy' THEN 0 ELSE 1 END
    FROM futures
    WHERE standing.id = futures.id AND standing.next_action = 'wait_strategy'
      AND (standing.next_action, standing.next_action_at) IS DISTINCT FROM (futures.action, futures.due_at)
    RETURNING standing.id, standing.person_id, standing.next_action
), told AS (
    SELECT id, person_id, next_action FROM changed WHERE next_action <> 'wait_strategy'
), written AS (
    {_AUDIT}
    SELECT CASE next_action WHEN 'review' THEN 'case.flagged_for_review' ELSE 'case.next_action_set' END, 'cases.case',
        id, person_id, %(actor_kind)s, %(actor_id)s, %(actor_label)s, %(at)s,
        jsonb_build_object('action', next_action, 'why', 'no further step')
    FROM told ORDER BY id
)
SELECT count(*) FROM told
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
