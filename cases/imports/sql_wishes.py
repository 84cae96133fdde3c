"""Constant SQL of an import: what the creditor's file says people asked, and why they must be left alone.

A file sets and never lifts: an empty cell or a "no" takes nothing back. A wish that a person here took back after the
day of the file is not set by it again. Persons are locked by then, so what is written is in force with the commit.
"""

from typing import Final

# Kinds that somebody must come back to get a review date two weeks on, with the creditor's team.
INSTRUCTIONS: Final = """
DROP TABLE IF EXISTS pg_temp.import_wish;
CREATE TEMP TABLE import_wish AS
SELECT DISTINCT row.person_id, wish.kind, wish.channel, wish.for_all, wish.details, NULL::bigint AS id
FROM import_staging AS row CROSS JOIN LATERAL (VALUES
    (row.do_not_call, 'opt_out', 'phone', true, '{}'::jsonb),
    (row.do_not_text, 'opt_out', 'sms', true, '{}'),
    (row.do_not_email, 'opt_out', 'email', true, '{}'),
    (row.cease_contact, 'cease_request', '', true, '{}'),
    (row.attorney, 'attorney_represented', '', false, '{"attorney_contact_known": true}'),
    (row.disputed, 'dispute_open', '', false, '{}'),
    (row.complaint, 'complaint_open', '', false, '{}'),
    (row.debt_adviser, 'debt_adviser_engaged', '', false, '{}'),
    (row.vulnerable, 'vulnerable', '', true, '{"level": "suspected"}')
) AS wish(is_set, kind, channel, for_all, details)
WHERE wish.is_set AND row.person_id IS NOT NULL;
DELETE FROM import_wish AS wish USING cases_instruction AS known
LEFT JOIN cases_instructionwithdrawal AS undone ON undone.instruction_id = known.id
WHERE known.person_id = wish.person_id AND known.kind = wish.kind AND known.channel = wish.channel
  AND known.contact_point_id IS NULL AND known.account_id IS NULL
  AND (known.creditor_id IS NULL OR known.creditor_id = %(creditor)s)
  AND (known.expires_at IS NULL OR known.expires_at > %(at)s)
  AND (undone.id IS NULL OR undone.withdrawn_at::date >= %(as_of)s::date);
UPDATE import_wish SET id = nextval(pg_get_serial_sequence('cases_instruction', 'id'));
INSERT INTO cases_instruction (id, person_id, creditor_id, kind, channel, place, form, source, evidence, words, details,
    received_at, recorded_at, recorded_by_id, confirmed_at, batch_id, review_on, reviewer_team_id, reviewer_id)
SELECT wish.id, wish.person_id, CASE WHEN wish.for_all THEN NULL ELSE %(creditor)s END, wish.kind, wish.channel, '',
    'written', 'file', '', '', wish.details, %(at)s, %(at)s,
    CASE WHEN %(actor_kind)s = 'user' THEN %(actor_id)s::bigint END,
    %(at)s, %(batch)s, CASE WHEN keeper.needed THEN (%(at)s::timestamptz)::date + 14 END,
    CASE WHEN keeper.needed THEN %(keeper_team)s::bigint END, CASE WHEN keeper.needed THEN %(keeper)s::bigint END
FROM import_wish AS wish, LATERAL (SELECT wish.kind IN ('dispute_open', 'complaint_open', 'debt_adviser_engaged',
    'vulnerable') AS needed) AS keeper ORDER BY wish.id;
UPDATE cases_person SET vulnerability = 'suspected', vulnerability_review_on = (%(at)s::timestamptz)::date + 14
WHERE vulnerability = 'none' AND id IN (SELECT person_id FROM import_wish WHERE kind = 'vulnerable');
INSERT INTO compliance_auditevent (name, subject_label, subject_id, person_id, actor_kind, actor_id, actor_label, at,
    details)
SELECT 'instruction.received', 'cases.instruction', id, person_id, %(actor_kind)s, %(actor_id)s, %(actor_label)s,
    %(at)s, jsonb_build_object('kind', kind, 'channel', channel, 'source', 'file', 'batch', %(batch)s)
FROM import_wish ORDER BY id;
UPDATE import_staging SET what = what || 'wishes'::text
WHERE person_id IN (SELECT person_id FROM import_wish) AND NOT is_new;
DROP TABLE import_wish;
"""
# A breathing space lasts sixty days from the day of the file, where the file says no other.
HOLDS: Final = """
DROP TABLE IF EXISTS pg_temp.import_hold;
CREATE TEMP TABLE import_hold AS
SELECT DISTINCT row.person_id, held.kind, held.days, NULL::bigint AS id
FROM import_staging AS row CROSS JOIN LATERAL (VALUES
    (row.deceased, 'deceased', NULL::integer),
    (row.bankrupt, 'bankruptcy', NULL),
    (row.hardship, 'hardship', NULL),
    (row.breathing_space, 'breathing_space', 60),
    (row.minor, 'minor', NULL),
    (row.fraud, 'fraud', NULL)
) AS held(is_set, kind, days)
WHERE held.is_set AND row.person_id IS NOT NULL
  AND (held.days IS NULL OR %(as_of)s::date + held.days >= (%(at)s::timestamptz)::date);
DELETE FROM import_hold AS held USING cases_hold AS known
WHERE known.person_id = held.person_id AND known.kind = held.kind AND known.account_id IS NULL
  AND (known.creditor_id IS NULL OR known.creditor_id = %(creditor)s)
  AND (known.released_at IS NULL OR known.released_at::date >= %(as_of)s::date);
UPDATE import_hold SET id = nextval(pg_get_serial_sequence('cases_hold', 'id'));
INSERT INTO cases_hold (id, person_id, creditor_id, kind, reason, source, evidence, starts_at, ends_on, review_on,
    reviewer_team_id, reviewer_id, extensions, placed_by_id, recorded_at, confirmed_at, released_reason, batch_id)
SELECT held.id, held.person_id, %(creditor)s, held.kind, '', 'file', '', %(at)s, %(as_of)s::date + held.days,
    coalesce(%(as_of)s::date + held.days, (%(at)s::timestamptz)::date + 14),
    %(keeper_team)s::bigint, %(keeper)s::bigint, 0,
    CASE WHEN %(actor_kind)s = 'user' THEN %(actor_id)s::bigint END, %(at)s, %(at)s, '', %(batch)s
FROM import_hold AS held ORDER BY held.id;
INSERT INTO compliance_auditevent (name, subject_label, subject_id, person_id, actor_kind, actor_id, actor_label, at,
    details)
SELECT 'hold.placed', 'cases.hold', id, person_id, %(actor_kind)s, %(actor_id)s, %(actor_label)s, %(at)s,
    jsonb_build_object('kind', kind, 'source', 'file', 'batch', %(batch)s)
FROM import_hold ORDER BY id;
UPDATE import_staging SET what = what || 'holds'::text
WHERE person_id IN (SELECT person_id FROM import_hold) AND NOT is_new;
DROP TABLE import_hold;
"""
