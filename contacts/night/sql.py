"""Constant SQL of the night: the lease on a run, by the database's own clock."""

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
HELD_FOR: Final = """
SELECT coalesce(max(extract(epoch FROM lease_until - clock_timestamp())), 0)
FROM contacts_nightrun WHERE creditor_id = %(creditor)s
"""
