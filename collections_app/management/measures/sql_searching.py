"""A book to search in: people with names of two scripts, their numbers and accounts, and a case for every fourth."""

from typing import Final

PATIENT: Final = "SET statement_timeout = 0"
IMPATIENT: Final = "RESET statement_timeout"
# Twenty-four surnames and forty characters of given names; the first surnames are met more often, as in life.
MAKE_PEOPLE: Final = """
INSERT INTO cases_person (kind, name, is_named, language, jurisdiction, time_zone, document_kind, document_sealed,
    document_hash, document_last4, vulnerability, created_at)
SELECT 'person',
    CASE WHEN number %% 10 < 7
        THEN (%(surnames)s::text[])[1 + (number * 7919 %% 576)::int %% 24 * ((number * 104729 %% 24)::int) / 24]
            || (%(given)s::text[])[1 + (number * 31 %% 40)::int]
            || CASE WHEN number %% 3 = 0 THEN '' ELSE (%(given)s::text[])[1 + (number / 40 * 17 %% 40)::int] END
        ELSE (%(first)s::text[])[1 + (number * 13 %% 20)::int]
            || ' ' || (%(last)s::text[])[1 + (number / 20 %% 20)::int]
            || ' ' || (%(last)s::text[])[1 + (number / 400 %% 20)::int] END,
    true, 'zh-hans', 'CN', 'Asia/Shanghai', 'other', '\\x00', sha256(('document' || number)::bytea), '0000', 'none',
    %(at)s
FROM generate_series(1::bigint, %(size)s) AS number
"""
MAKE_LOCATIONS: Final = """
INSERT INTO cases_locationclaim (person_id, basis, time_zone, jurisdiction, authoritative, learned_at)
SELECT id, 'address', time_zone, jurisdiction, false, %(at)s FROM cases_person
"""
MAKE_BORROWERS: Final = """
INSERT INTO cases_borrower (person_id, creditor_id, external_ref, created_at)
SELECT id, (%(creditors)s::bigint[])[1 + id %% %(teams)s], 'B-' || id, %(at)s FROM cases_person
"""
MAKE_ACCOUNTS: Final = """
INSERT INTO cases_account (creditor_id, person_id, borrower_id, product_id, number_sealed, number_hash, number_last4,
    currency, balance, status, created_at)
SELECT creditor_id, person_id, id, (%(products)s::bigint[])[1 + person_id %% %(teams)s], '\\x00',
    sha256(('account' || id)::bytea), lpad((id * 7919 %% 10000)::text, 4, '0'), 'CNY', 0, 'open', %(at)s
FROM cases_borrower
"""
MAKE_TELEPHONES: Final = """
INSERT INTO cases_address (kind, value_sealed, value_hash, value_last4, region, suppressed_reason, created_at)
SELECT 'phone', %(box)s, sha256(('phone' || id)::bytea), lpad((id * 104729 %% 10000)::text, 4, '0'), 'CN', '', %(at)s
FROM cases_person ORDER BY id
"""
MAKE_POINTS: Final = """
INSERT INTO cases_contactpoint (person_id, address_id, kind, source, lawful_basis, state, time_zone, reserved, position,
    created_at)
SELECT person.id, address.id, 'mobile', 'contract', 'contract', 'unverified', '', false, 0, %(at)s
FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM cases_person) AS person
JOIN (SELECT id, row_number() OVER (ORDER BY id) AS place FROM cases_address) AS address USING (place)
"""
MAKE_CASES: Final = """
INSERT INTO cases_case (creditor_id, person_id, borrower_id, team_id, status, closed_reason, opened_on, opened_at,
    past_due_since, balance, currency, score, default_reason, default_detail, willingness, ability, is_hardship,
    next_action, next_action_at, next_action_note, version)
SELECT creditor_id, person_id, id, (%(team_keys)s::bigint[])[1 + person_id %% %(teams)s], 'new', '', %(at)s::date,
    %(at)s, %(at)s::date - (id %% 200)::int, 100 + id %% 9000, 'CNY', (id * 7919) %% 300, 'unknown', '', 'unknown',
    'unknown', false, 'call', %(at)s, '', 1
FROM cases_borrower WHERE id %% 4 = 0
"""
SAMPLE: Final = """
SELECT person.id, person.name, borrower.external_ref, address.value_last4, address.id, account.number_last4, account.id,
    debt.id
FROM cases_case AS debt
JOIN cases_person AS person ON person.id = debt.person_id
JOIN cases_borrower AS borrower ON borrower.id = debt.borrower_id
JOIN cases_account AS account ON account.borrower_id = borrower.id
JOIN cases_contactpoint AS point ON point.person_id = person.id
JOIN cases_address AS address ON address.id = point.address_id
WHERE debt.team_id = %(team)s ORDER BY md5(debt.id::text) LIMIT %(limit)s
"""
NUMBER_TELEPHONE: Final = "UPDATE cases_address SET value_hash = %(hash)s WHERE id = %(row)s"
NUMBER_ACCOUNT: Final = "UPDATE cases_account SET number_hash = %(hash)s WHERE id = %(row)s"
# One claim in plain SQL: the best free case is leased, and put away for a day as the product's own claims are.
CLAIM_CASE: Final = """
UPDATE cases_case SET next_action_at = %(at)s + interval '1 day' WHERE id = (
    SELECT id FROM cases_case
    WHERE team_id = %(team)s AND status IN ('new', 'working', 'promised', 'on_plan')
      AND next_action IN ('call', 'review', 'callback', 'verify_payment') AND next_action_at <= %(at)s
      AND (lease_until IS NULL OR lease_until <= clock_timestamp())
    ORDER BY score DESC, id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
)
"""
# The least that a search of a name must do: one look into the index and the rows it shows.
LEAST: Final = """
SELECT debt.id, person.name FROM cases_case AS debt JOIN cases_person AS person ON person.id = debt.person_id
WHERE debt.team_id = %(team)s AND debt.person_id IN (
    SELECT person_id FROM cases_personname WHERE words @@ %(query)s::tsquery
) LIMIT 12
"""
ANALYSE: Final = """
ANALYZE cases_person, cases_locationclaim, cases_borrower, cases_account, cases_address, cases_contactpoint, cases_case,
    cases_personname
"""
