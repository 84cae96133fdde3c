"""Constant statements of the judge, which shares no code with what it judges."""

MADE = """
SELECT status FROM contacts_contactattempt
WHERE origin = 'ours' AND status NOT IN ('withheld', 'cancelled')
  AND (person_id = %(person)s OR contacted_id = %(person)s OR address_id = %(address)s)
"""

# An attempt written past the product, with the newest decision about this person as its permit.
INSERT = """
INSERT INTO contacts_contactattempt (
    person_id, contacted_id, creditor_id, case_id, contact_point_id, address_id, decision_id, origin, direction,
    channel, party, purpose, content_class, automated, debts, status, outcome, key, at, valid_from, valid_until,
    recorded_at, content_sha256, provider, provider_ref, reason_code, is_permanent_failure, flagged_rule)
SELECT %(person)s, %(person)s, %(creditor)s, %(case)s, %(point)s, %(address)s, max(id), 'ours', 'outbound',
       %(channel)s, 'debtor', 'collection', %(channel)s, false, '{}', 'cleared', '', gen_random_uuid(), %(at)s,
       %(at)s, %(until)s, %(at)s, '', '', '', '', false, ''
FROM compliance_decision WHERE person_id = %(person)s
"""

CHECK_NOW = "SET CONSTRAINTS ALL IMMEDIATE"
CHECK_LATER = "SET CONSTRAINTS ALL DEFERRED"
