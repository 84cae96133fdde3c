"""The claims of the outbox: one statement each, the database's own clock for leases."""

# The highest priority first, within it the oldest. The priorities in use are few: each is looked up by the index, and
# only its due rows are read.
CLAIM_DUE = """
WITH RECURSIVE level AS (
    (SELECT priority FROM contacts_plannedcontact
     WHERE status IN ('planned', 'withheld') AND automated AND channel = %(channel)s
     ORDER BY priority DESC LIMIT 1)
    UNION ALL
    SELECT (SELECT lower.priority FROM contacts_plannedcontact AS lower
            WHERE lower.status IN ('planned', 'withheld') AND lower.automated AND lower.channel = %(channel)s
              AND lower.priority < level.priority
            ORDER BY lower.priority DESC LIMIT 1)
    FROM level WHERE level.priority IS NOT NULL
), due AS (
    SELECT row.id FROM level CROSS JOIN LATERAL (
        SELECT id FROM contacts_plannedcontact
        WHERE status IN ('planned', 'withheld') AND automated AND channel = %(channel)s
          AND priority = level.priority AND try_again_at <= %(at)s
        ORDER BY try_again_at, id
        LIMIT %(limit)s
        FOR NO KEY UPDATE SKIP LOCKED
    ) AS row
    LIMIT %(limit)s
)
UPDATE contacts_plannedcontact AS mine
SET status = 'claimed', claim = mine.claim + 1, tries = least(mine.tries + 1, 1000),
    lease_until = clock_timestamp() + make_interval(secs => %(lease_s)s)
FROM due WHERE mine.id = due.id
RETURNING mine.id, mine.claim, mine.person_id, mine.channel, mine.priority, mine.try_again_at
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
RETURNING mine.id, mine.claim, mine.person_id, mine.channel, mine.priority, mine.try_again_at
"""

# Seconds until the next free slot of a provider; below zero when one is free.
SLOT_AHEAD = """
SELECT coalesce(extract(epoch FROM next_free_at - clock_timestamp()), -1)
FROM contacts_providerstate WHERE provider = %(provider)s
"""

# Take a slot; returns the seconds until it begins. A slot that has passed is not made up for.
TAKE_SLOT = """
INSERT INTO contacts_providerstate AS mine (provider, next_free_at, refusals, reason_code, note)
VALUES (%(provider)s, clock_timestamp() + make_interval(secs => %(seconds)s), 0, '', '')
ON CONFLICT (provider) DO UPDATE
SET next_free_at = greatest(mine.next_free_at, clock_timestamp()) + make_interval(secs => %(seconds)s)
RETURNING extract(epoch FROM next_free_at - make_interval(secs => %(seconds)s) - clock_timestamp())
"""

DATABASE_NOW = "SELECT clock_timestamp()"
