# ruff: noqa: S608 (every text here is a constant)
"""Constant SQL of the allocation of cases, with bound parameters only. Leases are timed by the database's clock."""

from typing import Final

# What the engine needs of every unresolved case of a creditor (and of one team), in the order of the keys. What only
# some rules ask for (products, broken promises, complaints, who had it before) is read only where they do.
CASES: Final = """
SELECT standing.id, standing.person_id, standing.team_id, standing.owner_id, standing.owner_since,
    standing.balance, standing.past_due_since, standing.score, standing.next_action, standing.next_action_at,
    coalesce(standing.lease_until > clock_timestamp(), FALSE), standing.default_reason, standing.is_hardship,
    person.language, person.jurisdiction, person.kind = 'business', person.vulnerability <> 'none',
    coalesce(product.kind, ''),
    coalesce(broken.at >= standing.owner_since, FALSE), coalesce(complaint.at >= standing.owner_since, FALSE),
    before.owners
FROM cases_case AS standing
JOIN cases_person AS person ON person.id = standing.person_id
LEFT JOIN (
    SELECT account.borrower_id, min(product.kind) AS kind
    FROM cases_account AS account JOIN cases_product AS product ON product.id = account.product_id
    WHERE %(with_products)s AND account.creditor_id = %(creditor)s AND account.status = 'open'
    GROUP BY account.borrower_id
) AS product ON product.borrower_id = standing.borrower_id
LEFT JOIN (
    SELECT case_id, max(settled_at) AS at FROM cases_promise
    WHERE %(with_promises)s AND creditor_id = %(creditor)s AND status = 'broken' GROUP BY case_id
) AS broken ON broken.case_id = standing.id
LEFT JOIN (
    SELECT person_id, max(starts_at) AS at FROM cases_hold
    WHERE %(with_complaints)s AND kind = 'complaint' AND (creditor_id IS NULL OR creditor_id = %(creditor)s)
    GROUP BY person_id
) AS complaint ON complaint.person_id = standing.person_id
LEFT JOIN (
    SELECT move.case_id, array_agg(DISTINCT move.from_owner_id ORDER BY move.from_owner_id) AS owners
    FROM cases_distributionmove AS move JOIN cases_distributionrun AS run ON run.id = move.run_id
    WHERE run.creditor_id = %(creditor)s AND run.applied_at >= %(not_back_since)s AND move.outcome = 'applied'
      AND move."left" = ANY(%(barring)s) AND move.from_owner_id IS NOT NULL
    GROUP BY move.case_id
) AS before ON before.case_id = standing.id
WHERE standing.creditor_id = %(creditor)s AND standing.status NOT IN ('cured', 'closed')
  AND (%(team)s::bigint IS NULL OR standing.team_id = %(team)s)
ORDER BY standing.id
"""

# What people have outside the cases to be shared out: other books, and where one team is shared out, other teams'.
ELSEWHERE: Final = """
SELECT owner_id, next_action, next_action_at < %(until)s, count(*)
FROM cases_case
WHERE owner_id = ANY(%(users)s) AND status NOT IN ('cured', 'closed')
  AND (creditor_id <> %(creditor)s OR (%(team)s::bigint IS NOT NULL AND team_id IS DISTINCT FROM %(team)s))
GROUP BY 1, 2, 3
"""

# Whom somebody may not work: those named, and those reached at a number or address of his own.
CONFLICTS: Final = """
SELECT user_id, coalesce(person.merged_into_id, person.id)
FROM cases_conflictofinterest AS conflict JOIN cases_person AS person ON person.id = conflict.person_id
WHERE conflict.user_id = ANY(%(users)s) AND conflict.ended_at IS NULL
UNION
SELECT own.user_id, point.person_id
FROM unnest(%(owners)s::bigint[], %(hashes)s::bytea[]) AS own (user_id, value_hash)
JOIN cases_address AS address ON address.value_hash = own.value_hash
JOIN cases_contactpoint AS point ON point.address_id = address.id
"""

KEEP_MOVES: Final = """
INSERT INTO cases_distributionmove (
    run_id, case_id, from_team_id, from_owner_id, from_since, to_team_id, to_owner_id, "left", chosen, outcome
)
SELECT %(run)s, wanted.*, 'planned'
FROM unnest(
    %(cases)s::bigint[], %(from_teams)s::bigint[], %(from_owners)s::bigint[], %(sinces)s::timestamptz[],
    %(to_teams)s::bigint[], %(to_owners)s::bigint[], %(lefts)s::text[], %(chosens)s::text[]
) AS wanted
"""

_TELL: Final = """
INSERT INTO compliance_auditevent (name, subject_label, subject_id, person_id, actor_kind, actor_id, actor_label, at,
    details)
SELECT CASE WHEN owner_before IS DISTINCT FROM owner_after AND owner_after IS NOT NULL THEN 'case.assigned'
            WHEN owner_before IS DISTINCT FROM owner_after THEN 'case.unassigned' ELSE 'case.moved_to_team' END,
    'cases.case', case_id, person_id, %(actor_kind)s, %(actor_id)s, %(actor_label)s, %(at)s,
    jsonb_build_object('owner', owner_after, 'from', owner_before, 'team', team_after, 'from_team', team_before,
        'why', why, 'by', %(by)s::text)
FROM changed
WHERE (owner_before, team_before) IS DISTINCT FROM (owner_after, team_after)
ORDER BY case_id
"""

# Moves some cases of a run. Only a case that is as the preview saw it moves: unresolved, in the same hands, nobody
# works on it (lease), nobody has its row locked, and whoever shall have it still takes cases. Every row says what
# became of it. Returns (last case, moved, not moved), or one row of NULLs when no case is left.
APPLY: Final = (
    """
WITH wanted AS (
    SELECT move.id, move.case_id, move.from_team_id, move.from_owner_id, move.to_team_id, move.to_owner_id,
        move."left" || ' → ' || move.chosen AS why
    FROM cases_distributionmove AS move
    WHERE move.run_id = %(run)s AND move.outcome = 'planned' AND move.case_id > %(after)s
      AND (move.from_team_id, move.from_owner_id) IS DISTINCT FROM (move.to_team_id, move.to_owner_id)
    ORDER BY move.case_id LIMIT %(size)s
), ready AS (
    SELECT standing.id, wanted.to_team_id, wanted.to_owner_id, wanted.why, standing.team_id AS team_before,
        standing.owner_id AS owner_before
    FROM wanted JOIN cases_case AS standing ON standing.id = wanted.case_id
    WHERE standing.status NOT IN ('cured', 'closed')
      AND standing.team_id IS NOT DISTINCT FROM wanted.from_team_id
      AND standing.owner_id IS NOT DISTINCT FROM wanted.from_owner_id
      AND (standing.lease_until IS NULL OR standing.lease_until <= clock_timestamp())
      AND (wanted.to_owner_id IS NULL OR EXISTS (
          SELECT FROM staff_user AS taker
          WHERE taker.id = wanted.to_owner_id AND taker.is_active AND taker.team_id = wanted.to_team_id))
    ORDER BY standing.id FOR NO KEY UPDATE OF standing SKIP LOCKED
), changed AS (
    UPDATE cases_case AS standing
    SET team_id = ready.to_team_id, owner_id = ready.to_owner_id,
        owner_since = CASE WHEN ready.to_owner_id IS NULL THEN NULL
            WHEN standing.owner_id = ready.to_owner_id THEN standing.owner_since ELSE %(at)s END,
        lease_by_id = NULL, lease_until = NULL,
        version = version + ((standing.owner_id, standing.team_id)
            IS DISTINCT FROM (ready.to_owner_id, ready.to_team_id))::int
    FROM ready WHERE standing.id = ready.id
    RETURNING standing.id AS case_id, standing.person_id, ready.team_before, ready.owner_before,
        standing.team_id AS team_after, standing.owner_id AS owner_after, ready.why
), told AS (
"""
    + _TELL
    + """
), marked AS (
    UPDATE cases_distributionmove AS move
    SET outcome = CASE
        WHEN wanted.case_id IN (SELECT case_id FROM changed) THEN 'applied'
        WHEN standing.status IN ('cured', 'closed') THEN 'resolved'
        WHEN standing.team_id IS DISTINCT FROM move.from_team_id
          OR standing.owner_id IS DISTINCT FROM move.from_owner_id THEN 'changed'
        WHEN move.to_owner_id IS NOT NULL AND NOT EXISTS (
            SELECT FROM staff_user AS taker
            WHERE taker.id = move.to_owner_id AND taker.is_active AND taker.team_id = move.to_team_id) THEN 'gone'
        ELSE 'busy' END
    FROM wanted JOIN cases_case AS standing ON standing.id = wanted.case_id
    WHERE move.id = wanted.id
    RETURNING move.case_id, move.outcome
)
SELECT max(case_id), count(*) FILTER (WHERE outcome = 'applied'), count(*) FILTER (WHERE outcome <> 'applied')
FROM marked
"""
)

# Brings back some cases of a run: those that are still where it put them, since then.
UNDO: Final = (
    """
WITH wanted AS (
    SELECT move.id, move.case_id, move.from_team_id, move.from_owner_id, move.from_since, move.to_team_id,
        move.to_owner_id, 'undone'::text AS why
    FROM cases_distributionmove AS move
    WHERE move.run_id = %(run)s AND move.outcome = 'applied' AND move.case_id > %(after)s
    ORDER BY move.case_id LIMIT %(size)s
), intact AS (
    SELECT wanted.*, standing.status NOT IN ('cured', 'closed') AS is_open,
        standing.team_id IS NOT DISTINCT FROM wanted.to_team_id
            AND standing.owner_id IS NOT DISTINCT FROM wanted.to_owner_id
            AND (wanted.to_owner_id IS NULL OR standing.owner_since IS NOT DISTINCT FROM
                CASE WHEN wanted.from_owner_id = wanted.to_owner_id THEN wanted.from_since ELSE %(applied_at)s END)
            AS is_there,
        wanted.from_owner_id IS NULL OR EXISTS (
            SELECT FROM staff_user AS former
            WHERE former.id = wanted.from_owner_id AND former.is_active AND former.team_id = wanted.from_team_id)
            AS is_welcome
    FROM wanted JOIN cases_case AS standing ON standing.id = wanted.case_id
), ready AS (
    SELECT standing.id, intact.from_team_id, intact.from_owner_id, intact.from_since, intact.why,
        standing.team_id AS team_before, standing.owner_id AS owner_before
    FROM intact JOIN cases_case AS standing ON standing.id = intact.case_id
    WHERE intact.is_there AND intact.is_welcome AND standing.status NOT IN ('cured', 'closed')
      AND standing.team_id IS NOT DISTINCT FROM intact.to_team_id
      AND standing.owner_id IS NOT DISTINCT FROM intact.to_owner_id
      AND (standing.lease_until IS NULL OR standing.lease_until <= clock_timestamp())
    ORDER BY standing.id FOR NO KEY UPDATE OF standing SKIP LOCKED
), changed AS (
    UPDATE cases_case AS standing
    SET team_id = ready.from_team_id, owner_id = ready.from_owner_id, owner_since = ready.from_since,
        lease_by_id = NULL, lease_until = NULL,
        version = version + ((standing.owner_id, standing.team_id)
            IS DISTINCT FROM (ready.from_owner_id, ready.from_team_id))::int
    FROM ready WHERE standing.id = ready.id
    RETURNING standing.id AS case_id, standing.person_id, ready.team_before, ready.owner_before,
        standing.team_id AS team_after, standing.owner_id AS owner_after, ready.why
), told AS (
"""
    + _TELL
    + """
), marked AS (
    UPDATE cases_distributionmove AS move
    SET outcome = CASE
        WHEN intact.case_id IN (SELECT case_id FROM changed) THEN 'undone'
        WHEN NOT intact.is_open THEN 'kept_resolved'
        WHEN NOT intact.is_there THEN 'kept_moved'
        WHEN NOT intact.is_welcome THEN 'kept_gone'
        ELSE 'kept_busy' END
    FROM intact WHERE move.id = intact.id
    RETURNING move.case_id, move.outcome
)
SELECT max(case_id), count(*) FILTER (WHERE outcome = 'undone'), count(*) FILTER (WHERE outcome <> 'undone')
FROM marked
"""
)

# -- by a strategy: no run, no moves, only the cases and the audit trail ---------------------------------------------
HANDED: Final = """
SELECT standing.id, standing.team_id, standing.owner_id, standing.score,
    coalesce(standing.lease_until > clock_timestamp(), FALSE)
FROM cases_case AS standing
WHERE standing.id = ANY(%(cases)s) AND standing.status NOT IN ('cured', 'closed')
ORDER BY standing.id
"""
IN_HAND: Final = """
SELECT owner_id, count(*) FROM cases_case
WHERE owner_id = ANY(%(users)s) AND status NOT IN ('cured', 'closed') AND NOT id = ANY(%(cases)s)
GROUP BY owner_id
"""
HAND_OVER: Final = (
    """
WITH wanted AS (
    SELECT * FROM unnest(%(cases)s::bigint[], %(teams)s::bigint[], %(owners)s::bigint[], %(whys)s::text[])
        AS wanted (case_id, to_team, to_owner, why)
), ready AS (
    SELECT standing.id, wanted.to_team, wanted.to_owner, wanted.why, standing.team_id AS team_before,
        standing.owner_id AS owner_before
    FROM wanted JOIN cases_case AS standing ON standing.id = wanted.case_id
    WHERE standing.status NOT IN ('cured', 'closed')
      AND (standing.lease_until IS NULL OR standing.lease_until <= clock_timestamp())
    ORDER BY standing.id FOR NO KEY UPDATE OF standing SKIP LOCKED
), changed AS (
    UPDATE cases_case AS standing
    SET team_id = ready.to_team, owner_id = ready.to_owner,
        owner_since = CASE WHEN ready.to_owner IS NULL THEN NULL
            WHEN standing.owner_id = ready.to_owner THEN standing.owner_since ELSE %(at)s END,
        lease_by_id = NULL, lease_until = NULL, version = version + 1
    FROM ready WHERE standing.id = ready.id
    RETURNING standing.id AS case_id, standing.person_id, ready.team_before, ready.owner_before,
        standing.team_id AS team_after, standing.owner_id AS owner_after, ready.why
), told AS (
"""
    + _TELL
    + """
)
SELECT count(*), count(owner_after) FROM changed
"""
)

# -- how the load lies -----------------------------------------------------------------------------------------------
KEEP_WORKLOAD: Final = """
WITH held AS (
    SELECT standing.owner_id, standing.balance, person.vulnerability <> 'none' AS vulnerable, standing.is_hardship,
        greatest(0, %(on)s::date - standing.past_due_since) AS dpd,
        CASE WHEN standing.past_due_since IS NULL THEN (%(labels)s::text[])[1]
             ELSE (%(labels)s::text[])[1 + (SELECT count(*) FROM unnest(%(starts)s::int[]) AS start
                                            WHERE start <= %(on)s::date - standing.past_due_since)] END AS bucket
    FROM cases_case AS standing JOIN cases_person AS person ON person.id = standing.person_id
    WHERE standing.creditor_id = %(creditor)s AND standing.status NOT IN ('cured', 'closed')
      AND standing.owner_id IS NOT NULL
), by_bucket AS (
    SELECT owner_id, bucket, count(*) AS cases FROM held GROUP BY owner_id, bucket
)
INSERT INTO cases_workload (creditor_id, user_id, "on", cases, balance, buckets, late, vulnerable, hardship)
SELECT %(creditor)s, owner_id, %(on)s, count(*), sum(balance),
    (SELECT jsonb_object_agg(bucket, cases) FROM by_bucket WHERE by_bucket.owner_id = held.owner_id),
    count(*) FILTER (WHERE dpd > 90), count(*) FILTER (WHERE vulnerable), count(*) FILTER (WHERE is_hardship)
FROM held GROUP BY owner_id
ON CONFLICT (creditor_id, "on", user_id) DO UPDATE
SET cases = EXCLUDED.cases, balance = EXCLUDED.balance, buckets = EXCLUDED.buckets, late = EXCLUDED.late,
    vulnerable = EXCLUDED.vulnerable, hardship = EXCLUDED.hardship
"""
