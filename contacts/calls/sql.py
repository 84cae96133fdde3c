"""Who listens to a telephone system: one holder at a time, by the database's own clock."""

# Take the line, or keep it; no row comes back where somebody else has it.
TAKE_LINE = """
INSERT INTO contacts_telephoneline AS mine (provider, holder, lease_until, reason_code)
VALUES (%(provider)s, %(holder)s, clock_timestamp() + make_interval(secs => %(seconds)s), '')
ON CONFLICT (provider) DO UPDATE
SET holder = excluded.holder, lease_until = excluded.lease_until,
    open_since = CASE WHEN mine.holder = excluded.holder THEN mine.open_since END
WHERE mine.holder = excluded.holder OR mine.lease_until IS NULL OR mine.lease_until < clock_timestamp()
RETURNING holder
"""
