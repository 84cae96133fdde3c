"""A book of cases for the measure of their allocation, made in the database; and the least that moving them takes."""

from typing import Final

MAKE_PEOPLE: Final = """
INSERT INTO cases_person (kind, name, is_named, language, jurisdiction, time_zone, document_kind, document_last4,
    vulnerability, created_at)
SELECT 'person', 'Person ' || number, TRUE, (ARRAY['zh-hans', 'zh-hans', 'en'])[1 + number %% 3], 'CN', 'Asia/Shanghai',
    '', '', 'none', %(at)s
FROM generate_series(1, %(cases)s) AS number
"""
MAKE_BORROWERS: Final = """
INSERT INTO cases_borrower (person_id, creditor_id, external_ref, created_at)
SELECT id, %(creditor)s, 'B-' || id, %(at)s FROM cases_person
"""
MAKE_CASES: Final = """
INSERT INTO cases_case (creditor_id, person_id, borrower_id, team_id, status, closed_reason, opened_on, opened_at,
    past_due_since, balance, currency, score, default_reason, default_detail, willingness, ability, is_hardship,
    next_action, next_action_at, next_action_note, version)
SELECT %(creditor)s, person_id, id, %(team)s, 'new', '', %(at)s::date, %(at)s, %(at)s::date - (id %% 200)::int,
    100 + id %% 9000, 'CNY', (id * 7919) %% 300, 'unknown', '', 'unknown', 'unknown', id %% 50 = 0,
    (ARRAY['call', 'wait_strategy'])[1 + id %% 2], %(at)s, '', 1
FROM cases_borrower
"""
MAKE_COLLECTORS: Final = """
INSERT INTO staff_user (password, is_superuser, username, email, is_staff, is_active, date_joined, name, role, language,
    time_zone, phone, extension, team_id, keys)
SELECT '', FALSE, 'collector-' || number, '', FALSE, TRUE, %(at)s, 'Collector ' || number, 'collector', 'zh-hans',
    'Asia/Shanghai', '', '', %(team)s, '{}'
FROM generate_series(1, %(collectors)s) AS number
"""
MAKE_PROFILES: Final = """
INSERT INTO staff_workprofile (user_id, skills, languages, tier, takes_cases, max_cases)
SELECT id, CASE WHEN id %% 4 = 0 THEN ARRAY['hardship', 'legal'] ELSE ARRAY[]::varchar[] END,
    CASE WHEN id %% 3 = 0 THEN ARRAY['zh', 'en'] ELSE ARRAY['zh'] END,
    (ARRAY['junior', 'senior', 'specialist'])[1 + id %% 3], TRUE, NULL
FROM staff_user WHERE username LIKE 'collector-%%'
"""
ANALYSE: Final = "ANALYZE cases_person, cases_borrower, cases_case, staff_user"
# The least that any allocation must do: every case is read, and every case is changed once, its indexes with it.
READ: Final = "SELECT id, owner_id, balance, score, next_action, next_action_at FROM cases_case ORDER BY id"
CHANGE: Final = "UPDATE cases_case SET owner_id = %(owner)s, owner_since = %(at)s, version = version + 1"
