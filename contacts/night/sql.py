"""Constant SQL of the night: the lease on a run, by the database's own clock, and statistics."""

from collections.abc import Mapping
from typing import Final

LOCK_CREDITOR: Final = "SELECT id FROM cases_creditor WHERE id = %(creditor)s FOR NO KEY UPDATE"
TAKE: Final = """
UPDATE contacts_nightrun SET claim = claim + 1, lease_until = clock_timestamp() + %(lease)s
WHERE id = %(run)s AND (lease_until IS NULL OR lease_until <= clock_timestamp()) AND NOT EXISTS (
    SELECT FROM contacts_nightrun AS other
    WHERE other.creditor_id = %(creditor)s AND other.id <> %(run)s AND other.lease_until > clock_timestamp()
)
RETURNING claim
"""
HOLD: Final = """
UPDATE contacts_nightrun SET lease_until = clock_timestamp() + %(lease)s
WHERE id = %(run)s AND claim = %(claim)s AND status = 'running'
"""
RELEASE: Final = "UPDATE contacts_nightrun SET lease_until = NULL WHERE id = %(run)s AND claim = %(claim)s"
# Keys to other tables are else checked row by row at the commit.
CHECK_KEYS: Final = "SET CONSTRAINTS ALL IMMEDIATE"
HELD_FOR: Final = """
SELECT coalesce(max(extract(epoch FROM lease_until - clock_timestamp())), 0)
FROM contacts_nightrun WHERE creditor_id = %(creditor)s
"""
# PostgreSQL takes plans that differ by less than one in a hundred for equal. In a statement whose conditions look
# costly that lets it read the whole of a large table for every case of a span, or once in the order of an index to
# merge it, where a look-up of each case would do.
BY_INDEX: Final = "SET LOCAL enable_seqscan = off; SET LOCAL enable_mergejoin = off"
AS_USUAL: Final = "SET LOCAL enable_seqscan = on; SET LOCAL enable_mergejoin = on"

# -- statistics --------------------------------------------------------------------------------------------------------
ANALYSE: Final[Mapping[str, str]] = {
    "cases_account": "ANALYZE cases_account",
    "cases_accountstate": "ANALYZE cases_accountstate (account_id, person_id, creditor_id, effective_on)",
    "cases_address": "ANALYZE cases_address (id, kind, suppressed_at)",
    "cases_buckettransition": "ANALYZE cases_buckettransition",
    "cases_case": "ANALYZE cases_case",
    "cases_contactpoint": "ANALYZE cases_contactpoint",
    "cases_person": "ANALYZE cases_person (id, jurisdiction, time_zone, language, is_named)",
    "contacts_enrolment": "ANALYZE contacts_enrolment",
    "contacts_plannedcontact": "ANALYZE contacts_plannedcontact (id, enrolment_id, case_id, person_id, creditor_id,"
    " step_id, business_date, channel, automated, purpose, status, reason_code, severity, try_again_at)",
}
