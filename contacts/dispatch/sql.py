"""The claims of the outbox: one statement each, the database's own clock for leases."""

CLAIM_DUE = """
WITH due AS (
    SELECT id FROM contacts_plannedcontact
    WHERE status IN ('planned', 'withheld') AND automated AND channel = %(channel)s AND try_again_at <= %(at)s
    ORDER BY try_again_at, id
    LIMIT %(limit)s
    FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE contacts_plannedcontact AS mine
SET status = 'claimed', claim = mine.claim + 1, tries = least(mine.tries + 1, 1000),
    lease_until = clock_timestamp() + make_interval(secs => %(lease_s)s)
FROM due WHERE mine.id = due.id
RETURNING mine.id, mine.claim, mine.person_id
"""

CLAIM_LAPSED = """
WITH lapsed AS (
    SELECT id FROM contacts_plannedcontact
    WHERE status = 'claimed' AND lease_until < clock_timestamp()
    ORDER BY lease_until, id
    LIMIT %(limit)s
    FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE contacts_plannedcontact AS mine
SET claim = mine.claim + 1, lease_until = clock_timestamp() + make_interval(secs => %(lease_s)s)
FROM lapsed WHERE mine.id = lapsed.id
RETURNING mine.id, mine.claim, mine.person_id
"""

DATABASE_NOW = "SELECT clock_timestamp()"
