"""Constant SQL over contacts: what must always be true of them; each statement returns the ids of what breaks it."""

from typing import Final

ATTEMPTS_WITHOUT_PERMIT: Final = """
SELECT attempt.id FROM contacts_contactattempt AS attempt
LEFT JOIN compliance_decision AS permit ON permit.id = attempt.decision_id
WHERE attempt.creditor_id = %(creditor)s AND attempt.origin = 'ours' AND attempt.status <> 'withheld' AND (
    permit.verdict IS DISTINCT FROM 'permit'
    OR (permit.person_id, permit.contact_point_id, permit.channel, permit.purpose, permit.content_class,
        permit.automated, permit.valid_from, permit.valid_until)
       IS DISTINCT FROM
       (attempt.contacted_id, attempt.contact_point_id, attempt.channel, attempt.purpose, attempt.content_class,
        attempt.automated, attempt.valid_from, attempt.valid_until))
ORDER BY attempt.id
"""
STAYS_OF_ENDED_CASES: Final = """
SELECT stay.id FROM contacts_enrolment AS stay JOIN cases_case AS ended ON ended.id = stay.case_id
WHERE stay.creditor_id = %(creditor)s AND stay.left_on IS NULL AND ended.status IN ('cured', 'closed')
  AND coalesce(ended.cured_at, ended.closed_at) < clock_timestamp() - interval '2 days'
ORDER BY stay.id
"""
OUTBOX_OF_ENDED_CASES: Final = """
SELECT planned.id FROM contacts_plannedcontact AS planned JOIN cases_case AS ended ON ended.id = planned.case_id
WHERE planned.creditor_id = %(creditor)s AND planned.status IN ('planned', 'withheld')
  AND ended.status IN ('cured', 'closed')
  AND coalesce(ended.cured_at, ended.closed_at) < clock_timestamp() - interval '2 days'
ORDER BY planned.id
"""
