"""Constant SQL that puts a part of the book on the paths of a draft, in a session-local table that nobody else sees."""

from typing import Final

# Under the name of the real table: what reads stays over this connection reads these.
STAYS: Final = "CREATE TEMPORARY TABLE contacts_enrolment (LIKE public.contacts_enrolment INCLUDING INDEXES)"
LIMIT: Final = "SET LOCAL statement_timeout = %s"
STATISTICS: Final = "ANALYZE pg_temp.contacts_enrolment"

# columns of the SELECT: case, person, creditor, segment. A case that is on a path of the strategy already has been on
# it since then; another one enters on the day.
ENTER_HEAD: Final = """
INSERT INTO pg_temp.contacts_enrolment (id, case_id, person_id, creditor_id, version_id, segment_id, entered_on,
    left_reason, is_fresh)
SELECT row_number() OVER () + %s, chosen.case_id, chosen.person_id, chosen.creditor_id, %s, chosen.segment_id,
    coalesce((SELECT own.entered_on FROM public.contacts_enrolment AS own
              JOIN contacts_strategyversion AS version ON version.id = own.version_id
              WHERE own.case_id = chosen.case_id AND own.left_on IS NULL AND version.strategy_id = %s), %s::date),
    '', false
FROM (
"""
ENTER_TAIL: Final = """
) AS chosen (case_id, person_id, creditor_id, segment_id)
"""
