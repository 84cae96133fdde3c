"""Constant SQL that spells names: how far it is done, who has no keys yet, and the keys of many in one statement."""

from typing import Final

PROGRESS: Final = """
SELECT through, ahead, ahead_of, looked_through_on FROM cases_namesspelled WHERE id = 1 FOR UPDATE SKIP LOCKED
"""
# The last number given to a person, committed or not, and the next transaction: all given ones are of earlier ones.
AHEAD: Final = """
SELECT CASE WHEN is_called THEN last_value ELSE 0 END, pg_snapshot_xmax(pg_current_snapshot())::text::bigint
FROM cases_person_id_seq
"""
SETTLED: Final = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
KEEP_PROGRESS: Final = """
UPDATE cases_namesspelled
SET through = %(through)s, ahead = %(ahead)s, ahead_of = %(ahead_of)s, looked_through_on = %(day)s WHERE id = 1
"""
WITHOUT: Final = """
SELECT person.id, person.name, person.kind FROM cases_person AS person
WHERE person.id > %(after)s AND NOT EXISTS (SELECT FROM cases_personname AS known WHERE known.person_id = person.id)
ORDER BY person.id LIMIT %(limit)s
"""
# A row that an open transaction has marked waits for the next time.
STALE: Final = """
SELECT person_id FROM cases_personname WHERE is_stale ORDER BY person_id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
"""
NAMES: Final = "SELECT id, name, kind FROM cases_person WHERE id = ANY(%(persons)s)"
# Whoever changed a name meanwhile has made the row himself, marked as stale: it stays so.
ADD: Final = """
INSERT INTO cases_personname (person_id, words, is_stale)
SELECT person_id, array_to_tsvector(string_to_array(keys, ' ')), false
FROM unnest(%(persons)s::bigint[], %(keys)s::text[]) AS made (person_id, keys)
ORDER BY person_id ON CONFLICT (person_id) DO NOTHING
"""
CHANGE: Final = """
UPDATE cases_personname AS known SET words = array_to_tsvector(string_to_array(made.keys, ' ')), is_stale = false
FROM unnest(%(persons)s::bigint[], %(keys)s::text[]) AS made (person_id, keys)
WHERE known.person_id = made.person_id
"""
# A search shows a few cases: the planner must not read all cases of a team to find them.
FEW: Final = "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_seqscan = off"
IMPATIENT: Final = "SET LOCAL lock_timeout = '500ms'"
